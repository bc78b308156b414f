/* SPDX-License-Identifier: BSD-3-Clause
 * Bit transpose, eight elements at a time: the reference that decides what is right. Its loops are plain; the
 * table's own stand in kernel_c.c. */
#include "kernel/kernel_c.h"

static inline void forward(const uint8_t *in, uint8_t *out, size_t n, size_t itemsize, size_t first)
{
    size_t plane = n / 8;
    for (size_t group = first / 8; group < plane; group++)
        for (size_t byte = 0; byte < itemsize; byte++) {
            const uint8_t *from = in + group * 8 * itemsize + byte;
            uint64_t x = 0;
            for (unsigned i = 0; i < 8; i++)
                x |= (uint64_t)from[i * itemsize] << 8 * i;
            x = bp_transpose_bits(x);
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
            x = bp_transpose_bits(x);
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
