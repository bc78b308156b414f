/* SPDX-License-Identifier: BSD-3-Clause
 * xpcs: how fast speckles change. g2 by multi-tau correlation in each region of the detector, its fit by one
 * decay, photon statistics, and the two-time correlation. Uncertainties: each region is cut into blocks of
 * neighbouring pixels, which hold different speckles, and every quantity is computed again without each of
 * them. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "algo/decay_fit.h"
#include "algo/jackknife.h"
#include "algo/multitau.h"
#include "algo/speckle_counts.h"
#include "algo/two_time.h"
#include "beampress/science.h"

enum {
    P_DELAYS,
    P_BUFFERS,
    P_LEVELS,
    P_NORMALISATION,
    P_FRAME_TIME,
    P_STATISTICS,
    P_PHOTONS,
    P_TWO_TIME,
    P_REGIONS_AT_MOST,
    P_COUNT
};
enum { DELAYS_SKBEAM, DELAYS_APS };
enum { SYMMETRIC, STATIC };

static const char *const delay_choices[] = {"skbeam", "aps", NULL};
static const char *const normalisations[] = {"symmetric", "static", NULL};

static const bp_param params_of_xpcs[P_COUNT] = {
    [P_DELAYS] =
        {"delays", "", BP_PARAM_CHOICE, 0, 0, DELAYS_SKBEAM, delay_choices,
         "which delays: skbeam has 0 ... b-1, then b/2 ... b-1 times 2, 4, ...; aps has 1 ... b, then "
         "b/2+1 ... b times 2, 4, ..."},
    [P_BUFFERS] = {"buffers", "frames", BP_PARAM_INTEGER, 2, 64, 8, NULL,
                   "b: delays of the first level; even"},
    [P_LEVELS] = {"levels", "", BP_PARAM_INTEGER, 0, BP_MULTITAU_MOST_LEVELS, 0, NULL,
                  "levels, each with frames twice as long; 0: as many as the series has"},
    [P_NORMALISATION] = {"normalisation", "", BP_PARAM_CHOICE, 0, 0, SYMMETRIC, normalisations,
                         "of g2: symmetric, averages over the region (scikit-beam); static, averages over "
                         "each static partition "
                         "of the file, then their mean over the region (APS)"},
    [P_FRAME_TIME] = {"frame_time", "s", BP_PARAM_REAL, 0, 1e6, 0, NULL,
                      "time from frame to frame; 0: delays are in frames"},
    [P_STATISTICS] = {"statistics", "", BP_PARAM_SWITCH, 0, 1, 0, NULL,
                      "also how often a pixel counts k photons, and the contrast of longer exposures"},
    [P_PHOTONS] = {"photons", "", BP_PARAM_INTEGER, 2, BP_SPECKLE_COUNTS - 1, 10, NULL,
                   "largest k of the statistics"},
    [P_TWO_TIME] = {"two_time", "", BP_PARAM_SWITCH, 0, 1, 0, NULL,
                    "also the correlation of every frame with every other one; takes the series into memory"},
    [P_REGIONS_AT_MOST] = {"regions", "", BP_PARAM_INTEGER, 1, 100000, 1000, NULL,
                           "more regions than that are taken for a mistake in the map"},
};

#define BLOCKS           BP_JACKKNIFE_BLOCKS
#define FEWEST_EXPOSURES 4 /* of the longest exposure time */
#define MOST_FRAMES      8192u
#define MOST_SERIES      (UINT64_C(1) << 28) /* values of a series in memory: 2 GB */

static const char *const from_blocks = "jackknife over blocks of pixels";

/* Numbers of a region. */
enum { CONTRAST, RATE, BASELINE, MEAN, MOMENTS, LOW_COUNTS, NUMBERS };

