/* SPDX-License-Identifier: BSD-3-Clause
 * beampress explore: which working point is safe for this question? */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/explore.h"
#include "cli/judge_options.h"
#include "report/json.h"
#include "report/progress.h"
#include "report/table.h"

#define LONGEST_FILE ((size_t)1 << 20)

/* Pipelines of a file: one in each line that is neither empty nor a comment. */
static bp_status read_pipelines(bp_cli *cli, char **text, const char ***lines, size_t *count)
{
    const char *name = cli->values[OPTION_PIPELINES];
    if (!name)
        return BP_OK;
    FILE *file = fopen(name, "rb");
    *text = calloc(1, LONGEST_FILE + 1);
    *lines = NULL;
    size_t size = file && *text ? fread(*text, 1, LONGEST_FILE + 1, file) : 0;
    if (file)
        fclose(file);
    else
        return bp_fail(cli->ctx, BP_E_INPUT, "%s: it cannot be read: %s", name, strerror(errno));
    if (!*text)
        return bp_fail(cli->ctx, BP_E_MEMORY, "no memory");
    if (size > LONGEST_FILE || strlen(*text) != size)
        return bp_fail(cli->ctx, BP_E_INPUT, "%s: it holds no pipelines", name);
    char *rest = *text;
    for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
        line += strspn(line, " \t\r");
        if (!*line || *line == '#')
            continue;
        const char **more = realloc(*lines, (*count + 1) * sizeof *more);
        if (!more)
            return bp_fail(cli->ctx, BP_E_MEMORY, "no memory");
        *lines = more;
        more[(*count)++] = line;
    }
    return *count ? BP_OK : bp_fail(cli->ctx, BP_E_INPUT, "%s: there is no pipeline in it", name);
}

static bp_status folder_name(bp_cli *cli, char *name, size_t size)
{
    const char *file = cli->files.items[0], *dot = strrchr(file, '.'), *slash = strrchr(file, '/');
    int stem = dot && dot > file && (!slash || dot > slash + 1) ? (int)(dot - file) : (int)strlen(file);
    int length = cli->values[OPTION_OUT] ? snprintf(name, size, "%s", cli->values[OPTION_OUT])
                                         : snprintf(name, size, "%.*s.explore", stem, file);
    if (length < 0 || (size_t)length >= size)
        return bp_fail(cli->ctx, BP_E_OUTPUT, "%s: the name is too long", file);
    if (mkdir(name, 0777) != 0 && errno != EEXIST)
        return bp_fail(cli->ctx, BP_E_OUTPUT, "%s: the folder cannot be made: %s", name, strerror(errno));
    return BP_OK;
}

static FILE *create(const char *folder, const char *name, char *path, size_t size)
{
    snprintf(path, size, "%s/%s", folder, name);
    return fopen(path, "wb");
}

static bp_status close_file(bp_cli *cli, FILE *file, const char *path)
{
    bool good = file && !ferror(file);
    good = file && fclose(file) == 0 && good;
    return good ? BP_OK
                : bp_fail(cli->ctx, BP_E_OUTPUT, "%s: it cannot be written: %s", path, strerror(errno));
}

static void head_of_points(const bp_explore_report *r, bp_column *columns, char (*names)[96], size_t *count)
{
    static const char *const fixed[] = {"family",       "pipeline",    "value",       "ratio",   "bpp",
                                        "stored_bytes", "encode_MBps", "decode_MBps", "verdict", "psnr_range",
                                        "ssim",         "max_abs",     "rmse",        "reason"};
    *count = 0;
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        columns[(*count)++] = (bp_column){fixed[i], 'l'};
    for (size_t a = 0; a < r->answer_count; a++)
        for (size_t k = 0; k < r->answers[a].outcomes.count; k++) {
            const bp_outcome *o = &r->answers[a].outcomes.items[k];
            if (!o->sigmas || o->not_judged)
                continue;
            int length = snprintf(names[*count], 80, "%s.%s", r->answers[a].technique->name, o->name);
            if (o->parts)
                snprintf(names[*count] + length, 96 - (size_t)length, ".%g", o->part);
            columns[*count] = (bp_column){names[*count], 'l'};
            ++*count;
        }
}

