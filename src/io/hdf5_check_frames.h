/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BP_IO_HDF5_CHECK_FRAMES_H
#define BP_IO_HDF5_CHECK_FRAMES_H

#include <hdf5.h>

#include "beampress/file.h"
#include "io/frames.h"
#include "io/hdf5_chunks.h"

/* Reads a dataset and a series of frames and compares their values: bit by bit, or within bound when that is
 * not negative. The series has the dataset's shape, or (pages of a TIFF file) its leading axes folded into
 * one. box: the part of the dataset that the
 * series is of; NULL: all. BP_E_INTERNAL when they differ: one of them was written from the other. */
BP_MUST_CHECK bp_status bp_h5_check_frames(bp_context *ctx, hid_t dataset, const bp_h5_box *box,
                                           bp_frames *frames, const bp_file_options *options, double bound);

#endif
