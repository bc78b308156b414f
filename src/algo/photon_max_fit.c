/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "algo/photon_max_fit.h"

#define LEAST_PIXELS  400
#define LEAST_SAMPLES 6000
#define MOST_SAMPLES  32000

typedef struct normal {
    double matrix[BP_MAX_ALL][BP_MAX_ALL];
    double right[BP_MAX_ALL];
    double sum;     /* of the values */
    double squares; /* weighted, of the goals */
    size_t filled;  /* values above 0 */
    size_t samples;
} normal;

void bp_max_default_weights(const bp_max_plane *p, bp_max_weights *w)
{
    int32_t *weights = w->of[0];
    w->sets = 1;
    static const int16_t space[BP_MAX_SPACE] = {
        [0] = 70, [1] = 16, [3] = 16, [4] = 30, [7] = 8, [14] = 40, [16] = 24, [17] = 16};
    for (size_t i = 0; i < BP_MAX_ALL; i++)
        weights[i] = i < BP_MAX_SPACE ? space[i] : 0;
    if (p->frame)
        for (size_t i = 0; i < BP_MAX_ALL; i++)
            weights[i] = i == BP_MAX_SPACE + 6 ? 128 : weights[i] / 2;
}

/* Few photons say little about weights: then these, mostly of wide means, count for as many pixels as hold
 * PRIOR photons. */
#define PRIOR 1000

static void lean(normal *n, size_t count)
{
    static const int16_t space[BP_MAX_SPACE] = {
        [0] = 8, [1] = 4, [3] = 4, [4] = 6, [7] = 4, [14] = 50, [16] = 130, [17] = 40};
    double guess[BP_MAX_ALL] = {0}, pixels = PRIOR * (double)n->samples / (n->sum + 1);
    for (size_t i = 0; i < BP_MAX_SPACE; i++)
        guess[i] = space[i] / 256.0;
    if (count > BP_MAX_SPACE) {
        for (size_t i = 0; i < BP_MAX_SPACE; i++)
            guess[i] /= 4;
        guess[BP_MAX_SPACE + 6] = 0.5;
    }
    for (size_t i = 0; i < count; i++) {
        double more = n->matrix[i][i] * pixels / (double)n->samples;
        n->matrix[i][i] += more;
        n->right[i] += more * guess[i];
    }
}

#define FEW 30 /* counts: below, hot pixels must not matter */

/* Noise is judged by the neighbours' distances: a quiet place says more than a loud one. */
static double trust(const bp_max_inputs *inputs)
{
    const int64_t *in = inputs->value;
    double level = (double)(inputs->base + in[16]) / (1 << BP_MAX_FRACTION); /* the far mean */
    double sum = 0;
    static const unsigned near[6] = {0, 3, 4, 7, 1, 14};
    for (unsigned i = 0; i < 6; i++)
        sum += fabs((double)in[near[i]]);
    sum /= 6.0 * (1 << BP_MAX_FRACTION);
    return 1 / (0.3 + sum * (level < FEW ? sum : sqrt(sum)));
}

static void add(normal *n, const bp_max_inputs *inputs, size_t count, uint32_t value)
{
    double in[BP_MAX_ALL], w = trust(inputs), unit = 1.0 / (1 << BP_MAX_FRACTION);
    double miss = (double)(BP_MAX_SCALED(value) - inputs->base) * unit, goal = miss * w;
    n->squares += miss * goal;
    for (size_t i = 0; i < count; i++)
        in[i] = (double)inputs->value[i] * unit;
    n->sum += value;
    n->filled += value > 0;
    n->samples++;
    for (size_t i = 0; i < count; i++) {
        double f = in[i] * w;
        for (size_t k = 0; k <= i; k++)
            n->matrix[i][k] += f * in[k];
        n->right[i] += in[i] * goal;
    }
}

static void merge(normal *n, const normal *more, size_t count)
{
    n->sum += more->sum;
    n->samples += more->samples;
    n->squares += more->squares;
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k <= i; k++)
            n->matrix[i][k] += more->matrix[i][k];
        n->right[i] += more->right[i];
    }
}

