/* SPDX-License-Identifier: BSD-3-Clause
 * Writing an array as plain bytes: boxes go to their places in any order. */
#ifndef BP_IO_ARRAY_FILE_H
#define BP_IO_ARRAY_FILE_H

#include "beampress/array.h"
#include "beampress/context.h"

/* A C-contiguous array, in the machine's byte order, that begins at byte `start` of an open file. */
typedef struct bp_array_file {
    int fd;
    uint64_t start;
    bp_dtype dtype;
    size_t rank;
    size_t shape[BP_MAX_RANK];
} bp_array_file;

/* Writes exactly size bytes. BP_E_OUTPUT with the cause. */
BP_MUST_CHECK bp_status bp_file_write(bp_context *ctx, int fd, uint64_t offset, const void *bytes,
                                      size_t size);

/* Writes the npy header (version 1) for file's array and
 * sets file->start. */
BP_MUST_CHECK bp_status bp_array_file_npy(bp_context *ctx, bp_array_file *file);

/* Writes the box that begins at offset; values are C-contiguous. */
BP_MUST_CHECK bp_status bp_array_file_box(bp_context *ctx, const bp_array_file *file, const uint64_t *offset,
                                          const uint64_t *shape, const void *values);

/* Are the values of such a box next to each other in the array? Then *first is the number of the first one.
 */
bool bp_array_file_in_line(const bp_array_file *file, const uint64_t *offset, const uint64_t *shape,
                           uint64_t *first);

#endif
