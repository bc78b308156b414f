/* SPDX-License-Identifier: BSD-3-Clause */
#include "algo/dispersion.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LARGEST 16777216.0 /* valid values are below */

/* Sums over the box around each pixel of a row: valid pixels, values, squares. */
typedef struct boxes {
    size_t rows, columns, reach;
    const double *frame;
    const uint8_t *valid;
    double *column; /* 3 x columns: sums over the rows of the box */
    double *box;    /* 3 x columns */
} boxes;

static void sum_boxes(const boxes *b, size_t row)
{
    size_t n = b->columns, first = row > b->reach ? row - b->reach : 0;
    double *count = b->column, *sum = count + n, *squares = sum + n;
    memset(b->column, 0, 3 * n * sizeof *b->column);
    for (size_t y = first; y <= row + b->reach && y < b->rows; y++)
        for (size_t x = 0; x < n; x++)
            if (b->valid[y * n + x]) {
                double v = b->frame[y * n + x];
                count[x]++;
                sum[x] += v;
                squares[x] += v * v;
            }
    memset(b->box, 0, 3 * n * sizeof *b->box);
    for (size_t k = 0; k < 3; k++)
        for (size_t x = 0; x < n; x++) {
            size_t last = x + b->reach < n ? x + b->reach : n - 1;
            double total = 0;
            for (size_t i = x > b->reach ? x - b->reach : 0; i <= last; i++)
                total += b->column[k * n + i];
            b->box[k * n + x] = total;
        }
}

static bool boxes_init(boxes *b, const double *frame, size_t rows, size_t columns, size_t reach,
                       const uint8_t *valid)
{
    *b = (boxes){rows, columns, reach, frame, valid, malloc((6 * columns + 1) * sizeof(double)), NULL};
    b->box = b->column ? b->column + 3 * columns : NULL;
    return b->column != NULL;
}

/* Marks what is no background (1) and, of that, what is above the mean (2). */
static void first_pass(const bp_dispersion_params *p, boxes *b, uint8_t *marks)
{
    size_t n = b->columns;
    for (size_t y = 0; y < b->rows; y++) {
        sum_boxes(b, y);
        for (size_t x = 0; x < n; x++) {
            double m = b->box[x], sum = b->box[n + x], squares = b->box[2 * n + x], v = b->frame[y * n + x];
            uint8_t *mark = &marks[y * n + x];
            *mark = 0;
            if (!b->valid[y * n + x] || m < (double)p->min_count || m < 1)
                continue;
            double excess = m * squares - sum * sum;
            double allowed = p->gain * sum * (m - 1 + p->background_sigma * sqrt(2 * (m - 1)));
            if (!(excess > allowed))
                continue;
            double above = m * v - sum, scatter = p->strong_sigma * sqrt(p->gain * sum * m);
            *mark = v > p->global && above > scatter ? 2 : 1;
        }
    }
}

/* Pixels of the region that have no other pixel nearer than kernel rows and columns: 1, the others 0. */
static void erode(const uint8_t *marks, size_t rows, size_t columns, size_t reach, uint8_t *across,
                  uint8_t *core)
{
    for (size_t y = 0; y < rows; y++)
        for (size_t x = 0; x < columns; x++) {
            uint8_t all = 1;
            for (size_t i = x > reach ? x - reach : 0; i <= x + reach && i < columns; i++)
                all = all && marks[y * columns + i];
            across[y * columns + x] = all;
        }
    for (size_t y = 0; y < rows; y++)
        for (size_t x = 0; x < columns; x++) {
            uint8_t all = 1;
            for (size_t i = y > reach ? y - reach : 0; i <= y + reach && i < rows; i++)
                all = all && across[i * columns + x];
            core[y * columns + x] = all;
        }
}

/* Compares the core of the region with the mean of what is not in it. */
static void second_pass(const bp_dispersion_params *p, boxes *b, const uint8_t *core, uint8_t *strong)
{
    size_t n = b->columns;
    for (size_t y = 0; y < b->rows; y++) {
        sum_boxes(b, y);
        for (size_t x = 0; x < n; x++) {
            double m = b->box[x], mean = m > 0 ? b->box[n + x] / m : 0, v = b->frame[y * n + x];
            strong[y * n + x] = core[y * n + x] && v > p->global &&
                                v >= mean + p->strong_sigma * sqrt(p->gain * (mean > 0 ? mean : 0));
        }
    }
}

