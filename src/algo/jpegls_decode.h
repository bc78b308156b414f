/* SPDX-License-Identifier: BSD-3-Clause
 * JPEG-LS decoder of our own (ISO 14495-1 = ITU-T T.87) for one component: CharLS 2.4 can spend seconds on
 * every pixel of a damaged codestream, counting Golomb parameters without limit; this one takes the same time
 * for any bytes. */
#ifndef BP_ALGO_JPEGLS_DECODE_H
#define BP_ALGO_JPEGLS_DECODE_H

#include "algo/frames.h"

/* Decodes a codestream of exactly size bytes into the pixels of frame (8 or 16 bits, unsigned). near is the
 * bound that it must state. */
BP_MUST_CHECK bp_status bp_jpegls_decode(bp_context *ctx, const bp_frames *frame, int near, const uint8_t *in,
                                         size_t size, void *values);

#endif
