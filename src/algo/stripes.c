/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "algo/running_median.h"
#include "algo/stripes.h"
#include "algo/stripes_filter.h"

typedef struct ranked {
    double value;
    size_t row;
} ranked;

/* What the methods need beside the sinogram, for rows x columns. */
typedef struct work {
    size_t rows, columns;
    double *sinogram;
    double *sorted;   /* rows x columns: each column in rising order */
    double *smooth;   /* rows x columns: medians of the sorted rows */
    size_t *order;    /* columns x rows: the row that a sorted value came from */
    ranked *column;   /* rows */
    double *line;     /* 4 x columns */
    double *window;   /* of the median */
    uint8_t *stripes; /* columns: 1 in a stripe */
} work;

bp_stripes bp_stripes_defaults(bp_stripe_method method)
{
    bp_stripes defaults = {.method = method,
                           .size = 21,
                           .large_size = 51,
                           .snr = 3,
                           .drop = 0.1,
                           .sigma = method == BP_STRIPES_FITTING ? 10 : 3,
                           .cutoff = 20,
                           .order = 8,
                           .lines = 1};
    return defaults;
}

static int by_value(const void *a, const void *b)
{
    const ranked *x = a, *y = b;
    if (x->value != y->value)
        return x->value < y->value ? -1 : 1;
    return x->row < y->row ? -1 : x->row > y->row;
}

static void sort_columns(const work *w, const double *image)
{
    for (size_t x = 0; x < w->columns; x++) {
        for (size_t y = 0; y < w->rows; y++)
            w->column[y] = (ranked){image[y * w->columns + x], y};
        qsort(w->column, w->rows, sizeof *w->column, by_value);
        for (size_t y = 0; y < w->rows; y++) {
            w->sorted[y * w->columns + x] = w->column[y].value;
            w->order[x * w->rows + y] = w->column[y].row;
        }
    }
}

static void median_rows(const work *w, size_t size)
{
    for (size_t y = 0; y < w->rows; y++)
        bp_running_median(w->sorted + y * w->columns, w->columns, size, w->smooth + y * w->columns,
                          w->window);
}

/* Puts column x of the smoothed, sorted image where its values came from. */
static void unsort_column(const work *w, size_t x, double *image)
{
    for (size_t y = 0; y < w->rows; y++)
        image[w->order[x * w->rows + y] * w->columns + x] = w->smooth[y * w->columns + x];
}

static void sorting(const work *w, double *image, size_t size)
{
    sort_columns(w, image);
    median_rows(w, size);
    for (size_t x = 0; x < w->columns; x++)
        unsort_column(w, x, image);
}

