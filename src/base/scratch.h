/* SPDX-License-Identifier: BSD-3-Clause
 * Working memory that a context keeps from one call to the next: fresh pages cost more than coding a frame
 * does.
 */
#ifndef BP_BASE_SCRATCH_H
#define BP_BASE_SCRATCH_H

#include <stddef.h>
#include <stdint.h>

#include "beampress/context.h"

/* size bytes at a multiple of 64, their values whatever they were; NULL when there is no memory. */
void *bp_scratch_take(bp_context *ctx, size_t size);
/* Gives it back to the context it was taken from; NULL is fine. */
void bp_scratch_give(bp_context *ctx, void *memory);

#endif
