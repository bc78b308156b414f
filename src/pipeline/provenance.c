/* SPDX-License-Identifier: BSD-3-Clause
 * The record of a run: parameters as resolved, what was lost, which frames were kept, hashes. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "beampress/version.h"
#include "io/hdf5_process.h"
#include "io/text.h"
#include "pipeline/plan.h"
#include "pipeline/run.h"

static const char *const loss_words[] = {"lossless", "bounded", "unbounded"};

static void add(bp_text *json, const char *format, ...) BP_PRINTF(2, 3);
static void add(bp_text *json, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    bp_text_add(json, text, strlen(text));
}

/* A string of JSON; what is no ASCII goes as it is. */
static void add_text(bp_text *json, const char *text)
{
    add(json, "\"");
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\')
            add(json, "\\%c", c);
        else if (c < 32)
            add(json, "\\u%04x", c);
        else
            bp_text_add(json, text, 1);
    }
    add(json, "\"");
}

static void add_number(bp_text *json, double number)
{
    if (isfinite(number))
        add(json, "%.17g", number);
    else
        add(json, "null");
}

static void add_member(bp_text *json, const char *name, const char *text)
{
    add(json, "\"%s\": ", name);
    add_text(json, text);
}

static void add_array(bp_text *json, const char *name, const bp_flow *flow, uint64_t frames, uint64_t hash,
                      bool hashed)
{
    add(json,
        "\"%s\": {\"frames\": %llu, \"rows\": %zu, \"columns\": %zu, \"dtype\": \"%s\", \"xxh3\": ", name,
        (unsigned long long)frames, flow->rows, flow->columns, bp_dtype_name(flow->dtype));
    if (hashed)
        add(json, "\"%016llx\"}", (unsigned long long)hash);
    else
        add(json, "null}");
}

/* All parameters, also those that have their default. */
static void add_params(bp_text *json, const bp_stage_run *stage)
{
    add(json, ", \"params\": {");
    for (size_t i = 0; i < stage->stage->param_count; i++) {
        const bp_param *row = &stage->stage->params[i];
        const bp_value *value = &stage->values[i];
        add(json, "%s\"%s\": ", i ? ", " : "", row->name);
        if (row->kind == BP_PARAM_TEXT && value->given)
            add_text(json, value->text);
        else if (row->kind == BP_PARAM_CHOICE)
            add_text(json, row->choices[(size_t)value->number]);
        else
            add_number(json, value->number);
    }
    add(json, "}");
}

static void add_stage(bp_text *json, const bp_run *run, size_t index)
{
    const bp_stage_run *stage = bp_plan_stage(run->plan, index);
    char text[2048];
    bp_stage_spec_print(&run->pipeline->stages[index], text, sizeof text);
    add(json, "%s{", index ? ", " : "");
    add_member(json, "stage", stage->stage->name);
    add(json, ", ");
    add_member(json, "text", text);
    add_params(json, stage);
    add(json, ", \"resolved\": {");
    for (size_t i = 0; i < stage->resolved_count; i++) {
        const bp_resolved *r = &stage->resolved[i];
        add(json, "%s\"%s\": ", i ? ", " : "", r->name);
        if (isnan(r->number) && *r->text)
            add_text(json, r->text);
        else
            add_number(json, r->number);
    }
    add(json, "}, \"frames\": %llu, \"loss\": \"%s\", ", (unsigned long long)stage->out.frames,
        loss_words[stage->out.loss]);
    add_member(json, "law", stage->stage->traits & BP_STAGE_EXACT ? "" : stage->out.law);
    add(json, "}");
}

static void add_belongings(bp_text *json, const bp_run *run)
{
    static const char *const actions[] = {"follows", "mapped", "rescaled", "dropped"};
    add(json, "\"belongings\": [");
    for (size_t i = 0; i < run->belongings.count; i++) {
        const bp_belonging *b = &run->belongings.items[i];
        add(json, "%s{", i ? ", " : "");
        add_member(json, "path", b->path);
        add(json, ", ");
        add_member(json, "action", actions[b->action]);
        add(json, ", ");
        add_member(json, "note", b->note);
        add(json, "}");
    }
    add(json, "]");
}

