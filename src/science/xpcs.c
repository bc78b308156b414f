/* SPDX-License-Identifier: BSD-3-Clause
 * xpcs: how fast speckles change. g2 by multi-tau correlation in each region of the detector, its fit by one
 * decay, and the contrast from photon statistics. Uncertainties: each region is cut into blocks of
 * neighbouring pixels, which hold different speckles, and every quantity is computed again without each of
 * them. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "algo/decay_fit.h"
#include "algo/jackknife.h"
#include "algo/multitau.h"
#include "beampress/science.h"

enum { P_DELAYS, P_BUFFERS, P_LEVELS, P_FRAME_TIME, P_REGIONS_AT_MOST, P_COUNT };
enum { DELAYS_SKBEAM, DELAYS_APS };

static const char *const delay_choices[] = {"skbeam", "aps", NULL};

static const bp_param params_of_xpcs[P_COUNT] = {
    [P_DELAYS] =
        {"delays", "", BP_PARAM_CHOICE, 0, 0, DELAYS_SKBEAM, delay_choices,
         "which delays: skbeam has 0 ... b-1, then b/2 ... b-1 times 2, 4, ...; aps has 1 ... b, then "
         "b/2+1 ... b times 2, 4, ..."},
    [P_BUFFERS] = {"buffers", "frames", BP_PARAM_INTEGER, 2, 64, 8, NULL,
                   "b: delays of the first level; even"},
    [P_LEVELS] = {"levels", "", BP_PARAM_INTEGER, 0, BP_MULTITAU_MOST_LEVELS, 0, NULL,
                  "levels, each with frames twice as long; 0: as many as the series has"},
    [P_FRAME_TIME] = {"frame_time", "s", BP_PARAM_REAL, 0, 1e6, 0, NULL,
                      "time from frame to frame; 0: delays are in frames"},
    [P_REGIONS_AT_MOST] = {"regions", "", BP_PARAM_INTEGER, 1, 100000, 1000, NULL,
                           "more regions than that are taken for a mistake in the map"},
};

#define BLOCKS BP_JACKKNIFE_BLOCKS

static const char *const from_blocks = "jackknife over blocks of pixels";

typedef struct analysis {
    const double *params;
    const bp_science_stack *stack;
    bp_pixel_groups groups;
    bp_multitau *multitau;
    double *frame;
    double *moments; /* per group: sum, sum of squares */
    double *delays;  /* frames */
    size_t delay_count;
    double unit; /* of a frame: s or 1 */
    /* per region */
    double *contrast, *rate, *baseline, *mean, *statistic, *sigmas; /* sigmas: 5 per region */
    double *without; /* of these five: without each block, for each region */
} analysis;

static bp_status find_regions(bp_context *ctx, analysis *a)
{
    const bp_science_stack *s = a->stack;
    size_t pixels = s->rows * s->columns, count = 0;
    double *map = NULL;
    bp_status status = s->side(ctx, s->user, "regions", &map, &count);
    if (status == BP_OK && map && count != pixels)
        status = bp_fail(ctx, BP_E_INPUT, "the map of regions has %zu values, a frame %zu", count, pixels);
    if (status == BP_OK && !bp_pixel_groups_init(&a->groups, pixels, map, s->excluded, BLOCKS))
        status = bp_fail(ctx, BP_E_MEMORY, "no memory for regions");
    free(map);
    if (status != BP_OK)
        return status;
    if (a->groups.regions == 0)
        return bp_fail(ctx, BP_E_INPUT, "no pixel takes part: all are masked, or in no region");
    if ((double)a->groups.regions > a->params[P_REGIONS_AT_MOST])
        return bp_fail(ctx, BP_E_INPUT, "the map has %zu regions; is it one? (regions=%zu allows them)",
                       a->groups.regions, a->groups.regions);
    return BP_OK;
}

static bp_status make_multitau(bp_context *ctx, analysis *a)
{
    unsigned buffers = (unsigned)a->params[P_BUFFERS], levels = (unsigned)a->params[P_LEVELS];
    bool aps = a->params[P_DELAYS] == DELAYS_APS;
    if (buffers % 2)
        return bp_fail(ctx, BP_E_USAGE, "xpcs: buffers=%u is not even", buffers);
    if (a->stack->frames < 2)
        return bp_fail(ctx, BP_E_INPUT, "one frame has no correlation in time");
    if (levels == 0)
        for (uint64_t n = a->stack->frames; n > buffers / 2 && levels < BP_MULTITAU_MOST_LEVELS; n /= 2)
            levels++;
    levels = levels ? levels : 1;
    a->multitau = bp_multitau_new(&a->groups, aps ? 1 : 0, aps ? buffers : buffers - 1, levels);
    size_t groups = a->groups.regions * BLOCKS;
    a->moments = calloc(2 * groups + 1, sizeof *a->moments);
    a->frame = malloc(a->stack->rows * a->stack->columns * sizeof *a->frame);
    return a->multitau && a->moments && a->frame ? BP_OK
                                                 : bp_fail(ctx, BP_E_MEMORY, "no memory for correlations");
}

