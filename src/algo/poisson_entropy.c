/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>

#include "algo/poisson_entropy.h"

/* From here on the series is exact to 1e-12 bits: its next term is of the order of 1/mean^4. */
#define SERIES_FROM 1000.0

/* H = 1/2 log2(2 pi e m) - (1/(12 m) + 1/(24 m^2) + 19/(360 m^3)) / ln 2; R. J. Evans, J. Boersma,
 * N. M. Blachman, A. A. Jagers, SIAM Review 30 (1988) 314. */
static double series(double m)
{
    double leading = 0.5 * log2(2 * M_PI * M_E * m);
    return leading - (1 / (12 * m) + 1 / (24 * m * m) + 19 / (360 * m * m * m)) / M_LN2;
}

double bp_poisson_entropy(double mean)
{
    if (!(mean > 0))
        return 0;
    if (mean >= SERIES_FROM)
        return series(mean);
    /* -sum p ln p over all k that matter: beyond 12 standard deviations p is below 1e-30 */
    double reach = 12 * sqrt(mean) + 30, k = floor(mean - reach), last = mean + reach;
    k = k > 0 ? k : 0;
    int sign;
    double log_mean = log(mean), log_p = k * log_mean - mean - lgamma_r(k + 1, &sign), sum = 0;
    for (; k <= last; k++) {
        sum -= exp(log_p) * log_p;
        log_p += log_mean - log(k + 1);
    }
    return sum / M_LN2;
}
