/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/hdf5_import.h"
#include "io/is_hdf5.h"
#include "io/whole_file.h"

bp_status bp_compress_file(bp_context *ctx, const char *input, const char *output,
                           const bp_file_options *options, bp_file_report *report)
{
    bool as_frames = options->raw_rank || options->raw_dtype != BP_OPAQUE || options->series_count;
    if (as_frames || !bp_h5_is_hdf5(input))
        return bp_import_file(ctx, input, output, options, report);
    return bp_whole_file(ctx, input, output, options, BP_COMPRESS, report);
}
