/* SPDX-License-Identifier: BSD-3-Clause
 * beampress run and beampress check: a pipeline on a file. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "pipeline/run.h"
#include "report/json.h"
#include "report/progress.h"
#include "report/table.h"
#include "report/text.h"

static const char *const loss_words[] = {"lossless", "bounded", "unbounded"};
static const char *const scope_words[] = {"frame", "frames around", "all frames"};

static bp_status take_options(bp_cli *cli, bp_run_options *options)
{
    uint64_t memory = 0;
    *options = (bp_run_options){.standard = bp_cli_has(cli, OPTION_STANDARD),
                                .overwrite = bp_cli_has(cli, OPTION_OVERWRITE),
                                .no_verify = bp_cli_has(cli, OPTION_NO_VERIFY)};
    bp_status status = bp_cli_threads(cli, &options->threads);
    if (status == BP_OK)
        status = bp_cli_bytes(cli, OPTION_MEMORY, 1 << 20, &memory);
    if (status == BP_OK && cli->datasets.count > 1)
        status = bp_fail(cli->ctx, BP_E_USAGE, "%s: --dataset is given once at most", cli->command->name);
    options->memory = (size_t)memory;
    options->dataset = cli->datasets.count ? cli->datasets.items[0] : NULL;
    options->drop = cli->drops.items;
    options->drop_count = cli->drops.count;
    return status;
}

static void set_flow(json_t *row, const char *key, const bp_flow *flow)
{
    json_t *object = json_object();
    bp_json_set_text(object, "dtype", bp_dtype_name(flow->dtype));
    bp_json_set_count(object, "frames", flow->frames);
    bp_json_set_bool(object, "frames_known", flow->frames_known);
    bp_json_set_count(object, "rows", flow->rows);
    bp_json_set_count(object, "columns", flow->columns);
    bp_json_set_text(object, "loss", loss_words[flow->loss]);
    bp_json_set_number(object, "bound", flow->bound);
    bp_json_set_number(object, "step_sigma", flow->step);
    bp_json_set_number(object, "variance_added", flow->variance);
    bp_json_set_text(object, "law", flow->law);
    bp_json_set_bool(object, "time_ordered", flow->time_ordered);
    bp_json_set(row, key, object);
}

static json_t *stage_json(const bp_run *run, size_t index)
{
    const bp_stage_run *stage = bp_plan_stage(run->plan, index);
    char text[2048];
    json_t *row = json_object(), *resolved = json_object();
    bp_stage_spec_print(&run->pipeline->stages[index], text, sizeof text);
    bp_json_set_text(row, "stage", stage->stage->name);
    bp_json_set_text(row, "text", text);
    set_flow(row, "gets", &stage->in);
    set_flow(row, "gives", &stage->out);
    bp_json_set_text(row, "looks_at", scope_words[stage->stage->scope]);
    bp_json_set_count(row, "frames_before", stage->before);
    bp_json_set_count(row, "frames_after", stage->after);
    for (size_t i = 0; i < stage->resolved_count; i++) {
        const bp_resolved *r = &stage->resolved[i];
        if (isnan(r->number) && *r->text)
            bp_json_set_text(resolved, r->name, r->text);
        else
            bp_json_set_number(resolved, r->name, r->number);
    }
    bp_json_set(row, "resolved", resolved);
    return row;
}

static void set_json(bp_cli *cli, const bp_run *run)
{
    static const char *const actions[] = {"follows", "mapped", "rescaled", "dropped"};
    char text[4096], codec[512];
    uint64_t chunk[BP_MAX_RANK];
    bp_pipeline_print(run->pipeline, text, sizeof text);
    bp_codec_spec_print(&run->codec, codec, sizeof codec);
    bp_json_set_text(cli->result, "pipeline", text);
    bp_json_set_text(cli->result, "codec", codec);
    bp_json_set_text(cli->result, "input", run->input_path);
    bp_json_set_text(cli->result, "dataset", run->reframe.dataset);
    bp_json_set_shape(cli->result, "shape", run->reframe.shape, run->reframe.rank);
    for (size_t i = 0; i < run->reframe.rank; i++)
        chunk[i] = run->chunk[i];
    bp_json_set_shape(cli->result, "chunk", chunk, run->reframe.rank);
    bp_json_set_count(cli->result, "memory", run->memory);
    bp_json_set_count(cli->result, "stages_looked_at", run->looked);
    bp_json_set(cli->result, "stages", json_array());
    for (size_t i = 0; i < bp_plan_count(run->plan); i++)
        bp_json_append(cli->result, "stages", stage_json(run, i));
    set_flow(cli->result, "output", bp_plan_out(run->plan));
    bp_json_set(cli->result, "belongings", json_array());
    for (size_t i = 0; i < run->belongings.count; i++) {
        json_t *row = json_object();
        bp_json_set_text(row, "path", run->belongings.items[i].path);
        bp_json_set_text(row, "action", actions[run->belongings.items[i].action]);
        bp_json_set_text(row, "note", run->belongings.items[i].note);
        bp_json_append(cli->result, "belongings", row);
    }
}

static void shape_cell(bp_table *table, const bp_flow *flow)
{
    bp_table_cell(table, "%s%llu x %zu x %zu", flow->frames_known ? "" : "up to ",
                  (unsigned long long)flow->frames, flow->rows, flow->columns);
    bp_table_cell(table, "%s", bp_dtype_name(flow->dtype));
}

static void loss_cell(bp_table *table, const bp_flow *flow)
{
    if (flow->loss == BP_LOSS_BOUNDED && isfinite(flow->bound))
        bp_table_cell(table, "at most %.6g", flow->bound);
    else if (isfinite(flow->step))
        bp_table_cell(table, "%s, %.6g sigma", loss_words[flow->loss], flow->step);
    else
        bp_table_cell(table, "%s", loss_words[flow->loss]);
}

/* What of its input a stage looks at for one frame of its output. */
static void scope_cell(bp_table *table, const bp_stage_run *stage)
{
    if (stage->out.carry.group > 1)
        bp_table_cell(table, "%zu frames", stage->out.carry.group);
    else if (stage->before + stage->after)
        bp_table_cell(table, "%zu before, %zu after", stage->before, stage->after);
    else
        bp_table_cell(table, "%s", stage->stage->scope == BP_SCOPE_STACK ? "all frames" : "the frame");
}

