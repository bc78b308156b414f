/* SPDX-License-Identifier: BSD-3-Clause
 * The cells in which a dataset, or several of one shape, are walked. */
#ifndef BP_IO_HDF5_CELLS_H
#define BP_IO_HDF5_CELLS_H

#include "io/hdf5_source.h"

#define BP_H5_DEFAULT_MEMORY ((size_t)256 << 20)

/* BP_E_UNSUPPORTED when elements are not of a fixed size: their bytes are addresses. */
BP_MUST_CHECK bp_status bp_h5_cells_check(bp_context *ctx, const bp_h5_source *source);

/* The source's chunks, or slabs of some megabytes where it has none. */
void bp_h5_cells_of(const bp_h5_source *source, size_t *cell);

/* The part of a cell that lies in the dataset; true when that is all of it. */
bool bp_h5_cell_clip(const bp_h5_source *source, const size_t *cell, const hsize_t *offset, size_t *shape);

/* Copies the first `shape` of a cell's values together. */
BP_MUST_CHECK bp_status bp_h5_cell_compact(const bp_array *cell, const uint8_t *values, const size_t *shape,
                                           uint8_t *out);

#endif