static int by_size(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

/* Algorithm 4: the values in rising order lie on a line but for stripes. Marks what leaves the line that is
 * fitted through their middle half, and its neighbours. Nothing is marked in data without noise. */
static void find_stripes(const work *w, const double *values, double snr)
{
    size_t n = w->columns, drop = n / 4, first = drop, last = n - drop - 1; /* last: one past the end */
    double *sorted = w->line + 3 * n;
    memset(w->stripes, 0, n);
    if (last < first + 2)
        return;
    memcpy(sorted, values, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, by_size);
    double count = (double)(last - first), middle = (double)(first + last - 1) / 2, mean = 0, xy = 0, xx = 0;
    for (size_t i = first; i < last; i++)
        mean += sorted[i] / count;
    for (size_t i = first; i < last; i++) {
        xy += ((double)i - middle) * (sorted[i] - mean);
        xx += ((double)i - middle) * ((double)i - middle);
    }
    double slope = xy / xx, low = mean - slope * middle, high = low + slope * (double)(n - 1);
    double noise = fabs(high - low);
    if (!(noise >= 1e-5))
        return;
    bool above = fabs(sorted[n - 1] - high) / noise >= snr, below = fabs(low - sorted[0]) / noise >= snr;
    for (size_t i = 0; i < n; i++)
        if ((above && values[i] > high + noise * snr / 2) || (below && values[i] <= low - noise * snr / 2)) {
            w->stripes[i] |= 2;
        }
    for (size_t i = 0; i < n; i++)
        if (w->stripes[i] & 2 || (i && w->stripes[i - 1] & 2) || (i + 1 < n && w->stripes[i + 1] & 2))
            w->stripes[i] |= 1;
    for (size_t i = 0; i < n; i++)
        w->stripes[i] &= 1;
}

static double column_mean(const work *w, const double *image, size_t x, size_t drop)
{
    double sum = 0;
    for (size_t y = drop; y < w->rows - drop; y++)
        sum += image[y * w->columns + x];
    return sum / (double)(w->rows - 2 * drop);
}

/* Algorithm 5. */
static void large(const work *w, const bp_stripes *s, double drop_part)
{
    double *factor = w->line, part = drop_part < 0 ? 0 : drop_part > 0.8 ? 0.8 : drop_part;
    size_t drop = (size_t)(0.5 * part * (double)w->rows);
    sort_columns(w, w->sinogram);
    median_rows(w, s->large_size);
    for (size_t x = 0; x < w->columns; x++) {
        double smooth = column_mean(w, w->smooth, x, drop);
        factor[x] = smooth != 0 ? column_mean(w, w->sorted, x, drop) / smooth : 1;
    }
    find_stripes(w, factor, s->snr);
    for (size_t x = 0; x < w->columns; x++) {
        if (w->stripes[x])
            unsort_column(w, x, w->sinogram);
        else
            for (size_t y = 0; y < w->rows && factor[x] != 0; y++)
                w->sinogram[y * w->columns + x] /= factor[x];
    }
}

#define SMOOTHING 10 /* rows, in which a column that responds changes */

/* How much each column leaves its own running mean. */
static void measure_change(const work *w, double *change)
{
    for (size_t x = 0; x < w->columns; x++) {
        change[x] = 0;
        for (size_t y = 0; y < w->rows; y++) {
            double sum = 0;
            for (ptrdiff_t k = -SMOOTHING / 2; k < SMOOTHING / 2; k++)
                sum += w->sinogram[bp_mirror((ptrdiff_t)y + k, w->rows) * w->columns + x];
            change[x] += fabs(w->sinogram[y * w->columns + x] - sum / SMOOTHING);
        }
    }
}

/* Straight lines over columns that are marked; the first and the last column are not. */
static void bridge_columns(const work *w)
{
    for (size_t x = 1; x < w->columns; x++) {
        if (!w->stripes[x])
            continue;
        size_t left = x - 1, right = x;
        while (w->stripes[right])
            right++;
        for (size_t y = 0; y < w->rows; y++) {
            double *row = w->sinogram + y * w->columns;
            double a = row[left], b = row[right];
            for (size_t i = left + 1; i < right; i++)
                row[i] = a + (b - a) * ((double)(i - left) / (double)(right - left));
        }
        x = right;
    }
}

/* Algorithm 6, without what it leaves to the one for large stripes. */
static void dead(const work *w, const bp_stripes *s)
{
    size_t n = w->columns, marked = 0;
    double *change = w->line, *usual = w->line + n, mean = 0;
    measure_change(w, change);
    bp_running_median(change, n, s->large_size, usual, w->window);
    for (size_t x = 0; x < n; x++)
        mean += usual[x] / (double)n;
    for (size_t x = 0; x < n; x++) {
        double there = usual[x] != 0 ? usual[x] : mean;
        change[x] = there != 0 ? change[x] / there : 1;
    }
    find_stripes(w, change, s->snr);
    w->stripes[0] = w->stripes[1] = w->stripes[n - 1] = w->stripes[n - 2] = 0;
    for (size_t x = 0; x < n; x++)
        marked += w->stripes[x];
    if (marked && marked < n / 3)
        bridge_columns(w);
}

static bool filtering(const work *w, const bp_stripes *s)
{
    size_t count = w->rows * w->columns;
    double *smooth = malloc(count * sizeof *smooth);
    bool done = smooth && bp_stripes_smooth(w->sinogram, w->rows, w->columns, s->sigma, smooth);
    if (done) {
        for (size_t i = 0; i < count; i++) {
            smooth[i] = (double)(float)smooth[i]; /* as the reference: it decides which values are equal */
            w->sinogram[i] -= smooth[i];
        }
        sorting(w, smooth, s->size);
        for (size_t i = 0; i < count; i++)
            w->sinogram[i] += smooth[i];
    }
    free(smooth);
    return done;
}

static bool run(const work *w, const bp_stripes *s)
{
    switch (s->method) {
    case BP_STRIPES_SORTING:
        sorting(w, w->sinogram, s->size);
        return true;
    case BP_STRIPES_FILTERING:
        return filtering(w, s);
    case BP_STRIPES_FITTING:
        return bp_stripes_fitting(w->sinogram, w->rows, w->columns, s->sigma);
    case BP_STRIPES_LARGE:
        large(w, s, s->drop);
        return true;
    case BP_STRIPES_DEAD:
        dead(w, s);
        large(w, s, 0.1);
        return true;
    case BP_STRIPES_ALL:
        dead(w, s);
        large(w, s, s->drop);
        sorting(w, w->sinogram, s->size);
        return true;
    default:
        return bp_stripes_fourier(w->sinogram, w->rows, w->columns, s->cutoff, s->order, s->lines);
    }
}

/* Straight lines over what is not finite; a row without any finite value becomes 0. */
static void bridge_row(double *row, size_t n)
{
    size_t left = SIZE_MAX;
    for (size_t x = 0; x < n; x++) {
        if (isfinite(row[x])) {
            left = x;
            continue;
        }
        size_t right = x;
        while (right < n && !isfinite(row[right]))
            right++;
        double a = left != SIZE_MAX ? row[left] : right < n ? row[right] : 0, b = right < n ? row[right] : a;
        double start = left != SIZE_MAX ? (double)left : (double)x - 1;
        for (; x < right; x++)
            row[x] = a + (b - a) * (((double)x - start) / ((double)right - start));
        left = right;
    }
}

static bool any_not_finite(const double *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!isfinite(values[i]))
            return true;
    return false;
}

