/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "io/hdf5_chunks.h"
#include "io/hdf5_file.h"

/* H5Dchunk_iter, linear in the number of stored chunks, came with 1.12.3 and 1.14.0. */
#if H5_VERSION_GE(1, 14, 0) || (H5_VERSION_GE(1, 12, 3) && !H5_VERSION_GE(1, 13, 0))
#define CAN_ITERATE 1
#else
#define CAN_ITERATE 0
#endif

/* Measured on 1.10.8: asking by coordinate takes about 1 us, asking by number about 10 ns per chunk that
 * stands before it. */
static double seconds_by_coordinate(const bp_h5_grid *grid)
{
    return 1e-6 * (double)grid->possible;
}

static double seconds_by_number(const bp_h5_grid *grid)
{
    return 1e-8 * (double)grid->stored * (double)grid->stored;
}

bool bp_h5_grid_is_slow(const bp_h5_grid *grid)
{
    return !CAN_ITERATE && seconds_by_coordinate(grid) > 60 && seconds_by_number(grid) > 60;
}

bp_status bp_h5_grid_read(bp_context *ctx, hid_t dataset, bp_h5_grid *grid)
{
    memset(grid, 0, sizeof *grid);
    hid_t space = H5Dget_space(dataset), dcpl = H5Dget_create_plist(dataset);
    int rank = H5Sget_simple_extent_ndims(space);
    bp_status status = BP_OK;
    if (rank < 1 || rank > BP_MAX_RANK || H5Sget_simple_extent_dims(space, grid->shape, NULL) != rank ||
        H5Pget_chunk(dcpl, rank, grid->chunk) != rank || H5Dget_num_chunks(dataset, space, &grid->stored) < 0)
        status = bp_h5_fail(ctx, BP_E_DAMAGED, "its chunks cannot be found");
    bp_h5_release(&space);
    bp_h5_release(&dcpl);
    if (status != BP_OK)
        return status;
    grid->rank = (unsigned)rank;
    grid->possible = 1;
    for (unsigned i = 0; i < grid->rank; i++) {
        if (grid->chunk[i] == 0)
            return bp_fail(ctx, BP_E_DAMAGED, "its chunks have no size");
        hsize_t along = grid->shape[i] / grid->chunk[i] + (grid->shape[i] % grid->chunk[i] != 0);
        if (along && grid->possible > UINT64_MAX / along)
            grid->possible = UINT64_MAX;
        else
            grid->possible *= along;
    }
    return BP_OK;
}

/* The next position of a row-major walk over the grid; false behind the last. */
static bool step(const hsize_t *shape, const hsize_t *stride, unsigned rank, hsize_t *at)
{
    for (unsigned i = rank; i-- > 0;) {
        if (shape[i] - at[i] > stride[i]) {
            at[i] += stride[i];
            return true;
        }
        at[i] = 0;
    }
    return false;
}

static bp_status walk_by_coordinate(bp_context *ctx, hid_t dataset, const bp_h5_grid *grid,
                                    bp_h5_chunk_visit visit, void *user)
{
    hsize_t at[BP_MAX_RANK] = {0}, found = 0;
    bp_status status = BP_OK;
    do {
        hsize_t bytes = 0;
        /* fails for a chunk that was never written */
        if (H5Dget_chunk_storage_size(dataset, at, &bytes) < 0 || bytes == 0)
            continue;
        found++;
        status = visit(ctx, user, at, bytes);
        if (status == BP_OK && bp_context_cancelled(ctx))
            status = bp_fail(ctx, BP_E_INTERRUPTED, "interrupted");
    } while (status == BP_OK && found < grid->stored && step(grid->shape, grid->chunk, grid->rank, at));
    H5Eclear2(H5E_DEFAULT);
    if (status == BP_OK && found != grid->stored)
        return bp_fail(ctx, BP_E_DAMAGED, "%" PRIu64 " chunks are stored, only %" PRIu64 " can be found",
                       (uint64_t)grid->stored, (uint64_t)found);
    return status;
}

