/* SPDX-License-Identifier: BSD-3-Clause
 * multiscale: SSIM over five scales; the mean over frames. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "algo/ssim.h"
#include "beampress/metric.h"

#define SCALES     5
#define LEAST_SIDE 161 /* the window must fit the coarsest scale */

static const double weights[SCALES] = {0.0448, 0.2856, 0.3001, 0.2363, 0.1333};

static const bp_quantity quantities[] = {
    {"ms_ssim", "", BP_BETTER_HIGHER, "multi-scale SSIM of frames above 160 pixels a side; none with a mask",
     NULL},
};

typedef struct state {
    const bp_survey *survey;
    bp_ssim_window window;
    double sum;
    uint64_t frames;
} state;

static bp_status begin(bp_context *ctx, const double *params, const bp_survey *survey, void **out)
{
    (void)params;
    state *s = calloc(1, sizeof *s);
    if (!s)
        return bp_fail(ctx, BP_E_MEMORY, "no memory");
    s->survey = survey;
    bp_ssim_gauss(&s->window, survey->used ? survey->reference_max - survey->reference_min : 0);
    *out = s;
    return BP_OK;
}

/* Means of 2 x 2 pixels; an odd side gets a zero before its first and behind its last pixel. */
static void halve(double *image, size_t *rows, size_t *columns)
{
    size_t r_pad = *rows % 2, c_pad = *columns % 2, width = *columns;
    size_t out_rows = *rows / 2 + r_pad, out_columns = width / 2 + c_pad;
    for (size_t r = 0; r < out_rows; r++)
        for (size_t c = 0; c < out_columns; c++) {
            double sum = 0;
            for (size_t i = 0; i < 4; i++) {
                size_t y = 2 * r + i / 2, x = 2 * c + i % 2;
                if (y >= r_pad && x >= c_pad && y - r_pad < *rows && x - c_pad < width)
                    sum += image[(y - r_pad) * width + (x - c_pad)];
            }
            image[r * out_columns + c] = sum / 4; /* never in front of what is still to be read */
        }
    *rows = out_rows;
    *columns = out_columns;
}

/* Product over the scales; false when memory is short. */
static bool one_frame(const state *s, size_t rows, size_t columns, double *x, double *y, double *product)
{
    *product = 1;
    for (size_t k = 0; k < SCALES; k++) {
        bp_ssim_sums sums = {0, 0};
        bp_ssim_rows image = {rows, columns, columns, 0, x, y, NULL};
        if (!bp_ssim_add(&s->window, &image, k + 1 < SCALES, &sums))
            return false;
        double mean = sums.ssim / (double)sums.windows;
        *product *= pow(fmax(mean, 0), weights[k]);
        size_t r = rows, c = columns;
        halve(x, &r, &c);
        halve(y, &rows, &columns);
    }
    return true;
}

static bp_status add(bp_context *ctx, void *user, const bp_metric_frame *f)
{
    state *s = user;
    if (f->rows < LEAST_SIDE || f->columns < LEAST_SIDE || f->excluded)
        return BP_OK;
    size_t pixels = f->rows * f->columns;
    double *copy = malloc(2 * pixels * sizeof *copy), value;
    bool done = copy != NULL;
    if (done) {
        memcpy(copy, f->reference, pixels * sizeof *copy);
        memcpy(copy + pixels, f->test, pixels * sizeof *copy);
        done = one_frame(s, f->rows, f->columns, copy, copy + pixels, &value);
    }
    free(copy);
    if (!done)
        return bp_fail(ctx, BP_E_MEMORY, "no memory");
    s->sum += value;
    s->frames++;
    return BP_OK;
}

static bp_status merge(bp_context *ctx, void *user, const void *later)
{
    (void)ctx;
    state *s = user;
    const state *more = later;
    s->sum += more->sum;
    s->frames += more->frames;
    return BP_OK;
}

static bp_status finish(bp_context *ctx, const void *user, double *values)
{
    (void)ctx;
    const state *s = user;
    bool ranged = s->survey->used && s->survey->reference_max > s->survey->reference_min;
    values[0] = ranged && s->frames == s->survey->frames && s->frames ? s->sum / (double)s->frames : NAN;
    return BP_OK;
}

const bp_metric bp_metric_multiscale = {
    .name = "multiscale",
    .summary = "SSIM over five scales",
    .source = "Z. Wang, E. Simoncelli, A. Bovik, Asilomar 2003; numbers as in pytorch-msssim",
    .quantities = quantities,
    .quantity_count = 1,
    .begin = begin,
    .add = add,
    .merge = merge,
    .finish = finish,
    .end = free,
};
