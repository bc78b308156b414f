/* SPDX-License-Identifier: BSD-3-Clause */
#include "explore/point.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "beampress/chunk.h"
#include "beampress/operation.h"
#include "explore/point_metrics.h"
#include "explore/point_shared.h"

static double seconds_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

double bp_point_ratio(const bp_point *point)
{
    return point->stored_bytes ? (double)point->raw_bytes / (double)point->stored_bytes : 0;
}

void bp_point_fini(bp_point *point)
{
    for (size_t i = 0; point->judged && i < point->judged_count; i++)
        bp_judged_fini(&point->judged[i]);
    free(point->judged);
    free(point->pipeline);
    free(point->picture);
    *point = (bp_point){0};
}

/* A point on its way. */
typedef struct run {
    bp_trial *trial;
    bp_point *point;
    bp_pipeline *pipeline;
    bp_codec_spec codec;
    const bp_memory_stack *base; /* what the last stage gets */
    bp_memory_stack own;         /* what it gives; values NULL when an operation does */
    bp_plan *plan;               /* of the last stage */
    bp_chain chain;
    uint8_t *labels;      /* of base, for the operation */
    bp_memory_stack test; /* as a reader gets it */
    uint8_t *room;
    size_t room_bytes;
} run;

static bp_status read_base(bp_context *ctx, void *user, uint64_t first, size_t count, void *values)
{
    (void)ctx;
    const bp_memory_stack *s = user;
    size_t bytes = s->flow.rows * s->flow.columns * bp_dtype_size(s->flow.dtype);
    memcpy(values, (const uint8_t *)s->values + first * bytes, count * bytes);
    return BP_OK;
}

/* The operation of the last stage, when it has one and keeps the frames. */
static bp_status open_operation(bp_context *ctx, run *r, size_t last)
{
    bp_flow flow = r->base->flow;
    bp_part *part = r->trial->part;
    flow.mask = r->base->mask;
    bp_status status = bp_plan_new(ctx, r->pipeline, last, 1, &flow, &part->beside, 1, &r->plan, NULL);
    bp_pipeline_source source = {read_base, (void *)(uintptr_t)r->base, r->base->keys, &part->beside, NULL};
    if (status == BP_OK)
        status = bp_plan_open(ctx, r->plan, &source, NULL, NULL);
    if (status == BP_OK)
        status = r->pipeline->stages[last].stage->operation(ctx, bp_plan_stage(r->plan, 0),
                                                            &r->chain.operations[0]);
    if (status != BP_OK || !r->chain.operations[0].operation)
        return status;
    r->chain.count = 1;
    size_t count = (size_t)flow.frames * flow.rows * flow.columns;
    r->labels = malloc(count + 1);
    r->own.values = malloc(count * bp_dtype_size(flow.dtype) + 1);
    if (!r->labels || !r->own.values)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for labels");
    r->own.flow = flow;
    return bp_plan_read_before(ctx, r->plan, 0, (size_t)flow.frames, r->own.values, r->labels);
}

static bp_status run_stages(bp_context *ctx, run *r)
{
    size_t count = r->pipeline->count;
    bp_status status = bp_shared_stack_get(ctx, r->trial, r->pipeline, count ? count - 1 : 0, &r->base);
    double start = seconds_now();
    if (status == BP_OK && count && r->pipeline->stages[count - 1].stage->operation)
        status = open_operation(ctx, r, count - 1);
    if (status == BP_OK && count && r->chain.count == 0)
        status = bp_pipeline_run_memory(ctx, r->pipeline, count - 1, 1, r->base, &r->trial->part->beside, 1,
                                        &r->own);
    r->point->stage_seconds = seconds_now() - start;
    return status;
}

static bp_status frame_array(bp_context *ctx, const bp_flow *flow, void *data, bp_array *array)
{
    const size_t shape[3] = {1, flow->rows, flow->columns};
    if (bp_array_init(array, flow->dtype, 0, 3, shape, data) == BP_OK)
        return BP_OK;
    return bp_fail(ctx, BP_E_UNSUPPORTED, "no frames of %zu x %zu", flow->rows, flow->columns);
}

