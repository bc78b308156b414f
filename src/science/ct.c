/* SPDX-License-Identifier: BSD-3-Clause
 * ct: parallel-beam tomography. Projections become slices of some detector rows, twice: from the projections
 * of even and of odd number. Their mean is the slice, their difference its noise, their likeness at each
 * spatial frequency its resolution. */
#include <math.h>
#include <stdlib.h>

#include "algo/stripes.h"
#include "base/checked.h"
#include "beampress/science.h"
#include "science/ct_axis.h"
#include "science/ct_results.h"
#include "science/ct_scan.h"
#include "science/ct_slices.h"

enum {
    P_METHOD,
    P_FILTER,
    P_ITERATIONS,
    P_RINGS,
    P_ROWS,
    P_FIRST,
    P_CENTRE,
    P_RANGE,
    P_FLATS,
    P_DARKS,
    P_AIR,
    P_DOUBLE,
    P_FLAT,
    P_EVEN,
    P_AXIS,
    P_LINE_ANGLE,
    P_LINE_OFFSET,
    P_LINE_WIDTH,
    P_ROI_LEFT,
    P_ROI_RIGHT,
    P_ROI_TOP,
    P_ROI_BOTTOM,
    P_COUNT
};
enum { AXIS_VO, AXIS_PHASE };

static const char *const methods[] = BP_CT_ALGORITHM_WORDS, *const filters[] = BP_FBP_FILTER_WORDS;
static const char *const flat_words[] = BP_CT_FLATS_WORDS, *const axis_words[] = {"vo", "phase", NULL};
/* none, then in the order of bp_stripe_method */
static const char *const rings[] = {"none", "sorting", "filtering", "fitting", "large",
                                    "dead", "all",     "fourier",   NULL};

static const bp_param params_of_ct[P_COUNT] = {
    [P_METHOD] =
        {"method", "", BP_PARAM_CHOICE, 0, 0, BP_CT_FBP, methods,
         "fbp: filtered back-projection; gridrec: Fourier gridding, not quantitative; sirt, sart: iterative; "
         "fbp-linear: fbp by the transpose of sirt's projector"},
    [P_FILTER] = {"filter", "", BP_PARAM_CHOICE, 0, 0, BP_FBP_RAMP, filters,
                  "of fbp, fbp-linear and gridrec"},
    [P_ITERATIONS] = {"iterations", "", BP_PARAM_INTEGER, 0, 100000, 0, NULL,
                      "of sirt (0: 50) and sart (0: 2)"},
    [P_RINGS] = {"rings", "", BP_PARAM_CHOICE, 0, 0, 0, rings,
                 "removal of stripes from the sinograms, as algotom has it, before the axis is found"},
    [P_ROWS] = {"rows", "", BP_PARAM_INTEGER, 1, 4096, 8, NULL,
                "detector rows to make slices of, spread over the detector"},
    [P_FIRST] = {"first", "", BP_PARAM_INTEGER, -1, 1e9, -1, NULL,
                 "the first of them; the others follow it then (-1: spread)"},
    [P_CENTRE] = {"centre", "pixels", BP_PARAM_REAL, -1, 1e6, -1, NULL,
                  "column of the axis, counted from 0 (-1: found as axis= says)"},
    [P_RANGE] = {"range", "degrees", BP_PARAM_REAL, 0, 36000, 0, NULL,
                 "covered by the projections in equal steps, when the file has no angles"},
    [P_FLATS] = {"flats", "", BP_PARAM_INTEGER, 0, 1e6, 0, NULL,
                 "frames in front that are flat fields, when the file does not say"},
    [P_DARKS] = {"darks", "", BP_PARAM_INTEGER, 0, 1e6, 0, NULL, "frames behind those that are dark"},
    [P_AIR] = {"air", "pixels", BP_PARAM_INTEGER, 0, 4096, 8, NULL,
               "columns at either side that see no sample"},
    [P_DOUBLE] = {"double", "", BP_PARAM_SWITCH, 0, 1, 0, NULL, "double precision, slow"},
    [P_FLAT] = {"flat", "", BP_PARAM_CHOICE, 0, 0, BP_CT_FLATS_MEAN, flat_words,
                "mean or median of all flats (and darks), or the median of those taken nearest in time"},
    [P_EVEN] = {"even", "", BP_PARAM_SWITCH, 0, 1, 0, NULL,
                "a line through the means of the air columns becomes 1 in each row of each projection"},
    [P_AXIS] = {"axis", "", BP_PARAM_CHOICE, 0, 0, AXIS_VO, axis_words,
                "vo: Vo's method in each row; phase: phase correlation of projections half a turn apart"},
    [P_LINE_ANGLE] = {"line_angle", "degrees", BP_PARAM_REAL, -360, 360, 0, NULL,
                      "of the line of line_profile, counter-clockwise from the rows of the slice"},
    [P_LINE_OFFSET] = {"line_offset", "pixels", BP_PARAM_REAL, -8192, 8192, 0, NULL,
                       "from the axis to that line, to its right (downwards at 0 degrees)"},
    [P_LINE_WIDTH] = {"line_width", "pixels", BP_PARAM_INTEGER, 1, 4096, 1, NULL, "that it is averaged over"},
    [P_ROI_LEFT] = {"roi_left", "", BP_PARAM_INTEGER, 0, 1e6, 0, NULL,
                    "first column of a region that sees no sample"},
    [P_ROI_RIGHT] = {"roi_right", "", BP_PARAM_INTEGER, 0, 1e6, 0, NULL,
                     "column behind its last one: its mean becomes 1 in each projection (0: there is none)"},
    [P_ROI_TOP] = {"roi_top", "", BP_PARAM_INTEGER, 0, 1e6, 0, NULL, "first row of that region"},
    [P_ROI_BOTTOM] = {"roi_bottom", "", BP_PARAM_INTEGER, 0, 1e6, 0, NULL,
                      "row behind its last one (0: that of the detector)"},
};