/* Chunks outside the shape (left over by a program that crashed) hold no values. */
static bool inside(const bp_h5_grid *grid, const hsize_t *offset)
{
    for (unsigned i = 0; i < grid->rank; i++)
        if (offset[i] >= grid->shape[i] || offset[i] % grid->chunk[i] != 0)
            return false;
    return true;
}

#if CAN_ITERATE
typedef struct chunk_list {
    unsigned rank;
    hsize_t *entries; /* rank coordinates and the size of each */
    size_t count, room;
} chunk_list;

static int note_chunk(const hsize_t *offset, unsigned mask, haddr_t address, hsize_t bytes, void *user)
{
    chunk_list *list = user;
    (void)mask;
    (void)address;
    if (list->count == list->room)
        return -1;
    hsize_t *entry = list->entries + list->count++ * (list->rank + 1);
    memcpy(entry, offset, list->rank * sizeof *entry);
    entry[list->rank] = bytes;
    return 0;
}

static bp_status walk_others(bp_context *ctx, hid_t dataset, const bp_h5_grid *grid, bp_h5_chunk_visit visit,
                             void *user)
{
    chunk_list list = {.rank = grid->rank, .room = (size_t)grid->stored};
    list.entries = calloc(list.room, (list.rank + 1) * sizeof *list.entries);
    bp_status status = BP_OK;
    if (!list.entries)
        status = bp_fail(ctx, BP_E_MEMORY, "no memory for a list of %zu chunks", list.room);
    else if (H5Dchunk_iter(dataset, H5P_DEFAULT, note_chunk, &list) < 0)
        status = bp_h5_fail(ctx, BP_E_DAMAGED, "its chunks cannot be listed");
    for (size_t i = 0; status == BP_OK && i < list.count; i++) {
        const hsize_t *entry = list.entries + i * (list.rank + 1);
        if (inside(grid, entry))
            status = visit(ctx, user, entry, entry[list.rank]);
        if (status == BP_OK && bp_context_cancelled(ctx))
            status = bp_fail(ctx, BP_E_INTERRUPTED, "interrupted");
    }
    free(list.entries);
    return status;
}
#else
static bp_status walk_others(bp_context *ctx, hid_t dataset, const bp_h5_grid *grid, bp_h5_chunk_visit visit,
                             void *user)
{
    hid_t space = H5Dget_space(dataset);
    bp_status status = BP_OK;
    for (hsize_t i = 0; status == BP_OK && i < grid->stored; i++) {
        hsize_t offset[BP_MAX_RANK], bytes;
        unsigned mask;
        haddr_t address;
        if (H5Dget_chunk_info(dataset, space, i, offset, &mask, &address, &bytes) < 0)
            status = bp_h5_fail(ctx, BP_E_DAMAGED, "chunk number %" PRIu64 " cannot be found", (uint64_t)i);
        else if (inside(grid, offset))
            status = visit(ctx, user, offset, bytes);
        if (status == BP_OK && bp_context_cancelled(ctx))
            status = bp_fail(ctx, BP_E_INTERRUPTED, "interrupted");
    }
    bp_h5_release(&space);
    return status;
}
#endif

bp_status bp_h5_chunks_walk(bp_context *ctx, hid_t dataset, bp_h5_chunk_visit visit, void *user)
{
    bp_h5_grid grid;
    bp_status status = bp_h5_grid_read(ctx, dataset, &grid);
    if (status != BP_OK || grid.stored == 0 || grid.possible == 0)
        return status;
    double other = CAN_ITERATE ? 2e-6 * (double)grid.stored : seconds_by_number(&grid);
    if (seconds_by_coordinate(&grid) <= other + 0.01 && grid.stored <= grid.possible)
        return walk_by_coordinate(ctx, dataset, &grid, visit, user);
    return walk_others(ctx, dataset, &grid, visit, user);
}

