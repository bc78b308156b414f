/* SPDX-License-Identifier: BSD-3-Clause
 * The loops of kernel/metric.h, plain C that compilers turn into vectors; each SIMD level compiles them with
 * its flags. Nothing is contracted or reordered, so all levels give the same numbers. */
#include <math.h>
#include <string.h>

#include "kernel/metric.h"

/* As many values as the instruction set takes at once. */
#if defined(__AVX512F__)
#define LANES 8
#elif defined(__AVX2__)
#define LANES 4
#else
#define LANES 2
#endif
typedef double packet __attribute__((vector_size(LANES * 8)));
typedef double anywhere __attribute__((vector_size(LANES * 8), aligned(8), may_alias));

#define ALWAYS static inline __attribute__((always_inline))
/* Loops that must be unrolled for their arrays to be registers. */
#define UNROLL _Pragma("GCC unroll 16")

/* Moments of a window: more is not needed, for only the sum of the variances counts. */
enum {
    MOMENT_X,
    MOMENT_Y,
    MOMENT_SQUARES, /* x^2 + y^2 */
    MOMENT_PRODUCT, /* x y */
    MOMENTS
};

/* Windows that are worked on at once: their moments stay in the nearest cache. */
#define TILE 248
typedef double bp_tile[BP_SSIM_ROWS][MOMENTS][TILE + 16];

static inline packet load(const double *at, size_t count)
{
    if (count >= LANES)
        return *(const anywhere *)at;
    double some[LANES] = {0};
    for (size_t i = 0; i < count; i++)
        some[i] = at[i];
    return *(const anywhere *)some;
}

static inline void store(double *at, packet v)
{
    *(anywhere *)at = v;
}

/* The moments of one vector of columns, added up along them for `rows` windows above each other: what lies in
 * a row is used for all of them. */
ALWAYS void add_down(const packet *weights, size_t taps, size_t rows, const double *const *x,
                     const double *const *y, size_t at, size_t count, bp_tile out, size_t i)
{
    packet sums[BP_SSIM_ROWS][MOMENTS];
    UNROLL for (size_t k = 0; k < taps + rows - 1; k++)
    {
        packet a = load(x[k] + at, count), b = load(y[k] + at, count);
        const packet moments[MOMENTS] = {a, b, a * a + b * b, a * b};
        UNROLL for (size_t r = 0; r < rows; r++)
        {
            size_t tap = k - r, near = tap <= taps / 2 ? tap : taps - 1 - tap;
            UNROLL for (size_t m = 0; m < MOMENTS; m++)
            {
                if (k < r || tap >= taps)
                    continue;
                packet v = taps == 7 ? moments[m] : weights[near] * moments[m];
                sums[r][m] = tap == 0 ? v : sums[r][m] + v;
            }
        }
    }
    UNROLL for (size_t r = 0; r < rows; r++) UNROLL for (size_t m = 0; m < MOMENTS; m++)
        store(out[r][m] + i, sums[r][m]);
}

/* Moments of windows from those of columns, and SSIM of them. */
ALWAYS void put_windows(const bp_window_weights *w, size_t taps, double (*in)[TILE + 16], size_t count,
                        double *restrict ssim, double *restrict contrast)
{
    const size_t half = taps / 2;
    for (size_t i = 0; i < count; i += LANES) {
        packet sums[MOMENTS];
        UNROLL for (size_t m = 0; m < MOMENTS; m++)
        {
            const double *v = in[m] + i;
            packet sum = load(v + half, LANES);
            sum = taps == 7 ? sum : w->weights[half] * sum;
            UNROLL for (size_t k = 0; k < half; k++)
            {
                packet pair = load(v + k, LANES) + load(v + taps - 1 - k, LANES);
                sum += taps == 7 ? pair : w->weights[k] * pair;
            }
            sums[m] = taps == 7 ? w->scale * sum : sum;
        }
        packet x = sums[MOMENT_X], y = sums[MOMENT_Y], xy = x * y, squares = x * x + y * y;
        packet variances = w->covariance * (sums[MOMENT_SQUARES] - squares);
        packet covariance = w->covariance * (sums[MOMENT_PRODUCT] - xy);
        packet above = 2 * covariance + w->c2, below = variances + w->c2;
        store(ssim + i, above * (2 * xy + w->c1) / (below * (squares + w->c1)));
        if (contrast)
            store(contrast + i, above / below);
    }
}

ALWAYS void all_windows(const bp_window_weights *w, size_t taps, size_t rows, const double *const *x,
                        const double *const *y, size_t columns, double *const *ssim, double *const *contrast)
{
    bp_tile tile;
    packet weights[BP_SSIM_TAPS / 2 + 1];
    for (size_t k = 0; k <= taps / 2; k++)
        weights[k] = w->weights[k] + (packet){0};
    memset(tile, 0, sizeof tile);
    for (size_t at = 0; at + taps <= columns; at += TILE) {
        size_t count = columns - at - (taps - 1), i = 0;
        count = count < TILE ? count : TILE;
        for (; i + LANES <= count + taps - 1; i += LANES)
            add_down(weights, taps, rows, x, y, at + i, LANES, tile, i);
        if (i < count + taps - 1)
            add_down(weights, taps, rows, x, y, at + i, count + taps - 1 - i, tile, i);
        for (size_t r = 0; r < rows; r++)
            put_windows(w, taps, tile[r], count, ssim[r] + at, contrast ? contrast[r] + at : NULL);
    }
}

static void metric_windows(const bp_window_weights *w, const double *const *x, const double *const *y,
                           size_t rows, size_t columns, double *const *ssim, double *const *contrast)
{
    if (rows == BP_SSIM_ROWS && w->taps == 11 && contrast)
        all_windows(w, 11, BP_SSIM_ROWS, x, y, columns, ssim, contrast);
    else if (rows == BP_SSIM_ROWS && w->taps == 11)
        all_windows(w, 11, BP_SSIM_ROWS, x, y, columns, ssim, NULL);
    else if (rows == BP_SSIM_ROWS)
        all_windows(w, 7, BP_SSIM_ROWS, x, y, columns, ssim, NULL);
    else
        for (size_t r = 0; r < rows; r++)
            if (w->taps == 11)
                all_windows(w, 11, 1, x + r, y + r, columns, ssim + r, contrast ? contrast + r : NULL);
            else
                all_windows(w, 7, 1, x + r, y + r, columns, ssim + r, NULL);
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