#define AT_ONCE       16   /* slices */
#define ON_AXIS       2    /* rows of which it is seen what a move of the axis changes */
#define MOST_STEP     0.25 /* pixels that the axis is moved by for that */
#define MOST_BYTES    ((size_t)3 << 30)
#define LEAST_COLUMNS 16
#define LEAST_BESIDE  8 /* columns on either side of the axis */

typedef struct analysis {
    const double *params;
    const bp_science_stack *stack;
    bp_ct_scan scan;
    size_t row_count, *rows;
    bp_ct_row_facts *facts;
    double *sinograms;
    double *centres;             /* found in each row; NAN */
    double centre, centre_sigma; /* 0 when it was given */
    double *changes;             /* of ON_AXIS sinograms, when the axis goes up by a pixel */
} analysis;

static bp_status choose_rows(bp_context *ctx, analysis *a)
{
    size_t all = a->stack->rows, count = (size_t)a->params[P_ROWS], first = 0;
    bool spread = a->params[P_FIRST] < 0;
    if (!spread) {
        first = (size_t)a->params[P_FIRST];
        if (first >= all)
            return bp_fail(ctx, BP_E_USAGE, "first=%zu: the detector has %zu rows", first, all);
    }
    count = count < all - first ? count : all - first;
    a->row_count = count;
    a->rows = malloc(count * sizeof *a->rows);
    a->centres = malloc(count * sizeof *a->centres);
    a->facts = malloc(count * sizeof *a->facts);
    if (!a->rows || !a->centres || !a->facts)
        return bp_fail(ctx, BP_E_MEMORY, "no memory");
    for (size_t i = 0; i < count; i++) {
        a->rows[i] = spread ? (2 * i + 1) * all / (2 * count) : first + i;
        a->centres[i] = NAN;
    }
    return BP_OK;
}

static bp_status read_rows(bp_context *ctx, analysis *a)
{
    size_t values, bytes;
    if (bp_mul_overflows(a->scan.angle_count * a->scan.columns, a->row_count, &values) ||
        bp_mul_overflows(values, sizeof *a->sinograms, &bytes) || bytes > MOST_BYTES)
        return bp_fail(ctx, BP_E_MEMORY, "sinograms of %zu rows do not fit: take fewer rows", a->row_count);
    a->sinograms = malloc(bytes);
    if (!a->sinograms)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for sinograms of %zu rows: take fewer rows",
                       a->row_count);
    return bp_ct_scan_rows(ctx, &a->scan, a->rows, a->row_count, a->sinograms, a->facts);
}