static bp_status code_frame(bp_context *ctx, run *r, const bp_memory_stack *in, uint64_t f)
{
    size_t pixels = in->flow.rows * in->flow.columns;
    uint8_t *from = (uint8_t *)in->values + f * pixels * bp_dtype_size(in->flow.dtype);
    size_t bytes = pixels * bp_dtype_size(r->test.flow.dtype), size = 0;
    bp_array array;
    bp_status status = frame_array(ctx, &in->flow, from, &array);
    if (status != BP_OK)
        return status;
    bp_chunk_source source = {&array, r->labels ? r->labels + f * pixels : NULL, r->test.flow.dtype,
                              f * pixels};
    double start = seconds_now();
    status = r->chain.count ? bp_chunk_encode_values(ctx, &r->codec, &r->chain, &source, BP_LITTLE_ENDIAN,
                                                     NULL, r->room, r->room_bytes, &size)
                            : bp_chunk_encode(ctx, &r->codec, &array, BP_LITTLE_ENDIAN, NULL, r->room,
                                              r->room_bytes, &size);
    double middle = seconds_now();
    if (status == BP_OK)
        status = bp_chunk_decode(ctx, r->room, size, (uint8_t *)r->test.values + f * bytes, bytes);
    r->point->encode_seconds += middle - start;
    r->point->decode_seconds += seconds_now() - middle;
    r->point->stored_bytes += size;
    return status;
}

static bp_status code_frames(bp_context *ctx, run *r)
{
    const bp_memory_stack *in = r->own.values ? &r->own : r->base;
    size_t pixels = in->flow.rows * in->flow.columns, count = (size_t)in->flow.frames;
    r->test.flow = r->plan ? *bp_plan_out(r->plan) : in->flow;
    r->test.flow.mask = NULL;
    r->test.values = malloc(count * pixels * bp_dtype_size(r->test.flow.dtype) + 1);
    bp_array array;
    bp_status status = frame_array(ctx, &in->flow, NULL, &array);
    if (status != BP_OK)
        return status;
    bp_chunk_source source = {&array, r->labels, r->test.flow.dtype, 0};
    r->room_bytes = r->chain.count ? bp_chunk_worst_values(&r->codec, &r->chain, &source, NULL)
                                   : bp_chunk_worst_size(&r->codec, &array, NULL);
    r->room = malloc(r->room_bytes + 1);
    if (!r->test.values || !r->room || r->room_bytes == 0)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for encoded frames");
    for (uint64_t f = 0; f < count && status == BP_OK; f++)
        status = bp_context_cancelled(ctx) ? bp_fail(ctx, BP_E_INTERRUPTED, "interrupted")
                                           : code_frame(ctx, r, in, f);
    return status;
}

/* Where frames were dropped, and which pixels are labels for good. Borrowed from what the stages gave. */
static void take_places(run *r)
{
    const bp_memory_stack *in = r->own.values && !r->chain.count ? &r->own : r->base;
    r->test.origin = in->origin;
    r->test.mask = in->mask;
    r->test.keys = in->keys;
}

float *bp_trial_picture(const bp_trial *trial, const bp_science_stack *frames)
{
    const bp_window *w = &trial->window;
    const bp_flow *flow = &trial->part->stack.flow;
    size_t pixels = flow->rows * flow->columns;
    if (frames->rows != flow->rows || frames->columns != flow->columns || frames->frames != flow->frames)
        return NULL;
    double *frame = malloc((pixels + 1) * sizeof *frame);
    float *picture = malloc((w->rows * w->columns + 1) * sizeof *picture);
    if (!frame || !picture || frames->read(NULL, frames->user, w->frame, 1, frame) != BP_OK) {
        free(picture);
        picture = NULL;
    }
    for (size_t r = 0; picture && r < w->rows; r++)
        for (size_t c = 0; c < w->columns; c++)
            picture[r * w->columns + c] = (float)frame[(w->row + r) * flow->columns + w->column + c];
    free(frame);
    return picture;
}

