/* SPDX-License-Identifier: BSD-3-Clause
 * Values to numbers and raw bits, and back. */
#include <stdlib.h>
#include <string.h>

#include "algo/photon_map.h"
#include "algo/photon_pattern.h"
#include "kernel/kernel.h"

#define BLOCK 512 /* values at a time, so that they stay in the first cache */

bool bp_photon_map_takes(bp_dtype dtype)
{
    return dtype == BP_F32 || dtype == BP_F64 || dtype == BP_U64 || dtype == BP_I64;
}

void bp_photon_map_fini(bp_photon_map *map)
{
    free(map->table);
    free(map->slots);
    map->table = NULL;
    map->slots = NULL;
}

static bool is_special(const bp_photon_map *map, uint64_t pattern)
{
    return (map->special_count > 0 && pattern == map->specials[0]) ||
           (map->special_count > 1 && pattern == map->specials[1]);
}

/* A value that has no number: one of the specials, or raw. */
static int32_t put_exception(const bp_photon_map *map, uint64_t pattern, bp_photon_bit_writer *raw)
{
    for (size_t i = 0; i < map->special_count; i++)
        if (pattern == map->specials[i])
            return BP_PHOTON_SPECIAL + (int32_t)i;
    bp_photon_bits_put64(raw, pattern, bp_photon_bits_of(map->dtype));
    return BP_PHOTON_RAW;
}

static const bp_photon_numbers *kernels(void)
{
    return bp_kernels_get()->photon_numbers;
}

/* A special that also stands on the grid is special all the same. */
static void mark_special(const bp_photon_map *map, size_t k, size_t count, int32_t *numbers)
{
    float single = bp_photon_single(map->specials[k]);
    double value = bp_photon_double(map->specials[k]);
    int32_t number;
    bool divide = map->kind == BP_PHOTON_KIND_DIVIDE;
    size_t left_out = map->dtype == BP_F32 ? kernels()->scale_f32(&single, 1, map->scale, divide, &number)
                                           : kernels()->scale_f64(&value, 1, map->scale, divide, &number);
    for (size_t i = 0; !left_out && i < count; i++)
        numbers[i] = numbers[i] == number ? BP_PHOTON_SPECIAL + (int32_t)k : numbers[i];
}

static void scale_forward(const bp_photon_map *map, const uint8_t *values, size_t count, int32_t *numbers,
                          bp_photon_bit_writer *raw)
{
    union {
        float f32[BLOCK];
        double f64[BLOCK];
    } block;
    size_t itemsize = bp_dtype_size(map->dtype);
    bool divide = map->kind == BP_PHOTON_KIND_DIVIDE;
    bool whole = map->dtype == BP_F32 && map->kind == BP_PHOTON_KIND_SCALE && map->scale == 1;
    for (size_t at = 0; at < count; at += BLOCK) {
        size_t n = count - at < BLOCK ? count - at : BLOCK;
        memcpy(&block, values + at * itemsize, n * itemsize);
        int32_t *to = numbers + at;
        size_t left_out = whole                  ? kernels()->whole_f32(block.f32, n, to)
                          : map->dtype == BP_F32 ? kernels()->scale_f32(block.f32, n, map->scale, divide, to)
                                                 : kernels()->scale_f64(block.f64, n, map->scale, divide, to);
        for (size_t k = 0; k < map->special_count; k++)
            mark_special(map, k, n, numbers + at);
        for (size_t i = 0; left_out && i < n; i++)
            if (numbers[at + i] == BP_PHOTON_RAW)
                numbers[at + i] = put_exception(map, bp_photon_pattern(map->dtype, values, at + i), raw);
    }
}

uint32_t bp_photon_rank_of(const bp_photon_map *map, uint64_t pattern)
{
    uint32_t slot = bp_photon_slot(map, pattern), mask = (1u << map->slot_bits) - 1;
    while (map->slots[slot] && map->table[map->slots[slot] - 1] != pattern)
        slot = (slot + 1) & mask;
    return map->slots[slot];
}

