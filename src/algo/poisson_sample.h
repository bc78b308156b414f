/* SPDX-License-Identifier: BSD-3-Clause
 * Poisson-distributed counts that are the same on every machine. A mean is a whole number of 1/65536 photon;
 * its four digits of base 256 are means of their own, and the sum of independent Poisson counts is a Poisson
 * count of the summed mean. For each digit there is a table of cumulative probabilities in units of 2^-64,
 * which one random 64-bit word inverts. The tables are made of + - * / in a fixed order (p(k+1) = p(k) m /
 * (k+1) away from the mode), so neither libm nor the number of SIMD lanes enters. */
#ifndef BP_ALGO_POISSON_SAMPLE_H
#define BP_ALGO_POISSON_SAMPLE_H

#include "base/random.h"
#include "beampress/context.h"

#define BP_POISSON_ONE 65536u /* a mean of one photon */

typedef struct bp_poisson_sampler bp_poisson_sampler;

/* NULL when there is no memory. */
bp_poisson_sampler *bp_poisson_sampler_new(void);
void bp_poisson_sampler_free(bp_poisson_sampler *sampler);

/* Makes the tables that this mean needs. */
BP_MUST_CHECK bp_status bp_poisson_sampler_prepare(bp_context *ctx, bp_poisson_sampler *sampler,
                                                   uint32_t mean);

/* One count. The mean must have been prepared; from then on any number of threads may ask. */
uint32_t bp_poisson_sample(const bp_poisson_sampler *sampler, uint32_t mean, bp_random *random);

/* No count of this mean is larger: 12 standard deviations and some more for each digit. */
uint32_t bp_poisson_sample_most(const bp_poisson_sampler *sampler, uint32_t mean);

#endif
