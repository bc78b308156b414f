/* SPDX-License-Identifier: BSD-3-Clause
 * saxs: scattering curves by azimuthal integration, and what they say of sizes and surfaces. Uncertainties:
 * with five exposures or more, everything is computed again without each of them (or without each of 20
 * blocks of them); else counts are taken for Poisson and their variance is propagated. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "algo/azimuthal.h"
#include "algo/exposures.h"
#include "algo/guinier.h"
#include "beampress/science.h"

enum {
    P_BINS,
    P_UNIT,
    P_SPLIT,
    P_MIN,
    P_MAX,
    P_AZIMUTHS,
    P_SOLID_ANGLE,
    P_POLARISATION,
    P_DARK,
    P_FLAT,
    P_CLIP,
    P_WAVELENGTH,
    P_GUINIER_LIMIT,
    P_GUINIER_FROM,
    P_POROD_FROM,
    P_MARKS,
    P_CURVED,
    P_COUNT
};

static const char *const units_of_radius[] = {"q_nm", "q_A", "2th_deg", "r_mm", NULL};
static const char *const splits[] = {"no", "bbox", "full", NULL};

#define NO_POLARISATION 2.0
#define CLIP_ROUNDS     5
#define ROUNDING        1e-12 /* relative: a spread that is none */

static const bp_param params_of_saxs[P_COUNT] = {
    [P_BINS] = {"bins", "", BP_PARAM_INTEGER, 2, 100000, 500, NULL, "of the radial coordinate"},
    [P_UNIT] =
        {"unit", "", BP_PARAM_CHOICE, 0, 0, BP_RADIAL_Q_NM, units_of_radius,
         "radial coordinate: q in 1/nm or 1/Angstrom, the scattering angle, the distance from the beam"},
    [P_SPLIT] = {"split", "", BP_PARAM_CHOICE, 0, 0, BP_SPLIT_BBOX, splits,
                 "how a pixel is shared among bins: not at all, by the interval that it covers, by its area"},
    [P_MIN] = {"min", "", BP_PARAM_REAL, 0, 1e9, 0, NULL, "where the bins begin, in the unit"},
    [P_MAX] = {"max", "", BP_PARAM_REAL, 0, 1e9, 0, NULL, "where they end; 0: what the pixels reach"},
    [P_AZIMUTHS] = {"azimuths", "", BP_PARAM_INTEGER, 1, 3600, 1, NULL,
                    "sectors of the azimuth from -180 to 180 degrees: a curve for each"},
    [P_SOLID_ANGLE] = {"solid_angle", "", BP_PARAM_SWITCH, 0, 1, 1, NULL, "correct for it"},
    [P_POLARISATION] = {"polarisation", "", BP_PARAM_REAL, -1, NO_POLARISATION, NO_POLARISATION, NULL,
                        "of the beam: 1 horizontal, -1 vertical, 0 none; 2: no correction"},
    [P_DARK] = {"dark", "", BP_PARAM_SWITCH, 0, 1, 0, NULL, "subtract the frame called dark"},
    [P_FLAT] = {"flat", "", BP_PARAM_SWITCH, 0, 1, 0, NULL, "divide by the frame called flatfield"},
    [P_CLIP] = {"clip", "sigma", BP_PARAM_REAL, 0, 100, 0, NULL,
                "leave out pixels that are further from the mean of their bin; needs split=no; 0: none"},
    [P_WAVELENGTH] = {"wavelength", "Angstrom", BP_PARAM_REAL, 0, 1e4, 0, NULL, "0: that of the geometry"},
    [P_GUINIER_LIMIT] = {"guinier_limit", "", BP_PARAM_REAL, 0.1, 10, 1.3, NULL, "largest q Rg of the fit"},
    [P_GUINIER_FROM] = {"guinier_from", "", BP_PARAM_REAL, 0, 1e9, 0, NULL, "smallest q of the fit"},
    [P_POROD_FROM] = {"porod_from", "", BP_PARAM_REAL, 0, 1e9, 0, NULL,
                      "smallest q of the slope; 0: the upper half of the bins"},
    [P_MARKS] = {"marks", "", BP_PARAM_SWITCH, 0, 1, 1, NULL,
                 "-1, -2 and the largest value of an unsigned type are marks, not counts"},
    [P_CURVED] = {"guinier_curved", "", BP_PARAM_SWITCH, 0, 1, 0, NULL,
                  "one more term in the fit, with q^4: no bias from the range, more scatter"},
};

