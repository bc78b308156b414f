/* SPDX-License-Identifier: BSD-3-Clause
 * error_pattern: is the error white? White errors average out in whatever is summed downstream, correlated
 * ones do not. Pixels of a frame are taken in the order in which they are stored; pairs and spectra never
 * cross frames. */
#include <math.h>
#include <stdlib.h>

#include "algo/fft.h"
#include "beampress/metric.h"

#define LAGS 100

enum { Q_LAG1, Q_LAG1_X, Q_LAG1_Y, Q_CORRELATION, Q_SPECTRUM, Q_COUNT };

static const bp_quantity quantities[Q_COUNT] = {
    [Q_LAG1] = {"error_lag1", "", BP_BETTER_ZERO, "correlation of the error with itself one pixel later",
                NULL},
    [Q_LAG1_X] = {"error_lag1_x", "", BP_BETTER_ZERO, "the same along the rows, within a row", NULL},
    [Q_LAG1_Y] = {"error_lag1_y", "", BP_BETTER_ZERO, "the same along the columns", NULL},
    [Q_CORRELATION] = {"error_autocorrelation", "", BP_BETTER_ZERO,
                       "correlation of the error with itself, 1 to 100 pixels later", "lag - 1 (pixels)"},
    [Q_SPECTRUM] =
        {"error_spectrum", "value^2", BP_BETTER_NEITHER,
         "power of the error in rings of spatial frequency; flat when it is white; none with a mask",
         "ring (1 / image side)"},
};

/* Sums over pairs of pixels that both take part. */
typedef struct pairs {
    double products, firsts, seconds, count;
} pairs;

typedef struct state {
    const bp_survey *survey;
    double total, squares, count;
    pairs lag[LAGS + 1]; /* lag[0] is not used */
    pairs x, y;
    bool spectral;
    size_t rings;
    double *power, *ring_pixels; /* sums over frames */
    double frames;
} state;

/* Rings reach the Nyquist frequency of the longer side. */
static size_t ring_count(const bp_survey *survey)
{
    size_t side = survey->rows > survey->columns ? survey->rows : survey->columns;
    return side / 2 + 1;
}

static size_t value_count(const double *params, const bp_survey *survey, size_t quantity)
{
    (void)params;
    return quantity == Q_CORRELATION ? LAGS : quantity == Q_SPECTRUM ? ring_count(survey) : 1;
}

static void end(void *user)
{
    state *s = user;
    if (!s)
        return;
    free(s->power);
    free(s->ring_pixels);
    free(s);
}

static bp_status begin(bp_context *ctx, const double *params, const bp_survey *survey, void **out)
{
    (void)params;
    state *s = calloc(1, sizeof *s);
    if (s) {
        s->survey = survey;
        s->rings = ring_count(survey);
        s->spectral = true;
        s->power = calloc(s->rings, sizeof *s->power);
        s->ring_pixels = calloc(s->rings, sizeof *s->ring_pixels);
    }
    if (!s || !s->power || !s->ring_pixels) {
        end(s);
        return bp_fail(ctx, BP_E_MEMORY, "no memory");
    }
    *out = s;
    return BP_OK;
}

/* Eight sums side by side, added up in a fixed order. */
static double dot(const double *a, const double *b, size_t n)
{
    double lanes[8] = {0}, sum = 0;
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (size_t k = 0; k < 8; k++)
            lanes[k] += a[i + k] * b[i + k];
    for (; i < n; i++)
        sum += a[i] * b[i];
    for (size_t k = 0; k < 8; k++)
        sum += lanes[k];
    return sum;
}

/* Pairs of d[i] and d[i + lag]. weights: 1 where a pixel takes part and 0 elsewhere, where d is 0 too; NULL
 * when all do, and then sums[i] is that of the first i values. */
static void add_pairs(pairs *p, const double *d, const double *weights, const double *sums, size_t n,
                      size_t lag)
{
    if (lag >= n)
        return;
    p->products += dot(d, d + lag, n - lag);
    p->firsts += weights ? dot(d, weights + lag, n - lag) : sums[n - lag] - sums[0];
    p->seconds += weights ? dot(weights, d + lag, n - lag) : sums[n] - sums[lag];
    p->count += weights ? dot(weights, weights + lag, n - lag) : (double)(n - lag);
}

static void add_correlation(state *s, const double *d, const double *weights, const double *sums, size_t rows,
                            size_t columns)
{
    size_t n = rows * columns;
    s->total += weights ? dot(d, weights, n) : sums[n];
    s->squares += dot(d, d, n);
    s->count += weights ? dot(weights, weights, n) : (double)n;
    for (size_t lag = 1; lag <= LAGS; lag++)
        add_pairs(&s->lag[lag], d, weights, sums, n, lag);
    for (size_t r = 0; r < rows; r++) {
        size_t at = r * columns;
        add_pairs(&s->x, d + at, weights ? weights + at : NULL, sums + at, columns, 1);
    }
    add_pairs(&s->y, d, weights, sums, n, columns);
}

