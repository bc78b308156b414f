/* SPDX-License-Identifier: BSD-3-Clause
 * 32 lanes of 16 bits with AVX2, as two halves: what the bodies of photon are written in. */
#ifndef BP_KERNEL_PHOTON_SIMD_AVX2_H
#define BP_KERNEL_PHOTON_SIMD_AVX2_H

#include <immintrin.h>
#include <string.h>

#include "kernel/photon.h"
#include "kernel/photon_model.h"

#define BP_ALWAYS static inline __attribute__((always_inline))

typedef struct v16 {
    __m256i h[2];
} v16;
typedef v16 v16_mask; /* all ones or zero */

#define BP_TWO(name, op)                                                                                     \
    BP_ALWAYS v16 name(v16 a, v16 b)                                                                         \
    {                                                                                                        \
        return (v16){{op(a.h[0], b.h[0]), op(a.h[1], b.h[1])}};                                              \
    }
BP_TWO(v_add, _mm256_add_epi16)
BP_TWO(v_sub, _mm256_sub_epi16)
BP_TWO(v_and, _mm256_and_si256)
BP_TWO(v_or, _mm256_or_si256)
BP_TWO(v_xor, _mm256_xor_si256)
BP_TWO(v_least, _mm256_min_epu16)
BP_TWO(v_most, _mm256_max_epu16)
BP_TWO(v_average, _mm256_avg_epu16)
BP_TWO(v_add_within, _mm256_adds_epu16)
BP_TWO(v_add_signed, _mm256_adds_epi16)
BP_TWO(v_share, _mm256_mulhrs_epi16) /* (a * w + 16384) >> 15, signed */
BP_TWO(v_equal, _mm256_cmpeq_epi16)
#undef BP_TWO

BP_ALWAYS v16 v_set(uint32_t v)
{
    __m256i h = _mm256_set1_epi16((int16_t)(uint16_t)v);
    return (v16){{h, h}};
}

BP_ALWAYS __m256i v_half(const void *p)
{
    return _mm256_loadu_si256(p);
}

BP_ALWAYS v16 v_load(const void *p)
{
    return (v16){{v_half(p), v_half((const uint8_t *)p + 32)}};
}

BP_ALWAYS void v_store(void *p, v16 v)
{
    _mm256_storeu_si256(p, v.h[0]);
    _mm256_storeu_si256((void *)((uint8_t *)p + 32), v.h[1]);
}

BP_ALWAYS v16 v_distance(v16 a, v16 b)
{
    return v_sub(v_most(a, b), v_least(a, b));
}

BP_ALWAYS v16 v_shift_right_by(v16 v, __m128i n)
{
    return (v16){{_mm256_srl_epi16(v.h[0], n), _mm256_srl_epi16(v.h[1], n)}};
}

BP_ALWAYS v16 v_shift_left_by(v16 v, __m128i n)
{
    return (v16){{_mm256_sll_epi16(v.h[0], n), _mm256_sll_epi16(v.h[1], n)}};
}

BP_ALWAYS v16 v_shift_right(v16 v, const int n)
{
    return v_shift_right_by(v, _mm_cvtsi32_si128(n));
}

BP_ALWAYS v16 v_shift_left(v16 v, const int n)
{
    return v_shift_left_by(v, _mm_cvtsi32_si128(n));
}

BP_ALWAYS v16_mask v_at_least(v16 a, v16 b)
{
    return v_equal(v_most(a, b), a);
}

BP_ALWAYS bool v_all_zero(v16 v)
{
    return _mm256_testz_si256(_mm256_or_si256(v.h[0], v.h[1]), _mm256_or_si256(v.h[0], v.h[1]));
}

/* b where m, else a. */
BP_ALWAYS v16 v_mix(v16_mask m, v16 a, v16 b)
{
    return (v16){{_mm256_blendv_epi8(a.h[0], b.h[0], m.h[0]), _mm256_blendv_epi8(a.h[1], b.h[1], m.h[1])}};
}

BP_ALWAYS v16 v_only(v16_mask m, v16 v)
{
    return v_and(m, v);
}

