/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "base/pool.h"
#include "io/hdf5_gather.h"

#define GOOD_BOX_BYTES ((size_t)32 << 20) /* enough chunks to keep all threads busy */

typedef struct thread_room {
    bp_scratch scratch;
    uint8_t *values;
} thread_room;

typedef struct job {
    struct job *next;
    bp_h5_gather *gather;
    bp_h5_stored in;
} job;

struct bp_h5_gather {
    const bp_h5_source *source;
    bp_pool *pool;
    thread_room *rooms;
    unsigned room_count;
    job *spare;
    hsize_t box_offset[BP_MAX_RANK];
    bp_array box;
};

/* Puts the part of a decoded chunk that lies in the box there. */
static bp_status place(const bp_h5_gather *g, const hsize_t *offset, const uint8_t *values)
{
    bp_array chunk = g->source->chunk, from, to;
    size_t chunk_at[BP_MAX_RANK], box_at[BP_MAX_RANK], shape[BP_MAX_RANK];
    chunk.data = (void *)(uintptr_t)values; /* only read */
    for (size_t i = 0; i < chunk.rank; i++) {
        hsize_t chunk_end = offset[i] + chunk.shape[i], box_end = g->box_offset[i] + g->box.shape[i];
        hsize_t begin = offset[i] > g->box_offset[i] ? offset[i] : g->box_offset[i];
        hsize_t end = chunk_end < box_end ? chunk_end : box_end;
        end = end < g->source->shape[i] ? end : g->source->shape[i];
        chunk_at[i] = (size_t)(begin - offset[i]);
        box_at[i] = (size_t)(begin - g->box_offset[i]);
        shape[i] = (size_t)(end - begin);
    }
    bp_status status = bp_array_part(&chunk, chunk_at, shape, &from);
    if (status == BP_OK)
        status = bp_array_part(&g->box, box_at, shape, &to);
    return status == BP_OK ? bp_array_copy(&from, &to) : status;
}

static bp_status work(bp_context *ctx, unsigned thread, void *item)
{
    job *j = item;
    bp_h5_gather *g = j->gather;
    thread_room *room = &g->rooms[thread];
    size_t bytes = bp_array_bytes(&g->source->chunk);
    const uint8_t *values;
    if (!room->values && !(room->values = malloc(bytes)))
        return bp_fail(ctx, BP_E_MEMORY, "no memory for a chunk of %zu bytes", bytes);
    bp_status status =
        bp_h5_source_decode(ctx, g->source, &j->in, &g->source->chunk, room->values, &room->scratch, &values);
    return status == BP_OK ? place(g, j->in.offset, values) : status;
}

static bp_status done(bp_context *ctx, void *user, void *item, bp_status status)
{
    bp_h5_gather *g = user;
    job *j = item;
    char where[BP_MAX_RANK * 21];
    if (status != BP_OK && status != BP_E_INTERRUPTED) {
        bp_h5_print_place(g->source->rank, j->in.offset, where, sizeof where);
        status = bp_fail_in(ctx, status, "chunk at %s", where);
    }
    j->next = g->spare;
    g->spare = j;
    return status;
}

bp_status bp_h5_gather_new(bp_context *ctx, const bp_h5_source *source, unsigned threads, size_t memory,
                           bp_h5_gather **gather)
{
    bp_h5_gather *g = *gather = calloc(1, sizeof *g);
    if (!g)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for threads");
    g->source = source;
    g->pool = bp_pool_new(ctx, threads, memory, work, done, g);
    if (g->pool)
        g->rooms = calloc(bp_pool_threads(g->pool), sizeof *g->rooms);
    if (!g->rooms)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for threads");
    g->room_count = bp_pool_threads(g->pool);
    return BP_OK;
}

void bp_h5_gather_free(bp_h5_gather *g)
{
    if (!g)
        return;
    bp_pool_free(g->pool);
    while (g->spare) {
        job *next = g->spare->next;
        bp_h5_stored_fini(&g->spare->in);
        free(g->spare);
        g->spare = next;
    }
    for (unsigned i = 0; i < g->room_count; i++) {
        bp_scratch_fini(&g->rooms[i].scratch);
        free(g->rooms[i].values);
    }
    free(g->rooms);
    free(g);
}

static bp_status gather_chunk(bp_context *ctx, bp_h5_gather *g, const hsize_t *offset, bool *any)
{
    job *j = g->spare;
    if (j)
        g->spare = j->next;
    else if (!(j = calloc(1, sizeof *j)))
        return bp_fail(ctx, BP_E_MEMORY, "no memory for a chunk");
    j->gather = g;
    bp_status status = bp_h5_source_fetch(ctx, g->source, offset, &j->in);
    if (status != BP_OK)
        return done(ctx, g, j, status);
    *any = *any || j->in.kind != BP_H5_FILL;
    return bp_pool_submit(g->pool, j, j->in.size);
}

