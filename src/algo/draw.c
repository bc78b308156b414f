/* SPDX-License-Identifier: BSD-3-Clause */
#include "algo/draw.h"

#include <math.h>

#define TWO_PI 6.28318530717958647692
#define FEW    30 /* counts: below, Poisson's distribution is no normal one */

double bp_draw_normal(bp_random *random)
{
    double u = 1 - bp_random_uniform(random), v = bp_random_uniform(random);
    return sqrt(-2 * log(u)) * cos(TWO_PI * v);
}

double bp_draw_counts(bp_random *random, double mean)
{
    if (mean >= FEW)
        return mean + sqrt(mean) * bp_draw_normal(random);
    double u = bp_random_uniform(random), p = exp(-mean), sum = p, k = 0;
    while (u > sum && k < 200) {
        k++;
        p *= mean / k;
        sum += p;
    }
    return k;
}
