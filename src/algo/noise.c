/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "algo/noise.h"
#include "algo/plain_exp.h"
#include "algo/plain_log.h"
#include "algo/poisson_entropy.h"

#define BLOCK        8
#define MIN_PIXELS   32 /* of a block that are not excluded */
#define MIN_BLOCKS   25 /* of a level that takes part in the fit */
#define MIN_LEVELS   3
#define MIN_RANGE    1.5 /* variance on the line at the highest level over that at the lowest */
#define MAX_MISFIT   0.3 /* relative root mean square of the levels from the line */
#define MAX_RATIO    1.5 /* of the variances between frames and between neighbours */
#define MAX_COLOUR   1.2 /* of the variances of the two differences between neighbours */
#define PER_OCTAVE   8
#define LOWEST       -4 /* log2 of the lowest level; a block of 64 pixels holds 4 counts there */
#define LEVEL_COUNT  ((32 - LOWEST) * PER_OCTAVE)
#define LOW_VARIANCE -12
#define STEP_COUNT   ((56 - LOW_VARIANCE) * PER_OCTAVE)

/* Blocks by level of their mean, and in each level by their variance. */
typedef struct level {
    double count, mean_sum, variance_sum;
    uint32_t steps[STEP_COUNT];
} level;

enum { TEMPORAL, SPATIAL, SPATIAL_FOURTH, METHODS };

struct bp_noise {
    size_t rows, columns, blocks_x, blocks_y;
    double *sums; /* of the values in each block over all frames */
    double *counts;
    double pixels; /* of all frames, excluded ones too */
    level *levels[METHODS];
    double *strip; /* BLOCK rows of the frame, then of the one before it */
};

bp_noise *bp_noise_new(size_t rows, size_t columns)
{
    bp_noise *n = calloc(1, sizeof *n);
    if (!n)
        return NULL;
    n->rows = rows;
    n->columns = columns;
    n->blocks_y = (rows + BLOCK - 1) / BLOCK;
    n->blocks_x = (columns + BLOCK - 1) / BLOCK;
    n->sums = calloc(n->blocks_x, n->blocks_y * sizeof *n->sums + 1);
    n->counts = calloc(n->blocks_x, n->blocks_y * sizeof *n->counts + 1);
    n->strip = calloc(columns + 1, 2 * BLOCK * sizeof *n->strip);
    for (int m = 0; m < METHODS; m++)
        n->levels[m] = calloc(LEVEL_COUNT, sizeof *n->levels[m]);
    if (!n->sums || !n->counts || !n->strip || !n->levels[TEMPORAL] || !n->levels[SPATIAL] ||
        !n->levels[SPATIAL_FOURTH]) {
        bp_noise_free(n);
        return NULL;
    }
    return n;
}

void bp_noise_free(bp_noise *n)
{
    if (!n)
        return;
    free(n->sums);
    free(n->counts);
    free(n->strip);
    for (int m = 0; m < METHODS; m++)
        free(n->levels[m]);
    free(n);
}

/* What is estimated reaches bytes: logarithms and powers are the same on every machine. */
#define LN2 0.69314718055994531

static size_t step_of(double value, int lowest, size_t count)
{
    double step = (value < (double)INFINITY ? bp_plain_log(value) / LN2 - lowest : 1e9) * PER_OCTAVE;
    return step < 0 ? 0 : step >= (double)count ? count - 1 : (size_t)step;
}

static void add_block(bp_noise *n, int method, double mean, double variance)
{
    if (!(mean >= 1.0 / (1 << -LOWEST)) || !isfinite(variance))
        return;
    level *l = &n->levels[method][step_of(mean, LOWEST, LEVEL_COUNT)];
    l->count++;
    l->mean_sum += mean;
    l->variance_sum += variance;
    l->steps[variance > 0 ? step_of(variance, LOW_VARIANCE, STEP_COUNT) : 0]++;
}

static void take_spatial(bp_noise *n, const double *strip, size_t height, size_t x0, size_t width)
{
    double sum = 0, squares = 0, fourth_squares = 0;
    size_t pixels = 0, bends = 0, fourths = 0;
    for (size_t y = 0; y < height; y++) {
        const double *v = strip + y * n->columns + x0;
        for (size_t x = 0; x < width; x++) {
            if (isnan(v[x]))
                continue;
            sum += v[x];
            pixels++;
            double bend = x + 2 < width ? v[x] - 2 * v[x + 1] + v[x + 2] : (double)NAN;
            if (!isnan(bend)) {
                squares += bend * bend / 6;
                bends++;
            }
            double fourth =
                x + 4 < width ? v[x] - 4 * v[x + 1] + 6 * v[x + 2] - 4 * v[x + 3] + v[x + 4] : (double)NAN;
            if (!isnan(fourth)) {
                fourth_squares += fourth * fourth / 70;
                fourths++;
            }
        }
    }
    if (pixels < MIN_PIXELS || bends < MIN_PIXELS / 2 || fourths < MIN_PIXELS / 2)
        return;
    add_block(n, SPATIAL, sum / (double)pixels, squares / (double)bends);
    add_block(n, SPATIAL_FOURTH, sum / (double)pixels, fourth_squares / (double)fourths);
}

