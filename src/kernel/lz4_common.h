/* SPDX-License-Identifier: BSD-3-Clause
 * What encoding and decoding of LZ4 blocks share, at every SIMD level. */
#ifndef BP_KERNEL_LZ4_COMMON_H
#define BP_KERNEL_LZ4_COMMON_H

#include <string.h>

#include "base/bits.h"
#include "kernel/kernel_c.h"

#if defined(__GNUC__) || defined(__clang__)
#define BP_INLINE static inline __attribute__((always_inline))
#else
#define BP_INLINE static inline
#endif

enum { MIN_MATCH = 4, TOKEN_MAX = 15 };

/* Compilers make one load of these, which they do not of the portable ones in all places. */
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
BP_INLINE uint32_t load_32(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

BP_INLINE uint64_t load_64(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

BP_INLINE void store_16(uint8_t *p, uint16_t v)
{
    memcpy(p, &v, sizeof v);
}
#else
BP_INLINE uint32_t load_32(const uint8_t *p)
{
    return bp_load_le32(p);
}

BP_INLINE uint64_t load_64(const uint8_t *p)
{
    return bp_load_le64(p);
}

BP_INLINE void store_16(uint8_t *p, uint16_t v)
{
    bp_store_le16(p, v);
}
#endif

/* Copies in whole steps: up to step - 1 bytes too many. */
BP_INLINE void copy_wild(uint8_t *to, const uint8_t *from, size_t bytes, size_t step)
{
    const uint8_t *end = to + bytes;
    do {
        memcpy(to, from, step);
        to += step;
        from += step;
    } while (to < end);
}

/* What the hash is taken of: eight bytes in large blocks, else four. */
BP_INLINE uint64_t load_bytes(const uint8_t *p, bool wide)
{
    return wide ? load_64(p) : load_32(p);
}

#endif
