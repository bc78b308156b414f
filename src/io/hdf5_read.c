/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "base/pool.h"
#include "io/hdf5_cells.h"
#include "io/hdf5_file.h"
#include "io/hdf5_read.h"

typedef struct thread_room {
    bp_scratch scratch;
    uint8_t *values; /* of a cell that sticks out */
} thread_room;

typedef struct job {
    struct job *next;
    struct reader *reader;
    bp_h5_stored in;
    uint8_t *out;
    size_t shape[BP_MAX_RANK];
    size_t bytes;
} job;

typedef struct reader {
    bp_h5_source source;
    bp_array cell;
    hsize_t begin[BP_MAX_RANK], end[BP_MAX_RANK]; /* of what is wanted */
    hsize_t first[BP_MAX_RANK];                   /* where the first cell begins */
    bp_h5_piece piece;
    void *user;
    bp_pool *pool;
    thread_room *rooms;
    unsigned room_count;
    job *spare;
} reader;

/* The part of a cell that is wanted: where it begins in the cell, and its shape. True when that is all. */
static bool clip(const reader *r, const hsize_t *offset, size_t *from, size_t *shape)
{
    bool whole = true;
    for (size_t i = 0; i < r->source.rank; i++) {
        hsize_t begin = offset[i] < r->begin[i] ? r->begin[i] : offset[i];
        hsize_t end = r->end[i] - offset[i] < r->cell.shape[i] ? r->end[i] : offset[i] + r->cell.shape[i];
        from[i] = (size_t)(begin - offset[i]);
        shape[i] = (size_t)(end - begin);
        whole = whole && shape[i] == r->cell.shape[i];
    }
    return whole;
}

/* cell: values of the first ones of its axis 0 are enough when frames alone were decoded. */
static bp_status take_part(const bp_array *cell, const uint8_t *values, const size_t *from, job *j)
{
    bp_array whole = *cell, to, part;
    whole.data = (void *)(uintptr_t)values; /* only read */
    bp_status status = bp_array_part(&whole, from, j->shape, &part);
    if (status == BP_OK)
        status = bp_array_init(&to, cell->dtype, cell->itemsize, cell->rank, j->shape, j->out);
    return status == BP_OK ? bp_array_copy(&part, &to) : status;
}

/* Fewer frames than the chunk has, and a chunk that gives single ones. */
static bool wants_frames(const reader *r, const job *j)
{
    return j->in.kind == BP_H5_STORED && j->in.mask == 0 && r->source.direct && !r->source.edges_raw &&
           bp_filters_has_frames(&r->source.pipeline, &r->cell) && j->shape[0] < r->cell.shape[0];
}

static bp_status work(bp_context *ctx, unsigned thread, void *item)
{
    job *j = item;
    const reader *r = j->reader;
    thread_room *room = &r->rooms[thread];
    size_t bytes = bp_array_bytes(&r->cell), from[BP_MAX_RANK];
    bool whole = clip(r, j->in.offset, from, j->shape);
    const uint8_t *values;
    j->bytes = r->source.itemsize;
    for (size_t i = 0; i < r->source.rank; i++)
        j->bytes *= j->shape[i];
    if ((!j->out && !(j->out = malloc(bytes))) ||
        (!whole && !room->values && !(room->values = malloc(bytes))))
        return bp_fail(ctx, BP_E_MEMORY, "no memory for %zu bytes", bytes);
    bp_status status;
    if (!whole && wants_frames(r, j)) {
        /* the wanted frames alone, which then are the first ones */
        status = bp_filters_decode_frames(ctx, &r->source.pipeline, j->in.bytes, j->in.size, &r->cell,
                                          from[0], j->shape[0], room->values);
        values = room->values;
        from[0] = 0;
    } else {
        status = bp_h5_source_decode(ctx, &r->source, &j->in, &r->cell, whole ? j->out : room->values,
                                     &room->scratch, &values);
    }
    if (status == BP_OK && values != j->out)
        status = take_part(&r->cell, values, from, j);
    if (status == BP_OK)
        bp_h5_swap_to_machine(r->source.dtype, r->source.order, j->out, j->bytes);
    return status;
}

static bp_status done(bp_context *ctx, void *user, void *item, bp_status status)
{
    reader *r = user;
    job *j = item;
    if (status == BP_OK) {
        hsize_t shape[BP_MAX_RANK], at[BP_MAX_RANK];
        for (size_t i = 0; i < r->source.rank; i++) {
            shape[i] = j->shape[i];
            at[i] = j->in.offset[i] < r->begin[i] ? 0 : j->in.offset[i] - r->begin[i];
        }
        status = r->piece(ctx, r->user, at, shape, j->out, j->bytes);
    } else if (status != BP_E_INTERRUPTED) {
        char place[BP_MAX_RANK * 21];
        bp_h5_print_place(r->source.rank, j->in.offset, place, sizeof place);
        status = bp_fail_in(ctx, status, "values at %s", place);
    }
    j->next = r->spare;
    r->spare = j;
    return status;
}

