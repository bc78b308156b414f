/* SPDX-License-Identifier: BSD-3-Clause */
#include "science/ct_results.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "algo/edge_profile.h"
#include "algo/jackknife.h"
#include "algo/line_profile.h"
#include "algo/otsu_phases.h"
#include "algo/outcome_units.h"
#include "algo/ring_correlation.h"
#include "algo/ring_crossing.h"
#include "base/checked.h"

#define PI         3.14159265358979323846
#define BINS       4096 /* fine, so that a small change of the values is a small change of the threshold */
#define LEVEL_STEP 0.02 /* of the contrast */
#define SMOOTH     1.5  /* pixels, of the slice in which borders are looked for */
#define NEAR       8    /* samples of a profile to either side whose noise is alike */
#define ON_AXIS    0.75 /* pixels from the axis */

/* The sums of a unit, one behind the other; then rings (product, first, second, pixels), the histogram, the
 * profile in either half set, and the rows that these are of. */
enum {
    S_CENTRE,
    S_CENTRES,
    S_AIR,
    S_AIRS,
    S_NOISE,
    S_NOISES,
    S_PLACES,
    S_EDGE,
    S_RINGS = S_EDGE + BP_EDGE_SAMPLES
};
enum {
    Q_CENTRE,
    Q_AIR,
    Q_NOISE,
    Q_THRESHOLD,
    Q_FRACTION,
    Q_BELOW,
    Q_ABOVE,
    Q_CONTRAST,
    Q_EDGE,
    Q_RESOLUTION,
    Q_COUNT
};

/* Noise is no answer: what may be added to it is the random budget of the answers. */
#define FOLLOWS_NOISE "follows the noise, which has a budget of its own"

static const struct {
    const char *name, *unit;
    const char *not_judged;
} quantities[Q_COUNT] = {
    [Q_CENTRE] = {"centre", "pixels", "is searched in steps of a quarter of a pixel; slices are judged"},
    [Q_AIR] = {"air_transmission", "", NULL},
    [Q_NOISE] = {"slice_noise", "1/pixel", FOLLOWS_NOISE},
    [Q_THRESHOLD] = {"otsu_threshold", "1/pixel",
                     "a step on the way: other thresholds may divide the same phases"},
    [Q_FRACTION] = {"phase_fraction", "", NULL},
    [Q_BELOW] = {"attenuation_below", "1/pixel", NULL},
    [Q_ABOVE] = {"attenuation_above", "1/pixel", NULL},
    [Q_CONTRAST] = {"contrast_to_noise", "", FOLLOWS_NOISE},
    [Q_EDGE] = {"edge_width", "pixels", NULL},
    [Q_RESOLUTION] = {"frc_resolution", "pixels", FOLLOWS_NOISE},
};

bp_status bp_ct_results_begin(bp_context *ctx, size_t side, double radius, size_t rows, size_t first,
                              size_t second, const bp_image_line *line, double step, bp_ct_results *r)
{
    double n = (double)(first + second);
    *r = (bp_ct_results){.side = side, .radius = radius, .rows = rows, .rings = side / 2 + 1, .step = step};
    r->units = rows < BP_JACKKNIFE_BLOCKS ? rows : BP_JACKKNIFE_BLOCKS;
    r->noise_factor = (double)first * (double)second / (n * n);
    r->line = *line;
    r->samples = bp_line_samples(line, radius);
    r->length = S_RINGS + 4 * r->rings + BINS + 2 * r->samples + 1;
    r->sums = calloc(r->units * r->length, sizeof *r->sums);
    r->slice = malloc(side * side * sizeof *r->slice);
    r->moved = calloc(2 * (r->length + side * side), sizeof *r->moved);
    return r->sums && r->slice && r->moved ? BP_OK : bp_fail(ctx, BP_E_MEMORY, "no memory for results");
}

void bp_ct_results_fini(bp_ct_results *r)
{
    free(r->sums);
    free(r->slice);
    free(r->moved);
    *r = (bp_ct_results){0};
}

