/* SPDX-License-Identifier: BSD-3-Clause
 * similarity: SSIM in its two usual definitions, which differ much and must not be mixed. Values are the mean
 * over all windows of all frames; windows with an excluded pixel do not count. The dynamic range is that of
 * the reference. */
#include <math.h>
#include <stdlib.h>

#include "algo/ssim.h"
#include "beampress/metric.h"

enum { Q_SSIM, Q_SSIM_SKIMAGE, Q_COUNT };

static const bp_quantity quantities[Q_COUNT] = {
    [Q_SSIM] = {"ssim", "", BP_BETTER_HIGHER,
                "SSIM of Wang et al. 2004: Gaussian window of 11 x 11 pixels, sigma 1.5", NULL},
    [Q_SSIM_SKIMAGE] = {"ssim_skimage", "", BP_BETTER_HIGHER,
                        "SSIM as scikit-image has it by default: box of 7 x 7 pixels, sample covariance",
                        NULL},
};

typedef struct state {
    const bp_survey *survey;
    bp_ssim_window windows[Q_COUNT];
    bp_ssim_sums sums[Q_COUNT];
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
    double range = survey->used ? survey->reference_max - survey->reference_min : 0;
    s->survey = survey;
    bp_ssim_gauss(&s->windows[Q_SSIM], range);
    bp_ssim_box(&s->windows[Q_SSIM_SKIMAGE], range);
    *out = s;
    return BP_OK;
}

static bp_status add(bp_context *ctx, void *user, const bp_metric_frame *f)
{
    state *s = user;
    bp_ssim_rows image = {f->rows, f->columns, f->stride, f->above, f->reference, f->test, f->excluded};
    for (size_t i = 0; i < Q_COUNT; i++)
        if (!bp_ssim_add(&s->windows[i], &image, false, &s->sums[i]))
            return bp_fail(ctx, BP_E_MEMORY, "no memory");
    return BP_OK;
}

static bp_status merge(bp_context *ctx, void *user, const void *later)
{
    (void)ctx;
    state *s = user;
    const state *more = later;
    for (size_t i = 0; i < Q_COUNT; i++) {
        s->sums[i].ssim += more->sums[i].ssim;
        s->sums[i].windows += more->sums[i].windows;
    }
    return BP_OK;
}

/* Without a range of the reference the constants that keep SSIM finite are 0. */
static bp_status finish(bp_context *ctx, const void *user, double *values)
{
    (void)ctx;
    const state *s = user;
    bool ranged = s->survey->used && s->survey->reference_max > s->survey->reference_min;
    for (size_t i = 0; i < Q_COUNT; i++)
        values[i] = ranged && s->sums[i].windows ? s->sums[i].ssim / (double)s->sums[i].windows : NAN;
    return BP_OK;
}

const bp_metric bp_metric_similarity = {
    .name = "similarity",
    .summary = "SSIM: of Wang, of scikit-image",
    .source =
        "Z. Wang et al., IEEE Trans. Image Processing 13 (2004) 600; scikit-image structural_similarity",
    .quantities = quantities,
    .quantity_count = Q_COUNT,
    .begin = begin,
    .by_rows = by_rows,
    .add = add,
    .merge = merge,
    .finish = finish,
    .end = free,
};
