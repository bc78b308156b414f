/* SPDX-License-Identifier: BSD-3-Clause
 * One block of photon's level fast between its 32 bit planes (bit i of plane j: bit j of pixel i) and its
 * bytes. What all kernels share. */
#ifndef BP_KERNEL_PHOTON_FAST_BLOCK_H
#define BP_KERNEL_PHOTON_FAST_BLOCK_H

#include <string.h>

#include "base/bits.h"
#include "kernel/photon_fast.h"

#if defined(__BMI2__)
#include <immintrin.h>
#endif

#define BP_FAST_PLANES 32
#define BP_FAST_BYTES  (3 + 8 * BP_FAST_PLANES + 9 + 4 * BP_FAST_BLOCK) /* of a block, at most */
#define BP_FAST_LIMIT  (1 + BP_FAST_BLOCKS * BP_FAST_BYTES)             /* of a group, at most */
#define BP_FAST_SLACK  320 /* bytes that kernels may read or write behind that */

/* What an encoder need not try: a single plane of so few bits is not worth a prediction, and a prediction
 * that takes so many planes less is taken at once. */
#define BP_FAST_FEW_BITS    32
#define BP_FAST_PLANES_LESS 1

/* The first byte of a block: mode, kind, width. */
#define BP_FAST_PREDICTED 0x80
#define BP_FAST_KIND(h)   ((h) >> 4 & 7)
#define BP_FAST_WIDTH(h)  ((h)&15)
/* Kinds: 0 to 3 are so many planes of patches. */
#define BP_FAST_MOST_PLANES  3  /* of patches that are stored as planes */
#define BP_FAST_MOST_PATCHES 16 /* in such a block, so that their bits fit 64 */
enum { BP_FAST_UNARY = 4, BP_FAST_VALUES = 5, BP_FAST_GROUPED = 6, BP_FAST_WIDE = 7 };
#define BP_FAST_UNARY_PLANES 3 /* that become up to seven levels */
#define BP_FAST_UNARY_WIDTHS 2 /* 0 and 1: what encoders try below them */
#define BP_FAST_WIDE_GROUPED 0x40
#define BP_FAST_MOST_LESS    15 /* bits that eight pixels of a grouped block may have less than others */

typedef struct bp_fast_plan {
    unsigned cost;  /* bits, the first byte left out */
    unsigned width; /* planes that are there for all pixels; of a grouped block: for those with most */
    unsigned most;  /* planes of the largest value */
    unsigned kind;  /* BP_FAST_GROUPED, BP_FAST_UNARY, else 0 */
} bp_fast_plan;

/* Numbers in the order of bytes of bits.h, which compilers do not always see through. */
static inline uint64_t bp_fast_load64(const uint8_t *p)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
#else
    return bp_load_le64(p);
#endif
}

static inline void bp_fast_store64(uint8_t *p, uint64_t v)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    memcpy(p, &v, sizeof v);
#else
    bp_store_le64(p, v);
#endif
}

static inline uint64_t bp_fast_compress(uint64_t bits, uint64_t mask)
{
#if defined(__BMI2__)
    return _pext_u64(bits, mask);
#else
    uint64_t out = 0;
    for (unsigned to = 0; mask; mask &= mask - 1, to++)
        if (bits & mask & (0 - mask))
            out |= (uint64_t)1 << to;
    return out;
#endif
}

static inline uint64_t bp_fast_expand(uint64_t bits, uint64_t mask)
{
#if defined(__BMI2__)
    return _pdep_u64(bits, mask);
#else
    uint64_t out = 0;
    for (; mask; mask &= mask - 1, bits >>= 1)
        if (bits & 1)
            out |= mask & (0 - mask);
    return out;
#endif
}

static inline unsigned bp_fast_count(uint64_t bits)
{
    return (unsigned)__builtin_popcountll(bits);
}

static inline uint32_t bp_fast_load(const uint8_t *p, size_t itemsize)
{
    uint16_t half;
    uint32_t word;
    if (itemsize == 1)
        return *p;
    memcpy(&half, p, sizeof half);
    if (itemsize == 2)
        return half;
    memcpy(&word, p, sizeof word);
    return word;
}

static inline void bp_fast_store(uint8_t *p, size_t itemsize, uint32_t value)
{
    uint16_t half = (uint16_t)value;
    if (itemsize == 1)
        *p = (uint8_t)value;
    else if (itemsize == 2)
        memcpy(p, &half, sizeof half);
    else
        memcpy(p, &value, sizeof value);
}

/* Bit 7 of every byte that is not 0. */
static inline uint64_t bp_fast_nonzero(uint64_t x)
{
    const uint64_t low = UINT64_C(0x7f7f7f7f7f7f7f7f);
    return (((x & low) + low) | x) & ~low;
}