/* The number of a value in fixed point and the bits behind the point; false when it has none. */
static inline bool fixed_of(const bp_photon_map *map, bp_dtype dtype, uint64_t pattern, int32_t *number,
                            uint64_t *bits, unsigned *count)
{
    const bp_photon_real real = bp_photon_real_of(dtype);
    bool negative = pattern >> (real.width - 1);
    uint64_t magnitude = pattern & ~(UINT64_C(1) << (real.width - 1));
    int exponent = (int)(magnitude >> real.mantissa) - real.bias + map->point;
    int32_t q = 0;
    *bits = magnitude >> map->zeros;
    *count = map->small;
    if (pattern == 0) {
        *number = 0;
        *count = 0;
        return true;
    }
    if (magnitude & ((UINT64_C(1) << map->zeros) - 1))
        return false;
    if (exponent >= 0) {
        if (exponent > BP_PHOTON_MOST_EXPONENT)
            return false; /* too large, infinite or no number */
        unsigned behind = real.mantissa - (unsigned)exponent;
        uint64_t one = UINT64_C(1) << real.mantissa, digits = (magnitude & (one - 1)) | one;
        q = (int32_t)(digits >> behind);
        *bits = (digits & ((UINT64_C(1) << behind) - 1)) >> map->zeros;
        *count = behind > map->zeros ? behind - map->zeros : 0;
    }
    *number = negative ? -1 - q : 1 + q;
    return true;
}

static inline bool split_of(const bp_photon_map *map, bp_dtype dtype, uint64_t pattern, int32_t *number,
                            uint64_t *bits, unsigned *count)
{
    const bp_photon_real real = bp_photon_real_of(dtype);
    uint64_t sign = UINT64_C(1) << (real.width - 1), magnitude = pattern & ~sign;
    int64_t key = pattern & sign ? -(int64_t)magnitude : (int64_t)magnitude;
    if (pattern == sign || magnitude & ((UINT64_C(1) << map->zeros) - 1))
        return false;
    uint64_t flipped = (uint64_t)key ^ UINT64_C(1) << 63;
    *number = (int32_t)((int64_t)((flipped >> map->shift) - (UINT64_C(1) << (63 - map->shift))));
    *bits = (flipped & ((UINT64_C(1) << map->shift) - 1)) >> map->zeros;
    *count = map->shift > map->zeros ? map->shift - map->zeros : 0;
    return true;
}

/* The same loop for each kind and type, so that nothing of these is asked for in it. */
static inline void each_forward(const bp_photon_map *map, bp_photon_kind kind, bp_dtype dtype,
                                const void *values, size_t count, int32_t *numbers, bp_photon_bit_writer *raw)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t pattern = bp_photon_pattern(dtype, values, i), bits = 0;
        unsigned more = 0;
        bool good = !is_special(map, pattern);
        if (good && kind == BP_PHOTON_KIND_FIXED)
            good = fixed_of(map, dtype, pattern, &numbers[i], &bits, &more);
        else if (good && kind == BP_PHOTON_KIND_SPLIT)
            good = split_of(map, dtype, pattern, &numbers[i], &bits, &more);
        else if (good) {
            uint64_t distance = pattern - map->offset;
            good = distance <= BP_PHOTON_MOST_NUMBER;
            numbers[i] = (int32_t)(distance & INT32_MAX);
        }
        if (!good)
            numbers[i] = put_exception(map, pattern, raw);
        else if (more)
            bp_photon_bits_put64(raw, bits, more);
    }
}

/* Of single precision, fixed or split. */
static bp_photon_digits digits_of(const bp_photon_map *map)
{
    bp_photon_digits d = {.fixed = map->kind == BP_PHOTON_KIND_FIXED,
                          .point = map->point,
                          .shift = map->shift,
                          .zeros = map->zeros,
                          .small = map->small};
    for (size_t i = 0; i < map->special_count; i++) {
        d.special[i] = (uint32_t)map->specials[i];
        d.is_special[i] = UINT32_MAX;
    }
    return d;
}

static void singles_forward(const bp_photon_map *map, const uint8_t *values, size_t count, int32_t *numbers,
                            bp_photon_bit_writer *raw)
{
    uint32_t patterns[BLOCK], bits[BLOCK], counts[BLOCK];
    const bp_photon_digits digits = digits_of(map);
    for (size_t at = 0; at < count; at += BLOCK) {
        size_t n = count - at < BLOCK ? count - at : BLOCK;
        memcpy(patterns, values + 4 * at, 4 * n);
        kernels()->cut(&digits, patterns, n, numbers + at, bits, counts);
        for (size_t i = 0; i < n; i++) {
            uint32_t both = i + 1 < n ? counts[i] + counts[i + 1] : BP_PHOTON_NO_NUMBER;
            if (both <= 56) { /* two at once: each waits for the one before */
                bp_photon_bits_put(raw, bits[i] | (uint64_t)bits[i + 1] << counts[i], both);
                i++;
            } else if (counts[i] != BP_PHOTON_NO_NUMBER) {
                bp_photon_bits_put(raw, bits[i], counts[i]);
            } else {
                numbers[at + i] = put_exception(map, patterns[i], raw);
            }
        }
    }
}

