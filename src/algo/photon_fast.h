/* SPDX-License-Identifier: BSD-3-Clause
 * Level fast of photon for one frame of integers; docs/photon-fast.md has the bytes. */
#ifndef BP_ALGO_PHOTON_FAST_H
#define BP_ALGO_PHOTON_FAST_H

#include "algo/frames.h"

BP_MUST_CHECK bp_status bp_photon_fast_encode_frame(bp_context *ctx, const double *params,
                                                    const bp_frames *frame, const void *values, uint8_t *out,
                                                    size_t capacity, size_t *size);
BP_MUST_CHECK bp_status bp_photon_fast_decode_frame(bp_context *ctx, const double *params,
                                                    const bp_frames *frame, const uint8_t *in, size_t size,
                                                    void *values);

#endif