/* Of bits 7 of bytes: the whole bytes. */
static inline uint64_t bp_fast_spread(uint64_t signs)
{
    return (signs >> 7) * 255;
}

/* Bits that a patch of so many planes costs beyond its place. */
static inline unsigned bp_fast_patch_bits(unsigned planes)
{
    return planes < 2 ? 0 : planes <= BP_FAST_MOST_PLANES ? planes : (planes + 7) / 8 * 8;
}

/* Levels of the number in three planes: level[j] marks pixels with more than j. */
static inline void bp_fast_levels(const uint64_t *planes, uint64_t level[7])
{
    uint64_t a = planes[0], b = planes[1], c = planes[2];
    level[0] = a | b | c;
    level[1] = b | c;
    level[2] = (a & b) | c;
    level[3] = c;
    level[4] = c & (a | b);
    level[5] = c & b;
    level[6] = c & b & a;
}

/* Bits of `width` planes and the levels of the three above. */
static inline unsigned bp_fast_unary_cost(const uint64_t *planes, unsigned width)
{
    uint64_t level[7];
    unsigned cost = BP_FAST_BLOCK * (width + 1);
    bp_fast_levels(planes + width, level);
    for (unsigned j = 0; j < 6; j++)
        cost += bp_fast_count(level[j]);
    return cost;
}

static inline unsigned bp_fast_most(const uint64_t *planes, unsigned bits)
{
    while (bits && !planes[bits - 1])
        bits--;
    return bits;
}

/* The cheapest way to store these planes, of which there are `most`. Every kernel must decide alike. */
static inline bp_fast_plan bp_fast_make_plan(const uint64_t *planes, unsigned most)
{
    bp_fast_plan plan = {.cost = BP_FAST_BLOCK * most, .width = most, .most = most};
    unsigned grouped = 32;
    uint64_t any = 0;
    for (unsigned k = most; k-- > 0;) {
        any |= planes[k];
        unsigned bytes = bp_fast_count(bp_fast_nonzero(any)), patches = bp_fast_count(any);
        grouped += k + BP_FAST_MOST_LESS < most ? 64 : 8 * bytes;
        if (patches > BP_FAST_MOST_PATCHES)
            continue;
        unsigned cost = BP_FAST_BLOCK * k + 8 + 8 * bytes + patches * bp_fast_patch_bits(most - k);
        if (cost < plan.cost) {
            plan.cost = cost;
            plan.width = k;
        }
    }
    if (grouped < plan.cost) {
        plan.cost = grouped;
        plan.width = most;
        plan.kind = BP_FAST_GROUPED;
    }
    for (unsigned k = 0; k < BP_FAST_UNARY_WIDTHS && most >= 2 && most <= 4; k++) {
        unsigned cost = most <= k + BP_FAST_UNARY_PLANES ? bp_fast_unary_cost(planes, k) : plan.cost;
        if (cost < plan.cost) {
            plan.cost = cost;
            plan.width = k;
            plan.kind = BP_FAST_UNARY;
        }
    }
    return plan;
}

static inline uint8_t *bp_fast_put_grouped(const uint64_t *planes, unsigned most, unsigned mode, uint8_t *out)
{
    uint64_t present[BP_FAST_PLANES], any = 0;
    uint32_t less = 0;
    if (most <= 16) {
        *out++ = (uint8_t)(mode | BP_FAST_GROUPED << 4 | (most - 1));
    } else {
        *out++ = (uint8_t)(mode | BP_FAST_WIDE << 4);
        *out++ = (uint8_t)(BP_FAST_WIDE_GROUPED | most);
    }
    for (unsigned k = most; k-- > 0;) {
        any |= planes[k];
        present[k] = k + BP_FAST_MOST_LESS < most ? ~UINT64_C(0) : bp_fast_spread(bp_fast_nonzero(any));
        /* a nibble counts the planes that its eight pixels lack */
        less +=
            (uint32_t)bp_fast_expand(bp_fast_compress(~present[k], UINT64_C(0x0101010101010101)), 0x11111111);
    }
    bp_fast_store64(out, less);
    out += 4;
    for (unsigned k = 0; k < most; k++) {
        bp_fast_store64(out, bp_fast_compress(planes[k], present[k]));
        out += bp_fast_count(present[k]) / 8;
    }
    return out;
}

