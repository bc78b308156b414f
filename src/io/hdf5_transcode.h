/* SPDX-License-Identifier: BSD-3-Clause
 * An HDF5 file written anew with its payload coded otherwise: the copy engine with somebody who decides. */
#ifndef BP_IO_HDF5_TRANSCODE_H
#define BP_IO_HDF5_TRANSCODE_H

#include <hdf5.h>

#include "beampress/file.h"
#include "beampress/operation.h"

typedef enum bp_direction { BP_COMPRESS, BP_DECOMPRESS } bp_direction;

/* Values of one dataset that do not stand in the HDF5 file, which only tells its shape and type. */
typedef struct bp_h5_values {
    const char *path;
    /* Fills the box of the given shape that begins at offset; what sticks out of the dataset is free. */
    bp_status (*read)(bp_context *ctx, void *user, const hsize_t *offset, const size_t *shape,
                      uint8_t *values);
    void *user;
    /* Operations that come before the codec, NULL: none. read() then gives values of type `from`, and a mark
     * for each behind them all. Chunks at offsets where without_chain() says so have values of the dataset's
     * own type, which go as they are. */
    const bp_chain *chain;
    bp_dtype from;
    bool (*without_chain)(void *user, const hsize_t *offset);
} bp_h5_values;

/* Writes input, an HDF5 file, to `target`, an empty file that is ours. The report gets its datasets, warnings
 * and lost chunks. bound: the largest error that a dataset of this run may show, for the verification;
 * negative when all is lossless. values: NULL when all stand in the file. */
BP_MUST_CHECK bp_status bp_h5_transcode_file(bp_context *ctx, const char *input, const char *target,
                                             const bp_file_options *options, bp_direction direction,
                                             bp_file_report *report, const bp_h5_values *values,
                                             double *bound);

#endif
