/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "algo/max_error.h"
#include "io/frames_box.h"
#include "io/hdf5_check_frames.h"
#include "io/hdf5_file.h"
#include "io/hdf5_read.h"

#define DEFAULT_MEMORY ((size_t)256 << 20)

typedef struct check {
    const bp_file_options *options;
    bp_frames *frames;
    const bp_frames_facts *facts;
    bp_frames_box *box; /* NULL: one number alone, or nothing */
    size_t rank;        /* of the dataset */
    hsize_t shape[BP_MAX_RANK];
    bool folded; /* the dataset's leading axes are one in the series */
    double bound;
    uint8_t *again; /* the values of a piece, read from the frames */
    size_t again_size;
    uint64_t done, total; /* bytes */
} check;

static bp_status compare(bp_context *ctx, const check *c, const void *values, size_t bytes)
{
    bp_array before, after;
    size_t count = bytes / bp_dtype_size(c->facts->dtype);
    if (memcmp(values, c->again, bytes) == 0)
        return BP_OK;
    bool numbers = bp_array_init(&before, c->facts->dtype, 0, 1, &count, c->again) == BP_OK &&
                   bp_array_init(&after, c->facts->dtype, 0, 1, &count, (void *)(uintptr_t)values) == BP_OK;
    if (c->bound >= 0 && numbers && bp_max_error(&before, &after) <= c->bound)
        return BP_OK;
    return bp_fail(ctx, BP_E_INTERNAL, "the written values differ from those that were read");
}

/* The next place of a row-major walk through `shape`; false behind the last. */
static bool step(size_t rank, const size_t *shape, size_t *at)
{
    for (size_t i = rank; i-- > 0;) {
        if (++at[i] < shape[i])
            return true;
        at[i] = 0;
    }
    return false;
}

/* A box of the dataset out of the pages that it was folded into. */
static bp_status read_folded(bp_context *ctx, check *c, const hsize_t *offset, const size_t *shape)
{
    size_t axes = c->facts->frame_rank, tail = c->rank < axes ? c->rank : axes, lead = c->rank - tail;
    size_t at[BP_MAX_RANK] = {0}, part[BP_MAX_RANK], bytes = bp_dtype_size(c->facts->dtype);
    uint64_t from[BP_MAX_RANK] = {0};
    uint8_t *to = c->again;
    for (size_t i = 0; i <= axes; i++)
        part[i] = 1;
    for (size_t i = 0; i < tail; i++) {
        part[axes - i] = shape[c->rank - 1 - i];
        from[axes - i] = offset[c->rank - 1 - i];
        bytes *= part[axes - i];
    }
    do {
        from[0] = 0;
        for (size_t i = 0; i < lead; i++)
            from[0] = from[0] * c->shape[i] + offset[i] + at[i];
        bp_status status = bp_frames_box_read(ctx, c->box, from, part, to);
        if (status != BP_OK)
            return status;
        to += bytes;
    } while (step(lead, shape, at));
    return BP_OK;
}

static bp_status read_again(bp_context *ctx, check *c, const hsize_t *offset, const size_t *shape)
{
    uint64_t at[BP_MAX_RANK];
    if (!c->box)
        return bp_frames_read(ctx, c->frames, 0, c->again);
    if (c->folded)
        return read_folded(ctx, c, offset, shape);
    for (size_t i = 0; i < c->rank; i++)
        at[i] = offset[i];
    return bp_frames_box_read(ctx, c->box, at, shape, c->again);
}

static bp_status check_piece(bp_context *ctx, void *user, const hsize_t *offset, const hsize_t *extent,
                             const void *values, size_t bytes)
{
    check *c = user;
    size_t shape[BP_MAX_RANK];
    if (bytes == 0)
        return BP_OK;
    for (size_t i = 0; i < c->rank; i++)
        shape[i] = (size_t)extent[i];
    if (bytes > c->again_size) {
        free(c->again);
        c->again = malloc(bytes);
        c->again_size = c->again ? bytes : 0;
        if (!c->again)
            return bp_fail(ctx, BP_E_MEMORY, "no memory for %zu bytes", bytes);
    }
    bp_status status = read_again(ctx, c, offset, shape);
    if (status == BP_OK)
        status = compare(ctx, c, values, bytes);
    c->done += bytes;
    if (status == BP_OK && c->options->progress)
        c->options->progress(c->options->progress_user, "verify", c->done, c->total);
    return status;
}

/* The dataset's shape beside that of the series. */
static bp_status set_shape(bp_context *ctx, check *c, hid_t dataset, const bp_h5_box *box)
{
    hid_t space = H5Dget_space(dataset);
    int rank = H5Sget_simple_extent_ndims(space);
    bp_status status = BP_OK;
    if (rank < 0 || rank > BP_MAX_RANK || H5Sget_simple_extent_dims(space, c->shape, NULL) < 0)
        status = bp_h5_fail(ctx, BP_E_INTERNAL, "the shape cannot be read");
    bp_h5_release(&space);
    if (status != BP_OK)
        return status;
    c->rank = (size_t)rank;
    for (size_t i = 0; box && i < c->rank; i++)
        c->shape[i] = box->shape[i];
    c->folded = c->rank != c->facts->rank;
    for (size_t i = 0; !c->folded && i < c->rank; i++)
        c->folded = c->shape[i] != c->facts->shape[i];
    /* pages are the only frames that are folded */
    if (c->folded && c->facts->rank != c->facts->frame_rank + 1)
        return bp_fail(ctx, BP_E_INTERNAL, "the shapes differ");
    return BP_OK;
}

bp_status bp_h5_check_frames(bp_context *ctx, hid_t dataset, const bp_h5_box *box, bp_frames *frames,
                             const bp_file_options *options, double bound)
{
    check c = {.options = options, .frames = frames, .facts = bp_frames_get_facts(frames), .bound = bound};
    size_t memory = options->memory ? options->memory : DEFAULT_MEMORY;
    c.total = c.facts->count * c.facts->frame_bytes;
    bp_status status = set_shape(ctx, &c, dataset, box);
    if (status == BP_OK && c.facts->rank > 0 && c.total > 0)
        status = bp_frames_box_new(ctx, frames, memory / 4, &c.box);
    if (status == BP_OK)
        status = bp_h5_read_box(ctx, dataset, box, options->threads, options->memory, check_piece, &c);
    if (status == BP_OK && c.done != c.total)
        status = bp_fail(ctx, BP_E_INTERNAL, "values are missing in the written file");
    bp_frames_box_free(c.box);
    free(c.again);
    return status;
}