/* Level j stands in as many bits as level j - 1 has pixels. */
static inline uint8_t *bp_fast_put_unary(const uint64_t *planes, unsigned width, unsigned mode, uint8_t *out)
{
    uint64_t level[7], bits, rest = 0;
    unsigned used = 0;
    bp_fast_levels(planes + width, level);
    *out++ = (uint8_t)(mode | BP_FAST_UNARY << 4 | width);
    for (unsigned k = 0; k < width; k++, out += 8)
        bp_fast_store64(out, planes[k]);
    bp_fast_store64(out, level[0]);
    out += 8;
    for (unsigned j = 0; j < 6 && level[j]; j++) {
        bits = bp_fast_compress(level[j + 1], level[j]);
        unsigned next = used + bp_fast_count(level[j]);
        rest |= bits << used;
        bp_fast_store64(out, rest);
        if (next >= 64) {
            rest = used ? bits >> (64 - used) : 0;
            out += 8;
        }
        used = next % 64;
    }
    bp_fast_store64(out, rest);
    return out + (used + 7) / 8;
}

/* What follows the planes of a block: places of the patches, and what they have above width. */
static inline uint8_t *bp_fast_put_patches(const uint64_t *planes, unsigned width, unsigned most,
                                           uint8_t *out)
{
    uint64_t places = 0;
    for (unsigned k = width; k < most; k++)
        places |= planes[k];
    uint64_t bytes = bp_fast_nonzero(places);
    unsigned patches = bp_fast_count(places), extra = most - width;
    *out = (uint8_t)bp_fast_compress(bytes, UINT64_C(0x8080808080808080));
    bp_fast_store64(out + 1, bp_fast_compress(places, bp_fast_spread(bytes)));
    out += 1 + bp_fast_count(bytes);
    if (extra < 2)
        return out;
    if (extra <= BP_FAST_MOST_PLANES) {
        uint64_t packed = 0;
        for (unsigned k = 0; k < extra; k++)
            packed |= bp_fast_compress(planes[width + k], places) << k * patches;
        bp_fast_store64(out, packed);
        return out + (extra * patches + 7) / 8;
    }
    for (; places; places &= places - 1, out += (extra + 7) / 8) {
        unsigned place = (unsigned)__builtin_ctzll(places);
        uint32_t value = 0;
        for (unsigned k = width; k < most; k++)
            value |= (uint32_t)(planes[k] >> place & 1) << (k - width);
        bp_fast_store64(out, value);
    }
    return out;
}

/* Writes a block that is not all 0 in `mode`; out has BP_FAST_BYTES and BP_FAST_SLACK. */
static inline uint8_t *bp_fast_put_block(const uint64_t *planes, const bp_fast_plan *plan, unsigned mode,
                                         uint8_t *out)
{
    unsigned width = plan->width, most = plan->most, extra = most - width;
    if (plan->kind == BP_FAST_GROUPED)
        return bp_fast_put_grouped(planes, most, mode, out);
    if (plan->kind == BP_FAST_UNARY)
        return bp_fast_put_unary(planes, width, mode, out);
    if (width > 15) {
        *out++ = (uint8_t)(mode | BP_FAST_WIDE << 4);
        *out++ = (uint8_t)width;
        *out++ = (uint8_t)most;
    } else if (extra > BP_FAST_MOST_PLANES) {
        *out++ = (uint8_t)(mode | BP_FAST_VALUES << 4 | width);
        *out++ = (uint8_t)most;
    } else {
        *out++ = (uint8_t)(mode | extra << 4 | width);
    }
    for (unsigned k = 0; k < width; k++, out += 8)
        bp_fast_store64(out, planes[k]);
    return extra ? bp_fast_put_patches(planes, width, most, out) : out;
}

/* A block that is planned but not written: the planes of both residuals, and what is to be done. */
typedef struct bp_fast_staged {
    uint64_t planes[2][BP_FAST_PLANES]; /* counts, predicted */
    bp_fast_plan plan;
    unsigned mode;
} bp_fast_staged;

/* Chooses between the residuals, which have so many planes. */
static inline void bp_fast_choose(bp_fast_staged *s, unsigned counted, unsigned predicted)
{
    bp_fast_plan plan = bp_fast_make_plan(s->planes[1], predicted);
    s->mode = BP_FAST_PREDICTED;
    s->plan = plan;
    if (predicted + BP_FAST_PLANES_LESS <= counted)
        return;
    plan = bp_fast_make_plan(s->planes[0], counted);
    if (plan.cost <= s->plan.cost) {
        s->mode = 0;
        s->plan = plan;
    }
}

/* Are the counts, of so many planes, good enough? Then they are the plan. */
static inline bool bp_fast_is_sparse(bp_fast_staged *s, unsigned counted)
{
    if (counted != 1)
        return false;
    s->mode = 0;
    s->plan = bp_fast_make_plan(s->planes[0], counted);
    return s->plan.cost <= BP_FAST_FEW_BITS;
}

static inline uint8_t *bp_fast_put_staged(const bp_fast_staged *s, uint8_t *out)
{
    return bp_fast_put_block(s->planes[s->mode != 0], &s->plan, s->mode, out);
}