/* What these weights leave of the squares. */
static double left_over(const normal *n, size_t count, const double *x)
{
    double sum = n->squares;
    for (size_t i = 0; i < count; i++) {
        double row = n->matrix[i][i] * x[i];
        for (size_t k = 0; k < i; k++)
            row += 2 * n->matrix[i][k] * x[k];
        sum += x[i] * (row - 2 * n->right[i]);
    }
    return sum;
}

static bool solve(normal *n, size_t count, double *x)
{
    double most = 0;
    for (size_t i = 0; i < count; i++)
        most = n->matrix[i][i] > most ? n->matrix[i][i] : most;
    if (!(most > 0))
        return false;
    for (size_t i = 0; i < count; i++)
        n->matrix[i][i] += most * 1e-6 + n->matrix[i][i] * 1e-4;
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k <= i; k++) {
            double sum = n->matrix[i][k];
            for (size_t j = 0; j < k; j++)
                sum -= n->matrix[i][j] * n->matrix[k][j];
            if (k < i)
                n->matrix[i][k] = sum / n->matrix[k][k];
            else if (sum > 0)
                n->matrix[i][i] = sqrt(sum);
            else
                return false;
        }
    }
    for (size_t i = 0; i < count; i++) {
        double sum = n->right[i];
        for (size_t j = 0; j < i; j++)
            sum -= n->matrix[i][j] * x[j];
        x[i] = sum / n->matrix[i][i];
    }
    for (size_t i = count; i-- > 0;) {
        double sum = x[i];
        for (size_t j = i + 1; j < count; j++)
            sum -= n->matrix[j][i] * x[j];
        x[i] = sum / n->matrix[i][i];
    }
    return true;
}

/* Which rows are sampled: all of a small frame, else strips of STRIP rows; the means are kept up in those and
 * a few rows before them. */
#define STRIP 6
#define THIN  5 /* pixels of a strip for one sample */
#define WARM  6
#define FIRST 16 /* rows at the top that only the means see */

static unsigned row_use(size_t row, size_t height, size_t period)
{
    if (period == 1)
        return 2;
    if (row < FIRST && height > 2 * FIRST)
        return 1;
    size_t at = (row + STRIP + WARM) % period;
    return at < WARM ? 1 : at < WARM + STRIP ? 2 : 0;
}

/* The largest code whose limit is reached; 0: none. */
static unsigned lively_code(const bp_max_plane *p, size_t column)
{
    uint64_t v = (uint64_t)bp_max_lively(p, column);
    if (v < 2)
        return 0;
    unsigned top = 63 - (unsigned)__builtin_clzll(v), code = (top - 1) << 1 | (unsigned)(v >> (top - 1) & 1);
    return code < BP_MAX_LIMITS ? code : BP_MAX_LIMITS - 1;
}

/* n: a system for each code */
static void sample_rows(bp_max_plane *p, const uint32_t *values, const uint8_t *labels, size_t period,
                        size_t step, normal *n)
{
    size_t count = bp_max_input_count(p), width = p->width, phase = 0;
    bp_max_plane_start_frame(p);
    for (size_t r = 0; r < p->height; r++) {
        const uint32_t *row = values + r * width;
        unsigned use = row_use(r, p->height, period);
        bp_max_plane_start_row(p, r);
        if (use == 0) {
            memcpy(p->rows[0], row, width * sizeof *row);
            bp_max_plane_spill(p);
            continue;
        }
        for (size_t c = 0; c < width; c++) {
            if (use == 2 && ++phase == step) {
                phase = 0;
                if (!(labels && labels[r * width + c])) {
                    bp_max_inputs inputs;
                    bp_max_gather(p, r, c, &inputs);
                    add(n + lively_code(p, c), &inputs, count, row[c]);
                }
            }
            bp_max_plane_set(p, r, c, row[c]);
        }
        bp_max_plane_end_row(p, r);
    }
}