BP_ALWAYS v16_mask v_lanes(uint32_t bits)
{
    const __m256i bit =
        _mm256_setr_epi16(1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, INT16_MIN);
    __m256i a = _mm256_set1_epi16((int16_t)(uint16_t)bits),
            b = _mm256_set1_epi16((int16_t)(uint16_t)(bits >> 16));
    return (v16){{_mm256_cmpeq_epi16(_mm256_and_si256(a, bit), bit),
                  _mm256_cmpeq_epi16(_mm256_and_si256(b, bit), bit)}};
}

BP_ALWAYS uint32_t v_bits(v16_mask m)
{
    __m256i packed = _mm256_permute4x64_epi64(_mm256_packs_epi16(m.h[0], m.h[1]), 0xd8);
    return (uint32_t)_mm256_movemask_epi8(packed);
}

BP_ALWAYS __m256i v_code_half(__m256i v, const int m)
{
    const __m256i zero = _mm256_setzero_si256(), bias = _mm256_set1_epi32(1 << m);
    const __m128i count = _mm_cvtsi32_si128(23 - m);
    __m256i low = _mm256_add_epi32(_mm256_unpacklo_epi16(v, zero), bias);
    __m256i high = _mm256_add_epi32(_mm256_unpackhi_epi16(v, zero), bias);
    low = _mm256_srl_epi32(_mm256_castps_si256(_mm256_cvtepi32_ps(low)), count);
    high = _mm256_srl_epi32(_mm256_castps_si256(_mm256_cvtepi32_ps(high)), count);
    return _mm256_sub_epi16(_mm256_packus_epi32(low, high), _mm256_set1_epi16((int16_t)((127 + m) << m)));
}

/* bp_photon_code of 32 lanes: the exponent and upper bits of a float are a logarithm. */
BP_ALWAYS v16 v_code(v16 v, const int m)
{
    return (v16){{v_code_half(v.h[0], m), v_code_half(v.h[1], m)}};
}

/* One lane up; lane 0 is that of first. */
typedef struct v16_consts {
    __m256i lane0;
} v16_consts;

BP_ALWAYS v16_consts v_consts(void)
{
    return (v16_consts){_mm256_setr_epi16(-1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)};
}

BP_ALWAYS v16 v_up(const v16_consts *k, v16 v, v16 first)
{
    __m256i below = _mm256_permute2x128_si256(v.h[0], v.h[0], 0x08);
    __m256i middle = _mm256_permute2x128_si256(v.h[0], v.h[1], 0x21);
    __m256i a = _mm256_alignr_epi8(v.h[0], below, 14);
    return (v16){{_mm256_blendv_epi8(a, first.h[0], k->lane0), _mm256_alignr_epi8(v.h[1], middle, 14)}};
}

/* Lane 31. */
BP_ALWAYS uint16_t v_top(v16 v)
{
    return (uint16_t)_mm256_extract_epi16(v.h[1], 15);
}

/* 128 bytes, looked up by lanes below 128. */
typedef struct v16_map {
    __m256i part[8];
} v16_map;

BP_ALWAYS __m256i v_sixteen(const uint8_t *p)
{
    return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)p));
}

/* Bytes of one of several tables of 16: other indices, and all upper bytes, give 0. */
BP_ALWAYS __m256i v_part(__m256i table, __m256i index, const int part)
{
    index = _mm256_xor_si256(index, _mm256_set1_epi16((int16_t)(part << 4)));
    index = _mm256_adds_epu8(index, _mm256_set1_epi16((int16_t)0x8070));
    return _mm256_shuffle_epi8(table, index);
}

BP_ALWAYS v16 v_context(const v16_map *map, v16 code)
{
    v16 context = v_set(0);
    for (int i = 0; i < 8; i++)
        for (size_t h = 0; h < 2; h++)
            context.h[h] = _mm256_or_si256(context.h[h], v_part(map->part[i], code.h[h], i));
    return context;
}

/* 32 values of 16 bits by their bytes. */
typedef struct v16_table {
    __m256i low[2], high[2];
} v16_table;

BP_ALWAYS v16_table v_table(const uint16_t *values)
{
    uint8_t low[32], high[32];
    for (size_t i = 0; i < 32; i++)
        low[i] = (uint8_t)values[i], high[i] = (uint8_t)(values[i] >> 8);
    return (v16_table){{v_sixteen(low), v_sixteen(low + 16)}, {v_sixteen(high), v_sixteen(high + 16)}};
}