typedef struct analysis {
    const double *params;
    const bp_science_stack *stack;
    bp_pixel_groups groups;
    bp_pixel_groups statics; /* static partitions; without pixels for the symmetric normalisation */
    size_t *member;          /* of each static partition: its region, or SIZE_MAX */
    bp_multitau *multitau;
    bp_speckle_counts *counts;
    unsigned exposures; /* levels of exposure times */
    double *frame, *series;
    double *delays; /* frames */
    size_t delay_count;
    double unit;              /* of a frame: s or 1 */
    double *numbers, *sigmas; /* NUMBERS x regions */
    double *without;          /* NUMBERS x BLOCKS x regions */
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

/* Each static partition belongs to the region of its first pixel. */
static bp_status find_statics(bp_context *ctx, analysis *a)
{
    const bp_science_stack *s = a->stack;
    size_t pixels = s->rows * s->columns, count = 0;
    double *map = NULL;
    bp_status status = s->side(ctx, s->user, "static_regions", &map, &count);
    if (status == BP_OK && !map)
        status =
            bp_fail(ctx, BP_E_INPUT, "the file has no map of static partitions for normalisation=static");
    if (status == BP_OK && count != pixels)
        status = bp_fail(ctx, BP_E_INPUT, "the map of static partitions has %zu values, a frame %zu", count,
                         pixels);
    if (status == BP_OK && !bp_pixel_groups_init(&a->statics, pixels, map, s->excluded, BLOCKS))
        status = bp_fail(ctx, BP_E_MEMORY, "no memory for static partitions");
    free(map);
    if (status != BP_OK)
        return status;
    size_t *region_of = malloc((pixels + 1) * sizeof *region_of);
    a->member = malloc((a->statics.regions + 1) * sizeof *a->member);
    if (region_of && a->member) {
        for (size_t i = 0; i < pixels; i++)
            region_of[i] = SIZE_MAX;
        for (size_t r = 0; r < a->groups.regions; r++)
            for (size_t i = a->groups.starts[r * BLOCKS]; i < a->groups.starts[(r + 1) * BLOCKS]; i++)
                region_of[a->groups.pixels[i]] = r;
        for (size_t r = 0; r < a->statics.regions; r++)
            a->member[r] = region_of[a->statics.pixels[a->statics.starts[r * BLOCKS]]];
    } else {
        status = bp_fail(ctx, BP_E_MEMORY, "no memory for static partitions");
    }
    free(region_of);
    return status;
}

/* The series in memory, for the two-time correlation. */
static bp_status make_series(bp_context *ctx, analysis *a)
{
    size_t pixels = a->groups.starts[a->groups.regions * BLOCKS];
    uint64_t frames = a->stack->frames;
    if (frames > MOST_FRAMES || (pixels && frames > MOST_SERIES / pixels))
        return bp_fail(
            ctx, BP_E_INPUT,
            "two_time: %llu frames of %zu pixels are more than the %u frames and %llu values that it "
            "takes into memory; take fewer frames or smaller regions",
            (unsigned long long)frames, pixels, MOST_FRAMES, (unsigned long long)MOST_SERIES);
    a->series = malloc(((size_t)frames * pixels + 1) * sizeof *a->series);
    return a->series ? BP_OK : bp_fail(ctx, BP_E_MEMORY, "no memory for the series");
}

static bp_status make_room(bp_context *ctx, analysis *a)
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
    a->exposures = 1;
    while (a->params[P_STATISTICS] != 0 && a->exposures < BP_SPECKLE_LEVELS &&
           a->stack->frames >> a->exposures >= FEWEST_EXPOSURES)
        a->exposures++;
    a->multitau = bp_multitau_new(a->member ? &a->statics : &a->groups, aps ? 1 : 0,
                                  aps ? buffers : buffers - 1, levels);
    a->counts = bp_speckle_counts_new(&a->groups, a->exposures);
    a->frame = malloc(a->stack->rows * a->stack->columns * sizeof *a->frame);
    if (!a->multitau || !a->counts || !a->frame)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for correlations");
    return a->params[P_TWO_TIME] != 0 ? make_series(ctx, a) : BP_OK;
}

static bp_status read_frames(bp_context *ctx, analysis *a)
{
    const bp_science_stack *s = a->stack;
    size_t pixels = a->groups.starts[a->groups.regions * BLOCKS];
    for (uint64_t f = 0; f < s->frames; f++) {
        bp_status status = s->read(ctx, s->user, f, 1, a->frame);
        if (status != BP_OK)
            return status;
        for (size_t i = 0; i < pixels; i++) {
            double v = a->frame[a->groups.pixels[i]];
            if (!isfinite(v))
                return bp_fail(ctx, BP_E_INPUT, "frame %llu has values that are not finite; mask them",
                               (unsigned long long)f);
            if (a->series)
                a->series[(size_t)f * pixels + i] = v;
        }
        bp_speckle_counts_add(a->counts, a->frame);
        bp_multitau_add(a->multitau, a->frame);
    }
    return BP_OK;
}

