/* SPDX-License-Identifier: BSD-3-Clause
 * xrf: maps of fluorescence spectra; channels are the columns of a frame, every row of every frame is a
 * spectrum. The sum spectrum with its background, and in a window of channels the counts and the area of the
 * peak over a straight line between the means of its sides. Counts are taken for Poisson. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "algo/draw.h"
#include "algo/jackknife.h"
#include "algo/snip.h"
#include "beampress/science.h"

enum { P_FROM, P_TO, P_SIDES, P_SNIP, P_COUNT };

static const bp_param params_of_xrf[P_COUNT] = {
    [P_FROM] = {"from", "channel", BP_PARAM_INTEGER, 0, 1e6, 0, NULL, "first channel of the window"},
    [P_TO] = {"to", "channel", BP_PARAM_INTEGER, 0, 1e6, 0, NULL,
              "its last channel; 0: 15 channels to each side of the highest one above `from`"},
    [P_SIDES] = {"sides", "channels", BP_PARAM_INTEGER, 1, 1000, 5, NULL,
                 "beside the window, to each side, that give its background"},
    [P_SNIP] = {"snip", "channels", BP_PARAM_INTEGER, 1, 1000, 30, NULL,
                "half the width of what counts as a peak in the background of the sum spectrum"},
};

#define UNITS   BP_JACKKNIFE_BLOCKS
#define REDRAWN 60 /* times that counts are drawn again */
#define SMOOTH  5  /* channels to each side */

typedef struct analysis {
    const double *params;
    const bp_science_stack *stack;
    size_t channels, spectra, units, from, to; /* the window: from ... to */
    double *frame, *sum, *background, *parts;  /* parts: units x channels, sums of spectra that
                       are dealt out in turn */
    double *areas, *sigmas, *at;               /* per spectrum */
    bool whole;                                /* values that may be counts */
    uint64_t used;                             /* that take part */
} analysis;

static bp_status make_room(bp_context *ctx, analysis *a)
{
    const bp_science_stack *s = a->stack;
    a->channels = s->columns;
    a->spectra = (size_t)s->frames * s->rows;
    a->units = a->spectra < UNITS ? a->spectra : UNITS;
    a->frame = malloc(s->rows * s->columns * sizeof *a->frame);
    a->parts = calloc((a->units + 2) * a->channels + 3 * a->spectra, sizeof *a->parts);
    if (!a->frame || !a->parts)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for %zu spectra", a->spectra);
    a->sum = a->parts + a->units * a->channels;
    a->background = a->sum + a->channels;
    a->areas = a->background + a->channels;
    a->sigmas = a->areas + a->spectra;
    a->at = a->sigmas + a->spectra;
    return BP_OK;
}

/* Calls `look` for each spectrum; values that are not finite, or masked, are 0. */
static bp_status walk(bp_context *ctx, analysis *a,
                      void (*look)(analysis *a, size_t spectrum, double *counts))
{
    const bp_science_stack *s = a->stack;
    for (uint64_t f = 0; f < s->frames; f++) {
        bp_status status = s->read(ctx, s->user, f, 1, a->frame);
        if (status != BP_OK)
            return status;
        for (size_t i = 0; i < s->rows * s->columns; i++)
            if (!isfinite(a->frame[i]) || (s->excluded && s->excluded[i]))
                a->frame[i] = 0;
            else
                a->used++;
        for (size_t r = 0; r < s->rows; r++)
            look(a, (size_t)f * s->rows + r, a->frame + r * s->columns);
    }
    return BP_OK;
}

static void add_spectrum(analysis *a, size_t spectrum, double *counts)
{
    double *part = a->parts + spectrum % a->units * a->channels;
    for (size_t i = 0; i < a->channels; i++) {
        a->sum[i] += counts[i];
        part[i] += counts[i];
        a->whole = a->whole && counts[i] >= 0 && counts[i] == floor(counts[i]);
    }
}