BP_ALWAYS v16 v_pick(v16_table t, v16 context)
{
    v16 r;
    for (size_t h = 0; h < 2; h++) {
        __m256i c = context.h[h];
        __m256i low = _mm256_or_si256(v_part(t.low[0], c, 0), v_part(t.low[1], c, 1));
        __m256i high = _mm256_or_si256(v_part(t.high[0], c, 0), v_part(t.high[1], c, 1));
        r.h[h] = _mm256_or_si256(low, _mm256_slli_epi16(high, 8));
    }
    return r;
}

/* Tables of the decoder. */
typedef struct v16_contexts {
    v16_table base, zero, low, low_mask;
    v16_map map;
} v16_contexts;

BP_ALWAYS v16_contexts v_contexts(const bp_photon_tables *t)
{
    uint16_t base[32] = {0}, zero[32] = {0}, low[32] = {0}, mask[32] = {0};
    v16_contexts c;
    for (size_t i = 0; i < t->count; i++) {
        base[i] = (uint16_t)(i << t->bits);
        zero[i] = (uint16_t)(t->zero[i] << t->low[i]);
        low[i] = t->low[i];
        mask[i] = (uint16_t)((1u << t->low[i]) - 1);
    }
    c.base = v_table(base);
    c.zero = v_table(zero);
    c.low = v_table(low);
    c.low_mask = v_table(mask);
    for (size_t i = 0; i < 8; i++)
        c.map.part[i] = v_sixteen(t->map + 16 * i);
    return c;
}

/* States, their lower and upper halves apart. */
typedef struct v16_states {
    v16 low, high;
} v16_states;

BP_ALWAYS v16_states v_states(const uint32_t *state)
{
    uint16_t low[32], high[32];
    for (size_t l = 0; l < 32; l++)
        low[l] = (uint16_t)state[l], high[l] = (uint16_t)(state[l] >> 16);
    return (v16_states){v_load(low), v_load(high)};
}

BP_ALWAYS void v_states_store(uint32_t *state, v16_states x)
{
    uint16_t low[32], high[32];
    v_store(low, x.low);
    v_store(high, x.high);
    for (size_t l = 0; l < 32; l++)
        state[l] = low[l] | (uint32_t)high[l] << 16;
}

/* Lanes of 32 bits from lower and upper halves of 16: the even ones, the odd ones; and back. */
BP_ALWAYS __m256i v_even(__m256i low, __m256i high)
{
    return _mm256_blend_epi16(low, _mm256_slli_epi32(high, 16), 0xaa);
}

BP_ALWAYS __m256i v_odd(__m256i low, __m256i high)
{
    return _mm256_blend_epi16(_mm256_srli_epi32(low, 16), high, 0xaa);
}

BP_ALWAYS v16 v_shift_each(v16 v, v16 k, const bool left)
{
    const __m256i zero = _mm256_setzero_si256();
    for (size_t h = 0; h < 2; h++) {
        __m256i a = v_even(v.h[h], zero), b = v_odd(v.h[h], zero);
        __m256i i = v_even(k.h[h], zero), j = v_odd(k.h[h], zero);
        a = left ? _mm256_sllv_epi32(a, i) : _mm256_srlv_epi32(a, i);
        b = left ? _mm256_sllv_epi32(b, j) : _mm256_srlv_epi32(b, j);
        v.h[h] = v_even(a, b);
    }
    return v;
}

BP_ALWAYS v16 v_shift_left_each(v16 v, v16 k)
{
    return v_shift_each(v, k, true);
}

BP_ALWAYS v16 v_shift_right_each(v16 v, v16 k)
{
    return v_shift_each(v, k, false);
}

/* Takes the low bits of the contexts out of the states. */
BP_ALWAYS v16 v_take_low(const v16_contexts *t, v16 context, v16_states *x, v16 *k)
{
    const __m256i zero = _mm256_setzero_si256();
    v16 low = v_and(x->low, v_pick(t->low_mask, context));
    *k = v_pick(t->low, context);
    for (size_t h = 0; h < 2; h++) {
        __m256i a = v_even(x->low.h[h], x->high.h[h]), b = v_odd(x->low.h[h], x->high.h[h]);
        a = _mm256_srlv_epi32(a, v_even(k->h[h], zero));
        b = _mm256_srlv_epi32(b, v_odd(k->h[h], zero));
        x->low.h[h] = v_even(a, b);
        x->high.h[h] = v_odd(a, b);
    }
    return low;
}

