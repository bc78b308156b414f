/* SPDX-License-Identifier: BSD-3-Clause
 * Reading all values of a dataset, whatever its layout, with all threads and bounded memory. */
#ifndef BP_IO_HDF5_READ_H
#define BP_IO_HDF5_READ_H

#include <hdf5.h>

#include "beampress/context.h"
#include "io/hdf5_chunks.h"

/* One piece: values are C-contiguous, in the byte order of the machine when they are numbers (bp_dtype) and
 * as stored otherwise. They are valid during the call and may be changed. Runs on the calling thread. What it
 * returns other than BP_OK ends the walk. */
typedef bp_status (*bp_h5_piece)(bp_context *ctx, void *user, const hsize_t *offset, const hsize_t *shape,
                                 const void *values, size_t bytes);

/* Delivers every value once: the chunks in row-major order of their places (values that were never written
 * are fill values), or slabs of a dataset without chunks. memory: bytes that may be in flight, 0: 256 MiB.
 * Elements of fixed size only (no sequences, variable strings, references: BP_E_UNSUPPORTED). The message of
 * a failure names the place, not the dataset. */
BP_MUST_CHECK bp_status bp_h5_read(bp_context *ctx, hid_t dataset, unsigned threads, size_t memory,
                                   bp_h5_piece piece, void *user);

/* The same for a part of the dataset: offsets of pieces count from the box's own; only the chunks that it
 * touches are fetched and decoded. BP_E_USAGE: it is not inside. box NULL: all. */
BP_MUST_CHECK bp_status bp_h5_read_box(bp_context *ctx, hid_t dataset, const bp_h5_box *box, unsigned threads,
                                       size_t memory, bp_h5_piece piece, void *user);

#endif
