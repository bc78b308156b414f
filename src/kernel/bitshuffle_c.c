/* SPDX-License-Identifier: BSD-3-Clause
 * Bit transpose in plain C, eight elements at a time. The reference for every other variant. */
#include "base/bits.h"
#include "kernel/kernel_c.h"

/* Transposes an 8 x 8 bit matrix, one row per byte: three rounds that swap blocks of 1, 2 and 4
 * (H. S. Warren, Hacker's Delight, section 7-3). It is its own inverse. */
static inline uint64_t transpose8(uint64_t x)
{
    uint64_t t = (x ^ x >> 7) & UINT64_C(0x00aa00aa00aa00aa);
    x ^= t ^ t << 7;
    t = (x ^ x >> 14) & UINT64_C(0x0000cccc0000cccc);
    x ^= t ^ t << 14;
    t = (x ^ x >> 28) & UINT64_C(0x00000000f0f0f0f0);
    return x ^ t ^ t << 28;
}

static inline void forward(const uint8_t *in, uint8_t *out, size_t n, size_t itemsize, size_t first)
{
    size_t plane = n / 8;
    for (size_t group = first / 8; group < plane; group++)
        for (size_t byte = 0; byte < itemsize; byte++) {
            const uint8_t *from = in + group * 8 * itemsize + byte;
            uint64_t x = 0;
            for (unsigned i = 0; i < 8; i++)
                x |= (uint64_t)from[i * itemsize] << 8 * i;
            x = transpose8(x);
            for (unsigned bit = 0; bit < 8; bit++)
                out[(byte * 8 + bit) * plane + group] = (uint8_t)(x >> 8 * bit);
        }
}

static inline void backward(const uint8_t *in, uint8_t *out, size_t n, size_t itemsize, size_t first)
{
    size_t plane = n / 8;
    for (size_t group = first / 8; group < plane; group++)
        for (size_t byte = 0; byte < itemsize; byte++) {
            uint8_t *to = out + group * 8 * itemsize + byte;
            uint64_t x = 0;
            for (unsigned bit = 0; bit < 8; bit++)
                x |= (uint64_t)in[(byte * 8 + bit) * plane + group] << 8 * bit;
            x = transpose8(x);
            for (unsigned i = 0; i < 8; i++)
                to[i * itemsize] = (uint8_t)(x >> 8 * i);
        }
}

/* The common sizes get loops of their own, whose strides the compiler knows. */
void bp_bitshuffle_from_c(const uint8_t *in, uint8_t *out, size_t n, size_t itemsize, size_t first)
{
    if (itemsize == 1)
        forward(in, out, n, 1, first);
    else if (itemsize == 2)
        forward(in, out, n, 2, first);
    else if (itemsize == 4)
        forward(in, out, n, 4, first);
    else if (itemsize == 8)
        forward(in, out, n, 8, first);
    else
        forward(in, out, n, itemsize, first);
}

void bp_bitunshuffle_from_c(const uint8_t *in, uint8_t *out, size_t n, size_t itemsize, size_t first)
{
    if (itemsize == 1)
        backward(in, out, n, 1, first);
    else if (itemsize == 2)
        backward(in, out, n, 2, first);
    else if (itemsize == 4)
        backward(in, out, n, 4, first);
    else if (itemsize == 8)
        backward(in, out, n, 8, first);
    else
        backward(in, out, n, itemsize, first);
}

void bp_bitshuffle_c(const uint8_t *in, uint8_t *out, size_t n, size_t itemsize)
{
    bp_bitshuffle_from_c(in, out, n, itemsize, 0);
}

void bp_bitunshuffle_c(const uint8_t *in, uint8_t *out, size_t n, size_t itemsize)
{
    bp_bitunshuffle_from_c(in, out, n, itemsize, 0);
}