/* Slots of 32 lanes, their lower and upper halves apart. */
BP_ALWAYS void v_slots(const uint32_t *slots, v16 index, v16 *low, v16 *high)
{
    uint16_t i[32];
    v_store(i, index);
    for (size_t h = 0; h < 2; h++) {
        uint32_t even[8], odd[8];
        for (size_t l = 0; l < 8; l++) {
            even[l] = slots[i[16 * h + 2 * l]];
            odd[l] = slots[i[16 * h + 2 * l + 1]];
        }
        __m256i a = v_half(even), b = v_half(odd);
        low->h[h] = v_even(a, b);
        high->h[h] = v_odd(a, b);
    }
}

/* What slots of contexts stand for. */
typedef struct v16_found {
    v16 symbol, frequency, bias; /* bias: slot - where the symbol begins */
} v16_found;

#define V_LIKELY 0 /* to ask whether all lanes hold what is likely does not pay */

BP_ALWAYS bool v_likely(const v16_contexts *t, v16 context, v16 slot, uint32_t active, v16_found *found)
{
    (void)t, (void)context, (void)slot, (void)active, (void)found;
    return false;
}

BP_ALWAYS v16_found v_find(const v16_contexts *t, const uint32_t *slots, v16 context, v16 slot)
{
    v16 low, high;
    v_slots(slots, v_or(slot, v_pick(t->base, context)), &low, &high);
    v16 symbol = v_or(v_shift_right(low, 12), v_and(v_shift_right(high, 8), v_set(16)));
    return (v16_found){symbol, v_and(low, v_set(4095)), v_and(high, v_set(4095))};
}

/* x = frequency * (x >> bits) + bias */
BP_ALWAYS v16_states v_advance(v16_states x, v16 frequency, v16 bias, v16 bits)
{
    const __m256i zero = _mm256_setzero_si256();
    __m128i count = _mm_and_si128(_mm256_castsi256_si128(bits.h[0]), _mm_cvtsi32_si128(0xffff));
    for (size_t h = 0; h < 2; h++) {
        __m256i a = v_even(x.low.h[h], x.high.h[h]), b = v_odd(x.low.h[h], x.high.h[h]);
        a = _mm256_mullo_epi32(v_even(frequency.h[h], zero), _mm256_srl_epi32(a, count));
        b = _mm256_mullo_epi32(v_odd(frequency.h[h], zero), _mm256_srl_epi32(b, count));
        a = _mm256_add_epi32(a, v_even(bias.h[h], zero));
        b = _mm256_add_epi32(b, v_odd(bias.h[h], zero));
        x.low.h[h] = v_even(a, b);
        x.high.h[h] = v_odd(a, b);
    }
    return x;
}

/* Words for those of eight lanes that need one. */
BP_ALWAYS __m128i v_spread_words(const uint8_t *words, uint32_t need)
{
    uint32_t nibbles = _pdep_u32(0x76543210u, _pdep_u32(need, 0x11111111u) * 15);
    __m128i index = _mm_cvtsi64_si128((int64_t)_pdep_u64(nibbles, UINT64_C(0x0f0f0f0f0f0f0f0f)));
    index = _mm_cvtepu8_epi16(index);
    index = _mm_add_epi16(_mm_mullo_epi16(index, _mm_set1_epi16(0x0202)), _mm_set1_epi16(0x0100));
    return _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(const void *)words), index);
}

/* Lanes of active whose state is below 65536 take in a word each. Returns how many. */
BP_ALWAYS size_t v_take_words(v16_states *x, v16_mask active, const uint8_t *words)
{
    v16_mask need = v_and(active, v_equal(x->high, v_set(0)));
    uint32_t bits = v_bits(need);
    __m128i part[4];
    const uint8_t *at = words;
    for (unsigned i = 0; i < 4; i++) {
        part[i] = v_spread_words(at, bits >> 8 * i & 255);
        at += 2 * __builtin_popcount(bits >> 8 * i & 255);
    }
    v16 taken = {{_mm256_set_m128i(part[1], part[0]), _mm256_set_m128i(part[3], part[2])}};
    x->high = v_mix(need, x->high, x->low);
    x->low = v_mix(need, x->low, taken);
    return (size_t)__builtin_popcount(bits);
}

