/* SPDX-License-Identifier: BSD-3-Clause
 * Filtered back-projection of parallel-beam tomography, with the numbers of scikit-image's iradon.
 * A. Kak, M. Slaney, Principles of Computerized Tomographic Imaging (IEEE 1988), chapter 3.
 *
 * A slice has `side` x `side` pixels with the axis in pixel side / 2 of both; pixel (i, j) is seen by column
 * t = centre + (j - side / 2) cos a - (i - side / 2) sin a at angle a. Values are per pixel. */
#ifndef BP_ALGO_FBP_H
#define BP_ALGO_FBP_H

#include <stdbool.h>
#include <stddef.h>

#include "beampress/context.h"

typedef enum bp_fbp_filter {
    BP_FBP_RAMP,
    BP_FBP_SHEPP_LOGAN,
    BP_FBP_COSINE,
    BP_FBP_HAMMING,
    BP_FBP_HANN,
    BP_FBP_NONE
} bp_fbp_filter;
#define BP_FBP_FILTER_WORDS                                                                                  \
    {                                                                                                        \
        "ramp", "shepp-logan", "cosine", "hamming", "hann", "none", NULL                                     \
    }

typedef enum bp_fbp_interpolation {
    BP_FBP_LINEAR,
    BP_FBP_NEAREST, /* a half goes down */
    BP_FBP_CUBIC    /* spline through all values, its third derivative continuous at the ends */
} bp_fbp_interpolation;

typedef struct bp_fbp {
    size_t columns, angle_count;
    const double *angles; /* degrees */
    double centre;        /* column of the axis, counted from 0 */
    size_t side;
    bool circle; /* the circle of radius side / 2 alone; 0 outside. Rows go on with their filtered tails */
    bp_fbp_filter filter;
    bp_fbp_interpolation interpolation; /* of bp_fbp_run; bp_fbp_fast is linear */
} bp_fbp;

/* What iradon does with a sinogram of so many columns. */
void bp_fbp_init(bp_fbp *fbp, size_t columns, size_t angle_count, const double *angles, bool circle);
/* Length of the transforms: rows are filled up with zeros. */
size_t bp_fbp_length(const bp_fbp *fbp);
/* Response at each of `length` (even) frequencies. False when memory is short. */
bool bp_fbp_response(bp_fbp_filter filter, size_t length, double *response);
/* The rows of a sinogram, filtered. False when memory is short. */
bool bp_fbp_filter_rows(const bp_fbp *fbp, const double *sinogram, double *rows);

/* One slice in double precision. sinogram: angle_count x columns; slice: side x side. */
BP_MUST_CHECK bp_status bp_fbp_run(bp_context *ctx, const bp_fbp *fbp, const double *sinogram, double *slice);

/* `count` slices in single precision, many times quicker, by the threads of ctx or, when it has none, by
 * `threads` (0: one per core). sinograms: count x
 * angle_count x columns; slices: count x side x side. The same values for any number of threads. */
BP_MUST_CHECK bp_status bp_fbp_fast(bp_context *ctx, const bp_fbp *fbp, unsigned threads, size_t count,
                                    const float *sinograms, float *slices);

#endif
