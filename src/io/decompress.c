/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/whole_file.h"

bp_status bp_decompress_file(bp_context *ctx, const char *input, const char *output,
                             const bp_file_options *options, bp_file_report *report)
{
    return bp_whole_file(ctx, input, output, options, BP_DECOMPRESS, report);
}
