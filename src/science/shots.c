/* SPDX-License-Identifier: BSD-3-Clause */
#include "science/shots.h"

#include <math.h>
#include <stdlib.h>

#include "algo/dispersion.h"
#include "algo/outcome_units.h"
#include "algo/peakfinder9.h"

/* The file's beam centre, else the middle of the frame. */
static bp_status centre_of(bp_context *ctx, const bp_science_stack *s, double given, const char *name,
                           size_t extent, double *centre)
{
    double *values = NULL;
    size_t count = 0;
    *centre = given;
    if (given > BP_CENTRE_OF_FILE)
        return BP_OK;
    bp_status status = s->side(ctx, s->user, name, &values, &count);
    *centre = values && count && isfinite(values[0]) ? values[0] : (double)extent / 2;
    free(values);
    return status;
}

static bool any_takes_part(const bp_science_stack *s)
{
    size_t pixels = s->rows * s->columns, i = 0;
    while (s->excluded && i < pixels && s->excluded[i])
        i++;
    return i < pixels;
}

static bp_status check(bp_context *ctx, const double *p, const bp_science_stack *s)
{
    if (p[P_MIN_PIXELS] > p[P_MAX_PIXELS])
        return bp_fail(ctx, BP_E_USAGE, "sx: min_pixels=%.0f is above max_pixels=%.0f", p[P_MIN_PIXELS],
                       p[P_MAX_PIXELS]);
    if (p[P_INNER] > p[P_OUTER] || p[P_MIDDLE] > p[P_OUTER])
        return bp_fail(ctx, BP_E_USAGE, "sx: the rings' inner=%.0f and middle=%.0f must be within outer=%.0f",
                       p[P_INNER], p[P_MIDDLE], p[P_OUTER]);
    if (p[P_MAX_RADIUS] > 0 && p[P_MAX_RADIUS] <= p[P_MIN_RADIUS])
        return bp_fail(ctx, BP_E_USAGE, "sx: max_radius=%.9g is not above min_radius=%.9g", p[P_MAX_RADIUS],
                       p[P_MIN_RADIUS]);
    if (s->rows < 3 || s->columns < 3)
        return bp_fail(ctx, BP_E_INPUT, "frames of %zux%zu have no room for a peak", s->rows, s->columns);
    if (s->frames % (uint64_t)p[P_PANELS])
        return bp_fail(ctx, BP_E_INPUT, "%llu frames are no whole number of shots of %.0f panels",
                       (unsigned long long)s->frames, p[P_PANELS]);
    if (p[P_PANELS] > 1 && p[P_MERGE] != 0)
        return bp_fail(ctx, BP_E_USAGE, "sx: merge=1 is for detectors of one panel");
    if (!any_takes_part(s))
        return bp_fail(ctx, BP_E_INPUT, "no pixel takes part: all are masked");
    return BP_OK;
}

