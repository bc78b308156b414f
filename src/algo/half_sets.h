/* SPDX-License-Identifier: BSD-3-Clause
 * How well two half data sets of merged intensities agree: P. A. Karplus, K. Diederichs, Science 336 (2012)
 * 1030; T. A. White et al., J. Appl. Cryst. 45 (2012) 335. */
#ifndef BP_ALGO_HALF_SETS_H
#define BP_ALGO_HALF_SETS_H

#include <stddef.h>

enum {
    BP_HALF_CC,      /* Pearson's correlation, CC1/2 */
    BP_HALF_CC_STAR, /* sqrt(2 CC / (1 + CC)) */
    BP_HALF_RSPLIT,  /* sqrt(2) sum |a - b| / sum (a + b) */
    BP_HALF_R1,      /* sum |a - b| / sum a */
    BP_HALF_R2,      /* sqrt(sum (a - b)^2 / sum a^2) */
    BP_HALF_COUNT
};

/* Pairs that are not finite take no part. NAN: not defined. */
void bp_half_sets(const double *a, const double *b, size_t count, double figures[BP_HALF_COUNT]);

#endif
