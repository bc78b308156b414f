/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "io/frames_box.h"

/* The slab that is kept: the same rows of several frames, which lie in a box of the leading axes. */
struct bp_frames_box {
    bp_frames *frames;
    const bp_frames_facts *facts;
    size_t memory;
    size_t lead; /* axes before those of a frame; the row axis is the next one */
    bool has_slab;
    size_t offset[BP_MAX_RANK], shape[BP_MAX_RANK];
    uint8_t *bytes;
    size_t capacity;
};

bp_status bp_frames_box_new(bp_context *ctx, bp_frames *frames, size_t memory, bp_frames_box **result)
{
    const bp_frames_facts *facts = bp_frames_get_facts(frames);
    *result = NULL;
    if (facts->frame_rank == 0 || facts->count == 0 || facts->frame_bytes == 0)
        return bp_fail(ctx, BP_E_INTERNAL, "boxes of frames without values");
    bp_frames_box *box = calloc(1, sizeof *box);
    if (!box)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for frames");
    box->frames = frames;
    box->facts = facts;
    box->memory = memory;
    box->lead = facts->rank - facts->frame_rank;
    *result = box;
    return BP_OK;
}

void bp_frames_box_free(bp_frames_box *box)
{
    if (!box)
        return;
    free(box->bytes);
    free(box);
}

static bool slab_covers(const bp_frames_box *box, const size_t *offset, const size_t *shape)
{
    size_t row = box->lead;
    return box->has_slab && memcmp(box->offset, offset, box->lead * sizeof *offset) == 0 &&
           memcmp(box->shape, shape, box->lead * sizeof *shape) == 0 && offset[row] >= box->offset[row] &&
           offset[row] + shape[row] <= box->offset[row] + box->shape[row];
}

/* The next coordinates of a row-major walk through the leading axes of the slab; false behind the last. */
static bool next_frame(const bp_frames_box *box, size_t *at)
{
    for (size_t i = box->lead; i-- > 0;) {
        if (++at[i] < box->shape[i])
            return true;
        at[i] = 0;
    }
    return false;
}

static bp_status fill_slab(bp_context *ctx, bp_frames_box *box)
{
    size_t at[BP_MAX_RANK] = {0}, row = box->lead, bytes = bp_dtype_size(box->facts->dtype);
    uint8_t *to = box->bytes;
    for (size_t i = row; i < box->facts->rank; i++)
        bytes *= box->shape[i];
    do {
        uint64_t frame = 0;
        for (size_t i = 0; i < box->lead; i++)
            frame = frame * box->facts->shape[i] + box->offset[i] + at[i];
        if (bp_context_cancelled(ctx))
            return bp_fail(ctx, BP_E_INTERRUPTED, "interrupted");
        bp_status status =
            bp_frames_read_rows(ctx, box->frames, frame, box->offset[row], box->shape[row], to);
        if (status != BP_OK)
            return status;
        to += bytes;
    } while (next_frame(box, at));
    box->has_slab = true;
    return BP_OK;
}

/* Loads the rows that are asked for and, as far as memory allows, those that the walk will ask for next. */
static bp_status load_slab(bp_context *ctx, bp_frames_box *box, const size_t *offset, const size_t *shape,
                           size_t step)
{
    size_t row = box->lead, line = bp_dtype_size(box->facts->dtype), bytes;
    box->has_slab = false;
    for (size_t i = 0; i < box->facts->rank; i++) {
        box->offset[i] = i <= row ? offset[i] : 0;
        box->shape[i] = i < row ? shape[i] : box->facts->shape[i];
        if (i != row && bp_mul_overflows(line, box->shape[i], &line))
            return bp_fail(ctx, BP_E_MEMORY, "no memory for a line of chunks");
    }
    size_t left = box->facts->shape[row] - offset[row], fit = box->memory / line / step * step;
    box->shape[row] = fit < shape[row] ? shape[row] : fit < left ? fit : left;
    if (bp_mul_overflows(line, box->shape[row], &bytes))
        return bp_fail(ctx, BP_E_MEMORY, "no memory for a line of chunks");
    if (bytes > box->capacity) {
        free(box->bytes);
        box->bytes = malloc(bytes);
        box->capacity = box->bytes ? bytes : 0;
        if (!box->bytes)
            return bp_fail(ctx, BP_E_MEMORY, "no memory for %zu bytes of frames", bytes);
    }
    return fill_slab(ctx, box);
}

bp_status bp_frames_box_read(bp_context *ctx, bp_frames_box *box, const uint64_t *offset, const size_t *shape,
                             void *values)
{
    const bp_frames_facts *facts = box->facts;
    size_t at[BP_MAX_RANK], inside[BP_MAX_RANK], zero[BP_MAX_RANK] = {0};
    bool whole = true;
    for (size_t i = 0; i < facts->rank; i++) {
        if (offset[i] >= facts->shape[i] || shape[i] == 0)
            return bp_fail(ctx, BP_E_INTERNAL, "a box outside the series");
        at[i] = (size_t)offset[i];
        size_t left = facts->shape[i] - at[i];
        inside[i] = shape[i] < left ? shape[i] : left;
        whole = whole && inside[i] == shape[i];
    }
    if (!slab_covers(box, at, inside)) {
        bp_status status = load_slab(ctx, box, at, inside, shape[box->lead]);
        if (status != BP_OK)
            return status;
    }
    for (size_t i = 0; i < facts->rank; i++)
        at[i] -= box->offset[i];
    bp_array slab, out, from, to;
    if (bp_array_init(&slab, facts->dtype, 0, facts->rank, box->shape, box->bytes) != BP_OK ||
        bp_array_init(&out, facts->dtype, 0, facts->rank, shape, values) != BP_OK)
        return bp_fail(ctx, BP_E_MEMORY, "a chunk that does not fit into memory");
    if (!whole)
        memset(values, 0, bp_array_bytes(&out));
    if (bp_array_part(&slab, at, inside, &from) != BP_OK || bp_array_part(&out, zero, inside, &to) != BP_OK ||
        bp_array_copy(&from, &to) != BP_OK)
        return bp_fail(ctx, BP_E_INTERNAL, "a box outside what was loaded");
    return BP_OK;
}
