/* SPDX-License-Identifier: BSD-3-Clause
 * noise: errors in units of the counting noise, and the test against the reference as its expected count.
 * sigma^2 = gain * max(x - offset, gain) + read^2 for a reference value x. The quantities chi2 and pit_ks
 * only make sense when the reference is the expected value itself, such as the truth of a simulation. */
#include <math.h>
#include <stdlib.h>

#include "algo/poisson.h"
#include "beampress/metric.h"

#define PIT_BINS 65536

enum { P_GAIN, P_OFFSET, P_READ, P_TRUTH, P_COUNT };

static const bp_param params_of_noise[P_COUNT] = {
    [P_GAIN] = {"gain", "values per photon", BP_PARAM_REAL, 1e-12, 1e12, 1, NULL,
                "value that one photon adds"},
    [P_OFFSET] = {"offset", "value", BP_PARAM_REAL, -1e12, 1e12, 0, NULL, "value without any photon"},
    [P_READ] = {"read", "value", BP_PARAM_REAL, 0, 1e12, 0, NULL,
                "noise without any photon, standard deviation"},
    [P_TRUTH] = {"truth", "", BP_PARAM_SWITCH, 0, 1, 0, NULL,
                 "the reference is the expected value of each pixel: chi2 and pit_ks are computed too"},
};

enum { Q_RMS, Q_MAX, Q_MEAN, Q_CHI2, Q_PIT, Q_SUM_RATIO, Q_ZEROS, Q_COUNT };

static const bp_quantity quantities[Q_COUNT] = {
    [Q_RMS] = {"residual_rms", "sigma", BP_BETTER_LOWER,
               "root mean square of error / sigma; q / sqrt(12) after rounding to steps of q sigma", NULL},
    [Q_MAX] = {"residual_max", "sigma", BP_BETTER_LOWER, "largest |error| / sigma", NULL},
    [Q_MEAN] = {"residual_mean", "sigma", BP_BETTER_ZERO, "mean error / sigma", NULL},
    [Q_CHI2] = {"chi2", "", BP_BETTER_NEITHER,
                "mean (test - reference)^2 / variance expected at the reference: 1 when the reference is the "
                "expected value and nothing was lost",
                NULL},
    [Q_PIT] =
        {"pit_ks", "", BP_BETTER_NEITHER,
         "distance of the test from Poisson counts whose mean is the reference (Kolmogorov-Smirnov of the "
         "randomised probability integral transform)",
         NULL},
    [Q_SUM_RATIO] = {"sum_ratio", "", BP_BETTER_NEITHER, "sum of the test / sum of the reference", NULL},
    [Q_ZEROS] = {"zeros_agree", "", BP_BETTER_HIGHER, "share of pixels that are zero in both or in none",
                 NULL},
};

typedef struct state {
    double gain, offset, read;
    bool truth;
    double squares, mean, largest, chi2, chi2_count, count;
    double reference_sum, test_sum, zeros_agree;
    uint64_t *pit; /* counts of PIT_BINS */
    double pit_count;
} state;

static void end(void *user)
{
    state *s = user;
    if (s)
        free(s->pit);
    free(s);
}

static bp_status begin(bp_context *ctx, const double *params, const bp_survey *survey, void **out)
{
    (void)survey;
    state *s = calloc(1, sizeof *s);
    if (s) {
        s->gain = params[P_GAIN];
        s->offset = params[P_OFFSET];
        s->read = params[P_READ];
        s->truth = params[P_TRUTH] != 0;
        s->pit = calloc(PIT_BINS, sizeof *s->pit);
    }
    if (!s || !s->pit) {
        end(s);
        return bp_fail(ctx, BP_E_MEMORY, "no memory");
    }
    *out = s;
    return BP_OK;
}

/* A number in [0, 1) that depends on the pixel only (SplitMix64 of its place). */
static double random_at(uint64_t place)
{
    uint64_t z = (place + 1) * UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (double)((z ^ z >> 31) >> 11) / 9007199254740992.0;
}

