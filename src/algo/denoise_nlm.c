/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "algo/denoise.h"
#include "algo/plain_exp.h"

#define CUTOFF     5.0 /* patches further apart than this count nothing */
#define FAR        700 /* the exponential below is good to here */
#define BAND       32  /* rows whose differences are kept at a time */
#define MOST_PATCH 31

typedef struct nlm {
    const bp_image *in;
    size_t half, columns, wide; /* of a patch; of the image; of the image with its margins */
    double weights[MOST_PATCH]; /* Gaussian, in one direction */
    double scale, noise2;       /* 1 / (sum of all weights * h^2), 2 noise^2 */
    double *padded, *valid;     /* with mirrored margins; valid: 1, or 0 at labels */
    double *sums, *totals;      /* weighted values and weights of each pixel */
    double *line;               /* squared differences of a row */
    double *rows;               /* the same, weighted along the row: BAND + 2 half rows */
    double *distance, *weight;  /* of one row */
} nlm;

static size_t padded_size(size_t patch, size_t rows, size_t columns)
{
    return (rows + patch - 1) * (columns + patch - 1);
}

size_t bp_nlm_scratch(size_t patch, size_t search, size_t rows, size_t columns)
{
    (void)search;
    return 2 * padded_size(patch, rows, columns) + 2 * rows * columns + (BAND + patch + 2) * columns +
           columns + patch;
}

/* Mirrored at the ends, the end values once. */
static size_t reflect(ptrdiff_t at, size_t n)
{
    if (n == 1)
        return 0;
    ptrdiff_t period = 2 * ((ptrdiff_t)n - 1);
    at %= period;
    at += at < 0 ? period : 0;
    return (size_t)(at < (ptrdiff_t)n ? at : period - at);
}

static void pad(nlm *n)
{
    const bp_image *in = n->in;
    ptrdiff_t half = (ptrdiff_t)n->half;
    for (size_t y = 0; y < in->rows + 2 * n->half; y++)
        for (size_t x = 0; x < n->wide; x++) {
            size_t at = reflect((ptrdiff_t)y - half, in->rows) * in->columns +
                        reflect((ptrdiff_t)x - half, in->columns);
            double valid = in->labels && in->labels[at] ? 0 : 1;
            n->valid[y * n->wide + x] = valid;
            n->padded[y * n->wide + x] = valid != 0 ? in->values[at] : 0;
        }
}

/* Squared differences of padded row y and row y + ty, shifted by tx, weighted along the row, for columns
 * x0 ... x1 - 1 of the image. */
static void weigh_row(const nlm *n, size_t y, size_t ty, ptrdiff_t tx, size_t x0, size_t x1, double *out)
{
    size_t size = 2 * n->half + 1, end = x1 + 2 * n->half;
    const double *a = n->padded + y * n->wide, *b = n->padded + (ptrdiff_t)((y + ty) * n->wide) + tx;
    const double *va = n->valid + y * n->wide, *vb = n->valid + (ptrdiff_t)((y + ty) * n->wide) + tx;
    double *line = n->line;
    for (size_t x = x0; x < end; x++)
        line[x] = (a[x] - b[x]) * (a[x] - b[x]) - n->noise2;
    for (size_t x = x0; n->in->labels && x < end; x++)
        line[x] *= va[x] * vb[x];
    for (size_t x = x0; x < x1; x++)
        out[x] = n->weights[0] * line[x];
    for (size_t k = 1; k < size; k++)
        for (size_t x = x0; x < x1; x++)
            out[x] += n->weights[k] * line[x + k];
}

