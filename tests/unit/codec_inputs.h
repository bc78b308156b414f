/* SPDX-License-Identifier: BSD-3-Clause
 * Arrays that codecs are tried on: every shape that has its own pitfall, filled by patterns. */
#ifndef BP_TESTS_CODEC_INPUTS_H
#define BP_TESTS_CODEC_INPUTS_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "beampress/beampress.h"

typedef struct test_shape {
    size_t rank, shape[BP_MAX_RANK];
} test_shape;

static const test_shape test_shapes[] = {
    {0, {0}},
    {1, {1}},
    {1, {7}},
    {1, {0}},
    {1, {1000}},
    {2, {1, 1}},
    {2, {1, 7}},
    {2, {7, 1}},
    {2, {33, 17}},
    {2, {0, 5}},
    {2, {64, 64}},
    {3, {3, 5, 2}},
    {3, {4, 0, 3}},
    {3, {3, 1, 1}},
    {4, {2, 3, 4, 5}},
    {5, {2, 2, 3, 2, 5}},
    {32, {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 5, 1, 1, 7}},
    {32, {2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2}},
};
#define TEST_SHAPE_COUNT (sizeof test_shapes / sizeof test_shapes[0])

typedef enum test_pattern {
    PATTERN_ZERO,
    PATTERN_TOP,     /* all bits set: the largest unsigned value, -1, a NaN */
    PATTERN_HIGHEST, /* the largest signed value, the largest finite float */
    PATTERN_SWING,   /* the lowest and the highest value in turn */
    PATTERN_RANDOM,  /* any bits: for floats NaN with payloads, Inf and subnormals too */
    PATTERN_RAMP,
    PATTERN_COUNTS,  /* few photons with a rare hot pixel */
    PATTERN_SPECIAL, /* a ramp with NaN, Inf, -Inf and -0 in it; for integers the same as the ramp */
    PATTERN_EVENTS,  /* hardly any photons, and a rare hot pixel */
    PATTERN_COUNT,
    PATTERN_GAIN /* only where asked for: frames of 40 x 60 of a detector that switches its gain, a bright
                    spot */
} test_pattern;

