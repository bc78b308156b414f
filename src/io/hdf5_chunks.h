/* SPDX-License-Identifier: BSD-3-Clause
 * The chunks that a dataset has stored, and pieces of bounded size of the whole. */
#ifndef BP_IO_HDF5_CHUNKS_H
#define BP_IO_HDF5_CHUNKS_H

#include <hdf5.h>
#include <stdbool.h>

#include "beampress/array.h"
#include "beampress/context.h"

/* One stored chunk: where it begins (elements, dataset's rank) and its stored size. */
typedef bp_status (*bp_h5_chunk_visit)(bp_context *ctx, void *user, const hsize_t *offset, hsize_t bytes);

typedef struct bp_h5_grid {
    unsigned rank;
    hsize_t shape[BP_MAX_RANK];
    hsize_t chunk[BP_MAX_RANK];
    hsize_t possible; /* chunks that the shape has room for; saturates */
    hsize_t stored;
} bp_h5_grid;

/* Of a chunked dataset. */
BP_MUST_CHECK bp_status bp_h5_grid_read(bp_context *ctx, hid_t dataset, bp_h5_grid *grid);

/* Finding the chunks of this grid takes minutes or more: very few of very many were written, yet too many to
 * ask for by number, which HDF5 1.10 answers in linear time per chunk. */
bool bp_h5_grid_is_slow(const bp_h5_grid *grid);

/* Visits the stored chunks in a fixed order, in time linear in their number where HDF5 can (see
 * bp_h5_grid_is_slow). */
BP_MUST_CHECK bp_status bp_h5_chunks_walk(bp_context *ctx, hid_t dataset, bp_h5_chunk_visit visit,
                                          void *user);

/* Reads a stored chunk of exactly `bytes` bytes as it is. */
BP_MUST_CHECK bp_status bp_h5_chunk_read(bp_context *ctx, hid_t dataset, const hsize_t *offset,
                                         uint32_t *mask, void *buffer, size_t bytes);

/* A part of a dataset. */
typedef struct bp_h5_box {
    unsigned rank;
    hsize_t offset[BP_MAX_RANK];
    hsize_t shape[BP_MAX_RANK];
} bp_h5_box;
typedef bp_status (*bp_h5_box_visit)(bp_context *ctx, void *user, const bp_h5_box *box, size_t elements);

/* Visits what is stored of a dataset with a simple, non-empty space in pieces of at most `elements` (>= 1)
 * elements: the stored chunks of a chunked dataset, all of any other. */
BP_MUST_CHECK bp_status bp_h5_boxes_walk(bp_context *ctx, hid_t dataset, size_t elements,
                                         bp_h5_box_visit visit, void *user);
/* The pieces of one box. */
BP_MUST_CHECK bp_status bp_h5_box_split(bp_context *ctx, const bp_h5_box *box, size_t elements,
                                        bp_h5_box_visit visit, void *user);

#endif
