/* SPDX-License-Identifier: BSD-3-Clause
 * Bit patterns of floats and 64-bit integers: what the files of photon's map share. */
#ifndef BP_ALGO_PHOTON_PATTERN_H
#define BP_ALGO_PHOTON_PATTERN_H

#include <string.h>

#include "algo/photon_map.h"

/* IEEE 754 binary32 or binary64. */
typedef struct bp_photon_real {
    unsigned width, mantissa; /* bits */
    int bias;
} bp_photon_real;

static inline bp_photon_real bp_photon_real_of(bp_dtype dtype)
{
    return dtype == BP_F32 ? (bp_photon_real){32, 23, 127} : (bp_photon_real){64, 52, 1023};
}

static inline unsigned bp_photon_bits_of(bp_dtype dtype)
{
    return dtype == BP_F32 ? 32 : 64;
}

static inline uint64_t bp_photon_pattern(bp_dtype dtype, const void *values, size_t i)
{
    uint32_t narrow;
    uint64_t wide;
    if (dtype == BP_F32) {
        memcpy(&narrow, (const uint8_t *)values + 4 * i, 4);
        return narrow;
    }
    memcpy(&wide, (const uint8_t *)values + 8 * i, 8);
    return wide;
}

static inline void bp_photon_pattern_put(bp_dtype dtype, void *values, size_t i, uint64_t pattern)
{
    uint32_t narrow = (uint32_t)pattern;
    if (dtype == BP_F32)
        memcpy((uint8_t *)values + 4 * i, &narrow, 4);
    else
        memcpy((uint8_t *)values + 8 * i, &pattern, 8);
}

static inline float bp_photon_single(uint64_t pattern)
{
    uint32_t narrow = (uint32_t)pattern;
    float value;
    memcpy(&value, &narrow, 4);
    return value;
}

static inline double bp_photon_double(uint64_t pattern)
{
    double value;
    memcpy(&value, &pattern, 8);
    return value;
}

/* Patterns in the order of values: floats with -0 below 0 and NaN at the ends; an inverse of itself it is
 * not. */
static inline uint64_t bp_photon_key(bp_dtype dtype, uint64_t pattern)
{
    uint64_t sign = UINT64_C(1) << (bp_photon_bits_of(dtype) - 1);
    if (dtype == BP_U64)
        return pattern;
    if (dtype == BP_I64)
        return pattern ^ sign;
    return pattern & sign ? (sign - 1) - (pattern & (sign - 1)) : pattern | sign;
}

static inline uint64_t bp_photon_key_back(bp_dtype dtype, uint64_t key)
{
    uint64_t sign = UINT64_C(1) << (bp_photon_bits_of(dtype) - 1);
    if (dtype == BP_U64)
        return key;
    if (dtype == BP_I64)
        return key ^ sign;
    return key & sign ? key & (sign - 1) : ((sign - 1) - key) | sign;
}

/* Bits of a magnitude below the last binary digit of a fixed-point number. */
static inline unsigned bp_photon_small_bits(const bp_photon_map *map)
{
    const bp_photon_real real = bp_photon_real_of(map->dtype);
    uint64_t most = ((uint64_t)(real.bias - map->point) << real.mantissa) - 1;
    unsigned bits = 64 - (unsigned)__builtin_clzll(most);
    return bits > map->zeros ? bits - map->zeros : 0;
}

static inline uint32_t bp_photon_slot(const bp_photon_map *map, uint64_t pattern)
{
    return (uint32_t)((pattern * UINT64_C(0x9e3779b97f4a7c15)) >> (64 - map->slot_bits));
}

uint32_t bp_photon_rank_of(const bp_photon_map *map, uint64_t pattern);

#endif
