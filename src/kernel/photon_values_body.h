/* SPDX-License-Identifier: BSD-3-Clause
 * Values to work values and back, in loops that compilers turn into vectors. Included once per SIMD level. */
#ifndef BP_KERNEL_PHOTON_VALUES_BODY_H
#define BP_KERNEL_PHOTON_VALUES_BODY_H

#include <string.h>

#include "base/bits.h"
#include "kernel/kernel_c.h"

/* 64 flags, 0 or 1, as bits: a product brings eight of them together. */
static uint64_t mask_of(const uint8_t *flags)
{
    uint64_t mask = 0;
    for (unsigned i = 0; i < 64; i += 8)
        mask |= bp_load_le64(flags + i) * UINT64_C(0x0102040810204080) >> 56 << i;
    return mask;
}

#define SCAN(type)                                                                                           \
    static void extent_##type(const type *v, size_t n, type flip, type *low, type *high)                     \
    {                                                                                                        \
        type a = *low, b = *high;                                                                            \
        for (size_t i = 0; i < n; i++) {                                                                     \
            type k = (type)(v[i] ^ flip);                                                                    \
            a = k < a ? k : a;                                                                               \
            b = k > b ? k : b;                                                                               \
        }                                                                                                    \
        *low = a;                                                                                            \
        *high = b;                                                                                           \
    }                                                                                                        \
    static void extent_of_rest_##type(const type *v, size_t n, type flip, const type *mark, type *low,       \
                                      type *high, size_t *counts)                                            \
    {                                                                                                        \
        type a = *low, b = *high, m0 = mark[0], m1 = mark[1], m2 = mark[2], m3 = mark[3];                    \
        uint32_t c0 = 0, c1 = 0, c2 = 0, c3 = 0;                                                             \
        for (size_t i = 0; i < n; i++) {                                                                     \
            type k = (type)(v[i] ^ flip);                                                                    \
            type any = (type) - (type)((v[i] == m0) | (v[i] == m1) | (v[i] == m2) | (v[i] == m3));           \
            type x = (type)(k | any), y = (type)(k & (type)~any);                                            \
            a = x < a ? x : a;                                                                               \
            b = y > b ? y : b;                                                                               \
        }                                                                                                    \
        for (size_t i = 0; i < n; i++) {                                                                     \
            c0 += v[i] == m0;                                                                                \
            c1 += v[i] == m1;                                                                                \
            c2 += v[i] == m2;                                                                                \
            c3 += v[i] == m3;                                                                                \
        }                                                                                                    \
        counts[0] += c0;                                                                                     \
        counts[1] += c1;                                                                                     \
        counts[2] += c2;                                                                                     \
        counts[3] += c3;                                                                                     \
        *low = a;                                                                                            \
        *high = b;                                                                                           \
    }                                                                                                        \
    static void scan_##type(const type *v, size_t n, uint32_t flip, const uint32_t *marks,                   \
                            bp_photon_scan *s)                                                               \
    {                                                                                                        \
        type low = (type)-1, high = 0, mark[4];                                                              \
        bool within = false;                                                                                 \
        size_t counts[4] = {0};                                                                              \
        extent_##type(v, n, (type)flip, &low, &high);                                                        \
        for (size_t i = 0; i < 4; i++) {                                                                     \
            mark[i] = (type)marks[i];                                                                        \
            within |= (type)(mark[i] ^ flip) >= low && (type)(mark[i] ^ flip) <= high;                       \
        }                                                                                                    \
        if (within) {                                                                                        \
            low = (type)-1;                                                                                  \
            high = 0;                                                                                        \
            extent_of_rest_##type(v, n, (type)flip, mark, &low, &high, counts);                              \
        }                                                                                                    \
        size_t found = counts[0];                                                                            \
        for (size_t i = 0; i < 4; i++) {                                                                     \
            s->counts[i] += counts[i];                                                                       \
            found += i > 0 && mark[i] != mark[0] && (i < 2 || mark[i] != mark[i - 1]) ? counts[i] : 0;       \
        }                                                                                                    \
        if (found < n) {                                                                                     \
            s->low = low < s->low ? low : s->low;                                                            \
            s->high = high > s->high ? high : s->high;                                                       \
        }                                                                                                    \
    }                                                                                                        \
    static void work_##type(const bp_photon_form *f, const type *v, size_t n, uint16_t *out)                 \
    {                                                                                                        \
        const type base = (type)f->base;                                                                     \
        const uint32_t inverse = f->inverse;                                                                 \
        const unsigned shift = f->shift, low = f->low;                                                       \
        if (sizeof(type) < 4 && f->step == 1 && low == 0) {                                                  \
            for (size_t i = 0; i < n; i++)                                                                   \
                out[i] = (uint16_t)(type)(v[i] - base);                                                      \
        } else if (f->step == 1 && low == 0) {                                                               \
            for (size_t i = 0; i < n; i++) {                                                                 \
                uint32_t y = (type)(v[i] - base);                                                            \
                out[i] = (uint16_t)(y < BP_PHOTON_LARGE ? y : BP_PHOTON_LARGE);                              \
            }                                                                                                \
        } else {                                                                                             \
            for (size_t i = 0; i < n; i++) {                                                                 \
                uint32_t y = (uint32_t)((type)(v[i] - base) >> shift) * inverse >> low;                      \
                out[i] = (uint16_t)(y < BP_PHOTON_LARGE ? y : BP_PHOTON_LARGE);                              \
            }                                                                                                \
        }                                                                                                    \
    }                                                                                                        \
    static void whole_##type(const bp_photon_form *f, const type *v, size_t n, uint32_t *out)                \
    {                                                                                                        \
        const type base = (type)f->base;                                                                     \
        const uint32_t inverse = f->inverse;                                                                 \
        const unsigned shift = f->shift;                                                                     \
        for (size_t i = 0; i < n; i++)                                                                       \
            out[i] = (uint32_t)((type)(v[i] - base) >> shift) * inverse;                                     \
    }                                                                                                        \
    static bool divisible_##type(const bp_photon_form *f, const type *v, size_t n)                           \
    {                                                                                                        \
        const type base = (type)f->base, below = (type)((1u << f->shift) - 1);                               \
        const uint32_t odd = f->step >> f->shift;                                                            \
        const type inverse = (type)f->inverse, most = (type)((type)-1 / odd);                                \
        const unsigned shift = f->shift;                                                                     \
        type bad = 0;                                                                                        \
        for (size_t i = 0; i < n; i++)                                                                       \
            bad |= (type)((type)(v[i] - base) & below);                                                      \
        for (size_t i = 0; i < n && odd > 1; i++) {                                                          \
            type d = (type)((uint32_t)(type)(v[i] - base) >> shift);                                         \
            bad |= (type)((type)((uint32_t)d * inverse) > most);                                             \
        }                                                                                                    \
        return bad == 0;                                                                                     \
    }                                                                                                        \
    static bool mark_##type(const type *v, size_t n, const uint32_t *marks, uint8_t *labels)                 \
    {                                                                                                        \
        const type m0 = (type)marks[0], m1 = (type)marks[1], m2 = (type)marks[2], m3 = (type)marks[3];       \
        uint8_t any = 0;                                                                                     \
        for (size_t i = 0; i < n; i++) {                                                                     \
            uint8_t k = (uint8_t)(v[i] == m3 ? 4 : 0);                                                       \
            k = (uint8_t)(v[i] == m2 ? 3 : k);                                                               \
            k = (uint8_t)(v[i] == m1 ? 2 : k);                                                               \
            labels[i] = k = (uint8_t)(v[i] == m0 ? 1 : k);                                                   \
            any |= k;                                                                                        \
        }                                                                                                    \
        return any != 0;                                                                                     \
    }                                                                                                        \
    static void others_##type(const type *v, size_t n, uint32_t base, const uint32_t *marks,                 \
                              uint64_t *masks)                                                               \
    {                                                                                                        \
        const type b = (type)base, m0 = (type)marks[0], m1 = (type)marks[1], m2 = (type)marks[2],            \
                   m3 = (type)marks[3];                                                                      \
        for (size_t at = 0; at < n; at += 64) {                                                              \
            uint8_t flags[64] = {0};                                                                         \
            size_t count = n - at < 64 ? n - at : 64;                                                        \
            type any = 0;                                                                                    \
            for (size_t i = 0; i < count; i++)                                                               \
                any |= (type)(v[at + i] ^ b);                                                                \
            for (size_t i = 0; any && i < count; i++) {                                                      \
                type x = v[at + i];                                                                          \
                flags[i] = (uint8_t)((x != b) & (x != m0) & (x != m1) & (x != m2) & (x != m3));              \
            }                                                                                                \
            masks[at / 64] = any ? mask_of(flags) : 0;                                                       \
        }                                                                                                    \
    }                                                                                                        \
    static void put_##type(const bp_photon_form *f, const uint16_t *work, const uint32_t *low, size_t n,     \
                           type *out)                                                                        \
    {                                                                                                        \
        const uint32_t base = f->base, step = f->step;                                                       \
        const unsigned shift = f->low;                                                                       \
        if (step == 1 && shift == 0) {                                                                       \
            for (size_t i = 0; i < n; i++)                                                                   \
                out[i] = (type)(work[i] + (type)base);                                                       \
        } else {                                                                                             \
            for (size_t i = 0; i < n; i++)                                                                   \
                out[i] = (type)((((uint32_t)work[i] << shift) | low[i]) * step + base);                      \
        }                                                                                                    \
    }