bool bp_stripes_remove(const bp_stripes *s, double *sinogram, size_t rows, size_t columns)
{
    size_t count = rows * columns, window = s->size > s->large_size ? s->size : s->large_size;
    if (rows < 2 || columns < 4)
        return true;
    double *given = NULL;
    work w = {.rows = rows,
              .columns = columns,
              .sinogram = sinogram,
              .sorted = malloc(count * sizeof *w.sorted),
              .smooth = malloc(count * sizeof *w.smooth),
              .order = malloc(count * sizeof *w.order),
              .column = malloc(rows * sizeof *w.column),
              .line = malloc(4 * columns * sizeof *w.line),
              .window = malloc((window + 1) * sizeof *w.window),
              .stripes = malloc(columns)};
    bool holes = any_not_finite(sinogram, count);
    if (holes && (given = malloc(count * sizeof *given))) {
        memcpy(given, sinogram, count * sizeof *given);
        for (size_t y = 0; y < rows; y++)
            bridge_row(sinogram + y * columns, columns);
    }
    bool done = w.sorted && w.smooth && w.order && w.column && w.line && w.window && w.stripes &&
                (!holes || given) && run(&w, s);
    for (size_t i = 0; given && i < count; i++)
        if (!isfinite(given[i]))
            sinogram[i] = given[i];
    free(given);
    free(w.sorted);
    free(w.smooth);
    free(w.order);
    free(w.column);
    free(w.line);
    free(w.window);
    free(w.stripes);
    return done;
}