bp_status bp_shots_init(bp_context *ctx, bp_shots *shots, const double *params, const bp_science_stack *s)
{
    *shots = (bp_shots){.params = params, .stack = s};
    shots->panels = (size_t)params[P_PANELS];
    shots->count = (size_t)s->frames / shots->panels;
    bp_peakfinder8_params find = {.threshold = (float)params[P_THRESHOLD],
                                  .min_snr = (float)params[P_MIN_SNR],
                                  .min_pixels = (uint32_t)params[P_MIN_PIXELS],
                                  .max_pixels = (uint32_t)params[P_MAX_PIXELS],
                                  .background_radius = (uint32_t)params[P_BACKGROUND_RADIUS],
                                  .min_radius = (float)params[P_MIN_RADIUS],
                                  .max_radius = (float)params[P_MAX_RADIUS]};
    bp_status status = check(ctx, params, s);
    if (status == BP_OK)
        status = centre_of(ctx, s, params[P_CENTRE_X], "beam_center_x", s->columns, &find.centre_x);
    if (status == BP_OK)
        status = centre_of(ctx, s, params[P_CENTRE_Y], "beam_center_y", s->rows, &find.centre_y);
    if (status != BP_OK)
        return status;
    shots->rings = (bp_spot_rings){(unsigned)params[P_INNER], (unsigned)params[P_MIDDLE],
                                   (unsigned)params[P_OUTER], params[P_GAIN]};
    bp_dtype type = s->marks != BP_OPAQUE ? s->marks : s->dtype;
    shots->marked = type == BP_U8 || type == BP_U16 || type == BP_U32 || type == BP_U64;
    shots->mark = ldexp(1, 8 * (int)bp_dtype_size(type)) - (type == BP_U64 ? 0 : 1);
    shots->frame = malloc(s->rows * s->columns * sizeof *shots->frame);
    if (params[P_FINDER] >= FINDER_DISPERSION)
        shots->strong = malloc(s->rows * s->columns + 1);
    shots->finder = bp_peakfinder8_new(s->rows, s->columns, &find, s->excluded);
    if (!shots->frame || !shots->finder || (params[P_FINDER] >= FINDER_DISPERSION && !shots->strong))
        return bp_fail(ctx, BP_E_MEMORY, "no memory for a frame");
    if (bp_peakfinder8_rings(shots->finder) == 0)
        return bp_fail(ctx, BP_E_INPUT, "no pixel lies between min_radius and max_radius of the beam");
    return BP_OK;
}

void bp_shots_fini(bp_shots *shots)
{
    bp_peakfinder8_free(shots->finder);
    bp_peaks_fini(&shots->peaks);
    free(shots->frame);
    free(shots->strong);
    *shots = (bp_shots){0};
}

/* DIALS' own limits for the size of a spot, and for how far its maximum is from its middle. */
#define SPOT_PIXELS     3
#define SPOT_SEPARATION 2
#define DIALS_KERNEL    3

static bool find_dispersion(bp_shots *shots)
{
    const double *p = shots->params;
    const bp_science_stack *s = shots->stack;
    bp_dispersion_params find = {.kernel = DIALS_KERNEL,
                                 .background_sigma = p[P_BACKGROUND_SIGMA],
                                 .strong_sigma = p[P_STRONG_SIGMA],
                                 .gain = p[P_GAIN],
                                 .global = 0,
                                 .min_count = 2,
                                 .extended = p[P_FINDER] == FINDER_DISPERSION_EXTENDED,
                                 .min_pixels = SPOT_PIXELS,
                                 .max_pixels = 1000,
                                 .max_separation = SPOT_SEPARATION};
    return bp_dispersion_mask(&find, shots->frame, s->rows, s->columns, s->excluded, shots->strong) &&
           bp_dispersion_spots(&find, shots->frame, s->rows, s->columns, shots->strong, &shots->peaks);
}

/* peakfinder8 goes over the frame in any case: the background is its. */
static bool find(bp_shots *shots)
{
    const double *p = shots->params;
    bool done = bp_peakfinder8_find(shots->finder, shots->frame, BP_F64, &shots->peaks);
    if (done && p[P_FINDER] >= FINDER_DISPERSION)
        return find_dispersion(shots);
    if (done && p[P_FINDER] == FINDER_PEAKFINDER9) {
        bp_peakfinder9_params nine = {7, 6, p[P_MIN_SNR], p[P_MIN_SIGMA], (unsigned)p[P_BACKGROUND_RADIUS]};
        return bp_peakfinder9_find(&nine, shots->frame, shots->stack->rows, shots->stack->columns,
                                   &shots->peaks);
    }
    return done;
}

