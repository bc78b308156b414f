/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BP_ALGO_POISSON_ENTROPY_H
#define BP_ALGO_POISSON_ENTROPY_H

/* Entropy in bits of a Poisson-distributed count with this mean: no lossless code needs fewer bits per pixel
 * for counts that are independent. 0 for means that are not above 0; relative error below 1e-9. */
double bp_poisson_entropy(double mean);

#endif
