/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>

#include "algo/photon_transfer.h"

void bp_transfer_add(bp_transfer_sums *sums, const double *a, const double *b, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        double step = a[i] - b[i];
        if (isnan(step))
            continue;
        sums->pixels++;
        sums->value += (a[i] + b[i]) / 2;
        sums->square += step * step / 2;
    }
}

bool bp_transfer_fit(const bp_transfer_sums *pairs, size_t count, double *gain, double *intercept)
{
    double w = 0, wx = 0, wy = 0, wxx = 0, wxy = 0;
    for (size_t i = 0; i < count; i++) {
        if (!(pairs[i].pixels > 0))
            continue;
        double x = pairs[i].value / pairs[i].pixels, y = pairs[i].square / pairs[i].pixels;
        double weight = 1 / fmax(y, 1) / fmax(y, 1);
        w += weight;
        wx += weight * x;
        wy += weight * y;
        wxx += weight * x * x;
        wxy += weight * x * y;
    }
    double determinant = w * wxx - wx * wx;
    *gain = *intercept = (double)NAN;
    if (!(determinant > 1e-12 * w * wxx))
        return false;
    *gain = (w * wxy - wx * wy) / determinant;
    *intercept = (wy - *gain * wx) / w;
    return true;
}