/* Frequency of index i of n, in cycles per `side` pixels. */
static double frequency(size_t i, size_t n, size_t side)
{
    double f = i <= (n - 1) / 2 ? (double)i : (double)i - (double)n;
    return f * (double)side / (double)n;
}

static bool add_spectrum(state *s, const double *d, size_t rows, size_t columns)
{
    size_t n = rows * columns, side = rows > columns ? rows : columns;
    bp_complex *image = malloc(n * sizeof *image);
    double mean = 0;
    if (!image)
        return false;
    for (size_t i = 0; i < n; i++)
        mean += d[i];
    mean /= (double)n;
    for (size_t i = 0; i < n; i++)
        image[i] = (bp_complex){d[i] - mean, 0};
    bool done = bp_fft_image(rows, columns, image, false);
    for (size_t r = 0; done && r < rows; r++)
        for (size_t c = 0; c < columns; c++) {
            double ring = rint(hypot(frequency(r, rows, side), frequency(c, columns, side)));
            const bp_complex *v = &image[r * columns + c];
            if (ring < (double)s->rings) {
                s->power[(size_t)ring] += (v->re * v->re + v->im * v->im) / (double)n;
                s->ring_pixels[(size_t)ring]++;
            }
        }
    free(image);
    return done;
}

static bp_status add(bp_context *ctx, void *user, const bp_metric_frame *f)
{
    state *s = user;
    size_t n = f->rows * f->columns;
    double *d = malloc((2 * n + 1) * sizeof *d), *other = d + n; /* weights, or sums */
    bool done = d != NULL, weighted = f->excluded != NULL;
    if (done && !weighted)
        other[0] = 0;
    for (size_t i = 0; done && i < n; i++) {
        bool takes_part = !(weighted && f->excluded[i]);
        d[i] = takes_part ? f->test[i] - f->reference[i] : 0;
        if (weighted)
            other[i] = takes_part ? 1 : 0;
        else
            other[i + 1] = other[i] + d[i];
    }
    if (done && n > 0) {
        add_correlation(s, d, weighted ? other : NULL, other, f->rows, f->columns);
        if (weighted)
            s->spectral = false;
        else
            done = add_spectrum(s, d, f->rows, f->columns);
    }
    s->frames++;
    free(d);
    return done ? BP_OK : bp_fail(ctx, BP_E_MEMORY, "no memory");
}

static void merge_pairs(pairs *p, const pairs *more)
{
    p->products += more->products;
    p->firsts += more->firsts;
    p->seconds += more->seconds;
    p->count += more->count;
}

static bp_status merge(bp_context *ctx, void *user, const void *later)
{
    (void)ctx;
    state *s = user;
    const state *more = later;
    s->total += more->total;
    s->squares += more->squares;
    s->count += more->count;
    for (size_t lag = 1; lag <= LAGS; lag++)
        merge_pairs(&s->lag[lag], &more->lag[lag]);
    merge_pairs(&s->x, &more->x);
    merge_pairs(&s->y, &more->y);
    s->spectral = s->spectral && more->spectral;
    s->frames += more->frames;
    for (size_t i = 0; i < s->rings; i++) {
        s->power[i] += more->power[i];
        s->ring_pixels[i] += more->ring_pixels[i];
    }
    return BP_OK;
}

static double correlation(const pairs *p, double mean, double variance)
{
    if (!(p->count > 0) || !(variance > 0))
        return NAN;
    double about = p->products - mean * (p->firsts + p->seconds) + p->count * mean * mean;
    return about / (p->count * variance);
}

static bp_status finish(bp_context *ctx, const void *user, double *values)
{
    (void)ctx;
    const state *s = user;
    double mean = s->count > 0 ? s->total / s->count : NAN;
    double variance = s->count > 0 ? s->squares / s->count - mean * mean : NAN;
    if (!(variance > 1e-14 * mean * mean))
        variance = NAN;
    values[Q_LAG1] = correlation(&s->lag[1], mean, variance);
    values[Q_LAG1_X] = correlation(&s->x, mean, variance);
    values[Q_LAG1_Y] = correlation(&s->y, mean, variance);
    double *curve = values + Q_CORRELATION;
    for (size_t lag = 1; lag <= LAGS; lag++)
        curve[lag - 1] = correlation(&s->lag[lag], mean, variance);
    double *spectrum = curve + LAGS;
    for (size_t i = 0; i < s->rings; i++)
        spectrum[i] = s->spectral && s->ring_pixels[i] > 0 ? s->power[i] / s->ring_pixels[i] : NAN;
    return BP_OK;
}

const bp_metric bp_metric_error_pattern = {
    .name = "error_pattern",
    .summary = "autocorrelation and spectrum of the error",
    .source = "Z-checker (D. Tao et al., Int. J. High Perform. Comput. Appl. 33 (2019) 285)",
    .quantities = quantities,
    .quantity_count = Q_COUNT,
    .value_count = value_count,
    .begin = begin,
    .add = add,
    .merge = merge,
    .finish = finish,
    .end = end,
};
