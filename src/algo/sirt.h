/* SPDX-License-Identifier: BSD-3-Clause
 * Simultaneous iterative reconstruction: x += C A^T R (b - A x), where R and C are one over the sums of the
 * rows and columns of the projection A. P. Gilbert, J. Theoretical Biology 36 (1972) 105. */
#ifndef BP_ALGO_SIRT_H
#define BP_ALGO_SIRT_H

#include "beampress/context.h"

#include <stddef.h>

/* A linear map from images to rays, and its transpose. Both fill their output. */
typedef struct bp_projector {
    size_t pixels, rays;
    void (*forward)(const void *user, const double *image, double *rays);
    void (*back)(const void *user, const double *rays, double *image);
    const void *user;
} bp_projector;

/* Goes on from image. Pixels that no ray meets stay as they are. */
BP_MUST_CHECK bp_status bp_sirt_run(bp_context *ctx, const bp_projector *projector, size_t iterations,
                                    const double *rays, double *image);

/* Parallel rays through a slice of side x side pixels, linear between the two pixels beside the ray in every
 * row (or column, whichever the ray crosses more steeply): P. Joseph, IEEE Trans. Medical Imaging 1 (1982)
 * 192. Pixel (i, j) is met by column centre + (j - middle) cos a - (i - middle) sin a. */
typedef struct bp_joseph {
    size_t side, columns, angle_count;
    const double *angles; /* degrees */
    double centre, middle;
} bp_joseph;

bp_projector bp_joseph_projector(const bp_joseph *joseph);

#endif
