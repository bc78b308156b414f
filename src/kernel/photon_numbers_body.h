/* SPDX-License-Identifier: BSD-3-Clause
 * The loops of photon's map, which compilers turn into vectors. Included once per SIMD level. All arithmetic
 * of floats is one conversion, one product and one rounding, the same everywhere. */
#ifndef BP_KERNEL_PHOTON_NUMBERS_BODY_H
#define BP_KERNEL_PHOTON_NUMBERS_BODY_H

#include <string.h>

#include "kernel/kernel_c.h"

#define BLOCK   256
#define ROUNDER 6755399441055744.0 /* adding and taking away 1.5 * 2^52 rounds to whole numbers */

static size_t find_extent(const int32_t *numbers, size_t count, int32_t *low, int32_t *high)
{
    int32_t a = INT32_MAX, b = INT32_MIN;
    uint32_t known = 0;
    for (size_t i = 0; i < count; i++)
        a = numbers[i] < a ? numbers[i] : a;
    for (size_t i = 0; i < count; i++) {
        int32_t n = numbers[i], others = -(int32_t)(n >= BP_PHOTON_SPECIAL);
        int32_t h = (n & ~others) | (INT32_MIN & others);
        b = h > b ? h : b;
    }
    for (size_t i = 0; i < count; i++)
        known += numbers[i] < BP_PHOTON_SPECIAL ? 1 : 0;
    *low = a;
    *high = b;
    return known;
}

#define PIXELS(type)                                                                                         \
    static void put_##type(const int32_t *restrict numbers, size_t count, uint32_t least, uint8_t *out)      \
    {                                                                                                        \
        const uint32_t top = (type)-1;                                                                       \
        for (size_t i = 0; i < count; i++) {                                                                 \
            uint32_t n = (uint32_t)numbers[i], mark = top - (INT32_MAX - n), pixel = n - least;              \
            type v = (type)(numbers[i] < BP_PHOTON_SPECIAL ? pixel : mark);                                  \
            memcpy(out + i * sizeof v, &v, sizeof v);                                                        \
        }                                                                                                    \
    }                                                                                                        \
    static void get_##type(const uint8_t *in, size_t count, uint32_t least, int32_t *restrict numbers)       \
    {                                                                                                        \
        const uint32_t top = (type)-1;                                                                       \
        for (size_t i = 0; i < count; i++) {                                                                 \
            type v;                                                                                          \
            memcpy(&v, in + i * sizeof v, sizeof v);                                                         \
            uint32_t mark = (uint32_t)INT32_MAX - (top - v), number = v + least;                             \
            numbers[i] = (int32_t)(v > top - BP_PHOTON_PIXEL_MARKS ? mark : number);                         \
        }                                                                                                    \
    }
PIXELS(uint8_t)
PIXELS(uint16_t)
PIXELS(uint32_t)

static void put_pixels(const int32_t *numbers, size_t count, uint32_t least, size_t itemsize, void *out)
{
    if (itemsize == 1)
        put_uint8_t(numbers, count, least, out);
    else if (itemsize == 2)
        put_uint16_t(numbers, count, least, out);
    else
        put_uint32_t(numbers, count, least, out);
}

static void get_pixels(const void *in, size_t count, uint32_t least, size_t itemsize, int32_t *numbers)
{
    if (itemsize == 1)
        get_uint8_t(in, count, least, numbers);
    else if (itemsize == 2)
        get_uint16_t(in, count, least, numbers);
    else
        get_uint32_t(in, count, least, numbers);
}

static inline float clamp_single(float v)
{
    v = v > -(float)BP_PHOTON_MOST_NUMBER ? v : -(float)BP_PHOTON_MOST_NUMBER; /* NaN too */
    return v < (float)BP_PHOTON_MOST_NUMBER ? v : (float)BP_PHOTON_MOST_NUMBER;
}

static size_t whole_f32(const float *values, size_t count, int32_t *numbers)
{
    float backs[BLOCK];
    uint32_t left_out = 0;
    for (size_t at = 0; at < count; at += BLOCK) {
        size_t n = count - at < BLOCK ? count - at : BLOCK;
        const float *v = values + at;
        int32_t *to = numbers + at;
        for (size_t i = 0; i < n; i++)
            to[i] = (int32_t)clamp_single(v[i]);
        for (size_t i = 0; i < n; i++)
            backs[i] = (float)to[i];
        for (size_t i = 0; i < n; i++) {
            uint32_t a, b;
            memcpy(&a, &v[i], 4);
            memcpy(&b, &backs[i], 4);
            to[i] = a == b ? to[i] : BP_PHOTON_RAW;
            left_out += a != b;
        }
    }
    return left_out;
}

static inline double clamp(double v)
{
    v = v > -2.0 * BP_PHOTON_MOST_NUMBER ? v : -2.0 * BP_PHOTON_MOST_NUMBER; /* NaN too */
    return v < 2.0 * BP_PHOTON_MOST_NUMBER ? v : 2.0 * BP_PHOTON_MOST_NUMBER;
}