static bp_status remove_rings(bp_context *ctx, analysis *a)
{
    if (a->params[P_RINGS] == 0)
        return BP_OK;
    const bp_stripes stripes = bp_stripes_defaults((bp_stripe_method)(a->params[P_RINGS] - 1));
    for (size_t i = 0; i < a->row_count; i++) {
        double *sinogram = a->sinograms + i * a->scan.angle_count * a->scan.columns;
        if (!bp_stripes_remove(&stripes, sinogram, a->scan.angle_count, a->scan.columns))
            return bp_fail(ctx, BP_E_MEMORY, "no memory to remove rings");
        if (bp_context_cancelled(ctx))
            return bp_fail(ctx, BP_E_INTERRUPTED, "interrupted");
    }
    return BP_OK;
}

/* Bands of detector rows that phase correlation works on: one for each slice, none of them too low for it. */
#define LEAST_BAND 4

static bp_status search_centre(bp_context *ctx, analysis *a)
{
    size_t count = a->row_count, rows = a->stack->rows;
    if (a->params[P_AXIS] == AXIS_PHASE && count * LEAST_BAND > rows)
        count = rows > LEAST_BAND ? rows / LEAST_BAND : 1;
    bp_status status = a->params[P_AXIS] == AXIS_PHASE
                           ? bp_ct_axis_phase(ctx, &a->scan, count, a->centres)
                           : bp_ct_axis_vo(ctx, &a->scan, a->sinograms, count, a->centres);
    double squares = 0, n = (double)count;
    a->centre = 0;
    for (size_t i = 0; i < count; i++)
        a->centre += a->centres[i] / n;
    for (size_t i = 0; i < count; i++)
        squares += (a->centres[i] - a->centre) * (a->centres[i] - a->centre);
    a->centre_sigma = count > 1 ? sqrt(squares / (n * (n - 1))) : 0;
    return status;
}

static bp_status find_centre(bp_context *ctx, analysis *a)
{
    double last = (double)a->scan.columns - 1;
    a->centre = a->params[P_CENTRE];
    bp_status status = a->centre >= 0 ? BP_OK : search_centre(ctx, a);
    if (status == BP_OK && (a->centre < LEAST_BESIDE || a->centre > last - LEAST_BESIDE))
        return bp_fail(ctx, BP_E_USAGE, "centre=%g: the axis has to lie between columns %d and %g", a->centre,
                       LEAST_BESIDE, last - LEAST_BESIDE);
    return status;
}

static bp_status add_map(bp_context *ctx, const analysis *a, size_t row, const bp_ct_results *results,
                         bp_outcomes *outcomes)
{
    return bp_outcomes_add(ctx, outcomes,
                           &(bp_outcome){.name = "slice",
                                         .unit = "1/pixel",
                                         .axis = "pixels of the slice",
                                         .parts = "row",
                                         .part = (double)a->rows[row],
                                         .count = results->side * results->side,
                                         .columns = results->side,
                                         .values = results->slice});
}

/* The axis one pixel up reads the sinogram one column further on. */
static void change_of(const double *sinogram, size_t angles, size_t columns, double *change)
{
    for (size_t a = 0; a < angles; a++, sinogram += columns, change += columns)
        for (size_t k = 0; k < columns; k++)
            change[k] = (sinogram[k + 1 < columns ? k + 1 : k] - sinogram[k ? k - 1 : k]) / 2;
}

/* Row number `which` of ON_AXIS, of the first `count`. */
static size_t row_on_axis(size_t which, size_t count)
{
    return (2 * which + 1) * count / (2 * ON_AXIS);
}

/* Where slices do not follow their sinograms alone: the change per pixel of the axis, from two more of each
 * row. */