SCAN(uint8_t)
SCAN(uint16_t)
SCAN(uint32_t)

static void scan_values(const void *in, size_t count, size_t itemsize, uint32_t flip, const uint32_t *marks,
                        bp_photon_scan *s)
{
    if (itemsize == 1)
        scan_uint8_t(in, count, flip, marks, s);
    else if (itemsize == 2)
        scan_uint16_t(in, count, flip, marks, s);
    else
        scan_uint32_t(in, count, flip, marks, s);
}

static void others_values(const void *in, size_t count, size_t itemsize, uint32_t base, const uint32_t *marks,
                          uint64_t *masks)
{
    const uint32_t none[4] = {base, base, base, base};
    marks = marks ? marks : none;
    if (itemsize == 1)
        others_uint8_t(in, count, base, marks, masks);
    else if (itemsize == 2)
        others_uint16_t(in, count, base, marks, masks);
    else
        others_uint32_t(in, count, base, marks, masks);
}

static void work_values(const bp_photon_form *f, const void *in, size_t count, uint16_t *out)
{
    if (f->itemsize == 1)
        work_uint8_t(f, in, count, out);
    else if (f->itemsize == 2)
        work_uint16_t(f, in, count, out);
    else
        work_uint32_t(f, in, count, out);
}

static void see_values(const uint16_t *restrict work, size_t count, unsigned shift, uint16_t *restrict out)
{
    const uint16_t most = (uint16_t)(65535u >> shift);
    for (size_t i = 0; i < count; i++) {
        uint16_t v = work[i] < most ? work[i] : most;
        out[i] = (uint16_t)(v << shift);
    }
}

