/* SPDX-License-Identifier: BSD-3-Clause
 * The model of photon for 16 pixels. */
#ifndef BP_KERNEL_PHOTON_AVX512_H
#define BP_KERNEL_PHOTON_AVX512_H

#include <immintrin.h>

#include "kernel/photon.h"

#define BP_ALWAYS static inline __attribute__((always_inline))

typedef struct bp_photon_around {
    __m512i w, ww, n, ne, nw, nn, nne, nnw;
} bp_photon_around;

BP_ALWAYS __m512i bp_distance_16(__m512i a, __m512i b)
{
    return _mm512_abs_epi32(_mm512_sub_epi32(a, b));
}

BP_ALWAYS __m512i bp_code_16(__m512i v)
{
    __m512i zeros = _mm512_lzcnt_epi32(v);
    __m512i top = _mm512_srlv_epi32(v, _mm512_sub_epi32(_mm512_set1_epi32(29), zeros));
    __m512i code = _mm512_sub_epi32(_mm512_set1_epi32(116), _mm512_slli_epi32(zeros, 2));
    code = _mm512_add_epi32(code, top);
    return _mm512_mask_mov_epi32(code, _mm512_cmplt_epu32_mask(v, _mm512_set1_epi32(4)), v);
}

BP_ALWAYS __m512i bp_predict_16(const int model, const bp_photon_around *a, __m512i *code)
{
    __m512i wn = _mm512_add_epi32(a->w, a->n);
    __m512i twice = _mm512_add_epi32(_mm512_add_epi32(a->ne, a->nw), _mm512_add_epi32(a->ww, a->nn));
    __m512i sum =
        _mm512_add_epi32(_mm512_add_epi32(wn, _mm512_slli_epi32(wn, 1)),
                         _mm512_add_epi32(_mm512_slli_epi32(twice, 1), _mm512_add_epi32(a->nne, a->nnw)));
    __m512i mean = _mm512_srai_epi32(_mm512_add_epi32(sum, _mm512_set1_epi32(8)), 4);
    __m512i slope = _mm512_add_epi32(_mm512_slli_epi32(wn, 1), _mm512_sub_epi32(a->ne, a->nw));
    slope = _mm512_srai_epi32(_mm512_add_epi32(slope, _mm512_set1_epi32(2)), 2);
    if (model < 2) {
        *code = bp_code_16(sum);
        __mmask16 large = _mm512_cmpge_epi32_mask(sum, _mm512_set1_epi32(BP_PHOTON_SMALL));
        return _mm512_maskz_mov_epi32(large, model == 0 ? mean : slope);
    }
    __m512i rough = _mm512_add_epi32(bp_distance_16(a->w, a->nw), bp_distance_16(a->n, a->nw));
    rough =
        _mm512_add_epi32(rough, _mm512_add_epi32(bp_distance_16(a->n, a->ne), bp_distance_16(a->w, a->ww)));
    rough =
        _mm512_add_epi32(rough, _mm512_add_epi32(bp_distance_16(a->n, a->nn), bp_distance_16(a->ne, a->nne)));
    *code = bp_code_16(rough);
    if (model < 4)
        return model == 2 ? mean : slope;
    return _mm512_srai_epi32(_mm512_add_epi32(_mm512_add_epi32(mean, slope), _mm512_set1_epi32(1)), 1);
}

/* Lanes whose column at a step is within the width; *left: those that have not begun. */
static inline uint32_t bp_photon_lanes_at(size_t step, size_t width, size_t rows, uint32_t *left)
{
    size_t begun = step / BP_PHOTON_SKEW + 1, ended = step >= width ? (step - width) / BP_PHOTON_SKEW + 1 : 0;
    uint32_t on = begun < BP_PHOTON_LANES ? (1u << begun) - 1 : 0xffffu;
    *left = ~on & 0xffffu;
    on &= ended < BP_PHOTON_LANES ? ~((1u << ended) - 1) : 0;
    return rows < BP_PHOTON_LANES ? on & ((1u << rows) - 1) : on;
}

/* 16 x 16 values of 32 bits: rows become columns. */
BP_ALWAYS void bp_transpose_16(__m512i *r)
{
    __m512i t[16];
    for (int i = 0; i < 8; i++) {
        t[2 * i] = _mm512_unpacklo_epi32(r[2 * i], r[2 * i + 1]);
        t[2 * i + 1] = _mm512_unpackhi_epi32(r[2 * i], r[2 * i + 1]);
    }
    for (int i = 0; i < 4; i++) {
        r[4 * i] = _mm512_unpacklo_epi64(t[4 * i], t[4 * i + 2]);
        r[4 * i + 1] = _mm512_unpackhi_epi64(t[4 * i], t[4 * i + 2]);
        r[4 * i + 2] = _mm512_unpacklo_epi64(t[4 * i + 1], t[4 * i + 3]);
        r[4 * i + 3] = _mm512_unpackhi_epi64(t[4 * i + 1], t[4 * i + 3]);
    }
    for (int i = 0; i < 4; i++) {
        t[i] = _mm512_shuffle_i32x4(r[i], r[i + 4], 0x88);
        t[i + 4] = _mm512_shuffle_i32x4(r[i], r[i + 4], 0xdd);
        t[i + 8] = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0x88);
        t[i + 12] = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0xdd);
    }
    for (int i = 0; i < 4; i++) {
        r[i] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0x88);
        r[i + 8] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0xdd);
        r[i + 4] = _mm512_shuffle_i32x4(t[i + 4], t[i + 12], 0x88);
        r[i + 12] = _mm512_shuffle_i32x4(t[i + 4], t[i + 12], 0xdd);
    }
}

#endif