static inline uint64_t test_random(uint64_t *state)
{
    *state ^= *state << 13; /* xorshift64, Marsaglia 2003 */
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* Stores a number as an element of a dtype; halves only take small whole numbers of either sign. */
static inline void test_put(uint8_t *at, bp_dtype dtype, size_t itemsize, double value)
{
    bool fits = value > -0x1p63 && value < 0x1p64; /* neither NaN nor infinite */
    uint64_t integer = !fits ? 0 : value < 0 ? (uint64_t)(int64_t)value : (uint64_t)value;
    float single = (float)value;
    if (dtype == BP_F64) {
        memcpy(at, &value, 8);
    } else if (dtype == BP_F32) {
        memcpy(at, &single, 4);
    } else if (dtype == BP_F16) {
        int exponent;
        double fraction = frexp(fabs(value), &exponent); /* 0.5 <= fraction < 1 */
        uint16_t half = value == 0 ? 0 : (uint16_t)((exponent + 14) << 10 | ((int)(fraction * 2048) & 1023));
        half = (uint16_t)(half | (value < 0 ? 0x8000 : 0));
        memcpy(at, &half, 2);
    } else {
        memset(at, value < 0 ? 255 : 0, itemsize);
        memcpy(at, &integer, itemsize < 8 ? itemsize : 8);
    }
}

static inline void test_put_special(uint8_t *at, bp_dtype dtype, size_t kind)
{
    static const uint16_t half[4] = {0x7e00, 0x7c00, 0xfc00, 0x8000};
    const double wide[4] = {(double)NAN, (double)INFINITY, -(double)INFINITY, -0.0};
    if (dtype == BP_F16)
        memcpy(at, &half[kind], 2);
    else
        test_put(at, dtype, dtype == BP_F32 ? 4 : 8, wide[kind]);
}

/* The lowest (or the highest) value of a dtype. */
static inline void test_put_limit(uint8_t *at, bp_dtype dtype, size_t itemsize, bool high)
{
    bool is_float = dtype == BP_F16 || dtype == BP_F32 || dtype == BP_F64;
    bool is_signed = dtype == BP_I8 || dtype == BP_I16 || dtype == BP_I32 || dtype == BP_I64;
    if (is_float) {
        memset(at, 255, itemsize); /* the largest finite number: exponent one below the top */
        at[itemsize - 1] = high ? 0x7f : 0xff;
        at[itemsize - 2] = dtype == BP_F32 ? 0x7f : 0xef;
        if (dtype == BP_F16)
            at[1] = high ? 0x7b : 0xfb, at[0] = 0xff;
    } else {
        memset(at, high ? 255 : 0, itemsize);
        if (is_signed)
            at[itemsize - 1] = high ? 0x7f : 0x80;
    }
}

/* Pedestals, noise, a steep spot; some pixels now and then with gain bits and another pedestal. */
static inline double test_gain(size_t i, uint64_t bits)
{
    size_t pixel = i % 2400, row = pixel / 60, column = pixel % 60;
    size_t far = row > column ? row - column : column - row;
    double pedestal = 2000 + (double)(pixel * 2654435761u >> 7 & 63);
    double spot = far < 6 ? 5000 - 800 * (double)far : 0;
    if (pixel % 97 == 3 && (bits >> 20 & 3))
        return (pixel % 2 ? 16384 : 49152) + 9000 + (double)(pixel % 500) + (double)(bits & 15);
    return pedestal + spot + (double)(bits & 31);
}

static inline void test_fill_one(uint8_t *at, bp_dtype dtype, size_t itemsize, test_pattern pattern, size_t i,
                                 uint64_t *seed)
{
    bool is_float = dtype == BP_F16 || dtype == BP_F32 || dtype == BP_F64;
    uint64_t bits = test_random(seed);
    switch (pattern) {
    case PATTERN_GAIN:
        test_put(at, dtype, itemsize, test_gain(i, bits));
        break;
    case PATTERN_ZERO:
        memset(at, 0, itemsize);
        break;
    case PATTERN_TOP:
        memset(at, 255, itemsize);
        break;
    case PATTERN_HIGHEST:
        test_put_limit(at, dtype, itemsize, true);
        break;
    case PATTERN_SWING:
        test_put_limit(at, dtype, itemsize, i & 1);
        break;
    case PATTERN_RANDOM:
        for (size_t k = 0; k < itemsize; k++)
            at[k] = (uint8_t)(test_random(seed) >> 24);
        break;
    case PATTERN_COUNTS:
        test_put(at, dtype, itemsize, bits % 200 == 0 ? 100 : (double)(bits >> 8 & bits >> 16 & 3));
        break;
    case PATTERN_EVENTS:
        test_put(at, dtype, itemsize,
                 (double)(bits % 50        ? 0
                          : bits >> 8 & 31 ? 1 + (bits >> 16 & bits >> 20 & 3)
                                           : 100));
        break;
    default:
        if (pattern == PATTERN_SPECIAL && is_float && i % 5 == 2)
            test_put_special(at, dtype, i / 5 % 4);
        else
            test_put(at, dtype, itemsize, is_float ? ((double)i - 20) / 8 : (double)(i % 120));
        break;
    }
}

/* A filled array; free(array->data). Opaque elements have 3 bytes. */
static inline void test_array_make(bp_array *array, bp_dtype dtype, const test_shape *shape,
                                   test_pattern pattern)
{
    size_t itemsize = dtype == BP_OPAQUE ? 3 : bp_dtype_size(dtype);
    uint64_t seed = 0x9e3779b97f4a7c15u + pattern;
    if (bp_array_init(array, dtype, itemsize, shape->rank, shape->shape, NULL) != BP_OK)
        abort();
    size_t n = bp_array_elements(array);
    uint8_t *data = malloc(n * itemsize + 1);
    for (size_t i = 0; i < n; i++)
        test_fill_one(data + i * itemsize, dtype, itemsize, pattern, i, &seed);
    array->data = data;
}

#endif