static void add_pit(state *s, double photons, double expected, uint64_t place)
{
    double below = bp_poisson_below(photons - 1, expected);
    double u = below + random_at(place) * bp_poisson_probability(floor(photons), expected);
    double bin = u * PIT_BINS;
    s->pit[bin < 0 ? 0 : bin >= PIT_BINS ? PIT_BINS - 1 : (size_t)bin]++;
    s->pit_count++;
}

static bp_status add(bp_context *ctx, void *user, const bp_metric_frame *f)
{
    (void)ctx;
    state *s = user;
    size_t n = f->rows * f->columns;
    for (size_t i = 0; i < n; i++) {
        if (f->excluded && f->excluded[i])
            continue;
        double x = f->reference[i], y = f->test[i], d = y - x, photons = (x - s->offset) / s->gain;
        double variance = s->gain * s->gain * (photons > 1 ? photons : 1) + s->read * s->read,
               r = d / sqrt(variance);
        double expected = s->gain * s->gain * photons + s->read * s->read;
        s->squares += r * r;
        s->mean += r;
        s->largest = fabs(r) > s->largest ? fabs(r) : s->largest;
        s->count++;
        s->reference_sum += x;
        s->test_sum += y;
        s->zeros_agree += (x == 0) == (y == 0) ? 1 : 0;
        if (s->truth && photons > 0 && expected > 0) {
            s->chi2 += d * d / expected;
            s->chi2_count++;
            add_pit(s, (y - s->offset) / s->gain, photons, f->index * n + i);
        }
    }
    return BP_OK;
}

static bp_status merge(bp_context *ctx, void *user, const void *later)
{
    (void)ctx;
    state *s = user;
    const state *more = later;
    s->squares += more->squares;
    s->mean += more->mean;
    s->largest = fmax(s->largest, more->largest);
    s->chi2 += more->chi2;
    s->chi2_count += more->chi2_count;
    s->count += more->count;
    s->reference_sum += more->reference_sum;
    s->test_sum += more->test_sum;
    s->zeros_agree += more->zeros_agree;
    for (size_t i = 0; i < PIT_BINS; i++)
        s->pit[i] += more->pit[i];
    s->pit_count += more->pit_count;
    return BP_OK;
}

static double pit_distance(const state *s)
{
    double sum = 0, largest = 0;
    for (size_t i = 0; i < PIT_BINS; i++) {
        sum += (double)s->pit[i];
        largest = fmax(largest, fabs(sum / s->pit_count - (double)(i + 1) / PIT_BINS));
    }
    return largest;
}

static bp_status finish(bp_context *ctx, const void *user, double *values)
{
    (void)ctx;
    const state *s = user;
    bool any = s->count > 0;
    values[Q_RMS] = any ? sqrt(s->squares / s->count) : NAN;
    values[Q_MAX] = any ? s->largest : NAN;
    values[Q_MEAN] = any ? s->mean / s->count : NAN;
    values[Q_CHI2] = s->chi2_count > 0 ? s->chi2 / s->chi2_count : NAN;
    values[Q_PIT] = s->pit_count > 0 && s->read == 0 ? pit_distance(s) : NAN;
    values[Q_SUM_RATIO] = s->reference_sum != 0 ? s->test_sum / s->reference_sum : NAN;
    values[Q_ZEROS] = any ? s->zeros_agree / s->count : NAN;
    return BP_OK;
}

const bp_metric bp_metric_noise = {
    .name = "noise",
    .summary = "errors in units of the counting noise",
    .source = "W. Pence, R. Seaman, R. White, Publ. Astron. Soc. Pacific 121 (2009) 414; A. Brockwell, Stat. "
              "Probab. Lett. 77 (2007) 1473 (randomised transform)",
    .quantities = quantities,
    .quantity_count = Q_COUNT,
    .params = params_of_noise,
    .param_count = P_COUNT,
    .begin = begin,
    .add = add,
    .merge = merge,
    .finish = finish,
    .end = end,
};
