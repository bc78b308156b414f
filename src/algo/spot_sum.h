/* SPDX-License-Identifier: BSD-3-Clause
 * Intensity of a spot by summation in three rings: pixels within the inner radius are the spot, those between
 * middle and outer radius its background (as CrystFEL's integrate_peak; formulas only). */
#ifndef BP_ALGO_SPOT_SUM_H
#define BP_ALGO_SPOT_SUM_H

#include "algo/peaks.h"

typedef struct bp_spot_rings {
    unsigned inner, middle, outer; /* pixels */
    double gain;                   /* values per photon */
} bp_spot_rings;

typedef struct bp_spot {
    double x, y; /* centroid of what is above the background; as in bp_peak */
    double intensity, sigma;
    double background, scatter; /* mean and standard deviation per pixel */
} bp_spot;

/* Sums around (x, y), whose pixel is the middle. False when a pixel within the outer radius is outside the
 * frame, excluded (NULL: none is) or not finite, or no pixel is background. */
bool bp_spot_sum(const void *frame, bp_dtype dtype, size_t rows, size_t columns, const uint8_t *excluded,
                 const bp_spot_rings *rings, double x, double y, bp_spot *spot);

#endif
