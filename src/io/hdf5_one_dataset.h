/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BP_IO_HDF5_ONE_DATASET_H
#define BP_IO_HDF5_ONE_DATASET_H

#include <hdf5.h>

#include "beampress/file.h"

/* The one dataset that options->datasets names; else the only detector image; else the default plot; else the
 * only array of numbers.
 * BP_E_USAGE with the names when there are several. The caller frees *path. */
BP_MUST_CHECK bp_status bp_h5_find_one_dataset(bp_context *ctx, hid_t file, const char *input,
                                               const bp_file_options *options, char **path);

#endif