static inline const uint8_t *bp_fast_get_grouped(const uint8_t *in, unsigned most, unsigned bits,
                                                 uint64_t *planes, bool *bad)
{
    uint32_t less = (uint32_t)bp_fast_load64(in);
    uint8_t widths[8];
    in += 4;
    for (unsigned g = 0; g < 8; g++) {
        unsigned lacks = less >> 4 * g & 15;
        *bad |= lacks > most;
        widths[g] = (uint8_t)(most - lacks);
    }
    if (*bad || most > bits || !most) {
        *bad = true;
        return in;
    }
    for (unsigned k = 0; k < most; k++) {
        uint64_t present = 0;
        for (unsigned g = 0; g < 8; g++)
            present |= (uint64_t)(widths[g] > k ? 255 : 0) << 8 * g;
        planes[k] = bp_fast_expand(bp_fast_load64(in), present);
        in += bp_fast_count(present) / 8;
    }
    return in;
}

static inline const uint8_t *bp_fast_get_unary(const uint8_t *in, uint64_t *planes)
{
    uint64_t level[7] = {bp_fast_load64(in)};
    unsigned at = 0;
    in += 8;
    for (unsigned j = 0; j < 6; j++) {
        uint64_t bits = bp_fast_load64(in + at / 8) >> at % 8;
        bits |= (uint64_t)in[at / 8 + 8] << 8 << (56 - at % 8); /* none when at % 8 is 0 */
        level[j + 1] = bp_fast_expand(bits, level[j]);
        at += bp_fast_count(level[j]);
    }
    planes[0] = (level[0] & ~level[1]) | (level[2] & ~level[3]) | (level[4] & ~level[5]) | level[6];
    planes[1] = (level[1] & ~level[3]) | level[5];
    planes[2] = level[3];
    return in + (at + 7) / 8;
}

static inline const uint8_t *bp_fast_get_patches(const uint8_t *in, unsigned width, unsigned most,
                                                 uint64_t *planes, bool *bad)
{
    uint64_t bytes = bp_fast_expand(in[0], UINT64_C(0x0101010101010101)) * 255;
    uint64_t places = bp_fast_expand(bp_fast_load64(in + 1), bytes);
    unsigned patches = bp_fast_count(places), extra = most - width;
    in += 1 + bp_fast_count(in[0]);
    if (extra == 1) {
        planes[width] = places;
        return in;
    }
    if (extra <= BP_FAST_MOST_PLANES) {
        if (patches > BP_FAST_MOST_PATCHES) {
            *bad = true;
            return in;
        }
        uint64_t packed = bp_fast_load64(in);
        for (unsigned k = 0; k < extra; k++)
            planes[width + k] = bp_fast_expand(packed >> k * patches, places);
        return in + (extra * patches + 7) / 8;
    }
    uint32_t all = (uint32_t)(((uint64_t)1 << extra) - 1);
    for (; places; places &= places - 1, in += (extra + 7) / 8) {
        unsigned place = (unsigned)__builtin_ctzll(places);
        uint32_t value = (uint32_t)bp_fast_load64(in) & all;
        for (unsigned k = width; value; k++, value >>= 1)
            planes[k] |= (uint64_t)(value & 1) << place;
    }
    return in;
}

/* Reads a block of pixels of `bits` bits into planes, of which those at *most and above stay what they were;
 * in has BP_FAST_BYTES and BP_FAST_SLACK. */
static inline const uint8_t *bp_fast_get_block(const uint8_t *in, unsigned bits, uint64_t *planes,
                                               unsigned *most, bool *bad)
{
    unsigned kind = BP_FAST_KIND(*in), width = BP_FAST_WIDTH(*in);
    in++;
    *most = width + kind;
    if (kind == BP_FAST_UNARY) {
        *most = width + BP_FAST_UNARY_PLANES;
    } else if (kind == BP_FAST_VALUES) {
        *most = *in++;
    } else if (kind == BP_FAST_GROUPED) {
        *most = width + 1;
    } else if (kind == BP_FAST_WIDE) {
        width = *in & (BP_FAST_WIDE_GROUPED - 1);
        if (*in++ & BP_FAST_WIDE_GROUPED) {
            kind = BP_FAST_GROUPED;
            *most = width;
        } else {
            *most = *in++;
        }
    }
    if (*most > bits || width > *most + (kind == BP_FAST_GROUPED)) {
        *bad = true;
        *most = 0;
        return in;
    }
    if (kind == BP_FAST_GROUPED)
        return bp_fast_get_grouped(in, *most, bits, planes, bad);
    for (unsigned k = 0; k < width; k++, in += 8)
        planes[k] = bp_fast_load64(in);
    if (kind == BP_FAST_UNARY)
        return bp_fast_get_unary(in, planes + width);
    for (unsigned k = width; k < *most; k++)
        planes[k] = 0;
    return *most > width ? bp_fast_get_patches(in, width, *most, planes, bad) : in;
}

#endif
