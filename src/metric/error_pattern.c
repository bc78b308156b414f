/* SPDX-License-Identifier: BSD-3-Clause
 * error_pattern: is the error white? White errors average out in whatever is summed downstream, correlated
 * ones do not. Pixels of a frame are taken in the order in which they are stored; pairs and spectra never
 * cross frames. */
#include <math.h>
#include <stdlib.h>

#include "algo/dot.h"
#include "algo/fft.h"
#include "algo/ring_correlation.h"
#include "base/scratch.h"
#include "beampress/metric.h"
#include "kernel/kernel.h"

#define LAGS  BP_METRIC_LAGS
#define BLOCK 4096 /* pixels that stay in the nearest cache for all lags */
#define PI    3.14159265358979323846

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

/* Adds the sums of a[i] b[i + lag], for lags 1 to LAGS: lag - 1 of sums. */
static void add_lags(const double *a, const double *b, size_t n, double *sums)
{
    size_t at = 0;
    for (; at + BLOCK + LAGS <= n; at += BLOCK)
        bp_kernels_get()->metric->lags(a + at, b + at, BLOCK, sums);
    for (size_t lag = 1; lag <= LAGS && at + lag < n; lag++)
        sums[lag - 1] += bp_dot(a + at, b + at + lag, n - at - lag);
}

/* An error image. weights: 1 where a pixel takes part and 0 elsewhere, where d is 0 too; NULL when all do. */
typedef struct error_image {
    size_t rows, columns;
    const double *d, *weights;
    double total; /* of d */
} error_image;

static double sum_of(const double *values, size_t n)
{
    double lanes[8] = {0}, sum = 0;
    size_t whole = n - n % 8;
    for (size_t at = 0; at < whole; at += 8)
        for (size_t i = 0; i < 8; i++)
            lanes[i] += values[at + i];
    for (size_t i = whole; i < n; i++)
        lanes[i - whole] += values[i];
    for (size_t i = 0; i < 8; i++)
        sum += lanes[i];
    return sum;
}

/* Pairs of pixels along the order in which they are stored. */
static void add_correlation(state *s, const error_image *e)
{
    size_t n = e->rows * e->columns;
    double products[LAGS] = {0}, firsts[LAGS] = {0}, seconds[LAGS] = {0}, counts[LAGS] = {0};
    double head = 0, tail = 0;
    add_lags(e->d, e->d, n, products);
    if (e->weights) {
        add_lags(e->d, e->weights, n, firsts);
        add_lags(e->weights, e->d, n, seconds);
        add_lags(e->weights, e->weights, n, counts);
    }
    for (size_t lag = 1; lag <= LAGS && lag < n; lag++) {
        pairs *p = &s->lag[lag];
        head += e->d[lag - 1];
        tail += e->d[n - lag];
        p->products += products[lag - 1];
        p->firsts += e->weights ? firsts[lag - 1] : e->total - tail;
        p->seconds += e->weights ? seconds[lag - 1] : e->total - head;
        p->count += e->weights ? counts[lag - 1] : (double)(n - lag);
    }
}

/* Pairs of the n values at a and those at b. weights likewise, or NULL. */
static void add_neighbours(pairs *p, const double *a, const double *b, const double *a_weights,
                           const double *b_weights, size_t n)
{
    p->products += bp_dot(a, b, n);
    p->firsts += b_weights ? bp_dot(a, b_weights, n) : sum_of(a, n);
    p->seconds += a_weights ? bp_dot(a_weights, b, n) : sum_of(b, n);
    p->count += a_weights ? bp_dot(a_weights, b_weights, n) : (double)n;
}

static void add_directions(state *s, const error_image *e)
{
    for (size_t r = 0; r < e->rows; r++) {
        size_t at = r * e->columns, below = at + e->columns;
        const double *d = e->d, *w = e->weights;
        add_neighbours(&s->x, d + at, d + at + 1, w ? w + at : NULL, w ? w + at + 1 : NULL, e->columns - 1);
        if (r + 1 < e->rows)
            add_neighbours(&s->y, d + at, d + below, w ? w + at : NULL, w ? w + below : NULL, e->columns);
    }
}