static inline bool is_number(int32_t n)
{
    return (n <= BP_PHOTON_MOST_NUMBER) & (n >= -BP_PHOTON_MOST_NUMBER);
}

static void back_f32(const int32_t *numbers, size_t count, double scale, bool divide, float *values)
{
    if (divide)
        for (size_t i = 0; i < count; i++)
            values[i] = (float)((double)numbers[i] / scale);
    else
        for (size_t i = 0; i < count; i++)
            values[i] = (float)((double)numbers[i] * scale);
}

static void back_f64(const int32_t *numbers, size_t count, double scale, bool divide, double *values)
{
    if (divide)
        for (size_t i = 0; i < count; i++)
            values[i] = (double)numbers[i] / scale;
    else
        for (size_t i = 0; i < count; i++)
            values[i] = (double)numbers[i] * scale;
}

static size_t scale_f32(const float *values, size_t count, double scale, bool divide, int32_t *numbers)
{
    const double factor = divide ? scale : 1 / scale;
    float backs[BLOCK];
    uint32_t left_out = 0;
    for (size_t at = 0; at < count; at += BLOCK) {
        size_t n = count - at < BLOCK ? count - at : BLOCK;
        const float *v = values + at;
        int32_t *to = numbers + at;
        for (size_t i = 0; i < n; i++)
            to[i] = (int32_t)(clamp((double)v[i] * factor) + ROUNDER - ROUNDER);
        back_f32(to, n, scale, divide, backs);
        for (size_t i = 0; i < n; i++) {
            uint32_t a, b;
            memcpy(&a, &v[i], 4);
            memcpy(&b, &backs[i], 4);
            bool good = (a == b) & is_number(to[i]);
            to[i] = good ? to[i] : BP_PHOTON_RAW;
            left_out += !good;
        }
    }
    return left_out;
}

static size_t scale_f64(const double *values, size_t count, double scale, bool divide, int32_t *numbers)
{
    const double factor = divide ? scale : 1 / scale;
    double backs[BLOCK];
    uint32_t left_out = 0;
    for (size_t at = 0; at < count; at += BLOCK) {
        size_t n = count - at < BLOCK ? count - at : BLOCK;
        const double *v = values + at;
        int32_t *to = numbers + at;
        for (size_t i = 0; i < n; i++)
            to[i] = (int32_t)(clamp(v[i] * factor) + ROUNDER - ROUNDER);
        back_f64(to, n, scale, divide, backs);
        for (size_t i = 0; i < n; i++) {
            uint64_t a, b;
            memcpy(&a, &v[i], 8);
            memcpy(&b, &backs[i], 8);
            bool good = (a == b) & is_number(to[i]);
            to[i] = good ? to[i] : BP_PHOTON_RAW;
            left_out += !good;
        }
    }
    return left_out;
}

static void cut_fixed(const bp_photon_digits *d, const uint32_t *restrict patterns, size_t count,
                      int32_t *restrict numbers, uint32_t *restrict bits, uint32_t *restrict counts)
{
    const uint32_t small = d->small, zeros = d->zeros, below = (1u << zeros) - 1;
    const uint32_t special0 = d->special[0], special1 = d->special[1];
    const uint32_t is0 = d->is_special[0], is1 = d->is_special[1];
    const int32_t bias = d->point - 127, most = BP_PHOTON_MOST_EXPONENT;
    for (size_t i = 0; i < count; i++) {
        uint32_t p = patterns[i], magnitude = p & 0x7fffffffu, digits = (p & 0x7fffffu) | 0x800000u;
        int32_t exponent = (int32_t)(magnitude >> 23) + bias;
        int32_t within = exponent < 0 ? 0 : exponent > most ? most : exponent;
        uint32_t behind = (uint32_t)(most - within), more = behind > zeros ? behind - zeros : 0;
        int32_t q = exponent < 0 ? 0 : (int32_t)(digits >> behind);
        int32_t number = p >> 31 ? -1 - q : 1 + q;
        uint32_t rest = (digits & ((1u << behind) - 1)) >> zeros;
        uint32_t bad = magnitude & below;
        bad = exponent > most ? 1 : bad;
        more = exponent < 0 ? small : more;
        more = bad ? BP_PHOTON_NO_NUMBER : more;
        more = p == 0 ? 0 : more;
        more = (p ^ special0) | ~is0 ? more : BP_PHOTON_NO_NUMBER;
        more = (p ^ special1) | ~is1 ? more : BP_PHOTON_NO_NUMBER;
        numbers[i] = p == 0 ? 0 : number;
        bits[i] = exponent < 0 ? magnitude >> zeros : rest;
        counts[i] = more;
    }
}

