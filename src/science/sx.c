/* SPDX-License-Identifier: BSD-3-Clause
 * sx: what a shot of serial crystallography is worth before anybody indexes it: peaks, hits, intensities with
 * their sigma, background. Shots are independent of each other: every quantity is computed again without each
 * of them (or, of many shots, without each of 100 groups). */
#include <math.h>
#include <stdlib.h>

#include "algo/outcome_units.h"
#include "science/shot_merge.h"
#include "science/shots.h"

static const char *const finders[] = {"peakfinder8", "peakfinder9", "dispersion", "extended", NULL};

#define SX_PARAM(index, name, unit, kind, min, max, fallback, help)                                          \
    [index] = {name, unit, kind, min, max, fallback, NULL, help}

static const bp_param params_of_sx[P_SX_COUNT] = {
    [P_FINDER] =
        {"finder", "", BP_PARAM_CHOICE, 0, 0, FINDER_PEAKFINDER8, finders,
         "peakfinder8: above the ring's background; peakfinder9: above the border of a window; dispersion, "
         "extended: DIALS' index of dispersion"},
    SX_PARAM(P_THRESHOLD, "threshold", "value", BP_PARAM_REAL, -1e9, 1e9, 800,
             "no pixel at or below it belongs to a peak"),
    SX_PARAM(P_MIN_SNR, "min_snr", "", BP_PARAM_REAL, 0, 1e6, 5,
             "pixels stand out by so many scatters of their ring's background, peaks of their own"),
    SX_PARAM(P_MIN_PIXELS, "min_pixels", "pixels", BP_PARAM_INTEGER, 1, 1e6, 2, "of a peak"),
    SX_PARAM(P_MAX_PIXELS, "max_pixels", "pixels", BP_PARAM_INTEGER, 1, 1e6, 200, "of a peak"),
    SX_PARAM(P_BACKGROUND_RADIUS, "background_radius", "pixels", BP_PARAM_INTEGER, 1, 100, 3,
             "half of the radius that a peak's own background is taken from"),
    SX_PARAM(P_MIN_RADIUS, "min_radius", "pixels", BP_PARAM_REAL, 0, 1e6, 0,
             "from the beam; peaks are farther out"),
    SX_PARAM(P_MAX_RADIUS, "max_radius", "pixels", BP_PARAM_REAL, 0, 1e6, 0,
             "from the beam; peaks are nearer; 0: no limit"),
    SX_PARAM(
        P_CENTRE_X, "centre_x", "pixels", BP_PARAM_REAL, BP_CENTRE_OF_FILE, 1e6, BP_CENTRE_OF_FILE,
        "of the beam, the first pixel reaches from 0 to 1; -1000000: beam_center_x of the file, else the "
        "middle of the frame"),
    SX_PARAM(P_CENTRE_Y, "centre_y", "pixels", BP_PARAM_REAL, BP_CENTRE_OF_FILE, 1e6, BP_CENTRE_OF_FILE,
             "the same along the columns"),
    SX_PARAM(P_MIN_PEAKS, "min_peaks", "peaks", BP_PARAM_INTEGER, 1, 1e6, 15, "of a hit"),
    SX_PARAM(P_INNER, "inner", "pixels", BP_PARAM_INTEGER, 1, 100, 4, "radius that a spot is summed in"),
    SX_PARAM(P_MIDDLE, "middle", "pixels", BP_PARAM_INTEGER, 0, 100, 5, "its background is from here"),
    SX_PARAM(P_OUTER, "outer", "pixels", BP_PARAM_INTEGER, 1, 100, 7, "to here"),
    SX_PARAM(P_GAIN, "gain", "value", BP_PARAM_REAL, 0, 1e9, 1,
             "what a photon adds, for the sigma of a spot"),
    SX_PARAM(P_BACKGROUND_SIGMA, "background_sigma", "", BP_PARAM_REAL, 0, 1e6, 6,
             "dispersion: deviation of the index of dispersion that is no background"),
    SX_PARAM(P_STRONG_SIGMA, "strong_sigma", "", BP_PARAM_REAL, 0, 1e6, 3,
             "dispersion: pixels are above the mean by so many of its square root"),
    SX_PARAM(P_MIN_SIGMA, "min_sigma", "value", BP_PARAM_REAL, 0, 1e9, 11,
             "peakfinder9: of the background at least"),
    SX_PARAM(P_VALID_MIN, "valid_min", "value", BP_PARAM_REAL, -1e300, 1e300, -1e300,
             "smaller values mark pixels that take no part"),
    SX_PARAM(P_DISTANCE, "distance", "pixels", BP_PARAM_REAL, 0, 1000, 2,
             "of two files: peaks this near are the same"),
    SX_PARAM(P_LIST, "list", "", BP_PARAM_SWITCH, 0, 1, 0, "also all peaks, one by one"),
    SX_PARAM(P_PANELS, "panels", "frames", BP_PARAM_INTEGER, 1, 10000, 1,
             "that make a shot, one after the other: panels of the detector, each searched for itself"),
    SX_PARAM(P_MERGE, "merge", "", BP_PARAM_SWITCH, 0, 1, 0,
             "also CC1/2, CC*, Rsplit of half sets of shots, merged by the true indices (simulated shots)"),
    SX_PARAM(P_SHELLS, "shells", "", BP_PARAM_INTEGER, 1, 1000, 10, "of resolution, for merge"),
};