/* g2 of a region: of all its pixels, or the mean over its static partitions. */
static double g2_of(const analysis *a, size_t region, size_t delay, size_t without)
{
    if (!a->member)
        return bp_multitau_g2(a->multitau, region, delay, without);
    double sum = 0, n = 0;
    for (size_t r = 0; r < a->statics.regions; r++) {
        double g2 = a->member[r] == region ? bp_multitau_g2(a->multitau, r, delay, without) : (double)NAN;
        if (isfinite(g2)) {
            sum += g2;
            n++;
        }
    }
    return n > 0 ? sum / n : (double)NAN;
}

/* Delay 0 holds the shot noise and takes no part in a fit. */
static bool fit_of(const analysis *a, size_t region, size_t without, double *y, double *t, bp_decay *decay)
{
    size_t count = 0;
    for (size_t i = 0; i < a->delay_count; i++)
        if (a->delays[i] > 0) {
            t[count] = a->delays[i] * a->unit;
            y[count++] = g2_of(a, region, i, without);
        }
    return bp_decay_fit(t, y, count, decay);
}

static void numbers_of(const analysis *a, size_t region, size_t without, double *work, double *values)
{
    bp_decay decay = {NAN, NAN, NAN};
    double shares[BP_SPECKLE_COUNTS];
    if (!fit_of(a, region, without, work, work + a->delay_count, &decay))
        decay = (bp_decay){NAN, NAN, NAN};
    values[CONTRAST] = decay.contrast;
    values[RATE] = decay.rate;
    values[BASELINE] = decay.baseline;
    bp_speckle_counts_moments(a->counts, region, 0, without, &values[MEAN], &values[MOMENTS]);
    bp_speckle_counts_shares(a->counts, region, without, shares);
    values[LOW_COUNTS] = bp_speckle_counts_whole(a->counts) ? bp_low_count_contrast(shares) : (double)NAN;
}

static void describe_region(const analysis *a, size_t region, double *work)
{
    double all[NUMBERS], rest[NUMBERS], blocks[NUMBERS][BLOCKS];
    size_t regions = a->groups.regions;
    numbers_of(a, region, SIZE_MAX, work, all);
    for (size_t b = 0; b < BLOCKS; b++) {
        numbers_of(a, region, b, work, rest);
        for (size_t k = 0; k < NUMBERS; k++) {
            /* a fit without a block is of use only where there is one with all */
            blocks[k][b] = isnan(all[k]) ? (double)NAN : rest[k];
            a->without[(k * BLOCKS + b) * regions + region] = blocks[k][b];
        }
    }
    for (size_t k = 0; k < NUMBERS; k++) {
        a->numbers[k * regions + region] = all[k];
        a->sigmas[k * regions + region] = bp_jackknife_sigma(blocks[k], BLOCKS);
    }
    if (all[MEAN] == 0) { /* no count at all is known no better than one */
        double pixels = (double)(a->groups.starts[(region + 1) * BLOCKS] - a->groups.starts[region * BLOCKS]);
        a->sigmas[MEAN * regions + region] = 1 / (pixels * (double)a->stack->frames);
    }
}

/* A quantity per region: a number when there is one region, else a curve over their labels. */
static bp_status add_numbers(bp_context *ctx, const analysis *a, bp_outcomes *outcomes)
{
    const char *per_time = a->params[P_FRAME_TIME] > 0 ? "1/s" : "1/frame";
    const char *const rows[NUMBERS][2] = {{"contrast", ""},
                                          {"rate", per_time},
                                          {"baseline", ""},
                                          {"mean_counts", "value"},
                                          {"contrast_from_statistics", ""},
                                          {"contrast_from_low_counts", ""}};
    size_t regions = a->groups.regions, count = a->params[P_STATISTICS] != 0 ? NUMBERS : LOW_COUNTS;
    bp_status status = BP_OK;
    for (size_t k = 0; k < count && status == BP_OK; k++) {
        double *sigmas = a->sigmas + k * regions;
        bool one = regions == 1, known = !one || !isnan(*sigmas);
        status = bp_outcomes_add(ctx, outcomes,
                                 &(bp_outcome){.name = rows[k][0],
                                               .unit = rows[k][1],
                                               .axis = one ? NULL : "region",
                                               .uncertainty = known ? from_blocks : NULL,
                                               .count = regions,
                                               .values = a->numbers + k * regions,
                                               .sigmas = known ? sigmas : NULL,
                                               .at = one ? NULL : a->groups.labels,
                                               .unit_count = BLOCKS,
                                               .without = a->without + k * BLOCKS * regions});
    }
    return status;
}

/* A curve of a region: `without` holds its delete-one curves, which give sigma unless that is less than
 * `least`. */
