/* SPDX-License-Identifier: BSD-3-Clause
 * Loops over the rows of photon's level max: what a prediction takes from finished rows, and running means
 * (docs/photon-max.md). */
#ifndef BP_KERNEL_PHOTON_MAX_H
#define BP_KERNEL_PHOTON_MAX_H

#include <stddef.h>
#include <stdint.h>

#define BP_MAX_FRACTION    14 /* binary digits of a prediction behind the point */
#define BP_MAX_WEIGHT_BITS 8  /* of a weight */
#define BP_MAX_TERMS       20 /* rows, means at most */

/* Rows of values and of means, each with its weight; a mean is shifted right first. */
typedef struct bp_max_terms {
    size_t row_count, mean_count;
    const uint32_t *row[BP_MAX_TERMS];
    const int64_t *mean[BP_MAX_TERMS];
    int32_t row_weight[BP_MAX_TERMS], mean_weight[BP_MAX_TERMS];
    unsigned mean_shift[BP_MAX_TERMS];
} bp_max_terms;

typedef struct bp_max_rows {
    void (*weigh)(const bp_max_terms *terms, size_t width, int64_t *sum);
    /* Each mean goes share / 65536 of the way to goal / 2. */
    void (*blend)(int64_t *mean, const int64_t *goal, size_t width, int64_t share);
} bp_max_rows;

#endif