enum { T_SHOTS, T_PEAKS, T_HITS, T_SPOTS, T_INTENSITY, T_COUNT };

#define LIST_COLUMNS 7 /* the last one, the panel, is told when there are several */

typedef struct analysis {
    bp_shots shots;
    bp_unit_sums sums, rings; /* rings: background mean, scatter, shots; for each ring */
    bp_unit_values strength;  /* intensity over sigma of every spot */
    double *peaks;            /* per shot */
    bp_shot_merge merge;
    bp_unit_values list[LIST_COLUMNS];
} analysis;

static const char *const from_shots = "jackknife over shots";

static bool list_spot(analysis *a, size_t frame, const bp_peak *peak, const bp_spot *spot)
{
    size_t shot = frame / a->shots.panels, panel = frame % a->shots.panels;
    const double columns[LIST_COLUMNS] = {(double)shot,        (double)peak->x, (double)peak->y,
                                          (double)peak->total, spot->intensity, spot->sigma,
                                          (double)panel};
    bool done = true;
    for (size_t c = 0; c < LIST_COLUMNS && done && a->shots.params[P_LIST] != 0; c++)
        done = bp_unit_values_add(&a->list[c], columns[c], 0);
    return done;
}

static bool add_frame(analysis *a, size_t frame, size_t unit)
{
    const bp_shots *s = &a->shots;
    double *sums = bp_unit_sums_of(&a->sums, unit), *rings = bp_unit_sums_of(&a->rings, unit);
    double *peaks = &a->peaks[frame / s->panels];
    *peaks += (double)s->peaks.count;
    sums[T_PEAKS] += (double)s->peaks.count;
    if ((frame + 1) % s->panels == 0) {
        sums[T_SHOTS]++;
        sums[T_HITS] += *peaks >= s->params[P_MIN_PEAKS];
    }
    for (size_t i = 0; i < s->peaks.count; i++) {
        bp_spot spot;
        bool summed = bp_shots_sum(s, &s->peaks.items[i], &spot);
        if (summed) {
            sums[T_SPOTS]++;
            sums[T_INTENSITY] += spot.intensity;
        }
        if (!list_spot(a, frame, &s->peaks.items[i], &spot) ||
            (summed && spot.sigma > 0 &&
             !bp_unit_values_add(&a->strength, spot.intensity / spot.sigma, unit)))
            return false;
    }
    for (size_t r = 0; r < bp_peakfinder8_rings(s->finder); r++) {
        double mean, sigma;
        size_t pixels;
        bp_peakfinder8_ring(s->finder, r, &mean, &sigma, &pixels);
        if (pixels) {
            rings[3 * r] += mean;
            rings[3 * r + 1] += sigma;
            rings[3 * r + 2]++;
        }
    }
    return true;
}

