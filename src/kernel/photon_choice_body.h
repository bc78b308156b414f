/* SPDX-License-Identifier: BSD-3-Clause
 * What photon's choice computes, in loops that compilers turn into vectors. Included once per SIMD level.
 * Floats hold exact integers, or are products that every machine rounds alike. */
#ifndef BP_KERNEL_PHOTON_CHOICE_BODY_H
#define BP_KERNEL_PHOTON_CHOICE_BODY_H

#include <string.h>

#include "kernel/kernel_c.h"
#include "kernel/photon_log.h"
#include "kernel/photon_model.h"

#define MOST_UNITS 2047.0F

/* bp_photon_code in a form that compilers make vectors of: exact, the float has all bits. */
static inline uint32_t quick_code(uint32_t v, unsigned m)
{
    float f = (float)(int32_t)(v + (1u << m));
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    return (bits >> (23 - m)) - ((127 + m) << m);
}

static void find_around(const uint16_t *const *near, size_t count, uint16_t *restrict mean,
                        uint16_t *restrict rough)
{
    bp_photon_rows r = {near[BP_PHOTON_W],   near[BP_PHOTON_WW],  near[BP_PHOTON_N],
                        near[BP_PHOTON_NE],  near[BP_PHOTON_NW],  near[BP_PHOTON_NN],
                        near[BP_PHOTON_NNE], near[BP_PHOTON_NNW], NULL};
    for (size_t i = 0; i < count; i++) {
        mean[i] = (uint16_t)bp_photon_mean(&r, (ptrdiff_t)i);
        rough[i] = (uint16_t)bp_photon_roughness(&r, (ptrdiff_t)i);
    }
}

static void find_codes(const uint16_t *restrict mean, const uint16_t *restrict rough, size_t count,
                       uint8_t *restrict by_mean, uint8_t *restrict by_rough, uint8_t *restrict by_both)
{
    for (size_t i = 0; i < count; i++)
        by_mean[i] = (uint8_t)quick_code(mean[i], 3);
    for (size_t i = 0; i < count; i++)
        by_rough[i] = (uint8_t)quick_code(rough[i], 3);
    for (size_t i = 0; i < count; i++)
        by_both[i] = (uint8_t)(quick_code(mean[i], 2) + quick_code(rough[i], 2));
}

static void find_window_codes(const uint16_t *restrict mean, const uint16_t *restrict window, size_t count,
                              uint32_t small, uint32_t above, uint8_t *restrict code)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t far = 0u - (uint32_t)(mean[i] < small);
        code[i] = (uint8_t)(quick_code((window[i] & far) | (mean[i] & ~far), 2) + (above & ~far));
    }
}

static uint32_t find_cells(const uint16_t *restrict value, const uint16_t *restrict mean,
                           const uint16_t *restrict level, const uint8_t *restrict code, size_t count,
                           unsigned shift, uint32_t small, uint16_t *restrict cell)
{
    uint32_t within = 0, half = 1u << shift >> 1;
    for (size_t i = 0; i < count; i++) {
        uint32_t from = ((level[i] + half) >> shift) & (0u - (uint32_t)(mean[i] >= small));
        uint32_t residual = ((uint32_t)value[i] >> shift) - from, negative = 0u - (residual >> 31);
        uint32_t c = quick_code(residual ^ negative, 2);
        within += c >> 2;
        cell[i] =
            (uint16_t)(((uint32_t)code[i] >> 1) * BP_PHOTON_CELLS + (c ^ (negative & (BP_PHOTON_CELLS - 1))));
    }
    return within;
}

static uint32_t add_copies(const uint16_t *restrict counts, size_t stride, uint32_t *restrict row)
{
    uint32_t all = 0;
    for (size_t i = 0; i < BP_PHOTON_CELLS; i++) {
        uint32_t n =
            (uint32_t)counts[i] + counts[stride + i] + counts[2 * stride + i] + counts[3 * stride + i];
        row[i] = n;
        all += n;
    }
    return all;
}

static int32_t sum_logs(const uint32_t *counts, size_t count, int32_t *used)
{
    int32_t sum = 0, some = 0;
    for (size_t i = 0; i < count; i++) {
        sum += bp_photon_weighted_log(counts[i]);
        some += counts[i] != 0;
    }
    *used = some;
    return sum;
}

