/* SPDX-License-Identifier: BSD-3-Clause */
#include "explore/truth.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Truths that are called otherwise than the results. */
static const struct {
    const char *outcome, *truth;
} names[] = {{"guinier_radius", "radius_of_gyration"}, {"guinier_intensity", "forward_intensity"}};

bp_status bp_truth_find(bp_context *ctx, const bp_science_stack *stack, const bp_outcome *outcome,
                        double **truth)
{
    char path[160];
    const char *name = outcome->name;
    size_t count = 0;
    double *values = NULL;
    *truth = NULL;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i].outcome, name) == 0)
            name = names[i].truth;
    if (!outcome->sigmas || outcome->not_judged || outcome->parts)
        return BP_OK;
    snprintf(path, sizeof path, "/entry/truth/%s", name);
    if (stack->side(ctx, stack->user, path, &values, &count) != BP_OK || !values)
        return BP_OK; /* measured data know no truth */
    if (count != outcome->count && count != 1) {
        free(values);
        return BP_OK;
    }
    *truth = malloc((outcome->count + 1) * sizeof **truth);
    for (size_t i = 0; *truth && i < outcome->count; i++)
        (*truth)[i] = values[count == 1 ? 0 : i];
    free(values);
    return *truth ? BP_OK : bp_fail(ctx, BP_E_MEMORY, "no memory");
}

double bp_truth_distance(const double *truth, const bp_outcome *reference, const double *values)
{
    double sum = 0;
    size_t count = 0;
    for (size_t i = 0; i < reference->count; i++) {
        double d = (values[i] - truth[i]) / reference->sigmas[i];
        if (isfinite(d)) {
            sum += d * d;
            count++;
        }
    }
    return count ? sqrt(sum / (double)count) : (double)NAN;
}
