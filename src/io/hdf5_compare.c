/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "algo/max_error.h"
#include "base/pool.h"
#include "io/hdf5_cells.h"
#include "io/hdf5_chunks.h"
#include "io/hdf5_compare.h"
#include "io/hdf5_file.h"
#include "io/hdf5_gather.h"

/* How one of the two comes to the cells. */
typedef enum way {
    CHUNKS, /* a cell is a stored chunk */
    VALUES, /* HDF5 reads the values */
    GATHER  /* put together from other chunks */
} way;

typedef struct side {
    bp_h5_source source;
    way way;
    bp_h5_gather *gather;
    char file[512]; /* its name, for messages */
} side;

typedef struct thread_room {
    bp_scratch scratch;
    uint8_t *values[2], *parts[2];
} thread_room;

typedef struct job {
    struct job *next;
    struct comparison *comparison;
    bp_h5_stored in[2];
    bool equal;
    size_t first[BP_MAX_RANK]; /* place in the cell */
    double error;
} job;

typedef struct comparison {
    side sides[2];
    double bound;
    unsigned threads;
    size_t memory;
    bp_array cell;
    bp_pool *pool;
    thread_room *rooms;
    unsigned room_count;
    job *spare;
    bool equal;
    hsize_t *first;
    double max_error;
} comparison;

static bool make_room(uint8_t **room, size_t bytes)
{
    return *room || (*room = malloc(bytes ? bytes : 1));
}

/* The values of one side of a cell, of the part inside the dataset only, without gaps. */
static bp_status side_values(bp_context *ctx, const comparison *c, thread_room *room, const job *j, int which,
                             const size_t *inside, const uint8_t **values)
{
    size_t bytes = bp_array_bytes(&c->cell);
    if (!make_room(&room->values[which], bytes) || (inside && !make_room(&room->parts[which], bytes)))
        return bp_fail(ctx, BP_E_MEMORY, "no memory for %zu bytes", bytes);
    bp_status status = bp_h5_source_decode(ctx, &c->sides[which].source, &j->in[which], &c->cell,
                                           room->values[which], &room->scratch, values);
    if (status != BP_OK)
        return bp_fail_in(ctx, status, "in %s", c->sides[which].file);
    if (!inside)
        return BP_OK;
    status = bp_h5_cell_compact(&c->cell, *values, inside, room->parts[which]);
    *values = room->parts[which];
    return status;
}

/* In the byte order of the machine, in room that may be written. */
static uint8_t *to_machine(const comparison *c, thread_room *room, int which, const uint8_t *values,
                           size_t bytes)
{
    const bp_h5_source *source = &c->sides[which].source;
    if (values != room->values[which])
        memmove(room->values[which], values, bytes);
    bp_h5_swap_to_machine(source->dtype, source->order, room->values[which], bytes);
    return room->values[which];
}

/* Error of `count` numbers from element `at` on. */
static double error_of(const comparison *c, uint8_t *a, uint8_t *b, size_t at, size_t count)
{
    bp_array x, y;
    size_t itemsize = c->cell.itemsize;
    if (bp_array_init(&x, c->cell.dtype, 0, 1, &count, a + at * itemsize) != BP_OK ||
        bp_array_init(&y, c->cell.dtype, 0, 1, &count, b + at * itemsize) != BP_OK)
        return 0;
    return bp_max_error(&x, &y);
}

/* Number of the first element that differs by bits (a, b not in machine order) or by more than the bound. */
static size_t first_difference(const comparison *c, uint8_t *a, uint8_t *b, size_t elements, bool by_bits)
{
    size_t low = 0, itemsize = c->cell.itemsize, step = 4096;
    for (; low < elements; low += step) {
        size_t n = elements - low < step ? elements - low : step;
        if (by_bits ? memcmp(a + low * itemsize, b + low * itemsize, n * itemsize) != 0
                    : !(error_of(c, a, b, low, n) <= c->bound))
            break;
    }
    for (; low < elements; low++)
        if (by_bits ? memcmp(a + low * itemsize, b + low * itemsize, itemsize) != 0
                    : !(error_of(c, a, b, low, 1) <= c->bound))
            break;
    return low;
}

