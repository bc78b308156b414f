/* SPDX-License-Identifier: BSD-3-Clause
 * Exponential and circular functions made of + - * / in a fixed order, so that they have the same bits on
 * every machine, which libm's do not promise. */
#ifndef BP_ALGO_PLAIN_EXP_H
#define BP_ALGO_PLAIN_EXP_H

#include <stddef.h>

/* e^x; relative error below 1e-15 where the result is a normal number. 0 below -745, infinite above 709.78;
 * NaN of NaN. */
double bp_plain_exp(double x);

/* Cosine and sine of 2 pi k / n, n > 0. Absolute error below 1e-15. */
void bp_plain_turn(size_t k, size_t n, double *cosine, double *sine);
/* Cosine and sine of an angle in radians, 0 to 1e6. Absolute error below 1e-15 (1 + angle). */
void bp_plain_circle(double angle, double *cosine, double *sine);

#endif
