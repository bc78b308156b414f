/* SPDX-License-Identifier: BSD-3-Clause
 * Standard uncertainties from parts of the data that are independent of each other.
 * B. Efron, The Jackknife, the Bootstrap and Other Resampling Plans (SIAM 1982). */
#ifndef BP_ALGO_JACKKNIFE_H
#define BP_ALGO_JACKKNIFE_H

#include <stddef.h>

#define BP_JACKKNIFE_BLOCKS 20

/* Of a quantity computed `count` times, each time with another one of `count` equal blocks left out. Values
 * that are not finite make it NAN, and so do fewer than two blocks. */
double bp_jackknife_sigma(const double *without, size_t count);
/* Of a total that is the sum of `count` independent blocks. */
double bp_sum_sigma(const double *blocks, size_t count);

#endif