static bp_status read_cell(bp_context *ctx, reader *r, const hsize_t *offset)
{
    job *j = r->spare;
    if (j)
        r->spare = j->next;
    else if (!(j = calloc(1, sizeof *j)))
        return bp_fail(ctx, BP_E_MEMORY, "no memory for a piece");
    j->reader = r;
    bp_status status = r->source.chunked && r->source.direct
                           ? bp_h5_source_fetch(ctx, &r->source, offset, &j->in)
                           : bp_h5_source_read(ctx, &r->source, offset, r->cell.shape, &j->in);
    if (status != BP_OK)
        return done(ctx, r, j, status);
    return bp_pool_submit(r->pool, j, j->in.size + bp_array_bytes(&r->cell));
}

/* Cells are chunks where those are decoded here; elsewhere they begin where the box does. */
static bp_status set_box(bp_context *ctx, reader *r, const bp_h5_box *box, size_t *cell)
{
    const bp_h5_source *source = &r->source;
    bool chunks = source->chunked && source->direct;
    if (box && box->rank != source->rank)
        return bp_fail(ctx, BP_E_USAGE, "a region of %u axes of data with %zu", box->rank, source->rank);
    for (size_t i = 0; i < source->rank; i++) {
        r->begin[i] = box ? box->offset[i] : 0;
        r->end[i] = box ? box->offset[i] + box->shape[i] : source->shape[i];
        if (box && (box->offset[i] > source->shape[i] || box->shape[i] > source->shape[i] - box->offset[i]))
            return bp_fail(ctx, BP_E_USAGE, "axis %zu has no %llu ... %llu: it ends at %llu", i,
                           (unsigned long long)r->begin[i], (unsigned long long)r->end[i],
                           (unsigned long long)source->shape[i]);
        if (box && !chunks && cell[i] > box->shape[i] && box->shape[i])
            cell[i] = (size_t)box->shape[i];
        r->first[i] = box && !chunks ? r->begin[i] : r->begin[i] - r->begin[i] % cell[i];
    }
    return BP_OK;
}

/* The next cell that the box touches; false behind the last. */
static bool next_cell(const reader *r, hsize_t *offset)
{
    for (size_t i = r->source.rank; i-- > 0;) {
        if (r->end[i] - offset[i] > r->cell.shape[i]) {
            offset[i] += r->cell.shape[i];
            return true;
        }
        offset[i] = r->first[i];
    }
    return false;
}

static bool is_empty(const reader *r)
{
    bool empty = r->source.bytes == 0;
    for (size_t i = 0; i < r->source.rank; i++)
        empty = empty || r->begin[i] == r->end[i];
    return empty;
}

static bp_status reader_init(bp_context *ctx, reader *r, hid_t dataset, const bp_h5_box *box,
                             unsigned threads, size_t memory)
{
    size_t cell[BP_MAX_RANK];
    bp_status status = bp_h5_source_init(ctx, dataset, &r->source);
    if (status == BP_OK)
        status = bp_h5_cells_check(ctx, &r->source);
    if (status != BP_OK)
        return status;
    bp_h5_cells_of(&r->source, cell);
    status = set_box(ctx, r, box, cell);
    if (status != BP_OK)
        return status;
    if (bp_array_init(&r->cell, r->source.dtype, r->source.itemsize, r->source.rank, cell, NULL) != BP_OK)
        return bp_fail(ctx, BP_E_DAMAGED, "its chunks are too large");
    r->pool = bp_pool_new(ctx, threads, memory ? memory : BP_H5_DEFAULT_MEMORY, work, done, r);
    if (r->pool)
        r->rooms = calloc(bp_pool_threads(r->pool), sizeof *r->rooms);
    if (!r->rooms)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for threads");
    r->room_count = bp_pool_threads(r->pool);
    return BP_OK;
}

static void reader_fini(reader *r)
{
    bp_pool_free(r->pool);
    while (r->spare) {
        job *next = r->spare->next;
        bp_h5_stored_fini(&r->spare->in);
        free(r->spare->out);
        free(r->spare);
        r->spare = next;
    }
    for (unsigned i = 0; i < r->room_count; i++) {
        bp_scratch_fini(&r->rooms[i].scratch);
        free(r->rooms[i].values);
    }
    free(r->rooms);
    bp_h5_source_fini(&r->source);
}

bp_status bp_h5_read_box(bp_context *ctx, hid_t dataset, const bp_h5_box *box, unsigned threads,
                         size_t memory, bp_h5_piece piece, void *user)
{
    reader r = {.piece = piece, .user = user};
    hsize_t offset[BP_MAX_RANK];
    bp_h5_quiet quiet;
    bp_h5_quiet_begin(&quiet);
    bp_status status = reader_init(ctx, &r, dataset, box, threads, memory);
    if (status == BP_OK && !is_empty(&r)) {
        memcpy(offset, r.first, sizeof offset);
        do
            status = read_cell(ctx, &r, offset);
        while (status == BP_OK && next_cell(&r, offset));
        if (status == BP_OK)
            status = bp_pool_finish(r.pool);
    }
    reader_fini(&r);
    bp_h5_quiet_end(&quiet);
    return status;
}

bp_status bp_h5_read(bp_context *ctx, hid_t dataset, unsigned threads, size_t memory, bp_h5_piece piece,
                     void *user)
{
    return bp_h5_read_box(ctx, dataset, NULL, threads, memory, piece, user);
}