static bp_status find_window(bp_context *ctx, analysis *a)
{
    size_t sides = (size_t)a->params[P_SIDES], top = (size_t)a->params[P_FROM];
    a->from = (size_t)a->params[P_FROM];
    a->to = (size_t)a->params[P_TO];
    if (a->to == 0 && a->from < a->channels) {
        for (size_t i = a->from; i < a->channels; i++)
            top = a->sum[i] > a->sum[top] ? i : top;
        a->from = top > 15 + sides ? top - 15 : sides;
        a->to = top + 15 + sides < a->channels ? top + 15 : a->channels - 1 - sides;
    }
    if (a->channels <= 2 * sides || a->from < sides || a->to + sides >= a->channels || a->from > a->to)
        return bp_fail(ctx, BP_E_INPUT,
                       "a window from %zu to %zu with %zu channels to each side does not fit %zu channels",
                       a->from, a->to, sides, a->channels);
    return BP_OK;
}

/* Counts of the window; the area over the line between the means of its sides, and its variance. */
static double area_of(const analysis *a, const double *counts, double *total, double *variance)
{
    size_t sides = (size_t)a->params[P_SIDES];
    double width = (double)(a->to - a->from + 1), left = 0, right = 0, share = width / (2 * (double)sides);
    *total = 0;
    for (size_t i = a->from; i <= a->to; i++)
        *total += counts[i];
    for (size_t i = 1; i <= sides; i++) {
        left += counts[a->from - i];
        right += counts[a->to + i];
    }
    /* no count at all is known no better than one; of less than none there is no Poisson variance */
    *variance =
        *total < 0 || left + right < 0 ? (double)NAN : fmax(*total, 1) + share * share * (left + right);
    return *total - share * (left + right);
}

static void fill_area(analysis *a, size_t spectrum, double *counts)
{
    double total, variance;
    a->areas[spectrum] = area_of(a, counts, &total, &variance);
    a->sigmas[spectrum] = sqrt(variance);
    a->at[spectrum] = (double)spectrum;
}

static size_t spectra_in(const analysis *a, size_t unit)
{
    return a->spectra / a->units + (unit < a->spectra % a->units);
}

/* All spectra over those that are not of the unit. */
static double scale_without(const analysis *a, size_t unit)
{
    return (double)a->spectra / (double)(a->spectra - spectra_in(a, unit));
}

static double counting_sigma(double counts)
{
    return counts >= 0 ? sqrt(fmax(counts, 1)) : (double)NAN;
}

static const char *how(const analysis *a)
{
    return a->whole ? "Poisson counts" : "Poisson, as if the values were counts";
}

static bp_status add_window(bp_context *ctx, const analysis *a, bp_outcomes *outcomes)
{
    double total, variance, rest, ignored, areas[UNITS], totals[UNITS];
    double area = area_of(a, a->sum, &total, &variance);
    for (size_t u = 0; u < a->units; u++) {
        areas[u] = area - area_of(a, a->parts + u * a->channels, &rest, &ignored);
        areas[u] *= scale_without(a, u);
        totals[u] = (total - rest) * scale_without(a, u);
    }
    const struct {
        const char *name;
        double value, sigma, *without;
    } rows[] = {{"window_counts", total, counting_sigma(total), totals},
                {"peak_area", area, sqrt(variance), areas}};
    bp_status status = BP_OK;
    for (size_t k = 0; k < 2 && status == BP_OK; k++) {
        double value = rows[k].value, sigma = rows[k].sigma;
        status = bp_outcomes_add(ctx, outcomes,
                                 &(bp_outcome){.name = rows[k].name,
                                               .unit = "value",
                                               .uncertainty = how(a),
                                               .count = 1,
                                               .values = &value,
                                               .sigmas = &sigma,
                                               .unit_count = a->units > 1 ? a->units : 0,
                                               .without = a->units > 1 ? rows[k].without : NULL});
    }
    return status;
}

/* Mean of the sum spectrum over a few channels. */
static double smooth(const analysis *a, size_t channel)
{
    size_t first = channel > SMOOTH ? channel - SMOOTH : 0;
    size_t end = channel + SMOOTH < a->channels ? channel + SMOOTH + 1 : a->channels;
    double sum = 0;
    for (size_t i = first; i < end; i++)
        sum += a->sum[i];
    return sum / (double)(end - first);
}

/* The background goes along the lowest channels. What those scatter by is seen when counts are drawn again
 * about a spectrum that has no noise; leaving out a little of the noise, or adding it twice, moves them in
 * another way. False when memory is short. */
