/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "io/hdf5_file.h"
#include "io/hdf5_read.h"
#include "io/hdf5_region.h"
#include "io/hdf5_source.h"

static bp_status set_axis(bp_context *ctx, const bp_range *range, const char *what, size_t axis,
                          bp_h5_box *box, bool *partial)
{
    if (range->end == 0)
        return BP_OK;
    uint64_t length = box->shape[axis], end = range->end == UINT64_MAX ? length : range->end;
    if (range->begin >= end || end > length)
        return bp_fail(ctx, BP_E_USAGE, "there are no %s %llu:%llu; they are 0:%llu", what,
                       (unsigned long long)range->begin, (unsigned long long)end, (unsigned long long)length);
    box->offset[axis] = range->begin;
    box->shape[axis] = end - range->begin;
    *partial = *partial || box->shape[axis] != length;
    return BP_OK;
}

bp_status bp_h5_box_of_options(bp_context *ctx, const bp_file_options *options, size_t rank,
                               const hsize_t *shape, bp_h5_box *box, bool *partial)
{
    memset(box, 0, sizeof *box);
    box->rank = (unsigned)rank;
    *partial = false;
    for (size_t i = 0; i < rank; i++)
        box->shape[i] = shape[i];
    if (options->frames.end && rank < 3)
        return bp_fail(ctx, BP_E_USAGE, "it has no frames to choose from: %zu axes, and a frame has two",
                       rank);
    if ((options->rows.end || options->columns.end) && rank < 2)
        return bp_fail(ctx, BP_E_USAGE, "it has no rows and columns: %zu axes", rank);
    bp_status status = set_axis(ctx, &options->frames, "frames", 0, box, partial);
    if (status == BP_OK)
        status = set_axis(ctx, &options->rows, "rows", rank - 2, box, partial);
    return status == BP_OK ? set_axis(ctx, &options->columns, "columns", rank - 1, box, partial) : status;
}

static bp_status describe(bp_context *ctx, hid_t dataset, bp_array *array)
{
    bp_h5_source source;
    size_t shape[BP_MAX_RANK];
    bp_status status = bp_h5_source_init(ctx, dataset, &source);
    if (status == BP_OK && source.dtype == BP_OPAQUE)
        status = bp_fail(ctx, BP_E_UNSUPPORTED, "its elements are no plain numbers");
    for (size_t i = 0; status == BP_OK && i < source.rank; i++)
        shape[i] = (size_t)source.shape[i];
    if (status == BP_OK && bp_array_init(array, source.dtype, 0, source.rank, shape, NULL) != BP_OK)
        status = bp_fail(ctx, BP_E_UNSUPPORTED, "it is larger than memory can be");
    bp_h5_source_fini(&source);
    return status;
}

static bp_status put_piece(bp_context *ctx, void *user, const hsize_t *offset, const hsize_t *shape,
                           const void *values, size_t bytes)
{
    const bp_array *out = user;
    bp_array piece, part;
    size_t at[BP_MAX_RANK], extent[BP_MAX_RANK];
    (void)bytes;
    for (size_t i = 0; i < out->rank; i++) {
        at[i] = (size_t)offset[i];
        extent[i] = (size_t)shape[i];
    }
    bp_status status =
        bp_array_init(&piece, out->dtype, 0, out->rank, extent, (void *)(uintptr_t)values); /* only read */
    if (status == BP_OK)
        status = bp_array_part(out, at, extent, &part);
    if (status == BP_OK)
        status = bp_array_copy(&piece, &part);
    return status == BP_OK ? BP_OK : bp_fail(ctx, BP_E_INTERNAL, "a piece does not fit");
}

static bp_status read_region(bp_context *ctx, hid_t dataset, const uint64_t *offset,
                             const bp_file_options *options, const bp_array *out)
{
    bp_array whole, target = *out;
    bp_h5_box box = {.rank = (unsigned)out->rank};
    bp_status status = describe(ctx, dataset, &whole);
    if (status != BP_OK)
        return status;
    if (whole.dtype != out->dtype || whole.rank != out->rank || !bp_array_contiguous(out))
        return bp_fail(ctx, BP_E_USAGE,
                       "it is %s with %zu axes, which a contiguous array of the same must take",
                       bp_dtype_name(whole.dtype), whole.rank);
    for (size_t i = 0; i < out->rank; i++) {
        box.offset[i] = offset[i];
        box.shape[i] = out->shape[i];
    }
    return bp_h5_read_box(ctx, dataset, &box, options->threads, options->memory, put_piece, &target);
}

/* array: to be described; out: to be filled. One of them is NULL. */
static bp_status with_dataset(bp_context *ctx, const char *file, const char *path, const uint64_t *offset,
                              const bp_file_options *options, bp_array *array, const bp_array *out)
{
    hid_t id;
    bp_status status = bp_h5_open(ctx, file, &id);
    if (status != BP_OK)
        return status;
    bp_h5_quiet quiet;
    bp_h5_quiet_begin(&quiet);
    hid_t dataset = H5Dopen2(id, path, H5P_DEFAULT);
    if (dataset < 0)
        status = bp_h5_fail(ctx, BP_E_INPUT, "there is no such dataset");
    else
        status = out ? read_region(ctx, dataset, offset, options, out) : describe(ctx, dataset, array);
    bp_h5_release(&dataset);
    bp_h5_release(&id);
    bp_h5_quiet_end(&quiet);
    return status == BP_OK ? BP_OK : bp_fail_in(ctx, status, "%s: %s", file, path);
}

bp_status bp_dataset_describe(bp_context *ctx, const char *file, const char *dataset, bp_array *array)
{
    memset(array, 0, sizeof *array);
    return with_dataset(ctx, file, dataset, NULL, NULL, array, NULL);
}

bp_status bp_read_region(bp_context *ctx, const char *file, const char *dataset, const uint64_t *offset,
                         const bp_file_options *options, const bp_array *out)
{
    return with_dataset(ctx, file, dataset, offset, options, NULL, out);
}
