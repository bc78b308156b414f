/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "algo/values.h"
#include "base/bits.h"
#include "base/hash.h"
#include "pipeline/input.h"

/* On any thread, but never two for the same frame at a time. */
static void hash_frame(void *user, uint64_t frame, const void *values)
{
    bp_pipeline_input *in = user;
    if (in->read[frame])
        return;
    in->hashes[frame] = bp_hash64(values, in->flow.rows * in->flow.columns * bp_dtype_size(in->flow.dtype));
    in->read[frame] = 1;
}

static bp_status read_frames(bp_context *ctx, void *user, uint64_t first, size_t count, void *values)
{
    bp_pipeline_input *in = user;
    size_t bytes = in->flow.rows * in->flow.columns * bp_dtype_size(in->flow.dtype);
    bp_status status = bp_stack_read_typed(ctx, in->stack, first, count, values);
    if (status != BP_OK || !in->keep_last)
        return status;
    if (count * bytes > in->last_room) {
        free(in->last);
        in->last = malloc(count * bytes);
        in->last_room = in->last ? count * bytes : 0;
    }
    in->last_count = in->last ? count : 0;
    in->last_first = first;
    if (in->last)
        memcpy(in->last, values, count * bytes);
    return BP_OK;
}

static bp_status read_beside(bp_context *ctx, void *user, const char *name, double **values, size_t *rank,
                             size_t *shape)
{
    const bp_pipeline_input *in = user;
    bp_sample sample;
    bool found;
    const char *mask = bp_stack_get_facts(in->stack)->mask;
    bool is_mask = strcmp(name, "mask") == 0 && *mask;
    bp_status status = bp_stack_beside(ctx, in->stack, is_mask ? mask : name, &sample, &found);
    *values = NULL;
    if (status == BP_OK && found) {
        size_t count = bp_array_elements(&sample.array);
        *rank = sample.array.rank;
        memcpy(shape, sample.array.shape, sizeof sample.array.shape);
        *values = malloc((count + 1) * sizeof **values);
        if (!*values)
            status = bp_fail(ctx, BP_E_MEMORY, "no memory for %s", name);
        else if (sample.array.dtype == BP_OPAQUE)
            status = bp_fail(ctx, BP_E_INPUT, "%s holds no plain numbers", name);
        else
            bp_values_to_double(sample.array.dtype, sample.array.data, count, *values);
    }
    bp_sample_fini(&sample);
    if (status != BP_OK) {
        free(*values);
        *values = NULL;
    }
    return status;
}

static bp_status read_facts(bp_context *ctx, bp_pipeline_input *in)
{
    const bp_stack_facts *facts = bp_stack_get_facts(in->stack);
    bp_stack_detector d;
    bp_flow_init(&in->flow, facts->dtype, facts->frames, facts->rows, facts->columns);
    bp_status status = bp_stack_read_detector(ctx, in->stack, &d);
    if (status != BP_OK)
        return status;
    in->keys = d.image_key;
    status = bp_stack_mask(ctx, in->stack, &in->mask);
    bp_flow *flow = &in->flow;
    flow->keyed = in->keys != NULL;
    flow->mask = in->mask;
    flow->saturation = d.saturation;
    flow->labelled |= in->mask != NULL || !isnan(d.saturation);
    flow->count_time = d.count_time;
    for (int i = 0; i < 2; i++) {
        flow->pixel_size[i] = d.pixel_size[i];
        flow->beam_centre[i] = d.beam_centre[i];
    }
    double *angles;
    size_t count;
    if (status == BP_OK)
        status = bp_stack_side(ctx, in->stack, "rotation_angle", &angles, &count);
    if (status == BP_OK && angles) {
        if (count > 1 && count == facts->frames)
            flow->angle_step = (angles[count - 1] - angles[0]) / (double)(count - 1);
        free(angles);
    }
    return status;
}

static bool is_plain_type(bp_dtype dtype)
{
    return dtype == BP_U8 || dtype == BP_U16 || dtype == BP_U32 || dtype == BP_I8 || dtype == BP_I16 ||
           dtype == BP_I32 || dtype == BP_F32 || dtype == BP_F64;
}

