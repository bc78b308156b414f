/* SPDX-License-Identifier: BSD-3-Clause
 * Correlation of every frame with every other one: C(t1, t2) = <I1 I2> / (<I1> <I2>), averages over the
 * pixels of a region. M. Sutton et al., Opt. Express 11 (2003) 2268. */
#ifndef BP_ALGO_TWO_TIME_H
#define BP_ALGO_TWO_TIME_H

#include "algo/multitau.h"

/* series: frames of pixels in the order of groups. Fills map[frames][frames] (NAN where a frame is dark), the
 * mean of each of its diagonals to one[frames], and the same without each of the blocks of the region to
 * without[blocks][frames]. False when memory is short. */
bool bp_two_time(const bp_pixel_groups *groups, size_t region, const double *series, size_t frames,
                 double *map, double *one, double *without);

#endif
