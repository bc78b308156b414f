/* SPDX-License-Identifier: BSD-3-Clause
 * Two versions of the same shots: are the peaks still there, and their intensities? Spots are summed where
 * the reference has its peaks. */
#include <math.h>
#include <stdlib.h>

#include "algo/jackknife.h"
#include "algo/outcome_units.h"
#include "algo/peak_pairs.h"
#include "science/shots.h"

enum {
    T_SHOTS,
    T_HITS, /* of the reference */
    T_HITS_LOST,
    T_HITS_FALSE,
    T_PEAKS, /* of the reference */
    T_FOUND,
    T_TEST_PEAKS,
    T_TRUE,
    T_SUMMED, /* spots of the reference */
    T_PAIRS,
    T_A,
    T_B,
    T_AA,
    T_BB,
    T_AB,
    T_ABS,   /* |a - b| */
    T_KNOWN, /* pairs whose sigma is not 0 */
    T_SHIFT, /* (b - a) / sigma_a */
    T_SQUARE,
    T_COUNT
};

typedef struct pairs {
    bp_shots a, b;
    bp_unit_sums sums, rings; /* rings: difference of background means, ratio of scatters, shots */
    bp_unit_values strength_a, strength_b;
    double peaks_a, peaks_b; /* of the panels of the shot so far */
} pairs;

static bool add_spots(pairs *p, double *t, size_t unit)
{
    for (size_t i = 0; i < p->a.peaks.count; i++) {
        bp_spot a, b;
        if (!bp_shots_sum(&p->a, &p->a.peaks.items[i], &a))
            continue;
        t[T_SUMMED]++;
        if (!bp_shots_sum(&p->b, &p->a.peaks.items[i], &b))
            continue;
        t[T_PAIRS]++;
        t[T_A] += a.intensity;
        t[T_B] += b.intensity;
        t[T_AA] += a.intensity * a.intensity;
        t[T_BB] += b.intensity * b.intensity;
        t[T_AB] += a.intensity * b.intensity;
        t[T_ABS] += fabs(a.intensity - b.intensity);
        if (a.sigma > 0) {
            double shift = (b.intensity - a.intensity) / a.sigma;
            t[T_KNOWN]++;
            t[T_SHIFT] += shift;
            t[T_SQUARE] += shift * shift;
        }
        if (a.sigma > 0 && b.sigma > 0 &&
            (!bp_unit_values_add(&p->strength_a, a.intensity / a.sigma, unit) ||
             !bp_unit_values_add(&p->strength_b, b.intensity / b.sigma, unit)))
            return false;
    }
    return true;
}

static void add_hit(pairs *p, double *t)
{
    double least = p->a.params[P_MIN_PEAKS];
    bool hit = p->peaks_a >= least, still = p->peaks_b >= least;
    t[T_SHOTS]++;
    t[T_HITS] += hit;
    t[T_HITS_LOST] += hit && !still;
    t[T_HITS_FALSE] += !hit && still;
    p->peaks_a = p->peaks_b = 0;
}

static bool add_frame(pairs *p, size_t frame, size_t unit)
{
    double *t = bp_unit_sums_of(&p->sums, unit), *rings = bp_unit_sums_of(&p->rings, unit);
    const bp_peaks *a = &p->a.peaks, *b = &p->b.peaks;
    double distance = p->a.params[P_DISTANCE];
    p->peaks_a += (double)a->count;
    p->peaks_b += (double)b->count;
    if ((frame + 1) % p->a.panels == 0)
        add_hit(p, t);
    t[T_PEAKS] += (double)a->count;
    t[T_FOUND] += (double)bp_peaks_near(a, b, distance);
    t[T_TEST_PEAKS] += (double)b->count;
    t[T_TRUE] += (double)bp_peaks_near(b, a, distance);
    for (size_t r = 0; r < bp_peakfinder8_rings(p->a.finder); r++) {
        double mean_a, mean_b, sigma_a, sigma_b;
        size_t pixels_a, pixels_b;
        bp_peakfinder8_ring(p->a.finder, r, &mean_a, &sigma_a, &pixels_a);
        bp_peakfinder8_ring(p->b.finder, r, &mean_b, &sigma_b, &pixels_b);
        if (pixels_a && pixels_b && sigma_a > 0) {
            rings[3 * r] += (mean_b - mean_a) / sigma_a;
            rings[3 * r + 1] += sigma_b / sigma_a;
            rings[3 * r + 2]++;
        }
    }
    return add_spots(p, t, unit);
}

