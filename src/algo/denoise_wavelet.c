/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "algo/denoise.h"
#include "algo/plain_log.h"
#include "algo/running_median.h"

#define MOST_LEVELS 32
#define MEDIAN_SIZE 0.6744897501960817 /* of a normal distribution's absolute value, in its sigma */

typedef struct filter {
    size_t length;
    double low[4], high[4];
} filter;

static filter make_filter(size_t vanishing)
{
    double root2 = sqrt(2.0), root3 = sqrt(3.0);
    filter f = {2, {1 / root2, 1 / root2}, {0}};
    if (vanishing == 2) {
        f.length = 4;
        f.low[0] = (1 - root3) / (4 * root2);
        f.low[1] = (3 - root3) / (4 * root2);
        f.low[2] = (3 + root3) / (4 * root2);
        f.low[3] = (1 + root3) / (4 * root2);
    }
    for (size_t i = 0; i < f.length; i++)
        f.high[i] = (i % 2 ? 1 : -1) * f.low[f.length - 1 - i];
    return f;
}

static size_t half_of(size_t n, const filter *f)
{
    return (n + f->length - 1) / 2;
}

/* Lines of n values, `step` apart, `lines` of them side by side `gap` apart, become half as many low and high
 * ones in the same layout of their own. */
static void split(const double *in, size_t n, size_t step, size_t lines, size_t gap, const filter *f,
                  double *low, double *high, size_t out_step, size_t out_gap)
{
    for (size_t k = 0; k < half_of(n, f); k++) {
        double *a = low + k * out_step, *d = high + k * out_step;
        for (size_t x = 0; x < lines; x++)
            a[x * out_gap] = d[x * out_gap] = 0;
        for (size_t j = 0; j < f->length; j++) {
            const double *v = in + bp_mirror((ptrdiff_t)(2 * k + 1) - (ptrdiff_t)j, n) * step;
            for (size_t x = 0; x < lines; x++) {
                a[x * out_gap] += f->low[j] * v[x * gap];
                d[x * out_gap] += f->high[j] * v[x * gap];
            }
        }
    }
}

/* Undoes split: n values of each line. */
static void join(const double *low, const double *high, size_t step, size_t gap, const filter *f, double *out,
                 size_t n, size_t out_step, size_t lines, size_t out_gap)
{
    size_t last = f->length - 1, halves = half_of(n, f);
    for (size_t i = 0; i < n; i++) {
        double *o = out + i * out_step;
        for (size_t x = 0; x < lines; x++)
            o[x * out_gap] = 0;
        /* weight of coefficient k at i: reversed filter at i - 2k + length - 2 */
        for (size_t k = i / 2; k < halves && 2 * k <= i + f->length - 2; k++) {
            size_t at = last - (i + f->length - 2 - 2 * k);
            for (size_t x = 0; x < lines; x++)
                o[x * out_gap] +=
                    f->low[at] * low[k * step + x * gap] + f->high[at] * high[k * step + x * gap];
        }
    }
}

/* One level of the pyramid: what was split, and where its parts are. */
typedef struct level {
    size_t rows, columns; /* of what was split */
    double *parts[4];     /* low low, low high, high low, high high: half x half */
} level;

static size_t level_count(size_t rows, size_t columns, const filter *f)
{
    size_t least = rows < columns ? rows : columns, most = 0;
    while (most < MOST_LEVELS && (f->length - 1) << (most + 1) <= least)
        most++;
    return most > 4 ? most - 3 : 1;
}

/* work: rows x half columns, twice. */
static void split_image(const double *in, const level *l, const filter *f, double *work)
{
    size_t half = half_of(l->columns, f);
    double *low = work, *high = work + l->rows * half;
    for (size_t y = 0; y < l->rows; y++) /* a row at a time stays in the cache */
        split(in + y * l->columns, l->columns, 1, 1, 0, f, low + y * half, high + y * half, 1, 0);
    split(low, l->rows, half, half, 1, f, l->parts[0], l->parts[2], half, 1);
    split(high, l->rows, half, half, 1, f, l->parts[1], l->parts[3], half, 1);
}

static void join_image(const level *l, const filter *f, double *work, double *out)
{
    size_t half = half_of(l->columns, f);
    double *low = work, *high = work + l->rows * half;
    join(l->parts[0], l->parts[2], half, 1, f, low, l->rows, half, half, 1);
    join(l->parts[1], l->parts[3], half, 1, f, high, l->rows, half, half, 1);
    for (size_t y = 0; y < l->rows; y++)
        join(low + y * half, high + y * half, 1, 0, f, out + y * l->columns, l->columns, 1, 1, 0);
}

