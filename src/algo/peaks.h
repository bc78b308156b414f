/* SPDX-License-Identifier: BSD-3-Clause
 * Bragg peaks of a frame, and the pixels that they are found in. */
#ifndef BP_ALGO_PEAKS_H
#define BP_ALGO_PEAKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "beampress/array.h"

typedef struct bp_peak {
    float x, y;         /* centroid in pixels: the middle of the first pixel is at 0.5 */
    float total, sigma; /* sum above the local background; scatter of the background */
    float snr, max;     /* total over sigma; largest value above the background */
    uint32_t pixels;
} bp_peak;

typedef struct bp_peaks {
    bp_peak *items;
    size_t count, room;
} bp_peaks;

/* False when memory is short. */
bool bp_peaks_add(bp_peaks *peaks, const bp_peak *peak);
void bp_peaks_fini(bp_peaks *peaks);

/* One pixel, as single precision has it. */
static inline float bp_pixel(const void *frame, bp_dtype dtype, size_t i)
{
    switch (dtype) {
    case BP_U8:
        return ((const uint8_t *)frame)[i];
    case BP_I8:
        return ((const int8_t *)frame)[i];
    case BP_U16:
        return ((const uint16_t *)frame)[i];
    case BP_I16:
        return ((const int16_t *)frame)[i];
    case BP_U32:
        return (float)((const uint32_t *)frame)[i];
    case BP_I32:
        return (float)((const int32_t *)frame)[i];
    case BP_F32:
        return ((const float *)frame)[i];
    default:
        return (float)((const double *)frame)[i];
    }
}

#endif