static int32_t whole_weight(double x)
{
    double w = floor(x * (1 << BP_MAX_WEIGHT_BITS) + 0.5);
    return w > BP_MAX_WEIGHT_MOST    ? BP_MAX_WEIGHT_MOST
           : w < -BP_MAX_WEIGHT_MOST ? -BP_MAX_WEIGHT_MOST
                                     : (int32_t)w;
}

/* Weights for the pixels from one code to another; what they leave is added to left. */
static bool fit_set(const normal *codes, unsigned from, unsigned to, size_t count, int32_t *weights,
                    double *left)
{
    normal n = {.samples = 0};
    double x[BP_MAX_ALL];
    for (unsigned i = from; i < to; i++)
        if (codes[i].samples)
            merge(&n, codes + i, count);
    if (n.samples == 0)
        return false;
    normal solved = n;
    lean(&solved, count);
    if (!solve(&solved, count, x))
        return false;
    *left += left_over(&n, count, x);
    for (size_t i = 0; i < count; i++)
        weights[i] = whole_weight(x[i]);
    return true;
}

/* Quiet pixels to lively ones in `sets` parts, by shares of the samples in 1/64. */
static bool fit_sets(const normal *codes, unsigned sets, size_t samples, size_t count, bp_max_weights *w,
                     double *left)
{
    static const uint8_t shares[BP_MAX_SETS][BP_MAX_SETS - 1] = {{0}, {48}, {38, 57}, {32, 51, 61}};
    unsigned from = 0, code = 0;
    size_t below = 0;
    w->sets = sets;
    *left = 0;
    for (unsigned k = 0; k < sets; k++) {
        while (code < BP_MAX_LIMITS && (k + 1 == sets || below * 64 < samples * shares[sets - 1][k]))
            below += codes[code++].samples;
        if (!fit_set(codes, from, code, count, w->of[k], left))
            return false;
        if (k + 1 < sets)
            w->limit[k] = code;
        from = code;
        if (k + 1 < sets && code >= BP_MAX_LIMITS)
            return false;
    }
    return true;
}

#define SET_BITS 300 /* that a set costs, about */

static size_t samples_of(const normal *codes, size_t *filled)
{
    size_t samples = 0;
    *filled = 0;
    for (unsigned i = 0; i < BP_MAX_LIMITS; i++) {
        samples += codes[i].samples;
        *filled += codes[i].filled;
    }
    return samples;
}

/* As many sets as save more squares than they cost: bits, and what so few samples flatter. Few photons: one.
 */
static bool choose_sets(const normal *codes, size_t pixels, size_t count, bp_max_weights *w)
{
    double one, least, worth = (double)pixels * 0.72;
    size_t filled, samples = samples_of(codes, &filled);
    if (!samples || !fit_sets(codes, 1, samples, count, w, &one))
        return false;
    least = one > 0 && filled > samples / 2 ? 0 : -1;
    for (unsigned sets = 2; least >= 0 && sets <= BP_MAX_SETS; sets++) {
        bp_max_weights trial;
        double left, more = sets - 1;
        if (!fit_sets(codes, sets, samples, count, &trial, &left))
            continue;
        double gain = 1 - left / one - 2 * more * (double)count / (double)samples - more * SET_BITS / worth;
        if (gain > least) {
            least = gain;
            *w = trial;
        }
    }
    return true;
}

bool bp_max_fit(bp_max_plane *p, const uint32_t *values, const uint8_t *labels, bp_max_weights *weights)
{
    size_t pixels = p->height * p->width, count = bp_max_input_count(p);
    if (pixels < LEAST_PIXELS)
        return false;
    normal *codes = calloc(BP_MAX_LIMITS, sizeof *codes);
    if (!codes)
        return false;
    size_t samples = pixels / 4;
    samples = samples < LEAST_SAMPLES ? LEAST_SAMPLES : samples > MOST_SAMPLES ? MOST_SAMPLES : samples;
    size_t period = p->height / (1 + THIN * samples / (STRIP * p->width));
    bool all = period < 2 * (STRIP + WARM);
    sample_rows(p, values, labels, all ? 1 : period, all ? 1 + pixels / samples : THIN, codes);
    bool good = choose_sets(codes, pixels, count, weights);
    free(codes);
    return good;
}
