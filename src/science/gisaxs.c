/* SPDX-License-Identifier: BSD-3-Clause
 * gisaxs: scattering at grazing incidence from a surface: line cuts along and across the horizon. Wave
 * vectors follow from the angle of incidence (Yoneda's q_z includes it). Uncertainties: jackknife over
 * exposures, or Poisson counts when there are fewer than five. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "algo/exposures.h"
#include "algo/geometry.h"
#include "beampress/science.h"

enum { P_INCIDENCE, P_QZ, P_QZ_WIDTH, P_QY, P_QY_WIDTH, P_BINS, P_ROWS, P_WAVELENGTH, P_MARKS, P_COUNT };

static const char *const directions[] = {"down", "up", NULL};

static const bp_param params_of_gisaxs[P_COUNT] = {
    [P_INCIDENCE] = {"incidence", "degrees", BP_PARAM_REAL, 0, 90, 0.2, NULL,
                     "angle between beam and surface"},
    [P_QZ] = {"qz", "1/nm", BP_PARAM_REAL, -1e4, 1e4, 0.5, NULL, "height of the cut along q_y"},
    [P_QZ_WIDTH] = {"qz_width", "1/nm", BP_PARAM_REAL, 1e-9, 1e4, 0.1, NULL, "its width"},
    [P_QY] = {"qy", "1/nm", BP_PARAM_REAL, -1e4, 1e4, 0, NULL, "place of the cut along q_z"},
    [P_QY_WIDTH] = {"qy_width", "1/nm", BP_PARAM_REAL, 1e-9, 1e4, 0.1, NULL, "its width"},
    [P_BINS] = {"bins", "", BP_PARAM_INTEGER, 2, 100000, 200, NULL, "along each cut"},
    [P_ROWS] = {"rows", "", BP_PARAM_CHOICE, 0, 0, 0, directions, "which way the row numbers go: down or up"},
    [P_WAVELENGTH] = {"wavelength", "Angstrom", BP_PARAM_REAL, 0, 1e4, 0, NULL, "0: that of the geometry"},
    [P_MARKS] = {"marks", "", BP_PARAM_SWITCH, 0, 1, 1, NULL,
                 "-1, -2 and the largest value of an unsigned type are marks, not counts"},
};

enum { ALONG_QY, ALONG_QZ, CUTS };
#define NOWHERE  UINT32_MAX
#define ROUNDING 1e-12 /* relative: a spread that is none */

typedef struct cut {
    double low, width;     /* of its bins */
    uint32_t *bin;         /* of each pixel, or NOWHERE */
    double *sums, *counts; /* units x bins */
} cut;

typedef struct analysis {
    const double *params;
    const bp_science_stack *stack;
    bp_geometry geometry;
    size_t bins, units;
    bool by_exposure, whole;
    cut cuts[CUTS];
    double *frame;
    uint8_t *skip, *groups;
} analysis;

/* q_y and q_z of a pixel. The beam lies in the horizon; the surface is tilted against it by the incidence. */
static void wave_vector(const analysis *a, const bp_view *view, size_t pixel, double *qy, double *qz)
{
    size_t columns = a->stack->columns, row = pixel / columns;
    double at[3], angle = a->params[P_INCIDENCE] * 3.14159265358979323846 / 180;
    bp_view_position(view, (double)row + 0.5, (double)(pixel % columns) + 0.5, at);
    double far = sqrt(at[0] * at[0] + at[1] * at[1] + at[2] * at[2]);
    double up = (a->params[P_ROWS] == 0 ? -at[0] : at[0]) / far, across = at[1] / far, along = at[2] / far;
    double k = 2 * 3.14159265358979323846e-9 / view->geometry.wavelength;
    *qy = k * across;
    *qz = k * (up * cos(angle) - along * sin(angle) + sin(angle));
}

static bool excluded(const analysis *a, size_t pixel)
{
    return a->stack->excluded && a->stack->excluded[pixel];
}