bp_status bp_pipeline_input_open(bp_context *ctx, const char *file, const char *dataset, unsigned threads,
                                 bp_pipeline_input *in)
{
    *in = (bp_pipeline_input){0};
    bp_status status = bp_stack_open(ctx, file, dataset, threads, &in->stack);
    if (status != BP_OK)
        return status;
    status = read_facts(ctx, in);
    if (status == BP_OK && !is_plain_type(in->flow.dtype))
        status = bp_fail(ctx, BP_E_UNSUPPORTED, "%s: %s: pipelines do not take %s", file,
                         bp_stack_get_facts(in->stack)->path, bp_dtype_name(in->flow.dtype));
    if (status != BP_OK)
        return status;
    in->hashes = calloc(in->flow.frames, sizeof *in->hashes);
    in->read = calloc(in->flow.frames, 1);
    if (!in->hashes || !in->read)
        return bp_fail(ctx, BP_E_MEMORY, "%s: no memory for %llu hashes", file,
                       (unsigned long long)in->flow.frames);
    in->beside = (bp_beside){read_beside, in};
    in->source = (bp_pipeline_source){read_frames, in, in->keys, &in->beside, hash_frame};
    return BP_OK;
}

void bp_pipeline_input_fini(bp_pipeline_input *in)
{
    bp_stack_close(in->stack);
    free(in->mask);
    free(in->keys);
    free(in->hashes);
    free(in->read);
    free(in->last);
    *in = (bp_pipeline_input){0};
}

uint64_t bp_hash_of_hashes(const uint64_t *hashes, uint64_t count)
{
    uint64_t hash = 0;
    for (uint64_t i = 0; i < count; i++) { /* one after the other: no room for all of them is needed */
        uint8_t pair[16];
        bp_store_le64(pair, hash);
        bp_store_le64(pair + 8, hashes[i]);
        hash = bp_hash64(pair, sizeof pair);
    }
    return hash;
}

bp_status bp_pipeline_input_hash(bp_context *ctx, bp_pipeline_input *in, uint64_t *hash)
{
    size_t bytes = in->flow.rows * in->flow.columns * bp_dtype_size(in->flow.dtype);
    void *room = NULL;
    bp_status status = BP_OK;
    in->keep_last = false;
    for (uint64_t i = 0; i < in->flow.frames && status == BP_OK; i++) {
        if (in->read[i])
            continue;
        if (!room && !(room = malloc(bytes)))
            status = bp_fail(ctx, BP_E_MEMORY, "no memory for a frame");
        else
            status = read_frames(ctx, in, i, 1, room);
        if (status == BP_OK)
            hash_frame(in, i, room);
    }
    free(room);
    if (status == BP_OK)
        *hash = bp_hash_of_hashes(in->hashes, in->flow.frames);
    return status;
}

bp_status bp_hash_frames(bp_context *ctx, const char *file, const char *dataset, unsigned threads,
                         uint64_t *hash)
{
    bp_stack *stack;
    bp_status status = bp_stack_open(ctx, file, dataset, threads, &stack);
    if (status != BP_OK)
        return status;
    const bp_stack_facts *facts = bp_stack_get_facts(stack);
    size_t bytes = facts->rows * facts->columns * bp_dtype_size(facts->dtype);
    uint64_t *hashes = calloc((size_t)facts->frames, sizeof *hashes);
    uint8_t *values = malloc(bytes);
    if (!hashes || !values)
        status = bp_fail(ctx, BP_E_MEMORY, "%s: no memory for a frame", file);
    for (uint64_t i = 0; i < facts->frames && status == BP_OK; i++) {
        status = bp_stack_read_typed(ctx, stack, i, 1, values);
        if (status == BP_OK)
            hashes[i] = bp_hash64(values, bytes);
    }
    if (status == BP_OK)
        *hash = bp_hash_of_hashes(hashes, facts->frames);
    free(values);
    free(hashes);
    bp_stack_close(stack);
    return status;
}
