/* SPDX-License-Identifier: BSD-3-Clause
 * peakfinder8: connected pixels above a threshold that follows the mean and the scatter of the ring around
 * the beam that they are in (A. Barty et al., J. Appl. Cryst. 47 (2014) 1118). Written from the description;
 * the numbers are those of CrystFEL's program. The frame is one panel. */
#ifndef BP_ALGO_PEAKFINDER8_H
#define BP_ALGO_PEAKFINDER8_H

#include "algo/peaks.h"

#define BP_PEAKFINDER8_MOST 2048 /* peaks; the rest of a frame is not searched */

typedef struct bp_peakfinder8_params {
    float threshold; /* no pixel at or below it belongs to a peak */
    float min_snr;
    uint32_t min_pixels, max_pixels;
    uint32_t background_radius;   /* pixels: half of the radius that the local background is taken from */
    float min_radius, max_radius; /* pixels from the beam, exclusive; max_radius 0: no limit */
    double centre_x, centre_y;    /* of the beam, in pixels; the first pixel reaches from 0 to 1 */
} bp_peakfinder8_params;

typedef struct bp_peakfinder8 bp_peakfinder8;

/* excluded: a byte per pixel, not 0 where it takes no part, or NULL. NULL when memory is short. */
bp_peakfinder8 *bp_peakfinder8_new(size_t rows, size_t columns, const bp_peakfinder8_params *params,
                                   const uint8_t *excluded);
/* Another one for the same frames, for another thread; it must be freed before `finder`. */
bp_peakfinder8 *bp_peakfinder8_share(const bp_peakfinder8 *finder);
void bp_peakfinder8_free(bp_peakfinder8 *finder);

/* The peaks of a frame, row by row of their first pixels; peaks->items is reused. Values that are not finite
 * belong to nothing. False when memory is short. One frame at a time for each finder. */
bool bp_peakfinder8_find(bp_peakfinder8 *finder, const void *frame, bp_dtype dtype, bp_peaks *peaks);

/* After a search: bits (pixel i is bit i % 64 of word i / 64) of all pixels above their ring's background,
 * also of those that made no peak. */
const uint64_t *bp_peakfinder8_above(const bp_peakfinder8 *finder);

/* After a search: mean and scatter of each ring's background, NAN for rings without one. Ring r holds the
 * pixels at r pixels from the beam. */
size_t bp_peakfinder8_rings(const bp_peakfinder8 *finder);
void bp_peakfinder8_ring(const bp_peakfinder8 *finder, size_t ring, double *mean, double *sigma,
                         size_t *pixels);

#endif
