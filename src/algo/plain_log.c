/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>

#include "algo/plain_log.h"

#define TERMS 13 /* the next one is below 2^-66 of the first */

double bp_plain_log(double x)
{
    int exponent;
    double m = frexp(x, &exponent); /* exact; in [1/2, 1) */
    if (m < 0.70710678118654752) {
        m = 2 * m;
        exponent--;
    }
    /* ln m = 2 artanh((m - 1) / (m + 1)), |t| < 0.172 */
    double t = (m - 1) / (m + 1), t2 = t * t, sum = 0;
    for (int i = TERMS - 1; i > 0; i--)
        sum = (sum + 1.0 / (2 * i + 1)) * t2;
    return exponent * 0.69314718055994531 + (2 * t + 2 * t * sum);
}
