/* SPDX-License-Identifier: BSD-3-Clause */
#include "algo/jackknife.h"

#include <math.h>

static double squares_about_mean(const double *values, size_t count)
{
    double mean = 0, sum = 0;
    for (size_t i = 0; i < count; i++)
        mean += values[i];
    mean /= (double)count;
    for (size_t i = 0; i < count; i++)
        sum += (values[i] - mean) * (values[i] - mean);
    return sum;
}

double bp_jackknife_sigma(const double *without, size_t count)
{
    if (count < 2)
        return NAN;
    double n = (double)count, sum = squares_about_mean(without, count);
    return isfinite(sum) ? sqrt((n - 1) / n * sum) : NAN;
}

double bp_sum_sigma(const double *blocks, size_t count)
{
    if (count < 2)
        return NAN;
    double n = (double)count, sum = squares_about_mean(blocks, count);
    return isfinite(sum) ? sqrt(n / (n - 1) * sum) : NAN;
}