static bp_status read_frames(bp_context *ctx, analysis *a)
{
    const bp_science_stack *s = a->stack;
    size_t groups = a->groups.regions * BLOCKS;
    for (uint64_t f = 0; f < s->frames; f++) {
        bp_status status = s->read(ctx, s->user, f, 1, a->frame);
        if (status != BP_OK)
            return status;
        for (size_t g = 0; g < groups; g++)
            for (size_t i = a->groups.starts[g]; i < a->groups.starts[g + 1]; i++) {
                double v = a->frame[a->groups.pixels[i]];
                if (!isfinite(v))
                    return bp_fail(ctx, BP_E_INPUT, "frame %llu has values that are not finite; mask them",
                                   (unsigned long long)f);
                a->moments[2 * g] += v;
                a->moments[2 * g + 1] += v * v;
            }
        bp_multitau_add(a->multitau, a->frame);
    }
    return BP_OK;
}

/* Mean count of a region, and its contrast from the variance of the counts beyond that of photons. */
static void statistics_of(const analysis *a, size_t region, size_t without, double *mean, double *contrast)
{
    double sum = 0, squares = 0, n = 0;
    for (size_t b = 0; b < BLOCKS; b++) {
        size_t g = region * BLOCKS + b;
        if (b == without)
            continue;
        sum += a->moments[2 * g];
        squares += a->moments[2 * g + 1];
        n += (double)(a->groups.starts[g + 1] - a->groups.starts[g]) * (double)a->stack->frames;
    }
    *mean = n > 0 ? sum / n : NAN;
    double variance = squares / n - *mean * *mean;
    *contrast = *mean > 0 ? (variance - *mean) / (*mean * *mean) : NAN;
}

/* Delay 0 holds the shot noise and takes no part in a fit. */
static bool fit_of(const analysis *a, size_t region, size_t without, double *y, double *t, bp_decay *decay)
{
    size_t count = 0;
    for (size_t i = 0; i < a->delay_count; i++)
        if (a->delays[i] > 0) {
            t[count] = a->delays[i] * a->unit;
            y[count++] = bp_multitau_g2(a->multitau, region, i, without);
        }
    return bp_decay_fit(t, y, count, decay);
}

static void fit_region(const analysis *a, size_t region, double *work)
{
    double values[5][BLOCKS], *y = work, *t = work + a->delay_count;
    bp_decay decay;
    bool fitted = fit_of(a, region, SIZE_MAX, y, t, &decay);
    a->contrast[region] = fitted ? decay.contrast : NAN;
    a->rate[region] = fitted ? decay.rate : NAN;
    a->baseline[region] = fitted ? decay.baseline : NAN;
    statistics_of(a, region, SIZE_MAX, &a->mean[region], &a->statistic[region]);
    for (size_t b = 0; b < BLOCKS; b++) {
        bool good = fitted && fit_of(a, region, b, y, t, &decay);
        values[0][b] = good ? decay.contrast : NAN;
        values[1][b] = good ? decay.rate : NAN;
        values[2][b] = good ? decay.baseline : NAN;
        statistics_of(a, region, b, &values[3][b], &values[4][b]);
    }
    for (size_t k = 0; k < 5; k++) {
        a->sigmas[k * a->groups.regions + region] = bp_jackknife_sigma(values[k], BLOCKS);
        for (size_t b = 0; b < BLOCKS; b++)
            a->without[(k * BLOCKS + b) * a->groups.regions + region] = values[k][b];
    }
}

/* A quantity per region: a number when there is one region, else a curve over their labels. */
static bp_status add_regions(bp_context *ctx, const analysis *a, bp_outcomes *outcomes, const char *name,
                             const char *unit, const double *values, const double *sigmas,
                             const double *without)
{
    bool one = a->groups.regions == 1, known = !one || !isnan(*sigmas);
    return bp_outcomes_add(ctx, outcomes,
                           &(bp_outcome){.name = name,
                                         .unit = unit,
                                         .axis = one ? NULL : "region",
                                         .uncertainty = known ? from_blocks : NULL,
                                         .count = a->groups.regions,
                                         .values = (double *)(uintptr_t)values,
                                         .sigmas = known ? (double *)(uintptr_t)sigmas : NULL,
                                         .at = one ? NULL : a->groups.labels,
                                         .unit_count = BLOCKS,
                                         .without = (double *)(uintptr_t)without});
}

