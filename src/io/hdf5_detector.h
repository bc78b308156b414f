/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BP_IO_HDF5_DETECTOR_H
#define BP_IO_HDF5_DETECTOR_H

#include "io/hdf5_nexus.h"

/* Reads the facts of the NXdetector group at path (relative to file). Only BP_E_MEMORY fails. */
BP_MUST_CHECK bp_status bp_h5_detector_read(bp_context *ctx, hid_t file, const char *path,
                                            bp_h5_detector *detector);
/* Reads image_key of the group at path, if there is one, into a detector that has none yet. */
BP_MUST_CHECK bp_status bp_h5_detector_read_keys(bp_context *ctx, hid_t file, const char *path,
                                                 bp_h5_detector *detector);
void bp_h5_detector_fini(bp_h5_detector *detector);

#endif
