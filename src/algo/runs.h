/* SPDX-License-Identifier: BSD-3-Clause
 * The distribution of many values as runs of equal ones in ascending order, of bounded size: beyond
 * BP_RUNS_MOST different values they are gathered in equal bins over a range given in advance. */
#ifndef BP_ALGO_RUNS_H
#define BP_ALGO_RUNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "beampress/context.h"

#define BP_RUNS_MOST ((size_t)1 << 21)
#define BP_RUNS_BINS ((size_t)1 << 20)

typedef struct bp_run {
    double value;
    uint64_t count;
} bp_run;

typedef struct bp_runs {
    bp_run *runs;
    size_t count;
    uint64_t total;   /* values in all runs */
    double low, high; /* of the bins */
    bool binned;
} bp_runs;

void bp_runs_init(bp_runs *runs, double low, double high);
void bp_runs_fini(bp_runs *runs);
/* Takes in finite values that are not excluded (a byte each, or NULL; 0 where they are). Room is kept in ctx,
 * or not with NULL. False when memory is short. */
bool bp_runs_add(bp_context *ctx, bp_runs *runs, const double *values, const uint8_t *excluded, size_t count);
/* Takes in counts[i] values that are low + i; false when memory is short. */
bool bp_runs_add_counts(bp_runs *runs, double low, const uint64_t *counts, size_t count);
/* Takes in what more holds; both have the same range. */
bool bp_runs_merge(bp_runs *runs, const bp_runs *more);

/* Shannon entropy of the values, bits. */
double bp_runs_entropy(const bp_runs *runs);
/* Largest distance of two distribution functions (Kolmogorov and Smirnov), and the area between them
 * (Wasserstein-1). Both need at least one value. */
void bp_runs_distance(const bp_runs *a, const bp_runs *b, double *ks, double *wasserstein);

#endif
