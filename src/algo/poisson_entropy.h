/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BP_ALGO_POISSON_ENTROPY_H
#define BP_ALGO_POISSON_ENTROPY_H

#define BP_POISSON_TERMS 256

/* What many entropies share. */
typedef struct bp_poisson_terms {
    double log_factorial[BP_POISSON_TERMS]; /* ln k! */
    double inverse[BP_POISSON_TERMS];       /* 1 / k; [0] is not used */
} bp_poisson_terms;

void bp_poisson_terms_init(bp_poisson_terms *terms);

/* Entropy in bits of a Poisson-distributed count with this mean: no lossless code needs fewer bits per pixel
 * for counts that are independent. 0 for means that are not above 0; relative error below 1e-9. The same bits
 * on every machine. */
double bp_poisson_entropy_with(const bp_poisson_terms *terms, double mean);
/* The same, for one alone. */
double bp_poisson_entropy(double mean);

#endif
