/* SPDX-License-Identifier: BSD-3-Clause
 * distribution: how the values of both stacks are distributed, wherever they stand. Exact up to 2^21
 * different values; beyond that values are gathered in 2^20 bins over their range. */
#include <math.h>
#include <stdlib.h>

#include "algo/runs.h"
#include "base/pool.h"
#include "beampress/metric.h"

enum {
    Q_KS,
    Q_WASSERSTEIN,
    Q_ENTROPY_REFERENCE,
    Q_ENTROPY_TEST,
    Q_DIFFERENT_REFERENCE,
    Q_DIFFERENT_TEST,
    Q_COUNT
};

static const bp_quantity quantities[Q_COUNT] = {
    [Q_KS] = {"ks_d", "", BP_BETTER_LOWER,
              "largest distance of the two distribution functions (Kolmogorov-Smirnov D)", NULL},
    [Q_WASSERSTEIN] = {"wasserstein", "value", BP_BETTER_LOWER,
                       "area between the two distribution functions (Wasserstein-1)", NULL},
    [Q_ENTROPY_REFERENCE] = {"entropy_reference", "bits", BP_BETTER_NEITHER,
                             "Shannon entropy of the reference's values, without their neighbours", NULL},
    [Q_ENTROPY_TEST] = {"entropy_test", "bits", BP_BETTER_NEITHER, "the same of the test", NULL},
    [Q_DIFFERENT_REFERENCE] =
        {"different_reference", "", BP_BETTER_NEITHER,
         "number of different values in the reference (bins that are not empty when there "
         "are more than 2^21)",
         NULL},
    [Q_DIFFERENT_TEST] = {"different_test", "", BP_BETTER_NEITHER, "the same of the test", NULL},
};

/* Integers of a narrow range are counted, which is much quicker than sorting them. */
#define SPAN_MOST ((size_t)1 << 16)

typedef struct state {
    bp_runs reference, test;
    double low;
    size_t span;      /* values from low on that are counted; 0: sorted instead */
    uint64_t *counts; /* span of the reference, span of the test; twice, for pixels side by side */
} state;

/* Values that can occur, when it pays to count them all in each frame; else 0. */
static size_t span_of(const bp_survey *s)
{
    double span = fmax(s->reference_max, s->test_max) - fmin(s->reference_min, s->test_min) + 1;
    double most = fmin((double)SPAN_MOST, 2 * (double)s->rows * (double)s->columns);
    return s->whole_numbers && s->used && span <= most ? (size_t)span : 0;
}

static bool by_rows(const bp_survey *survey)
{
    return span_of(survey) > 0;
}

static void end(void *user)
{
    state *s = user;
    if (!s)
        return;
    bp_runs_fini(&s->reference);
    bp_runs_fini(&s->test);
    free(s->counts);
    free(s);
}

static bp_status begin(bp_context *ctx, const double *params, const bp_survey *survey, void **out)
{
    (void)params;
    state *s = calloc(1, sizeof *s);
    if (!s)
        return bp_fail(ctx, BP_E_MEMORY, "no memory");
    double high = fmax(survey->reference_max, survey->test_max);
    s->low = fmin(survey->reference_min, survey->test_min);
    bp_runs_init(&s->reference, s->low, high);
    bp_runs_init(&s->test, s->low, high);
    s->span = span_of(survey);
    s->counts = calloc(4 * s->span + 1, sizeof *s->counts);
    if (!s->counts) {
        end(s);
        return bp_fail(ctx, BP_E_MEMORY, "no memory");
    }
    *out = s;
    return BP_OK;
}

