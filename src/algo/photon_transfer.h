/* SPDX-License-Identifier: BSD-3-Clause
 * Photon transfer from pairs of frames of the same scene at several levels: variance = intercept + gain *
 * mean. A scene that is not flat does no harm, for the line is straight (J. R. Janesick, Photon Transfer,
 * SPIE 2007). */
#ifndef BP_ALGO_PHOTON_TRANSFER_H
#define BP_ALGO_PHOTON_TRANSFER_H

#include <stdbool.h>
#include <stddef.h>

/* Sums over the pixels of a pair. */
typedef struct bp_transfer_sums {
    double pixels, value, square; /* of (a + b) / 2, and of (a - b)^2 / 2 */
} bp_transfer_sums;

/* Adds count pixels; NaN in either frame leaves one out. */
void bp_transfer_add(bp_transfer_sums *sums, const double *a, const double *b, size_t count);

/* Weighted least squares of variance over mean, each pair with weight 1 / max(variance, 1)^2. False with
 * fewer than two means. */
bool bp_transfer_fit(const bp_transfer_sums *pairs, size_t count, double *gain, double *intercept);

#endif