static double distance(const bp_ct_results *r, size_t i)
{
    double middle = bp_floor_divide(r->side, 2);
    return hypot(bp_floor_divide(i, r->side) - middle, (double)(i % r->side) - middle);
}

/* A histogram over the same bins whose counts are those of the sums. */
static bool histogram_of(const bp_ct_results *r, const double *sums, bp_histogram *h)
{
    if (!bp_histogram_init(h, false, r->least, r->most, BINS))
        return false;
    for (size_t i = 0; sums && i < h->count; i++)
        h->counts[i] = (uint64_t)(sums[S_RINGS + 4 * r->rings + i] + 0.5);
    return true;
}

/* Rings of the two half sets, inside the disc: what stands at its edge would agree in both. */
static bool add_rings(const bp_ct_results *r, const double *first, const double *second, double *sums)
{
    size_t n = r->side * r->side;
    bp_rings rings;
    double *work = malloc((2 * n + 1) * sizeof *work), mean[2] = {0, 0}, inside = 0;
    if (!work || !bp_rings_init(&rings, r->side, r->side)) {
        free(work);
        return false;
    }
    for (size_t i = 0; i < n; i++)
        if (distance(r, i) <= r->radius) {
            mean[0] += first[i];
            mean[1] += second[i];
            inside++;
        }
    for (size_t i = 0; i < n; i++) {
        double d = (r->radius - distance(r, i)) / BP_RINGS_EDGE;
        double w = d >= 1 ? 1 : d > 0 ? 0.5 - 0.5 * cos(PI * d) : 0;
        work[i] = w * (first[i] - mean[0] / inside);
        work[n + i] = w * (second[i] - mean[1] / inside);
    }
    bool made = bp_rings_add(NULL, &rings, work, work + n, 0);
    for (size_t k = 0; made && k < r->rings; k++) {
        sums[S_RINGS + k] += rings.product[k];
        sums[S_RINGS + r->rings + k] += rings.first[k];
        sums[S_RINGS + 2 * r->rings + k] += rings.second[k];
        sums[S_RINGS + 3 * r->rings + k] += rings.pixels[k];
    }
    bp_rings_fini(&rings);
    free(work);
    return made;
}

bp_status bp_ct_results_range(bp_context *ctx, bp_ct_results *r, const double *slices, size_t count)
{
    size_t pixels = r->side * r->side;
    bp_histogram h;
    bp_otsu_phases p;
    if (r->ranged)
        return BP_OK;
    r->least = INFINITY;
    r->most = -INFINITY;
    for (size_t i = 0; i < count * pixels; i++) {
        if (distance(r, i % pixels) > r->radius)
            continue;
        r->least = slices[i] < r->least ? slices[i] : r->least;
        r->most = slices[i] > r->most ? slices[i] : r->most;
    }
    double more = 0.25 * (r->most - r->least); /* for slices that come later */
    r->least -= more;
    r->most += more;
    r->ranged = true;
    if (!histogram_of(r, NULL, &h))
        return bp_fail(ctx, BP_E_MEMORY, "no memory for results");
    for (size_t i = 0; i < count * pixels; i++)
        if (distance(r, i % pixels) <= r->radius)
            bp_histogram_add(&h, slices[i]);
    r->level = bp_otsu_find_phases(&h, &p) ? (p.means[0] + p.means[1]) / 2 : NAN;
    r->level_step = LEVEL_STEP * (p.means[1] - p.means[0]);
    bp_histogram_fini(&h);
    return BP_OK;
}

static double *profile_of(const bp_ct_results *r, double *sums)
{
    return sums + S_RINGS + 4 * r->rings + BINS;
}

/* The share of the first half set in the slice; it is never the smaller one. */
static double share_of_first(const bp_ct_results *r)
{
    return 0.5 + sqrt(fmax(0, 0.25 - r->noise_factor));
}

