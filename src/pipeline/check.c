/* SPDX-License-Identifier: BSD-3-Clause
 * Text meets frames: what flows through the stages, before any data move. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "pipeline/plan.h"

void bp_flow_default_marks(bp_flow *flow)
{
    static const struct {
        bp_dtype dtype;
        double gap, dead, saturated;
    } rows[] = {{BP_U8, 255, 255, 255},
                {BP_U16, 65535, 65535, 65535},
                {BP_U32, 4294967295.0, 4294967294.0, 4294967295.0},
                {BP_I8, -1, -2, 127},
                {BP_I16, -1, -2, 32767},
                {BP_I32, -1, -2, 2147483647.0}};
    for (size_t i = 0; i < BP_LABEL_COUNT; i++)
        flow->mark[i] = NAN;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].dtype == flow->dtype) {
            flow->mark[BP_LABEL_NONE] = 0;
            flow->mark[BP_LABEL_GAP] = flow->mark[BP_LABEL_NOT_FINITE] = rows[i].gap;
            flow->mark[BP_LABEL_DEAD] = rows[i].dead;
            flow->mark[BP_LABEL_SATURATED] = rows[i].saturated;
        }
}

void bp_flow_init(bp_flow *flow, bp_dtype dtype, uint64_t frames, size_t rows, size_t columns)
{
    *flow = (bp_flow){.dtype = dtype,
                      .rows = rows,
                      .columns = columns,
                      .frames = frames,
                      .frames_known = true,
                      .time_ordered = true,
                      .saturation = NAN,
                      .gain = NAN,
                      .read_noise = NAN,
                      .offset = NAN,
                      .pixel_size = {NAN, NAN},
                      .beam_centre = {NAN, NAN},
                      .count_time = NAN,
                      .angle_step = NAN,
                      .step = NAN,
                      .variance = 0};
    flow->labelled = dtype == BP_U16 || dtype == BP_U32 || dtype == BP_F32 || dtype == BP_F64;
    flow->carry = (bp_carry){.row_step = 1, .column_step = 1, .group = 1};
    bp_flow_default_marks(flow);
}

const bp_flow *bp_plan_flow(const bp_plan *plan, size_t level)
{
    return level == 0 ? &plan->in : &plan->runs[level - 1].out;
}

static bool frame_sized(const bp_flow *flow, size_t *bytes)
{
    size_t factors[] = {flow->rows, flow->columns, bp_dtype_size(flow->dtype) + 1};
    return !bp_product_overflows(factors, 3, bytes) && *bytes > 0 && *bytes < SIZE_MAX / 4;
}

/* The mask as a frame of labels, seen through crop and bin: a binned pixel is a label when all that it covers
 * are. */
static bp_status carry_mask(bp_context *ctx, bp_plan *plan, bp_stage_run *run, uint8_t **made)
{
    const bp_flow *in = &run->in, *out = &run->out;
    const bp_carry *c = &out->carry;
    if (!in->mask || out->mask != in->mask)
        return BP_OK;
    bool same = c->axes == BP_AXES_FRAMES && in->rows == out->rows && in->columns == out->columns &&
                c->row_step == 1 && c->column_step == 1;
    if (same)
        return BP_OK;
    (void)plan;
    run->out.mask = NULL;
    if (c->axes != BP_AXES_FRAMES)
        return BP_OK;
    uint8_t *mask = malloc(out->rows * out->columns);
    if (!mask)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for a mask");
    for (size_t r = 0; r < out->rows; r++)
        for (size_t k = 0; k < out->columns; k++) {
            uint8_t label = 0;
            bool all = true;
            for (size_t i = 0; all && i < c->row_step * c->column_step; i++) {
                size_t row = c->row + r * c->row_step + i / c->column_step;
                size_t column = c->column + k * c->column_step + i % c->column_step;
                if (row >= in->rows || column >= in->columns)
                    continue;
                uint8_t here = in->mask[row * in->columns + column];
                all = here != 0;
                label = here;
            }
            mask[r * out->columns + k] = all ? label : 0;
        }
    *made = mask;
    run->out.mask = mask;
    return BP_OK;
}

void bp_flow_settle_marks(const bp_flow *in, bp_flow *out)
{
    bool left = true;
    for (size_t i = 0; i < BP_LABEL_COUNT; i++)
        left &= memcmp(&out->mark[i], &in->mark[i], sizeof out->mark[i]) == 0;
    if (out->dtype != in->dtype && left)
        bp_flow_default_marks(out);
}

/* What no stage should have to look after itself. */
static bp_status check_result(bp_context *ctx, bp_stage_run *run)
{
    const bp_flow *in = &run->in;
    bp_flow *out = &run->out;
    size_t bytes;
    bool same = out->dtype == in->dtype && out->rows == in->rows && out->columns == in->columns;
    bp_flow_settle_marks(in, out);
    if (!frame_sized(out, &bytes))
        return bp_stage_fail(ctx, run, -1, BP_E_USAGE, "would give frames of %zu x %zu pixels", out->rows,
                             out->columns);
    if (out->frames == 0)
        return bp_stage_fail(ctx, run, -1, BP_E_USAGE, "would leave no frame");
    bool drops = run->stage->traits & BP_STAGE_DROPS;
    if (in->keyed && out->keyed && !same && !drops && !(run->stage->traits & BP_STAGE_ALL_KEYS))
        return bp_stage_fail(ctx, run, -1, BP_E_USAGE,
                             "changes projections to %s, and flats and darks among them would stay %s: use "
                             "them up or drop them first",
                             bp_dtype_name(out->dtype), bp_dtype_name(in->dtype));
    return BP_OK;
}

