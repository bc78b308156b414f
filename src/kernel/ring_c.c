/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernel/ring.h"

void bp_ring_sum_c(const float *values, size_t count, float lower, float upper, bp_ring_sums *sums)
{
    double sum[BP_RING_LANES] = {0}, squares[BP_RING_LANES] = {0};
    size_t taken = 0;
    for (size_t i = 0; i < count; i += BP_RING_LANES)
        for (size_t j = 0; j < BP_RING_LANES; j++) {
            float v = values[i + j];
            bool in = v > lower && v < upper;
            double d = in ? (double)v : 0;
            sum[j] += d;
            squares[j] += d * d;
            taken += in;
        }
    *sums = (bp_ring_sums){bp_ring_lane_sum(sum), bp_ring_lane_sum(squares), taken};
}

size_t bp_ring_above_c(const float *values, size_t count, float level, uint32_t *found)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        if (values[i] > level)
            found[n++] = (uint32_t)i;
    return n;
}