static void print_resolved(const bp_stage_run *stage)
{
    for (size_t i = 0; i < stage->resolved_count; i++) {
        const bp_resolved *r = &stage->resolved[i];
        printf("%s%s", i ? ", " : "  ", i ? "" : stage->stage->name);
        printf("%s", i ? "" : ": ");
        if (isnan(r->number) && *r->text)
            printf("%s %s", r->name, r->text);
        else
            printf("%s %.6g%s%s", r->name, r->number, *r->unit ? " " : "", r->unit);
    }
    printf("%s", stage->resolved_count ? "\n" : "");
}

static void print_plan(const bp_run *run)
{
    static const bp_column columns[] = {
        {"", 'l'}, {"frames x rows x columns", 'l'}, {"type", 'l'}, {"looks at", 'l'}, {"loss so far", 'l'}};
    static const char *const actions[] = {"follows", "mapped", "rescaled", "dropped"};
    bp_table *table = bp_table_new(columns, 5);
    bp_text bytes;
    char text[2048];
    size_t chunk = bp_dtype_size(run->reframe.dtype);
    printf("%s: %s\n", run->input_path, run->reframe.dataset);
    bp_table_cell(table, "input");
    shape_cell(table, &run->input.flow);
    bp_table_cell(table, "%s", "");
    bp_table_cell(table, "lossless");
    for (size_t i = 0; i < bp_plan_count(run->plan); i++) {
        const bp_stage_run *stage = bp_plan_stage(run->plan, i);
        bp_stage_spec_print(&run->pipeline->stages[i], text, sizeof text);
        bp_table_cell(table, "%s", text);
        shape_cell(table, &stage->out);
        scope_cell(table, stage);
        loss_cell(table, &stage->out);
    }
    bp_codec_spec_print(&run->codec, text, sizeof text);
    bp_table_cell(table, "%s", text);
    shape_cell(table, bp_plan_out(run->plan));
    bp_table_cell(table, "%s", "");
    bp_table_cell(table, "%s", bp_codec_spec_lossless(&run->codec) ? "codec lossless" : "codec lossy");
    bp_table_print(table, stdout, 2);
    bp_table_free(table);
    for (size_t i = 0; i < bp_plan_count(run->plan); i++)
        print_resolved(bp_plan_stage(run->plan, i));
    if (*bp_plan_out(run->plan)->law)
        printf("  law: %s\n", bp_plan_out(run->plan)->law);
    for (size_t i = 0; i < run->belongings.count; i++)
        printf("  %s %s: %s\n", run->belongings.items[i].path, actions[run->belongings.items[i].action],
               run->belongings.items[i].note);
    printf("  chunks: ");
    for (size_t i = 0; i < run->reframe.rank; chunk *= run->chunk[i++])
        printf("%s%zu", i ? " x " : "", run->chunk[i]);
    printf(", %s each; ", bp_text_bytes(&bytes, chunk));
    printf("memory: at most about %s\n", bp_text_bytes(&bytes, run->memory));
}

