/* SPDX-License-Identifier: BSD-3-Clause
 * Boxes of values put together from the chunks they touch, decoded by the pool: for datasets that are read in
 * another grid than they are stored in. */
#ifndef BP_IO_HDF5_GATHER_H
#define BP_IO_HDF5_GATHER_H

#include "io/hdf5_source.h"

typedef struct bp_h5_gather bp_h5_gather;

/* Of a chunked source that is direct, which must outlive it. */
BP_MUST_CHECK bp_status bp_h5_gather_new(bp_context *ctx, const bp_h5_source *source, unsigned threads,
                                         size_t memory, bp_h5_gather **gather);
void bp_h5_gather_free(bp_h5_gather *gather);

/* Fills values, a C-contiguous array of the given shape in the byte order of the file, with the box that
 * begins at offset; what sticks out of the dataset gets the fill value. any: was something there ever
 * written? */
BP_MUST_CHECK bp_status bp_h5_gather_box(bp_context *ctx, bp_h5_gather *gather, const hsize_t *offset,
                                         const size_t *shape, uint8_t *values, bool *any);

/* Shape of boxes that are whole multiples of `unit` along each axis and, as far as memory allows, whole
 * chunks of the source too, so that no chunk is decoded twice. */
void bp_h5_gather_shape(const bp_h5_source *source, const size_t *unit, size_t memory, size_t *shape);

#endif
