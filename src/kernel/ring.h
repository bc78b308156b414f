/* SPDX-License-Identifier: BSD-3-Clause
 * Sums over the pixels of a ring, for peak search. Values come in runs of BP_RING_LANES, the last one filled
 * up with NaN. Each lane has sums of its own, which are added in one order, so that every SIMD level gives
 * the same numbers. */
#ifndef BP_KERNEL_RING_H
#define BP_KERNEL_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BP_RING_LANES 16

typedef struct bp_ring_sums {
    double sum, squares;
    size_t count;
} bp_ring_sums;

/* Of the values above `lower` and below `upper`. */
typedef void (*bp_ring_sum_function)(const float *values, size_t count, float lower, float upper,
                                     bp_ring_sums *sums);
/* Indices of the values above `level`, in order; returns how many. found has room for count. */
typedef size_t (*bp_ring_above_function)(const float *values, size_t count, float level, uint32_t *found);

void bp_ring_sum_c(const float *values, size_t count, float lower, float upper, bp_ring_sums *sums);
size_t bp_ring_above_c(const float *values, size_t count, float level, uint32_t *found);
void bp_ring_sum_avx2(const float *values, size_t count, float lower, float upper, bp_ring_sums *sums);
size_t bp_ring_above_avx2(const float *values, size_t count, float level, uint32_t *found);
void bp_ring_sum_avx512(const float *values, size_t count, float lower, float upper, bp_ring_sums *sums);
size_t bp_ring_above_avx512(const float *values, size_t count, float level, uint32_t *found);

static inline double bp_ring_lane_sum(const double *lanes)
{
    double s[BP_RING_LANES / 2];
    for (size_t i = 0; i < 8; i++)
        s[i] = lanes[i] + lanes[i + 8];
    return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

#endif
