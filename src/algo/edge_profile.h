/* SPDX-License-Identifier: BSD-3-Clause
 * How sharp the edges of an image are: its profile across the border between two phases, averaged along the
 * border, and the error function that fits it. */
#ifndef BP_ALGO_EDGE_PROFILE_H
#define BP_ALGO_EDGE_PROFILE_H

#include <stdbool.h>
#include <stddef.h>

#define BP_EDGE_REACH   4 /* pixels to either side of the border */
#define BP_EDGE_PARTS   4 /* samples in a pixel */
#define BP_EDGE_SAMPLES (2 * BP_EDGE_REACH * BP_EDGE_PARTS + 1)

/* Sums over places on the border; sample i lies (i / BP_EDGE_PARTS - BP_EDGE_REACH) pixels towards the
 * brighter side. */
typedef struct bp_edge_profile {
    double sums[BP_EDGE_SAMPLES];
    double places;
} bp_edge_profile;

/* Adds the border of an image of side x side pixels: where it crosses `level` after smoothing with a Gaussian
 * of `smooth` pixels, within `radius` pixels of the pixel (side / 2, side / 2). False when memory is short.
 */
bool bp_edge_profile_add(bp_edge_profile *profile, const double *image, size_t side, double level,
                         double radius, double smooth);

/* 10 % to 90 % width, in pixels, of the error function through the mean profile, by least squares. False
 * when nothing was added or no edge fits. */
bool bp_edge_profile_width(const bp_edge_profile *profile, double *width);

#endif