static void cut_split(const bp_photon_digits *d, const uint32_t *restrict patterns, size_t count,
                      int32_t *restrict numbers, uint32_t *restrict bits, uint32_t *restrict counts)
{
    const uint32_t zeros = d->zeros, shift = d->shift, below = (1u << zeros) - 1, low = (1u << shift) - 1;
    const uint32_t special0 = d->special[0], special1 = d->special[1];
    const uint32_t is0 = d->is_special[0], is1 = d->is_special[1], most = shift > zeros ? shift - zeros : 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t p = patterns[i], magnitude = p & 0x7fffffffu, key = p >> 31 ? 0 - magnitude : magnitude;
        uint32_t more = magnitude & below ? BP_PHOTON_NO_NUMBER : most;
        more = p == 0x80000000u ? BP_PHOTON_NO_NUMBER : more;
        more = (p ^ special0) | ~is0 ? more : BP_PHOTON_NO_NUMBER;
        more = (p ^ special1) | ~is1 ? more : BP_PHOTON_NO_NUMBER;
        /* a shift of negative numbers that all compilers take for one: of numbers without a sign */
        numbers[i] = (int32_t)(((key ^ 0x80000000u) >> shift) - (0x80000000u >> shift));
        bits[i] = (key & low) >> zeros;
        counts[i] = more;
    }
}

static void cut_values(const bp_photon_digits *d, const uint32_t *patterns, size_t count, int32_t *numbers,
                       uint32_t *bits, uint32_t *counts)
{
    if (d->fixed)
        cut_fixed(d, patterns, count, numbers, bits, counts);
    else
        cut_split(d, patterns, count, numbers, bits, counts);
}

static inline uint32_t digits_of(int32_t n)
{
    return n < 0 ? (uint32_t)(-1 - n) : (uint32_t)n - 1;
}

/* Place of the leading bit of q, below 2^24. */
static inline uint32_t leading(uint32_t q)
{
    float f = (float)(int32_t)q;
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    return (bits >> 23) - 127;
}

static size_t bits_of(const bp_photon_digits *d, const int32_t *restrict numbers, size_t count,
                      uint32_t *restrict counts)
{
    const uint32_t zeros = d->zeros, small = d->small, split = d->shift > zeros ? d->shift - zeros : 0;
    uint32_t others = 0;
    const size_t fixed = d->fixed ? count : 0;
    for (size_t i = 0; i < fixed; i++) {
        int32_t n = numbers[i];
        uint32_t q = digits_of(n) & 0xffffffu, behind = BP_PHOTON_MOST_EXPONENT - leading(q ? q : 1);
        uint32_t more = behind > zeros ? behind - zeros : 0;
        more = q == 0 ? small : more;
        counts[i] = n == 0 ? 0 : more;
    }
    for (size_t i = fixed; i < count; i++)
        counts[i] = split;
    for (size_t i = 0; i < count; i++) {
        uint32_t more = numbers[i] == BP_PHOTON_RAW ? 32 : 0;
        counts[i] = numbers[i] < BP_PHOTON_SPECIAL ? counts[i] : more;
        others += numbers[i] < BP_PHOTON_SPECIAL ? 0 : 1;
    }
    return others;
}

static bool join_fixed(const bp_photon_digits *d, const int32_t *restrict numbers,
                       const uint32_t *restrict bits, size_t count, uint32_t *restrict patterns)
{
    const uint32_t zeros = d->zeros, bias = (uint32_t)(127 - 1 - d->point);
    uint32_t bad = 0;
    for (size_t i = 0; i < count; i++) {
        int32_t n = numbers[i];
        uint32_t q = digits_of(n), some = q & 0xffffffu, low = bits[i] << zeros;
        uint32_t exponent = leading(some + (uint32_t)(some == 0));
        uint32_t large = (some << (BP_PHOTON_MOST_EXPONENT - exponent) | low) + ((exponent + bias) << 23);
        uint32_t tiny = 0u - (uint32_t)(q == 0), any = 0u - (uint32_t)(n != 0);
        patterns[i] = ((low & tiny) | (large & ~tiny) | ((uint32_t)n & 0x80000000u)) & any;
        bad |= q & 0xff000000u & any & (0u - (uint32_t)(n < BP_PHOTON_SPECIAL));
    }
    return !bad;
}

static bool join_split(const bp_photon_digits *d, const int32_t *restrict numbers,
                       const uint32_t *restrict bits, size_t count, uint32_t *restrict patterns)
{
    uint64_t bad = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t key = (uint64_t)(int64_t)numbers[i] << d->shift | (uint64_t)bits[i] << d->zeros;
        uint64_t negative = 0 - (key >> 63), magnitude = (key ^ negative) - negative;
        patterns[i] = (uint32_t)magnitude | ((uint32_t)negative & 0x80000000u);
        bad |= numbers[i] < BP_PHOTON_SPECIAL ? magnitude >> 31 : 0;
    }
    return !bad;
}

static bool join_values(const bp_photon_digits *d, const int32_t *numbers, const uint32_t *bits, size_t count,
                        uint32_t *patterns)
{
    return d->fixed ? join_fixed(d, numbers, bits, count, patterns)
                    : join_split(d, numbers, bits, count, patterns);
}

#define BP_PHOTON_NUMBERS                                                                                    \
    {                                                                                                        \
        find_extent, put_pixels, get_pixels, whole_f32, scale_f32, scale_f64, back_f32, back_f64,            \
            cut_values, bits_of, join_values                                                                 \
    }

#endif
