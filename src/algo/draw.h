/* SPDX-License-Identifier: BSD-3-Clause
 * Draws of noise, for repeats of an experiment that are made from its data. Not for what is simulated: see
 * poisson_sample.h, which is exact and the same on every machine. */
#ifndef BP_ALGO_DRAW_H
#define BP_ALGO_DRAW_H

#include "base/random.h"

/* From a normal distribution of mean 0 and standard deviation 1 (G. Box, M. Muller 1958). */
double bp_draw_normal(bp_random *random);

/* A Poisson count of this mean, by adding up probabilities; of 30 and more a normal number. */
double bp_draw_counts(bp_random *random, double mean);

#endif