static bp_status read_shots(bp_context *ctx, analysis *a)
{
    size_t frames = (size_t)a->shots.stack->frames;
    for (size_t frame = 0; frame < frames; frame++) {
        bp_status status = bp_shots_read(ctx, &a->shots, frame);
        if (status != BP_OK)
            return status;
        size_t unit = bp_unit_of(&a->sums, frame / a->shots.panels, a->shots.count);
        if (!add_frame(a, frame, unit) || !bp_shot_merge_add(&a->merge, &a->shots, frame, unit))
            return bp_fail(ctx, BP_E_MEMORY, "no memory for peaks");
    }
    return BP_OK;
}

/* Of shots that are all hits, or all none, a jackknife knows no more than that: sigma is that of one shot
 * more of either kind (Laplace's rule). */
static bp_status add_certain_hits(bp_context *ctx, const double *total, size_t units, double value,
                                  double *without, bp_outcomes *outcomes)
{
    double share = (total[T_HITS] + 1) / (total[T_SHOTS] + 2);
    double sigma = sqrt(share * (1 - share) / total[T_SHOTS]);
    return bp_outcomes_add(ctx, outcomes,
                           &(bp_outcome){.name = "hit_fraction",
                                         .unit = "",
                                         .uncertainty = "counting, with one hit and one miss more",
                                         .count = 1,
                                         .values = &value,
                                         .sigmas = &sigma,
                                         .unit_count = units,
                                         .without = without});
}

/* Numbers that are one sum over another. */
static bp_status add_ratios(bp_context *ctx, analysis *a, bp_outcomes *outcomes)
{
    static const struct {
        const char *name, *unit;
        int above, below;
    } rows[] = {{"hit_fraction", "", T_HITS, T_SHOTS},
                {"peaks_per_shot", "peaks", T_PEAKS, T_SHOTS},
                {"mean_intensity", "value", T_INTENSITY, T_SPOTS}};
    size_t units = a->sums.units;
    double without[BP_UNITS_MOST], total[T_COUNT];
    bp_status status = BP_OK;
    for (size_t k = 0; k < sizeof rows / sizeof *rows && status == BP_OK; k++) {
        for (size_t u = 0; u < units; u++) {
            bp_unit_sums_total(&a->sums, u, total);
            without[u] = total[rows[k].below] > 0 ? total[rows[k].above] / total[rows[k].below] : NAN;
        }
        bp_unit_sums_total(&a->sums, SIZE_MAX, total);
        double value = total[rows[k].below] > 0 ? total[rows[k].above] / total[rows[k].below] : NAN;
        if (rows[k].above == T_HITS && units > 1 && (value == 0 || value == 1))
            status = add_certain_hits(ctx, total, units, value, without, outcomes);
        else
            status = bp_outcomes_from_units(ctx, outcomes,
                                            &(bp_outcome){.name = rows[k].name,
                                                          .unit = rows[k].unit,
                                                          .uncertainty = from_shots,
                                                          .count = 1,
                                                          .values = &value,
                                                          .unit_count = units,
                                                          .without = without});
    }
    return status;
}

static bp_status add_strength(bp_context *ctx, analysis *a, bp_outcomes *outcomes)
{
    double without[BP_UNITS_MOST], median;
    if (!bp_unit_values_median(&a->strength, a->sums.units, &median, without))
        return bp_fail(ctx, BP_E_MEMORY, "no memory for results");
    return bp_outcomes_from_units(
        ctx, outcomes,
        &(bp_outcome){.name = "median_i_over_sigma",
                      .not_judged = "follows the noise, which has a budget of its own",
                      .unit = "",
                      .uncertainty = from_shots,
                      .count = 1,
                      .values = &median,
                      .unit_count = a->sums.units,
                      .without = without});
}

