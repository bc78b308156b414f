/* SPDX-License-Identifier: BSD-3-Clause
 * beampress history and beampress reproduce: what was done to a file, and again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "io/hdf5_process.h"
#include "pipeline/run.h"
#include "report/json.h"

static json_t *record_json(const bp_process_record *r)
{
    json_t *row = json_object(), *parsed = r->json ? json_loads(r->json, 0, NULL) : NULL;
    bp_json_set_text(row, "path", r->path);
    bp_json_set_text(row, "version", r->version);
    bp_json_set_text(row, "pipeline", r->pipeline);
    const char *verdict = json_string_value(json_object_get(parsed, "verdict"));
    json_t *judged = verdict ? json_loads(verdict, 0, NULL) : NULL;
    bp_json_set(row, "verdict", judged ? judged : json_null());
    bp_json_set(row, "record", parsed ? parsed : json_null());
    return row;
}

static const char *text_at(const json_t *record, const char *object, const char *key)
{
    const json_t *inner = object ? json_object_get(record, object) : record;
    const char *text = json_string_value(json_object_get(inner, key));
    return text ? text : "not known";
}

/* What explore found of the pipeline, before it was run. */
static void print_verdict(const json_t *verdict)
{
    const json_t *row;
    size_t index, judged = 0, pass = 0;
    json_array_foreach(json_object_get(verdict, "quantities"), index, row)
    {
        judged += json_is_boolean(json_object_get(row, "pass"));
        pass += json_is_true(json_object_get(row, "pass"));
    }
    printf("  verdict: %s\n    --science %s on %s, %s: %zu of %zu quantities pass; explore.json xxh3 %s\n",
           text_at(verdict, NULL, "sentence"), text_at(verdict, NULL, "science"),
           text_at(verdict, NULL, "input"), text_at(verdict, NULL, "date"), pass, judged,
           text_at(verdict, NULL, "explore_xxh3"));
}

static void print_record(const bp_process_record *r, const json_t *record, const json_t *verdict)
{
    printf("%s: beampress %s\n  %s\n", r->path, r->version ? r->version : "?",
           r->pipeline ? r->pipeline : "no pipeline");
    if (!record)
        return;
    const json_t *stage, *stages = json_object_get(record, "stages");
    size_t index;
    const char *key;
    json_t *value;
    json_array_foreach(stages, index, stage)
    {
        json_object_foreach(json_object_get(stage, "resolved"), key, value)
        {
            char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(9));
            printf("    %s: %s = %s\n", text_at(stage, NULL, "stage"), key, text ? text : "?");
            free(text);
        }
    }
    const json_t *in = json_object_get(record, "input"), *out = json_object_get(record, "output");
    printf("  frames: %lld of %lld; loss: %s; input xxh3 %s, output xxh3 %s\n",
           (long long)json_integer_value(json_object_get(out, "frames")),
           (long long)json_integer_value(json_object_get(in, "frames")), text_at(record, NULL, "loss"),
           text_at(record, "input", "xxh3"), text_at(record, "output", "xxh3"));
    if (json_is_object(verdict))
        print_verdict(verdict);
}

bp_status bp_cli_history(bp_cli *cli)
{
    bp_process_chain chain;
    const char *file = cli->files.items[0];
    bp_status status = bp_process_read(cli->ctx, file, &chain);
    bp_json_set_text(cli->result, "file", file);
    bp_json_set(cli->result, "history", json_array());
    for (size_t i = 0; status == BP_OK && i < chain.count; i++) {
        json_t *row = record_json(&chain.records[i]);
        if (!cli->json)
            print_record(&chain.records[i], json_object_get(row, "record"), json_object_get(row, "verdict"));
        bp_json_append(cli->result, "history", row);
    }
    if (status == BP_OK && chain.count == 0 && !cli->json)
        printf("%s: beampress has done nothing to it that it wrote down\n", file);
    bp_process_chain_fini(&chain);
    return status;
}

/* ---- once more ---- */

typedef struct wanted {
    const char *pipeline, *dataset, *input, *output;
    const char *drop[64];
    bp_run_options options;
} wanted;