static bp_status read_shots(bp_context *ctx, pairs *p)
{
    size_t frames = (size_t)p->a.stack->frames;
    for (size_t frame = 0; frame < frames; frame++) {
        bp_status status = bp_shots_read(ctx, &p->a, frame);
        if (status == BP_OK)
            status = bp_shots_read(ctx, &p->b, frame);
        if (status != BP_OK)
            return status;
        if (!add_frame(p, frame, bp_unit_of(&p->sums, frame / p->a.panels, p->a.count)))
            return bp_fail(ctx, BP_E_MEMORY, "no memory for peaks");
    }
    return BP_OK;
}

static double ratio(double above, double below)
{
    return below > 0 ? above / below : NAN;
}

static double correlation(const double *t)
{
    double n = t[T_PAIRS], a = t[T_AA] - t[T_A] * t[T_A] / n, b = t[T_BB] - t[T_B] * t[T_B] / n;
    return n > 1 && a > 0 && b > 0 ? (t[T_AB] - t[T_A] * t[T_B] / n) / sqrt(a * b) : NAN;
}

typedef enum score {
    RECALL,
    PRECISION,
    HITS_LOST,
    HITS_FALSE,
    SPOTS_LOST,
    CORRELATION,
    R_FACTOR,
    INTENSITY_RATIO,
    BIAS,
    RMS,
    SCORE_COUNT
} score;

static const struct {
    const char *name, *unit;
} scores[SCORE_COUNT] = {
    [RECALL] = {"peak_recall", ""},       [PRECISION] = {"peak_precision", ""},
    [HITS_LOST] = {"hits_lost", ""},      [HITS_FALSE] = {"hits_false", ""},
    [SPOTS_LOST] = {"spots_lost", ""},    [CORRELATION] = {"intensity_correlation", ""},
    [R_FACTOR] = {"intensity_r", ""},     [INTENSITY_RATIO] = {"intensity_ratio", ""},
    [BIAS] = {"intensity_bias", "sigma"}, [RMS] = {"intensity_rms", "sigma"},
};

static double score_of(score which, const double *t)
{
    switch (which) {
    case RECALL:
        return ratio(t[T_FOUND], t[T_PEAKS]);
    case PRECISION:
        return ratio(t[T_TRUE], t[T_TEST_PEAKS]);
    case HITS_LOST:
        return ratio(t[T_HITS_LOST], t[T_HITS]);
    case HITS_FALSE:
        return ratio(t[T_HITS_FALSE], t[T_SHOTS] - t[T_HITS]);
    case SPOTS_LOST:
        return ratio(t[T_SUMMED] - t[T_PAIRS], t[T_SUMMED]);
    case CORRELATION:
        return correlation(t);
    case R_FACTOR:
        return ratio(sqrt(2) * t[T_ABS], t[T_A] + t[T_B]);
    case INTENSITY_RATIO:
        return ratio(t[T_B], t[T_A]);
    case BIAS:
        return ratio(t[T_SHIFT], t[T_KNOWN]);
    default:
        return sqrt(ratio(t[T_SQUARE], t[T_KNOWN]));
    }
}

static bp_status add_number(bp_context *ctx, const pairs *p, bp_outcomes *outcomes, const char *name,
                            const char *unit, double value, double *without)
{
    return bp_outcomes_from_units(ctx, outcomes,
                                  &(bp_outcome){.name = name,
                                                .unit = unit,
                                                .uncertainty = "jackknife over shots",
                                                .count = 1,
                                                .values = &value,
                                                .unit_count = p->sums.units,
                                                .without = without});
}

