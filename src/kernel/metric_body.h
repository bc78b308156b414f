/* SPDX-License-Identifier: BSD-3-Clause
 * The loops of kernel/metric.h, plain C that compilers turn into vectors; each SIMD level compiles them with
 * its flags. Nothing is contracted or reordered, so all levels give the same numbers. */
#include <math.h>
#include <string.h>

#include "kernel/metric.h"

/* Symmetric filter of `taps` weights over taps values that lie `stride` apart, at each of width places. */
static inline void filter(const double *weights, size_t taps, const double *in, size_t width,
                          double *restrict out)
{
    const size_t half = taps / 2;
    for (size_t i = 0; i < width; i++) {
        double sum = weights[half] * in[i + half];
        for (size_t k = 0; k < half; k++)
            sum += weights[k] * (in[i + k] + in[i + taps - 1 - k]);
        out[i] = sum;
    }
}

static void metric_moments(const bp_window_weights *w, const double *x, const double *y, size_t columns,
                           double *work, double *const out[BP_MOMENTS])
{
    double *restrict squares = work, *restrict product = work + columns;
    for (size_t i = 0; i < columns; i++) {
        squares[i] = x[i] * x[i] + y[i] * y[i];
        product[i] = x[i] * y[i];
    }
    const double *in[BP_MOMENTS] = {x, y, squares, product};
    size_t width = columns - w->taps + 1;
    for (size_t m = 0; m < BP_MOMENTS; m++)
        if (w->taps == 11)
            filter(w->weights, 11, in[m], width, out[m]);
        else
            filter(w->weights, 7, in[m], width, out[m]);
}

/* windows that are worked on at once: long enough for vectors, short enough for the cache */
#define WINDOW_BLOCK 64

/* The four moments of `count` windows from place `at` on, added up over rows. */
static inline void add_rows(const double *weights, size_t taps, const double *const *rows, size_t at,
                            size_t count, double sums[BP_MOMENTS][WINDOW_BLOCK])
{
    const size_t half = taps / 2;
    for (size_t m = 0; m < BP_MOMENTS; m++) {
        const double *const *r = rows + m * taps;
        for (size_t i = 0; i < count; i++) {
            double sum = weights[half] * r[half][at + i];
            for (size_t k = 0; k < half; k++)
                sum += weights[k] * (r[k][at + i] + r[taps - 1 - k][at + i]);
            sums[m][i] = sum;
        }
    }
}

static inline void put_windows(const bp_window_weights *w, double sums[BP_MOMENTS][WINDOW_BLOCK],
                               size_t count, double *restrict ssim, double *restrict contrast)
{
    for (size_t i = 0; i < count; i++) {
        double x = sums[BP_MOMENT_X][i], y = sums[BP_MOMENT_Y][i], xy = x * y, squares = x * x + y * y;
        double variances = w->covariance * (sums[BP_MOMENT_SQUARES][i] - squares);
        double covariance = w->covariance * (sums[BP_MOMENT_PRODUCT][i] - xy);
        double above = 2 * covariance + w->c2, below = variances + w->c2;
        ssim[i] = above * (2 * xy + w->c1) / (below * (squares + w->c1));
        if (contrast)
            contrast[i] = above / below;
    }
}

static inline void all_windows(const bp_window_weights *w, size_t taps, const double *const *rows,
                               size_t width, double *ssim, double *contrast)
{
    double sums[BP_MOMENTS][WINDOW_BLOCK];
    size_t at = 0;
    for (; at + WINDOW_BLOCK <= width; at += WINDOW_BLOCK) {
        add_rows(w->weights, taps, rows, at, WINDOW_BLOCK, sums);
        put_windows(w, sums, WINDOW_BLOCK, ssim + at, contrast ? contrast + at : NULL);
    }
    add_rows(w->weights, taps, rows, at, width - at, sums);
    put_windows(w, sums, width - at, ssim + at, contrast ? contrast + at : NULL);
}

static void metric_windows(const bp_window_weights *w, const double *const *rows, size_t width, double *ssim,
                           double *contrast)
{
    if (w->taps == 11 && contrast)
        all_windows(w, 11, rows, width, ssim, contrast);
    else if (w->taps == 11)
        all_windows(w, 11, rows, width, ssim, NULL);
    else
        all_windows(w, 7, rows, width, ssim, contrast);
}

