/* SPDX-License-Identifier: BSD-3-Clause
 * data_similarity: DSSIM, as the climate community judges compressed data. Both frames are put on 256 levels
 * of their common range; the value is the mean over all windows of all frames without an excluded pixel. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "algo/ssim.h"
#include "base/scratch.h"
#include "beampress/metric.h"

static const bp_quantity quantities[] = {
    {"dssim", "", BP_BETTER_HIGHER,
     "data SSIM of Baker et al.: both scaled to 256 levels, constants 1e-8; much stricter", NULL},
};

typedef struct state {
    const bp_survey *survey;
    bp_ssim_window window;
    double low, scale;
    bp_ssim_sums sums;
} state;

static bp_status begin(bp_context *ctx, const double *params, const bp_survey *survey, void **out)
{
    (void)params;
    state *s = calloc(1, sizeof *s);
    if (!s)
        return bp_fail(ctx, BP_E_MEMORY, "no memory");
    double high = fmax(survey->reference_max, survey->test_max);
    s->survey = survey;
    s->low = fmin(survey->reference_min, survey->test_min);
    s->scale = high > s->low ? 1 / (high - s->low) : 0;
    bp_ssim_gauss(&s->window, 1);
    s->window.c1 = s->window.c2 = 1e-8;
    *out = s;
    return BP_OK;
}

/* Scaled to 0 to 1 in steps of 1/255, halves to even. */
static void to_levels(const state *s, const double *in, double *out, size_t count)
{
    const double round = 6755399441055744.0; /* 1.5 * 2^52: adding it leaves no fraction */
    for (size_t i = 0; i < count; i++)
        out[i] = (255 * ((in[i] - s->low) * s->scale) + round - round) / 255;
}

static bool by_rows(const bp_survey *survey)
{
    (void)survey;
    return true;
}

static bp_status add(bp_context *ctx, void *user, const bp_metric_frame *f)
{
    state *s = user;
    size_t stride = ((f->columns + 7) / 8 | 1) * 8, rows = f->above + f->rows;
    double *levels = bp_scratch_take(ctx, (2 * rows * stride + 1) * sizeof *levels),
           *test = levels + rows * stride;
    uint8_t *excluded = f->excluded ? malloc(rows * stride) : NULL;
    bool done = levels && (excluded || !f->excluded);
    for (size_t r = 0; done && r < rows; r++) {
        ptrdiff_t from = ((ptrdiff_t)r - (ptrdiff_t)f->above) * (ptrdiff_t)f->stride;
        to_levels(s, f->reference + from, levels + r * stride, f->columns);
        to_levels(s, f->test + from, test + r * stride, f->columns);
        if (excluded)
            memcpy(excluded + r * stride, f->excluded + from, f->columns);
    }
    size_t first = f->above * stride;
    bp_ssim_rows image = {f->rows,
                          f->columns,
                          stride,
                          f->above,
                          levels + first,
                          test + first,
                          excluded ? excluded + first : NULL};
    done = done && bp_ssim_add(&s->window, &image, false, &s->sums);
    free(excluded);
    bp_scratch_give(ctx, levels);
    return done ? BP_OK : bp_fail(ctx, BP_E_MEMORY, "no memory");
}

static bp_status merge(bp_context *ctx, void *user, const void *later)
{
    (void)ctx;
    state *s = user;
    const state *more = later;
    s->sums.ssim += more->sums.ssim;
    s->sums.windows += more->sums.windows;
    return BP_OK;
}

/* Without a range of the reference there is nothing to be similar to. */
static bp_status finish(bp_context *ctx, const void *user, double *values)
{
    (void)ctx;
    const state *s = user;
    bool ranged = s->survey->used && s->survey->reference_max > s->survey->reference_min;
    *values = ranged && s->sums.windows ? s->sums.ssim / (double)s->sums.windows : NAN;
    return BP_OK;
}

const bp_metric bp_metric_data_similarity = {
    .name = "data_similarity",
    .summary = "SSIM of climate data, on 256 levels",
    .source = "A. Baker et al., arXiv:2202.02616; ldcpy",
    .quantities = quantities,
    .quantity_count = 1,
    .begin = begin,
    .by_rows = by_rows,
    .add = add,
    .merge = merge,
    .finish = finish,
    .end = free,
};
