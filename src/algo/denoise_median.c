/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "algo/denoise.h"
#include "algo/running_median.h"

/* Values in rising order. */
typedef struct window {
    double *values;
    size_t count;
} window;

static size_t place_of(const window *w, double v)
{
    size_t low = 0, high = w->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (w->values[middle] < v)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Puts a column of the image into the window, or takes it out. */
static void take_column(const bp_image *in, window *w, ptrdiff_t y, ptrdiff_t x, ptrdiff_t half, int add)
{
    size_t column = bp_mirror(x, in->columns);
    for (ptrdiff_t k = -half; k <= half; k++) {
        size_t at = bp_mirror(y + k, in->rows) * in->columns + column;
        if (in->labels && in->labels[at])
            continue;
        size_t place = place_of(w, in->values[at]);
        double *p = w->values + place;
        if (add) {
            memmove(p + 1, p, (w->count - place) * sizeof *p);
            *p = in->values[at];
            w->count++;
        } else {
            w->count--;
            memmove(p, p + 1, (w->count - place) * sizeof *p);
        }
    }
}

static double middle_of(const window *w)
{
    const double *v = w->values;
    size_t half = w->count / 2;
    return w->count % 2 ? v[half] : (v[half - 1] + v[half]) / 2;
}

/* Columns first ... last - 1 of row y. */
static void any_size(const bp_image *in, size_t y, size_t first, size_t last, size_t size, double *out,
                     double *scratch)
{
    ptrdiff_t half = (ptrdiff_t)(size / 2);
    window w = {scratch, 0};
    for (ptrdiff_t k = -half; k < half; k++)
        take_column(in, &w, (ptrdiff_t)y, (ptrdiff_t)first + k, half, 1);
    for (size_t x = first; x < last; x++) {
        size_t at = y * in->columns + x;
        take_column(in, &w, (ptrdiff_t)y, (ptrdiff_t)x + half, half, 1);
        out[at] = (in->labels && in->labels[at]) || !w.count ? in->values[at] : middle_of(&w);
        take_column(in, &w, (ptrdiff_t)y, (ptrdiff_t)x - half, half, 0);
    }
}

static inline double lower(double a, double b)
{
    return a < b ? a : b;
}

static inline double upper(double a, double b)
{
    return a > b ? a : b;
}

static inline double middle(double a, double b, double c)
{
    return upper(lower(a, b), lower(upper(a, b), c));
}

/* Three neighbours in rising order, then of nine: the median of the greatest of the lowest, the middle of the
 * middle ones and the lowest of the greatest. */
static void three_by_three(const double *above, const double *here, const double *below, size_t columns,
                           double *out)
{
    for (size_t x = 1; x + 1 < columns; x++) {
        double low[3], mid[3], high[3];
        for (size_t k = 0; k < 3; k++) {
            double a = above[x + k - 1], b = here[x + k - 1], c = below[x + k - 1];
            double ab = lower(a, b), ba = upper(a, b);
            low[k] = lower(ab, c);
            high[k] = upper(ba, c);
            mid[k] = upper(ab, lower(ba, c));
        }
        out[x] = middle(upper(upper(low[0], low[1]), low[2]), middle(mid[0], mid[1], mid[2]),
                        lower(lower(high[0], high[1]), high[2]));
    }
}

void bp_median_image(const bp_image *in, size_t size, double *out, double *scratch)
{
    size_t n = in->columns;
    for (size_t y = 0; y < in->rows; y++) {
        if (size != 3 || in->labels || y == 0 || y + 1 == in->rows || n < 3) {
            any_size(in, y, 0, n, size, out, scratch);
            continue;
        }
        const double *row = in->values + y * n;
        three_by_three(row - n, row, row + n, n, out + y * n);
        any_size(in, y, 0, 1, size, out, scratch);
        any_size(in, y, n - 1, n, size, out, scratch);
    }
}
