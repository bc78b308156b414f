/* SPDX-License-Identifier: BSD-3-Clause
 * 32 lanes of 16 bits with AVX-512: what the bodies of photon are written in. */
#ifndef BP_KERNEL_PHOTON_SIMD_AVX512_H
#define BP_KERNEL_PHOTON_SIMD_AVX512_H

#include <immintrin.h>
#include <string.h>

#include "kernel/photon.h"
#include "kernel/photon_model.h"

#define BP_ALWAYS static inline __attribute__((always_inline))

typedef __m512i v16;
typedef __mmask32 v16_mask;

BP_ALWAYS v16 v_set(uint32_t v)
{
    return _mm512_set1_epi16((int16_t)(uint16_t)v);
}

BP_ALWAYS v16 v_load(const void *p)
{
    return _mm512_loadu_si512(p);
}

BP_ALWAYS void v_store(void *p, v16 v)
{
    _mm512_storeu_si512(p, v);
}

BP_ALWAYS v16 v_add(v16 a, v16 b)
{
    return _mm512_add_epi16(a, b);
}

BP_ALWAYS v16 v_sub(v16 a, v16 b)
{
    return _mm512_sub_epi16(a, b);
}

BP_ALWAYS v16 v_and(v16 a, v16 b)
{
    return _mm512_and_si512(a, b);
}

BP_ALWAYS v16 v_or(v16 a, v16 b)
{
    return _mm512_or_si512(a, b);
}

BP_ALWAYS v16 v_least(v16 a, v16 b)
{
    return _mm512_min_epu16(a, b);
}

BP_ALWAYS v16 v_average(v16 a, v16 b)
{
    return _mm512_avg_epu16(a, b);
}

BP_ALWAYS v16 v_distance(v16 a, v16 b)
{
    return _mm512_sub_epi16(_mm512_max_epu16(a, b), _mm512_min_epu16(a, b));
}

/* Unsigned and saturated. */
BP_ALWAYS v16 v_add_within(v16 a, v16 b)
{
    return _mm512_adds_epu16(a, b);
}

BP_ALWAYS v16 v_add_signed(v16 a, v16 b)
{
    return _mm512_adds_epi16(a, b);
}

BP_ALWAYS v16 v_xor(v16 a, v16 b)
{
    return _mm512_xor_si512(a, b);
}

/* (a * w + 16384) >> 15, signed. */
BP_ALWAYS v16 v_share(v16 a, v16 w)
{
    return _mm512_mulhrs_epi16(a, w);
}

/* bp_photon_code of 32 lanes: the exponent and upper bits of a float are a logarithm. */
BP_ALWAYS v16 v_code(v16 v, const int m)
{
    const __m512i zero = _mm512_setzero_si512(), bias = _mm512_set1_epi32(1 << m);
    __m512i low = _mm512_add_epi32(_mm512_unpacklo_epi16(v, zero), bias);
    __m512i high = _mm512_add_epi32(_mm512_unpackhi_epi16(v, zero), bias);
    low = _mm512_castps_si512(_mm512_cvtepi32_ps(low));
    high = _mm512_castps_si512(_mm512_cvtepi32_ps(high));
    __m128i count = _mm_cvtsi32_si128(23 - m);
    v = _mm512_packus_epi32(_mm512_srl_epi32(low, count), _mm512_srl_epi32(high, count));
    return _mm512_sub_epi16(v, _mm512_set1_epi16((int16_t)((127 + m) << m)));
}

#define v_shift_right(v, n) _mm512_srli_epi16(v, n)
#define v_shift_left(v, n)  _mm512_slli_epi16(v, n)

BP_ALWAYS v16 v_shift_right_by(v16 v, __m128i n)
{
    return _mm512_srl_epi16(v, n);
}

BP_ALWAYS v16 v_shift_left_by(v16 v, __m128i n)
{
    return _mm512_sll_epi16(v, n);
}

BP_ALWAYS v16_mask v_equal(v16 a, v16 b)
{
    return _mm512_cmpeq_epi16_mask(a, b);
}

BP_ALWAYS v16_mask v_at_least(v16 a, v16 b)
{
    return _mm512_cmpge_epu16_mask(a, b);
}

BP_ALWAYS v16_mask v_lanes(uint32_t bits)
{
    return bits;
}

BP_ALWAYS uint32_t v_bits(v16_mask m)
{
    return m;
}

BP_ALWAYS bool v_all_zero(v16 v)
{
    return _mm512_test_epi16_mask(v, v) == 0;
}

