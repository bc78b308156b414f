/* SPDX-License-Identifier: BSD-3-Clause
 * Running compress or decompress over files, and what is said of each. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/jobs.h"
#include "io/hdf5_inspect.h"
#include "report/json.h"
#include "report/progress.h"
#include "report/table.h"
#include "report/text.h"

#define WORTH_SHOWING ((uint64_t)16 << 10) /* bytes: smaller datasets are shown with -v only */

/* What --codec auto looked at. */
static json_t *choice_json(const bp_dataset_report *d)
{
    json_t *object = json_object();
    bp_json_set_text(object, "why", d->why);
    bp_json_set_count(object, "sample_bytes", d->sample_bytes);
    bp_json_set(object, "candidates", json_array());
    for (size_t i = 0; i < d->candidate_count; i++) {
        const bp_candidate *c = &d->candidates[i];
        json_t *row = json_object();
        bp_json_set_text(row, "codec", c->codec);
        bp_json_set_number(row, "ratio", c->ratio);
        bp_json_set_number(row, "encode_MBps", c->encode_speed);
        bp_json_set_number(row, "decode_MBps", c->decode_speed);
        bp_json_set_bool(row, "allowed", c->allowed);
        bp_json_set_bool(row, "chosen", c->chosen);
        bp_json_append(object, "candidates", row);
    }
    return object;
}

static json_t *dataset_json(const bp_dataset_report *d)
{
    json_t *object = json_object();
    bp_json_set_text(object, "path", d->path);
    bp_json_set_text(object, "dtype", bp_dtype_name(d->dtype));
    bp_json_set_shape(object, "shape", d->shape, d->rank);
    bp_json_set_text(object, "codec", d->codec);
    bp_json_set_bool(object, "coded", d->coded);
    bp_json_set_text(object, "note", d->note);
    bp_json_set_bool(object, "lossy", d->lossy);
    bp_json_set_number(object, "max_error", d->max_error);
    bp_json_set_count(object, "raw_bytes", d->raw_bytes);
    bp_json_set_count(object, "stored_bytes", d->stored_bytes);
    bp_json_set_number(object, "ratio", bp_ratio(d->raw_bytes, d->stored_bytes));
    bp_json_set_count(object, "lost_chunks", d->lost_chunks);
    bp_json_set(object, "choice", d->why ? choice_json(d) : json_null());
    return object;
}

static void set_totals(json_t *object, uint64_t raw, uint64_t stored, double seconds, bool verified)
{
    bp_json_set_count(object, "raw_bytes", raw);
    bp_json_set_count(object, "stored_bytes", stored);
    bp_json_set_number(object, "ratio", bp_ratio(raw, stored));
    bp_json_set_number(object, "seconds", seconds);
    bp_json_set_bool(object, "verified", verified);
}

static json_t *file_json(const bp_cli *cli, const bp_job *job, const bp_file_report *report, bp_status status)
{
    json_t *object = json_object();
    bp_json_set_text(object, "input", job->input);
    bp_json_set_text(object, "output", job->output);
    bp_json_set_count(object, "exit_code", (uint64_t)bp_status_exit_code(status));
    if (status != BP_OK)
        bp_json_set_text(object, "error", bp_context_message(cli->ctx));
    set_totals(object, report->raw_bytes, report->stored_bytes, report->seconds, report->verified);
    bp_json_set_count(object, "input_bytes", report->input_bytes);
    bp_json_set_count(object, "output_bytes", report->output_bytes);
    bp_json_set(object, "datasets", json_array());
    bp_json_set(object, "lost", json_array());
    bp_json_set(object, "warnings", json_array());
    for (size_t i = 0; i < report->dataset_count; i++)
        bp_json_append(object, "datasets", dataset_json(&report->datasets[i]));
    for (size_t i = 0; i < report->lost_count; i++)
        bp_json_append(object, "lost", bp_json_text(report->lost[i]));
    for (size_t i = 0; i < report->warning_count; i++)
        bp_json_append(object, "warnings", bp_json_text(report->warnings[i]));
    return object;
}

static void print_dataset(const bp_cli *cli, bp_table *table, const bp_dataset_report *d)
{
    bp_shape_text shape;
    bp_text raw;
    if (!d->coded && !d->lost_chunks && d->raw_bytes < WORTH_SHOWING && !cli->verbose)
        return;
    bp_table_cell(table, "%s", d->path);
    bp_table_cell(table, "%s", d->dtype == BP_OPAQUE ? "-" : bp_dtype_name(d->dtype));
    bp_table_cell(table, "%s", bp_text_shape(&shape, d->shape, d->rank));
    bp_table_cell(table, "%s", d->codec ? d->codec : "none");
    bp_table_cell(table, "%s", bp_text_bytes(&raw, d->raw_bytes));
    bp_table_cell(table, "%.2f", bp_ratio(d->raw_bytes, d->stored_bytes));
    char note[256] = "";
    if (d->lost_chunks)
        snprintf(note, sizeof note, "%llu chunks lost", (unsigned long long)d->lost_chunks);
    else if (d->lossy && d->coded)
        snprintf(note, sizeof note, "lossy: largest error %.9g", d->max_error);
    else if (d->note)
        snprintf(note, sizeof note, "%s", d->note);
    bp_table_cell(table, "%s", note);
}

static const char *verdict(const bp_file_report *report)
{
    if (!report->verified)
        return "not verified";
    for (size_t i = 0; i < report->dataset_count; i++)
        if (report->datasets[i].lossy && report->datasets[i].coded)
            return "verified: within the bound";
    return "identical: yes";
}