void bp_photon_map_forward(const bp_photon_map *map, const void *values, size_t count, int32_t *numbers,
                           bp_photon_bit_writer *raw)
{
    bool wide = map->dtype == BP_F64;
    if (map->kind == BP_PHOTON_KIND_SCALE || map->kind == BP_PHOTON_KIND_DIVIDE)
        scale_forward(map, values, count, numbers, raw);
    else if (map->kind == BP_PHOTON_KIND_RANKS)
        for (size_t i = 0; i < count; i++)
            numbers[i] = (int32_t)bp_photon_rank_of(map, bp_photon_pattern(map->dtype, values, i)) - 1;
    else if (map->kind == BP_PHOTON_KIND_FIXED && wide)
        each_forward(map, BP_PHOTON_KIND_FIXED, BP_F64, values, count, numbers, raw);
    else if (map->kind == BP_PHOTON_KIND_SPLIT && wide)
        each_forward(map, BP_PHOTON_KIND_SPLIT, BP_F64, values, count, numbers, raw);
    else if (map->kind == BP_PHOTON_KIND_FIXED || map->kind == BP_PHOTON_KIND_SPLIT)
        singles_forward(map, values, count, numbers, raw);
    else
        each_forward(map, BP_PHOTON_KIND_OFFSET, BP_U64, values, count, numbers, raw);
}

static void scale_back(const bp_photon_map *map, const int32_t *numbers, size_t count, uint8_t *values)
{
    bool divide = map->kind == BP_PHOTON_KIND_DIVIDE;
    float narrow[BLOCK];
    double wide[BLOCK];
    for (size_t at = 0; at < count; at += BLOCK) {
        size_t n = count - at < BLOCK ? count - at : BLOCK;
        if (map->dtype == BP_F32) {
            kernels()->back_f32(numbers + at, n, map->scale, divide, narrow);
            memcpy(values + 4 * at, narrow, 4 * n);
        } else {
            kernels()->back_f64(numbers + at, n, map->scale, divide, wide);
            memcpy(values + 8 * at, wide, 8 * n);
        }
    }
}

static inline bool fixed_back(const bp_photon_map *map, bp_dtype dtype, int32_t number, uint64_t *pattern,
                              bp_photon_bit_reader *raw)
{
    const bp_photon_real real = bp_photon_real_of(dtype);
    uint32_t q = number < 0 ? (uint32_t)(-1 - number) : (uint32_t)number - 1;
    uint64_t magnitude = 0;
    if (number == 0) {
        *pattern = 0;
        return true;
    }
    if (q == 0) {
        magnitude = bp_photon_bits_get64(raw, map->small) << map->zeros;
    } else {
        unsigned exponent = 31 - (unsigned)__builtin_clz(q);
        if (exponent > BP_PHOTON_MOST_EXPONENT)
            return false;
        unsigned behind = real.mantissa - exponent, more = behind > map->zeros ? behind - map->zeros : 0;
        uint64_t digits = (uint64_t)q << behind | bp_photon_bits_get64(raw, more) << map->zeros;
        magnitude = digits + ((uint64_t)((int)exponent - map->point + real.bias - 1) << real.mantissa);
    }
    *pattern = magnitude | (uint64_t)(number < 0) << (real.width - 1);
    return true;
}

static inline bool split_back(const bp_photon_map *map, bp_dtype dtype, int32_t number, uint64_t *pattern,
                              bp_photon_bit_reader *raw)
{
    const bp_photon_real real = bp_photon_real_of(dtype);
    unsigned more = map->shift > map->zeros ? map->shift - map->zeros : 0;
    uint64_t upper = (uint64_t)((int64_t)number) << map->shift, sign = UINT64_C(1) << (real.width - 1);
    uint64_t key = upper | bp_photon_bits_get64(raw, more) << map->zeros;
    uint64_t magnitude = key >> 63 ? 0 - key : key;
    *pattern = key >> 63 ? magnitude | sign : magnitude;
    return magnitude < sign;
}

/* What is no number. */
static bool exception_back(const bp_photon_map *map, int32_t number, uint64_t *pattern,
                           bp_photon_bit_reader *raw)
{
    size_t i = (size_t)(number - BP_PHOTON_SPECIAL);
    if (number == BP_PHOTON_RAW)
        *pattern = bp_photon_bits_get64(raw, bp_photon_bits_of(map->dtype));
    else
        *pattern = i < map->special_count ? map->specials[i] : 0;
    return number == BP_PHOTON_RAW || i < map->special_count;
}

