/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>
#include <string.h>

#include "algo/denoise.h"

#define TAU 0.25 /* step of the dual field, 1 / (2 dimensions) */

/* out = in - divergence of (py, px); returns the sum of squares of what is added. */
static double add_divergence(const bp_image *in, const double *py, const double *px, double *out)
{
    size_t n = in->columns;
    double squares = 0;
    for (size_t y = 0; y < in->rows; y++) {
        const double *v = in->values + y * n, *a = py + y * n, *b = px + y * n, *above = y ? a - n : a;
        double *o = out + y * n, row = 0;
        for (size_t x = 0; x < n; x++) {
            double d = -(a[x] + b[x]);
            d += y ? above[x] : 0;
            d += x ? b[x - 1] : 0;
            o[x] = v[x] + d;
            row += d * d;
        }
        squares += row;
    }
    return squares;
}

/* Gradient of out at the row y, 0 at the last row or column and wherever a label is on either side. */
static void gradient_row(const bp_image *in, const double *out, size_t y, double *gy, double *gx)
{
    size_t n = in->columns;
    const double *o = out + y * n;
    const uint8_t *l = in->labels ? in->labels + y * n : NULL;
    for (size_t x = 0; x < n; x++)
        gy[x] = y + 1 < in->rows ? o[x + n] - o[x] : 0;
    for (size_t x = 0; x + 1 < n; x++)
        gx[x] = o[x + 1] - o[x];
    gx[n - 1] = 0;
    for (size_t x = 0; l && x < n; x++) {
        if (l[x] || (y + 1 < in->rows && l[x + n]))
            gy[x] = 0;
        if (l[x] || (x + 1 < n && l[x + 1]))
            gx[x] = 0;
    }
}

/* One step of the dual field; returns the total variation. */
static double move_field(const bp_image *in, const double *out, double weight, double *py, double *px,
                         double *gy, double *gx)
{
    size_t n = in->columns;
    double variation = 0;
    for (size_t y = 0; y < in->rows; y++) {
        double *a = py + y * n, *b = px + y * n, row = 0;
        gradient_row(in, out, y, gy, gx);
        for (size_t x = 0; x < n; x++) {
            double norm = sqrt(gy[x] * gy[x] + gx[x] * gx[x]), scale = norm * (TAU / weight) + 1;
            a[x] = (a[x] - TAU * gy[x]) / scale;
            b[x] = (b[x] - TAU * gx[x]) / scale;
            row += norm;
        }
        variation += row;
    }
    return variation;
}

void bp_tv_image(const bp_image *in, double weight, double epsilon, size_t rounds, double *out,
                 double *scratch)
{
    size_t n = in->columns, count = in->rows * n;
    double *py = scratch, *px = py + count, *gy = px + count, *gx = gy + n, first = 0, before = 0;
    memset(py, 0, 2 * count * sizeof *py);
    memcpy(out, in->values, count * sizeof *out);
    for (size_t i = 0; i < rounds && weight > 0; i++) {
        double energy = i ? add_divergence(in, py, px, out) : 0;
        energy = (energy + weight * move_field(in, out, weight, py, px, gy, gx)) / (double)count;
        if (i == 0)
            first = energy;
        else if (fabs(before - energy) < epsilon * first)
            break;
        before = energy;
    }
}