static bp_status move_axis(bp_context *ctx, const analysis *a, const bp_ct_method *method, size_t half,
                           const double *const *sinograms, double *changes)
{
    bp_ct_method moved = *method;
    double *back = a->changes, step = fmin(a->centre_sigma, MOST_STEP);
    bp_status status = BP_OK;
    for (int k = 0; k < 2 && status == BP_OK; k++) {
        moved.centre = method->centre + (k ? -step : step);
        status = bp_ct_slices(ctx, &moved, a->scan.angles, a->scan.angle_count, half, 2, ON_AXIS, sinograms,
                              k ? back : changes);
    }
    for (size_t i = 0; i < ON_AXIS * a->scan.columns * a->scan.columns && status == BP_OK; i++)
        changes[i] = (changes[i] - back[i]) / (2 * step);
    return status;
}

/* Both half sets of count slices, and behind them the changes of `beside` of them. */
static bp_status make_halves(bp_context *ctx, const analysis *a, const bp_ct_method *method, size_t first,
                             size_t count, size_t beside, double *const halves[2])
{
    size_t n = a->scan.columns, values = a->scan.angle_count * n;
    bool quick = method->algorithm == BP_CT_FBP || method->algorithm == BP_CT_GRIDREC;
    const double *sinograms[AT_ONCE], *moved[ON_AXIS];
    bp_status status = BP_OK;
    for (size_t i = 0; i < count; i++)
        sinograms[i] = a->sinograms + (first + i) * values;
    for (size_t i = 0; i < beside; i++) {
        moved[i] = sinograms[row_on_axis(i, count)];
        sinograms[count + i] = a->changes + i * values;
        if (quick)
            change_of(moved[i], a->scan.angle_count, n, a->changes + i * values);
    }
    for (size_t half = 0; half < 2 && status == BP_OK; half++) {
        status = bp_ct_slices(ctx, method, a->scan.angles, a->scan.angle_count, half, 2,
                              count + (quick ? beside : 0), sinograms, halves[half]);
        if (status == BP_OK && beside && !quick)
            status = move_axis(ctx, a, method, half, moved, halves[half] + count * n * n);
    }
    return status;
}

/* Rows first ... first + count - 1 of those chosen, and what the axis changes in some of the first ones.
 * slices: twice AT_ONCE. */
static bp_status add_rows(bp_context *ctx, const analysis *a, const bp_ct_method *method, size_t first,
                          size_t count, double *slices, bp_ct_results *results, bp_outcomes *outcomes)
{
    size_t pixels = a->scan.columns * a->scan.columns, beside = first == 0 && a->changes ? ON_AXIS : 0;
    double *other = slices + (count + beside) * pixels, *const halves[2] = {slices, other};
    bp_status status = make_halves(ctx, a, method, first, count, beside, halves);
    if (status == BP_OK)
        status = bp_ct_results_range(ctx, results, slices, count);
    for (size_t i = 0; i < count && status == BP_OK; i++) {
        status = bp_ct_results_row(ctx, results, first + i, slices + i * pixels, other + i * pixels,
                                   a->centres[first + i], &a->facts[first + i]);
        if (status == BP_OK && first + i == a->row_count / 2)
            status = add_map(ctx, a, first + i, results, outcomes);
    }
    for (size_t i = 0; i < beside && status == BP_OK; i++) {
        size_t row = row_on_axis(i, count);
        const double *const from[2] = {slices + row * pixels, other + row * pixels};
        const double *const change[2] = {slices + (count + i) * pixels, other + (count + i) * pixels};
        status = bp_ct_results_axis(ctx, results, from, change);
    }
    return status;
}

static size_t iterations_of(const double *params)
{
    if (params[P_ITERATIONS] > 0)
        return (size_t)params[P_ITERATIONS];
    return params[P_METHOD] == BP_CT_SART ? 2 : 50;
}