/* Neighbours often are the same: two tables, so that one count does not wait for the other. */
static void count_row(const state *s, const double *values, const uint8_t *excluded, size_t n,
                      uint64_t *counts)
{
    const double low = s->low;
    uint64_t *odd = counts + 2 * s->span;
    if (excluded) {
        for (size_t i = 0; i < n; i++)
            if (!excluded[i])
                counts[(size_t)(values[i] - low)]++;
        return;
    }
    for (size_t i = 0; i + 1 < n; i += 2) {
        counts[(size_t)(values[i] - low)]++;
        odd[(size_t)(values[i + 1] - low)]++;
    }
    if (n % 2)
        counts[(size_t)(values[n - 1] - low)]++;
}

typedef struct whole_frame {
    state *s;
    const bp_metric_frame *frame;
} whole_frame;

/* The reference is the first part of the work, the test the second. */
static bp_status add_values(bp_context *ctx, void *user, size_t index)
{
    const whole_frame *w = user;
    const bp_metric_frame *f = w->frame;
    return bp_runs_add(ctx, index ? &w->s->test : &w->s->reference, index ? f->test : f->reference,
                       f->excluded, f->rows * f->columns)
               ? BP_OK
               : bp_fail(ctx, BP_E_MEMORY, "no memory");
}

static bp_status add(bp_context *ctx, void *user, const bp_metric_frame *f)
{
    state *s = user;
    whole_frame whole = {s, f};
    for (size_t r = 0, at = 0; s->span && r < f->rows; r++, at += f->stride) {
        const uint8_t *excluded = f->excluded ? f->excluded + at : NULL;
        count_row(s, f->reference + at, excluded, f->columns, s->counts);
        count_row(s, f->test + at, excluded, f->columns, s->counts + s->span);
    }
    return s->span ? BP_OK : bp_pool_split(ctx, 2, add_values, &whole);
}

static bp_status merge(bp_context *ctx, void *user, const void *later)
{
    state *s = user;
    const state *more = later;
    for (size_t i = 0; i < 4 * s->span; i++)
        s->counts[i] += more->counts[i];
    return bp_runs_merge(&s->reference, &more->reference) && bp_runs_merge(&s->test, &more->test)
               ? BP_OK
               : bp_fail(ctx, BP_E_MEMORY, "no memory");
}

static void put_values(const bp_runs *reference, const bp_runs *test, double *values)
{
    if (reference->total == 0)
        return;
    bp_runs_distance(reference, test, &values[Q_KS], &values[Q_WASSERSTEIN]);
    values[Q_ENTROPY_REFERENCE] = bp_runs_entropy(reference);
    values[Q_ENTROPY_TEST] = bp_runs_entropy(test);
    values[Q_DIFFERENT_REFERENCE] = (double)reference->count;
    values[Q_DIFFERENT_TEST] = (double)test->count;
}

static bp_status finish(bp_context *ctx, const void *user, double *values)
{
    const state *s = user;
    bp_runs both[2];
    bool done = true;
    for (size_t i = 0; i < Q_COUNT; i++)
        values[i] = NAN;
    if (!s->span) {
        put_values(&s->reference, &s->test, values);
        return BP_OK;
    }
    for (size_t i = 0; i < 2; i++) {
        bp_runs_init(&both[i], s->reference.low, s->reference.high);
        for (size_t table = 0; table < 4 && done; table += 2)
            done = bp_runs_add_counts(&both[i], s->low, s->counts + (table + i) * s->span, s->span);
    }
    if (done)
        put_values(&both[0], &both[1], values);
    bp_runs_fini(&both[0]);
    bp_runs_fini(&both[1]);
    return done ? BP_OK : bp_fail(ctx, BP_E_MEMORY, "no memory");
}

const bp_metric bp_metric_distribution = {
    .name = "distribution",
    .summary = "distance of the two distributions of values, entropies",
    .source = "scipy.stats ks_2samp and wasserstein_distance; scikit-image shannon_entropy",
    .quantities = quantities,
    .quantity_count = Q_COUNT,
    .begin = begin,
    .by_rows = by_rows,
    .add = add,
    .merge = merge,
    .finish = finish,
    .end = end,
};
