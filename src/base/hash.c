/* SPDX-License-Identifier: BSD-3-Clause */
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/hash.h"

uint64_t bp_hash64(const void *data, size_t size)
{
    return XXH3_64bits(data, size);
}

/* 16-bit big-endian words are added to two sums modulo 65535; sums are folded before they can overflow, and
 * an odd last byte counts as the high half of a word. */
uint32_t bp_fletcher32(const void *data, size_t size)
{
    const uint8_t *p = data;
    size_t words = size / 2;
    uint32_t sum1 = 0, sum2 = 0;
    while (words) {
        size_t run = words > 360 ? 360 : words; /* 360 words keep sum2 below 2^32 */
        words -= run;
        for (; run; run--, p += 2) {
            sum1 += (uint32_t)(p[0] << 8 | p[1]);
            sum2 += sum1;
        }
        sum1 = (sum1 & 0xffff) + (sum1 >> 16);
        sum2 = (sum2 & 0xffff) + (sum2 >> 16);
    }
    if (size % 2) {
        sum1 += (uint32_t)p[0] << 8;
        sum2 += sum1;
        sum1 = (sum1 & 0xffff) + (sum1 >> 16);
        sum2 = (sum2 & 0xffff) + (sum2 >> 16);
    }
    sum1 = (sum1 & 0xffff) + (sum1 >> 16);
    sum2 = (sum2 & 0xffff) + (sum2 >> 16);
    return sum2 << 16 | sum1;
}