/* b where m, else a. */
BP_ALWAYS v16 v_mix(v16_mask m, v16 a, v16 b)
{
    return _mm512_mask_mov_epi16(a, m, b);
}

/* v where m, else 0. */
BP_ALWAYS v16 v_only(v16_mask m, v16 v)
{
    return _mm512_maskz_mov_epi16(m, v);
}

/* One lane up; lane 0 is that of first. */
typedef struct v16_consts {
    v16 up;
} v16_consts;

BP_ALWAYS v16_consts v_consts(void)
{
    uint16_t up[32];
    for (unsigned i = 0; i < 32; i++)
        up[i] = (uint16_t)(i - 1);
    return (v16_consts){v_load(up)};
}

BP_ALWAYS v16 v_up(const v16_consts *k, v16 v, v16 first)
{
    return _mm512_mask_permutexvar_epi16(first, 0xfffffffe, k->up, v);
}

/* Lane 31. */
BP_ALWAYS uint16_t v_top(v16 v)
{
    return (uint16_t)_mm_extract_epi16(_mm512_extracti32x4_epi32(v, 3), 7);
}

/* 128 bytes, looked up by lanes below 128; what is in the upper byte of the result is of no use. */
typedef struct v16_map {
    v16 half[2];
} v16_map;

BP_ALWAYS v16_map v_map_of(const uint8_t *map)
{
    return (v16_map){{v_load(map), v_load(map + 64)}};
}

BP_ALWAYS v16 v_context(const v16_map *map, v16 code)
{
    return _mm512_permutex2var_epi8(map->half[0], code, map->half[1]);
}

/* What contexts have: the lower 5 bits of a lane count. */
BP_ALWAYS v16 v_pick(v16 table, v16 context)
{
    return _mm512_permutexvar_epi16(context, table);
}

/* Tables of the decoder. cut[s]: where symbol s begins among the slots of each context; likely: the symbol
 * with most of them, and where it begins and ends. */
typedef struct v16_contexts {
    v16 zero, low, low_mask, all, cut[BP_PHOTON_SYMBOLS];
    v16 likely, likely_begin, likely_size;
    v16_map map;
} v16_contexts;

