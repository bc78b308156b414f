/* SPDX-License-Identifier: BSD-3-Clause
 * Image codecs see an array as frames: axes of length 1 are dropped, the last two that are left span a frame,
 * the others count frames. The payload of one frame is its codestream alone; of several, the length of each
 * (32 bits, little endian), then the codestreams one behind the other. A frame whose codestream would not be
 * smaller than its values is stored as it is: its length says so. */
#ifndef BP_ALGO_FRAMES_H
#define BP_ALGO_FRAMES_H

#include <stdint.h>

#include "beampress/codec.h"

typedef struct bp_frames {
    size_t count;
    size_t height, width; /* pixels */
    bp_dtype dtype;       /* as the coder sees it: unsigned when it asked for that */
    size_t itemsize;
    size_t bytes; /* of one frame */
} bp_frames;

/* Codes one frame at a time; both calls get pixels in rows without gaps. */
typedef struct bp_frame_coder {
    const char *name;
    size_t max_side;    /* pixels along an axis of a frame */
    size_t max_pixels;  /* of a frame */
    bool unsigned_only; /* signed values come with their sign bit flipped, which keeps their order and
                           distances */
    /* *size 0: the codestream does not fit capacity. */
    bp_status (*encode)(bp_context *ctx, const double *params, const bp_frames *frame, const void *values,
                        uint8_t *out, size_t capacity, size_t *size);
    bp_status (*decode)(bp_context *ctx, const double *params, const bp_frames *frame, const uint8_t *in,
                        size_t size, void *values);
} bp_frame_coder;

/* The frames of an array, with its own dtype; count 0 for an array without elements. */
bp_frames bp_frames_of(const bp_array *in);
/* Refuses frames that are too large for the coder. */
BP_MUST_CHECK bp_status bp_frames_check(bp_context *ctx, const bp_frame_coder *coder, const bp_array *in);
size_t bp_frames_worst_size(const bp_array *in);
BP_MUST_CHECK bp_status bp_frames_encode(bp_context *ctx, const bp_frame_coder *coder, const double *params,
                                         const bp_array *in, uint8_t *out, size_t capacity, size_t *size);
BP_MUST_CHECK bp_status bp_frames_decode(bp_context *ctx, const bp_frame_coder *coder, const double *params,
                                         const uint8_t *in, size_t size, const bp_array *out);

/* The number of bits that the largest of n unsigned values of 1 or 2 bytes needs, at least 1. */
unsigned bp_frame_bits(const bp_frames *frame, const void *values);

#endif