static inline bool each_back(const bp_photon_map *map, bp_photon_kind kind, bp_dtype dtype,
                             const int32_t *numbers, size_t count, void *values, bp_photon_bit_reader *raw)
{
    for (size_t i = 0; i < count && !raw->bad; i++) {
        uint64_t pattern = 0;
        int32_t n = numbers[i];
        bool good = true;
        if (n >= BP_PHOTON_SPECIAL)
            good = exception_back(map, n, &pattern, raw);
        else if (kind == BP_PHOTON_KIND_FIXED)
            good = fixed_back(map, dtype, n, &pattern, raw);
        else if (kind == BP_PHOTON_KIND_SPLIT)
            good = split_back(map, dtype, n, &pattern, raw);
        else if (kind == BP_PHOTON_KIND_OFFSET)
            pattern = map->offset + (uint64_t)(int64_t)n;
        else if (n >= 0 && (size_t)n < map->table_count)
            pattern = map->table[n];
        else
            good = false;
        if (!good)
            return false;
        bp_photon_pattern_put(dtype, values, i, pattern);
    }
    return !raw->bad;
}

/* Blocks of single precision while their bits do not end. Returns how many values. */
static size_t singles_back(const bp_photon_map *map, const int32_t *numbers, size_t count, uint8_t *values,
                           bp_photon_bit_reader *raw)
{
    uint32_t patterns[BLOCK], bits[BLOCK], counts[BLOCK];
    const bp_photon_digits digits = digits_of(map);
    size_t at = 0;
    for (; at + BLOCK <= count; at += BLOCK) {
        const int32_t *n = numbers + at;
        size_t others = kernels()->bits_of(&digits, n, BLOCK, counts);
        if (!bp_photon_bits_unpack(raw, counts, BLOCK, bits))
            break;
        raw->bad |= !kernels()->join(&digits, n, bits, BLOCK, patterns);
        for (size_t i = 0; others && i < BLOCK; i++)
            if (n[i] == BP_PHOTON_RAW)
                patterns[i] = bits[i];
            else if (n[i] >= BP_PHOTON_SPECIAL && (size_t)(n[i] - BP_PHOTON_SPECIAL) < map->special_count)
                patterns[i] = (uint32_t)map->specials[n[i] - BP_PHOTON_SPECIAL];
            else if (n[i] >= BP_PHOTON_SPECIAL)
                raw->bad = true;
        memcpy(values + 4 * at, patterns, sizeof patterns);
    }
    return at;
}

/* Exceptions among scaled numbers. */
static bool exceptions_back(const bp_photon_map *map, const int32_t *numbers, size_t count, void *values,
                            bp_photon_bit_reader *raw)
{
    for (size_t at = 0; at < count; at += BLOCK) {
        size_t end = count - at < BLOCK ? count : at + BLOCK;
        uint32_t any = 0;
        for (size_t i = at; i < end; i++)
            any |= numbers[i] >= BP_PHOTON_SPECIAL;
        for (size_t i = at; any && i < end; i++) {
            uint64_t pattern;
            if (numbers[i] < BP_PHOTON_SPECIAL)
                continue;
            if (!exception_back(map, numbers[i], &pattern, raw))
                return false;
            bp_photon_pattern_put(map->dtype, values, i, pattern);
        }
    }
    return !raw->bad;
}

bool bp_photon_map_back(const bp_photon_map *map, const int32_t *numbers, size_t count, void *values,
                        bp_photon_bit_reader *raw)
{
    bool wide = map->dtype != BP_F32;
    bool cut = !wide && (map->kind == BP_PHOTON_KIND_FIXED || map->kind == BP_PHOTON_KIND_SPLIT);
    size_t done = cut ? singles_back(map, numbers, count, values, raw) : 0;
    uint8_t *rest = (uint8_t *)values + 4 * done;
    switch (map->kind) {
    case BP_PHOTON_KIND_SCALE:
    case BP_PHOTON_KIND_DIVIDE:
        scale_back(map, numbers, count, values);
        return exceptions_back(map, numbers, count, values, raw);
    case BP_PHOTON_KIND_RANKS:
        return wide ? each_back(map, BP_PHOTON_KIND_RANKS, BP_F64, numbers, count, values, raw)
                    : each_back(map, BP_PHOTON_KIND_RANKS, BP_F32, numbers, count, values, raw);
    case BP_PHOTON_KIND_FIXED:
        return wide ? each_back(map, BP_PHOTON_KIND_FIXED, BP_F64, numbers, count, values, raw)
                    : each_back(map, BP_PHOTON_KIND_FIXED, BP_F32, numbers + done, count - done, rest, raw);
    case BP_PHOTON_KIND_SPLIT:
        return wide ? each_back(map, BP_PHOTON_KIND_SPLIT, BP_F64, numbers, count, values, raw)
                    : each_back(map, BP_PHOTON_KIND_SPLIT, BP_F32, numbers + done, count - done, rest, raw);
    default:
        return wide && each_back(map, BP_PHOTON_KIND_OFFSET, BP_U64, numbers, count, values, raw);
    }
}
