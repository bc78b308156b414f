/* SPDX-License-Identifier: BSD-3-Clause
 * Quantities that are functions of sums over independent units (shots, exposures): each is computed from all
 * units, and again without each of them. */
#ifndef BP_ALGO_UNIT_SUMS_H
#define BP_ALGO_UNIT_SUMS_H

#include <stdbool.h>
#include <stddef.h>

#define BP_UNITS_MOST 100 /* more shots than that share units */

typedef struct bp_unit_sums {
    size_t units, terms;
    double *sums; /* units x terms */
} bp_unit_sums;

/* False when memory is short. */
bool bp_unit_sums_init(bp_unit_sums *sums, size_t units, size_t terms);
void bp_unit_sums_fini(bp_unit_sums *sums);
/* The terms of one unit, to be added to. */
double *bp_unit_sums_of(bp_unit_sums *sums, size_t unit);
/* The unit that one of `count` things belongs to. */
size_t bp_unit_of(const bp_unit_sums *sums, size_t thing, size_t count);
/* Sums over all units but `without`; SIZE_MAX: over all. terms values. */
void bp_unit_sums_total(const bp_unit_sums *sums, size_t without, double *total);

/* Where the middle of values lies with each unit left out, from how the values of each unit stand to it
 * (infinitesimal jackknife: leaving out whole values moves a median by steps, which no jackknife survives).
 * values are sorted, unit_of goes with them. without: one for each unit. NAN of nothing. False when memory
 * is short. */
bool bp_median_without(const double *values, const size_t *unit_of, size_t count, size_t units,
                       double *median, double *without);

#endif