bp_status bp_shots_read(bp_context *ctx, bp_shots *shots, uint64_t frame)
{
    const bp_science_stack *s = shots->stack;
    double least = shots->params[P_VALID_MIN];
    bp_status status = s->read(ctx, s->user, frame, 1, shots->frame);
    if (status != BP_OK)
        return status;
    if (bp_context_cancelled(ctx))
        return bp_fail(ctx, BP_E_INTERRUPTED, "interrupted");
    for (size_t i = 0; i < s->rows * s->columns; i++) {
        double v = shots->frame[i];
        if (v < least || (shots->marked && v >= shots->mark))
            shots->frame[i] = NAN;
    }
    return find(shots) ? BP_OK : bp_fail(ctx, BP_E_MEMORY, "no memory for peaks");
}

bool bp_shots_sum(const bp_shots *shots, const bp_peak *peak, bp_spot *spot)
{
    const bp_science_stack *s = shots->stack;
    return bp_spot_sum(shots->frame, BP_F64, s->rows, s->columns, s->excluded, &shots->rings, (double)peak->x,
                       (double)peak->y, spot);
}

bool bp_unit_values_add(bp_unit_values *list, double value, size_t unit)
{
    if (list->count == list->room) {
        size_t room = list->room * 2 + 64;
        double *values = realloc(list->values, room * sizeof *values);
        if (!values)
            return false;
        list->values = values;
        size_t *units = realloc(list->units, room * sizeof *units);
        if (!units)
            return false;
        list->units = units;
        list->room = room;
    }
    list->values[list->count] = value;
    list->units[list->count++] = unit;
    return true;
}

typedef struct pair {
    double value;
    size_t unit;
} pair;

static int by_value(const void *a, const void *b)
{
    const pair *x = a, *y = b;
    return x->value < y->value ? -1 : x->value > y->value ? 1 : x->unit < y->unit ? -1 : x->unit > y->unit;
}

bool bp_unit_values_median(bp_unit_values *list, size_t units, double *median, double *without)
{
    pair *pairs = malloc((list->count + 1) * sizeof *pairs);
    if (!pairs)
        return false;
    for (size_t i = 0; i < list->count; i++)
        pairs[i] = (pair){list->values[i], list->units[i]};
    qsort(pairs, list->count, sizeof *pairs, by_value);
    for (size_t i = 0; i < list->count; i++) {
        list->values[i] = pairs[i].value;
        list->units[i] = pairs[i].unit;
    }
    free(pairs);
    return bp_median_without(list->values, list->units, list->count, units, median, without);
}

void bp_unit_values_fini(bp_unit_values *list)
{
    free(list->values);
    free(list->units);
    *list = (bp_unit_values){0};
}

bp_status bp_ring_means_add(bp_context *ctx, bp_unit_sums *sums, size_t k, const char *name, const char *unit,
                            bp_outcomes *outcomes)
{
    size_t rings = sums->terms / 3, units = sums->units, used = 0;
    double *total = malloc((rings * (5 + units) + 1) * sizeof *total);
    if (!total)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for results");
    double *values = total + 3 * rings, *at = values + rings, *without = at + rings;
    bp_unit_sums_total(sums, SIZE_MAX, total);
    for (size_t r = 0; r < rings; r++)
        used += total[3 * r + 2] > 0;
    for (size_t r = 0, i = 0; r < rings; r++) {
        const double *all = total + 3 * r;
        if (!(all[2] > 0))
            continue;
        values[i] = all[k] / all[2];
        at[i] = (double)r;
        for (size_t u = 0; u < units; u++) {
            const double *own = bp_unit_sums_of(sums, u) + 3 * r;
            without[u * used + i] = all[2] > own[2] ? (all[k] - own[k]) / (all[2] - own[2]) : NAN;
        }
        i++;
    }
    bp_status status = bp_outcomes_from_units(ctx, outcomes,
                                              &(bp_outcome){.name = name,
                                                            .unit = unit,
                                                            .axis = "distance from the beam (pixels)",
                                                            .uncertainty = "jackknife over shots",
                                                            .count = used,
                                                            .values = values,
                                                            .at = at,
                                                            .unit_count = units,
                                                            .without = without});
    free(total);
    return status;
}