/* The pixels of a cut, and what its bins reach. */
static bp_status place(bp_context *ctx, analysis *a, const bp_view *view, int which)
{
    static const int across_param[CUTS] = {P_QZ, P_QY}, width_param[CUTS] = {P_QZ_WIDTH, P_QY_WIDTH};
    size_t pixels = a->stack->rows * a->stack->columns, found = 0;
    cut *c = &a->cuts[which];
    double low = INFINITY, high = -INFINITY;
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < pixels; i++) {
            double q[CUTS];
            wave_vector(a, view, i, &q[ALONG_QY], &q[ALONG_QZ]);
            double along = q[which], aside = q[1 - which] - a->params[across_param[which]];
            c->bin[i] = NOWHERE;
            if (excluded(a, i) || fabs(aside) > a->params[width_param[which]] / 2)
                continue;
            low = fmin(low, along);
            high = fmax(high, along);
            found++;
            if (pass)
                c->bin[i] = (uint32_t)((along - c->low) / c->width);
        }
        c->low = low;
        c->width = (high - low) * (1 + 0x1p-23) / (double)a->bins;
    }
    return found && c->width > 0
               ? BP_OK
               : bp_fail(ctx, BP_E_INPUT, "no pixel that takes part lies in the cut along %s",
                         which == ALONG_QY ? "q_y" : "q_z");
}

static bp_status make_cuts(bp_context *ctx, analysis *a)
{
    const bp_science_stack *s = a->stack;
    size_t pixels = s->rows * s->columns;
    bp_view view;
    bool made = true;
    a->bins = (size_t)a->params[P_BINS];
    a->units = bp_exposure_units(s->frames);
    a->by_exposure = bp_units_are_exposures(s->frames);
    a->frame = malloc(pixels * sizeof *a->frame);
    a->skip = malloc(pixels);
    a->groups = calloc(pixels, 1);
    for (int k = 0; k < CUTS; k++) {
        a->cuts[k].bin = malloc(pixels * sizeof *a->cuts[k].bin);
        a->cuts[k].sums = calloc(2 * a->units * a->bins, sizeof *a->cuts[k].sums);
        made = made && a->cuts[k].bin && a->cuts[k].sums;
        a->cuts[k].counts = made ? a->cuts[k].sums + a->units * a->bins : NULL;
    }
    if (!made || !a->frame || !a->skip || !a->groups)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for %zu pixels", pixels);
    if (!a->by_exposure)
        bp_tiles_deal(s->rows, s->columns, a->groups);
    bp_view_init(&view, &a->geometry);
    bp_status status = place(ctx, a, &view, ALONG_QY);
    return status == BP_OK ? place(ctx, a, &view, ALONG_QZ) : status;
}

static bp_status read_frames(bp_context *ctx, analysis *a)
{
    const bp_science_stack *s = a->stack;
    size_t pixels = s->rows * s->columns;
    a->whole = true;
    for (uint64_t f = 0; f < s->frames; f++) {
        bp_status status = s->read(ctx, s->user, f, 1, a->frame);
        if (status != BP_OK)
            return status;
        bool whole = bp_skip_marks(s->marks != BP_OPAQUE ? s->marks : s->dtype, a->params[P_MARKS] != 0,
                                   a->frame, pixels, s->excluded, a->skip);
        a->whole = a->whole && whole;
        for (int k = 0; k < CUTS; k++)
            for (size_t i = 0; i < pixels; i++) {
                if (a->cuts[k].bin[i] == NOWHERE || a->skip[i])
                    continue;
                size_t unit = a->by_exposure ? bp_exposure_unit(f, s->frames) : a->groups[i];
                a->cuts[k].sums[unit * a->bins + a->cuts[k].bin[i]] += a->frame[i];
                a->cuts[k].counts[unit * a->bins + a->cuts[k].bin[i]]++;
            }
    }
    return BP_OK;
}

/* Mean of a bin without one of the units; its sum and its pixels too. */
static double mean_of(const analysis *a, const cut *c, size_t bin, size_t without, double *sum, double *count)
{
    *sum = *count = 0;
    for (size_t u = 0; u < a->units; u++)
        if (u != without) {
            *sum += c->sums[u * a->bins + bin];
            *count += c->counts[u * a->bins + bin];
        }
    return *count > 0 ? *sum / *count : (double)NAN;
}

