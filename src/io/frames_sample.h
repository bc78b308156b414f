/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BP_IO_FRAMES_SAMPLE_H
#define BP_IO_FRAMES_SAMPLE_H

#include "io/hdf5_sample.h"

/* bp_sample_read of a file, or a pattern of files, that is no HDF5. */
BP_MUST_CHECK bp_status bp_frames_sample_read(bp_context *ctx, const char *file, size_t max_bytes,
                                              bp_sample *sample);

#endif
