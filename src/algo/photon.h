/* SPDX-License-Identifier: BSD-3-Clause
 * One frame of integers coded by photon; docs/photon.md has the bytes. */
#ifndef BP_ALGO_PHOTON_H
#define BP_ALGO_PHOTON_H

#include "algo/frames.h"
#include "algo/photon_fast.h"
#include "algo/photon_max.h"

BP_MUST_CHECK bp_status bp_photon_encode_frame(bp_context *ctx, const double *params, const bp_frames *frame,
                                               const void *values, uint8_t *out, size_t capacity,
                                               size_t *size);
BP_MUST_CHECK bp_status bp_photon_decode_frame(bp_context *ctx, const double *params, const bp_frames *frame,
                                               const uint8_t *in, size_t size, void *values);

#endif