/* Of stages and codec together. */
static double bound_of(const bp_run *run)
{
    const bp_flow *out = bp_plan_out(run->plan);
    const bp_codec_spec *spec = &run->codec;
    double stages = out->loss == BP_LOSS_UNBOUNDED ? (double)INFINITY : out->bound;
    if (bp_codec_spec_lossless(spec))
        return out->bound;
    return spec->codec->error_bound ? stages + spec->codec->error_bound(spec->params) : (double)INFINITY;
}

static void make_json(const bp_run *run, const char *pipeline, bp_text *json)
{
    const bp_flow *out = bp_plan_out(run->plan);
    char codec[512];
    bp_codec_spec_print(&run->codec, codec, sizeof codec);
    add(json, "{\"program\": \"beampress\", \"version\": \"%s\", ", bp_version());
    add_member(json, "pipeline", pipeline);
    add(json, ", ");
    add_member(json, "codec", codec);
    add(json, ", ");
    add_member(json, "dataset", run->reframe.dataset);
    if (run->verdict) {
        add(json, ", ");
        add_member(json, "verdict", run->verdict);
    }
    add(json, ", \"standard\": %s, ", run->options->standard ? "true" : "false");
    add_array(json, "input", &run->plan->in, run->plan->in.frames, run->input_hash, true);
    add(json, ", ");
    add_array(json, "output", out, out->frames, run->output_hash, run->output_hashed);
    add(json, ", \"stages\": [");
    for (size_t i = 0; i < run->plan->count; i++)
        add_stage(json, run, i);
    double bound = bound_of(run);
    add(json, "], \"loss\": \"%s\", \"bound_asked\": ",
        loss_words[bp_codec_spec_lossless(&run->codec) ? out->loss
                   : isfinite(bound)                   ? BP_LOSS_BOUNDED
                                                       : BP_LOSS_UNBOUNDED]);
    add_number(json, bound);
    add(json, ", \"max_error\": ");
    add_number(json, run->max_error);
    add(json, ", \"step_sigma\": ");
    add_number(json, out->step);
    add(json, ", \"variance_added\": ");
    add_number(json, out->variance);
    add(json, ", \"drop\": [");
    for (size_t i = 0; i < run->options->drop_count; i++) {
        add(json, i ? ", " : "");
        add_text(json, run->options->drop[i]);
    }
    add(json, "], ");
    add_belongings(json, run);
    add(json, "}");
}

typedef struct rows {
    bp_process_value items[BP_MAX_PROCESS_VALUES];
    size_t count;
} rows;

static void put(rows *r, const char *name, const char *unit, const char *text, double number)
{
    if (r->count == BP_MAX_PROCESS_VALUES)
        return;
    bp_process_value *value = &r->items[r->count++];
    *value = (bp_process_value){.unit = unit, .text = text, .number = number};
    snprintf(value->name, sizeof value->name, "%s", name);
}

static void put_parameters(const bp_run *run, rows *r)
{
    for (size_t i = 0; i < run->plan->count; i++) {
        const bp_stage_run *stage = bp_plan_stage(run->plan, i);
        for (size_t k = 0; k < stage->resolved_count; k++) {
            const bp_resolved *v = &stage->resolved[k];
            char name[96];
            snprintf(name, sizeof name, "%zu_%s_%s", i + 1, stage->stage->name, v->name);
            bool text = isnan(v->number) && *v->text;
            put(r, name, v->unit, text ? v->text : NULL, v->number);
        }
    }
}

/* Attributes of frames that are no longer those that were measured. */
static void put_attributes(const bp_run *run, const char *pipeline, rows *r)
{
    const bp_flow *out = bp_plan_out(run->plan);
    if (out->loss == BP_LOSS_NONE)
        return;
    put(r, "beampress_lossy", "", pipeline, 0);
    if (*out->law)
        put(r, "beampress_law", "", out->law, 0);
    if (isfinite(out->step))
        put(r, "beampress_step_sigma", "", NULL, out->step);
    if (isfinite(out->variance))
        put(r, "beampress_variance_added", "", NULL, out->variance);
    if (isfinite(out->bound))
        put(r, "beampress_bound", "", NULL, out->bound);
}