static bool extend(const bp_dispersion_params *p, const double *frame, size_t rows, size_t columns,
                   const uint8_t *valid, uint8_t *strong)
{
    size_t pixels = rows * columns;
    boxes b;
    uint8_t *core = calloc(3, pixels + 1), *across = core ? core + pixels : NULL,
            *rest = core ? across + pixels : NULL;
    bool done = core && boxes_init(&b, frame, rows, columns, p->kernel + 2, rest);
    if (done) {
        erode(strong, rows, columns, p->kernel - 1, across, core);
        for (size_t i = 0; i < pixels; i++)
            rest[i] = valid[i] && !core[i];
        second_pass(p, &b, core, strong);
        free(b.column);
    }
    free(core);
    return done;
}

bool bp_dispersion_mask(const bp_dispersion_params *p, const double *frame, size_t rows, size_t columns,
                        const uint8_t *excluded, uint8_t *strong)
{
    size_t pixels = rows * columns;
    boxes b;
    uint8_t *valid = calloc(pixels + 1, 1);
    bool done = valid && boxes_init(&b, frame, rows, columns, p->kernel, valid);
    if (done) {
        for (size_t i = 0; i < pixels; i++)
            valid[i] = isfinite(frame[i]) && frame[i] < LARGEST && !(excluded && excluded[i]);
        first_pass(p, &b, strong);
        free(b.column);
        for (size_t i = 0; i < pixels && !p->extended; i++)
            strong[i] = strong[i] == 2;
        if (p->extended)
            done = extend(p, frame, rows, columns, valid, strong);
    }
    free(valid);
    return done;
}

/* Takes the strong pixels that touch this one out of the mask; returns how many there are in region. */
static size_t collect(uint8_t *strong, size_t rows, size_t columns, size_t start, size_t *region)
{
    size_t count = 0;
    strong[start] = 0;
    region[count++] = start;
    for (size_t done = 0; done < count; done++) {
        size_t y = region[done] / columns, x = region[done] % columns;
        const size_t next[4] = {
            x > 0 ? region[done] - 1 : SIZE_MAX, x + 1 < columns ? region[done] + 1 : SIZE_MAX,
            y > 0 ? region[done] - columns : SIZE_MAX, y + 1 < rows ? region[done] + columns : SIZE_MAX};
        for (int k = 0; k < 4; k++)
            if (next[k] != SIZE_MAX && strong[next[k]]) {
                strong[next[k]] = 0;
                region[count++] = next[k];
            }
    }
    return count;
}

static double row_of(size_t pixel, size_t columns)
{
    size_t row = pixel / columns;
    return (double)row;
}

/* Is it a spot? Its centroid is weighted by the values. */
static bool measure(const bp_dispersion_params *p, const double *frame, size_t columns, const size_t *region,
                    size_t count, bp_peak *peak)
{
    double sum = 0, sx = 0, sy = 0, max = -(double)INFINITY, mx = 0, my = 0;
    for (size_t i = 0; i < count; i++) {
        double v = frame[region[i]], x = (double)(region[i] % columns) + 0.5,
               y = row_of(region[i], columns) + 0.5;
        sum += v;
        sx += v * x;
        sy += v * y;
        if (v > max) {
            max = v;
            mx = x;
            my = y;
        }
    }
    double x = sx / sum, y = sy / sum, dx = x - mx, dy = y - my;
    *peak = (bp_peak){.x = (float)x,
                      .y = (float)y,
                      .total = (float)sum,
                      .sigma = NAN,
                      .snr = NAN,
                      .max = (float)max,
                      .pixels = (uint32_t)count};
    return count >= p->min_pixels && count <= p->max_pixels && sum > 0 &&
           dx * dx + dy * dy <= p->max_separation * p->max_separation;
}

bool bp_dispersion_spots(const bp_dispersion_params *p, const double *frame, size_t rows, size_t columns,
                         uint8_t *strong, bp_peaks *peaks)
{
    size_t pixels = rows * columns, *region = malloc((pixels + 1) * sizeof *region);
    bool done = region != NULL;
    peaks->count = 0;
    for (size_t i = 0; i < pixels && done; i++) {
        bp_peak peak;
        if (!strong[i])
            continue;
        size_t count = collect(strong, rows, columns, i, region);
        if (measure(p, frame, columns, region, count, &peak))
            done = bp_peaks_add(peaks, &peak);
    }
    free(region);
    return done;
}
