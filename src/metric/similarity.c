/* SPDX-License-Identifier: BSD-3-Clause
 * similarity: SSIM in its three definitions, which differ much and must not be mixed. Values are the mean
 * over all windows of all frames; windows with an excluded pixel do not count. The dynamic range is that of
 * the reference. */
#include <math.h>
#include <stdlib.h>

#include "algo/ssim.h"
#include "beampress/metric.h"

enum { Q_SSIM, Q_SSIM_SKIMAGE, Q_DSSIM, Q_COUNT };

static const bp_quantity quantities[Q_COUNT] = {
    [Q_SSIM] = {"ssim", "", BP_BETTER_HIGHER,
                "SSIM of Wang et al. 2004: Gaussian window of 11 x 11 pixels, sigma 1.5", NULL},
    [Q_SSIM_SKIMAGE] = {"ssim_skimage", "", BP_BETTER_HIGHER,
                        "SSIM as scikit-image has it by default: box of 7 x 7 pixels, sample covariance",
                        NULL},
    [Q_DSSIM] = {"dssim", "", BP_BETTER_HIGHER,
                 "data SSIM of Baker et al.: both scaled to 256 levels, constants 1e-8; much stricter", NULL},
};

typedef struct state {
    const bp_survey *survey;
    bp_ssim_window gauss, box, data;
    double low, scale; /* of the data SSIM */
    bp_ssim_sums sums[Q_COUNT];
} state;

static bp_status begin(bp_context *ctx, const double *params, const bp_survey *survey, void **out)
{
    (void)params;
    state *s = calloc(1, sizeof *s);
    if (!s)
        return bp_fail(ctx, BP_E_MEMORY, "no memory");
    double range = survey->used ? survey->reference_max - survey->reference_min : 0;
    double high = fmax(survey->reference_max, survey->test_max);
    s->survey = survey;
    s->low = fmin(survey->reference_min, survey->test_min);
    s->scale = high > s->low ? 1 / (high - s->low) : 0;
    bp_ssim_gauss(&s->gauss, range);
    bp_ssim_box(&s->box, range);
    s->data = s->gauss;
    s->data.c1 = s->data.c2 = 1e-8;
    *out = s;
    return BP_OK;
}

/* Scaled to 0 to 1 in steps of 1/255, halves to even. */
static void to_levels(const state *s, const double *in, double *out, size_t count)
{
    for (size_t i = 0; i < count; i++)
        out[i] = nearbyint(255 * ((in[i] - s->low) * s->scale)) / 255;
}

static bp_status add(bp_context *ctx, void *user, const bp_metric_frame *f)
{
    state *s = user;
    size_t pixels = f->rows * f->columns;
    double *levels = malloc((pixels + 1) * 2 * sizeof *levels);
    bool done = levels != NULL;
    done = done &&
           bp_ssim_add(&s->gauss, f->rows, f->columns, f->reference, f->test, f->excluded, &s->sums[Q_SSIM]);
    done = done && bp_ssim_add(&s->box, f->rows, f->columns, f->reference, f->test, f->excluded,
                               &s->sums[Q_SSIM_SKIMAGE]);
    if (done) {
        to_levels(s, f->reference, levels, pixels);
        to_levels(s, f->test, levels + pixels, pixels);
        done = bp_ssim_add(&s->data, f->rows, f->columns, levels, levels + pixels, f->excluded,
                           &s->sums[Q_DSSIM]);
    }
    free(levels);
    return done ? BP_OK : bp_fail(ctx, BP_E_MEMORY, "no memory");
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
    .summary = "SSIM: of Wang, of scikit-image, of climate data",
    .source =
        "Z. Wang et al., IEEE Trans. Image Processing 13 (2004) 600; scikit-image structural_similarity; "
        "A. Baker et al., arXiv:2202.02616",
    .quantities = quantities,
    .quantity_count = Q_COUNT,
    .begin = begin,
    .add = add,
    .merge = merge,
    .finish = finish,
    .end = free,
};