static void judge(const comparison *c, thread_room *room, job *j, const uint8_t *a, const uint8_t *b,
                  const size_t *shape, size_t bytes)
{
    size_t elements = bytes / c->cell.itemsize;
    j->equal = memcmp(a, b, bytes) == 0;
    j->error = 0;
    if (j->equal)
        return;
    bool numbers = c->cell.dtype != BP_OPAQUE, by_bits = !numbers || c->bound < 0;
    size_t at = 0;
    if (by_bits)
        at = first_difference(c, (uint8_t *)(uintptr_t)a, (uint8_t *)(uintptr_t)b, elements, true);
    if (numbers) {
        uint8_t *x = to_machine(c, room, 0, a, bytes), *y = to_machine(c, room, 1, b, bytes);
        j->error = error_of(c, x, y, 0, elements);
        j->equal = !by_bits && j->error <= c->bound;
        if (!by_bits && !j->equal)
            at = first_difference(c, x, y, elements, false);
    }
    for (size_t i = c->cell.rank; i-- > 0; at /= shape[i])
        j->first[i] = at % shape[i];
}

static bp_status work(bp_context *ctx, unsigned thread, void *item)
{
    job *j = item;
    const comparison *c = j->comparison;
    thread_room *room = &c->rooms[thread];
    const uint8_t *values[2];
    size_t shape[BP_MAX_RANK], bytes = c->cell.itemsize;
    bool whole = bp_h5_cell_clip(&c->sides[0].source, c->cell.shape, j->in[0].offset, shape);
    for (size_t i = 0; i < c->cell.rank; i++)
        bytes *= shape[i];
    for (int which = 0; which < 2; which++) {
        bp_status status = side_values(ctx, c, room, j, which, whole ? NULL : shape, &values[which]);
        if (status != BP_OK)
            return status;
    }
    judge(c, room, j, values[0], values[1], shape, bytes);
    return BP_OK;
}

static bp_status done(bp_context *ctx, void *user, void *item, bp_status status)
{
    comparison *c = user;
    job *j = item;
    if (status == BP_OK && c->equal) {
        if (j->error > c->max_error)
            c->max_error = j->error;
        if (!j->equal) {
            c->equal = false;
            for (size_t i = 0; i < c->cell.rank; i++)
                c->first[i] = j->in[0].offset[i] + j->first[i];
        }
    } else if (status != BP_OK && status != BP_E_INTERRUPTED) {
        char place[BP_MAX_RANK * 21];
        bp_h5_print_place(c->cell.rank, j->in[0].offset, place, sizeof place);
        status = bp_fail_in(ctx, status, "values at %s", place);
    }
    j->next = c->spare;
    c->spare = j;
    return status;
}

static bp_status fetch(bp_context *ctx, comparison *c, side *s, const hsize_t *offset, bp_h5_stored *in)
{
    bool any;
    switch (s->way) {
    case CHUNKS:
        return bp_h5_source_fetch(ctx, &s->source, offset, in);
    case VALUES:
        return bp_h5_source_read(ctx, &s->source, offset, c->cell.shape, in);
    default:
        break;
    }
    memcpy(in->offset, offset, c->cell.rank * sizeof *offset);
    in->kind = BP_H5_VALUES;
    in->size = bp_array_bytes(&c->cell);
    if (in->capacity < in->size) {
        free(in->bytes);
        in->bytes = malloc(in->size);
        in->capacity = in->bytes ? in->size : 0;
    }
    if (!in->bytes)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for %zu bytes", in->size);
    return bp_h5_gather_box(ctx, s->gather, offset, c->cell.shape, in->bytes, &any);
}

static bool same_fill(const comparison *c)
{
    return memcmp(c->sides[0].source.fill, c->sides[1].source.fill, c->cell.itemsize) == 0;
}

