/* SPDX-License-Identifier: BSD-3-Clause
 * What encoder and decoder of a chunk share: the first byte, and numbers of the map as pixels. */
#ifndef BP_ALGO_PHOTON_CHUNK_H
#define BP_ALGO_PHOTON_CHUNK_H

#include "algo/photon_level.h"
#include "algo/photon_map.h"

/* The first byte. */
enum {
    BP_PHOTON_HEAD_LEVEL = 7, /* these bits */
    BP_PHOTON_HEAD_MAPPED = 8,
    BP_PHOTON_HEAD_TIME = 16,
    BP_PHOTON_HEAD_RAW = 32,
    BP_PHOTON_HEAD_ALL = 63,
    BP_PHOTON_LEVEL_STORED = 7
};

#define BP_PHOTON_TIME_BITS 3 /* of a length that is followed by what was done in time */

/* Numbers as unsigned pixels: the smallest is 0, what is no number stands at the upper end of the type. */
typedef struct bp_photon_pixels {
    bp_dtype dtype; /* BP_U8, BP_U16 or BP_U32 */
    size_t itemsize;
    int32_t least;
} bp_photon_pixels;

bp_photon_pixels bp_photon_pixels_for(const int32_t *numbers, size_t count);
void bp_photon_pixels_put(const bp_photon_pixels *pixels, const int32_t *numbers, size_t count, void *out);
void bp_photon_pixels_get(const bp_photon_pixels *pixels, const void *in, size_t count, int32_t *numbers);

static inline bp_frames bp_photon_frames_as(const bp_frames *frames, bp_dtype dtype)
{
    bp_frames as = *frames;
    as.dtype = dtype;
    as.itemsize = bp_dtype_size(dtype);
    as.bytes = as.height * as.width * as.itemsize;
    return as;
}

#endif
