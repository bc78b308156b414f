/* SPDX-License-Identifier: BSD-3-Clause
 * Noise of a binned background from its own scatter between neighbouring bins, region by region. */
#ifndef BP_ALGO_ROI_NOISE_H
#define BP_ALGO_ROI_NOISE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 32 x 32 bins. */
typedef struct bp_roi_region {
    double mean, noise;
} bp_roi_region;

/* Of a bin: variance = read_noise^2 + gain (value - offset). gain 0: the same for all values. */
typedef struct bp_roi_noise {
    double gain, read_noise, offset;
} bp_roi_noise;

size_t bp_roi_regions_most(size_t rows, size_t columns, size_t bin);
/* Regions with enough bins outside of exact (a byte per pixel, not 0). False when memory is short. */
bool bp_roi_regions(const double *frame, const uint8_t *exact, size_t rows, size_t columns, size_t bin,
                    bp_roi_region *regions, size_t *count);
/* A straight line through the regions' variances, or, where that does not rise, one noise for all; so low
 * that nine of ten regions have at least that noise. False when there is no region. */
bool bp_roi_noise_of(const bp_roi_region *regions, size_t count, bp_roi_noise *noise);

#endif