/* Power of one row of the transform, and of the row it is the mirror image of in time. */
static void add_power(state *s, const error_image *e, const bp_complex *image, size_t row, uint32_t *ring)
{
    size_t rows = e->rows / 2, half = e->columns / 2, mirrored = row ? rows - row : 0;
    double turn = -2 * PI * (double)row / (double)e->rows, cosine = cos(turn), sine = sin(turn);
    for (int upper = 0; upper < 2; upper++) {
        bp_rings_of_row(e->rows, e->columns, row + (upper ? rows : 0), ring);
        for (size_t c = 0; c <= half && ring[c] < s->rings; c++) {
            bp_complex p = image[row * e->columns + c];
            bp_complex q = image[mirrored * e->columns + (c ? e->columns - c : 0)];
            /* even and odd rows, transformed together: 2 E = p + q*, 2 O = -i (p - q*) */
            bp_complex even = {p.re + q.re, p.im - q.im}, odd = {p.im + q.im, q.re - p.re};
            bp_complex turned = {cosine * odd.re - sine * odd.im, cosine * odd.im + sine * odd.re};
            double re = upper ? even.re - turned.re : even.re + turned.re;
            double im = upper ? even.im - turned.im : even.im + turned.im;
            double weight = c == 0 || 2 * c == e->columns ? 1 : 2; /* its mirror image too */
            s->power[ring[c]] += weight * (re * re + im * im) / 4;
            s->ring_pixels[ring[c]] += weight;
        }
    }
}

/* Of an odd number of rows, which do not go in pairs. */
static void add_power_of_row(state *s, const error_image *e, const bp_complex *image, size_t row,
                             uint32_t *ring)
{
    bp_rings_of_row(e->rows, e->columns, row, ring);
    for (size_t c = 0; c <= e->columns / 2 && ring[c] < s->rings; c++) {
        bp_complex v = image[row * e->columns + c];
        double weight = c == 0 || 2 * c == e->columns ? 1 : 2;
        s->power[ring[c]] += weight * (v.re * v.re + v.im * v.im);
        s->ring_pixels[ring[c]] += weight;
    }
}

/* Two rows are one row of complex numbers. */
static bool add_spectrum(bp_context *ctx, state *s, const error_image *e)
{
    size_t n = e->rows * e->columns, pair = e->rows % 2 ? 1 : 2, rows = e->rows / pair;
    bp_complex *image = bp_scratch_take(ctx, n / pair * sizeof *image);
    uint32_t *ring = malloc((e->columns / 2 + 1) * sizeof *ring);
    double mean = e->total / (double)n;
    bool done = image && ring;
    for (size_t r = 0; done && r < rows; r++) {
        const double *d = e->d + r * pair * e->columns;
        for (size_t c = 0; c < e->columns; c++)
            image[r * e->columns + c] = (bp_complex){d[c] - mean, pair == 2 ? d[e->columns + c] - mean : 0};
    }
    done = done && bp_fft_image(rows, e->columns, image, false);
    for (size_t r = 0; done && r < rows; r++)
        if (pair == 2)
            add_power(s, e, image, r, ring);
        else
            add_power_of_row(s, e, image, r, ring);
    free(ring);
    bp_scratch_give(ctx, image);
    return done;
}

static bp_status add(bp_context *ctx, void *user, const bp_metric_frame *f)
{
    state *s = user;
    size_t n = f->rows * f->columns;
    bool weighted = f->excluded != NULL;
    double *d = bp_scratch_take(ctx, (weighted ? 2 : 1) * n * sizeof *d), *weights = NULL;
    if (!d)
        return bp_fail(ctx, BP_E_MEMORY, "no memory");
    if (weighted)
        weights = d + n;
    for (size_t i = 0; i < n; i++)
        d[i] = f->test[i] - f->reference[i];
    for (size_t i = 0; weighted && i < n; i++) {
        weights[i] = f->excluded[i] ? 0 : 1;
        d[i] = f->excluded[i] ? 0 : d[i];
    }
    error_image e = {f->rows, f->columns, d, weights, sum_of(d, n)};
    s->total += e.total;
    s->squares += bp_dot(d, d, n);
    s->count += weighted ? sum_of(weights, n) : (double)n;
    add_correlation(s, &e);
    add_directions(s, &e);
    s->spectral = s->spectral && !weighted;
    bool done = weighted || add_spectrum(ctx, s, &e);
    s->frames++;
    bp_scratch_give(ctx, d);
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
    double *spectrum = curve + LAGS, pixels = (double)s->survey->rows * (double)s->survey->columns;
    for (size_t i = 0; i < s->rings; i++)
        spectrum[i] = s->spectral && s->ring_pixels[i] > 0 ? s->power[i] / (s->ring_pixels[i] * pixels) : NAN;
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