static const bp_judgement *judgement_of(const bp_point *p, size_t answer, const bp_outcome *o)
{
    if (answer >= p->judged_count)
        return NULL;
    const bp_verdict *v = &p->judged[answer].verdict;
    for (size_t i = 0; i < v->count; i++)
        if (v->items[i].reference == o)
            return &v->items[i];
    return NULL;
}

static void number_cell(bp_table *table, int digits, double value)
{
    if (isfinite(value))
        bp_table_cell(table, "%.*g", digits, value);
    else
        bp_table_cell(table, "%s", "");
}

static void point_row(bp_table *table, const bp_explore_report *r, const bp_point *p)
{
    double megabytes = 1e-6 * (double)p->raw_bytes, nothing = NAN;
    double encode = p->stage_seconds + p->encode_seconds;
    double pixels = (double)p->raw_bytes / (double)bp_dtype_size(r->dtype);
    bp_table_cell(table, "%s", bp_explore_family(r, p->family));
    bp_table_cell(table, "%s", p->pipeline);
    number_cell(table, 6, p->value);
    number_cell(table, 6, p->ran ? bp_point_ratio(p) : nothing);
    number_cell(table, 6, p->ran ? 8 * (double)p->stored_bytes / pixels : nothing);
    number_cell(table, 15, p->ran ? (double)p->stored_bytes : nothing);
    number_cell(table, 4, p->ran && encode > 0 ? megabytes / encode : nothing);
    number_cell(table, 4, p->ran && p->decode_seconds > 0 ? megabytes / p->decode_seconds : nothing);
    bp_table_cell(table, "%s", bp_decision_text(p->decision));
    number_cell(table, 6, p->ran ? p->metrics.psnr_range : nothing);
    number_cell(table, 8, p->ran ? p->metrics.ssim : nothing);
    number_cell(table, 6, p->ran ? p->metrics.max_abs : nothing);
    number_cell(table, 6, p->ran ? p->metrics.rmse : nothing);
    bp_table_cell(table, "%s", p->reason);
    for (size_t a = 0; a < r->answer_count; a++)
        for (size_t k = 0; k < r->answers[a].outcomes.count; k++) {
            const bp_outcome *o = &r->answers[a].outcomes.items[k];
            const bp_judgement *j = judgement_of(p, a, o);
            if (o->sigmas && !o->not_judged)
                number_cell(table, 4, j && j->bin.length ? j->bin.z : nothing);
        }
}

static bp_status write_csv(bp_cli *cli, const bp_explore_report *r, const char *folder)
{
    char path[4096];
    size_t room = 20, count;
    for (size_t a = 0; a < r->answer_count; a++)
        room += r->answers[a].outcomes.count;
    bp_column *columns = calloc(room, sizeof *columns);
    char(*names)[96] = calloc(room, sizeof *names);
    FILE *file = create(folder, "points.csv", path, sizeof path);
    if (file && columns && names) {
        head_of_points(r, columns, names, &count);
        bp_table *table = bp_table_new(columns, count);
        for (size_t i = 0; i < r->point_count; i++)
            point_row(table, r, &r->points[i]);
        bp_table_print_csv(table, file);
        bp_table_free(table);
    }
    free(columns);
    free(names);
    return close_file(cli, file, path);
}

static bp_status write_best(bp_cli *cli, const bp_explore_report *r, const char *folder)
{
    char path[4096];
    if (r->winner == SIZE_MAX)
        return BP_OK;
    FILE *file = create(folder, "best.pipeline", path, sizeof path);
    bp_status status = file ? bp_explore_write_best(cli, r, folder, file) : BP_OK;
    bp_status closed = close_file(cli, file, path);
    return status == BP_OK ? closed : status;
}

static bp_status write_all(bp_cli *cli, const bp_explore_report *r, const char *folder)
{
    char path[4096];
    FILE *file = create(folder, "explore.json", path, sizeof path);
    bp_status status = file ? bp_json_print(cli->result, file) : BP_OK;
    bp_status closed = close_file(cli, file, path);
    status = status == BP_OK ? closed : status;
    if (status == BP_OK)
        status = write_csv(cli, r, folder);
    return status == BP_OK ? write_best(cli, r, folder) : status;
}