/* What contradicts a stage that stands before. */
static bp_status check_order(bp_context *ctx, const bp_plan *plan, size_t index, bp_stage_run *run)
{
    const bp_stage *stage = run->stage;
    for (size_t i = 0; i < index && (stage->traits & BP_STAGE_ONCE); i++)
        if (plan->runs[i].stage == stage)
            return bp_stage_fail(ctx, run, -1, BP_E_USAGE, "stands twice in the pipeline");
    if (strcmp(run->in.unit, "codes") == 0 && !(stage->traits & BP_STAGE_EXACT))
        return bp_stage_fail(
            ctx, run, -1, BP_E_USAGE,
            "would work on the codes of quantise, not on values: it belongs before quantise");
    return BP_OK;
}

static bp_status check_stage(bp_context *ctx, bp_plan *plan, size_t index)
{
    bp_stage_run *run = &plan->runs[index];
    run->in = *bp_plan_flow(plan, index);
    run->out = run->in;
    run->out.carry = (bp_carry){.row_step = 1, .column_step = 1, .group = 1};
    run->blame = -1;
    if (run->stage->traits & BP_STAGE_DROPS)
        run->out.frames_known = false;
    if (!(run->stage->traits & BP_STAGE_EXACT)) { /* what a stage does not say is not promised */
        run->out.loss = BP_LOSS_UNBOUNDED;
        run->out.bound = INFINITY;
    }
    bp_status status = check_order(ctx, plan, index, run);
    if (status == BP_OK)
        status = run->stage->check(ctx, run);
    if (status == BP_OK)
        status = check_result(ctx, run);
    if (status == BP_OK)
        status = carry_mask(ctx, plan, run, &plan->masks[index]);
    return status;
}

static void blame_run(const bp_stage_run *run, bp_blame *blame)
{
    if (!blame)
        return;
    bool param =
        run->blame >= 0 && (size_t)run->blame < run->stage->param_count && run->values[run->blame].given;
    *blame = param ? (bp_blame){run->values[run->blame].at, run->values[run->blame].length}
                   : (bp_blame){run->at, run->length};
}

static bp_status check_last(bp_context *ctx, bp_plan *plan)
{
    for (size_t i = 0; i + 1 < plan->count; i++)
        if (plan->runs[i].stage->traits & BP_STAGE_LAST) {
            plan->runs[i].blame = -1;
            return bp_stage_fail(ctx, &plan->runs[i], -1, BP_E_USAGE,
                                 "must be the last stage before the codec");
        }
    return BP_OK;
}

bp_status bp_plan_new(bp_context *ctx, const bp_pipeline *pipeline, size_t first, size_t count,
                      const bp_flow *in, const bp_beside *beside, unsigned threads, bp_plan **plan,
                      bp_blame *blame)
{
    *plan = NULL;
    size_t bytes;
    if (first > pipeline->count || count > pipeline->count - first)
        return bp_fail(ctx, BP_E_USAGE, "the pipeline has no such stages");
    if (in->frames == 0 || !frame_sized(in, &bytes))
        return bp_fail(ctx, BP_E_INPUT, "there are no frames: %llu of %zu x %zu pixels",
                       (unsigned long long)in->frames, in->rows, in->columns);
    bp_plan *made = calloc(1, sizeof *made);
    if (!made)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for a plan");
    made->pipeline = pipeline;
    made->beside = beside;
    made->in = *in;
    made->threads = threads;
    for (size_t i = 0; i <= BP_PIPELINE_STAGES; i++)
        made->levels[i].fd = -1;
    bp_status status = BP_OK;
    for (size_t i = 0; i < count && status == BP_OK; i++) {
        const bp_stage_spec *spec = &pipeline->stages[first + i];
        bp_stage_run *run = &made->runs[i];
        *run = (bp_stage_run){.stage = spec->stage, .at = spec->at, .length = spec->length, .beside = beside};
        memcpy(run->values, spec->values, sizeof run->values);
        run->threads = threads;
        made->count = i + 1;
        status = check_stage(ctx, made, i);
        if (status != BP_OK)
            blame_run(run, blame);
    }
    if (status == BP_OK) {
        status = check_last(ctx, made);
        for (size_t i = 0; status != BP_OK && i + 1 < made->count; i++)
            if (made->runs[i].stage->traits & BP_STAGE_LAST)
                blame_run(&made->runs[i], blame);
    }
    if (status == BP_OK)
        *plan = made;
    else
        bp_plan_free(made);
    return status;
}

void bp_plan_free(bp_plan *plan)
{
    if (!plan)
        return;
    unsigned threads = plan->pool ? bp_pool_threads(plan->pool) : 0;
    bp_pool_free(plan->pool);
    for (unsigned i = 0; plan->rooms && i < threads; i++)
        free(plan->rooms[i]);
    free(plan->rooms);
    for (size_t i = 0; i < plan->count; i++) {
        if (plan->begun[i] && plan->runs[i].stage->end)
            plan->runs[i].stage->end(&plan->runs[i]);
        free(plan->masks[i]);
    }
    for (size_t i = 0; i <= plan->count; i++)
        bp_level_fini(&plan->levels[i]);
    free(plan);
}

size_t bp_plan_count(const bp_plan *plan)
{
    return plan->count;
}

const bp_stage_run *bp_plan_stage(const bp_plan *plan, size_t index)
{
    return &plan->runs[index];
}

const bp_flow *bp_plan_out(const bp_plan *plan)
{
    return bp_plan_flow(plan, plan->count);
}
