/* SPDX-License-Identifier: BSD-3-Clause
 * Noise realisations: frames as another measurement of the same might have given them, or one of half the
 * dose. To every value comes counting noise of its own size once more, so that the two differ as far as noise
 * goes; of photons every second one is left out, by chance. What that alone does to an answer is the
 * yardstick for any other change. */
#ifndef BP_EXPLORE_REALISATION_H
#define BP_EXPLORE_REALISATION_H

#include "beampress/science.h"

/* variance = intercept + gain * value, in the units of the values. */
typedef struct bp_noise_model {
    bool known;
    double gain, intercept;
    bool whole;       /* values are whole numbers */
    bool photons;     /* they differ from each other as counts of photons do: variance = value */
    double low, high; /* limits of the type, the largest value of an unsigned type being a mark */
    char text[128];   /* where it came from, or why it is not known */
} bp_noise_model;

/* From the frames (at most 16 of them are looked at). Whole values that pass a test of their dispersion are
 * photons; those whose noise cannot be estimated are taken for photons. */
BP_MUST_CHECK bp_status bp_noise_model_of(bp_context *ctx, const bp_science_stack *stack,
                                          bp_noise_model *model);
/* Standard deviation at a value. */
double bp_noise_model_sigma(const bp_noise_model *model, double value);

typedef struct bp_realisation {
    const bp_science_stack *base;
    const bp_noise_model *model;
    uint64_t seed;
    double scale;           /* of half a dose; 0: noise once more */
    bp_science_stack stack; /* the frames with noise; everything else is that of base */
} bp_realisation;

/* base and model must outlive it. The same seed gives the same frames. */
void bp_realisation_init(bp_realisation *realisation, const bp_science_stack *base,
                         const bp_noise_model *model, uint64_t seed);
/* Half the dose, of photons: each is kept with probability 1/2 (binomial thinning, which gives counts of half
 * the mean that are Poisson again). counted: as they would be counted; else doubled, in the units of base. */
void bp_realisation_half(bp_realisation *realisation, const bp_science_stack *base,
                         const bp_noise_model *model, uint64_t seed, bool counted);

#endif
