/* SPDX-License-Identifier: BSD-3-Clause
 * Strong pixels by the index of dispersion, variance over mean in a box, which is 1 for counts: as DIALS
 * finds spots (J. M. Parkhurst, thesis, Cambridge 2020; numbers as DIALS 3.12). */
#ifndef BP_ALGO_DISPERSION_H
#define BP_ALGO_DISPERSION_H

#include "algo/peaks.h"

typedef struct bp_dispersion_params {
    unsigned kernel;                 /* half of the box: 2 kernel + 1 pixels */
    double background_sigma;         /* the box is no background */
    double strong_sigma;             /* the pixel is above the mean */
    double gain, global;             /* value of a photon; no strong pixel is at or below global */
    size_t min_count;                /* valid pixels in a box */
    bool extended;                   /* mean from a second box, without what is signal */
    uint32_t min_pixels, max_pixels; /* of a spot */
    double max_separation;           /* pixels between a spot's centroid and its largest value */
} bp_dispersion_params;

/* strong: a byte per pixel. Pixels that are not finite, excluded (or NULL) or above 2^24 are not valid. False
 * when memory is short. */
bool bp_dispersion_mask(const bp_dispersion_params *params, const double *frame, size_t rows, size_t columns,
                        const uint8_t *excluded, uint8_t *strong);
/* Spots: strong pixels that touch by their sides. strong is used up. total is the sum of the values. */
bool bp_dispersion_spots(const bp_dispersion_params *params, const double *frame, size_t rows, size_t columns,
                         uint8_t *strong, bp_peaks *peaks);

#endif