static bp_status make_slices(bp_context *ctx, analysis *a, bp_outcomes *outcomes)
{
    size_t n = a->scan.columns, even = (a->scan.angle_count + 1) / 2;
    size_t beside = a->centre_sigma > 0 ? ON_AXIS : 0, most = AT_ONCE - beside;
    size_t at_once = a->row_count < most ? a->row_count : most, room = at_once + beside;
    size_t longest = a->scan.angle_count > n ? a->scan.angle_count : n;
    double reach = fmin(bp_floor_divide(n, 2), fmin(a->centre, (double)n - 1 - a->centre));
    bp_ct_method method = {.algorithm = (bp_ct_algorithm)a->params[P_METHOD],
                           .iterations = iterations_of(a->params),
                           .filter = (bp_fbp_filter)a->params[P_FILTER],
                           .precise = a->params[P_DOUBLE] != 0,
                           .centre = a->centre,
                           .columns = n,
                           .threads = a->stack->threads};
    bp_ct_results results;
    bp_outcomes maps = {0};
    double *slices = malloc(2 * room * n * n * sizeof *slices);
    a->changes = beside ? malloc(beside * longest * n * sizeof *a->changes) : NULL;
    const bp_image_line line = {a->params[P_LINE_ANGLE], a->params[P_LINE_OFFSET],
                                (size_t)a->params[P_LINE_WIDTH]};
    bp_status status =
        bp_ct_results_begin(ctx, n, 0.95 * reach, a->row_count, even, a->scan.angle_count - even, &line,
                            fmin(a->centre_sigma, MOST_STEP), &results);
    if (status == BP_OK && results.samples == 0)
        status = bp_fail(ctx, BP_E_USAGE, "line_offset=%g: the line passes by the disc of %.1f pixels",
                         line.offset, 0.95 * reach);
    if (status == BP_OK && (!slices || (beside && !a->changes)))
        status = bp_fail(ctx, BP_E_MEMORY, "no memory for %zu slices of %zu x %zu", 2 * room, n, n);
    for (size_t i = 0; i < a->row_count && status == BP_OK; i += at_once)
        status = add_rows(ctx, a, &method, i, a->row_count - i < at_once ? a->row_count - i : at_once, slices,
                          &results, &maps);
    if (status == BP_OK)
        status = bp_ct_results_report(ctx, &results, outcomes);
    for (size_t i = 0; i < maps.count && status == BP_OK; i++)
        status = bp_outcomes_add(ctx, outcomes, &maps.items[i]);
    bp_outcomes_fini(&maps);
    bp_ct_results_fini(&results);
    free(slices);
    return status;
}

static bp_status run(bp_context *ctx, const double *params, const bp_science_stack *stack,
                     bp_outcomes *outcomes)
{
    analysis a = {.params = params, .stack = stack};
    const bp_ct_layout layout = {.flats = (size_t)params[P_FLATS],
                                 .darks = (size_t)params[P_DARKS],
                                 .range = params[P_RANGE],
                                 .use = (bp_ct_flats)params[P_FLAT],
                                 .air = (size_t)params[P_AIR],
                                 .even = params[P_EVEN] != 0,
                                 .region = {(size_t)params[P_ROI_LEFT], (size_t)params[P_ROI_RIGHT],
                                            (size_t)params[P_ROI_TOP], (size_t)params[P_ROI_BOTTOM]}};
    bp_status status = BP_OK;
    if (stack->columns < LEAST_COLUMNS)
        status = bp_fail(ctx, BP_E_INPUT, "projections of %zu columns are too narrow", stack->columns);
    if (status == BP_OK)
        status = bp_ct_scan_begin(ctx, stack, &layout, &a.scan);
    if (status == BP_OK)
        status = choose_rows(ctx, &a);
    if (status == BP_OK)
        status = read_rows(ctx, &a);
    if (status == BP_OK)
        status = remove_rings(ctx, &a);
    if (status == BP_OK)
        status = find_centre(ctx, &a);
    if (status == BP_OK)
        status = make_slices(ctx, &a, outcomes);
    free(a.rows);
    free(a.centres);
    free(a.facts);
    free(a.changes);
    free(a.sinograms);
    bp_ct_scan_fini(&a.scan);
    return status;
}

const bp_technique bp_technique_ct = {
    .name = "ct",
    .summary = "parallel-beam tomography: axis, slices, their noise, resolution, edges and phases",
    .source =
        "A. Kak, M. Slaney, Principles of Computerized Tomographic Imaging (1988); N. Vo et al., Optics "
        "Express 22 (2014) 19078; checked against scikit-image and algotom",
    .params = params_of_ct,
    .param_count = P_COUNT,
    .divide = BP_DIVIDE_ROWS,
    .run = run,
};
