/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>

#include "algo/plain_log.h"
#include "algo/poisson_entropy.h"

/* From here on the series is exact to 2e-12 bits: its next term is of the order of 1/mean^6. */
#define SERIES_FROM 100.0

#define LN_2      0.69314718055994531
#define LN_2_PI_E 2.8378770664093455

void bp_poisson_terms_init(bp_poisson_terms *terms)
{
    terms->log_factorial[0] = 0;
    terms->inverse[0] = 0;
    for (int k = 1; k < BP_POISSON_TERMS; k++) {
        terms->log_factorial[k] = terms->log_factorial[k - 1] + bp_plain_log(k);
        terms->inverse[k] = 1.0 / k;
    }
}

/* H = (ln(2 pi e m) / 2 - 1/(12 m) - 1/(24 m^2) - 19/(360 m^3) - 9/(80 m^4) - 863/(2520 m^5)) / ln 2;
 * R. J. Evans, J. Boersma, N. M. Blachman, A. A. Jagers, SIAM Review 30 (1988) 314. The last two terms were
 * checked against sums in multiple precision. */
static double series(double m)
{
    double i = 1 / m;
    double rest = i * (1.0 / 12 + i * (1.0 / 24 + i * (19.0 / 360 + i * (9.0 / 80 + i * (863.0 / 2520)))));
    return (0.5 * (LN_2_PI_E + bp_plain_log(m)) - rest) / LN_2;
}

/* H ln 2 = m (1 - ln m) + E[ln k!]; beyond 12 standard deviations a probability is below 1e-30. */
double bp_poisson_entropy_with(const bp_poisson_terms *terms, double mean)
{
    if (!(mean > 0))
        return 0;
    if (mean >= SERIES_FROM)
        return series(mean);
    int last = (int)(mean + 12 * sqrt(mean) + 30);
    double weight = 1, whole = 1, sum = 0; /* weight: p(k) / p(0) */
    for (int k = 1; k <= last; k++) {
        weight = weight * mean * terms->inverse[k];
        whole += weight;
        sum += weight * terms->log_factorial[k];
    }
    return (mean * (1 - bp_plain_log(mean)) + sum / whole) / LN_2;
}

double bp_poisson_entropy(double mean)
{
    bp_poisson_terms terms;
    if (mean >= SERIES_FROM)
        return series(mean);
    bp_poisson_terms_init(&terms);
    return bp_poisson_entropy_with(&terms, mean);
}