static void take_temporal(bp_noise *n, const double *strip, const double *before, size_t height, size_t x0,
                          size_t width)
{
    double sum = 0, squares = 0;
    size_t pixels = 0;
    for (size_t y = 0; y < height; y++) {
        const double *a = strip + y * n->columns + x0, *b = before + y * n->columns + x0;
        for (size_t x = 0; x < width; x++) {
            double step = a[x] - b[x];
            if (isnan(step))
                continue;
            sum += (a[x] + b[x]) / 2;
            squares += step * step / 2;
            pixels++;
        }
    }
    if (pixels >= MIN_PIXELS)
        add_block(n, TEMPORAL, sum / (double)pixels, squares / (double)pixels);
}

static void take_rate(bp_noise *n, const double *strip, size_t height, size_t x0, size_t width, size_t block)
{
    for (size_t y = 0; y < height; y++)
        for (size_t x = x0; x < x0 + width; x++) {
            double value = strip[y * n->columns + x];
            if (isnan(value))
                continue;
            n->sums[block] += value;
            n->counts[block]++;
        }
    n->pixels += (double)(height * width);
}

bp_status bp_noise_add(bp_context *ctx, bp_noise *n, bp_dtype dtype, const void *frame, const void *previous,
                       const bp_labels *labels, const uint8_t *excluded)
{
    size_t size = bp_dtype_size(dtype);
    double *strip = n->strip, *before = n->strip + BLOCK * n->columns;
    for (size_t by = 0; by < n->blocks_y; by++) {
        size_t first = by * BLOCK, height = n->rows - first < BLOCK ? n->rows - first : BLOCK;
        size_t start = first * n->columns, count = height * n->columns;
        const uint8_t *mask = excluded ? excluded + start : NULL;
        if (bp_context_cancelled(ctx))
            return bp_fail(ctx, BP_E_INTERRUPTED, "interrupted");
        bp_values_to_double(dtype, (const uint8_t *)frame + start * size, count, strip);
        bp_values_blank(strip, count, labels, mask);
        if (previous) {
            bp_values_to_double(dtype, (const uint8_t *)previous + start * size, count, before);
            bp_values_blank(before, count, labels, mask);
        }
        for (size_t bx = 0; bx < n->blocks_x; bx++) {
            size_t x0 = bx * BLOCK, width = n->columns - x0 < BLOCK ? n->columns - x0 : BLOCK;
            take_rate(n, strip, height, x0, width, by * n->blocks_x + bx);
            take_spatial(n, strip, height, x0, width);
            if (previous)
                take_temporal(n, strip, before, height, x0, width);
        }
    }
    return BP_OK;
}

void bp_noise_merge(bp_noise *n, const bp_noise *from)
{
    for (size_t m = 0; m < METHODS; m++)
        for (size_t i = 0; i < LEVEL_COUNT; i++) {
            level *to = &n->levels[m][i];
            const level *l = &from->levels[m][i];
            if (!(l->count > 0))
                continue;
            to->count += l->count;
            to->mean_sum += l->mean_sum;
            to->variance_sum += l->variance_sum;
            for (size_t k = 0; k < STEP_COUNT; k++)
                to->steps[k] += l->steps[k];
        }
}

/* The median of a level's variances, as an estimate of their mean: n squares of Gaussian differences have a
 * median below their mean by (1 - 2/(9n))^3 (Wilson and Hilferty 1931). Below a count per pixel the
 * distribution is far from that, and the mean itself is taken. */
static double level_variance(const level *l)
{
    if (l->mean_sum / l->count < 1)
        return l->variance_sum / l->count;
    double below = 0, half = l->count / 2, skew = 1 - 2.0 / (9 * BLOCK * BLOCK);
    for (size_t i = 0; i < STEP_COUNT; i++) {
        double here = l->steps[i];
        if (below + here >= half) {
            double part = here > 0 ? (half - below) / here : 0;
            return bp_plain_exp(LN2 * (LOW_VARIANCE + ((double)i + part) / PER_OCTAVE)) /
                   (skew * skew * skew);
        }
        below += here;
    }
    return 0;
}

typedef struct point {
    double mean, variance, weight;
} point;

typedef struct line {
    size_t points;
    double gain, intercept, misfit, low, high;
    double typical; /* variance on the line at the weighted mean of the levels */
} line;

/* Of the levels for which `chosen` has enough blocks. */
static size_t take_points(const level *levels, const level *chosen, point *points)
{
    size_t count = 0;
    for (size_t i = 0; i < LEVEL_COUNT; i++) {
        const level *l = &levels[i];
        double variance = chosen[i].count >= MIN_BLOCKS && l->count > 0 ? level_variance(l) : 0;
        if (variance > 0)
            points[count++] = (point){l->mean_sum / l->count, variance, l->count};
    }
    return count;
}

