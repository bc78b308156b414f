/* SPDX-License-Identifier: BSD-3-Clause
 * best.pipeline: the winner of a scan, with its verdict in a form that `beampress run` writes into the record
 * of the file made with it (pipeline/attest.h). */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/hash.h"
#include "cli/explore.h"
#include "pipeline/attest.h"
#include "report/json.h"

static json_t *member(const json_t *object, const char *key)
{
    json_t *value = json_object_get(object, key);
    return value ? json_incref(value) : json_null();
}

/* What was asked of the winner, and what came of it: on the data that confirm it, where there are any. */
static json_t *quantities(const json_t *result)
{
    static const char *const keys[] = {"technique", "name",          "part",       "pass",  "verdict",
                                       "budget",    "random_budget", "systematic", "random"};
    const json_t *winner = json_object_get(result, "winner"), *row;
    const json_t *rows = json_object_get(winner, "quantities");
    size_t index, point = (size_t)json_integer_value(json_object_get(winner, "point"));
    if (json_array_size(rows) == 0)
        rows = json_object_get(json_array_get(json_object_get(result, "points"), point), "quantities");
    json_t *list = json_array();
    json_array_foreach(rows, index, row)
    {
        json_t *one = json_object();
        for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
            if (json_object_get(row, keys[i]))
                bp_json_set(one, keys[i], member(row, keys[i]));
        json_array_append_new(list, one);
    }
    return list;
}

/* XXH3 of a file that was just written; "" when it cannot be read. */
static void hash_file(const char *path, char *hash, size_t size)
{
    FILE *file = fopen(path, "rb");
    char *bytes = NULL;
    *hash = 0;
    if (!file)
        return;
    long length = fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;
    if (length >= 0 && fseek(file, 0, SEEK_SET) == 0)
        bytes = malloc((size_t)length + 1);
    if (bytes && fread(bytes, 1, (size_t)length, file) == (size_t)length)
        snprintf(hash, size, "%016llx", (unsigned long long)bp_hash64(bytes, (size_t)length));
    free(bytes);
    fclose(file);
}

static json_t *verdict_json(const bp_cli *cli, const char *folder)
{
    const json_t *result = cli->result, *winner = json_object_get(result, "winner");
    char path[4096], hash[20], date[32];
    time_t now = time(NULL);
    struct tm utc;
    snprintf(path, sizeof path, "%s/explore.json", folder);
    hash_file(path, hash, sizeof hash);
    json_t *verdict = json_object();
    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
    bp_json_set(verdict, "sentence", member(result, "sentence"));
    bp_json_set_text(verdict, "science", cli->values[OPTION_SCIENCE]);
    bp_json_set(verdict, "confirmed", member(winner, "confirmed"));
    bp_json_set(verdict, "budgets", member(result, "budgets"));
    bp_json_set(verdict, "quantities", quantities(result));
    bp_json_set(verdict, "input", member(json_object_get(result, "input"), "file"));
    bp_json_set(verdict, "version", member(result, "version"));
    bp_json_set_text(verdict, "explore_xxh3", hash);
    bp_json_set_text(verdict, "date", date);
    return verdict;
}

bp_status bp_explore_write_best(bp_cli *cli, const bp_explore_report *r, const char *folder, FILE *file)
{
    const char *text = r->points[r->winner].pipeline;
    char sentence[1024], key[20];
    bp_pipeline *pipeline;
    bp_status status = bp_pipeline_parse(cli->ctx, text, &pipeline, NULL);
    if (status == BP_OK)
        status = bp_verdict_key(cli->ctx, pipeline, key);
    bp_pipeline_free(pipeline);
    if (status != BP_OK)
        return status;
    json_t *verdict = verdict_json(cli, folder);
    char *line = json_dumps(verdict, JSON_COMPACT | JSON_REAL_PRECISION(6));
    json_decref(verdict);
    if (!line)
        return bp_fail(cli->ctx, BP_E_MEMORY, "no memory for a verdict");
    bp_explore_sentence(r, sentence, sizeof sentence);
    fprintf(file, "# %s\n# beampress explore %s --science %s: %s\n" BP_VERDICT_MARK "%s %s\n%s\n", sentence,
            cli->files.items[0], cli->values[OPTION_SCIENCE], r->how, key, line, text);
    free(line);
    return BP_OK;
}