static bp_status compare_cell(bp_context *ctx, comparison *c, const hsize_t *offset)
{
    job *j = c->spare;
    if (j)
        c->spare = j->next;
    else if (!(j = calloc(1, sizeof *j)))
        return bp_fail(ctx, BP_E_MEMORY, "no memory for a part");
    j->comparison = c;
    for (int which = 0; which < 2; which++) {
        bp_status status = fetch(ctx, c, &c->sides[which], offset, &j->in[which]);
        if (status != BP_OK)
            return done(ctx, c, j, bp_fail_in(ctx, status, "in %s", c->sides[which].file));
    }
    if (j->in[0].kind == BP_H5_FILL && j->in[1].kind == BP_H5_FILL && same_fill(c)) {
        j->equal = true;
        j->error = 0;
        return done(ctx, c, j, BP_OK);
    }
    return bp_pool_submit(c->pool, j, j->in[0].size + j->in[1].size);
}

static bool grid_is(const bp_h5_source *source, const size_t *cell)
{
    return source->chunked && source->direct &&
           memcmp(source->chunk.shape, cell, source->rank * sizeof *cell) == 0;
}

/* The cells are the chunks of the one that has some, the second first; where grids differ, boxes that hold
 * whole chunks of both. */
static bp_status choose_cells(bp_context *ctx, comparison *c)
{
    size_t cell[BP_MAX_RANK], box[BP_MAX_RANK];
    const bp_h5_source *a = &c->sides[0].source, *b = &c->sides[1].source;
    const bp_h5_source *lead = b->chunked && b->direct ? b : a->chunked && a->direct ? a : b->chunked ? b : a;
    const bp_h5_source *other = lead == b ? a : b;
    bp_h5_cells_of(lead, cell);
    if (other->chunked && other->direct && !grid_is(other, cell)) {
        bp_h5_gather_shape(other, cell, c->memory / 8, box);
        memcpy(cell, box, sizeof cell);
    }
    if (bp_array_init(&c->cell, a->dtype, a->itemsize, a->rank, cell, NULL) != BP_OK)
        return bp_fail(ctx, BP_E_DAMAGED, "its chunks are too large");
    for (int which = 0; which < 2; which++) {
        side *s = &c->sides[which];
        s->way = grid_is(&s->source, cell) ? CHUNKS : s->source.chunked && s->source.direct ? GATHER : VALUES;
        bp_status status = BP_OK;
        if (s->way == GATHER)
            status = bp_h5_gather_new(ctx, &s->source, c->threads, c->memory / 4, &s->gather);
        if (status != BP_OK)
            return status;
    }
    return BP_OK;
}

static bp_status check_alike(bp_context *ctx, const bp_h5_source *a, const bp_h5_source *b)
{
    bool alike = a->rank == b->rank && a->itemsize == b->itemsize && a->dtype == b->dtype &&
                 a->order == b->order && memcmp(a->shape, b->shape, a->rank * sizeof a->shape[0]) == 0;
    if (!alike)
        return bp_fail(ctx, BP_E_USAGE, "the two differ in shape or type");
    return bp_h5_cells_check(ctx, a);
}

/* As it was opened; the workers, who may need it for a message, do not call HDF5. */
static void take_file_name(hid_t dataset, char *name, size_t size)
{
    if (H5Fget_name(dataset, name, size) <= 0)
        snprintf(name, size, "a file without a name");
}

static bp_status comparison_init(bp_context *ctx, comparison *c, hid_t a, hid_t b)
{
    bp_status status = bp_h5_source_init(ctx, a, &c->sides[0].source);
    if (status == BP_OK)
        status = bp_h5_source_init(ctx, b, &c->sides[1].source);
    if (status == BP_OK)
        status = check_alike(ctx, &c->sides[0].source, &c->sides[1].source);
    if (status == BP_OK)
        status = choose_cells(ctx, c);
    if (status != BP_OK)
        return status;
    take_file_name(c->sides[0].source.dataset, c->sides[0].file, sizeof c->sides[0].file);
    take_file_name(c->sides[1].source.dataset, c->sides[1].file, sizeof c->sides[1].file);
    c->pool = bp_pool_new(ctx, c->threads, c->memory / 2, work, done, c);
    if (c->pool)
        c->rooms = calloc(bp_pool_threads(c->pool), sizeof *c->rooms);
    if (!c->rooms)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for threads");
    c->room_count = bp_pool_threads(c->pool);
    return BP_OK;
}

