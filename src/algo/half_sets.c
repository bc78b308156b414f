/* SPDX-License-Identifier: BSD-3-Clause */
#include "algo/half_sets.h"

#include <math.h>

static bool both(const double *a, const double *b, size_t i)
{
    return isfinite(a[i]) && isfinite(b[i]);
}

static double ratio(double above, double below)
{
    return below > 0 && isfinite(below) && isfinite(above) ? above / below : NAN;
}

void bp_half_sets(const double *a, const double *b, size_t count, double figures[BP_HALF_COUNT])
{
    double n = 0, sum_a = 0, sum_b = 0, apart = 0, apart2 = 0, squares = 0;
    for (size_t i = 0; i < count; i++) {
        if (!both(a, b, i))
            continue;
        n++;
        sum_a += a[i];
        sum_b += b[i];
        apart += fabs(a[i] - b[i]);
        apart2 += (a[i] - b[i]) * (a[i] - b[i]);
        squares += a[i] * a[i];
    }
    double mean_a = sum_a / n, mean_b = sum_b / n, aa = 0, bb = 0, ab = 0;
    for (size_t i = 0; i < count; i++) {
        if (!both(a, b, i))
            continue;
        aa += (a[i] - mean_a) * (a[i] - mean_a);
        bb += (b[i] - mean_b) * (b[i] - mean_b);
        ab += (a[i] - mean_a) * (b[i] - mean_b);
    }
    double cc = n > 1 ? ratio(ab, sqrt(aa * bb)) : NAN;
    figures[BP_HALF_CC] = cc;
    figures[BP_HALF_CC_STAR] = cc >= 0 ? sqrt(2 * cc / (1 + cc)) : NAN;
    figures[BP_HALF_RSPLIT] = ratio(sqrt(2) * apart, sum_a + sum_b);
    figures[BP_HALF_R1] = ratio(apart, sum_a);
    figures[BP_HALF_R2] = sqrt(ratio(apart2, squares));
}

size_t bp_half_shell(const bp_half_data *data, size_t shells, size_t shell)
{
    return shell * data->count / shells;
}

void bp_half_means(const bp_half_data *data, size_t without, double *a, double *b)
{
    for (size_t i = 0; i < data->count; i++) {
        const bp_half_spot *spot = data->spots + data->list[i].first;
        double sums[2] = {0, 0}, spots[2] = {0, 0};
        for (size_t k = 0; k < data->list[i].count; k++)
            if (spot[k].unit != without) {
                sums[spot[k].half] += spot[k].intensity;
                spots[spot[k].half]++;
            }
        a[i] = spots[0] > 0 && spots[1] > 0 ? sums[0] / spots[0] : NAN;
        b[i] = spots[0] > 0 && spots[1] > 0 ? sums[1] / spots[1] : NAN;
    }
}
