/* SPDX-License-Identifier: BSD-3-Clause
 * The column of the axis of rotation, counted from 0, out of projections over half a turn.
 * N. Vo, M. Drakopoulos, R. Atwood, C. Reinhard, Optics Express 22 (2014) 19078: a half turn and its mirror
 * image make a full turn when the mirror stands at the axis; then the Fourier transform is empty outside a
 * double wedge. */
#ifndef BP_ALGO_ROTATION_CENTRE_H
#define BP_ALGO_ROTATION_CENTRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 1 outside the double wedge of an object of `radius` pixels, with the middle rows and columns left out. */
void bp_wedge_mask(size_t height, size_t width, double radius, uint8_t *mask);

/* Smooths with Gaussians of these standard deviations down and across, images mirrored at their borders.
 * False when memory is short. */
bool bp_gauss_smooth(double *image, size_t rows, size_t columns, double down, double across);

/* The mean of the transform outside the double wedge, for count trial centres. sinogram: angles x columns,
 * smoothed or not. False when memory is short. */
bool bp_centre_metrics(const double *sinogram, size_t angles, size_t columns, const double *centres,
                       size_t count, double *metrics);

typedef struct bp_centre_search {
    double start, stop; /* of whole steps; start > stop: the middle +- columns / 16 */
    double radius;      /* of the fine search */
    double step;
} bp_centre_search;

/* The trial centre of least metric (whole steps, then steps of 1/4). *refined: where a parabola through the
 * metrics beside it has its minimum. False when memory is short. */
bool bp_centre_vo(const double *sinogram, size_t angles, size_t columns, const bp_centre_search *search,
                  double *centre, double *refined);

/* From two projections half a turn apart, by phase correlation of their gradients and a parabola at the peak.
 * False when memory is short or there is no peak. */
bool bp_centre_phase(const double *projection, const double *opposite, size_t rows, size_t columns,
                     double *centre);

#endif
