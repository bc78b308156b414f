/* SPDX-License-Identifier: BSD-3-Clause */
#include "algo/half_outcomes.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

static const struct {
    const char *name, *of_shells;
} names[BP_HALF_COUNT] = {[BP_HALF_CC] = {"cc_half", "shell_cc_half"},
                          [BP_HALF_CC_STAR] = {"cc_star", "shell_cc_star"},
                          [BP_HALF_RSPLIT] = {"rsplit", "shell_rsplit"},
                          [BP_HALF_R1] = {"r1", "shell_r1"},
                          [BP_HALF_R2] = {"r2", "shell_r2"}};

/* Figures of every shell without a unit, `stride` apart. work: twice as many numbers as reflections. */
static void figures_without(const bp_half_data *data, size_t unit, size_t shells, double *work, double *out,
                            size_t stride)
{
    double *a = work, *b = work + data->count, found[BP_HALF_COUNT];
    bp_half_means(data, unit, a, b);
    for (size_t s = 0; s < shells; s++) {
        size_t first = bp_half_shell(data, shells, s), last = bp_half_shell(data, shells, s + 1);
        bp_half_sets(a + first, b + first, last - first, found);
        for (size_t k = 0; k < BP_HALF_COUNT; k++)
            out[k * stride + s] = found[k];
    }
}

static void mean_places(const bp_half_data *data, size_t shells, double *at)
{
    for (size_t s = 0; s < shells; s++) {
        size_t first = bp_half_shell(data, shells, s), last = bp_half_shell(data, shells, s + 1);
        for (size_t i = first; i < last; i++)
            at[s] += data->list[i].q / (double)(last - first);
    }
}

/* CC* bends so much near 0 that repeats of it overstate: its sigma is that of CC1/2 carried over, as long as
 * that is known to be more than 0. */
static void carry_to_star(const double *cc, size_t shells, const double *sigma, double *carried)
{
    for (size_t s = 0; s < shells; s++) {
        bool known = cc[s] > 2 * sigma[s];
        carried[s] = known ? sigma[s] / (sqrt(2 * cc[s] / (1 + cc[s])) * (1 + cc[s]) * (1 + cc[s])) : NAN;
    }
}

static bp_status add_curve(bp_context *ctx, const bp_outcome *curve, bp_outcomes *outcomes)
{
    bp_outcome copy = *curve;
    bool known = false;
    for (size_t i = 0; i < copy.count; i++) {
        if (!isfinite(copy.values[i]))
            copy.sigmas[i] = NAN;
        known = known || isfinite(copy.sigmas[i]);
    }
    if (!known) {
        copy.sigmas = NULL;
        copy.uncertainty = NULL;
    }
    return bp_outcomes_add(ctx, outcomes, &copy);
}

bp_status bp_half_outcomes(bp_context *ctx, const bp_half_data *data, size_t figures, size_t units,
                           size_t shells, const char *uncertainty, bp_outcomes *outcomes)
{
    bool curve = shells > 0;
    shells = curve ? shells : 1;
    size_t each = (units + 1) * shells, all = BP_HALF_COUNT * each;
    double *values = calloc(all + (BP_HALF_COUNT + 1) * shells + 2 * data->count + 1, sizeof *values);
    if (!values)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for %zu reflections", data->count);
    double *sigmas = values + all, *at = sigmas + BP_HALF_COUNT * shells, *work = at + shells;
    for (size_t u = 0; u <= units; u++) /* the last one: nothing is left out */
        figures_without(data, u < units ? u : SIZE_MAX, shells, work, values + u * shells, each);
    mean_places(data, shells, at);
    bp_status status = BP_OK;
    if (!bp_half_repeat(data, shells, sigmas))
        status = bp_fail(ctx, BP_E_MEMORY, "no memory for %zu reflections", data->count);
    carry_to_star(values + BP_HALF_CC * each + units * shells, shells, sigmas + BP_HALF_CC * shells,
                  sigmas + BP_HALF_CC_STAR * shells);
    for (size_t k = 0; k < figures && status == BP_OK; k++)
        status = add_curve(ctx,
                           &(bp_outcome){.name = curve ? names[k].of_shells : names[k].name,
                                         .unit = "",
                                         .axis = curve ? "1/d" : NULL,
                                         .uncertainty = uncertainty,
                                         .count = shells,
                                         .values = values + k * each + units * shells,
                                         .sigmas = sigmas + k * shells,
                                         .at = curve ? at : NULL,
                                         .unit_count = units >= 2 ? units : 0,
                                         .without = units >= 2 ? values + k * each : NULL},
                           outcomes);
    free(values);
    return status;
}