/* All regions one after the other; `at` is the delay. */
static bp_status add_g2(bp_context *ctx, const analysis *a, bp_outcomes *outcomes, double *work)
{
    double *values = work, *sigmas = work + a->delay_count, *at = sigmas + a->delay_count;
    double *rest = at + a->delay_count;
    for (size_t region = 0; region < a->groups.regions; region++) {
        for (size_t i = 0; i < a->delay_count; i++) {
            double without[BLOCKS];
            for (size_t b = 0; b < BLOCKS; b++)
                rest[b * a->delay_count + i] = without[b] = bp_multitau_g2(a->multitau, region, i, b);
            values[i] = bp_multitau_g2(a->multitau, region, i, SIZE_MAX);
            sigmas[i] = bp_jackknife_sigma(without, BLOCKS);
            at[i] = a->delays[i] * a->unit;
        }
        bp_status status = bp_outcomes_add(
            ctx, outcomes,
            &(bp_outcome){.name = "g2",
                          .unit = "",
                          .axis = a->params[P_FRAME_TIME] > 0 ? "delay (s)" : "delay (frames)",
                          .uncertainty = from_blocks,
                          .part = a->groups.labels[region],
                          .parts = "region",
                          .count = a->delay_count,
                          .values = values,
                          .sigmas = sigmas,
                          .at = at,
                          .unit_count = BLOCKS,
                          .without = rest});
        if (status != BP_OK)
            return status;
    }
    return BP_OK;
}

static bp_status add_all(bp_context *ctx, analysis *a, bp_outcomes *outcomes)
{
    size_t regions = a->groups.regions;
    a->delays = malloc(bp_multitau_room(a->multitau) * sizeof *a->delays);
    a->contrast = malloc(regions * (10 + 5 * BLOCKS) * sizeof *a->contrast);
    if (!a->delays || !a->contrast)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for results");
    a->rate = a->contrast + regions;
    a->baseline = a->rate + regions;
    a->mean = a->baseline + regions;
    a->statistic = a->mean + regions;
    a->sigmas = a->statistic + regions;
    a->without = a->sigmas + 5 * regions;
    a->delay_count = bp_multitau_delays(a->multitau, a->delays);
    double *work = malloc(((3 + BLOCKS) * a->delay_count + 1) * sizeof *work);
    if (!work)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for results");
    for (size_t r = 0; r < regions; r++)
        fit_region(a, r, work);
    bool seconds = a->params[P_FRAME_TIME] > 0;
    const struct {
        const char *name, *unit;
        const double *values;
    } rows[] = {{"contrast", "", a->contrast},
                {"rate", seconds ? "1/s" : "1/frame", a->rate},
                {"baseline", "", a->baseline},
                {"mean_counts", "value", a->mean},
                {"contrast_from_statistics", "", a->statistic}};
    bp_status status = BP_OK;
    for (size_t k = 0; k < sizeof rows / sizeof *rows && status == BP_OK; k++)
        status = add_regions(ctx, a, outcomes, rows[k].name, rows[k].unit, rows[k].values,
                             a->sigmas + k * regions, a->without + k * BLOCKS * regions);
    if (status == BP_OK)
        status = add_g2(ctx, a, outcomes, work);
    free(work);
    return status;
}

static bp_status run(bp_context *ctx, const double *params, const bp_science_stack *stack,
                     bp_outcomes *outcomes)
{
    analysis a = {.params = params, .stack = stack};
    a.unit = params[P_FRAME_TIME] > 0 ? params[P_FRAME_TIME] : 1;
    bp_status status = find_regions(ctx, &a);
    if (status == BP_OK)
        status = make_multitau(ctx, &a);
    if (status == BP_OK)
        status = read_frames(ctx, &a);
    if (status == BP_OK)
        status = add_all(ctx, &a, outcomes);
    free(a.delays);
    free(a.contrast);
    free(a.moments);
    free(a.frame);
    bp_multitau_free(a.multitau);
    bp_pixel_groups_fini(&a.groups);
    return status;
}

const bp_technique bp_technique_xpcs = {
    .name = "xpcs",
    .summary = "speckle dynamics: g2 by multi-tau correlation, contrast, rate, photon statistics",
    .source =
        "D. Lumma et al., Rev. Sci. Instrum. 71 (2000) 3274; checked against scikit-beam and boost_corr",
    .params = params_of_xpcs,
    .param_count = P_COUNT,
    .run = run,
};
