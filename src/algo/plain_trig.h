/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BP_ALGO_PLAIN_TRIG_H
#define BP_ALGO_PLAIN_TRIG_H

/* Cosine and sine of a finite angle in turns (1 is a full circle), made of + - x and rounding in a fixed
 * order, so that they have the same bits on every machine, which libm's do not promise. Error below 2e-16;
 * exact at whole eighths that have exact values. */
void bp_plain_trig(double turns, double *cosine, double *sine);

#endif