/* e^-d, roughly, by writing d into the exponent of a double. */
static inline double quick_exp(double d)
{
    int32_t high = (int32_t)(-1512775.3951951856938 * d) + 1072632447;
    uint64_t bits = (uint64_t)(uint32_t)high << 32;
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Weights of the pairs that pixels x0 ... x1 - 1 of row y make with those ty rows and tx columns away. first:
 * the weighted row at the upper end of the patch. */
static void weigh_pairs(const nlm *n, size_t y, size_t ty, ptrdiff_t tx, size_t x0, size_t x1,
                        const double *first)
{
    size_t size = 2 * n->half + 1;
    double *d = n->distance, *w = n->weight;
    memset(d + x0, 0, (x1 - x0) * sizeof *d);
    memset(w + x0, 0, (x1 - x0) * sizeof *w);
    for (size_t k = 0; k < size; k++) { /* w counts how often the distance was beyond the cutoff */
        const double *row = first + k * n->columns;
        double weight = n->weights[k] * n->scale;
        for (size_t x = x0; x < x1; x++) {
            w[x] += d[x] > CUTOFF ? 1 : 0;
            d[x] += weight * row[x];
        }
    }
    const double *va = n->valid + (y + n->half) * n->wide + n->half,
                 *vb = va + (ptrdiff_t)(ty * n->wide) + tx;
    for (size_t x = x0; x < x1; x++) {
        double far = d[x] > 0 ? d[x] : 0;
        far = far < FAR ? far : FAR;
        double weight = quick_exp(far) * va[x] * vb[x];
        w[x] = w[x] > 0 ? 0 : weight;
    }
}

static void add_pairs(const nlm *n, size_t y, size_t ty, ptrdiff_t tx, size_t x0, size_t x1)
{
    const double *w = n->weight, *a = n->padded + (y + n->half) * n->wide + n->half;
    const double *b = a + (ptrdiff_t)(ty * n->wide) + tx;
    double *sums = n->sums + y * n->columns, *totals = n->totals + y * n->columns;
    for (size_t x = x0; x < x1; x++) {
        sums[x] += w[x] * b[x];
        totals[x] += w[x];
    }
    if (ty == 0 && tx == 0)
        return;
    sums += (ptrdiff_t)(ty * n->columns) + tx;
    totals += (ptrdiff_t)(ty * n->columns) + tx;
    for (size_t x = x0; x < x1; x++) {
        sums[x] += w[x] * a[x];
        totals[x] += w[x];
    }
}

/* All pairs between rows y0 ... y1 - 1 and those ty below, tx to the right. */
static void take_shift(const nlm *n, size_t y0, size_t y1, size_t ty, ptrdiff_t tx)
{
    size_t x0 = tx < 0 ? (size_t)-tx : 0, x1 = tx > 0 ? n->columns - (size_t)tx : n->columns;
    if (y1 + ty > n->in->rows)
        y1 = n->in->rows - ty;
    for (size_t y = y0; y < y1 + 2 * n->half; y++) /* padded rows */
        weigh_row(n, y, ty, tx, x0, x1, n->rows + (y - y0) * n->columns);
    for (size_t y = y0; y < y1; y++) {
        weigh_pairs(n, y, ty, tx, x0, x1, n->rows + (y - y0) * n->columns);
        add_pairs(n, y, ty, tx, x0, x1);
    }
}

static void lay_out(nlm *n, size_t patch, double *scratch)
{
    size_t size = padded_size(patch, n->in->rows, n->columns), count = n->in->rows * n->columns;
    n->padded = scratch;
    n->valid = n->padded + size;
    n->sums = n->valid + size;
    n->totals = n->sums + count;
    n->rows = n->totals + count;
    n->distance = n->rows + (BAND + patch) * n->columns;
    n->weight = n->distance + n->columns;
    n->line = n->weight + n->columns;
}

void bp_nlm_image(const bp_image *in, size_t patch, size_t search, double h, double noise, double *out,
                  double *scratch)
{
    patch += patch % 2 ? 0 : 1;
    patch = patch > MOST_PATCH ? MOST_PATCH : patch;
    nlm n = {.in = in, .half = patch / 2, .columns = in->columns, .wide = in->columns + patch - 1};
    double width = ((double)patch - 1) / 4, sum = 0;
    for (size_t k = 0; k < patch; k++) {
        double d = (double)k - (double)n.half;
        n.weights[k] = patch > 1 ? bp_plain_exp(-d * d / (2 * width * width)) : 1;
        sum += n.weights[k];
    }
    n.scale = 1 / (sum * sum * h * h);
    n.noise2 = 2 * noise * noise;
    lay_out(&n, patch, scratch);
    pad(&n);
    memset(n.sums, 0, 2 * in->rows * in->columns * sizeof *n.sums);
    for (size_t y0 = 0; y0 < in->rows; y0 += BAND) {
        size_t y1 = y0 + BAND < in->rows ? y0 + BAND : in->rows;
        for (size_t ty = 0; ty <= search && y0 + ty < in->rows; ty++)
            for (ptrdiff_t tx = ty ? -(ptrdiff_t)search : 0; tx <= (ptrdiff_t)search; tx++)
                if ((size_t)(tx < 0 ? -tx : tx) < n.columns)
                    take_shift(&n, y0, y1, ty, tx);
    }
    for (size_t i = 0; i < in->rows * in->columns; i++)
        out[i] = in->labels && in->labels[i] ? in->values[i] : n.sums[i] / n.totals[i];
}
