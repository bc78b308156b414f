/* SPDX-License-Identifier: BSD-3-Clause
 * Structural similarity over sliding windows that lie inside the image.
 * Z. Wang, A. Bovik, H. Sheikh, E. Simoncelli, IEEE Trans. Image Processing 13 (2004) 600. */
#ifndef BP_ALGO_SSIM_H
#define BP_ALGO_SSIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/metric.h"

typedef bp_window_weights bp_ssim_window;

typedef struct bp_ssim_sums {
    double ssim; /* luminance * contrast * structure, or contrast * structure alone */
    uint64_t windows;
} bp_ssim_sums;

/* Gaussian of sigma 1.5 pixels and 11 x 11 pixels, for values of dynamic range `range`. */
void bp_ssim_gauss(bp_ssim_window *window, double range);
/* Box of 7 x 7 pixels with sample covariances. */
void bp_ssim_box(bp_ssim_window *window, double range);

/* Rows of two frames. stride: values from one row to the next. above: rows that stand in memory before the
 * first and were taken in earlier. excluded: a byte per pixel, not 0 where it takes no part, or NULL. */
typedef struct bp_ssim_rows {
    size_t rows, columns, stride, above;
    const double *x, *y;
    const uint8_t *excluded;
} bp_ssim_rows;

/* Adds up all windows without an excluded pixel that end in these rows. Images smaller than the window have
 * none. contrast: contrast * structure alone (of the Gaussian). False when memory is short. */
bool bp_ssim_add(const bp_ssim_window *window, const bp_ssim_rows *image, bool contrast, bp_ssim_sums *sums);

#endif
