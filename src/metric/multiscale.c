/* SPDX-License-Identifier: BSD-3-Clause
 * multiscale: SSIM over five scales; the mean over frames. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "algo/ssim.h"
#include "base/scratch.h"
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

/* Values of an image and from one row to the next: an odd number of cache lines, so that rows above each
 * other do not get into each other's way. */
typedef struct image {
    size_t rows, columns, stride;
    double *values;
} image;

static size_t stride_of(size_t columns)
{
    return ((columns + 7) / 8 | 1) * 8;
}

/* Means of 2 x 2 pixels; an odd side gets a zero before its first and behind its last pixel. */
static image halve(const image *in)
{
    size_t r_pad = in->rows % 2, c_pad = in->columns % 2;
    image out = {in->rows / 2 + r_pad, in->columns / 2 + c_pad, 0, in->values};
    out.stride = stride_of(out.columns);
    for (size_t r = 0; r < out.rows; r++) {
        bool no_above = r == 0 && r_pad, no_below = r + 1 == out.rows && r_pad;
        const double *above = no_above ? NULL : in->values + (2 * r - r_pad) * in->stride;
        const double *below = no_below ? NULL : in->values + (2 * r + 1 - r_pad) * in->stride;
        double *to = out.values + r * out.stride; /* never in front of what is still to be read */
        if (no_above || no_below || c_pad)
            for (size_t c = 0; c < out.columns; c++) {
                double sum = 0;
                for (size_t i = 0; i < 4; i++) {
                    size_t x = 2 * c + i % 2;
                    if (!(i / 2 ? no_below : no_above) && x >= c_pad && x - c_pad < in->columns)
                        sum += (i / 2 ? below : above)[x - c_pad];
                }
                to[c] = sum / 4;
            }
        else
            for (size_t c = 0; c < out.columns; c++)
                to[c] = (above[2 * c] + above[2 * c + 1] + below[2 * c] + below[2 * c + 1]) / 4;
    }
    return out;
}

/* Product over the scales; false when memory is short. */
static bool one_frame(const state *s, image x, image y, double *product)
{
    *product = 1;
    for (size_t k = 0; k < SCALES; k++) {
        bp_ssim_sums sums = {0, 0};
        bp_ssim_rows rows = {x.rows, x.columns, x.stride, 0, x.values, y.values, NULL};
        if (!bp_ssim_add(&s->window, &rows, k + 1 < SCALES, &sums))
            return false;
        double mean = sums.ssim / (double)sums.windows;
        *product *= pow(fmax(mean, 0), weights[k]);
        x = halve(&x);
        y = halve(&y);
    }
    return true;
}

static bp_status add(bp_context *ctx, void *user, const bp_metric_frame *f)
{
    state *s = user;
    if (f->rows < LEAST_SIDE || f->columns < LEAST_SIDE || f->excluded)
        return BP_OK;
    size_t stride = stride_of(f->columns), room = f->rows * stride;
    double *copy = bp_scratch_take(ctx, 2 * room * sizeof *copy), value = 0;
    bool done = copy != NULL;
    for (size_t r = 0; done && r < f->rows; r++) {
        memcpy(copy + r * stride, f->reference + r * f->stride, f->columns * sizeof *copy);
        memcpy(copy + room + r * stride, f->test + r * f->stride, f->columns * sizeof *copy);
    }
    if (done) {
        image x = {f->rows, f->columns, stride, copy}, y = {f->rows, f->columns, stride, copy + room};
        done = one_frame(s, x, y, &value);
    }
    bp_scratch_give(ctx, copy);
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
