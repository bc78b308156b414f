/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "algo/denoise.h"
#include "algo/plain_exp.h"
#include "algo/running_median.h"

#define TRUNCATE 4 /* sigmas */

static size_t radius_of(double sigma)
{
    return (size_t)(TRUNCATE * sigma + 0.5);
}

/* kernel: the window, then one row of values and one of weights, both with their mirrored ends; then a row of
 * sums of each. */
size_t bp_gaussian_scratch(double sigma, size_t rows, size_t columns)
{
    (void)rows;
    size_t radius = radius_of(sigma);
    return radius + 1 + 2 * (columns + 2 * radius) + 2 * columns;
}

static void make_window(double sigma, size_t radius, double *window)
{
    double sum = 0;
    for (size_t k = 0; k <= radius; k++) {
        double d = (double)k / sigma;
        window[k] = sigma > 0 ? bp_plain_exp(-d * d / 2) : 1;
        sum += k ? 2 * window[k] : window[k];
    }
    for (size_t k = 0; k <= radius; k++)
        window[k] /= sum;
}

/* Adds weight times a row of values, and weight where they are no labels. */
static void add_row(const bp_image *in, size_t y, double weight, double *sums, double *weights)
{
    const double *v = in->values + y * in->columns;
    const uint8_t *l = in->labels ? in->labels + y * in->columns : NULL;
    for (size_t x = 0; !l && x < in->columns; x++)
        sums[x] += weight * v[x];
    for (size_t x = 0; l && x < in->columns; x++) {
        sums[x] += l[x] ? 0 : weight * v[x];
        weights[x] += l[x] ? 0 : weight;
    }
}

/* Along the row: line is padded by radius on each side. */
static void along_row(const double *line, const double *window, size_t radius, size_t columns, double *out)
{
    for (size_t x = 0; x < columns; x++)
        out[x] = window[0] * line[x + radius];
    for (size_t k = 1; k <= radius; k++)
        for (size_t x = 0; x < columns; x++)
            out[x] += window[k] * (line[x + radius - k] + line[x + radius + k]);
}

static void mirror_ends(double *line, size_t radius, size_t columns)
{
    for (size_t k = 0; k < radius; k++) {
        line[k] = line[radius + bp_mirror((ptrdiff_t)k - (ptrdiff_t)radius, columns)];
        line[radius + columns + k] = line[radius + bp_mirror((ptrdiff_t)(columns + k), columns)];
    }
}

void bp_gaussian_image(const bp_image *in, double sigma, double *out, double *scratch)
{
    size_t radius = radius_of(sigma), n = in->columns, padded = n + 2 * radius;
    double *window = scratch, *line = window + radius + 1, *line_weights = line + padded;
    double *sums = line_weights + padded, *weights = sums + n;
    ptrdiff_t reach = (ptrdiff_t)radius;
    make_window(sigma, radius, window);
    for (size_t y = 0; y < in->rows; y++) {
        memset(line, 0, 2 * padded * sizeof *line);
        for (ptrdiff_t k = -reach; k <= reach; k++)
            add_row(in, bp_mirror((ptrdiff_t)y + k, in->rows), window[k < 0 ? -k : k], line + radius,
                    line_weights + radius);
        mirror_ends(line, radius, n);
        along_row(line, window, radius, n, sums);
        if (!in->labels) {
            memcpy(out + y * n, sums, n * sizeof *out);
            continue;
        }
        mirror_ends(line_weights, radius, n);
        along_row(line_weights, window, radius, n, weights);
        for (size_t x = 0; x < n; x++)
            out[y * n + x] = in->labels[y * n + x] ? in->values[y * n + x] : sums[x] / weights[x];
    }
}
