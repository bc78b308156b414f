/* SPDX-License-Identifier: BSD-3-Clause */
#include "algo/outcome_units.h"

#include <math.h>
#include <stdlib.h>

#include "algo/jackknife.h"

bp_status bp_outcomes_from_units(bp_context *ctx, bp_outcomes *outcomes, const bp_outcome *outcome)
{
    bp_outcome copy = *outcome;
    size_t units = copy.unit_count;
    double *work = calloc(copy.count + units + 1, sizeof *work);
    if (!work)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for results");
    double *one = work + copy.count;
    for (size_t i = 0; i < copy.count; i++) {
        for (size_t u = 0; u < units; u++)
            one[u] = copy.without[u * copy.count + i];
        work[i] = bp_jackknife_sigma(one, units);
    }
    bool known = units >= 2 && (copy.axis || !isnan(work[0]));
    copy.sigmas = known ? work : NULL;
    copy.uncertainty = known ? copy.uncertainty : NULL;
    if (units < 2) {
        copy.unit_count = 0;
        copy.without = NULL;
    }
    bp_status status = bp_outcomes_add(ctx, outcomes, &copy);
    free(work);
    return status;
}
