/* SPDX-License-Identifier: BSD-3-Clause
 * point: errors pixel by pixel, and what is made of their sums. Definitions that share a name in the field
 * are told apart by a suffix: psnr_range, psnr_max, psnr_type. */
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "beampress/metric.h"
#include "kernel/kernel.h"

enum {
    Q_PIXELS,
    Q_MAX_ABS,
    Q_MEAN_ABS,
    Q_BIAS,
    Q_MSE,
    Q_RMSE,
    Q_NRMSE_RANGE,
    Q_NRMSE_MEAN,
    Q_NRMSE_EUCLID,
    Q_PSNR_RANGE,
    Q_PSNR_MAX,
    Q_PSNR_TYPE,
    Q_SNR,
    Q_MAX_REL_RANGE,
    Q_MEAN_REL_RANGE,
    Q_MAX_POINTWISE_REL,
    Q_MEAN_POINTWISE_REL,
    Q_PEARSON,
    Q_ERROR_VALUE_CORRELATION,
    Q_ERROR_SKEWNESS,
    Q_ERROR_KURTOSIS,
    Q_CHANGED,
    Q_COUNT
};

static const bp_quantity quantities[Q_COUNT] = {
    [Q_PIXELS] = {"pixels", "pixels", BP_BETTER_NEITHER, "pixels that take part", NULL},
    [Q_MAX_ABS] = {"max_abs", "value", BP_BETTER_LOWER, "largest |error|", NULL},
    [Q_MEAN_ABS] = {"mean_abs", "value", BP_BETTER_LOWER, "mean |error|", NULL},
    [Q_BIAS] = {"bias", "value", BP_BETTER_ZERO, "mean error, test - reference", NULL},
    [Q_MSE] = {"mse", "value^2", BP_BETTER_LOWER, "mean squared error", NULL},
    [Q_RMSE] = {"rmse", "value", BP_BETTER_LOWER, "root of the mean squared error", NULL},
    [Q_NRMSE_RANGE] = {"nrmse_range", "", BP_BETTER_LOWER, "rmse / (largest - smallest reference)", NULL},
    [Q_NRMSE_MEAN] = {"nrmse_mean", "", BP_BETTER_LOWER, "rmse / mean of the reference", NULL},
    [Q_NRMSE_EUCLID] = {"nrmse_euclid", "", BP_BETTER_LOWER, "rmse / root mean square of the reference",
                        NULL},
    [Q_PSNR_RANGE] = {"psnr_range", "dB", BP_BETTER_HIGHER, "20 log10((largest - smallest reference) / rmse)",
                      NULL},
    [Q_PSNR_MAX] = {"psnr_max", "dB", BP_BETTER_HIGHER, "20 log10(largest |reference| / rmse)", NULL},
    [Q_PSNR_TYPE] = {"psnr_type", "dB", BP_BETTER_HIGHER,
                     "20 log10(span of the reference's integer type / rmse)", NULL},
    [Q_SNR] = {"snr", "dB", BP_BETTER_HIGHER, "10 log10(variance of the reference / mse)", NULL},
    [Q_MAX_REL_RANGE] = {"max_rel_range", "", BP_BETTER_LOWER, "largest |error| / range of the reference",
                         NULL},
    [Q_MEAN_REL_RANGE] = {"mean_rel_range", "", BP_BETTER_LOWER, "mean |error| / range of the reference",
                          NULL},
    [Q_MAX_POINTWISE_REL] = {"max_pointwise_rel", "", BP_BETTER_LOWER,
                             "largest |error / reference| where the reference is not 0", NULL},
    [Q_MEAN_POINTWISE_REL] = {"mean_pointwise_rel", "", BP_BETTER_LOWER,
                              "mean |error / reference| where the reference is not 0", NULL},
    [Q_PEARSON] = {"pearson", "", BP_BETTER_HIGHER, "correlation of reference and test", NULL},
    [Q_ERROR_VALUE_CORRELATION] = {"error_value_correlation", "", BP_BETTER_ZERO,
                                   "correlation of error and reference", NULL},
    [Q_ERROR_SKEWNESS] = {"error_skewness", "", BP_BETTER_ZERO, "skewness of the error", NULL},
    [Q_ERROR_KURTOSIS] = {"error_kurtosis", "", BP_BETTER_NEITHER,
                          "excess kurtosis of the error; -1.2 when it is uniform, 0 when it is normal", NULL},
    [Q_CHANGED] = {"changed", "", BP_BETTER_LOWER, "share of pixels whose value changed", NULL},
};

#define BLOCK 256 /* pixels; a multiple of BP_METRIC_LANES */