typedef struct analysis {
    const double *params;
    const bp_science_stack *stack;
    bp_geometry geometry;
    bp_azimuthal matrix;
    double *frame, *dark, *flat;
    uint8_t *skip, *groups;
    size_t units, cells; /* independent units, cells of each */
    bool by_exposure, whole;
    bp_cell *sums;            /* units x cells, then as many as two of them of scratch */
    double *q, *work, *sigma; /* of bins; work: a curve and its delete-one curves */
} analysis;

static bp_status find_geometry(bp_context *ctx, analysis *a)
{
    bool needs_wavelength = a->params[P_UNIT] == BP_RADIAL_Q_NM || a->params[P_UNIT] == BP_RADIAL_Q_A;
    if (!a->stack->geometry || !bp_geometry_known(a->stack->geometry))
        return bp_fail(ctx, BP_E_INPUT,
                       "the geometry is not known: give --geometry FILE.poni, or a file whose NXdetector "
                       "states distance, beam_center_x, beam_center_y, x_pixel_size and y_pixel_size, each "
                       "with its units");
    a->geometry = *a->stack->geometry;
    if (a->params[P_WAVELENGTH] > 0)
        a->geometry.wavelength = a->params[P_WAVELENGTH] * 1e-10;
    if (needs_wavelength && !(a->geometry.wavelength > 0))
        return bp_fail(ctx, BP_E_INPUT,
                       "the geometry has no wavelength: give wavelength=ANGSTROM, or unit=2th_deg");
    return BP_OK;
}

/* A frame that the file has beside the others. */
static bp_status read_side(bp_context *ctx, const analysis *a, const char *name, bool wanted, double **values)
{
    size_t count = 0, pixels = a->stack->rows * a->stack->columns;
    if (!wanted)
        return BP_OK;
    bp_status status = a->stack->side(ctx, a->stack->user, name, values, &count);
    if (status == BP_OK && !*values)
        return bp_fail(ctx, BP_E_INPUT, "the file has no frame called %s", name);
    if (status == BP_OK && count != pixels)
        return bp_fail(ctx, BP_E_INPUT, "%s has %zu values, a frame %zu", name, count, pixels);
    return status;
}

static bp_status make_matrix(bp_context *ctx, analysis *a)
{
    const double *p = a->params;
    bp_azimuthal_setup setup = {.rows = a->stack->rows,
                                .columns = a->stack->columns,
                                .geometry = &a->geometry,
                                .excluded = a->stack->excluded,
                                .flat = a->flat,
                                .radial = (bp_radial)p[P_UNIT],
                                .split = (bp_split)p[P_SPLIT],
                                .bins = (size_t)p[P_BINS],
                                .sectors = (size_t)p[P_AZIMUTHS],
                                .low = p[P_MIN],
                                .high = p[P_MAX],
                                .from = -3.14159265358979323846,
                                .to = 3.14159265358979323846,
                                .solid_angle = p[P_SOLID_ANGLE] != 0,
                                .polarisation = p[P_POLARISATION] > 1 ? (double)NAN : p[P_POLARISATION]};
    if (p[P_MAX] > 0 && p[P_MIN] >= p[P_MAX])
        return bp_fail(ctx, BP_E_USAGE, "saxs: min=%g is not below max=%g", p[P_MIN], p[P_MAX]);
    if (p[P_CLIP] > 0 && setup.split != BP_SPLIT_NO)
        return bp_fail(ctx, BP_E_USAGE, "saxs: clip needs split=no: a shared pixel has no one mean");
    return bp_azimuthal_init(ctx, &setup, &a->matrix);
}

