/* SPDX-License-Identifier: BSD-3-Clause
 * Medians along a line, in a window that moves by one value at a time and stays sorted. */
#ifndef BP_ALGO_RUNNING_MEDIAN_H
#define BP_ALGO_RUNNING_MEDIAN_H

#include <stddef.h>

/* Index of the value that stands at `at` when a line of n values is mirrored at its ends, the end values
 * twice: ... 1 0 | 0 1 2 ... (what scipy.ndimage calls reflect). */
size_t bp_mirror(ptrdiff_t at, size_t n);

/* out[i] = median of the `size` values in[i - size / 2 ...], mirrored at the ends; for an even size the upper
 * of the two in the middle. No NaN. in and out do not overlap; window: scratch of size values. */
void bp_running_median(const double *in, size_t n, size_t size, double *out, double *window);

#endif