BP_ALWAYS v16_contexts v_contexts(const bp_photon_tables *t)
{
    uint16_t zero[32] = {0}, low[32] = {0}, mask[32] = {0}, cut[BP_PHOTON_SYMBOLS][32] = {{0}};
    uint16_t likely[32] = {0}, begin[32] = {0}, size[32] = {0};
    for (size_t c = 0; c < t->count; c++) {
        zero[c] = (uint16_t)(t->zero[c] << t->low[c]);
        low[c] = t->low[c];
        mask[c] = (uint16_t)((1u << t->low[c]) - 1);
        for (size_t s = 0; s < BP_PHOTON_SYMBOLS; s++) {
            cut[s][c] = t->start[c][s];
            if (t->freq[c][s] > size[c])
                likely[c] = (uint16_t)s, begin[c] = t->start[c][s], size[c] = t->freq[c][s];
        }
    }
    v16_contexts v = {.zero = v_load(zero), .low = v_load(low), .low_mask = v_load(mask)};
    v.all = v_set(1u << t->bits);
    v.likely = v_load(likely);
    v.likely_begin = v_load(begin);
    v.likely_size = v_load(size);
    for (size_t s = 0; s < BP_PHOTON_SYMBOLS; s++)
        v.cut[s] = v_load(cut[s]);
    v.map = v_map_of(t->map);
    return v;
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

/* Takes the low bits of the contexts out of the states. */
BP_ALWAYS v16 v_take_low(const v16_contexts *t, v16 context, v16_states *x, v16 *k)
{
    v16 low = _mm512_and_si512(x->low, v_pick(t->low_mask, context));
    *k = v_pick(t->low, context);
    x->low = _mm512_shrdv_epi16(x->low, x->high, *k);
    x->high = _mm512_srlv_epi16(x->high, *k);
    return low;
}

BP_ALWAYS v16 v_shift_left_each(v16 v, v16 k)
{
    return _mm512_sllv_epi16(v, k);
}

BP_ALWAYS v16 v_shift_right_each(v16 v, v16 k)
{
    return _mm512_srlv_epi16(v, k);
}

/* What slots of contexts stand for. */
typedef struct v16_found {
    v16 symbol, frequency, bias; /* bias: slot - where the symbol begins */
} v16_found;

#define V_LIKELY 1

/* Do all active lanes hold what is likely in their contexts? */
BP_ALWAYS bool v_likely(const v16_contexts *t, v16 context, v16 slot, uint32_t active, v16_found *found)
{
    found->symbol = v_pick(t->likely, context);
    found->frequency = v_pick(t->likely_size, context);
    found->bias = v_sub(slot, v_pick(t->likely_begin, context));
    return _mm512_mask_cmpge_epu16_mask(active, found->bias, found->frequency) == 0;
}

/* The cut of symbol s, or of s + 16 for those whose index has bit 5. */
#define CUT(s) _mm512_permutex2var_epi16(t->cut[s], index, t->cut[(s) + 16])

/* By halving, in registers: nothing waits for the nearest cache. A mask chooses between what was looked up
 * for both halves before it was known. */
BP_ALWAYS v16_found v_find(const v16_contexts *t, const uint32_t *slots, v16 context, v16 slot)
{
    (void)slots;
    v16 cut = v_pick(t->cut[16], context), begin, end, symbol;
    v16_mask a = v_at_least(slot, cut), b, c, d, e;
    v16 index = _mm512_mask_add_epi16(context, a, context, v_set(32));
    begin = v_only(a, cut);
    end = v_mix(a, cut, t->all);
    cut = CUT(8);
    b = v_at_least(slot, cut);
    begin = v_mix(b, begin, cut);
    end = v_mix(b, cut, end);
    cut = v_mix(b, CUT(4), CUT(12));
    c = v_at_least(slot, cut);
    begin = v_mix(c, begin, cut);
    end = v_mix(c, cut, end);
    cut = v_mix(c, v_mix(b, CUT(2), CUT(10)), v_mix(b, CUT(6), CUT(14)));
    d = v_at_least(slot, cut);
    begin = v_mix(d, begin, cut);
    end = v_mix(d, cut, end);
    cut = v_mix(d, v_mix(c, v_mix(b, CUT(1), CUT(9)), v_mix(b, CUT(5), CUT(13))),
                v_mix(c, v_mix(b, CUT(3), CUT(11)), v_mix(b, CUT(7), CUT(15))));
    e = v_at_least(slot, cut);
    begin = v_mix(e, begin, cut);
    end = v_mix(e, cut, end);
    symbol = v_only(a, v_set(16));
    symbol = _mm512_mask_add_epi16(symbol, b, symbol, v_set(8));
    symbol = _mm512_mask_add_epi16(symbol, c, symbol, v_set(4));
    symbol = _mm512_mask_add_epi16(symbol, d, symbol, v_set(2));
    symbol = _mm512_mask_add_epi16(symbol, e, symbol, v_set(1));
    return (v16_found){symbol, v_sub(end, begin), v_sub(slot, begin)};
}

#undef CUT

/* x = frequency * (x >> bits) + bias */
BP_ALWAYS v16_states v_advance(v16_states x, v16 frequency, v16 bias, v16 bits)
{
    v16 low = _mm512_shrdv_epi16(x.low, x.high, bits), high = _mm512_srlv_epi16(x.high, bits);
    v16_states y = {
        _mm512_add_epi16(_mm512_mullo_epi16(frequency, low), bias),
        _mm512_add_epi16(_mm512_mulhi_epu16(frequency, low), _mm512_mullo_epi16(frequency, high))};
    y.high =
        _mm512_mask_sub_epi16(y.high, _mm512_cmplt_epu16_mask(y.low, bias), y.high, _mm512_set1_epi16(-1));
    return y;
}

/* Lanes of active whose state is below 65536 take in a word each. Returns how many. */
BP_ALWAYS size_t v_take_words(v16_states *x, v16_mask active, const uint8_t *words)
{
    v16_mask need = _mm512_mask_testn_epi16_mask(active, x->high, x->high);
    x->high = _mm512_mask_mov_epi16(x->high, need, x->low);
    x->low = _mm512_mask_expand_epi16(x->low, need, _mm512_loadu_si512(words));
    return (size_t)__builtin_popcount(need);
}

/* What the encoder needs of a symbol, 32 times: bits 0 to 31 reciprocal, 32 to 43 what the frequency lacks to
 * all, 44 to 55 start, 56: one is added before the division, 57: it is an escape, 60 to 63: shift. */
typedef struct v16_entries {
    __m512i a[2], b[2]; /* of lanes 0, 4, 8 ... and 1, 5, 9 ...; of 2, 6, 10 ... and 3, 7, 11 ... */
} v16_entries;

BP_ALWAYS __m512i v_eight(const uint64_t *table, const uint64_t *q, unsigned shift)
{
    __m128i a = _mm_insert_epi64(_mm_cvtsi64_si128((int64_t)table[(uint16_t)(q[0] >> shift)]),
                                 (int64_t)table[(uint16_t)(q[1] >> shift)], 1);
    __m128i b = _mm_insert_epi64(_mm_cvtsi64_si128((int64_t)table[(uint16_t)(q[2] >> shift)]),
                                 (int64_t)table[(uint16_t)(q[3] >> shift)], 1);
    __m128i c = _mm_insert_epi64(_mm_cvtsi64_si128((int64_t)table[(uint16_t)(q[4] >> shift)]),
                                 (int64_t)table[(uint16_t)(q[5] >> shift)], 1);
    __m128i d = _mm_insert_epi64(_mm_cvtsi64_si128((int64_t)table[(uint16_t)(q[6] >> shift)]),
                                 (int64_t)table[(uint16_t)(q[7] >> shift)], 1);
    __m256i low = _mm256_inserti128_si256(_mm256_castsi128_si256(a), b, 1);
    __m256i high = _mm256_inserti128_si256(_mm256_castsi128_si256(c), d, 1);
    return _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
}

BP_ALWAYS v16_entries v_entries(const uint64_t *table, const uint16_t *tokens)
{
    uint64_t q[8];
    v16_entries e;
    memcpy(q, tokens, sizeof q);
    for (unsigned i = 0; i < 8; i++)
        q[i] &= UINT64_C(0x03ff03ff03ff03ff);
    e.a[0] = v_eight(table, q, 0);
    e.a[1] = v_eight(table, q, 16);
    e.b[0] = v_eight(table, q, 32);
    e.b[1] = v_eight(table, q, 48);
    return e;
}

/* Tables of the encoder: for lanes of contexts. */
typedef struct v16_coder {
    v16 low, room;     /* low bits; 16 - precision - low bits */
    v16 all;           /* 1 << precision */
    __m128i same_room; /* where there are no low bits */
    const uint64_t *entries;
} v16_coder;

BP_ALWAYS v16_coder v_coder(const bp_photon_tables *t, const uint64_t *entries)
{
    uint16_t low[32] = {0}, room[32] = {0};
    for (size_t c = 0; c < t->count; c++) {
        low[c] = t->low[c];
        room[c] = (uint16_t)(16 - t->bits - t->low[c]);
    }
    return (v16_coder){v_load(low), v_load(room), v_set(1u << t->bits), _mm_cvtsi32_si128(16 - t->bits),
                       entries};
}

/* x / frequency * all + x % frequency + start for 16 lanes of 32 bits. */
BP_ALWAYS __m512i v_divide(__m512i x, __m512i a, __m512i b, __m512i high)
{
    const __m512i mask = _mm512_set1_epi32(4095);
    __m512i more = _mm512_and_si512(_mm512_srli_epi32(high, 24), _mm512_set1_epi32(1));
    __m512i y = _mm512_add_epi32(x, more);
    __m512i even = _mm512_srli_epi64(_mm512_mul_epu32(y, a), 32);
    __m512i odd = _mm512_mul_epu32(_mm512_srli_epi64(y, 32), b);
    __m512i q = _mm512_srlv_epi32(_mm512_mask_mov_epi32(even, 0xaaaa, odd), _mm512_srli_epi32(high, 28));
    __m512i start = _mm512_and_si512(_mm512_srli_epi32(high, 12), mask);
    return _mm512_add_epi32(_mm512_add_epi32(x, start), _mm512_mullo_epi32(q, _mm512_and_si512(high, mask)));
}

/* Codes the symbols of one step; words go below *word. Returns the lanes with escapes. */
BP_ALWAYS uint32_t v_encode(const v16_coder *t, v16_states *states, const uint16_t *tokens, uint16_t **word,
                            const bool low)
{
    v16_states x = *states;
    v16 token = v_load(tokens), context = _mm512_srli_epi16(token, 5);
    v16_entries e = v_entries(t->entries, tokens);
    __mmask32 active = _mm512_cmpneq_epi16_mask(token, v_set(BP_PHOTON_SKIP));
    __m512i h0 = _mm512_mask_mov_epi32(_mm512_srli_epi64(e.a[0], 32), 0xaaaa, e.b[0]);
    __m512i h1 = _mm512_mask_mov_epi32(_mm512_srli_epi64(e.a[1], 32), 0xaaaa, e.b[1]);
    v16 lacks = _mm512_mask_mov_epi16(h0, 0xaaaaaaaa, _mm512_slli_epi32(h1, 16));
    v16 frequency = _mm512_sub_epi16(t->all, _mm512_and_si512(lacks, v_set(4095)));
    v16 least = low ? _mm512_sllv_epi16(frequency, v_pick(t->room, context))
                    : _mm512_sll_epi16(frequency, t->same_room);
    __mmask32 full = _mm512_mask_cmpge_epu16_mask(active, x.high, least);
    unsigned count = (unsigned)__builtin_popcount(full);
    *word -= count;
    _mm512_mask_storeu_epi16(*word, _bzhi_u32(0xffffffffu, count), _mm512_maskz_compress_epi16(full, x.low));
    x.low = _mm512_mask_mov_epi16(x.low, full, x.high);
    x.high = _mm512_maskz_mov_epi16(~full, x.high);
    __m512i x0 = _mm512_mask_mov_epi16(x.low, 0xaaaaaaaa, _mm512_slli_epi32(x.high, 16));
    __m512i x1 = _mm512_mask_mov_epi16(x.high, 0x55555555, _mm512_srli_epi32(x.low, 16));
    x0 = v_divide(x0, e.a[0], e.b[0], h0);
    x1 = v_divide(x1, e.a[1], e.b[1], h1);
    x.low = _mm512_mask_mov_epi16(x0, 0xaaaaaaaa, _mm512_slli_epi32(x1, 16));
    x.high = _mm512_mask_mov_epi16(x1, 0x55555555, _mm512_srli_epi32(x0, 16));
    if (low) {
        v16 k = v_pick(t->low, context);
        x.high = _mm512_shldv_epi16(x.high, x.low, k);
        x.low = _mm512_or_si512(_mm512_sllv_epi16(x.low, k), v_load(tokens + 32));
    }
    states->low = v_mix(active, states->low, x.low);
    states->high = v_mix(active, states->high, x.high);
    const __m512i escape = _mm512_set1_epi32(1 << 25);
    __mmask16 e0 = _mm512_test_epi32_mask(h0, escape), e1 = _mm512_test_epi32_mask(h1, escape);
    if (__builtin_expect((e0 | e1) == 0, 1))
        return 0;
    return (_pdep_u32(e0, 0x55555555) | _pdep_u32(e1, 0xaaaaaaaa)) & active;
}

/* 32 rows of 32 values become columns. */
BP_ALWAYS void v_transpose(const uint16_t *in, ptrdiff_t in_stride, uint16_t *out, ptrdiff_t stride)
{
    __m512i r[32], t[32];
    for (int i = 0; i < 32; i++)
        r[i] = _mm512_loadu_si512(in + i * in_stride);
    for (int i = 0; i < 16; i++) {
        t[2 * i] = _mm512_unpacklo_epi16(r[2 * i], r[2 * i + 1]);
        t[2 * i + 1] = _mm512_unpackhi_epi16(r[2 * i], r[2 * i + 1]);
    }
    for (int i = 0; i < 8; i++) {
        r[4 * i] = _mm512_unpacklo_epi32(t[4 * i], t[4 * i + 2]);
        r[4 * i + 1] = _mm512_unpackhi_epi32(t[4 * i], t[4 * i + 2]);
        r[4 * i + 2] = _mm512_unpacklo_epi32(t[4 * i + 1], t[4 * i + 3]);
        r[4 * i + 3] = _mm512_unpackhi_epi32(t[4 * i + 1], t[4 * i + 3]);
    }
    for (int i = 0; i < 4; i++) /* t[8 i + j]: columns j, j + 8, j + 16, j + 24 of rows 8 i to 8 i + 7 */
        for (int j = 0; j < 4; j++) {
            t[8 * i + 2 * j] = _mm512_unpacklo_epi64(r[8 * i + j], r[8 * i + 4 + j]);
            t[8 * i + 2 * j + 1] = _mm512_unpackhi_epi64(r[8 * i + j], r[8 * i + 4 + j]);
        }
    for (int j = 0; j < 8; j++) {
        __m512i a = _mm512_shuffle_i32x4(t[j], t[8 + j], 0x88),
                b = _mm512_shuffle_i32x4(t[j], t[8 + j], 0xdd);
        __m512i c = _mm512_shuffle_i32x4(t[16 + j], t[24 + j], 0x88);
        __m512i d = _mm512_shuffle_i32x4(t[16 + j], t[24 + j], 0xdd);
        _mm512_storeu_si512(out + j * stride, _mm512_shuffle_i32x4(a, c, 0x88));
        _mm512_storeu_si512(out + (j + 16) * stride, _mm512_shuffle_i32x4(a, c, 0xdd));
        _mm512_storeu_si512(out + (j + 8) * stride, _mm512_shuffle_i32x4(b, d, 0x88));
        _mm512_storeu_si512(out + (j + 24) * stride, _mm512_shuffle_i32x4(b, d, 0xdd));
    }
}

#endif
