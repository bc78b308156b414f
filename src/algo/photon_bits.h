/* SPDX-License-Identifier: BSD-3-Clause
 * Bits from bit 0 of each byte on: the raw bits of mapped values. */
#ifndef BP_ALGO_PHOTON_BITS_H
#define BP_ALGO_PHOTON_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bits.h"

/* out has room for all that is put, and 8 bytes more. */
typedef struct bp_photon_bit_writer {
    uint8_t *at;
    uint64_t bits;
    unsigned count; /* below 8 between calls */
} bp_photon_bit_writer;

typedef struct bp_photon_bit_reader {
    const uint8_t *at, *end;
    uint64_t bits;
    unsigned count;
    bool bad;
} bp_photon_bit_reader;

/* count is at most 56. */
static inline void bp_photon_bits_put(bp_photon_bit_writer *w, uint64_t value, unsigned count)
{
    w->bits |= value << w->count;
    w->count += count;
    bp_store_le64(w->at, w->bits);
    unsigned whole = w->count >> 3;
    w->at += whole;
    w->bits >>= 8 * whole;
    w->count &= 7;
}

static inline void bp_photon_bits_put64(bp_photon_bit_writer *w, uint64_t value, unsigned count)
{
    if (count > 32) {
        bp_photon_bits_put(w, (uint32_t)value, 32);
        value >>= 32;
        count -= 32;
    }
    bp_photon_bits_put(w, value, count);
}

static inline void bp_photon_bits_finish(bp_photon_bit_writer *w)
{
    if (w->count)
        bp_photon_bits_put(w, 0, 8 - w->count);
}

/* count is at most 32. 0 past the end. */
static inline uint32_t bp_photon_bits_get(bp_photon_bit_reader *r, unsigned count)
{
    if (r->count < count && r->end - r->at >= 4) { /* below 32 bits are there */
        r->bits |= (uint64_t)bp_load_le32(r->at) << r->count;
        r->at += 4;
        r->count += 32;
    }
    while (r->count < count) {
        if (r->at == r->end) {
            r->bad = true;
            return 0;
        }
        r->bits |= (uint64_t)*r->at++ << r->count;
        r->count += 8;
    }
    uint32_t value = (uint32_t)(r->bits & ((UINT64_C(1) << count) - 1));
    r->bits >>= count;
    r->count -= count;
    return value;
}

static inline uint64_t bp_photon_bits_get64(bp_photon_bit_reader *r, unsigned count)
{
    uint64_t low = 0;
    if (count <= 32)
        return bp_photon_bits_get(r, count);
    low = bp_photon_bits_get(r, 32);
    return low | (uint64_t)bp_photon_bits_get(r, count - 32) << 32;
}

/* n numbers of counts bits each, at most 32. False, and nothing is taken, near the end. */
static inline bool bp_photon_bits_unpack(bp_photon_bit_reader *r, const uint32_t *counts, size_t n,
                                         uint32_t *out)
{
    const uint8_t *from = r->at - (r->count + 7) / 8; /* what is in bits stands there too */
    size_t at = (8 - r->count % 8) % 8, all = 0;
    for (size_t i = 0; i < n; i++)
        all += counts[i];
    if ((at + all) / 8 + 9 > (size_t)(r->end - from))
        return false;
    for (size_t i = 0; i < n; at += counts[i++])
        out[i] = (uint32_t)(bp_load_le64(from + at / 8) >> at % 8 & ((UINT64_C(1) << counts[i]) - 1));
    r->at = from + (at + 7) / 8;
    r->count = (unsigned)((8 - at % 8) % 8);
    r->bits = r->count ? (uint64_t)from[at / 8] >> at % 8 : 0;
    return true;
}

/* Has all been used, and are the last bits 0? */
static inline bool bp_photon_bits_done(const bp_photon_bit_reader *r)
{
    return !r->bad && r->at == r->end && r->count < 8 && r->bits == 0;
}

#endif
