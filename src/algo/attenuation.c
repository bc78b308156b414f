/* SPDX-License-Identifier: BSD-3-Clause */
#include "algo/attenuation.h"

#include <math.h>

#include "algo/plain_log.h"

void bp_transmission(double *values, const double *flat, const double *dark, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        double beam = flat[i] - dark[i];
        values[i] = (values[i] - dark[i]) / (beam > BP_LEAST_BEAM ? beam : BP_LEAST_BEAM);
    }
}

void bp_attenuation(double *transmission, size_t count, uint64_t *clipped)
{
    for (size_t i = 0; i < count; i++) {
        double t = transmission[i];
        if (t < BP_LEAST_TRANSMISSION) {
            t = BP_LEAST_TRANSMISSION;
            ++*clipped;
        }
        transmission[i] = -bp_plain_log(t);
    }
}

bp_status bp_fill_gaps(bp_context *ctx, double *row, size_t count, uint64_t *filled)
{
    size_t last = SIZE_MAX; /* the last finite value */
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(row[i]))
            continue;
        size_t first = last == SIZE_MAX ? 0 : last + 1;
        double left = last == SIZE_MAX ? row[i] : row[last], wide = (double)(i - first + 1);
        for (size_t k = first; k < i; k++)
            row[k] = left + (row[i] - left) * (double)(k - first + 1) / wide;
        *filled += i - first;
        last = i;
    }
    if (last == SIZE_MAX)
        return bp_fail(ctx, BP_E_INPUT,
                       "no pixel of the row can be used: all are masked, not finite or without beam in the "
                       "flat field");
    for (size_t k = last + 1; k < count; k++)
        row[k] = row[last];
    *filled += count - last - 1;
    return BP_OK;
}