/* The line of the pipeline with a caret below the word at fault. */
static bp_status point(bp_cli *cli, const bp_run *run, const char *text, bp_status status)
{
    char lines[512];
    if (status == BP_OK || run->blame.length == 0)
        return status;
    bp_blame_print(text, &run->blame, lines, sizeof lines);
    free(cli->pointer);
    cli->pointer = strdup(lines);
    char word[128];
    snprintf(word, sizeof word, "%.*s", (int)run->blame.length, text + run->blame.at);
    bp_json_set_text(cli->result, "word", word);
    bp_json_set_count(cli->result, "word_at", run->blame.at);
    return status;
}

bp_status bp_cli_check(bp_cli *cli)
{
    bp_run_options options;
    bp_run run;
    char *text = NULL;
    bp_status status = take_options(cli, &options);
    if (status != BP_OK)
        return status;
    bp_run_init(&run, &options);
    status = bp_run_read_text(cli->ctx, cli->files.items[0], &text);
    if (status == BP_OK)
        status = point(cli, &run, text, bp_run_check(cli->ctx, &run, text, cli->files.items[1]));
    if (status == BP_OK)
        status = point(cli, &run, text, bp_run_look(cli->ctx, &run));
    if (status == BP_OK) {
        set_json(cli, &run);
        if (!cli->json)
            print_plan(&run);
    }
    bp_run_fini(&run);
    free(text);
    return status;
}

/* Bytes of the frames, as they came and as they are stored. */
static void count_bytes(const bp_run *run, uint64_t *raw, uint64_t *stored)
{
    const bp_file_report *f = &run->file;
    const bp_flow *in = &run->input.flow;
    *stored = 0;
    for (size_t i = 0; i < f->dataset_count; i++)
        if (strcmp(f->datasets[i].path, run->reframe.dataset) == 0)
            *stored = f->datasets[i].stored_bytes;
    *raw = in->frames * in->rows * in->columns * bp_dtype_size(in->dtype);
}

static void print_done(const bp_run *run, const char *output)
{
    bp_text before, after;
    const bp_file_report *f = &run->file;
    uint64_t raw, stored;
    count_bytes(run, &raw, &stored);
    printf("%s: frames of %s in %s: ratio %.2f; file ratio %.2f%s\n", output, bp_text_bytes(&before, raw),
           bp_text_bytes(&after, stored), bp_ratio(raw, stored), bp_ratio(f->input_bytes, f->output_bytes),
           f->verified ? ", verified" : "");
}

/* What a finished run adds to what check says. */
static void set_done_json(bp_cli *cli, const bp_run *run, const char *output)
{
    char hash[20];
    uint64_t raw, stored;
    count_bytes(run, &raw, &stored);
    bp_json_set_text(cli->result, "file", output);
    bp_json_set_count(cli->result, "raw_bytes", raw);
    bp_json_set_count(cli->result, "stored_bytes", stored);
    bp_json_set_number(cli->result, "ratio", bp_ratio(raw, stored));
    bp_json_set_count(cli->result, "input_bytes", run->file.input_bytes);
    bp_json_set_count(cli->result, "output_bytes", run->file.output_bytes);
    bp_json_set_bool(cli->result, "verified", run->file.verified);
    bp_json_set_number(cli->result, "max_error", run->max_error);
    snprintf(hash, sizeof hash, "%016llx", (unsigned long long)run->input_hash);
    bp_json_set_text(cli->result, "input_xxh3", hash);
    snprintf(hash, sizeof hash, "%016llx", (unsigned long long)run->output_hash);
    bp_json_set_text(cli->result, "output_xxh3", run->output_hashed ? hash : NULL);
}

bp_status bp_cli_run(bp_cli *cli)
{
    bp_run_options options;
    bp_run run;
    bp_progress progress;
    char *text = NULL;
    const char *output = cli->files.items[2];
    bp_status status = take_options(cli, &options);
    if (status != BP_OK)
        return status;
    bp_progress_init(&progress, stderr, cli->quiet);
    options.progress = bp_progress_show;
    options.progress_user = &progress;
    bp_run_init(&run, &options);
    status = bp_run_read_text(cli->ctx, cli->files.items[0], &text);
    if (status == BP_OK)
        status = point(cli, &run, text, bp_run_file(cli->ctx, &run, text, cli->files.items[1], output));
    bp_progress_clear(&progress);
    if (status == BP_OK) {
        set_json(cli, &run);
        set_done_json(cli, &run, output);
        if (!cli->json && !cli->quiet) {
            print_plan(&run);
            print_done(&run, output);
        }
    }
    bp_run_fini(&run);
    free(text);
    return status;
}
