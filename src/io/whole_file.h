/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BP_IO_WHOLE_FILE_H
#define BP_IO_WHOLE_FILE_H

#include "io/hdf5_transcode.h"

/* What compress and decompress share: temporary file, payload, verification, final name. */
BP_MUST_CHECK bp_status bp_whole_file(bp_context *ctx, const char *input, const char *path,
                                      const bp_file_options *options, bp_direction direction,
                                      bp_file_report *report);

#endif