static void print_report(const bp_cli *cli, const bp_explore_report *r, const char *folder)
{
    static const bp_column columns[] = {{"family", 'l'},
                                        {"largest ratio that passes", 'r'},
                                        {"pipeline", 'l'},
                                        {"PSNR (dB)", 'r'},
                                        {"SSIM", 'r'}};
    char sentence[1024];
    bp_table *table = bp_table_new(columns, 5);
    bp_explore_sentence(r, sentence, sizeof sentence);
    printf("%s: %s: %s\nnoise: %s\n", cli->files.items[0], r->dataset, r->how, r->noise.text);
    for (size_t i = 0; i < r->family_count; i++) {
        const bp_family_result *f = &r->families[i];
        const bp_point *p = f->best == SIZE_MAX ? NULL : &r->points[f->best];
        bp_table_cell(table, "%s", bp_explore_family(r, i));
        if (p)
            bp_table_cell(table, "%.2f", bp_point_ratio(p));
        else
            bp_table_cell(table, "%s", "none");
        bp_table_cell(table, "%s", p ? p->pipeline : f->reason);
        number_cell(table, 4, p ? p->metrics.psnr_range : (double)NAN);
        number_cell(table, 5, p ? p->metrics.ssim : (double)NAN);
    }
    bp_table_print(table, stdout, 0);
    bp_table_free(table);
    printf(
        "\n%s\n%zu points in %.1f s; %.1f s of processor time for %.1f s of distinct steps; %zu taken from "
        "earlier runs\nresults: %s\n",
        sentence, r->point_count, r->seconds, r->processor_seconds, r->step_seconds, r->cached, folder);
}

static bp_status take_options(bp_cli *cli, bp_explore_options *o)
{
    uint64_t memory = 0;
    bp_status status = bp_cli_threads(cli, &o->threads);
    if (status == BP_OK)
        status = bp_cli_bytes(cli, OPTION_MEMORY, 1 << 16, &memory);
    if (status == BP_OK)
        status = bp_cli_real(cli, OPTION_TIME, &o->seconds);
    if (status == BP_OK && cli->datasets.count > 1)
        status = bp_fail(cli->ctx, BP_E_USAGE, "explore: --dataset is given once at most");
    o->sample = (size_t)memory;
    o->input.threads = o->threads;
    o->input.no_mask = bp_cli_has(cli, OPTION_NO_MASK);
    o->input.regions = cli->values[OPTION_REGIONS];
    o->input.dataset = cli->datasets.count ? cli->datasets.items[0] : NULL;
    return status;
}

static bp_status scan(bp_cli *cli, const bp_explore_options *asked, const char *folder)
{
    static bp_explore_report report; /* must not move; one scan in a process */
    bp_progress progress;
    bp_explore_options options = *asked;
    char cache[4200];
    snprintf(cache, sizeof cache, "%s/points", folder);
    options.cache = cache;
    bp_progress_init(&progress, stderr, cli->quiet);
    options.progress = bp_progress_show;
    options.progress_user = &progress;
    bp_status status = bp_explore(cli->ctx, cli->files.items[0], &options, &report);
    bp_progress_clear(&progress);
    if (status == BP_OK) {
        bp_explore_json(cli, &options, &report);
        status = write_all(cli, &report, folder);
    }
    if (status == BP_OK && !cli->json)
        print_report(cli, &report, folder);
    bp_explore_report_fini(&report);
    if (status != BP_OK && rmdir(cache) == 0)
        rmdir(folder); /* nothing was found: nothing is left, unless an earlier run put it there */
    return status;
}

bp_status bp_cli_explore(bp_cli *cli)
{
    bp_explore_options options = {0};
    bp_question question;
    char *text = NULL, folder[3900];
    const char **lines = NULL;
    bp_status status = bp_cli_question(cli, 1, &question);
    if (status == BP_OK)
        status = take_options(cli, &options);
    if (status == BP_OK)
        status = read_pipelines(cli, &text, &lines, &options.pipeline_count);
    if (status == BP_OK)
        status = folder_name(cli, folder, sizeof folder);
    if (status == BP_OK) {
        options.pipelines = lines;
        options.techniques = (const char *const *)question.techniques;
        options.technique_count = question.technique_count;
        options.budgets = question.budgets;
        status = scan(cli, &options, folder);
    }
    free(lines);
    free(text);
    bp_question_fini(&question);
    return status;
}
