/* SPDX-License-Identifier: BSD-3-Clause */
#include "algo/ssim.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Weighted sums of x, y, x^2 + y^2 and x y: more is not needed, for only the sum of the variances counts. */
enum { M_X, M_Y, M_SQUARES, M_PRODUCT, MOMENTS };

typedef struct scratch {
    double *input[MOMENTS]; /* one row */
    double *rows[MOMENTS];  /* filtered along the row: `taps` rows of a ring */
    double *sum[MOMENTS];   /* filtered along both */
    unsigned *out_rows;     /* excluded pixels in each window of one row: a ring */
    unsigned *out_sum;
    size_t width; /* windows in a row */
    double *memory;
} scratch;

static void constants(bp_ssim_window *window, double range)
{
    window->c1 = 0.01 * range * 0.01 * range;
    window->c2 = 0.03 * range * 0.03 * range;
}

void bp_ssim_gauss(bp_ssim_window *window, double range)
{
    double total = 0;
    window->taps = 11;
    for (size_t i = 0; i < 11; i++) {
        double at = (double)i - 5;
        total += window->weights[i] = exp(-at * at / (2 * 1.5 * 1.5));
    }
    for (size_t i = 0; i < 11; i++)
        window->weights[i] /= total;
    window->covariance = 1;
    constants(window, range);
}

void bp_ssim_box(bp_ssim_window *window, double range)
{
    window->taps = 7;
    for (size_t i = 0; i < 7; i++)
        window->weights[i] = 1.0 / 7;
    window->covariance = 49.0 / 48;
    constants(window, range);
}

static bool scratch_init(scratch *s, size_t columns, size_t taps)
{
    size_t width = columns - taps + 1, values = MOMENTS * (columns + taps * width + width);
    s->width = width;
    s->memory = malloc(values * sizeof(double) + (taps + 1) * width * sizeof(unsigned));
    if (!s->memory)
        return false;
    double *at = s->memory;
    for (size_t m = 0; m < MOMENTS; m++) {
        s->input[m] = at;
        s->rows[m] = at + columns;
        s->sum[m] = s->rows[m] + taps * width;
        at = s->sum[m] + width;
    }
    s->out_rows = (unsigned *)(void *)at;
    s->out_sum = s->out_rows + taps * width;
    return true;
}

/* out[i] = sum of weights[k] * in[i + k]; the weights are symmetric. */
static void filter_row(const double *in, double *out, size_t width, const double *weights, size_t taps)
{
    size_t half = taps / 2;
    for (size_t i = 0; i < width; i++)
        out[i] = weights[half] * in[i + half];
    for (size_t k = 0; k < half; k++) {
        const double *left = in + k, *right = in + (taps - 1 - k);
        for (size_t i = 0; i < width; i++)
            out[i] += weights[k] * (left[i] + right[i]);
    }
}

static void take_row(scratch *s, const bp_ssim_window *window, size_t row, size_t columns, const double *x,
                     const double *y, const uint8_t *excluded)
{
    size_t slot = row % window->taps * s->width;
    for (size_t i = 0; i < columns; i++) {
        s->input[M_X][i] = x[i];
        s->input[M_Y][i] = y[i];
        s->input[M_SQUARES][i] = x[i] * x[i] + y[i] * y[i];
        s->input[M_PRODUCT][i] = x[i] * y[i];
    }
    for (size_t m = 0; m < MOMENTS; m++)
        filter_row(s->input[m], s->rows[m] + slot, s->width, window->weights, window->taps);
    if (!excluded)
        return;
    unsigned count = 0;
    for (size_t i = 0; i < columns; i++) {
        count += excluded[i] != 0;
        if (i + 1 >= window->taps) {
            s->out_rows[slot + i + 1 - window->taps] = count;
            count -= excluded[i + 1 - window->taps] != 0;
        }
    }
}

/* Adds the ring up: row `last` is its youngest. */
static void add_ring(scratch *s, const bp_ssim_window *window, size_t last, bool excluding)
{
    size_t taps = window->taps, first = last + 1 - taps;
    for (size_t m = 0; m < MOMENTS; m++) {
        double *out = s->sum[m];
        memset(out, 0, s->width * sizeof *out);
        for (size_t k = 0; k < taps; k++) {
            const double *in = s->rows[m] + (first + k) % taps * s->width;
            double w = window->weights[k];
            for (size_t i = 0; i < s->width; i++)
                out[i] += w * in[i];
        }
    }
    if (!excluding)
        return;
    memset(s->out_sum, 0, s->width * sizeof *s->out_sum);
    for (size_t k = 0; k < taps; k++)
        for (size_t i = 0; i < s->width; i++)
            s->out_sum[i] += s->out_rows[k * s->width + i];
}

static void add_windows(const scratch *s, const bp_ssim_window *window, bool excluding, bp_ssim_sums *sums)
{
    double ssim = 0, contrast = 0;
    for (size_t i = 0; i < s->width; i++) {
        if (excluding && s->out_sum[i])
            continue;
        double x = s->sum[M_X][i], y = s->sum[M_Y][i], xy = x * y, squares = x * x + y * y;
        double variances = window->covariance * (s->sum[M_SQUARES][i] - squares);
        double covariance = window->covariance * (s->sum[M_PRODUCT][i] - xy);
        double cs = (2 * covariance + window->c2) / (variances + window->c2);
        ssim += cs * ((2 * xy + window->c1) / (squares + window->c1));
        contrast += cs;
        sums->windows++;
    }
    sums->ssim += ssim;
    sums->contrast += contrast;
}

bool bp_ssim_add(const bp_ssim_window *window, size_t rows, size_t columns, const double *x, const double *y,
                 const uint8_t *excluded, bp_ssim_sums *sums)
{
    scratch s;
    if (rows < window->taps || columns < window->taps)
        return true;
    if (!scratch_init(&s, columns, window->taps))
        return false;
    for (size_t r = 0; r < rows; r++) {
        take_row(&s, window, r, columns, x + r * columns, y + r * columns,
                 excluded ? excluded + r * columns : NULL);
        if (r + 1 < window->taps)
            continue;
        add_ring(&s, window, r, excluded != NULL);
        add_windows(&s, window, excluded != NULL, sums);
    }
    free(s.memory);
    return true;
}