static void print_report(const bp_cli *cli, const bp_job *job, const bp_file_report *report)
{
    static const bp_column columns[] = {{"dataset", 'l'}, {"type", 'l'},  {"shape", 'l'}, {"codec", 'l'},
                                        {"raw", 'r'},     {"ratio", 'r'}, {"", 'l'}};
    bp_text raw, stored;
    if (cli->quiet)
        return;
    printf("%s -> %s: %s raw, %s stored, ratio %.2f, %.2f s, %s\n", job->input, job->output,
           bp_text_bytes(&raw, report->raw_bytes), bp_text_bytes(&stored, report->stored_bytes),
           bp_ratio(report->raw_bytes, report->stored_bytes), report->seconds, verdict(report));
    bp_table *table = bp_table_new(columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < report->dataset_count; i++)
        print_dataset(cli, table, &report->datasets[i]);
    bp_table_print(table, stdout, 2);
    bp_table_free(table);
    for (size_t i = 0; i < report->dataset_count; i++)
        if (report->datasets[i].why)
            printf("  %s: %s\n", report->datasets[i].path, report->datasets[i].why);
    for (size_t i = 0; i < report->lost_count; i++)
        printf("  lost: %s\n", report->lost[i]);
}

/* What all jobs together came to. */
typedef struct outcome {
    uint64_t raw, stored;
    double seconds;
    bool verified;
    bp_status worst;
} outcome;

/* What was written with gaps is better than what was not written. */
static int graveness(bp_status status)
{
    return status == BP_E_INTERRUPTED ? 1000 : status == BP_E_LOST ? 1 : bp_status_exit_code(status);
}

/* The graver of two: an interruption first, then what the exit code says. */
static bp_status worse(bp_status a, bp_status b)
{
    return graveness(a) >= graveness(b) ? a : b;
}

static void take_outcome(bp_cli *cli, const bp_job *job, const bp_file_report *report, bp_status status,
                         outcome *all)
{
    json_t *object = file_json(cli, job, report, status), *datasets = json_object_get(object, "datasets");
    for (size_t i = 0; i < json_array_size(datasets); i++) {
        json_t *row = json_deep_copy(json_array_get(datasets, i));
        bp_json_set_text(row, "file", job->output);
        bp_json_append(cli->result, "datasets", row);
    }
    bp_json_append(cli->result, "files", object);
    all->raw += report->raw_bytes;
    all->stored += report->stored_bytes;
    all->seconds += report->seconds;
    all->verified = all->verified && status == BP_OK && report->verified;
    all->worst = worse(all->worst, status);
}

static bp_status run_job(bp_cli *cli, const bp_job *job, const bp_file_options *options, bp_job_run run,
                         bool last_try, outcome *all)
{
    bp_progress progress;
    bp_file_options mine = *options;
    bp_file_report report;
    bp_progress_init(&progress, stderr, cli->quiet);
    mine.progress = bp_progress_show;
    mine.progress_user = &progress;
    mine.series = job->series;
    mine.series_count = job->series_count;
    memset(&report, 0, sizeof report);
    bp_status status = run(cli, job, &mine, &report);
    bp_progress_clear(&progress);
    bool written = status == BP_OK;
    if (written && report.lost_count)
        status = bp_fail(cli->ctx, BP_E_LOST, "%zu chunk%s lost; the rest is in %s", report.lost_count,
                         report.lost_count == 1 ? " is" : "s are", job->output);
    if (status != BP_OK)
        status = bp_cli_fail_file(cli, status, job->input, written ? NULL : job->output);
    if (status != BP_E_LOSS || last_try) {
        take_outcome(cli, job, &report, status, all);
        if (written && !cli->json)
            print_report(cli, job, &report);
    }
    bp_file_report_fini(&report);
    return status;
}

/* A master file can be refused because the files it points to are not written yet: those that would lose
 * something are tried once more behind the others. */
static void run_many(bp_cli *cli, const bp_jobs *jobs, const bp_file_options *options, bp_job_run run,
                     outcome *all)
{
    bool *again = calloc(jobs->count, sizeof *again);
    if (!again) {
        all->worst = bp_fail(cli->ctx, BP_E_MEMORY, "no memory");
        return;
    }
    for (int round = 0; round < 2; round++)
        for (size_t i = 0; i < jobs->count && all->worst != BP_E_INTERRUPTED; i++) {
            if (round && !again[i])
                continue;
            bp_status status = run_job(cli, &jobs->items[i], options, run, round == 1, all);
            again[i] = status == BP_E_LOSS && round == 0;
            if (status != BP_OK && !again[i] && status != BP_E_INTERRUPTED)
                bp_cli_print_error(cli, status);
        }
    free(again);
}

bp_status bp_jobs_run(bp_cli *cli, const bp_jobs *jobs, const bp_file_options *options, bp_job_run run)
{
    outcome all = {.verified = true, .worst = BP_OK};
    bp_json_set(cli->result, "datasets", json_array());
    bp_json_set(cli->result, "files", json_array());
    if (jobs->count == 1)
        (void)run_job(cli, &jobs->items[0], options, run, true, &all);
    else
        run_many(cli, jobs, options, run, &all);
    set_totals(cli->result, all.raw, all.stored, all.seconds, all.verified);
    if (jobs->count > 1 && all.worst != BP_OK && all.worst != BP_E_INTERRUPTED)
        return bp_fail(cli->ctx, all.worst,
                       all.worst == BP_E_LOST ? "chunks of some files are lost"
                                              : "not every file could be written");
    return all.worst;
}