static bp_status add_curve(bp_context *ctx, const analysis *a, bp_outcomes *outcomes, size_t region,
                           bp_outcome curve, double least)
{
    double *sigmas = malloc((curve.count + 1) * sizeof *sigmas), blocks[BLOCKS];
    if (!sigmas)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for results");
    for (size_t i = 0; i < curve.count; i++) {
        for (size_t b = 0; b < BLOCKS; b++)
            blocks[b] = curve.without[b * curve.count + i];
        sigmas[i] = bp_jackknife_sigma(blocks, BLOCKS);
        sigmas[i] = sigmas[i] < least ? least : sigmas[i];
    }
    curve.uncertainty = from_blocks;
    curve.parts = "region";
    curve.part = a->groups.labels[region];
    curve.sigmas = sigmas;
    curve.unit_count = BLOCKS;
    bp_status status = bp_outcomes_add(ctx, outcomes, &curve);
    free(sigmas);
    return status;
}

static const char *delay_axis(const analysis *a)
{
    return a->params[P_FRAME_TIME] > 0 ? "delay (s)" : "delay (frames)";
}

static bp_status add_g2(bp_context *ctx, const analysis *a, bp_outcomes *outcomes, size_t region,
                        double *work)
{
    double *values = work, *at = work + a->delay_count, *rest = at + a->delay_count;
    for (size_t i = 0; i < a->delay_count; i++) {
        for (size_t b = 0; b < BLOCKS; b++)
            rest[b * a->delay_count + i] = g2_of(a, region, i, b);
        values[i] = g2_of(a, region, i, SIZE_MAX);
        at[i] = a->delays[i] * a->unit;
    }
    bp_outcome curve = {.name = "g2",
                        .unit = "",
                        .axis = delay_axis(a),
                        .count = a->delay_count,
                        .values = values,
                        .at = at,
                        .without = rest};
    return add_curve(ctx, a, outcomes, region, curve, 0);
}

/* How often a pixel counts k photons. */
static bp_status add_shares(bp_context *ctx, const analysis *a, bp_outcomes *outcomes, size_t region)
{
    double values[BP_SPECKLE_COUNTS], at[BP_SPECKLE_COUNTS], rest[BP_SPECKLE_COUNTS];
    size_t count = (size_t)a->params[P_PHOTONS] + 1;
    double pixels = (double)(a->groups.starts[(region + 1) * BLOCKS] - a->groups.starts[region * BLOCKS]);
    double *without = malloc(BLOCKS * count * sizeof *without);
    if (!without)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for results");
    bp_speckle_counts_shares(a->counts, region, SIZE_MAX, values);
    for (size_t b = 0; b < BLOCKS; b++) {
        bp_speckle_counts_shares(a->counts, region, b, rest);
        memcpy(without + b * count, rest, count * sizeof *rest);
    }
    for (size_t k = 0; k < count; k++)
        at[k] = (double)k;
    bp_outcome curve = {.name = "photon_statistics",
                        .unit = "",
                        .axis = "photons in a pixel",
                        .count = count,
                        .values = values,
                        .at = at,
                        .without = without};
    /* what was never seen is known no better than one pixel of one frame */
    bp_status status = add_curve(ctx, a, outcomes, region, curve, 1 / (pixels * (double)a->stack->frames));
    free(without);
    return status;
}

/* The contrast of exposures of 1, 2, 4 ... frames: it falls as speckles move. */
static bp_status add_exposures(bp_context *ctx, const analysis *a, bp_outcomes *outcomes, size_t region)
{
    double values[BP_SPECKLE_LEVELS], at[BP_SPECKLE_LEVELS], without[BLOCKS * BP_SPECKLE_LEVELS], mean;
    for (unsigned l = 0; l < a->exposures; l++) {
        at[l] = ldexp(a->unit, (int)l);
        bp_speckle_counts_moments(a->counts, region, l, SIZE_MAX, &mean, &values[l]);
        for (size_t b = 0; b < BLOCKS; b++)
            bp_speckle_counts_moments(a->counts, region, l, b, &mean, &without[b * a->exposures + l]);
    }
    bp_outcome curve = {.name = "exposure_contrast",
                        .unit = "",
                        .axis = a->params[P_FRAME_TIME] > 0 ? "exposure (s)" : "exposure (frames)",
                        .count = a->exposures,
                        .values = values,
                        .at = at,
                        .without = without};
    return add_curve(ctx, a, outcomes, region, curve, 0);
}