static bool divisible_values(const bp_photon_form *f, const void *in, size_t count)
{
    return f->itemsize == 1   ? divisible_uint8_t(f, in, count)
           : f->itemsize == 2 ? divisible_uint16_t(f, in, count)
                              : divisible_uint32_t(f, in, count);
}

static bool mark_values(const void *in, size_t count, size_t itemsize, const uint32_t *marks, uint8_t *labels)
{
    return itemsize == 1   ? mark_uint8_t(in, count, marks, labels)
           : itemsize == 2 ? mark_uint16_t(in, count, marks, labels)
                           : mark_uint32_t(in, count, marks, labels);
}

/* 32 pixels have their low bits in one word for each bit. */
static void spread_low(const uint8_t *planes, unsigned bits, uint32_t *low)
{
    uint32_t some[32] = {0};
    for (unsigned b = 0; b < bits; b++) {
        uint32_t word = bp_load_le32(planes + 4 * b);
        for (uint32_t i = 0; i < 32; i++)
            some[i] |= (word >> i & 1) << b;
    }
    memcpy(low, some, sizeof some);
}

static void put_values(const bp_photon_form *f, const uint16_t *work, const uint8_t *planes, size_t count,
                       void *out)
{
    uint32_t low[256] = {0};
    uint8_t *to = out;
    size_t block = f->low || f->step > 1 ? 256 : count;
    for (size_t done = 0; done < count; done += block) {
        size_t n = count - done < block ? count - done : block;
        for (size_t i = 0; f->low && i < n; i += 32)
            spread_low(planes + (done + i) / 32 * 4 * f->low, f->low, low + i);
        if (f->itemsize == 1)
            put_uint8_t(f, work + done, low, n, to + done);
        else if (f->itemsize == 2)
            put_uint16_t(f, work + done, low, n, (uint16_t *)(void *)(to + 2 * done));
        else
            put_uint32_t(f, work + done, low, n, (uint32_t *)(void *)(to + 4 * done));
    }
}

static void gather_low(const bp_photon_form *f, const void *in, size_t count, uint8_t *planes)
{
    const uint8_t *from = in;
    for (size_t done = 0; done < count; done += 32, planes += 4 * f->low) {
        uint32_t whole[32] = {0};
        size_t n = count - done < 32 ? count - done : 32;
        if (f->itemsize == 1)
            whole_uint8_t(f, from + done, n, whole);
        else if (f->itemsize == 2)
            whole_uint16_t(f, (const uint16_t *)(const void *)(from + 2 * done), n, whole);
        else
            whole_uint32_t(f, (const uint32_t *)(const void *)(from + 4 * done), n, whole);
        for (unsigned b = 0; b < f->low; b++) {
            uint32_t word = 0;
            for (uint32_t i = 0; i < 32; i++)
                word |= (whole[i] >> b & 1) << i;
            for (unsigned i = 0; i < 4; i++)
                planes[4 * b + i] = (uint8_t)(word >> 8 * i);
        }
    }
}

#endif
