/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BP_ALGO_DECAY_FIT_H
#define BP_ALGO_DECAY_FIT_H

#include <stdbool.h>
#include <stddef.h>

typedef struct bp_decay {
    double contrast, rate, baseline; /* beta, Gamma (1 / unit of the delays), 1 + offset */
} bp_decay;

/* Least squares, every point with the same weight, of y = contrast exp(-2 rate delay) + baseline: the two
 * linear parameters by regression, the rate by a search (variable projection; G. Golub, V. Pereyra, SIAM J.
 * Numer. Anal. 10 (1973) 413). False when the points do not determine it: fewer than four, not finite, no
 * decay within the delays. */
bool bp_decay_fit(const double *delays, const double *y, size_t count, bp_decay *decay);

#endif