static bp_status analyse(bp_context *ctx, run *r)
{
    bp_trial *t = r->trial;
    bp_point *p = r->point;
    const bp_flow *was = &t->part->stack.flow, *is = &r->test.flow;
    bool same = was->dtype == is->dtype && was->rows == is->rows && was->columns == is->columns &&
                was->frames == is->frames;
    p->identical = same && memcmp(t->part->stack.values, r->test.values, bp_part_bytes(t->part)) == 0;
    bp_part_view view;
    bp_part_view_init(&view, t->part, &r->test);
    p->judged = calloc(t->answer_count + 1, sizeof *p->judged);
    if (!p->judged)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for results");
    double start = seconds_now();
    bp_status status = BP_OK;
    for (size_t i = 0; i < t->answer_count && status == BP_OK; i++) {
        p->judged_count++;
        status = bp_judge_run(ctx, &t->answers[i], &t->view.science, p->identical ? NULL : &view.science,
                              &p->judged[i]);
    }
    double middle = seconds_now();
    view.decoded = true; /* for pictures and metrics */
    if (status == BP_OK)
        p->picture = bp_trial_picture(t, &view.science);
    if (status == BP_OK)
        status = bp_point_metrics(ctx, &t->view.science, &view.science, &p->metrics);
    p->analysis_seconds = middle - start;
    p->metric_seconds = seconds_now() - middle;
    return status;
}

bp_status bp_point_decide(bp_context *ctx, bp_trial *trial, bp_point *point)
{
    bp_status status = BP_OK;
    point->decision = point->ran ? BP_NOT_JUDGED : BP_FAIL;
    if (point->ran)
        point->reason[0] = 0;
    for (size_t i = 0; i < point->judged_count && status == BP_OK; i++) {
        bp_judged *j = &point->judged[i];
        status = bp_judge_decide(ctx, &trial->budgets, j);
        point->decision = bp_decision_worse(point->decision, j->verdict.decision);
        for (size_t k = 0; k < j->verdict.count && status == BP_OK; k++) {
            const bp_judgement *what = &j->verdict.items[k];
            if (what->decision == BP_FAIL && !point->reason[0])
                snprintf(point->reason, sizeof point->reason, "%s: %.200s", what->reference->name,
                         j->failed[0] ? j->failed : what->reason);
        }
    }
    return status;
}

static bp_status make(bp_context *ctx, run *r)
{
    bp_status status = bp_pipeline_parse(ctx, r->point->pipeline, &r->pipeline, NULL);
    if (status == BP_OK) {
        r->codec = r->pipeline->codec;
        if (!r->codec.codec)
            status = bp_codec_spec_parse(ctx, "photon", BP_LEVEL_BALANCED, &r->codec);
    }
    if (status == BP_OK)
        status = run_stages(ctx, r);
    if (status == BP_OK)
        status = code_frames(ctx, r);
    if (status == BP_OK)
        take_places(r);
    if (status == BP_OK)
        status = analyse(ctx, r);
    r->point->ran = status == BP_OK;
    return status;
}

bp_status bp_point_make(bp_context *ctx, bp_trial *trial, bp_point *point)
{
    run r = {.trial = trial, .point = point};
    point->raw_bytes = bp_part_bytes(trial->part);
    point->stored_bytes = 0;
    bp_status status = make(ctx, &r);
    if (status != BP_OK) {
        snprintf(point->reason, sizeof point->reason, "%.255s", bp_context_message(ctx));
        for (size_t i = 0; point->judged && i < point->judged_count; i++)
            bp_judged_fini(&point->judged[i]);
        point->judged_count = 0;
        point->stored_bytes = 0;
    }
    bp_plan_free(r.plan);
    bp_memory_stack_fini(&r.own);
    free(r.labels);
    free(r.room);
    free(r.test.values);
    bp_shared_stack_give(trial, r.base);
    bp_pipeline_free(r.pipeline);
    if (status == BP_E_MEMORY || status == BP_E_INTERRUPTED || status == BP_E_INTERNAL)
        return status;
    return bp_point_decide(ctx, trial, point);
}
