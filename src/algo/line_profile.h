/* SPDX-License-Identifier: BSD-3-Clause
 * Values along a straight line through an image, one per pixel of length. */
#ifndef BP_ALGO_LINE_PROFILE_H
#define BP_ALGO_LINE_PROFILE_H

#include <stddef.h>

typedef struct bp_image_line {
    double angle; /* degrees, from the rows towards smaller row numbers (counter-clockwise in a picture) */
    double
        offset; /* pixels from pixel (side / 2, side / 2) to the line, to its right (downwards at angle 0) */
    size_t width; /* lines beside each other, a pixel apart, whose mean is taken */
} bp_image_line;

/* Samples on the line inside a disc of `radius` pixels around that pixel; 0: it passes by. */
size_t bp_line_samples(const bp_image_line *line, double radius);
/* values[i]: i - samples / 2 pixels along the line from the point nearest to the middle; between pixels by
 * bilinear interpolation, outside the image its border. */
void bp_line_profile(const bp_image_line *line, const double *image, size_t side, size_t samples,
                     double *values);

#endif