static bool add_profile(const bp_ct_results *r, const double *first, const double *second, double *sums)
{
    double *profile = profile_of(r, sums), *work = malloc((r->samples + 1) * sizeof *work);
    for (int half = 0; half < 2 && work; half++) {
        bp_line_profile(&r->line, half ? second : first, r->side, r->samples, work);
        for (size_t i = 0; i < r->samples; i++)
            profile[(size_t)half * r->samples + i] += work[i];
    }
    profile[2 * r->samples]++;
    free(work);
    return work != NULL;
}

/* The slice; its histogram, the noise of the difference, borders. */
static bool add_slice(const bp_ct_results *r, const double *first, const double *second, double *sums)
{
    bp_histogram h;
    bp_edge_profile edge = {.places = 0};
    double *counts = sums + S_RINGS + 4 * r->rings, share = share_of_first(r);
    if (!histogram_of(r, NULL, &h))
        return false;
    for (size_t i = 0; i < r->side * r->side; i++)
        r->slice[i] = share * first[i] + (1 - share) * second[i];
    for (size_t i = 0; i < r->side * r->side; i++) {
        if (distance(r, i) > r->radius)
            continue;
        bp_histogram_add(&h, r->slice[i]);
        sums[S_NOISE] += (first[i] - second[i]) * (first[i] - second[i]);
        sums[S_NOISES]++;
    }
    bool made = true;
    if (!isnan(r->level))
        made = bp_edge_profile_add(&edge, r->slice, r->side, r->level, r->radius, SMOOTH);
    for (size_t i = 0; i < h.count; i++)
        counts[i] += (double)h.counts[i];
    for (size_t i = 0; i < BP_EDGE_SAMPLES; i++)
        sums[S_EDGE + i] += edge.sums[i];
    sums[S_PLACES] += edge.places;
    bp_histogram_fini(&h);
    return made;
}

/* Borders at other levels: of two rows, since little depends on it. */
static bool add_levels(bp_ct_results *r, size_t row)
{
    bool made = true;
    if (isnan(r->level) || (row != r->rows / 4 && row != 3 * r->rows / 4))
        return true;
    for (int k = 0; k < 2 && made; k++)
        made = bp_edge_profile_add(&r->levels[k], r->slice, r->side,
                                   r->level + (k ? r->level_step : -r->level_step), r->radius, SMOOTH);
    return made;
}

bp_status bp_ct_results_row(bp_context *ctx, bp_ct_results *r, size_t row, const double *first,
                            const double *second, double centre, const bp_ct_row_facts *facts)
{
    double *sums = r->sums + row * r->units / r->rows * r->length;
    if (!isnan(centre)) {
        sums[S_CENTRE] += centre;
        sums[S_CENTRES]++;
    }
    sums[S_AIR] += facts->air;
    sums[S_AIRS] += facts->air_values;
    r->clipped += facts->clipped;
    r->filled += facts->filled;
    return add_slice(r, first, second, sums) && add_rings(r, first, second, sums) &&
                   add_profile(r, first, second, sums) && add_levels(r, row)
               ? BP_OK
               : bp_fail(ctx, BP_E_MEMORY, "no memory for results");
}

bp_status bp_ct_results_axis(bp_context *ctx, bp_ct_results *r, const double *const slices[2],
                             const double *const changes[2])
{
    size_t pixels = r->side * r->side;
    double *first = r->moved + 2 * r->length, *second = first + pixels;
    for (int back = 0; back < 2; back++) {
        double *sums = r->moved + (back ? 0 : r->length), step = back ? -r->step : r->step;
        for (size_t i = 0; i < pixels; i++) {
            first[i] = slices[0][i] + step * changes[0][i];
            second[i] = slices[1][i] + step * changes[1][i];
        }
        if (!add_slice(r, first, second, sums) || !add_rings(r, first, second, sums))
            return bp_fail(ctx, BP_E_MEMORY, "no memory for results");
    }
    return BP_OK;
}

static void report_phases(const bp_ct_results *r, const double *sums, double *q)
{
    bp_histogram h;
    bp_otsu_phases p;
    if (!histogram_of(r, sums, &h))
        return;
    if (bp_otsu_find_phases(&h, &p)) {
        q[Q_THRESHOLD] = p.threshold;
        q[Q_FRACTION] = p.counts[1] / (p.counts[0] + p.counts[1]);
        q[Q_BELOW] = p.means[0];
        q[Q_ABOVE] = p.means[1];
        if (q[Q_NOISE] > 0)
            q[Q_CONTRAST] = (p.means[1] - p.means[0]) / q[Q_NOISE];
    }
    bp_histogram_fini(&h);
}

