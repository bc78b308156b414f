/* SPDX-License-Identifier: BSD-3-Clause
 * distribution: how the values of both stacks are distributed, wherever they stand. Exact up to 2^21
 * different values; beyond that values are gathered in 2^20 bins over their range. */
#include <math.h>
#include <stdlib.h>

#include "algo/runs.h"
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

typedef struct state {
    bp_runs reference, test;
} state;

static bp_status begin(bp_context *ctx, const double *params, const bp_survey *survey, void **out)
{
    (void)params;
    state *s = calloc(1, sizeof *s);
    if (!s)
        return bp_fail(ctx, BP_E_MEMORY, "no memory");
    double low = fmin(survey->reference_min, survey->test_min);
    double high = fmax(survey->reference_max, survey->test_max);
    bp_runs_init(&s->reference, low, high);
    bp_runs_init(&s->test, low, high);
    *out = s;
    return BP_OK;
}

static bp_status add(bp_context *ctx, void *user, const bp_metric_frame *f)
{
    state *s = user;
    size_t pixels = f->rows * f->columns;
    return bp_runs_add(&s->reference, f->reference, f->excluded, pixels) &&
                   bp_runs_add(&s->test, f->test, f->excluded, pixels)
               ? BP_OK
               : bp_fail(ctx, BP_E_MEMORY, "no memory");
}

static bp_status merge(bp_context *ctx, void *user, const void *later)
{
    state *s = user;
    const state *more = later;
    return bp_runs_merge(&s->reference, &more->reference) && bp_runs_merge(&s->test, &more->test)
               ? BP_OK
               : bp_fail(ctx, BP_E_MEMORY, "no memory");
}

static bp_status finish(bp_context *ctx, const void *user, double *values)
{
    (void)ctx;
    const state *s = user;
    for (size_t i = 0; i < Q_COUNT; i++)
        values[i] = NAN;
    if (s->reference.total == 0)
        return BP_OK;
    bp_runs_distance(&s->reference, &s->test, &values[Q_KS], &values[Q_WASSERSTEIN]);
    values[Q_ENTROPY_REFERENCE] = bp_runs_entropy(&s->reference);
    values[Q_ENTROPY_TEST] = bp_runs_entropy(&s->test);
    values[Q_DIFFERENT_REFERENCE] = (double)s->reference.count;
    values[Q_DIFFERENT_TEST] = (double)s->test.count;
    return BP_OK;
}

static void end(void *user)
{
    state *s = user;
    if (!s)
        return;
    bp_runs_fini(&s->reference);
    bp_runs_fini(&s->test);
    free(s);
}

const bp_metric bp_metric_distribution = {
    .name = "distribution",
    .summary = "distance of the two distributions of values, entropies",
    .source = "scipy.stats ks_2samp and wasserstein_distance; scikit-image shannon_entropy",
    .quantities = quantities,
    .quantity_count = Q_COUNT,
    .begin = begin,
    .add = add,
    .merge = merge,
    .finish = finish,
    .end = end,
};
