/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "io/plain.h"

#define HUGE_FRAME                                                                                           \
    ((size_t)256 << 20)          /* bytes; larger frames are taken line by line where there are lines        \
                                  */
#define CACHE ((size_t)64 << 20) /* bytes gathered in one pass over a Fortran file */
#define BLOCK ((size_t)1 << 20)  /* bytes read at a time from a Fortran file */

bp_status bp_plain_set_shape(bp_context *ctx, bp_frames_facts *facts, size_t rank, const size_t *shape)
{
    size_t frame_rank = rank < 2 ? rank : 2, items;
    size_t limit = HUGE_FRAME / bp_dtype_size(facts->dtype);
    if (rank >= 2 && rank <= BP_MAX_RANK &&
        (bp_product_overflows(shape + rank - 2, 2, &items) || items > limit))
        frame_rank = 1;
    return bp_frames_set_shape(ctx, facts, rank, shape, frame_rank);
}

void bp_plain_close(void *state)
{
    bp_plain *plain = state;
    bp_input_close(&plain->input);
    free(plain->cache);
    free(plain);
}

/* Where the leading coordinates of a frame stand in a file whose first axis is the fastest, in items. */
static size_t fortran_lead(const bp_frames_facts *facts, uint64_t frame)
{
    size_t axes = facts->rank - facts->frame_rank, at = 0;
    for (size_t i = axes; i-- > 0;) { /* frame counts the last of them fastest; so peel that off first */
        size_t coordinate = (size_t)(frame % facts->shape[i]), stride = 1;
        frame /= facts->shape[i];
        for (size_t j = 0; j < i; j++)
            stride *= facts->shape[j];
        at += coordinate * stride;
    }
    return at;
}

/* C-order place within a frame of the value that is number `pixel` in Fortran order. */
static size_t c_place(const bp_frames_facts *facts, size_t pixel)
{
    if (facts->frame_rank < 2)
        return pixel;
    size_t height = facts->shape[facts->rank - 2], width = facts->shape[facts->rank - 1];
    return pixel % height * width + pixel / height;
}

static bp_status gather(bp_context *ctx, bp_plain *plain, size_t frames, size_t *leads, uint8_t *block,
                        size_t block_pixels)
{
    const bp_frames_facts *facts = &plain->facts;
    size_t itemsize = bp_dtype_size(facts->dtype), pixels = facts->frame_bytes / itemsize;
    size_t run = (size_t)facts->count; /* values of one pixel, side by side */
    for (size_t k = 0; k < frames; k++)
        leads[k] = fortran_lead(facts, plain->cache_first + k);
    for (size_t first = 0; first < pixels; first += block_pixels) {
        size_t count = pixels - first < block_pixels ? pixels - first : block_pixels;
        if (bp_context_cancelled(ctx))
            return bp_fail(ctx, BP_E_INTERRUPTED, "interrupted");
        bp_status status = bp_input_read(ctx, &plain->input, plain->offset + (uint64_t)first * run * itemsize,
                                         block, count * run * itemsize);
        if (status != BP_OK)
            return status;
        for (size_t p = 0; p < count; p++) {
            uint8_t *to = plain->cache + c_place(facts, first + p) * itemsize;
            const uint8_t *from = block + p * run * itemsize;
            for (size_t k = 0; k < frames; k++)
                memcpy(to + k * facts->frame_bytes, from + leads[k] * itemsize, itemsize);
        }
    }
    plain->cache_count = frames;
    return BP_OK;
}

static bp_status fill_cache(bp_context *ctx, bp_plain *plain, uint64_t frame)
{
    const bp_frames_facts *facts = &plain->facts;
    size_t most = CACHE / facts->frame_bytes;
    size_t frames = most < 1 ? 1 : most > facts->count - frame ? (size_t)(facts->count - frame) : most;
    size_t run_bytes = (size_t)facts->count * bp_dtype_size(facts->dtype);
    size_t block_pixels = run_bytes < BLOCK ? BLOCK / run_bytes : 1;
    uint8_t *block = malloc(block_pixels * run_bytes);
    size_t *leads = calloc(frames, sizeof *leads);
    bp_status status = BP_OK;
    plain->cache_count = 0;
    plain->cache_first = frame;
    free(plain->cache);
    plain->cache = malloc(frames * facts->frame_bytes);
    if (!block || !leads || !plain->cache)
        status = bp_fail(ctx, BP_E_MEMORY, "no memory for %zu frames", frames);
    else
        status = gather(ctx, plain, frames, leads, block, block_pixels);
    free(block);
    free(leads);
    return status;
}

bp_status bp_plain_read_part(bp_context *ctx, void *state, uint64_t frame, size_t skip, size_t size,
                             void *values)
{
    bp_plain *plain = state;
    size_t bytes = plain->facts.frame_bytes, itemsize = bp_dtype_size(plain->facts.dtype);
    bp_status status = BP_OK;
    if (size == 0)
        return BP_OK;
    if (!plain->fortran) {
        status = bp_input_read(ctx, &plain->input, plain->offset + frame * bytes + skip, values, size);
    } else {
        if (frame < plain->cache_first || frame - plain->cache_first >= plain->cache_count)
            status = fill_cache(ctx, plain, frame);
        if (status == BP_OK)
            memcpy(values, plain->cache + (size_t)(frame - plain->cache_first) * bytes + skip, size);
    }
    if (status == BP_OK)
        bp_values_to_machine(values, size / itemsize, itemsize, plain->facts.big_endian);
    return status;
}

bp_status bp_plain_read(bp_context *ctx, void *state, uint64_t frame, void *values)
{
    const bp_plain *plain = state;
    return bp_plain_read_part(ctx, state, frame, 0, plain->facts.frame_bytes, values);
}