/* All numbers, and the correlation of each ring from 1 on, as functions of the sums. near: NULL; or the
 * crossing of much the same rings, which the resolution is then taken from. */
static void evaluate(const bp_ct_results *r, const double *sums, const bp_ring_crossing *near, double *q,
                     double *correlation)
{
    bp_edge_profile edge = {.places = sums[S_PLACES]};
    double *at = (double *)(uintptr_t)(sums + S_RINGS);
    bp_rings rings = {.rows = r->side,
                      .columns = r->side,
                      .count = r->rings,
                      .product = at,
                      .first = at + r->rings,
                      .second = at + 2 * r->rings,
                      .pixels = at + 3 * r->rings};
    for (size_t k = 0; k < Q_COUNT; k++)
        q[k] = NAN;
    if (sums[S_CENTRES] > 0)
        q[Q_CENTRE] = sums[S_CENTRE] / sums[S_CENTRES];
    if (sums[S_AIRS] > 0)
        q[Q_AIR] = sums[S_AIR] / sums[S_AIRS];
    if (sums[S_NOISES] > 0)
        q[Q_NOISE] = sqrt(sums[S_NOISE] / sums[S_NOISES] * r->noise_factor);
    report_phases(r, sums, q);
    memcpy(edge.sums, sums + S_EDGE, sizeof edge.sums);
    bp_edge_profile_width(&edge, &q[Q_EDGE]);
    q[Q_RESOLUTION] = near ? (double)r->side / bp_ring_crossing_moved(near, &rings, BP_RINGS_HALF_BIT)
                           : bp_rings_resolution(&rings, BP_RINGS_HALF_BIT, 0);
    for (size_t k = 1; k < r->rings; k++)
        correlation[k - 1] = bp_rings_correlation(&rings, k);
}

/* values: units x count, one unit left out in each. */
static double sigma_of(const double *values, size_t units, size_t count, size_t k)
{
    double column[BP_JACKKNIFE_BLOCKS];
    for (size_t u = 0; u < units; u++)
        column[u] = values[u * count + k];
    return bp_jackknife_sigma(column, units);
}

static const char *how(const bp_ct_results *r)
{
    if (r->rows > r->units)
        return "jackknife over blocks of detector rows";
    return r->units < 8 ? "jackknife over detector rows, of which there are few: rough"
                        : "jackknife over detector rows";
}

static bp_status report_number(bp_context *ctx, const bp_ct_results *r, size_t k, double value,
                               const double *without, bp_outcomes *outcomes)
{
    double column[BP_JACKKNIFE_BLOCKS], sigma = sigma_of(without, r->units, Q_COUNT, k);
    if (k == Q_THRESHOLD) /* known to a bin at best */
        sigma = fmax(sigma, (r->most - r->least) / BINS / sqrt(12));
    bool known = r->units > 1 && isfinite(sigma) && isfinite(value);
    for (size_t u = 0; u < r->units; u++)
        column[u] = without[u * Q_COUNT + k];
    return bp_outcomes_add(ctx, outcomes,
                           &(bp_outcome){.name = quantities[k].name,
                                         .unit = quantities[k].unit,
                                         .not_judged = quantities[k].not_judged,
                                         .uncertainty = known ? how(r) : NULL,
                                         .count = 1,
                                         .values = &value,
                                         .sigmas = known ? &sigma : NULL,
                                         .unit_count = known ? r->units : 0,
                                         .without = known ? column : NULL});
}

