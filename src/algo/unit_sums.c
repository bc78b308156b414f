/* SPDX-License-Identifier: BSD-3-Clause */
#include "algo/unit_sums.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

bool bp_unit_sums_init(bp_unit_sums *s, size_t units, size_t terms)
{
    *s = (bp_unit_sums){units, terms, calloc(units * terms + 1, sizeof *s->sums)};
    return s->sums != NULL;
}

void bp_unit_sums_fini(bp_unit_sums *s)
{
    free(s->sums);
    *s = (bp_unit_sums){0};
}

double *bp_unit_sums_of(bp_unit_sums *s, size_t unit)
{
    return s->sums + unit * s->terms;
}

size_t bp_unit_of(const bp_unit_sums *s, size_t thing, size_t count)
{
    return (size_t)((uint64_t)thing * s->units / count);
}

void bp_unit_sums_total(const bp_unit_sums *s, size_t without, double *total)
{
    memset(total, 0, s->terms * sizeof *total);
    for (size_t u = 0; u < s->units; u++)
        if (u != without)
            for (size_t t = 0; t < s->terms; t++)
                total[t] += s->sums[u * s->terms + t];
}

/* Density of the values at their middle, from the n^(2/3) of them around it. */
static double density_at_middle(const double *values, size_t count)
{
    double n = (double)count, half = 0.5 * cbrt(n * n);
    double middle = 0.5 * (n - 1), low = floor(middle - half), high = ceil(middle + half);
    low = low > 0 ? low : 0;
    high = high < n - 1 ? high : n - 1;
    double width = values[(size_t)high] - values[(size_t)low];
    return width > 0 ? (high - low) / (n * width) : 0;
}

bool bp_median_without(const double *values, const size_t *unit_of, size_t count, size_t units,
                       double *median, double *without)
{
    *median = NAN;
    for (size_t u = 0; u < units; u++)
        without[u] = NAN;
    if (count == 0)
        return true;
    double middle = 0.5 * (values[(count - 1) / 2] + values[count / 2]);
    double density = count > 1 ? density_at_middle(values, count) : 0;
    double *lean = calloc(2 * units + 1, sizeof *lean), *share = lean ? lean + units : NULL;
    if (!lean)
        return false;
    for (size_t i = 0; i < count; i++) {
        lean[unit_of[i]] += values[i] > middle ? 0.5 : values[i] < middle ? -0.5 : 0;
        share[unit_of[i]]++;
    }
    for (size_t u = 0; u < units; u++) {
        double left = (double)count - share[u];
        if (left > 0)
            without[u] = middle - (density > 0 ? lean[u] / (density * left) : 0);
    }
    free(lean);
    *median = middle;
    return true;
}
