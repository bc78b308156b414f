/* SPDX-License-Identifier: BSD-3-Clause
 * A window of a file in memory, without a copy. When somebody cuts the file short meanwhile, reading the
 * window raises SIGBUS; a program that installed bp_input_fault() for it gets a status instead. */
#ifndef BP_IO_MAPPED_H
#define BP_IO_MAPPED_H

#include <stddef.h>
#include <stdint.h>

#include "beampress/context.h"

typedef struct bp_mapped {
    void *base;
    size_t length;
} bp_mapped;

/* The bytes [offset, offset + size) of a file, or NULL when they cannot be mapped or are not all there. */
const uint8_t *bp_mapped_open(bp_mapped *window, int fd, uint64_t offset, size_t size);
void bp_mapped_close(bp_mapped *window);

/* Runs body(argument), which reads windows. BP_E_INPUT when the file became too short for one. What body
 * holds at that moment is not released, so it holds nothing but memory. */
BP_MUST_CHECK bp_status bp_mapped_run(bp_context *ctx, bp_status (*body)(void *argument), void *argument);

#endif