static bp_status add_cut(bp_context *ctx, const analysis *a, int which, bp_outcomes *outcomes)
{
    static const char *const names[CUTS] = {"cut_along_qy", "cut_along_qz"};
    static const char *const axes[CUTS] = {"q_y (1/nm)", "q_z (1/nm)"};
    const cut *c = &a->cuts[which];
    double *values = malloc((3 + a->units) * a->bins * sizeof *values), sum, count;
    if (!values)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for a cut");
    double *sigmas = values + a->bins, *at = sigmas + a->bins, *without = at + a->bins;
    bool poisson = a->whole && !a->by_exposure;
    for (size_t i = 0; i < a->bins; i++) {
        double rest[BP_JACKKNIFE_BLOCKS];
        for (size_t u = 0; u < a->units; u++)
            without[u * a->bins + i] = rest[u] = mean_of(a, c, i, u, &sum, &count);
        values[i] = mean_of(a, c, i, SIZE_MAX, &sum, &count);
        double counting = count > 0 ? sqrt(fmax(sum, 1)) / count : (double)NAN;
        sigmas[i] = poisson ? counting : bp_jackknife_sigma(rest, a->units);
        if (a->whole && sigmas[i] <= ROUNDING * fabs(values[i]))
            sigmas[i] = counting;
        at[i] = c->low + ((double)i + 0.5) * c->width;
    }
    bool any = false;
    for (size_t i = 0; i < a->bins; i++)
        any = any || !isnan(values[i]);
    bp_status status =
        !any ? bp_fail(ctx, BP_E_INPUT, "all pixels of the cut are marks or not finite")
             : bp_outcomes_add(ctx, outcomes,
                               &(bp_outcome){.name = names[which],
                                             .unit = "value",
                                             .axis = axes[which],
                                             .uncertainty = poisson ? "Poisson counts"
                                                            : a->by_exposure
                                                                ? "jackknife over exposures"
                                                                : "jackknife over tiles of pixels",
                                             .count = a->bins,
                                             .values = values,
                                             .sigmas = sigmas,
                                             .at = at,
                                             .unit_count = a->units,
                                             .without = without});
    free(values);
    return status;
}

static bp_status find_geometry(bp_context *ctx, analysis *a)
{
    if (!a->stack->geometry || !bp_geometry_known(a->stack->geometry))
        return bp_fail(ctx, BP_E_INPUT,
                       "the geometry is not known: give --geometry FILE.poni, or a file whose NXdetector "
                       "states it");
    a->geometry = *a->stack->geometry;
    if (a->params[P_WAVELENGTH] > 0)
        a->geometry.wavelength = a->params[P_WAVELENGTH] * 1e-10;
    return a->geometry.wavelength > 0
               ? BP_OK
               : bp_fail(ctx, BP_E_INPUT, "the geometry has no wavelength: give wavelength=ANGSTROM");
}

static bp_status run(bp_context *ctx, const double *params, const bp_science_stack *stack,
                     bp_outcomes *outcomes)
{
    analysis a = {.params = params, .stack = stack};
    bp_status status = find_geometry(ctx, &a);
    if (status == BP_OK)
        status = make_cuts(ctx, &a);
    if (status == BP_OK)
        status = read_frames(ctx, &a);
    for (int k = 0; k < CUTS && status == BP_OK; k++)
        status = add_cut(ctx, &a, k, outcomes);
    for (int k = 0; k < CUTS; k++) {
        free(a.cuts[k].bin);
        free(a.cuts[k].sums);
    }
    free(a.frame);
    free(a.skip);
    free(a.groups);
    return status;
}

const bp_technique bp_technique_gisaxs = {
    .name = "gisaxs",
    .summary = "scattering at grazing incidence: line cuts along q_y and q_z",
    .source = "G. Renaud, R. Lazzari, F. Leroy, Surf. Sci. Rep. 64 (2009) 255",
    .params = params_of_gisaxs,
    .param_count = P_COUNT,
    .run = run,
};