/* Tables of the encoder. */
typedef struct v16_coder {
    const bp_photon_tables *tables;
    const uint64_t *entries;
} v16_coder;

BP_ALWAYS v16_coder v_coder(const bp_photon_tables *t, const uint64_t *entries)
{
    return (v16_coder){t, entries};
}

/* Codes the symbols of one step, lane by lane; words go below *word. Returns the lanes with escapes. An
 * entry: bits 0 to 31 reciprocal, 32 to 43 what the frequency lacks to all, 44 to 55 start, 56: one is added
 * before the division, 57: it is an escape, 60 to 63: shift. */
BP_ALWAYS uint32_t v_encode(const v16_coder *t, v16_states *states, const uint16_t *tokens, uint16_t **word,
                            const bool low)
{
    uint32_t x[32], escapes = 0, bits = t->tables->bits;
    v_states_store(x, *states);
    for (unsigned l = 32; l-- > 0;) {
        uint32_t token = tokens[l];
        if (token == BP_PHOTON_SKIP)
            continue;
        uint64_t e = t->entries[token & 1023];
        uint32_t lacks = e >> 32 & 4095, k = low ? t->tables->low[token >> 5] : 0;
        uint32_t full = x[l] >= ((1u << bits) - lacks) << (32 - bits - k);
        (*word)[-1] = (uint16_t)x[l];
        *word -= full;
        uint32_t s = x[l] >> 16 * full;
        uint32_t q = (uint32_t)((s + (e >> 56 & 1)) * (e & 0xffffffffu) >> 32) >> (e >> 60);
        s += q * lacks + (uint32_t)(e >> 44 & 4095);
        x[l] = low ? s << k | tokens[32 + l] : s;
        escapes |= (uint32_t)(e >> 57 & 1) << l;
    }
    *states = v_states(x);
    return escapes;
}

/* 8 rows of 8 values become columns. */
BP_ALWAYS void v_transpose_8(const uint16_t *in, ptrdiff_t in_stride, uint16_t *out, ptrdiff_t stride)
{
    __m128i r[8], t[8];
    for (int i = 0; i < 8; i++)
        r[i] = _mm_loadu_si128((const __m128i *)(const void *)(in + i * in_stride));
    for (int i = 0; i < 4; i++) {
        t[2 * i] = _mm_unpacklo_epi16(r[2 * i], r[2 * i + 1]);
        t[2 * i + 1] = _mm_unpackhi_epi16(r[2 * i], r[2 * i + 1]);
    }
    for (int i = 0; i < 2; i++) {
        r[4 * i] = _mm_unpacklo_epi32(t[4 * i], t[4 * i + 2]);
        r[4 * i + 1] = _mm_unpackhi_epi32(t[4 * i], t[4 * i + 2]);
        r[4 * i + 2] = _mm_unpacklo_epi32(t[4 * i + 1], t[4 * i + 3]);
        r[4 * i + 3] = _mm_unpackhi_epi32(t[4 * i + 1], t[4 * i + 3]);
    }
    for (int j = 0; j < 4; j++) {
        __m128i even = _mm_unpacklo_epi64(r[j], r[4 + j]), odd = _mm_unpackhi_epi64(r[j], r[4 + j]);
        _mm_storeu_si128((__m128i *)(void *)(out + 2 * j * stride), even);
        _mm_storeu_si128((__m128i *)(void *)(out + (2 * j + 1) * stride), odd);
    }
}

/* 32 rows of 32 values become columns. */
BP_ALWAYS void v_transpose(const uint16_t *in, ptrdiff_t in_stride, uint16_t *out, ptrdiff_t stride)
{
    for (int i = 0; i < 32; i += 8)
        for (int j = 0; j < 32; j += 8)
            v_transpose_8(in + i * in_stride + j, in_stride, out + j * stride + i, stride);
}

#endif