/* Units: blocks of exposures; or tiles of pixels, dealt out like cards. */
static bp_status make_units(bp_context *ctx, analysis *a)
{
    const bp_science_stack *s = a->stack;
    size_t pixels = s->rows * s->columns, bins = a->matrix.bins;
    a->by_exposure = bp_units_are_exposures(s->frames);
    a->units = bp_exposure_units(s->frames);
    a->cells = bins * a->matrix.sectors;
    a->frame = malloc(pixels * sizeof *a->frame);
    a->skip = malloc(pixels);
    a->groups = a->by_exposure ? NULL : malloc(pixels);
    a->sums = calloc((a->units + 2) * a->cells, sizeof *a->sums);
    a->q = malloc((2 + (a->units + 1)) * bins * sizeof *a->q);
    if (!a->frame || !a->skip || (!a->by_exposure && !a->groups) || !a->sums || !a->q)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for %zu units of %zu cells", a->units, a->cells);
    a->sigma = a->q + bins;
    a->work = a->sigma + bins;
    for (size_t i = 0; i < bins; i++)
        a->q[i] = a->matrix.low + ((double)i + 0.5) * a->matrix.width;
    if (a->groups)
        bp_tiles_deal(s->rows, s->columns, a->groups);
    return BP_OK;
}

static bp_status read_frames(bp_context *ctx, analysis *a)
{
    const bp_science_stack *s = a->stack;
    a->whole = true;
    for (uint64_t f = 0; f < s->frames; f++) {
        bp_status status = s->read(ctx, s->user, f, 1, a->frame);
        if (status != BP_OK)
            return status;
        bool whole = bp_skip_marks(s->marks != BP_OPAQUE ? s->marks : s->dtype, a->params[P_MARKS] != 0,
                                   a->frame, s->rows * s->columns, s->excluded, a->skip);
        a->whole = a->whole && whole;
        if (a->params[P_CLIP] > 0)
            bp_azimuthal_clip(&a->matrix, a->frame, a->dark, a->params[P_CLIP], CLIP_ROUNDS, whole, a->skip,
                              a->sums + a->units * a->cells);
        size_t unit = bp_exposure_unit(f, s->frames);
        bp_azimuthal_add(&a->matrix, a->frame, a->dark, a->skip, a->groups, a->sums + unit * a->cells);
    }
    for (size_t i = 0; i < a->units * a->cells; i++)
        if (a->sums[i].even > 0)
            return BP_OK;
    return bp_fail(ctx, BP_E_INPUT, "no pixel takes part: all are masked, marks or not finite");
}

/* A bin of the curve, of one sector or (SIZE_MAX) all, of all units but one. */
static bp_cell gather(const analysis *a, size_t sector, size_t bin, size_t without)
{
    bp_cell sum = {0};
    size_t from = sector == SIZE_MAX ? 0 : sector, to = sector == SIZE_MAX ? a->matrix.sectors : sector + 1;
    for (size_t u = 0; u < a->units; u++)
        for (size_t s = from; s < to && u != without; s++) {
            const bp_cell *c = a->sums + u * a->cells + s * a->matrix.bins + bin;
            sum.signal += c->signal;
            sum.variance += c->variance;
            sum.even += c->even;
            sum.count += c->count;
        }
    return sum;
}

static const char *resampled(const analysis *a)
{
    return a->by_exposure ? "jackknife over exposures" : "jackknife over tiles of pixels";
}

static const char *how(const analysis *a)
{
    return a->whole && !a->by_exposure ? "Poisson counts" : resampled(a);
}

/* A bin of the curve without each unit. Tiles share a bin unevenly, near the beam a few of them hold it all:
 * of a tile that is left out the mean takes the place, and the differences are those of as many equal units
 * as scatter alike (1 / sum of squared shares). For equal units that is the same. */
static void leave_out(const analysis *a, size_t sector, size_t bin, double *without)
{
    bp_cell all = gather(a, sector, bin, SIZE_MAX);
    double mean = all.signal / all.even, squares = 0, units = (double)a->units;
    for (size_t u = 0; u < a->units; u++) {
        bp_cell rest = gather(a, sector, bin, u);
        double even = all.even - rest.even;
        squares += even * even;
        without[u] =
            a->by_exposure ? rest.signal / rest.even : (all.signal - rest.signal - mean * even) / all.even;
    }
    double alike = all.even * all.even / squares;
    for (size_t u = 0; u < a->units && !a->by_exposure; u++)
        without[u] = alike > 1 + 1e-9 ? mean - without[u] * sqrt(alike / (alike - 1) * units / (units - 1))
                                      : (double)NAN;
}