/* Least squares with relative errors: each level weighs count / variance^2, with the variance of the line
 * once there is one. A level counts as at most a thousand blocks, or the background would decide alone. */
static void fit_line(const point *points, size_t count, line *fit)
{
    memset(fit, 0, sizeof *fit);
    fit->points = count;
    if (count < 2)
        return;
    for (int round = 0; round < 5; round++) {
        double w = 0, wx = 0, wy = 0, wxx = 0, wxy = 0, wrr = 0, ww = 0;
        for (size_t i = 0; i < count; i++) {
            double x = points[i].mean, y = points[i].variance;
            double expected = round ? fit->intercept + fit->gain * x : y;
            expected = expected > y / 4 ? expected : y / 4;
            double blocks = points[i].weight < 1000 ? points[i].weight : 1000;
            double relative = (y - expected) / expected, weight = blocks / (expected * expected);
            w += weight;
            wx += weight * x;
            wy += weight * y;
            wxx += weight * x * x;
            wxy += weight * x * y;
            wrr += blocks * relative * relative;
            ww += blocks;
        }
        double determinant = w * wxx - wx * wx;
        fit->misfit = sqrt(wrr / ww);
        if (!(determinant > 0))
            return;
        fit->gain = (w * wxy - wx * wy) / determinant;
        fit->intercept = (wy - fit->gain * wx) / w;
        fit->typical = wy / w;
    }
    fit->low = points[0].mean;
    fit->high = points[count - 1].mean;
}

static const char *why_not(const line *fit)
{
    if (fit->points < MIN_LEVELS)
        return "the signal does not vary enough to tell gain from noise";
    if (!(fit->gain > 0))
        return "the variance does not grow with the signal";
    if (!(fit->intercept + fit->gain * fit->high >= MIN_RANGE * (fit->intercept + fit->gain * fit->low)))
        return "the signal does not vary enough to tell gain from noise";
    if (!(fit->misfit <= MAX_MISFIT))
        return "the variance is no straight line over the signal";
    return NULL;
}

static bool is_white(const line *fits)
{
    double ratio = fits[SPATIAL].typical / fits[SPATIAL_FOURTH].typical;
    return ratio < MAX_COLOUR && ratio > 1 / MAX_COLOUR;
}

/* Sets *reason when neither method can be trusted. */
static int choose_method(const line *fits, const char **reason)
{
    bool moves = fits[TEMPORAL].typical > MAX_RATIO * fits[SPATIAL].typical;
    bool spatial = !why_not(&fits[SPATIAL]) && is_white(fits);
    *reason = NULL;
    if (!why_not(&fits[TEMPORAL]) && !moves)
        return TEMPORAL;
    if (!spatial) {
        *reason = why_not(&fits[SPATIAL]);
        if (!*reason)
            *reason = "neighbouring pixels are not independent, and frames differ by more than noise";
    }
    return SPATIAL;
}

void bp_noise_finish(const bp_noise *n, bp_noise_estimate *out)
{
    bp_noise_finish_part(n, n, out);
}

void bp_noise_finish_part(const bp_noise *n, const bp_noise *whole, bp_noise_estimate *out)
{
    line fits[METHODS], part;
    point points[LEVEL_COUNT] = {0};
    memset(out, 0, sizeof *out);
    for (int m = 0; m < METHODS; m++)
        fit_line(points, take_points(whole->levels[m], whole->levels[m], points), &fits[m]);
    int best = choose_method(fits, &out->why_not);
    const line *fit = &fits[best];
    if (out->why_not)
        return;
    if (n != whole) {
        fit_line(points, take_points(n->levels[best], whole->levels[best], points), &part);
        fit = &part;
        out->why_not = fit->points < 2 ? "a part has too few levels" : NULL;
        if (out->why_not)
            return;
    }
    out->method = best == TEMPORAL ? "consecutive frames" : "neighbouring pixels";
    out->gain_known = true;
    out->gain = fit->gain;
    out->intercept = fit->intercept;
    out->low = fit->low;
    out->high = fit->high;
    /* a negative intercept is what an offset of the values leaves: the noise hides behind it */
    out->noise_known = fit->intercept >= 0 || -fit->intercept < 0.1 * fit->gain * fit->low;
    out->noise = out->noise_known && fit->intercept > 0 ? sqrt(fit->intercept) : 0;
    out->offset = out->noise_known ? 0 : -fit->intercept / fit->gain;
}

double bp_noise_poisson_bits(const bp_noise *n, double gain, double intercept)
{
    double bits = 0;
    for (size_t i = 0; i < n->blocks_x * n->blocks_y; i++) {
        if (n->counts[i] == 0)
            continue;
        double mean = n->sums[i] / n->counts[i];
        bits += n->counts[i] * bp_poisson_entropy(intercept + gain * mean);
    }
    return n->pixels > 0 ? bits / n->pixels : 0;
}
