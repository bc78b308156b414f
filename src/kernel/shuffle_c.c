/* SPDX-License-Identifier: BSD-3-Clause
 * Byte transpose and byte order in plain C. The reference for every other variant. */
#include <string.h>

#include "kernel/kernel_c.h"

static inline void forward(const uint8_t *in, uint8_t *out, size_t n, size_t itemsize, size_t first)
{
    for (size_t byte = 0; byte < itemsize; byte++)
        for (size_t i = first; i < n; i++)
            out[byte * n + i] = in[i * itemsize + byte];
}

static inline void backward(const uint8_t *in, uint8_t *out, size_t n, size_t itemsize, size_t first)
{
    for (size_t i = first; i < n; i++)
        for (size_t byte = 0; byte < itemsize; byte++)
            out[i * itemsize + byte] = in[byte * n + i];
}

void bp_shuffle_from_c(const uint8_t *in, uint8_t *out, size_t n, size_t itemsize, size_t first)
{
    if (itemsize == 1 && n > first)
        memcpy(out + first, in + first, n - first);
    else if (itemsize == 2)
        forward(in, out, n, 2, first);
    else if (itemsize == 4)
        forward(in, out, n, 4, first);
    else if (itemsize == 8)
        forward(in, out, n, 8, first);
    else
        forward(in, out, n, itemsize, first);
}

void bp_unshuffle_from_c(const uint8_t *in, uint8_t *out, size_t n, size_t itemsize, size_t first)
{
    if (itemsize == 1 && n > first)
        memcpy(out + first, in + first, n - first);
    else if (itemsize == 2)
        backward(in, out, n, 2, first);
    else if (itemsize == 4)
        backward(in, out, n, 4, first);
    else if (itemsize == 8)
        backward(in, out, n, 8, first);
    else
        backward(in, out, n, itemsize, first);
}

/* Both bytes of a pair are read before either is written, so out may be in. */
static inline void swap(const uint8_t *in, uint8_t *out, size_t n, size_t itemsize)
{
    for (size_t i = 0; i < n; i++, in += itemsize, out += itemsize)
        for (size_t low = 0, high = itemsize - 1; low <= high && high < itemsize; low++, high--) {
            uint8_t a = in[low], b = in[high];
            out[low] = b;
            out[high] = a;
        }
}

void bp_byteswap_c(const uint8_t *in, uint8_t *out, size_t n, size_t itemsize)
{
    if (itemsize == 2)
        swap(in, out, n, 2);
    else if (itemsize == 4)
        swap(in, out, n, 4);
    else if (itemsize == 8)
        swap(in, out, n, 8);
    else
        swap(in, out, n, itemsize);
}
