/* SPDX-License-Identifier: BSD-3-Clause
 * The lines of photon_levels.def as a table. */
#ifndef BP_ALGO_PHOTON_LEVEL_H
#define BP_ALGO_PHOTON_LEVEL_H

#include "algo/frames.h"

typedef struct bp_photon_level {
    unsigned number; /* in the payload */
    bool whole;      /* takes all frames at once */
    bp_status (*encode)(bp_context *ctx, const double *params, const bp_frames *frame, const void *values,
                        uint8_t *out, size_t capacity, size_t *size);
    bp_status (*decode)(bp_context *ctx, const double *params, const bp_frames *frame, const uint8_t *in,
                        size_t size, void *values);
} bp_photon_level;

const bp_photon_level *bp_photon_level_at(size_t index);
/* NULL: there is none. */
const bp_photon_level *bp_photon_level_by_number(unsigned number);

#endif
