/* SPDX-License-Identifier: BSD-3-Clause
 * Peaks of one list that another has, too. */
#ifndef BP_ALGO_PEAK_PAIRS_H
#define BP_ALGO_PEAK_PAIRS_H

#include "algo/peaks.h"

/* How many of `peaks` have one of `others` within `distance` pixels. */
size_t bp_peaks_near(const bp_peaks *peaks, const bp_peaks *others, double distance);

#endif