static void comparison_fini(comparison *c)
{
    bp_pool_free(c->pool);
    while (c->spare) {
        job *next = c->spare->next;
        bp_h5_stored_fini(&c->spare->in[0]);
        bp_h5_stored_fini(&c->spare->in[1]);
        free(c->spare);
        c->spare = next;
    }
    for (unsigned i = 0; i < c->room_count; i++) {
        bp_scratch_fini(&c->rooms[i].scratch);
        for (int which = 0; which < 2; which++) {
            free(c->rooms[i].values[which]);
            free(c->rooms[i].parts[which]);
        }
    }
    free(c->rooms);
    for (int which = 0; which < 2; which++) {
        bp_h5_gather_free(c->sides[which].gather);
        bp_h5_source_fini(&c->sides[which].source);
    }
}

static bp_status compare_stored(bp_context *ctx, void *user, const hsize_t *offset, hsize_t bytes)
{
    comparison *c = user;
    (void)bytes;
    return c->equal ? compare_cell(ctx, c, offset) : BP_OK;
}

/* Chunks that the first has not; the others have been compared. */
static bp_status compare_second(bp_context *ctx, void *user, const hsize_t *offset, hsize_t bytes)
{
    comparison *c = user;
    hsize_t first = 0;
    if (H5Dget_chunk_storage_size(c->sides[0].source.dataset, offset, &first) >= 0 && first)
        return BP_OK;
    return compare_stored(ctx, user, offset, bytes);
}

/* Where both have chunks of one shape, what neither has stored need not be looked at. */
static bp_status compare_all(bp_context *ctx, comparison *c)
{
    hsize_t offset[BP_MAX_RANK] = {0};
    if (c->sides[0].way == CHUNKS && c->sides[1].way == CHUNKS && same_fill(c)) {
        bp_status status = bp_h5_chunks_walk(ctx, c->sides[0].source.dataset, compare_stored, c);
        if (status == BP_OK && c->equal)
            status = bp_h5_chunks_walk(ctx, c->sides[1].source.dataset, compare_second, c);
        return status;
    }
    for (;;) {
        bp_status status = compare_cell(ctx, c, offset);
        if (status != BP_OK || !c->equal ||
            !bp_h5_step(c->cell.rank, c->sides[0].source.shape, c->cell.shape, offset))
            return status;
    }
}

bp_status bp_h5_compare(bp_context *ctx, hid_t a, hid_t b, const bp_verify_options *options, bool *equal,
                        hsize_t *first_offset, double *max_error)
{
    comparison c = {.bound = options->bound,
                    .threads = options->threads,
                    .memory = options->memory ? options->memory : BP_H5_DEFAULT_MEMORY,
                    .equal = true,
                    .first = first_offset};
    bp_h5_quiet quiet;
    *equal = true;
    *max_error = 0;
    for (int which = 0; which < 2; which++)
        c.sides[which].source.type = c.sides[which].source.space = H5I_INVALID_HID;
    bp_h5_quiet_begin(&quiet);
    bp_status status = comparison_init(ctx, &c, a, b);
    if (status == BP_OK && c.sides[0].source.bytes) {
        status = compare_all(ctx, &c);
        bp_status last = bp_pool_finish(c.pool);
        status = status == BP_OK ? last : status;
    }
    *equal = c.equal;
    *max_error = c.max_error;
    comparison_fini(&c);
    bp_h5_quiet_end(&quiet);
    return status;
}
