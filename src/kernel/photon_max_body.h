/* SPDX-License-Identifier: BSD-3-Clause
 * The loops of level max, which compilers turn into vectors. Included once per SIMD level. Integers only. */
#ifndef BP_KERNEL_PHOTON_MAX_BODY_H
#define BP_KERNEL_PHOTON_MAX_BODY_H

#include <string.h>

#include "kernel/kernel_c.h"

#define BLOCK 256 /* pixels whose sums stay in the first cache */

static void add_row(int64_t *restrict sum, const uint32_t *restrict row, size_t count, int32_t weight)
{
    for (size_t c = 0; c < count; c++)
        sum[c] += (int64_t)row[c] * weight;
}

static void add_mean(int64_t *restrict sum, const int64_t *restrict mean, size_t count, int32_t weight,
                     unsigned shift)
{
    for (size_t c = 0; c < count; c++)
        sum[c] += (mean[c] >> shift) * weight >> BP_MAX_WEIGHT_BITS;
}

static void weigh(const bp_max_terms *terms, size_t width, int64_t *sum)
{
    for (size_t at = 0; at < width; at += BLOCK) {
        size_t count = width - at < BLOCK ? width - at : BLOCK;
        int64_t *part = sum + at;
        memset(part, 0, count * sizeof *part);
        for (size_t i = 0; i < terms->row_count; i++)
            add_row(part, terms->row[i] + at, count, terms->row_weight[i]);
        for (size_t c = 0; c < count; c++)
            part[c] = (int64_t)((uint64_t)part[c] << (BP_MAX_FRACTION - BP_MAX_WEIGHT_BITS));
        for (size_t i = 0; i < terms->mean_count; i++)
            add_mean(part, terms->mean[i] + at, count, terms->mean_weight[i], terms->mean_shift[i]);
    }
}

static void blend(int64_t *restrict mean, const int64_t *restrict goal, size_t width, int64_t share)
{
    for (size_t c = 0; c < width; c++) {
        int64_t gap = (goal[c] >> 1) - mean[c];
        mean[c] += (gap >> 16) * share + (((gap & 65535) * share) >> 16);
    }
}

#define BP_MAX_ROWS                                                                                          \
    {                                                                                                        \
        .weigh = weigh, .blend = blend                                                                       \
    }

#endif
