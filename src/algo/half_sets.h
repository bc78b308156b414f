/* SPDX-License-Identifier: BSD-3-Clause
 * How well two half data sets of merged intensities agree: P. A. Karplus, K. Diederichs, Science 336 (2012)
 * 1030; T. A. White et al., J. Appl. Cryst. 45 (2012) 335. */
#ifndef BP_ALGO_HALF_SETS_H
#define BP_ALGO_HALF_SETS_H

#include <stdbool.h>
#include <stddef.h>

enum {
    BP_HALF_CC,      /* Pearson's correlation, CC1/2 */
    BP_HALF_CC_STAR, /* sqrt(2 CC / (1 + CC)) */
    BP_HALF_RSPLIT,  /* sqrt(2) sum |a - b| / sum (a + b) */
    BP_HALF_R1,      /* sum |a - b| / sum a */
    BP_HALF_R2,      /* sqrt(sum (a - b)^2 / sum a^2) */
    BP_HALF_COUNT
};

/* Pairs that are not finite take no part. NAN: not defined. */
void bp_half_sets(const double *a, const double *b, size_t count, double figures[BP_HALF_COUNT]);

/* One measurement of a reflection. */
typedef struct bp_half_spot {
    double intensity;
    size_t half;       /* 0 or 1 */
    size_t unit, shot; /* unit: of the delete-one values */
} bp_half_spot;

typedef struct bp_half_reflection {
    double q;
    size_t first, count; /* of its spots */
} bp_half_reflection;

/* Reflections that both halves have, in the order of the shells, and what was measured of them. */
typedef struct bp_half_data {
    const bp_half_spot *spots;
    const bp_half_reflection *list;
    size_t count, spot_count;
    size_t shots; /* 0: there are two spots of each reflection, one per half, and their noise is their own */
    double lost;  /* chance that a half lacks a reflection that the other half has */
} bp_half_data;

/* Where one of `shells` parts with equal numbers of reflections begins; shell == shells: the end. */
size_t bp_half_shell(const bp_half_data *data, size_t shells, size_t shell);
/* Mean intensities of every reflection in both halves, without a unit; NAN where a half has none then. */
void bp_half_means(const bp_half_data *data, size_t without, double *a, double *b);

/* How the figures of each shell scatter when the experiment is repeated on the same crystal. Repeats are made
 * from the data: the crystal is the mean of both halves, its scatter reduced to what both halves share
 * (covariance); the noise is each spot's distance from its mean, sqrt(n / (n - 1)) times of n spots, with
 * one random sign for all spots of a shot (wild bootstrap: R. Y. Liu, Ann. Stat. 16 (1988) 1696). Where
 * halves lack reflections, as many are exchanged for others as would come and go. sigmas: BP_HALF_COUNT x
 * shells; NAN where a tenth of the repeats and more is not defined. Always the same numbers. False when
 * memory is short. */
bool bp_half_repeat(const bp_half_data *data, size_t shells, double *sigmas);

#endif
