/* SPDX-License-Identifier: BSD-3-Clause
 * xrf: maps of fluorescence spectra; channels are the columns of a frame, every row of every frame is a
 * spectrum. The sum spectrum with its background, and in a window of channels the counts and the area of the
 * peak over a straight line between the means of its sides. Counts are taken for Poisson. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

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

#define UNITS BP_JACKKNIFE_BLOCKS

typedef struct analysis {
    const double *params;
    const bp_science_stack *stack;
    size_t channels, spectra, units, from, to; /* the window: from ... to */
    double *frame, *sum, *background, *parts;  /* parts: units x channels, sums of blocks of spectra */
    double *areas, *sigmas, *at;               /* per spectrum */
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
        for (size_t r = 0; r < s->rows; r++)
            look(a, (size_t)f * s->rows + r, a->frame + r * s->columns);
    }
    return BP_OK;
}

static void add_spectrum(analysis *a, size_t spectrum, double *counts)
{
    double *part = a->parts + spectrum * a->units / a->spectra * a->channels;
    for (size_t i = 0; i < a->channels; i++) {
        a->sum[i] += counts[i];
        part[i] += counts[i];
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
    *variance = fmax(*total, 1) + share * share * (left + right);
    return *total - share * (left + right);
}

static void fill_area(analysis *a, size_t spectrum, double *counts)
{
    double total, variance;
    a->areas[spectrum] = area_of(a, counts, &total, &variance);
    a->sigmas[spectrum] = sqrt(variance);
    a->at[spectrum] = (double)spectrum;
}

static bp_status add_window(bp_context *ctx, const analysis *a, bp_outcomes *outcomes)
{
    double total, variance, rest, ignored, areas[UNITS], totals[UNITS];
    double area = area_of(a, a->sum, &total, &variance), scale = (double)a->units / ((double)a->units - 1);
    for (size_t u = 0; u < a->units; u++) {
        areas[u] = area - area_of(a, a->parts + u * a->channels, &rest, &ignored);
        areas[u] *= scale;
        totals[u] = (total - rest) * scale;
    }
    const struct {
        const char *name;
        double value, sigma, *without;
    } rows[] = {{"window_counts", total, sqrt(fmax(total, 1)), totals},
                {"peak_area", area, sqrt(variance), areas}};
    bp_status status = BP_OK;
    for (size_t k = 0; k < 2 && status == BP_OK; k++) {
        double value = rows[k].value, sigma = rows[k].sigma;
        status = bp_outcomes_add(ctx, outcomes,
                                 &(bp_outcome){.name = rows[k].name,
                                               .unit = "value",
                                               .uncertainty = "Poisson counts",
                                               .count = 1,
                                               .values = &value,
                                               .sigmas = &sigma,
                                               .unit_count = a->units > 1 ? a->units : 0,
                                               .without = a->units > 1 ? rows[k].without : NULL});
    }
    return status;
}

static bp_status add_curves(bp_context *ctx, analysis *a, bp_outcomes *outcomes)
{
    size_t n = a->channels;
    double *room = malloc((2 + a->units) * n * sizeof *room);
    if (!room)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for a spectrum");
    double *sigmas = room, *at = sigmas + n, *without = at + n;
    double scale = (double)a->units / ((double)a->units - 1);
    for (size_t i = 0; i < n; i++) {
        sigmas[i] = sqrt(fmax(a->sum[i], 1));
        at[i] = (double)i;
        for (size_t u = 0; u < a->units; u++)
            without[u * n + i] = (a->sum[i] - a->parts[u * n + i]) * scale;
    }
    bp_outcome curve = {.name = "spectrum",
                        .unit = "value",
                        .axis = "channel",
                        .uncertainty = "Poisson counts",
                        .count = n,
                        .values = a->sum,
                        .sigmas = sigmas,
                        .at = at,
                        .unit_count = a->units > 1 ? a->units : 0,
                        .without = a->units > 1 ? without : NULL};
    bp_status status = bp_outcomes_add(ctx, outcomes, &curve);
    curve = (bp_outcome){.name = "background",
                         .unit = "value",
                         .axis = "channel",
                         .count = n,
                         .values = a->background,
                         .at = at};
    if (status == BP_OK)
        status = bp_outcomes_add(ctx, outcomes, &curve);
    curve = (bp_outcome){.name = "peak_areas",
                         .unit = "value",
                         .axis = "spectrum",
                         .uncertainty = "Poisson counts",
                         .count = a->spectra,
                         .values = a->areas,
                         .sigmas = a->sigmas,
                         .at = a->at};
    if (status == BP_OK)
        status = bp_outcomes_add(ctx, outcomes, &curve);
    free(room);
    return status;
}

static bp_status run(bp_context *ctx, const double *params, const bp_science_stack *stack,
                     bp_outcomes *outcomes)
{
    analysis a = {.params = params, .stack = stack};
    bp_status status = make_room(ctx, &a);
    if (status == BP_OK)
        status = walk(ctx, &a, add_spectrum);
    if (status == BP_OK)
        status = find_window(ctx, &a);
    if (status == BP_OK)
        status = walk(ctx, &a, fill_area);
    if (status == BP_OK && !bp_snip(a.sum, a.channels, (size_t)params[P_SNIP], a.background))
        status = bp_fail(ctx, BP_E_MEMORY, "no memory for a background");
    if (status == BP_OK)
        status = add_window(ctx, &a, outcomes);
    if (status == BP_OK)
        status = add_curves(ctx, &a, outcomes);
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
