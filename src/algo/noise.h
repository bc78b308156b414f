/* SPDX-License-Identifier: BSD-3-Clause
 * Gain and noise from the data alone, by the photon transfer method: variance = noise^2 + gain * mean (J. R.
 * Janesick, Photon Transfer, SPIE 2007). Variances are those of differences, so a still scene drops out:
 *   between a frame and the one before it, (a - b)^2 / 2; or
 *   between neighbours in a row, (a - 2b + c)^2 / 6, which a slope does not change.
 * Means and variances are taken in blocks of 8 x 8 pixels; blocks are gathered by their mean, and the median
 * of their variances leaves out blocks with edges, peaks and motion. A straight line through the medians
 * gives gain and noise. Motion makes the first too large: it is taken unless it is far above the second.
 * Structure makes the second too large and a signal that spreads over neighbours makes it too small; both
 * show as another variance of the differences (a - 4b + 6c - 4d + e)^2 / 70, and then it is not taken. */
#ifndef BP_ALGO_NOISE_H
#define BP_ALGO_NOISE_H

#include <stdbool.h>

#include "algo/values.h"
#include "beampress/context.h"

typedef struct bp_noise bp_noise;

typedef struct bp_noise_estimate {
    bool gain_known;
    double gain; /* units of the values per count */
    bool noise_known;
    double noise;        /* standard deviation at zero signal, units of the values */
    double intercept;    /* variance on the line at value 0; below 0 when the values have an offset */
    double offset;       /* value at which the variance would vanish, when that is above 0; else 0 */
    const char *method;  /* "consecutive frames" or "neighbouring pixels"; NULL when not known */
    const char *why_not; /* NULL when known */
    double low, high;    /* range of block means that was used */
} bp_noise_estimate;

/* For frames of rows x columns. NULL when there is no memory. */
bp_noise *bp_noise_new(size_t rows, size_t columns);
void bp_noise_free(bp_noise *noise);
/* frame, previous: values of one frame each, C order; previous may be NULL. excluded: a byte per pixel, or
 * NULL. */
BP_MUST_CHECK bp_status bp_noise_add(bp_context *ctx, bp_noise *noise, bp_dtype dtype, const void *frame,
                                     const void *previous, const bp_labels *labels, const uint8_t *excluded);
/* Adds what `from` has seen, perhaps of other rows, for bp_noise_finish. */
void bp_noise_merge(bp_noise *noise, const bp_noise *from);
void bp_noise_finish(const bp_noise *noise, bp_noise_estimate *estimate);
/* For a jackknife: of a part of `whole`, with the levels and the method that are chosen for the whole. */
void bp_noise_finish_part(const bp_noise *part, const bp_noise *whole, bp_noise_estimate *estimate);

/* Bits per pixel that counting noise alone needs, pixels that are labels or excluded counting as 0 bits. The
 * rate is taken as constant in each block and over all frames that were added; the noise as Poisson-like with
 * variance intercept + gain * mean in whole units of the values, which is exact for gain 1 and intercept 0.
 */
double bp_noise_poisson_bits(const bp_noise *noise, double gain, double intercept);

#endif
