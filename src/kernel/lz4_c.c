/* SPDX-License-Identifier: BSD-3-Clause
 * The LZ4 block coder in plain C. */
#include <string.h>

#include "base/bits.h"
#include "kernel/kernel_c.h"

#define COPY_STEP 16

BP_INLINE size_t match_length(const uint8_t *a, const uint8_t *b, const uint8_t *limit)
{
    const uint8_t *start = a;
    while (limit - a >= 8) {
        uint64_t differ = bp_load_le64(a) ^ bp_load_le64(b);
        if (differ)
            return (size_t)(a - start) + ((size_t)__builtin_ctzll(differ) >> 3);
        a += 8;
        b += 8;
    }
    while (a < limit && *a == *b) {
        a++;
        b++;
    }
    return (size_t)(a - start);
}

BP_INLINE void copy_wild(uint8_t *to, const uint8_t *from, size_t bytes)
{
    const uint8_t *end = to + bytes;
    do {
        memcpy(to, from, COPY_STEP);
        to += COPY_STEP;
        from += COPY_STEP;
    } while (to < end);
}

/* Repeats what stands before `to` until 8 bytes are there; returns how far back 8 bytes of the pattern then
 * start: the least multiple of distance from 8 on. */
BP_INLINE size_t spread_8(uint8_t *to, size_t distance)
{
    static const uint8_t multiple[8] = {0, 8, 8, 9, 8, 10, 12, 14};
    const uint8_t *from = to - distance;
    for (size_t i = 0; i < 8; i++)
        to[i] = from[i];
    return multiple[distance];
}

BP_INLINE void copy_match_18(uint8_t *to, size_t distance)
{
    if (distance >= 8) {
        memcpy(to, to - distance, 8);
    } else {
        distance = spread_8(to, distance);
    }
    memcpy(to + 8, to + 8 - distance, 8);
    memcpy(to + 16, to + 16 - distance, 8);
}

BP_INLINE void copy_match(uint8_t *to, size_t distance, size_t bytes)
{
    if (distance == 1) {
        memset(to, to[-1], bytes);
    } else if (distance >= COPY_STEP) {
        copy_wild(to, to - distance, bytes);
    } else {
        const uint8_t *end = to + bytes;
        if (distance < 8) {
            distance = spread_8(to, distance);
            to += 8;
        }
        for (; to < end; to += 8)
            memcpy(to, to - distance, 8);
    }
}

#define LEVEL(name) name##_c
#include "kernel/lz4_body.h"