static bp_status add_peaks(bp_context *ctx, analysis *a, bp_outcomes *outcomes)
{
    static const char *const names[LIST_COLUMNS] = {"peak_shot",      "peak_x",     "peak_y",    "peak_total",
                                                    "peak_intensity", "peak_sigma", "peak_panel"};
    static const char *const units[LIST_COLUMNS] = {"", "pixels", "pixels", "value", "value", "value", ""};
    size_t columns = a->shots.params[P_LIST] == 0 ? 0 : a->shots.panels > 1 ? LIST_COLUMNS : LIST_COLUMNS - 1;
    bp_status status = bp_outcomes_add(
        ctx, outcomes,
        &(bp_outcome){
            .name = "peaks", .unit = "peaks", .axis = "shot", .count = a->shots.count, .values = a->peaks});
    for (size_t c = 0; c < columns && status == BP_OK; c++)
        status = bp_outcomes_add(ctx, outcomes,
                                 &(bp_outcome){.name = names[c],
                                               .unit = units[c],
                                               .axis = "peak",
                                               .count = a->list[c].count,
                                               .values = a->list[c].values});
    return status;
}

static bp_status run(bp_context *ctx, const double *params, const bp_science_stack *stack,
                     bp_outcomes *outcomes)
{
    analysis a = {0};
    bp_status status = bp_shots_init(ctx, &a.shots, params, stack);
    size_t shots = a.shots.count, units = shots > BP_UNITS_MOST ? BP_UNITS_MOST : shots;
    if (status == BP_OK) {
        a.peaks = calloc(shots + 1, sizeof *a.peaks);
        if (!a.peaks || !bp_unit_sums_init(&a.sums, units, T_COUNT) ||
            !bp_unit_sums_init(&a.rings, units, 3 * bp_peakfinder8_rings(a.shots.finder)))
            status = bp_fail(ctx, BP_E_MEMORY, "no memory for %zu shots", shots);
    }
    if (status == BP_OK && params[P_MERGE] != 0)
        status = bp_shot_merge_init(ctx, &a.merge, stack);
    if (status == BP_OK)
        status = read_shots(ctx, &a);
    if (status == BP_OK)
        status = add_ratios(ctx, &a, outcomes);
    if (status == BP_OK)
        status = add_strength(ctx, &a, outcomes);
    if (status == BP_OK)
        status = add_peaks(ctx, &a, outcomes);
    if (status == BP_OK)
        status = bp_ring_means_add(ctx, &a.rings, 0, "background_mean", "value", outcomes);
    if (status == BP_OK)
        outcomes->items[outcomes->count - 1].not_judged = "no answer: intensities have it taken off";
    if (status == BP_OK)
        status = bp_ring_means_add(ctx, &a.rings, 1, "background_sigma", "value", outcomes);
    if (status == BP_OK)
        outcomes->items[outcomes->count - 1].not_judged = "follows the noise, which has a budget of its own";
    if (status == BP_OK && params[P_MERGE] != 0)
        status = bp_shot_merge_report(ctx, &a.merge, units, (size_t)params[P_SHELLS], outcomes);
    for (size_t c = 0; c < LIST_COLUMNS; c++)
        bp_unit_values_fini(&a.list[c]);
    bp_shot_merge_fini(&a.merge);
    bp_unit_values_fini(&a.strength);
    bp_unit_sums_fini(&a.sums);
    bp_unit_sums_fini(&a.rings);
    free(a.peaks);
    bp_shots_fini(&a.shots);
    return status;
}

const bp_technique bp_technique_sx = {
    .name = "sx",
    .summary = "serial crystallography: peaks, hits, intensities, background",
    .source = "A. Barty et al., J. Appl. Cryst. 47 (2014) 1118; checked against CrystFEL, Cheetah and DIALS",
    .params = params_of_sx,
    .param_count = P_SX_COUNT,
    .run = run,
    .compare = bp_sx_compare,
};
