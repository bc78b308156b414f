/* SPDX-License-Identifier: BSD-3-Clause */
#include "algo/snip.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

bool bp_snip(const double *counts, size_t channels, size_t width, double *background)
{
    double *next = malloc((channels + 1) * sizeof *next);
    if (!next)
        return false;
    for (size_t i = 0; i < channels; i++)
        background[i] = log(log(sqrt(fmax(counts[i], 0) + 1) + 1) + 1);
    for (size_t reach = width; reach > 0; reach--) {
        memcpy(next, background, channels * sizeof *next);
        for (size_t i = reach; i + reach < channels; i++)
            next[i] = fmin(background[i], (background[i - reach] + background[i + reach]) / 2);
        memcpy(background, next, channels * sizeof *next);
    }
    free(next);
    for (size_t i = 0; i < channels; i++) {
        double root = exp(exp(background[i]) - 1) - 1;
        background[i] = root * root - 1;
    }
    return true;
}