/* Sums: kernel/metric.h. x and y are counted from the middle of the reference's range, to lose no digits. */
typedef struct state {
    const bp_survey *survey;
    double middle;
    uint64_t pixels;
    double sums[BP_POINT_SUMS];
    double max_abs, max_rel;
} state;

static bool by_rows(const bp_survey *survey)
{
    (void)survey;
    return true;
}

static bp_status begin(bp_context *ctx, const double *params, const bp_survey *survey, void **out)
{
    (void)params;
    state *s = calloc(1, sizeof *s);
    if (!s)
        return bp_fail(ctx, BP_E_MEMORY, "no memory");
    s->survey = survey;
    s->middle = survey->used ? survey->reference_min / 2 + survey->reference_max / 2 : 0;
    *out = s;
    return BP_OK;
}

/* What is left of a row, and rows with excluded pixels, go through here: `take` says who takes part. */
static void add_part(const state *s, const double *reference, const double *test, const uint8_t *excluded,
                     size_t n, bp_point_lanes *lanes, uint64_t *pixels)
{
    double take[BLOCK], x[BP_METRIC_LANES], y[BP_METRIC_LANES];
    size_t rest = n % BP_METRIC_LANES;
    for (size_t at = 0, count; excluded && at < n - rest; at += count) {
        count = n - rest - at < BLOCK ? n - rest - at : BLOCK;
        for (size_t i = 0; i < count; i++)
            *pixels += !excluded[at + i];
        for (size_t i = 0; i < count; i++)
            take[i] = excluded[at + i] ? 0 : 1;
        bp_kernels_get()->metric->point(reference + at, test + at, take, count, s->middle, lanes);
    }
    for (size_t i = 0, at = n - rest; rest && i < BP_METRIC_LANES; i++) {
        bool in = i < rest && !(excluded && excluded[at + i]);
        take[i] = in ? 1 : 0;
        x[i] = in ? reference[at + i] : 0;
        y[i] = in ? test[at + i] : 0;
        *pixels += in;
    }
    if (rest)
        bp_kernels_get()->metric->point(x, y, take, BP_METRIC_LANES, s->middle, lanes);
}

static void add_row(state *s, const double *reference, const double *test, const uint8_t *excluded, size_t n)
{
    bp_point_lanes l = {{{0}}, {0}, {0}};
    size_t whole = excluded ? 0 : n - n % BP_METRIC_LANES;
    bp_kernels_get()->metric->point(reference, test, NULL, whole, s->middle, &l);
    s->pixels += whole;
    add_part(s, reference + whole, test + whole, excluded, n - whole, &l, &s->pixels);
    for (size_t k = 0; k < BP_POINT_SUMS; k++)
        for (size_t i = 0; i < BP_METRIC_LANES; i++)
            s->sums[k] += l.sums[k][i];
    for (size_t i = 0; i < BP_METRIC_LANES; i++) {
        s->max_abs = fmax(s->max_abs, l.max_abs[i]);
        s->max_rel = fmax(s->max_rel, l.max_rel[i]);
    }
}

static bp_status add(bp_context *ctx, void *user, const bp_metric_frame *frame)
{
    (void)ctx;
    for (size_t r = 0; r < frame->rows; r++) {
        size_t at = r * frame->stride;
        add_row(user, frame->reference + at, frame->test + at, frame->excluded ? frame->excluded + at : NULL,
                frame->columns);
    }
    return BP_OK;
}

static bp_status merge(bp_context *ctx, void *user, const void *later)
{
    (void)ctx;
    state *s = user;
    const state *more = later;
    s->pixels += more->pixels;
    for (size_t k = 0; k < BP_POINT_SUMS; k++)
        s->sums[k] += more->sums[k];
    s->max_abs = fmax(s->max_abs, more->max_abs);
    s->max_rel = fmax(s->max_rel, more->max_rel);
    return BP_OK;
}

/* NAN rather than a division by nothing. */
static double over(double a, double b)
{
    return b != 0 ? a / b : NAN;
}

/* 20 log10(signal / rmse): infinite when nothing changed. */
static double decibels(double signal, double rmse)
{
    return !(signal > 0) || isnan(rmse) ? NAN : rmse > 0 ? 20 * log10(signal / rmse) : INFINITY;
}

static double type_span(bp_dtype dtype)
{
    switch (dtype) {
    case BP_U8:
    case BP_I8:
        return 255;
    case BP_U16:
    case BP_I16:
        return 65535;
    case BP_U32:
    case BP_I32:
        return 4294967295.0;
    default:
        return NAN;
    }
}