static inline void add_pixels(bp_point_lanes *l, const double *reference, const double *test,
                              const double *take, double middle)
{
    for (size_t i = 0; i < BP_METRIC_LANES; i++) {
        double w = take[i], x = (reference[i] - middle) * w, y = (test[i] - middle) * w;
        double d = (test[i] - reference[i]) * w, a = fabs(d), d2 = d * d;
        double size = fabs(reference[i]), there = size > 0 ? w : 0;
        double relative = there > 0 ? a / size : 0;
        l->sums[BP_POINT_X][i] += x;
        l->sums[BP_POINT_Y][i] += y;
        l->sums[BP_POINT_XX][i] += x * x;
        l->sums[BP_POINT_YY][i] += y * y;
        l->sums[BP_POINT_XY][i] += x * y;
        l->sums[BP_POINT_D][i] += d;
        l->sums[BP_POINT_ABS_D][i] += a;
        l->sums[BP_POINT_D2][i] += d2;
        l->sums[BP_POINT_D3][i] += d2 * d;
        l->sums[BP_POINT_D4][i] += d2 * d2;
        l->sums[BP_POINT_DX][i] += d * x;
        l->sums[BP_POINT_REL][i] += relative;
        l->sums[BP_POINT_REL_COUNT][i] += there;
        l->sums[BP_POINT_CHANGED][i] += a > 0 ? 1.0 : 0.0;
        l->max_abs[i] = a > l->max_abs[i] ? a : l->max_abs[i];
        l->max_rel[i] = relative > l->max_rel[i] ? relative : l->max_rel[i];
    }
}

static void metric_point(const double *reference, const double *test, const double *take, size_t n,
                         double middle, bp_point_lanes *lanes)
{
    static const double all[BP_METRIC_LANES] = {1, 1, 1, 1, 1, 1, 1, 1};
    bp_point_lanes l = *lanes;
    for (size_t at = 0; at < n; at += BP_METRIC_LANES)
        add_pixels(&l, reference + at, test + at, take ? take + at : all, middle);
    *lanes = l;
}

static inline bool is_finite(double v)
{
    return v - v == 0;
}

static void metric_survey(const double *reference, const double *test, const uint8_t *excluded, bool labelled,
                          double label, size_t n, uint8_t *restrict out, bp_row_survey *row)
{
    double low[2][BP_METRIC_LANES], high[2][BP_METRIC_LANES];
    for (size_t i = 0; i < BP_METRIC_LANES; i++) {
        low[0][i] = low[1][i] = INFINITY;
        high[0][i] = high[1][i] = -INFINITY;
    }
    uint64_t excluded_count = 0, labels = 0, bad = 0;
    for (size_t at = 0; at < n; at += BP_METRIC_LANES) {
        size_t count = n - at < BP_METRIC_LANES ? n - at : BP_METRIC_LANES;
        for (size_t i = 0; i < count; i++) {
            double r = reference[at + i], t = test[at + i];
            bool masked = excluded && excluded[at + i], mark = labelled && r == label && !masked;
            bool nonsense = !masked && !mark && !(is_finite(r) && is_finite(t)),
                 leave = masked || mark || nonsense;
            excluded_count += masked;
            labels += mark;
            bad += nonsense;
            out[at + i] = leave;
            low[0][i] = !leave && r < low[0][i] ? r : low[0][i];
            high[0][i] = !leave && r > high[0][i] ? r : high[0][i];
            low[1][i] = !leave && t < low[1][i] ? t : low[1][i];
            high[1][i] = !leave && t > high[1][i] ? t : high[1][i];
        }
    }
    *row = (bp_row_survey){excluded_count, labels, bad, low[0][0], high[0][0], low[1][0], high[1][0]};
    for (size_t i = 1; i < BP_METRIC_LANES; i++) {
        row->reference_min = low[0][i] < row->reference_min ? low[0][i] : row->reference_min;
        row->reference_max = high[0][i] > row->reference_max ? high[0][i] : row->reference_max;
        row->test_min = low[1][i] < row->test_min ? low[1][i] : row->test_min;
        row->test_max = high[1][i] > row->test_max ? high[1][i] : row->test_max;
    }
}