/* Soft threshold; NAN: BayesShrink's, from the part itself, times factor. */
static void shrink(double *part, size_t count, double threshold, double factor, double noise)
{
    if (isnan(threshold)) {
        double squares = 0;
        for (size_t i = 0; i < count; i++)
            squares += part[i] * part[i];
        double signal = squares / (double)count - noise * noise;
        threshold = factor *
                    (noise * noise / sqrt(signal > 2.2204460492503131e-16 ? signal : 2.2204460492503131e-16));
    }
    for (size_t i = 0; i < count; i++) {
        double size = fabs(part[i]);
        part[i] = size > threshold ? part[i] * (1 - threshold / size) : 0;
    }
}

/* Straight lines over labels along the row; rows of nothing but labels are those above (below, at the top).
 */
static void fill_labels(const bp_image *in, double *out)
{
    size_t n = in->columns, good = SIZE_MAX; /* last row that has any value */
    memcpy(out, in->values, in->rows * n * sizeof *out);
    for (size_t y = 0; in->labels && y < in->rows; y++) {
        const uint8_t *l = in->labels + y * n;
        double *o = out + y * n;
        size_t left = SIZE_MAX;
        for (size_t x = 0; x < n; x++) {
            if (l[x])
                continue;
            double a = left != SIZE_MAX ? o[left] : o[x];
            for (size_t i = left + 1; i < x; i++) /* from 0 when there is none on the left */
                o[i] = left != SIZE_MAX ? a + (o[x] - a) * ((double)(i - left) / (double)(x - left)) : o[x];
            left = x;
        }
        for (size_t x = left + 1; left != SIZE_MAX && x < n; x++)
            o[x] = o[left];
        if (left == SIZE_MAX) {
            if (good != SIZE_MAX)
                memcpy(o, out + good * n, n * sizeof *o);
            continue;
        }
        for (size_t above = good + 1; good == SIZE_MAX && above < y; above++)
            memcpy(out + above * n, o, n * sizeof *o);
        good = y;
    }
    for (size_t i = 0; in->labels && good == SIZE_MAX && i < in->rows * n; i++)
        out[i] = 0;
}

/* The parts of all levels, the filled image and the work of the largest split. Every level is at most
 * (n + 3) / 2 long each way. */
size_t bp_wavelet_scratch(size_t rows, size_t columns)
{
    size_t total = rows * columns + 2 * rows * (columns / 2 + 2), r = rows, c = columns;
    for (size_t i = 0; i < MOST_LEVELS && (i == 0 || r > 4 || c > 4); i++) {
        r = (r + 3) / 2;
        c = (c + 3) / 2;
        total += 4 * r * c;
    }
    return total + 4 * 16;
}

void bp_wavelet_image(const bp_image *in, size_t vanishing, int universal, double factor, double noise,
                      double *out, double *scratch)
{
    filter f = make_filter(vanishing);
    size_t count = in->rows * in->columns, levels = level_count(in->rows, in->columns, &f);
    level pyramid[MOST_LEVELS];
    double *filled = scratch, *work = filled + count;
    double *next = work + 2 * in->rows * (in->columns / 2 + 2), *from = filled;
    double threshold = universal ? factor * (noise * sqrt(2 * bp_plain_log((double)count))) : (double)NAN;
    fill_labels(in, filled);
    for (size_t i = 0; i < levels; i++) {
        level *l = &pyramid[i];
        l->rows = i ? half_of(l[-1].rows, &f) : in->rows;
        l->columns = i ? half_of(l[-1].columns, &f) : in->columns;
        size_t size = half_of(l->rows, &f) * half_of(l->columns, &f);
        for (int k = 0; k < 4; k++)
            l->parts[k] = next + (size_t)k * size;
        next += 4 * size;
        split_image(from, l, &f, work);
        for (int k = 1; k < 4; k++)
            shrink(l->parts[k], size, threshold, factor, noise);
        from = l->parts[0];
    }
    for (size_t i = levels; i-- > 0;)
        join_image(&pyramid[i], &f, work, i ? pyramid[i - 1].parts[0] : out);
    for (size_t i = 0; in->labels && i < count; i++)
        if (in->labels[i])
            out[i] = in->values[i];
}

static int by_size(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

double bp_wavelet_noise(const bp_image *in, double *scratch)
{
    filter f = make_filter(2);
    size_t count = in->rows * in->columns, size = half_of(in->rows, &f) * half_of(in->columns, &f), kept = 0;
    level l = {in->rows, in->columns, {0}};
    double *filled = scratch, *work = filled + count, *parts = work + 2 * in->rows * (in->columns / 2 + 2);
    for (int k = 0; k < 4; k++)
        l.parts[k] = parts + (size_t)k * size;
    fill_labels(in, filled);
    split_image(filled, &l, &f, work);
    double *d = l.parts[3];
    for (size_t i = 0; i < size; i++)
        if (d[i] != 0)
            d[kept++] = fabs(d[i]);
    if (!kept)
        return 0;
    qsort(d, kept, sizeof *d, by_size);
    return (d[kept / 2] + d[(kept - 1) / 2]) / 2 / MEDIAN_SIZE;
}
