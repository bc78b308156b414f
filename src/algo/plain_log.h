/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BP_ALGO_PLAIN_LOG_H
#define BP_ALGO_PLAIN_LOG_H

/* Natural logarithm of a finite x > 0, made of + - * / in a fixed order, so that it has the same bits on
 * every machine, which libm's does not promise. Relative error below 1e-15, absolute near 1. */
double bp_plain_log(double x);

#endif