/* A correlation near 1 is skewed, and Fisher's z = atanh(r) is not: sigma is that of z, carried back. */
static bp_status add_correlation(bp_context *ctx, const pairs *p, bp_outcomes *outcomes, double value,
                                 double *without)
{
    double z[BP_UNITS_MOST];
    size_t units = p->sums.units;
    for (size_t u = 0; u < units; u++)
        z[u] = atanh(without[u]);
    double sigma = bp_jackknife_sigma(z, units) * (1 - value * value);
    if (!isfinite(sigma)) /* all the same, or nothing to compare */
        return add_number(ctx, p, outcomes, scores[CORRELATION].name, "", value, without);
    return bp_outcomes_add(ctx, outcomes,
                           &(bp_outcome){.name = scores[CORRELATION].name,
                                         .unit = "",
                                         .uncertainty = "jackknife over shots, of Fisher's z",
                                         .count = 1,
                                         .values = &value,
                                         .sigmas = &sigma,
                                         .unit_count = units,
                                         .without = without});
}

static bp_status add_scores(bp_context *ctx, pairs *p, bp_outcomes *outcomes)
{
    double total[T_COUNT], without[BP_UNITS_MOST], other[BP_UNITS_MOST], a, b;
    bp_status status = BP_OK;
    for (int k = 0; k < SCORE_COUNT && status == BP_OK; k++) {
        for (size_t u = 0; u < p->sums.units; u++) {
            bp_unit_sums_total(&p->sums, u, total);
            without[u] = score_of((score)k, total);
        }
        bp_unit_sums_total(&p->sums, SIZE_MAX, total);
        double value = score_of((score)k, total);
        status = k == CORRELATION
                     ? add_correlation(ctx, p, outcomes, value, without)
                     : add_number(ctx, p, outcomes, scores[k].name, scores[k].unit, value, without);
    }
    if (status == BP_OK && (!bp_unit_values_median(&p->strength_a, p->sums.units, &a, without) ||
                            !bp_unit_values_median(&p->strength_b, p->sums.units, &b, other)))
        status = bp_fail(ctx, BP_E_MEMORY, "no memory for results");
    if (status != BP_OK)
        return status;
    for (size_t u = 0; u < p->sums.units; u++)
        without[u] = ratio(other[u], without[u]);
    return add_number(ctx, p, outcomes, "i_over_sigma_ratio", "", ratio(b, a), without);
}

bp_status bp_sx_compare(bp_context *ctx, const double *params, const bp_science_stack *reference,
                        const bp_science_stack *test, bp_outcomes *outcomes)
{
    static const char *const names[] = {"background_shift", "background_sigma_ratio"};
    static const char *const units_of[] = {"sigma", ""};
    pairs p = {0};
    bp_status status = bp_shots_init(ctx, &p.a, params, reference);
    size_t shots = p.a.count, units = shots > BP_UNITS_MOST ? BP_UNITS_MOST : shots;
    if (status == BP_OK)
        status = bp_shots_init(ctx, &p.b, params, test);
    if (status == BP_OK && (!bp_unit_sums_init(&p.sums, units, T_COUNT) ||
                            !bp_unit_sums_init(&p.rings, units, 3 * bp_peakfinder8_rings(p.a.finder))))
        status = bp_fail(ctx, BP_E_MEMORY, "no memory for %zu shots", shots);
    if (status == BP_OK)
        status = read_shots(ctx, &p);
    if (status == BP_OK)
        status = add_scores(ctx, &p, outcomes);
    for (size_t k = 0; k < 2 && status == BP_OK; k++)
        status = bp_ring_means_add(ctx, &p.rings, k, names[k], units_of[k], outcomes);
    bp_unit_values_fini(&p.strength_a);
    bp_unit_values_fini(&p.strength_b);
    bp_unit_sums_fini(&p.sums);
    bp_unit_sums_fini(&p.rings);
    bp_shots_fini(&p.a);
    bp_shots_fini(&p.b);
    return status;
}
