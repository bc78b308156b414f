/* SPDX-License-Identifier: BSD-3-Clause
 * Simultaneous algebraic reconstruction, angle after angle: A. Andersen, A. Kak, Ultrasonic Imaging 6 (1984)
 * 81; the angles in the order of the golden ratio: T. Kohler, IEEE Nuclear Science Symposium (2004). The
 * numbers are those of scikit-image's iradon_sart. */
#ifndef BP_ALGO_SART_H
#define BP_ALGO_SART_H

#include "beampress/context.h"

#include <stddef.h>

#define BP_SART_RELAXATION 0.15 /* scikit-image's default */

/* Slices of columns x columns pixels, the axis in pixel columns / 2 of both. Rays are sampled twice per pixel
 * inside the circle of radius columns / 2 - 1. */
typedef struct bp_sart {
    size_t columns, angle_count;
    const double *angles; /* degrees */
    double centre;        /* column of the axis */
    double relaxation;    /* share of each correction that is made */
} bp_sart;

/* Goes on from slice. sinogram: angle_count x columns. */
BP_MUST_CHECK bp_status bp_sart_run(bp_context *ctx, const bp_sart *sart, size_t iterations,
                                    const double *sinogram, double *slice);

#endif
