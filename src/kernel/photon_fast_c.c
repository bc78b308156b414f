/* SPDX-License-Identifier: BSD-3-Clause
 * Level fast of photon, the reference. */
#include "kernel/kernel_c.h"
#include "kernel/photon_fast_block.h"

static inline uint32_t mean(uint32_t a, uint32_t b)
{
    return (a | b) - ((a ^ b) >> 1);
}

static inline uint32_t max(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

static inline uint32_t predict(const bp_photon_fast *f, size_t itemsize, const uint8_t *north)
{
    uint32_t above[2 * BP_FAST_REACH + 1], mid = bp_fast_load(north, itemsize);
    if (f->predictor == BP_FAST_ABOVE)
        return mid;
    if (f->predictor == BP_FAST_LEVEL)
        return mid > f->top ? mid : f->level;
    for (size_t i = 0; i <= 2 * BP_FAST_REACH; i++)
        above[i] = bp_fast_load(north + i * itemsize - BP_FAST_REACH * itemsize, itemsize);
    uint32_t largest = max(max(above[1], above[3]), mid), sides = mean(above[1], above[3]);
    if (f->predictor == BP_FAST_MEAN_5) {
        largest = max(max(above[0], above[4]), largest);
        sides = mean(sides, mean(above[0], above[4]));
    }
    return largest > f->top ? mid : mean(sides, mid);
}

static inline uint32_t background(const bp_photon_fast *f, size_t itemsize, const uint8_t *north)
{
    uint32_t above = bp_fast_load(north, itemsize);
    return above > f->top ? above : f->base;
}

static void put_bits(uint64_t *planes, uint32_t value, unsigned place)
{
    for (; value; planes++, value >>= 1)
        *planes |= (uint64_t)(value & 1) << place;
}

typedef bp_fast_staged staged;

static bool plan_block(const bp_photon_fast *f, size_t itemsize, const uint8_t *values, const uint8_t *north,
                       staged *to)
{
    unsigned bits = (unsigned)itemsize * 8, spare = 32 - bits;
    memset(to->planes, 0, sizeof to->planes);
    for (unsigned i = 0; i < BP_FAST_BLOCK; i++) {
        uint32_t value = bp_fast_load(values + i * itemsize, itemsize);
        put_bits(to->planes[0], (value - background(f, itemsize, north + i * itemsize)) << spare >> spare, i);
    }
    unsigned counted = bp_fast_most(to->planes[0], bits);
    if (!counted || bp_fast_is_sparse(to, counted))
        return counted;
    for (unsigned i = 0; i < BP_FAST_BLOCK; i++) {
        uint32_t value = bp_fast_load(values + i * itemsize, itemsize);
        uint32_t residual = (value - predict(f, itemsize, north + i * itemsize)) << spare; /* sign: bit 31 */
        put_bits(to->planes[1], (residual << 1 ^ (0 - (residual >> 31))) >> spare, i);
    }
    bp_fast_choose(to, counted, bp_fast_most(to->planes[1], bits));
    return true;
}

static uint8_t *put_block(const staged *from, size_t itemsize, uint8_t *out)
{
    (void)itemsize;
    return bp_fast_put_staged(from, out);
}

static const uint8_t *decode_block(const bp_photon_fast *f, size_t itemsize, const uint8_t *in,
                                   const uint8_t *north, uint8_t *values, bool *bad)
{
    uint64_t planes[BP_FAST_PLANES];
    unsigned most, mode = *in & BP_FAST_PREDICTED;
    in = bp_fast_get_block(in, (unsigned)itemsize * 8, planes, &most, bad);
    for (unsigned i = 0; i < BP_FAST_BLOCK; i++) {
        const uint8_t *above = north + i * itemsize;
        uint32_t residual = 0;
        for (unsigned k = 0; k < most; k++)
            residual |= (uint32_t)(planes[k] >> i & 1) << k;
        uint32_t value = mode ? (residual >> 1 ^ (0 - (residual & 1))) + predict(f, itemsize, above)
                              : residual + background(f, itemsize, above);
        bp_fast_store(values + i * itemsize, itemsize, value);
    }
    return in;
}

static void decode_zeros(const bp_photon_fast *f, size_t itemsize, const uint8_t *north, uint8_t *values)
{
    for (unsigned i = 0; i < BP_FAST_BLOCK; i++)
        bp_fast_store(values + i * itemsize, itemsize, background(f, itemsize, north + i * itemsize));
}

#include "kernel/photon_fast_body.h"

size_t bp_photon_fast_encode_c(const bp_photon_fast *f, const void *frame, size_t first, size_t end,
                               uint8_t *out, size_t capacity)
{
    return encode_any(f, frame, first, end, out, capacity);
}

bool bp_photon_fast_decode_c(const bp_photon_fast *f, const uint8_t *in, size_t size, void *frame)
{
    return decode_any(f, in, size, frame);
}
