/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BP_IO_COPY_FILE_H
#define BP_IO_COPY_FILE_H

#include "beampress/context.h"

/* Writes the bytes of a file to an open, empty one. */
BP_MUST_CHECK bp_status bp_copy_file(bp_context *ctx, const char *input, int output);

#endif
