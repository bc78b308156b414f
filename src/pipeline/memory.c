/* SPDX-License-Identifier: BSD-3-Clause
 * Frames of an open plan, and stacks in memory. */
#include <stdlib.h>
#include <string.h>

#include "pipeline/plan.h"

uint64_t bp_plan_frames(const bp_plan *plan)
{
    return bp_plan_out(plan)->frames;
}

uint64_t bp_plan_origin(const bp_plan *plan, uint64_t frame)
{
    for (size_t l = plan->count; l > 0; l--) {
        const bp_carry *carry = &plan->runs[l - 1].out.carry;
        if (carry->axes != BP_AXES_FRAMES)
            return UINT64_MAX;
        frame = plan->levels[l - 1].kept ? plan->levels[l - 1].kept[frame] : frame * carry->group;
    }
    return frame;
}

const double *bp_plan_scores(const bp_plan *plan, size_t index, const uint8_t **kept, uint64_t *count)
{
    const bp_plan_level *level = &plan->levels[index];
    *kept = level->keep;
    *count = level->frames;
    return level->scores;
}

static bp_status read_frames(bp_context *ctx, bp_plan *plan, size_t level, uint64_t first, size_t count,
                             void *values, uint8_t *labels)
{
    uint64_t frames = plan->levels[level].frames;
    if (first > frames || count > frames - first)
        return bp_fail(ctx, BP_E_INTERNAL, "frames outside the output");
    uint64_t *indices = malloc((count + 1) * sizeof *indices);
    if (!indices)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for %zu frames", count);
    for (size_t i = 0; i < count; i++)
        indices[i] = first + i;
    bp_status status = bp_level_read(ctx, plan, level, indices, count, values, labels);
    free(indices);
    return status;
}

bp_status bp_plan_read(bp_context *ctx, bp_plan *plan, uint64_t first, size_t count, void *values,
                       uint8_t *labels)
{
    return read_frames(ctx, plan, plan->count, first, count, values, labels);
}

bp_status bp_plan_operation(bp_context *ctx, const bp_plan *plan, bp_operation_spec *operation)
{
    const bp_stage_run *run = &plan->runs[plan->count - 1];
    return run->stage->operation(ctx, run, operation);
}

bp_status bp_plan_read_before(bp_context *ctx, bp_plan *plan, uint64_t first, size_t count, void *values,
                              uint8_t *labels)
{
    return read_frames(ctx, plan, plan->count - 1, first, count, values, labels);
}

/* ---- in memory ---- */

static bp_status read_memory(bp_context *ctx, void *user, uint64_t first, size_t count, void *values)
{
    (void)ctx;
    const bp_memory_stack *in = user;
    size_t bytes = in->flow.rows * in->flow.columns * bp_dtype_size(in->flow.dtype);
    memcpy(values, (const uint8_t *)in->values + first * bytes, count * bytes);
    return BP_OK;
}

static bp_status take_all(bp_context *ctx, bp_plan *plan, bp_memory_stack *out)
{
    const bp_flow *flow = bp_plan_out(plan);
    uint64_t frames = bp_plan_frames(plan);
    size_t pixels = flow->rows * flow->columns, bytes = pixels * bp_dtype_size(flow->dtype);
    if (frames > SIZE_MAX / 2 / bytes)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for the output");
    out->flow = *flow;
    out->flow.mask = NULL;
    out->values = malloc((size_t)frames * bytes);
    out->origin = malloc((size_t)frames * sizeof *out->origin);
    if (flow->mask)
        out->mask = malloc(pixels);
    const uint8_t *keys = plan->levels[plan->count].keys;
    if (keys)
        out->keys = malloc((size_t)frames);
    if (!out->values || !out->origin || (flow->mask && !out->mask) || (keys && !out->keys))
        return bp_fail(ctx, BP_E_MEMORY, "no memory for the output");
    if (flow->mask)
        memcpy(out->mask, flow->mask, pixels);
    out->flow.mask = out->mask;
    if (keys)
        memcpy(out->keys, keys, (size_t)frames);
    for (uint64_t i = 0; i < frames; i++)
        out->origin[i] = bp_plan_origin(plan, i);
    return bp_plan_read(ctx, plan, 0, (size_t)frames, out->values, NULL);
}

bp_status bp_pipeline_run_memory(bp_context *ctx, const bp_pipeline *pipeline, size_t first, size_t count,
                                 const bp_memory_stack *in, const bp_beside *beside, unsigned threads,
                                 bp_memory_stack *out)
{
    *out = (bp_memory_stack){0};
    bp_flow flow = in->flow;
    flow.mask = in->mask;
    flow.keyed = in->keys != NULL;
    flow.labelled |= in->mask != NULL;
    bp_plan *plan;
    bp_status status = bp_plan_new(ctx, pipeline, first, count, &flow, beside, threads, &plan, NULL);
    bp_pipeline_source source = {read_memory, (void *)(uintptr_t)in, in->keys, beside, NULL};
    if (status == BP_OK)
        status = bp_plan_open(ctx, plan, &source, NULL, NULL);
    if (status == BP_OK)
        status = take_all(ctx, plan, out);
    bp_plan_free(plan);
    return status;
}

void bp_memory_stack_fini(bp_memory_stack *stack)
{
    free(stack->values);
    free(stack->keys);
    free(stack->mask);
    free(stack->origin);
    *stack = (bp_memory_stack){0};
}
