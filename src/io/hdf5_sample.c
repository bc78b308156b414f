/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "io/frames_sample.h"
#include "io/hdf5_file.h"
#include "io/hdf5_source.h"
#include "io/sample_plan.h"

/* What reading the boxes of a sample needs again and again. */
typedef struct reader {
    bp_context *ctx;
    const bp_h5_source *source;
    bp_h5_stored stored;
    bp_scratch scratch;
    uint8_t *room; /* one decoded chunk */
} reader;

/* Copies what a cell at `at` and a box at `offset` share into box. */
static bp_status copy_overlap(const bp_array *cell, const hsize_t *at, const bp_array *box,
                              const hsize_t *offset)
{
    bp_array from, to;
    size_t in_cell[BP_MAX_RANK], in_box[BP_MAX_RANK], shape[BP_MAX_RANK];
    for (size_t i = 0; i < box->rank; i++) {
        hsize_t first = at[i] > offset[i] ? at[i] : offset[i];
        hsize_t end = at[i] + cell->shape[i], box_end = offset[i] + box->shape[i];
        end = end < box_end ? end : box_end;
        in_cell[i] = (size_t)(first - at[i]);
        in_box[i] = (size_t)(first - offset[i]);
        shape[i] = (size_t)(end - first);
    }
    bp_status status = bp_array_part(cell, in_cell, shape, &from);
    if (status == BP_OK)
        status = bp_array_part(box, in_box, shape, &to);
    return status == BP_OK ? bp_array_copy(&from, &to) : status;
}

static bp_status read_cell(reader *r, const hsize_t *at, const bp_array *box, const hsize_t *offset)
{
    const uint8_t *values;
    bp_status status = bp_h5_source_fetch(r->ctx, r->source, at, &r->stored);
    if (status == BP_OK)
        status = bp_h5_source_decode(r->ctx, r->source, &r->stored, &r->source->chunk, r->room, &r->scratch,
                                     &values);
    if (status != BP_OK) {
        char place[256];
        bp_h5_print_place(r->source->rank, at, place, sizeof place);
        return bp_fail_in(r->ctx, status, "chunk at %s", place);
    }
    bp_array cell = r->source->chunk;
    cell.data = (void *)(uintptr_t)values;
    return copy_overlap(&cell, at, box, offset);
}

/* All chunks that a box touches, in row-major order. */
static bp_status read_chunks(reader *r, const bp_array *box, const hsize_t *offset)
{
    const bp_array *chunk = &r->source->chunk;
    hsize_t first[BP_MAX_RANK], at[BP_MAX_RANK];
    for (size_t i = 0; i < box->rank; i++)
        at[i] = first[i] = offset[i] - offset[i] % chunk->shape[i];
    for (size_t axis = 0; axis < SIZE_MAX;) {
        if (bp_context_cancelled(r->ctx))
            return bp_fail(r->ctx, BP_E_INTERRUPTED, "interrupted");
        bp_status status = read_cell(r, at, box, offset);
        if (status != BP_OK)
            return status;
        for (axis = box->rank - 1; axis < SIZE_MAX; axis--) {
            at[axis] += chunk->shape[axis];
            if (at[axis] < offset[axis] + box->shape[axis])
                break;
            at[axis] = first[axis];
        }
    }
    return BP_OK;
}

static bp_status read_box(reader *r, const bp_array *box, const hsize_t *offset)
{
    if (r->source->direct)
        return read_chunks(r, box, offset);
    bp_status status = bp_h5_source_read(r->ctx, r->source, offset, box->shape, &r->stored);
    if (status != BP_OK)
        return status;
    bp_array values = *box;
    for (size_t i = box->rank, bytes = box->itemsize; i-- > 0; bytes *= box->shape[i])
        values.strides[i] = (ptrdiff_t)bytes;
    values.data = r->stored.bytes;
    return bp_array_copy(&values, box);
}

/* Chunks are read run by run, everything else index by index, to keep a second copy of it small. */
static bp_status read_runs(reader *r, const bp_sample_plan *plan, const bp_sample *sample)
{
    size_t step = r->source->direct ? plan->run_length : 1;
    bp_status status = BP_OK;
    for (size_t done = 0; status == BP_OK && done < plan->part[plan->cut]; done += step) {
        hsize_t offset[BP_MAX_RANK] = {0};
        size_t from[BP_MAX_RANK] = {0}, shape[BP_MAX_RANK];
        bp_array box;
        memcpy(shape, plan->part, sizeof shape);
        shape[plan->cut] = step;
        from[plan->cut] = done;
        offset[plan->cut] = plan->starts[done / plan->run_length] + done % plan->run_length;
        status = bp_array_part(&sample->array, from, shape, &box);
        if (status == BP_OK)
            status = read_box(r, &box, offset);
    }
    return status;
}

static bp_status read_dataset(bp_context *ctx, hid_t dataset, size_t max_bytes, bp_sample *sample)
{
    bp_h5_source source;
    bp_sample_plan plan;
    uint64_t shape[BP_MAX_RANK];
    reader r = {.ctx = ctx, .source = &source};
    bp_status status = bp_h5_source_init(ctx, dataset, &source);
    if (status == BP_OK && (source.dtype == BP_OPAQUE || source.rank == 0))
        status = bp_fail(ctx, BP_E_UNSUPPORTED, "is no array of numbers");
    for (size_t i = 0; i < source.rank && status == BP_OK; i++)
        shape[i] = source.shape[i];
    if (status == BP_OK) {
        bp_sample_plan_make(&plan, source.itemsize, source.rank, shape, max_bytes);
        status = bp_sample_allocate(ctx, &plan, source.dtype, shape, sample);
    }
    if (status == BP_OK && source.direct && !(r.room = malloc(bp_array_bytes(&source.chunk) + 1)))
        status = bp_fail(ctx, BP_E_MEMORY, "no memory for a chunk");
    if (status == BP_OK && bp_array_elements(&sample->array) > 0) {
        status = read_runs(&r, &plan, sample);
        bp_h5_swap_to_machine(source.dtype, source.order, sample->array.data, bp_array_bytes(&sample->array));
    }
    free(r.room);
    bp_h5_stored_fini(&r.stored);
    bp_scratch_fini(&r.scratch);
    bp_h5_source_fini(&source);
    return status;
}

static bp_status read_hdf5(bp_context *ctx, const char *file, const char *path, size_t max_bytes,
                           bp_sample *sample)
{
    hid_t id;
    bp_status status = bp_h5_open(ctx, file, &id);
    if (status != BP_OK)
        return status;
    bp_h5_quiet quiet;
    bp_h5_quiet_begin(&quiet);
    hid_t dataset = H5Dopen2(id, path, H5P_DEFAULT);
    status = dataset < 0 ? bp_h5_fail(ctx, BP_E_INPUT, "there is no such dataset")
                         : read_dataset(ctx, dataset, max_bytes, sample);
    bp_h5_release(&dataset);
    bp_h5_quiet_end(&quiet);
    bp_h5_release(&id);
    return status == BP_OK ? BP_OK : bp_fail_in(ctx, status, "%s: %s", file, path);
}

bp_status bp_sample_read(bp_context *ctx, const char *file, const char *path, size_t max_bytes,
                         bp_sample *sample)
{
    memset(sample, 0, sizeof *sample);
    bp_status status = bp_h5_is_hdf5(file) || strcmp(path, "/") != 0
                           ? read_hdf5(ctx, file, path, max_bytes, sample)
                           : bp_frames_sample_read(ctx, file, max_bytes, sample);
    if (status != BP_OK)
        bp_sample_fini(sample);
    return status;
}
