/* SPDX-License-Identifier: BSD-3-Clause
 * photon, level max: all frames of a chunk in one adaptive arithmetic code; docs/photon-max.md has the bytes
 * and the model. */
#ifndef BP_ALGO_PHOTON_MAX_H
#define BP_ALGO_PHOTON_MAX_H

#include "algo/frames.h"

/* frames->count frames, pixels in rows without gaps; params is NULL. *size 0: it would not fit capacity. */
BP_MUST_CHECK bp_status bp_photon_max_encode(bp_context *ctx, const double *params, const bp_frames *frames,
                                             const void *values, uint8_t *out, size_t capacity, size_t *size);
BP_MUST_CHECK bp_status bp_photon_max_decode(bp_context *ctx, const double *params, const bp_frames *frames,
                                             const uint8_t *in, size_t size, void *values);

#endif
