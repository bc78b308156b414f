/* SPDX-License-Identifier: BSD-3-Clause */
#include "algo/line_profile.h"

#include <math.h>

#include "base/checked.h"

#define PI 3.14159265358979323846

size_t bp_line_samples(const bp_image_line *line, double radius)
{
    double half = radius * radius - line->offset * line->offset;
    return half > 0 ? 2 * (size_t)sqrt(half) + 1 : 0;
}

static double value_at(const double *image, size_t side, double y, double x)
{
    double last = (double)side - 1;
    y = fmin(fmax(y, 0), last);
    x = fmin(fmax(x, 0), last);
    size_t i = (size_t)y, j = (size_t)x, down = i + 1 < side ? side : 0, right = j + 1 < side;
    double v = y - (double)i, u = x - (double)j;
    const double *at = image + i * side + j;
    return (1 - v) * ((1 - u) * at[0] + u * at[right]) + v * ((1 - u) * at[down] + u * at[down + right]);
}

void bp_line_profile(const bp_image_line *line, const double *image, size_t side, size_t samples,
                     double *values)
{
    double cosine = cos(line->angle * PI / 180), sine = sin(line->angle * PI / 180);
    double middle = bp_floor_divide(side, 2);
    for (size_t i = 0; i < samples; i++) {
        double along = (double)i - bp_floor_divide(samples, 2), sum = 0;
        for (size_t k = 0; k < line->width; k++) {
            double beside = line->offset + (double)k - ((double)line->width - 1) / 2;
            double y = middle - along * sine + beside * cosine, x = middle + along * cosine + beside * sine;
            sum += value_at(image, side, y, x);
        }
        values[i] = sum / (double)line->width;
    }
}
