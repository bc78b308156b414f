/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>

#include "algo/plain_exp.h"

#define LN2_HIGH 0.693147180369123816490 /* its last 21 bits are 0, so that a product with n is exact */
#define LN2_LOW  1.90821492927058770002e-10
#define TERMS    14 /* of Taylor's series: the next one is below 2^-60 of the first */

double bp_plain_exp(double x)
{
    if (isnan(x))
        return x;
    if (x < -746)
        return 0;
    if (x > 710)
        return (double)INFINITY;
    double n = floor(x / 0.69314718055994531 + 0.5);
    double r = (x - n * LN2_HIGH) - n * LN2_LOW, sum = 1;
    for (int i = TERMS; i > 0; i--)
        sum = 1 + sum * r / i;
    return ldexp(sum, (int)n);
}

void bp_plain_turn(size_t k, size_t n, double *cosine, double *sine)
{
    /* 4k/n = quarters + part/n, |part| <= n/2: the angle within the quarter is exact */
    k %= n;
    size_t quarters = (8 * k + n) / (2 * n);
    double part = (double)(4 * k) - (double)(quarters * n);
    double t = 1.57079632679489662 * (part / (double)n), t2 = t * t, c = 1, s = 1;
    for (int i = 18; i > 0; i -= 2)
        c = 1 - c * t2 / (i * (i - 1));
    for (int i = 17; i > 1; i -= 2)
        s = 1 - s * t2 / (i * (i - 1));
    s *= t;
    switch (quarters % 4) {
    case 0:
        *cosine = c, *sine = s;
        break;
    case 1:
        *cosine = -s, *sine = c;
        break;
    case 2:
        *cosine = -c, *sine = -s;
        break;
    default:
        *cosine = s, *sine = -c;
    }
}

void bp_plain_circle(double angle, double *cosine, double *sine)
{
    /* the nearest of 64 directions, then what is left by Taylor's series */
    double turns = floor(angle / 0.098174770424681038 + 0.5), c, s;
    double r = angle - turns * 0.098174770424681038, r2 = r * r, cr = 1, sr = 1;
    bp_plain_turn((size_t)turns % 64, 64, &c, &s);
    for (int i = 12; i > 0; i -= 2)
        cr = 1 - cr * r2 / (i * (i - 1));
    for (int i = 11; i > 1; i -= 2)
        sr = 1 - sr * r2 / (i * (i - 1));
    sr *= r;
    *cosine = c * cr - s * sr;
    *sine = s * cr + c * sr;
}