static bp_status report_curve(bp_context *ctx, const bp_ct_results *r, double *correlation, double *without,
                              double *work, bp_outcomes *outcomes)
{
    size_t n = r->rings - 1;
    double *sigmas = work, *at = work + n;
    for (size_t k = 0; k < n; k++) {
        sigmas[k] = sigma_of(without, r->units, n, k);
        at[k] = (double)(k + 1) / (double)r->side;
    }
    bool known = r->units > 1;
    return bp_outcomes_add(ctx, outcomes,
                           &(bp_outcome){.name = "frc",
                                         .unit = "",
                                         .axis = "spatial frequency (1/pixel)",
                                         .uncertainty = known ? how(r) : NULL,
                                         .count = n,
                                         .values = correlation,
                                         .sigmas = known ? sigmas : NULL,
                                         .at = at,
                                         .unit_count = known ? r->units : 0,
                                         .without = known ? without : NULL,
                                         .not_judged = FOLLOWS_NOISE});
}

/* The mean profile of some rows, from the sums over them. */
static void mean_profile(const bp_ct_results *r, double *sums, double *values)
{
    const double *first = profile_of(r, sums), *second = first + r->samples;
    double share = share_of_first(r), rows = first[2 * r->samples];
    for (size_t i = 0; i < r->samples; i++)
        values[i] = (share * first[i] + (1 - share) * second[i]) / rows;
}

/* Of a single row: the noise of the slice near each sample, from the difference of the half sets. On the axis
 * itself it is not known: the errors of the flats add up there, and are the same in both. */
static void noise_of_profile(const bp_ct_results *r, double *sums, double *sigmas)
{
    const double *first = profile_of(r, sums), *second = first + r->samples;
    for (size_t i = 0; i < r->samples; i++) {
        double squares = 0, used = 0;
        for (size_t k = i > NEAR ? i - NEAR : 0; k < r->samples && k <= i + NEAR; k++, used++)
            squares += (first[k] - second[k]) * (first[k] - second[k]);
        double along = (double)i - bp_floor_divide(r->samples, 2);
        sigmas[i] = hypot(along, r->line.offset) < ON_AXIS ? NAN : sqrt(squares / used * r->noise_factor);
    }
}

static bp_status report_profile(bp_context *ctx, const bp_ct_results *r, double *total, bp_outcomes *outcomes)
{
    size_t n = r->samples, units = r->units;
    double *values = malloc(((units + 3) * n + r->length) * sizeof *values);
    if (!values)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for results");
    double *at = values + n, *sigmas = at + n, *without = sigmas + n, *rest = without + units * n;
    mean_profile(r, total, values);
    noise_of_profile(r, total, sigmas);
    for (size_t i = 0; i < n; i++)
        at[i] = (double)i - bp_floor_divide(n, 2);
    for (size_t u = 0; u < units && units > 1; u++) {
        for (size_t i = 0; i < r->length; i++)
            rest[i] = total[i] - r->sums[u * r->length + i];
        mean_profile(r, rest, without + u * n);
    }
    bp_outcome profile = {.name = "line_profile",
                          .unit = "1/pixel",
                          .axis = "along the line (pixels)",
                          .uncertainty = "difference of half sets of projections",
                          .not_judged =
                              "single pixels are mostly noise, which has a budget of its own; phases "
                              "and edges are judged",
                          .count = n,
                          .values = values,
                          .sigmas = sigmas,
                          .at = at};
    bp_status status;
    if (units > 1) {
        profile.uncertainty = how(r);
        profile.unit_count = units;
        profile.without = without;
        status = bp_outcomes_from_units(ctx, outcomes, &profile);
    } else {
        status = bp_outcomes_add(ctx, outcomes, &profile);
    }
    free(values);
    return status;
}

/* What the edge width changes when the level of the borders goes up; 0 where that is not known. */
static double slope_of_level(const bp_ct_results *r)
{
    double low, high;
    bool known = bp_edge_profile_width(&r->levels[0], &low) && bp_edge_profile_width(&r->levels[1], &high);
    return known ? (high - low) / (2 * r->level_step) : 0;
}

