/* SPDX-License-Identifier: BSD-3-Clause
 * Laws of quantisation: a value x becomes rint(t(x)), and comes back as the value that belongs to that whole
 * number. Everything here reaches bytes: + - x / and sqrt in a fixed order, no other function of libm.
 *
 * linear: t = (x - offset) / step.
 * counts: t = y / step with the generalised Anscombe transform y = (2/g) sqrt(g x + 3/8 g^2 + s^2 - g o) (F.
 * J. Anscombe, Biometrika 35 (1948) 246; J.-L. Starck, F. Murtagh, A. Bijaoui, Image Processing and Data
 *   Analysis, 1998), whose noise is 1: g the gain (units of the values per photon), s the read noise, o the
 *   offset. So a step is that share of the noise, bright or dark. Below o, where no photons are, the noise is
 *   that of o: t goes straight on. Back: the algebraic inverse at the centre of the bin, and g step^2 / 48,
 *   which is what the curvature of the inverse adds to the mean over a bin.
 *   A mean over many pixels of one expected value then lies g step^2 / 24 too high (Sheppard's correction has
 *   the other sign): 0.04 photons at a step of 1. Dither has no such term.
 *
 * Subtractive dither (L. G. Roberts, IRE Trans. Information Theory 8 (1962) 145): a number u from -1/2 to
 * 1/2, made by a counter, is added before rounding and subtracted from the whole number on reading. The error
 * is then uniform and knows nothing of the value; the same term of the curvature is now taken away. */
#ifndef BP_ALGO_QUANTISER_H
#define BP_ALGO_QUANTISER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/quantise.h"

typedef enum bp_law { BP_LAW_LINEAR = 0, BP_LAW_COUNTS = 1 } bp_law;

/* The whole numbers lie between these, exclusive. What would lie elsewhere has no code. */
#define BP_QUANTISER_LIMIT 0x1p30

typedef struct bp_quantiser {
    bp_law law;
    double step;   /* linear: units of the values; counts: sigma */
    double offset; /* linear: value of number 0; counts: value without photons */
    double gain;   /* counts: units of the values per photon */
    double noise;  /* counts: read noise, units of the values */
    bool dither;
    /* made by bp_quantiser_init */
    double to_t, constant;  /* counts: t = to_t * sqrt(gain * x + constant) */
    double knee, dark_step; /* t at the offset; step below it */
    double square, shift;   /* counts: x = square * t^2 + shift, from `turn` on */
    double turn;
} bp_quantiser;

void bp_quantiser_init(bp_quantiser *quantiser, bp_law law, double step, double offset, double gain,
                       double noise, bool dither);

/* t of each value; may be in place. */
void bp_quantiser_scale(const bp_quantiser *quantiser, const double *values, size_t count, double *t);
/* The inverse for t = number, or number - u. May be in place. */
void bp_quantiser_restore(const bp_quantiser *quantiser, const double *t, size_t count, double *values);
/* t rounded to even, as a number; what lies outside the limit, or is no number, becomes -2^30 or 2^30. */
void bp_quantiser_round(const double *t, size_t count, int32_t *numbers);

/* The law as the kernels take it. */
void bp_quantiser_for_kernels(const bp_quantiser *quantiser, double bound, bp_quantise_terms *law);

/* u of values first ... first + count - 1 of the stream `key`. */
void bp_quantiser_dither(uint64_t key, uint64_t first, size_t count, double *u);

/* What theory says of values with a Poisson distribution of mean lambda photons (counts), plus the read
 * noise, rounded to whole values when whole. */
typedef struct bp_quantiser_theory {
    double bits;     /* entropy of the numbers */
    double bias;     /* mean error, units of the values */
    double sigma;    /* of the values themselves */
    double variance; /* mean square error as a share of sigma^2 */
    double total;    /* variance of the restored values, share of sigma^2 */
} bp_quantiser_theory;

/* Direct sums; a report, not bytes: uses exp and log. dither is not looked at. */
void bp_quantiser_predict(const bp_quantiser *quantiser, double lambda, bool whole,
                          bp_quantiser_theory *theory);

#endif