/* Moments of the error about its mean. */
static void put_shape(const state *s, double n, double *values)
{
    double m = s->sums[BP_POINT_D] / n, m2 = s->sums[BP_POINT_D2] / n - m * m;
    double m3 = s->sums[BP_POINT_D3] / n - 3 * m * s->sums[BP_POINT_D2] / n + 2 * m * m * m;
    double m4 = s->sums[BP_POINT_D4] / n - 4 * m * s->sums[BP_POINT_D3] / n +
                6 * m * m * s->sums[BP_POINT_D2] / n - 3 * m * m * m * m;
    bool varies = m2 > 1e-14 * (m * m);
    values[Q_ERROR_SKEWNESS] = varies ? m3 / (m2 * sqrt(m2)) : NAN;
    values[Q_ERROR_KURTOSIS] = varies ? m4 / (m2 * m2) - 3 : NAN;
}

static void put_correlations(const state *s, double n, double *values)
{
    double x = s->sums[BP_POINT_X] / n, y = s->sums[BP_POINT_Y] / n, d = s->sums[BP_POINT_D] / n;
    double xx = s->sums[BP_POINT_XX] / n - x * x, yy = s->sums[BP_POINT_YY] / n - y * y,
           xy = s->sums[BP_POINT_XY] / n - x * y;
    double dd = s->sums[BP_POINT_D2] / n - d * d, dx = s->sums[BP_POINT_DX] / n - d * x;
    bool x_varies = s->survey->reference_max > s->survey->reference_min;
    bool y_varies = s->survey->test_max > s->survey->test_min;
    values[Q_PEARSON] = x_varies && y_varies ? xy / sqrt(xx * yy) : NAN;
    values[Q_ERROR_VALUE_CORRELATION] = x_varies && dd > 1e-14 * (d * d) ? dx / sqrt(dd * xx) : NAN;
    values[Q_SNR] = x_varies ? decibels(sqrt(xx), values[Q_RMSE]) : NAN;
}

static bp_status finish(bp_context *ctx, const void *user, double *values)
{
    (void)ctx;
    const state *s = user;
    const bp_survey *survey = s->survey;
    double n = (double)s->pixels;
    for (size_t i = 0; i < Q_COUNT; i++)
        values[i] = NAN;
    values[Q_PIXELS] = n;
    if (s->pixels == 0)
        return BP_OK;
    double range = survey->reference_max - survey->reference_min;
    double largest = fmax(fabs(survey->reference_min), fabs(survey->reference_max));
    double mean = s->sums[BP_POINT_X] / n + s->middle;
    double square =
        s->sums[BP_POINT_XX] / n + 2 * s->middle * (s->sums[BP_POINT_X] / n) + s->middle * s->middle;
    /* squares of errors that are too small for a double are 0, and no measure of them */
    bool lost = s->sums[BP_POINT_D2] == 0 && s->sums[BP_POINT_CHANGED] > 0;
    double mse = lost ? NAN : s->sums[BP_POINT_D2] / n, rmse = sqrt(mse);
    values[Q_MAX_ABS] = s->max_abs;
    values[Q_MEAN_ABS] = s->sums[BP_POINT_ABS_D] / n;
    values[Q_BIAS] = s->sums[BP_POINT_D] / n;
    values[Q_MSE] = mse;
    values[Q_RMSE] = rmse;
    values[Q_NRMSE_RANGE] = over(rmse, range);
    values[Q_NRMSE_MEAN] = over(rmse, fabs(mean));
    values[Q_NRMSE_EUCLID] = square > 0 ? rmse / sqrt(square) : NAN;
    values[Q_PSNR_RANGE] = decibels(range, rmse);
    values[Q_PSNR_MAX] = decibels(largest, rmse);
    values[Q_PSNR_TYPE] = decibels(type_span(survey->dtype), rmse);
    values[Q_MAX_REL_RANGE] = over(s->max_abs, range);
    values[Q_MEAN_REL_RANGE] = over(values[Q_MEAN_ABS], range);
    if (s->sums[BP_POINT_REL_COUNT] > 0) {
        values[Q_MAX_POINTWISE_REL] = s->max_rel;
        values[Q_MEAN_POINTWISE_REL] = s->sums[BP_POINT_REL] / s->sums[BP_POINT_REL_COUNT];
    }
    values[Q_CHANGED] = s->sums[BP_POINT_CHANGED] / n;
    put_shape(s, n, values);
    put_correlations(s, n, values);
    return BP_OK;
}

const bp_metric bp_metric_point = {
    .name = "point",
    .summary = "errors pixel by pixel, PSNR, correlation",
    .source =
        "Z-checker (D. Tao et al., Int. J. High Perform. Comput. Appl. 33 (2019) 285); scikit-image metrics",
    .quantities = quantities,
    .quantity_count = Q_COUNT,
    .begin = begin,
    .by_rows = by_rows,
    .add = add,
    .merge = merge,
    .finish = finish,
    .end = free,
};
