/* SPDX-License-Identifier: BSD-3-Clause
 * A file that is read by position, with its size. */
#ifndef BP_IO_INPUT_H
#define BP_IO_INPUT_H

#include "beampress/context.h"

#include <stddef.h>
#include <stdint.h>

typedef struct bp_input {
    int fd;
    uint64_t size;
} bp_input;

/* BP_E_INPUT when path cannot be read or is no regular file. Messages do not name the path. */
BP_MUST_CHECK bp_status bp_input_open(bp_context *ctx, const char *path, bp_input *input);
void bp_input_close(bp_input *input);
/* Reads exactly size bytes. BP_E_DAMAGED when the file ends before. */
BP_MUST_CHECK bp_status bp_input_read(bp_context *ctx, const bp_input *input, uint64_t offset, void *bytes,
                                      size_t size);

/* Turns values around that stand in the other byte order than the machine's. */
void bp_values_to_machine(void *values, size_t count, size_t itemsize, bool big_endian);

#endif
