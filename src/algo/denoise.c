/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>
#include <string.h>

#include "algo/denoise.h"
#include "algo/running_median.h"

#define PERIOD 4 /* of the grid of pixels that a calibration leaves out */
#define GRIDS  2

/* Strengths that a calibration tries: the first, the factor from one to the next, how many. For the median
 * they are 3, 5, 7. */
static const struct {
    double usual, first, factor;
    int count;
} STRENGTHS[BP_DENOISE_METHODS] = {
    [BP_DENOISE_MEDIAN] = {3, 3, 0, 3},          [BP_DENOISE_GAUSSIAN] = {1, 0.35, 1.3, 10},
    [BP_DENOISE_TV] = {1.5, 0.25, 1.5, 8},       [BP_DENOISE_NLM] = {0.8, 0.3, 1.3, 8},
    [BP_DENOISE_WAVELET] = {1, 0.35, 1.4142, 8},
};

bp_denoise bp_denoise_defaults(bp_denoise_method method, double noise)
{
    bp_denoise how = {STRENGTHS[method].usual, noise, method == BP_DENOISE_NLM ? 5 : 1, 6, 200};
    return how;
}

size_t bp_denoise_scratch(bp_denoise_method method, const bp_denoise *how, size_t rows, size_t columns)
{
    switch (method) {
    case BP_DENOISE_MEDIAN:
        return (size_t)(how->strength * how->strength);
    case BP_DENOISE_GAUSSIAN:
        return bp_gaussian_scratch(how->strength, rows, columns);
    case BP_DENOISE_TV:
        return 2 * (rows + 1) * columns;
    case BP_DENOISE_NLM:
        return bp_nlm_scratch(how->size, how->search, rows, columns);
    default:
        return bp_wavelet_scratch(rows, columns);
    }
}

void bp_denoise_run(bp_denoise_method method, const bp_denoise *how, const bp_image *in, double *out,
                    double *scratch)
{
    switch (method) {
    case BP_DENOISE_MEDIAN:
        bp_median_image(in, (size_t)how->strength, out, scratch);
        break;
    case BP_DENOISE_GAUSSIAN:
        bp_gaussian_image(in, how->strength, out, scratch);
        break;
    case BP_DENOISE_TV:
        bp_tv_image(in, how->strength * how->noise, 2e-4, how->rounds, out, scratch);
        break;
    case BP_DENOISE_NLM:
        bp_nlm_image(in, how->size, how->search, how->strength * how->noise, how->noise, out, scratch);
        break;
    default:
        bp_wavelet_image(in, how->size, 0, how->strength, how->noise, out, scratch);
    }
}

static double strength_at(bp_denoise_method method, int step)
{
    double strength = STRENGTHS[method].first;
    for (int i = 0; i < step; i++)
        strength *= STRENGTHS[method].factor;
    return method == BP_DENOISE_MEDIAN ? 3 + 2 * step : strength;
}

size_t bp_denoise_calibrate_scratch(bp_denoise_method method, const bp_denoise *how, size_t rows,
                                    size_t columns)
{
    size_t most = 0;
    for (int step = 0; step < STRENGTHS[method].count; step++) {
        bp_denoise trial = *how;
        trial.strength = strength_at(method, step);
        size_t need = bp_denoise_scratch(method, &trial, rows, columns);
        most = need > most ? need : most;
    }
    return 2 * rows * columns + most;
}

/* Mean of the eight neighbours that are no labels, those at the corners half as heavy; the value itself where
 * there are none. */
static double from_neighbours(const bp_image *in, size_t y, size_t x)
{
    double sum = 0, weights = 0;
    for (ptrdiff_t j = -1; j <= 1; j++)
        for (ptrdiff_t i = -1; i <= 1; i++) {
            size_t at = bp_mirror((ptrdiff_t)y + j, in->rows) * in->columns +
                        bp_mirror((ptrdiff_t)x + i, in->columns);
            double weight = at == y * in->columns + x || (in->labels && in->labels[at]) ? 0
                            : i && j                                                    ? 0.5
                                                                                        : 1;
            sum += weight != 0 ? weight * in->values[at] : 0;
            weights += weight;
        }
    return weights > 0 ? sum / weights : in->values[y * in->columns + x];
}

/* Sum of squares on one grid, between what was measured and what comes out without having seen it. */
static double grid_loss(bp_denoise_method method, const bp_denoise *how, const bp_image *in, size_t grid,
                        double *pixels, double *hidden, double *out, double *scratch)
{
    size_t first_y = grid % PERIOD, first_x = (2 * grid + 1) % PERIOD;
    bp_image left = *in;
    left.values = hidden;
    memcpy(hidden, in->values, in->rows * in->columns * sizeof *hidden);
    for (size_t y = first_y; y < in->rows; y += PERIOD)
        for (size_t x = first_x; x < in->columns; x += PERIOD)
            hidden[y * in->columns + x] = from_neighbours(in, y, x);
    bp_denoise_run(method, how, &left, out, scratch);
    double sum = 0;
    for (size_t y = first_y; y < in->rows; y += PERIOD)
        for (size_t x = first_x; x < in->columns; x += PERIOD) {
            size_t at = y * in->columns + x;
            if (in->labels && in->labels[at])
                continue;
            sum += (out[at] - in->values[at]) * (out[at] - in->values[at]);
            ++*pixels;
        }
    return sum;
}

double bp_denoise_calibrate(bp_denoise_method method, const bp_denoise *how, const bp_image *in, double *loss,
                            double *scratch)
{
    size_t count = in->rows * in->columns;
    double best = how->strength, least = (double)INFINITY;
    for (int step = 0; step < STRENGTHS[method].count; step++) {
        bp_denoise trial = *how;
        double sum = 0, pixels = 0;
        trial.strength = strength_at(method, step);
        for (size_t grid = 0; grid < GRIDS; grid++)
            sum +=
                grid_loss(method, &trial, in, grid, &pixels, scratch, scratch + count, scratch + 2 * count);
        if (pixels > 0 && sum / pixels < least) {
            least = sum / pixels;
            best = trial.strength;
        }
    }
    *loss = least / (how->noise * how->noise);
    return best;
}