/* The chunks that touch the box, along each axis: from the one that holds its first place. */
static void first_chunk(const bp_h5_gather *g, hsize_t *offset)
{
    for (size_t i = 0; i < g->box.rank; i++)
        offset[i] = g->box_offset[i] / g->source->chunk.shape[i] * g->source->chunk.shape[i];
}

static bool next_chunk(const bp_h5_gather *g, const hsize_t *first, hsize_t *offset)
{
    for (size_t i = g->box.rank; i-- > 0;) {
        hsize_t end = g->box_offset[i] + g->box.shape[i];
        end = end < g->source->shape[i] ? end : g->source->shape[i];
        offset[i] += g->source->chunk.shape[i];
        if (offset[i] < end)
            return true;
        offset[i] = first[i];
    }
    return false;
}

bp_status bp_h5_gather_box(bp_context *ctx, bp_h5_gather *g, const hsize_t *offset, const size_t *shape,
                           uint8_t *values, bool *any)
{
    const bp_h5_source *source = g->source;
    hsize_t first[BP_MAX_RANK], at[BP_MAX_RANK];
    bool sticks_out = false;
    *any = false;
    bp_status status = bp_array_init(&g->box, source->dtype, source->itemsize, source->rank, shape, values);
    if (status != BP_OK)
        return bp_fail(ctx, BP_E_UNSUPPORTED, "a part of it would be too large");
    for (size_t i = 0; i < source->rank; i++) {
        g->box_offset[i] = offset[i];
        sticks_out = sticks_out || source->shape[i] - offset[i] < shape[i];
    }
    if (sticks_out)
        bp_h5_source_fill(source, values, bp_array_bytes(&g->box));
    first_chunk(g, first);
    memcpy(at, first, sizeof at);
    do
        status = gather_chunk(ctx, g, at, any);
    while (status == BP_OK && next_chunk(g, first, at));
    bp_status last = bp_pool_finish(g->pool);
    return status == BP_OK ? last : status;
}

static hsize_t common_multiple(hsize_t a, hsize_t b)
{
    hsize_t x = a, y = b, product;
    while (y) {
        hsize_t rest = x % y;
        x = y;
        y = rest;
    }
    return __builtin_mul_overflow(a / x, b, &product) ? UINT64_MAX : product;
}

static double bytes_of(const bp_h5_source *source, const size_t *shape)
{
    double bytes = (double)source->itemsize;
    for (size_t i = 0; i < source->rank; i++)
        bytes *= (double)shape[i];
    return bytes;
}

/* The whole axis, as a multiple of the unit. */
static size_t whole_axis(const bp_h5_source *source, const size_t *unit, size_t axis)
{
    return (size_t)((source->shape[axis] + unit[axis] - 1) / unit[axis] * unit[axis]);
}

/* Shortens the axis that has most units to spare, to what fits. */
static bool shrink(const bp_h5_source *source, const size_t *unit, double memory, size_t *shape)
{
    size_t axis = 0;
    for (size_t i = 1; i < source->rank; i++)
        if (shape[i] / unit[i] > shape[axis] / unit[axis])
            axis = i;
    size_t units = shape[axis] / unit[axis];
    if (units < 2)
        return false;
    double fit = (double)units * memory / bytes_of(source, shape);
    size_t left = fit < 1 ? 1 : (size_t)fit;
    if (left >= units)
        left = units - 1;
    /* whole chunks where there is a choice */
    size_t chunk_units = source->chunk.shape[axis] / unit[axis];
    if (chunk_units > 1 && left > chunk_units)
        left -= left % chunk_units;
    shape[axis] = left * unit[axis];
    return true;
}

void bp_h5_gather_shape(const bp_h5_source *source, const size_t *unit, size_t memory, size_t *shape)
{
    for (size_t i = 0; i < source->rank; i++) {
        hsize_t common = common_multiple(unit[i], source->chunk.shape[i]);
        size_t whole = whole_axis(source, unit, i);
        shape[i] = common < whole ? (size_t)common : whole;
    }
    double most = (double)memory;
    while (bytes_of(source, shape) > most && shrink(source, unit, most, shape))
        ;
    double good = most < (double)GOOD_BOX_BYTES ? most : (double)GOOD_BOX_BYTES;
    double times = good / bytes_of(source, shape);
    size_t whole = source->rank ? whole_axis(source, unit, 0) : 0;
    if (times >= 2 && shape[0] < whole) {
        double grown = (double)shape[0] * (double)(size_t)times;
        shape[0] = grown < (double)whole ? (size_t)grown : whole;
    }
}