static int32_t sum_logs_together(const uint32_t *a, const uint32_t *b, size_t count, int32_t *all,
                                 int32_t *shared)
{
    int32_t sum = 0, total = 0, both = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t n = a[i] + b[i];
        total += (int32_t)n;
        sum += bp_photon_weighted_log(n);
        both += (a[i] != 0) & (b[i] != 0);
    }
    *all = total;
    *shared = both;
    return sum;
}

static void find_distances(const uint16_t *restrict near, const uint16_t *restrict value,
                           const float *restrict scale, size_t count, int16_t *restrict distance)
{
    for (size_t i = 0; i < count; i++) {
        float d = (float)(near[i] - value[i]) * scale[i];
        d = d < MOST_UNITS ? d : MOST_UNITS;
        distance[i] = (int16_t)(int32_t)(d > -MOST_UNITS ? d : -MOST_UNITS);
    }
}

static int64_t find_product(const int16_t *a, const int16_t *b, size_t count)
{
    int64_t sum = 0;
    for (size_t from = 0; from < count; from += 256) { /* a part fits into 32 bits */
        int32_t part = 0;
        size_t end = from + 256 < count ? from + 256 : count;
        for (size_t i = from; i < end; i++)
            part += a[i] * b[i];
        sum += part;
    }
    return sum;
}

static void find_level(const uint16_t *const *near, const int8_t *weight, size_t weights, size_t count,
                       float *restrict sum, uint16_t *restrict level)
{
    for (size_t i = 0; i < count; i++)
        sum[i] = 8.0F;
    for (size_t k = 0; k < weights; k++) {
        float w = weight[k];
        const uint16_t *restrict from = near[k];
        for (size_t i = 0; i < count && weight[k]; i++)
            sum[i] += w * from[i];
    }
    for (size_t i = 0; i < count; i++) {
        float v = sum[i] < 0.0F ? 0.0F : sum[i] < 1048560.0F ? sum[i] : 1048560.0F; /* 16 * 65535 */
        level[i] = (uint16_t)((int32_t)v >> 4);
    }
}

/* Buckets are linear up to 32, then 32 an octave, so that up to 6 low bits all pixels of one have the same
 * symbol; the exponent of a float says which, exactly. */
static void find_places(const uint16_t *restrict values, const uint8_t *restrict codes, size_t width,
                        uint16_t *restrict at)
{
    for (size_t c = 0; c < width; c++) {
        int32_t value = values[c], residual = (int16_t)(value - at[c]), bits;
        int32_t negative = residual < 0 ? -1 : 0, large = -(value == BP_PHOTON_LARGE);
        int32_t size = residual ^ negative;
        size = (size & ~large) | (32767 & large);
        float f = (float)(size + 32);
        memcpy(&bits, &f, sizeof bits);
        int32_t bucket = (bits >> 18) - ((127 + 5) << 5);
        bucket = bucket < BP_PHOTON_SIDE ? bucket : BP_PHOTON_SIDE - 1;
        at[c] = (uint16_t)(codes[c] * BP_PHOTON_BUCKETS + (bucket ^ negative) + BP_PHOTON_SIDE);
    }
}

static uint32_t find_extent(const uint32_t *counts, uint16_t *begin, uint16_t *end)
{
    enum { BLOCK = 16 };
    uint32_t all = 0;
    *begin = *end = 0;
    for (size_t b = 0; b < BP_PHOTON_BUCKETS; b += BLOCK) {
        uint32_t sum = 0;
        for (size_t i = 0; i < BLOCK; i++)
            sum += counts[b + i];
        if (!sum)
            continue;
        *begin = all ? *begin : (uint16_t)b;
        *end = (uint16_t)(b + BLOCK);
        all += sum;
    }
    while (all && !counts[*begin])
        ++*begin;
    while (all && !counts[*end - 1])
        --*end;
    return all;
}

#ifndef BP_PHOTON_COUNTS_PLACES
static void count_places(const uint16_t *at, const uint8_t *labels, size_t count, uint32_t *counts)
{
    for (size_t c = 0; c < count && !labels; c++)
        counts[at[c]]++;
    for (size_t c = 0; c < count && labels; c++)
        counts[at[c]] += labels[c] == 0;
}
#endif

#define BP_PHOTON_CHOICE                                                                                     \
    {                                                                                                        \
        find_around, find_codes, find_window_codes, find_cells, add_copies, sum_logs, sum_logs_together,     \
            find_distances, find_product, find_level, find_places, find_extent, count_places                 \
    }

#endif
