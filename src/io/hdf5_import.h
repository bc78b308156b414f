/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BP_IO_HDF5_IMPORT_H
#define BP_IO_HDF5_IMPORT_H

#include "beampress/file.h"

/* bp_compress_file for input that is no HDF5: a file of frames, a pattern, or (options->series) several. They
 * become NeXus HDF5 as hdf5_skeleton.h shows it. Frames are read one at a time, and again for the
 * verification. */
BP_MUST_CHECK bp_status bp_import_file(bp_context *ctx, const char *input, const char *output,
                                       const bp_file_options *options, bp_file_report *report);

#endif