static bp_status add_two_time(bp_context *ctx, const analysis *a, bp_outcomes *outcomes, size_t region)
{
    size_t frames = (size_t)a->stack->frames;
    double *map = malloc((frames + 2 + BLOCKS) * frames * sizeof *map);
    if (!map)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for a correlation of %zu frames", frames);
    double *one = map + frames * frames, *at = one + frames, *without = at + frames;
    bp_status status = bp_two_time(&a->groups, region, a->series, frames, map, one, without)
                           ? BP_OK
                           : bp_fail(ctx, BP_E_MEMORY, "no memory for a correlation of %zu frames", frames);
    for (size_t i = 0; i < frames; i++)
        at[i] = (double)i * a->unit;
    if (status == BP_OK)
        status = bp_outcomes_add(ctx, outcomes,
                                 &(bp_outcome){.name = "two_time",
                                               .unit = "",
                                               .axis = "frame against frame",
                                               .parts = "region",
                                               .part = a->groups.labels[region],
                                               .count = frames * frames,
                                               .columns = frames,
                                               .values = map});
    bp_outcome curve = {.name = "one_time",
                        .unit = "",
                        .axis = delay_axis(a),
                        .count = frames,
                        .values = one,
                        .at = at,
                        .without = without};
    if (status == BP_OK)
        status = add_curve(ctx, a, outcomes, region, curve, 0);
    free(map);
    return status;
}

static bp_status add_region(bp_context *ctx, const analysis *a, bp_outcomes *outcomes, size_t region,
                            double *work)
{
    bool statistics = a->params[P_STATISTICS] != 0;
    bp_status status = add_g2(ctx, a, outcomes, region, work);
    if (status == BP_OK && statistics && bp_speckle_counts_whole(a->counts))
        status = add_shares(ctx, a, outcomes, region);
    if (status == BP_OK && statistics)
        status = add_exposures(ctx, a, outcomes, region);
    return status == BP_OK && a->series ? add_two_time(ctx, a, outcomes, region) : status;
}

static bp_status add_all(bp_context *ctx, analysis *a, bp_outcomes *outcomes)
{
    size_t regions = a->groups.regions;
    a->delays = malloc(bp_multitau_room(a->multitau) * sizeof *a->delays);
    a->numbers = malloc((2 + BLOCKS) * NUMBERS * regions * sizeof *a->numbers);
    if (!a->delays || !a->numbers)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for results");
    a->sigmas = a->numbers + NUMBERS * regions;
    a->without = a->sigmas + NUMBERS * regions;
    a->delay_count = bp_multitau_delays(a->multitau, a->delays);
    double *work = malloc(((2 + BLOCKS) * a->delay_count + 1) * sizeof *work);
    if (!work)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for results");
    for (size_t r = 0; r < regions; r++)
        describe_region(a, r, work);
    bp_status status = add_numbers(ctx, a, outcomes);
    for (size_t r = 0; r < regions && status == BP_OK; r++)
        status = add_region(ctx, a, outcomes, r, work);
    free(work);
    return status;
}

static bp_status run(bp_context *ctx, const double *params, const bp_science_stack *stack,
                     bp_outcomes *outcomes)
{
    analysis a = {.params = params, .stack = stack};
    a.unit = params[P_FRAME_TIME] > 0 ? params[P_FRAME_TIME] : 1;
    bp_status status = find_regions(ctx, &a);
    if (status == BP_OK && params[P_NORMALISATION] == STATIC)
        status = find_statics(ctx, &a);
    if (status == BP_OK)
        status = make_room(ctx, &a);
    if (status == BP_OK)
        status = read_frames(ctx, &a);
    if (status == BP_OK)
        status = add_all(ctx, &a, outcomes);
    free(a.delays);
    free(a.numbers);
    free(a.frame);
    free(a.series);
    free(a.member);
    bp_multitau_free(a.multitau);
    bp_speckle_counts_free(a.counts);
    bp_pixel_groups_fini(&a.groups);
    bp_pixel_groups_fini(&a.statics);
    return status;
}

const bp_technique bp_technique_xpcs = {
    .name = "xpcs",
    .summary = "speckle dynamics: g2 by multi-tau correlation, contrast, rate, photon statistics",
    .source =
        "D. Lumma et al., Rev. Sci. Instrum. 71 (2000) 3274; checked against scikit-beam and boost_corr",
    .params = params_of_xpcs,
    .param_count = P_COUNT,
    .divide = BP_DIVIDE_TIME,
    .counts = true,
    .run = run,
};
