/* SPDX-License-Identifier: BSD-3-Clause
 * What a law of quantisation is made of, from sample frames; and what theory says of it there. */
#ifndef BP_ALGO_QUANTISE_PLAN_H
#define BP_ALGO_QUANTISE_PLAN_H

#include "algo/quantiser.h"
#include "beampress/array.h"
#include "beampress/context.h"

/* Parameters of operation 16384, in their order on disk. */
enum {
    BP_QUANTISE_P_LAW,
    BP_QUANTISE_P_STEP,
    BP_QUANTISE_P_OFFSET,
    BP_QUANTISE_P_GAIN,
    BP_QUANTISE_P_NOISE,
    BP_QUANTISE_P_DITHER,
    BP_QUANTISE_P_BOUND,
    BP_QUANTISE_P_SEED,
    BP_QUANTISE_P_COUNT
};

/* The law that these parameters describe. */
void bp_quantise_law(const double *params, bp_quantiser *quantiser);

/* variance = read_noise^2 + gain * (value - offset); NAN: not known. */
typedef struct bp_quantise_noise {
    double gain, read_noise, offset;
    const char *from; /* how the gain was estimated */
} bp_quantise_noise;

#define BP_QUANTISE_PAIRS 8 /* pairs of frames that a sample is made of */

typedef struct bp_quantise_sample bp_quantise_sample;
/* noise: it will be asked for the noise, not only for how large the values are. */
bp_quantise_sample *bp_quantise_sample_new(size_t rows, size_t columns, bp_dtype dtype, bool noise);
void bp_quantise_sample_free(bp_quantise_sample *sample);
/* Takes a frame in; labels has a byte per pixel, not 0 where it is a label. follows: it was taken directly
 * after the last one. */
BP_MUST_CHECK bp_status bp_quantise_sample_add(bp_context *ctx, bp_quantise_sample *sample,
                                               const void *values, const uint8_t *labels, bool follows);

/* Fills what is not known (NAN). False when the gain is not and cannot be told: *why_not. */
bool bp_quantise_noise_fill(bp_quantise_sample *sample, bp_quantise_noise *noise, const char **why_not);

/* Warns (through the log) where theory leaves the added variance q^2 / 12 by more than 2 %, or where the bias
 * is above 0.01 sigma: at the levels of the sample, or, without one, from how many photons on both hold. */
void bp_quantise_warn(bp_context *ctx, double q, const bp_quantise_noise *noise, bool whole,
                      const bp_quantise_sample *sample);

/* Widens low..high by values whose label is 0 and which are finite. */
void bp_quantise_range(bp_dtype dtype, const void *values, const uint8_t *labels, size_t count, double *low,
                       double *high);
/* Whole numbers from 0 to most, cut off there, as dtype (uint8 or uint16). */
void bp_quantise_codes(const bp_quantiser *quantiser, double most, bp_dtype from, const void *values,
                       size_t count, bp_dtype dtype, void *codes);

#endif
