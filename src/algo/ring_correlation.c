/* SPDX-License-Identifier: BSD-3-Clause */
#include "algo/ring_correlation.h"

#include <math.h>
#include <stdlib.h>

#include "base/scratch.h"

#define PI 3.14159265358979323846

bool bp_rings_init(bp_rings *rings, size_t rows, size_t columns)
{
    size_t side = rows > columns ? rows : columns;
    *rings = (bp_rings){.rows = rows, .columns = columns, .count = side / 2 + 1};
    rings->product = calloc(rings->count, 4 * sizeof(double));
    if (!rings->product)
        return false;
    rings->first = rings->product + rings->count;
    rings->second = rings->first + rings->count;
    rings->pixels = rings->second + rings->count;
    return true;
}

void bp_rings_fini(bp_rings *rings)
{
    free(rings->product);
    rings->product = NULL;
}

double bp_rings_taper(size_t i, size_t n, size_t edge)
{
    size_t from_border = i < n - 1 - i ? i : n - 1 - i;
    return from_border >= edge ? 1 : 0.5 - 0.5 * cos(PI * ((double)from_border + 0.5) / (double)edge);
}

/* Both images in one transform: a as real, b as imaginary part. */
static void load(const bp_rings *rings, const double *a, const double *b, size_t edge, bp_complex *out)
{
    size_t n = rings->rows * rings->columns;
    double mean_a = 0, mean_b = 0;
    for (size_t i = 0; i < n; i++) {
        mean_a += a[i];
        mean_b += b[i];
    }
    mean_a /= (double)n;
    mean_b /= (double)n;
    for (size_t r = 0; r < rings->rows; r++) {
        double down = bp_rings_taper(r, rings->rows, edge);
        for (size_t c = 0; c < rings->columns; c++) {
            size_t i = r * rings->columns + c;
            double w = down * bp_rings_taper(c, rings->columns, edge);
            out[i] = (bp_complex){w * (a[i] - mean_a), w * (b[i] - mean_b)};
        }
    }
}

static double frequency(size_t i, size_t n, size_t side)
{
    double f = i <= (n - 1) / 2 ? (double)i : (double)i - (double)n;
    return f * (double)side / (double)n;
}

/* Rings along a row that is `down` cycles off the origin; step: cycles per pixel. */
static void rings_along(double down_squared, double step, size_t columns, uint32_t *ring)
{
    const double round = 6755399441055744.0; /* 1.5 * 2^52: adding it leaves no fraction */
    for (size_t c = 0; c <= columns / 2; c++) {
        double across = (double)(int32_t)c * step;
        ring[c] = (uint32_t)(int32_t)(sqrt(down_squared + across * across) + round - round);
    }
}

void bp_rings_of_row(size_t rows, size_t columns, size_t row, uint32_t *ring)
{
    size_t side = rows > columns ? rows : columns;
    double down = frequency(row, rows, side);
    rings_along(down * down, (double)side / (double)columns, columns, ring);
}

/* One row of both transforms, that of a and i b together: 2 F1 = p + q*, 2 F2 = -i (p - q*). Its mirror
 * image holds the same. */
static void add_row(bp_rings *rings, size_t columns, const bp_complex *p, const bp_complex *q,
                    const uint32_t *ring)
{
    for (size_t c = 0; c <= columns / 2 && ring[c] < rings->count;) {
        double product = 0, first = 0, second = 0, pixels = 0;
        uint32_t k = ring[c];
        for (; c <= columns / 2 && ring[c] == k; c++) {
            bp_complex u = p[c], v = q[c ? columns - c : 0];
            bp_complex f = {u.re + v.re, u.im - v.im}, g = {u.im + v.im, v.re - u.re};
            double weight = c == 0 || 2 * c == columns ? 1 : 2;
            product += weight * (f.re * g.re + f.im * g.im);
            first += weight * (f.re * f.re + f.im * f.im);
            second += weight * (g.re * g.re + g.im * g.im);
            pixels += weight;
        }
        rings->product[k] += product;
        rings->first[k] += first;
        rings->second[k] += second;
        rings->pixels[k] += pixels;
    }
}

bool bp_rings_add(bp_context *ctx, bp_rings *rings, const double *a, const double *b, size_t edge)
{
    size_t rows = rings->rows, columns = rings->columns;
    bp_complex *image = bp_scratch_take(ctx, (rows * columns + 1) * sizeof *image);
    uint32_t *ring = malloc((columns / 2 + 1) * sizeof *ring);
    bool done = image && ring;
    if (done) {
        load(rings, a, b, edge, image);
        done = bp_fft_image(rows, columns, image, false);
    }
    for (size_t r = 0; done && r < rows; r++) {
        bp_rings_of_row(rows, columns, r, ring);
        add_row(rings, columns, image + r * columns, image + (r ? rows - r : 0) * columns, ring);
    }
    free(ring);
    bp_scratch_give(ctx, image);
    return done;
}

bool bp_rings_add_box(bp_rings *rings, const size_t *shape, const bp_complex *box)
{
    size_t depth = shape[0], rows = shape[1], columns = shape[2], side = rings->rows;
    uint32_t *ring = malloc((columns / 2 + 1) * sizeof *ring);
    for (size_t z = 0; ring && z < depth; z++)
        for (size_t r = 0; r < rows; r++) {
            double deep = frequency(z, depth, side), down = frequency(r, rows, side);
            size_t mirrored = (z ? depth - z : 0) * rows + (r ? rows - r : 0);
            rings_along(deep * deep + down * down, (double)side / (double)columns, columns, ring);
            add_row(rings, columns, box + (z * rows + r) * columns, box + mirrored * columns, ring);
        }
    free(ring);
    return ring != NULL;
}

void bp_rings_merge(bp_rings *rings, const bp_rings *more)
{
    for (size_t i = 0; i < 4 * rings->count; i++)
        rings->product[i] += more->product[i];
}

double bp_rings_correlation(const bp_rings *rings, size_t ring)
{
    double energy = sqrt(rings->first[ring]) * sqrt(rings->second[ring]);
    return energy > 0 ? rings->product[ring] / energy : NAN;
}

double bp_rings_threshold(const bp_rings *rings, size_t ring, double snr)
{
    double root = sqrt(rings->pixels[ring]);
    return (snr + (2 * sqrt(snr) + 1) / root) / (1 + snr + 2 * sqrt(snr) / root);
}

double bp_rings_resolution(const bp_rings *rings, double snr, double fixed)
{
    size_t side = rings->rows > rings->columns ? rings->rows : rings->columns;
    double last = NAN;
    for (size_t ring = 1; ring < rings->count; ring++) {
        double level = snr > 0 ? bp_rings_threshold(rings, ring, snr) : fixed;
        double above = bp_rings_correlation(rings, ring) - level;
        if (above < 0 && last >= 0) {
            double at = (double)ring - 1 + last / (last - above);
            return (double)side / at;
        }
        if (above < 0)
            return (double)side; /* nothing agrees */
        last = isnan(above) ? last : above;
    }
    return isnan(last) ? NAN : 2;
}