static bp_status read_wanted(bp_cli *cli, const char *file, const bp_process_record *r, const json_t *record,
                             wanted *w)
{
    const json_t *value;
    size_t index;
    w->pipeline = r->pipeline;
    w->dataset = json_string_value(json_object_get(record, "dataset"));
    w->input = json_string_value(json_object_get(json_object_get(record, "input"), "xxh3"));
    w->output = json_string_value(json_object_get(json_object_get(record, "output"), "xxh3"));
    if (!w->pipeline || !w->dataset || !w->input || !w->output)
        return bp_fail(cli->ctx, BP_E_INPUT, "%s: its last record is not complete", file);
    json_array_foreach(json_object_get(record, "drop"), index, value)
    {
        if (index < sizeof w->drop / sizeof w->drop[0] && json_string_value(value))
            w->drop[w->options.drop_count++] = json_string_value(value);
    }
    w->options.drop = w->drop;
    w->options.dataset = w->dataset;
    w->options.standard = json_is_true(json_object_get(record, "standard"));
    w->options.overwrite = true;
    return BP_OK;
}

static bp_status run_again(bp_cli *cli, const wanted *w, const char *file, const char *input)
{
    static const char other[] = "other frames than were recorded";
    char *again, hash[3][20];
    bp_run run;
    uint64_t held;
    bp_status status = bp_hash_frames(cli->ctx, file, w->dataset, w->options.threads, &held);
    if (status != BP_OK)
        return status;
    if (asprintf(&again, "%s.again-%ld", file, (long)getpid()) < 0)
        return bp_fail(cli->ctx, BP_E_MEMORY, "no memory for a path");
    bp_run_init(&run, &w->options);
    status = bp_run_file(cli->ctx, &run, w->pipeline, input, again);
    unlink(again);
    free(again);
    if (status == BP_OK) {
        snprintf(hash[0], sizeof hash[0], "%016llx", (unsigned long long)run.input_hash);
        snprintf(hash[1], sizeof hash[1], "%016llx", (unsigned long long)run.output_hash);
        snprintf(hash[2], sizeof hash[2], "%016llx", (unsigned long long)held);
        bool same[3] = {strcmp(hash[0], w->input) == 0, strcmp(hash[1], w->output) == 0,
                        strcmp(hash[2], w->output) == 0};
        bp_json_set_bool(cli->result, "same_input", same[0]);
        bp_json_set_bool(cli->result, "same_output", same[1]);
        bp_json_set_bool(cli->result, "same_file", same[2]);
        bp_json_set_text(cli->result, "input_xxh3", hash[0]);
        bp_json_set_text(cli->result, "output_xxh3", hash[1]);
        if (!cli->json)
            printf("input: %s\noutput: %s\n%s: %s\n", same[0] ? "the same" : other,
                   same[1] ? "reproduced" : other, file, same[2] ? "holds what was recorded" : other);
        status = same[0] && same[1] && same[2] ? BP_OK : BP_E_DIFFERS;
    }
    bp_run_fini(&run);
    return status;
}

bp_status bp_cli_reproduce(bp_cli *cli)
{
    const char *file = cli->files.items[0], *input = cli->files.items[1];
    bp_process_chain chain;
    uint64_t memory = 0;
    wanted w = {0};
    bp_status status = bp_cli_threads(cli, &w.options.threads);
    if (status == BP_OK)
        status = bp_cli_bytes(cli, OPTION_MEMORY, 1 << 20, &memory);
    if (status != BP_OK)
        return status;
    w.options.memory = (size_t)memory;
    status = bp_process_read(cli->ctx, file, &chain);
    if (status == BP_OK && chain.count == 0)
        status = bp_fail(cli->ctx, BP_E_INPUT, "%s: there is no record of a run in it", file);
    json_t *record =
        status == BP_OK
            ? json_loads(chain.records[chain.count - 1].json ? chain.records[chain.count - 1].json : "", 0,
                         NULL)
            : NULL;
    if (status == BP_OK)
        status = read_wanted(cli, file, &chain.records[chain.count - 1], record, &w);
    if (status == BP_OK)
        status = run_again(cli, &w, file, input);
    json_decref(record);
    bp_process_chain_fini(&chain);
    return status;
}