/* What changes when the axis goes up by a pixel: Q_COUNT numbers, then the correlation of each ring. */
static void slopes_of(const bp_ct_results *r, const bp_ring_crossing *near, double *slopes, double *work)
{
    size_t count = Q_COUNT + r->rings - 1;
    memset(slopes, 0, count * sizeof *slopes);
    if (!(r->step > 0) || !(r->moved[S_NOISES] > 0))
        return;
    evaluate(r, r->moved, near, work, work + Q_COUNT);
    evaluate(r, r->moved + r->length, near, slopes, slopes + Q_COUNT);
    for (size_t k = 0; k < count; k++) {
        slopes[k] = (slopes[k] - work[k]) / (2 * r->step);
        slopes[k] = isfinite(slopes[k]) ? slopes[k] : 0;
    }
}

/* Everything without one unit. The axis and the level of the borders are the same for all rows: without the
 * unit they lie elsewhere, and what that changes belongs to it. whole: the numbers of all units. */
static void evaluate_rest(const bp_ct_results *r, size_t unit, const double *total, const double *whole,
                          const bp_ring_crossing *near, const double *slopes, double *rest, double *q,
                          double *correlation)
{
    for (size_t i = 0; i < r->length; i++)
        rest[i] = total[i] - r->sums[unit * r->length + i];
    evaluate(r, rest, near, q, correlation);
    double moved = q[Q_CENTRE] - whole[Q_CENTRE];
    for (size_t k = 0; k < Q_COUNT && !isnan(moved); k++)
        q[k] += slopes[k] * moved;
    for (size_t k = 0; k + 1 < r->rings && !isnan(moved); k++)
        correlation[k] += slopes[Q_COUNT + k] * moved;
    q[Q_EDGE] += slope_of_level(r) * (q[Q_BELOW] + q[Q_ABOVE] - whole[Q_BELOW] - whole[Q_ABOVE]) / 2;
}

static bp_ring_crossing crossing_of(const bp_ct_results *r, double *sums)
{
    double *at = sums + S_RINGS;
    const bp_rings rings = {.rows = r->side,
                            .columns = r->side,
                            .count = r->rings,
                            .product = at,
                            .first = at + r->rings,
                            .second = at + 2 * r->rings,
                            .pixels = at + 3 * r->rings};
    return bp_ring_crossing_find(&rings, BP_RINGS_HALF_BIT);
}

bp_status bp_ct_results_report(bp_context *ctx, const bp_ct_results *r, bp_outcomes *outcomes)
{
    size_t n = r->rings - 1;
    double q[Q_COUNT], numbers[BP_JACKKNIFE_BLOCKS * Q_COUNT];
    double *work = calloc(2 * (r->length + Q_COUNT) + (r->units + 5) * n + 1, sizeof *work);
    if (!work)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for results");
    double *total = work, *rest = total + r->length, *correlation = rest + r->length;
    double *curves = correlation + n, *more = curves + r->units * n, *slopes = more + 2 * n;
    for (size_t u = 0; u < r->units; u++)
        for (size_t i = 0; i < r->length; i++)
            total[i] += r->sums[u * r->length + i];
    evaluate(r, total, NULL, q, correlation);
    const bp_ring_crossing near = crossing_of(r, total);
    slopes_of(r, &near, slopes, slopes + Q_COUNT + n);
    for (size_t u = 0; u < r->units; u++)
        evaluate_rest(r, u, total, q, &near, slopes, rest, numbers + u * Q_COUNT, curves + u * n);
    bp_status status = BP_OK;
    for (size_t k = 0; k < Q_COUNT && status == BP_OK; k++)
        if (k != Q_CENTRE || !isnan(q[k]))
            status = report_number(ctx, r, k, q[k], numbers, outcomes);
    if (status == BP_OK)
        status = bp_outcomes_number(ctx, outcomes, "clipped", "values", (double)r->clipped, NAN, NULL);
    if (status == BP_OK)
        status = bp_outcomes_number(ctx, outcomes, "filled", "values", (double)r->filled, NAN, NULL);
    if (status == BP_OK)
        status = report_curve(ctx, r, correlation, curves, more, outcomes);
    if (status == BP_OK && r->samples)
        status = report_profile(ctx, r, total, outcomes);
    free(work);
    return status;
}