static bool redraw_background(const analysis *a, double *sigmas)
{
    size_t n = a->channels;
    double *sum = malloc(4 * n * sizeof *sum), draws = REDRAWN;
    if (!sum)
        return false;
    double *background = sum + n, *first = background + n, *second = first + n;
    memset(first, 0, 2 * n * sizeof *first);
    bp_random random;
    bp_random_init(&random, 1, 0);
    bool done = true;
    for (size_t k = 0; k < REDRAWN && done; k++) {
        for (size_t i = 0; i < n; i++)
            sum[i] = bp_draw_counts(&random, smooth(a, i));
        done = bp_snip(sum, n, (size_t)a->params[P_SNIP], background);
        for (size_t i = 0; i < n; i++) {
            double away = background[i] - a->background[i];
            first[i] += away;
            second[i] += away * away;
        }
    }
    for (size_t i = 0; i < n; i++)
        sigmas[i] = sqrt(fmax(second[i] - first[i] * first[i] / draws, 0) / (draws - 1));
    free(sum);
    return done;
}

static bp_status add_background(bp_context *ctx, const analysis *a, bp_outcome curve, double *sigmas,
                                bp_outcomes *outcomes)
{
    if (!bp_snip(a->sum, a->channels, (size_t)a->params[P_SNIP], a->background) ||
        !redraw_background(a, sigmas))
        return bp_fail(ctx, BP_E_MEMORY, "no memory for a background");
    curve.name = "background";
    curve.values = a->background;
    curve.not_judged = "follows the lowest channels, which jump; the spectrum is judged";
    curve.unit_count = 0;
    curve.without = NULL;
    return bp_outcomes_add(ctx, outcomes, &curve);
}

static bp_status add_channels(bp_context *ctx, const analysis *a, bp_outcomes *outcomes)
{
    size_t n = a->channels;
    double *room = malloc((2 + a->units) * n * sizeof *room);
    if (!room)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for a spectrum");
    double *sigmas = room, *at = sigmas + n, *without = at + n;
    for (size_t i = 0; i < n; i++) {
        sigmas[i] = counting_sigma(a->sum[i]);
        at[i] = (double)i;
        for (size_t u = 0; u < a->units; u++)
            without[u * n + i] = (a->sum[i] - a->parts[u * n + i]) * scale_without(a, u);
    }
    bp_outcome curve = {.name = "spectrum",
                        .unit = "value",
                        .axis = "channel",
                        .uncertainty = how(a),
                        .count = n,
                        .values = a->sum,
                        .sigmas = sigmas,
                        .at = at,
                        .unit_count = a->units > 1 ? a->units : 0,
                        .without = a->units > 1 ? without : NULL};
    bp_status status = bp_outcomes_add(ctx, outcomes, &curve);
    if (status == BP_OK)
        status = add_background(ctx, a, curve, sigmas, outcomes);
    free(room);
    return status;
}

static bp_status add_areas(bp_context *ctx, const analysis *a, bp_outcomes *outcomes)
{
    return bp_outcomes_add(ctx, outcomes,
                           &(bp_outcome){.name = "peak_areas",
                                         .unit = "value",
                                         .axis = "spectrum",
                                         .uncertainty = how(a),
                                         .count = a->spectra,
                                         .values = a->areas,
                                         .sigmas = a->sigmas,
                                         .at = a->at});
}

static bp_status run(bp_context *ctx, const double *params, const bp_science_stack *stack,
                     bp_outcomes *outcomes)
{
    analysis a = {.params = params, .stack = stack, .whole = true};
    bp_status status = make_room(ctx, &a);
    if (status == BP_OK)
        status = walk(ctx, &a, add_spectrum);
    if (status == BP_OK && a.used == 0)
        status = bp_fail(ctx, BP_E_INPUT, "no value takes part: all are masked or not finite");
    if (status == BP_OK)
        status = find_window(ctx, &a);
    if (status == BP_OK)
        status = walk(ctx, &a, fill_area);
    if (status == BP_OK)
        status = add_window(ctx, &a, outcomes);
    if (status == BP_OK)
        status = add_channels(ctx, &a, outcomes);
    if (status == BP_OK)
        status = add_areas(ctx, &a, outcomes);
    free(a.frame);
    free(a.parts);
    return status;
}

const bp_technique bp_technique_xrf = {
    .name = "xrf",
    .summary = "fluorescence maps: sum spectrum, background, peak area over it",
    .source = "C. G. Ryan et al., Nucl. Instrum. Methods B 34 (1988) 396 (background)",
    .params = params_of_xrf,
    .param_count = P_COUNT,
    .run = run,
};