/* The curve to work, its delete-one curves behind it; uncertainties to sigma, weights of fits to a->sigma:
 * those of counts, for other values too. The spread of a bin is rough, and fits with weights that scatter
 * would scatter more than any of their sigmas tells. */
static void make_curve(analysis *a, size_t sector, double *sigma)
{
    size_t bins = a->matrix.bins;
    for (size_t i = 0; i < bins; i++) {
        double without[BP_JACKKNIFE_BLOCKS];
        bp_cell all = gather(a, sector, i, SIZE_MAX);
        a->work[i] = all.even > 0 ? all.signal / all.even : (double)NAN;
        leave_out(a, sector, i, without);
        for (size_t u = 0; u < a->units; u++)
            a->work[(u + 1) * bins + i] = without[u];
        /* no count at all is known no better than one */
        double poisson = all.even > 0 ? sqrt(all.variance > 0 ? all.variance : 1) / all.even : (double)NAN;
        double spread = bp_jackknife_sigma(without, a->units);
        a->sigma[i] = poisson;
        /* exposures without any difference (but rounding) are no proof that there is none */
        bool same = spread <= ROUNDING * fabs(a->work[i]);
        sigma[i] = a->whole && (!a->by_exposure || same) ? poisson : spread;
    }
}

static bp_status add_curve(bp_context *ctx, analysis *a, size_t sector, bp_outcomes *outcomes)
{
    static const char *const axes[] = {"q (1/nm)", "q (1/Angstrom)", "scattering angle (degrees)",
                                       "distance from the beam (mm)"};
    size_t bins = a->matrix.bins;
    double *sigma = malloc(bins * sizeof *sigma), width = 360.0 / (double)a->matrix.sectors;
    if (!sigma)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for a curve");
    make_curve(a, sector, sigma);
    bool all = sector == SIZE_MAX;
    bp_status status = bp_outcomes_add(ctx, outcomes,
                                       &(bp_outcome){.name = all ? "intensity" : "sector_intensity",
                                                     .unit = "value",
                                                     .axis = axes[(size_t)a->params[P_UNIT]],
                                                     .uncertainty = how(a),
                                                     .parts = all ? NULL : "azimuth",
                                                     .part = all ? 0 : -180 + ((double)sector + 0.5) * width,
                                                     .count = bins,
                                                     .values = a->work,
                                                     .sigmas = sigma,
                                                     .at = a->q,
                                                     .unit_count = a->units,
                                                     .without = a->work + bins});
    for (size_t i = 0; i < bins; i++)
        sigma[i] = gather(a, sector, i, SIZE_MAX).count / (double)a->stack->frames;
    if (status == BP_OK && all)
        status = bp_outcomes_add(ctx, outcomes,
                                 &(bp_outcome){.name = "pixels",
                                               .unit = "pixels",
                                               .axis = axes[(size_t)a->params[P_UNIT]],
                                               .count = bins,
                                               .values = sigma,
                                               .at = a->q});
    free(sigma);
    return status;
}

enum { RG, I0, POROD, INVARIANT, NUMBERS };

/* guinier: the range of the fit, found where `range` is false, and kept where it is true. */
static void fit(const analysis *a, const double *curve, bool range, bp_guinier *guinier,
                double values[NUMBERS])
{
    size_t bins = a->matrix.bins;
    double porod_from = a->params[P_POROD_FROM] > 0 ? a->params[P_POROD_FROM] : a->q[bins / 2];
    bp_line line;
    for (size_t i = 0; i < NUMBERS; i++)
        values[i] = NAN;
    bool fitted = range ? bp_guinier_refit(a->q, curve, a->sigma, guinier)
                        : bp_guinier_fit(a->q, curve, a->sigma, bins, a->params[P_GUINIER_FROM],
                                         a->params[P_GUINIER_LIMIT], a->params[P_CURVED] != 0, guinier);
    if (fitted) {
        values[RG] = guinier->rg;
        values[I0] = guinier->i0;
    }
    if (bp_porod_fit(a->q, curve, a->sigma, bins, porod_from, &line))
        values[POROD] = line.slope;
    values[INVARIANT] = bp_invariant(a->q, curve, bins);
}