/* Which frames there still are, and the score of each that there was. */
static size_t list_arrays(const bp_run *run, uint64_t *origins, bp_process_array *arrays)
{
    size_t count = 0;
    uint64_t frames = bp_plan_frames(run->plan), all;
    const uint8_t *kept;
    bool dropped = false;
    for (size_t i = 0; i < run->plan->count; i++) {
        const double *scores = bp_plan_scores(run->plan, i, &kept, &all);
        if (!scores)
            continue;
        dropped = true;
        arrays[count] = (bp_process_array){
            .help = "number that decided about each frame", .dtype = BP_F64, .count = all, .values = scores};
        snprintf(arrays[count++].name, sizeof arrays->name, "%zu_score", i + 1);
        arrays[count] =
            (bp_process_array){.help = "1: the frame was kept", .dtype = BP_U8, .count = all, .values = kept};
        snprintf(arrays[count++].name, sizeof arrays->name, "%zu_kept", i + 1);
    }
    if (dropped && !run->reframe.turned && !run->reframe.other) {
        arrays[count] = (bp_process_array){.name = "frame_index",
                                           .help = "number of each frame in the input",
                                           .dtype = BP_U64,
                                           .count = frames,
                                           .values = origins};
        count++;
    }
    return count;
}

bp_status bp_run_write_provenance(bp_context *ctx, const bp_run *run, const char *output)
{
    uint64_t frames = bp_plan_frames(run->plan);
    size_t length = bp_pipeline_print(run->pipeline, NULL, 0);
    char *pipeline = malloc(length + 1), codec[512], hashes[2][20] = {"", ""};
    uint64_t *origins = malloc((size_t)frames * sizeof *origins);
    rows *parameters = calloc(1, sizeof *parameters), *attributes = calloc(1, sizeof *attributes);
    bp_process_array arrays[2 * BP_PIPELINE_STAGES + 1];
    bp_text json = {0};
    bp_status status = BP_OK;
    if (!pipeline || !origins || !parameters || !attributes) {
        status = bp_fail(ctx, BP_E_MEMORY, "no memory for the record of the run");
    } else {
        bp_pipeline_print(run->pipeline, pipeline, length + 1);
        bp_codec_spec_print(&run->codec, codec, sizeof codec);
        for (uint64_t i = 0; i < frames; i++)
            origins[i] = bp_plan_origin(run->plan, i);
        snprintf(hashes[0], sizeof hashes[0], "%016llx", (unsigned long long)run->input_hash);
        if (run->output_hashed)
            snprintf(hashes[1], sizeof hashes[1], "%016llx", (unsigned long long)run->output_hash);
        put(parameters, "pipeline", "", pipeline, 0);
        put(parameters, "codec", "", codec, 0);
        put(parameters, "dataset", "", run->reframe.dataset, 0);
        put(parameters, "input_xxh3", "", hashes[0], 0);
        put(parameters, "output_xxh3", "", hashes[1], 0);
        put(parameters, "bound_asked", "", NULL, bound_of(run));
        put(parameters, "bound_met", "", NULL, run->max_error);
        put(parameters, "frames_kept", "", NULL, (double)frames);
        if (run->verdict)
            put(parameters, "verdict", "", run->verdict, 0);
        put_parameters(run, parameters);
        put_attributes(run, pipeline, attributes);
        make_json(run, pipeline, &json);
        const bp_process process = {.dataset = run->reframe.dataset,
                                    .json = json.data,
                                    .parameters = parameters->items,
                                    .parameter_count = parameters->count,
                                    .arrays = arrays,
                                    .array_count = list_arrays(run, origins, arrays),
                                    .attributes = attributes->items,
                                    .scale = bp_plan_out(run->plan)->scale,
                                    .zero = bp_plan_out(run->plan)->zero,
                                    .attribute_count = attributes->count};
        status = json.failed || !json.data ? bp_fail(ctx, BP_E_MEMORY, "no memory for the record of the run")
                                           : bp_process_write(ctx, output, &process);
    }
    free(json.data);
    free(pipeline);
    free(origins);
    free(parameters);
    free(attributes);
    return status;
}
