/* SPDX-License-Identifier: BSD-3-Clause
 * The distribution functions are incomplete beta functions, by continued fraction (M. Abramowitz, I. Stegun,
 * Handbook of Mathematical Functions, 26.5); the quantiles come from bisection. */
#include "algo/quantile.h"

#include <math.h>
#include <stdbool.h>

#define TERMS 1000
#define TINY  1e-300

/* Continued fraction of the incomplete beta function, by Lentz's method. */
static double beta_fraction(double a, double b, double x)
{
    double c = 1, d = 1 - (a + b) * x / (a + 1);
    d = 1 / (fabs(d) < TINY ? TINY : d);
    double value = d;
    for (int i = 1; i < TERMS; i++) {
        double m = i, steps[2] = {m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
                                  -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))};
        double before = value;
        for (int k = 0; k < 2; k++) {
            d = 1 + steps[k] * d;
            c = 1 + steps[k] / c;
            d = 1 / (fabs(d) < TINY ? TINY : d);
            c = fabs(c) < TINY ? TINY : c;
            value *= c * d;
        }
        if (fabs(value - before) <= 1e-16 * fabs(value))
            break;
    }
    return value;
}

static double beta_below(double a, double b, double x)
{
    if (x <= 0 || x >= 1)
        return x >= 1;
    double front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x));
    bool left = x < (a + 1) / (a + b + 2);
    return left ? front * beta_fraction(a, b, x) / a : 1 - front * beta_fraction(b, a, 1 - x) / b;
}

double bp_student_above(double freedom, double tail)
{
    double low = 0, high = 1;
    if (!(tail > 0))
        return INFINITY;
    while (beta_below(freedom / 2, 0.5, freedom / (freedom + high * high)) / 2 > tail && high < 1e150)
        high *= 2;
    for (int i = 0; i < 200; i++) {
        double t = (low + high) / 2;
        bool above = beta_below(freedom / 2, 0.5, freedom / (freedom + t * t)) / 2 > tail;
        low = above ? t : low;
        high = above ? high : t;
    }
    return high;
}

double bp_variance_ratio_below(double freedom, double other, double below)
{
    double low = 0, high = 1;
    if (below >= 1)
        return INFINITY;
    for (int i = 0; i < 200; i++) { /* in x = freedom F / (freedom F + other) */
        double x = (low + high) / 2;
        bool under = beta_below(freedom / 2, other / 2, x) < below;
        low = under ? x : low;
        high = under ? high : x;
    }
    return other * high / (freedom * (1 - high));
}