bp_status bp_h5_chunk_read(bp_context *ctx, hid_t dataset, const hsize_t *offset, uint32_t *mask,
                           void *buffer, size_t bytes)
{
#if H5_VERSION_GE(2, 0, 0)
    size_t room = bytes;
    herr_t result = H5Dread_chunk2(dataset, H5P_DEFAULT, offset, mask, buffer, &room);
    if (result >= 0 && room != bytes)
        return bp_fail(ctx, BP_E_DAMAGED, "a chunk changed its size while it was read");
#else
    (void)bytes;
    herr_t result = H5Dread_chunk(dataset, H5P_DEFAULT, offset, mask, buffer);
#endif
    if (result < 0)
        return bp_h5_fail(ctx, BP_E_DAMAGED, "a chunk cannot be read");
    return BP_OK;
}

bp_status bp_h5_box_split(bp_context *ctx, const bp_h5_box *box, size_t elements, bp_h5_box_visit visit,
                          void *user)
{
    bp_h5_box piece = {.rank = box->rank};
    for (unsigned i = 0; i < box->rank; i++)
        if (box->shape[i] == 0)
            return BP_OK;
    hsize_t stride[BP_MAX_RANK], at[BP_MAX_RANK] = {0}, room = elements;
    for (unsigned i = box->rank; i-- > 0;) {
        stride[i] = box->shape[i] < room ? box->shape[i] : room;
        room /= stride[i];
        /* once an axis is not taken whole, the axes before it go one by one */
        if (stride[i] < box->shape[i] || room == 0)
            room = 1;
    }
    bp_status status;
    do {
        size_t count = 1;
        for (unsigned i = 0; i < box->rank; i++) {
            hsize_t left = box->shape[i] - at[i];
            piece.offset[i] = box->offset[i] + at[i];
            piece.shape[i] = left < stride[i] ? left : stride[i];
            count *= (size_t)piece.shape[i];
        }
        status = bp_context_cancelled(ctx) ? bp_fail(ctx, BP_E_INTERRUPTED, "interrupted")
                                           : visit(ctx, user, &piece, count);
    } while (status == BP_OK && step(box->shape, stride, box->rank, at));
    return status;
}

typedef struct box_walk {
    bp_h5_grid grid;
    size_t elements;
    bp_h5_box_visit visit;
    void *user;
} box_walk;

static bp_status split_chunk(bp_context *ctx, void *user, const hsize_t *offset, hsize_t bytes)
{
    const box_walk *walk = user;
    bp_h5_box box = {.rank = walk->grid.rank};
    (void)bytes;
    for (unsigned i = 0; i < box.rank; i++) {
        hsize_t left = walk->grid.shape[i] - offset[i];
        box.offset[i] = offset[i];
        box.shape[i] = left < walk->grid.chunk[i] ? left : walk->grid.chunk[i];
    }
    return bp_h5_box_split(ctx, &box, walk->elements, walk->visit, walk->user);
}

bp_status bp_h5_boxes_walk(bp_context *ctx, hid_t dataset, size_t elements, bp_h5_box_visit visit, void *user)
{
    box_walk walk = {.elements = elements, .visit = visit, .user = user};
    hid_t dcpl = H5Dget_create_plist(dataset);
    bool chunked = dcpl >= 0 && H5Pget_layout(dcpl) == H5D_CHUNKED;
    bp_h5_release(&dcpl);
    if (chunked) {
        bp_status status = bp_h5_grid_read(ctx, dataset, &walk.grid);
        return status == BP_OK ? bp_h5_chunks_walk(ctx, dataset, split_chunk, &walk) : status;
    }
    bp_h5_box all = {0};
    hid_t space = H5Dget_space(dataset);
    int rank = H5Sget_simple_extent_ndims(space);
    int known = rank < 0 || rank > BP_MAX_RANK ? -1 : H5Sget_simple_extent_dims(space, all.shape, NULL);
    bp_h5_release(&space);
    if (known != rank || rank < 0)
        return bp_h5_fail(ctx, BP_E_DAMAGED, "its shape cannot be read");
    all.rank = (unsigned)rank;
    return bp_h5_box_split(ctx, &all, elements, visit, user);
}
