/* SPDX-License-Identifier: BSD-3-Clause */
#include "algo/poisson.h"

#include <math.h>

double bp_poisson_probability(double k, double lambda)
{
    if (k < 0)
        return 0;
    if (!(lambda > 0))
        return k < 1 ? 1 : 0;
    return exp(k * log(lambda) - lambda - lgamma(k + 1));
}

/* Upper tail of the gamma integral by Lentz's continued fraction, for lambda > k + 1. */
static double fraction(double k, double lambda)
{
    const double tiny = 1e-300;
    double a = k + 1, b = lambda + 1 - a, c = 1 / tiny, d = 1 / b, h = d;
    for (int i = 1; i < 100000; i++) {
        double step = -i * (i - a);
        b += 2;
        d = step * d + b;
        d = 1 / (fabs(d) < tiny ? tiny : d);
        c = b + step / c;
        c = fabs(c) < tiny ? tiny : c;
        h *= d * c;
        if (fabs(d * c - 1) < 1e-15)
            break;
    }
    return h;
}

double bp_poisson_below(double k, double lambda)
{
    k = floor(k);
    if (k < 0)
        return 0;
    if (!(lambda > 0))
        return 1;
    /* Q(k + 1, lambda), the regularised upper gamma function */
    double scale = exp((k + 1) * log(lambda) - lambda - lgamma(k + 1));
    if (lambda > k + 1)
        return fmin(1, scale * fraction(k, lambda));
    double term = 1 / (k + 1), sum = term;
    for (double a = k + 2; term > sum * 1e-17; a++)
        sum += term *= lambda / a;
    return fmax(0, 1 - scale * sum);
}