static bp_status add_numbers(bp_context *ctx, const analysis *a, bp_outcomes *outcomes)
{
    static const char *const names[] = {"guinier_radius", "guinier_intensity", "porod_exponent", "invariant"};
    bool nm = a->params[P_UNIT] == BP_RADIAL_Q_NM;
    const char *const units[] = {nm ? "nm" : "Angstrom", "value", "", nm ? "value/nm^3" : "value/Angstrom^3"};
    double values[NUMBERS], sigmas[NUMBERS], rest[NUMBERS];
    double without[NUMBERS][BP_JACKKNIFE_BLOCKS];
    bp_status status = BP_OK;
    bp_guinier all, guinier;
    fit(a, a->work, false, &all, values);
    for (size_t u = 0; u < a->units; u++) {
        guinier = all;
        fit(a, a->work + (u + 1) * a->matrix.bins, true, &guinier, rest);
        for (size_t k = 0; k < NUMBERS; k++)
            without[k][u] = rest[k];
    }
    for (size_t k = 0; k < NUMBERS && status == BP_OK; k++) {
        /* not by propagation: bins that share pixels are not independent */
        sigmas[k] = bp_jackknife_sigma(without[k], a->units);
        bool known = isfinite(values[k]) && sigmas[k] > ROUNDING * fabs(values[k]);
        status = bp_outcomes_add(ctx, outcomes,
                                 &(bp_outcome){.name = names[k],
                                               .unit = units[k],
                                               .uncertainty = known ? resampled(a) : NULL,
                                               .count = 1,
                                               .values = &values[k],
                                               .sigmas = known ? &sigmas[k] : NULL,
                                               .unit_count = a->units,
                                               .without = without[k]});
    }
    return status;
}

static bp_status add_all(bp_context *ctx, analysis *a, bp_outcomes *outcomes)
{
    bool is_q = a->params[P_UNIT] == BP_RADIAL_Q_NM || a->params[P_UNIT] == BP_RADIAL_Q_A;
    bp_status status = add_curve(ctx, a, SIZE_MAX, outcomes);
    if (status == BP_OK && is_q)
        status = add_numbers(ctx, a, outcomes);
    for (size_t s = 0; s < a->matrix.sectors && a->matrix.sectors > 1 && status == BP_OK; s++)
        status = add_curve(ctx, a, s, outcomes);
    return status;
}

static bp_status run(bp_context *ctx, const double *params, const bp_science_stack *stack,
                     bp_outcomes *outcomes)
{
    analysis a = {.params = params, .stack = stack};
    bp_status status = find_geometry(ctx, &a);
    if (status == BP_OK)
        status = read_side(ctx, &a, "dark", params[P_DARK] != 0, &a.dark);
    if (status == BP_OK)
        status = read_side(ctx, &a, "flatfield", params[P_FLAT] != 0, &a.flat);
    if (status == BP_OK)
        status = make_matrix(ctx, &a);
    if (status == BP_OK)
        status = make_units(ctx, &a);
    if (status == BP_OK)
        status = read_frames(ctx, &a);
    if (status == BP_OK)
        status = add_all(ctx, &a, outcomes);
    free(a.q);
    free(a.sums);
    free(a.groups);
    free(a.skip);
    free(a.frame);
    free(a.flat);
    free(a.dark);
    bp_azimuthal_fini(&a.matrix);
    return status;
}

const bp_technique bp_technique_saxs = {
    .name = "saxs",
    .summary = "small-angle scattering: azimuthal integration, sectors, Guinier and Porod fits",
    .source = "J. Kieffer, J. Wright, Powder Diffraction 28 (2013) S339; checked against pyFAI",
    .params = params_of_saxs,
    .param_count = P_COUNT,
    .run = run,
};
