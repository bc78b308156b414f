/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BP_ALGO_POISSON_H
#define BP_ALGO_POISSON_H

/* P(K = k) of a Poisson variable of mean lambda >= 0, for whole k (0 for k < 0). */
double bp_poisson_probability(double k, double lambda);
/* P(K <= k), to about 1e-13; k is rounded down. */
double bp_poisson_below(double k, double lambda);

#endif
