/* SPDX-License-Identifier: BSD-3-Clause
 * Parts of datasets: ranges of frames, rows and columns. */
#ifndef BP_IO_HDF5_REGION_H
#define BP_IO_HDF5_REGION_H

#include "beampress/file.h"
#include "io/hdf5_chunks.h"

/* The box that options->frames, rows and columns mean in data of this shape. partial: false when they leave
 * nothing out. BP_E_USAGE when the data have no such axis or it ends earlier. */
BP_MUST_CHECK bp_status bp_h5_box_of_options(bp_context *ctx, const bp_file_options *options, size_t rank,
                                             const hsize_t *shape, bp_h5_box *box, bool *partial);

#endif
