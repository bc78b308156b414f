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
    bp_h5_piece piece;
    void *user;
    bp_pool *pool;
    thread_room *rooms;
    unsigned room_count;
    job *spare;
} reader;

static bp_status work(bp_context *ctx, unsigned thread, void *item)
{
    job *j = item;
    const reader *r = j->reader;
    thread_room *room = &r->rooms[thread];
    size_t bytes = bp_array_bytes(&r->cell);
    bool whole = bp_h5_cell_clip(&r->source, r->cell.shape, j->in.offset, j->shape);
    const uint8_t *values;
    j->bytes = r->source.itemsize;
    for (size_t i = 0; i < r->source.rank; i++)
        j->bytes *= j->shape[i];
    if ((!j->out && !(j->out = malloc(bytes))) ||
        (!whole && !room->values && !(room->values = malloc(bytes))))
        return bp_fail(ctx, BP_E_MEMORY, "no memory for %zu bytes", bytes);
    bp_status status = bp_h5_source_decode(ctx, &r->source, &j->in, &r->cell, whole ? j->out : room->values,
                                           &room->scratch, &values);
    if (status == BP_OK && values != j->out)
        status = bp_h5_cell_compact(&r->cell, values, j->shape, j->out);
    if (status == BP_OK)
        bp_h5_swap_to_machine(r->source.dtype, r->source.order, j->out, j->bytes);
    return status;
}

static bp_status done(bp_context *ctx, void *user, void *item, bp_status status)
{
    reader *r = user;
    job *j = item;
    if (status == BP_OK) {
        hsize_t shape[BP_MAX_RANK];
        for (size_t i = 0; i < r->source.rank; i++)
            shape[i] = j->shape[i];
        status = r->piece(ctx, r->user, j->in.offset, shape, j->out, j->bytes);
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

static bp_status reader_init(bp_context *ctx, reader *r, hid_t dataset, unsigned threads, size_t memory)
{
    size_t cell[BP_MAX_RANK];
    bp_status status = bp_h5_source_init(ctx, dataset, &r->source);
    if (status == BP_OK)
        status = bp_h5_cells_check(ctx, &r->source);
    if (status != BP_OK)
        return status;
    bp_h5_cells_of(&r->source, cell);
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

bp_status bp_h5_read(bp_context *ctx, hid_t dataset, unsigned threads, size_t memory, bp_h5_piece piece,
                     void *user)
{
    reader r = {.piece = piece, .user = user};
    hsize_t offset[BP_MAX_RANK] = {0};
    bp_h5_quiet quiet;
    bp_h5_quiet_begin(&quiet);
    bp_status status = reader_init(ctx, &r, dataset, threads, memory);
    if (status == BP_OK && r.source.bytes) {
        do
            status = read_cell(ctx, &r, offset);
        while (status == BP_OK && bp_h5_step(r.source.rank, r.source.shape, r.cell.shape, offset));
        if (status == BP_OK)
            status = bp_pool_finish(r.pool);
    }
    reader_fini(&r);
    bp_h5_quiet_end(&quiet);
    return status;
}
