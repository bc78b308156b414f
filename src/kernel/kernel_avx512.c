/* SPDX-License-Identifier: BSD-3-Clause
 * Transposes with 512-bit vectors, byte permutes (VBMI) and bit matrices (GFNI): Intel from Ice Lake on, AMD
 * from Zen 4 on. The steps are those of kernel_avx2.c. */
#include "kernel/kernel_c.h"

#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512VL__) && defined(__AVX512DQ__) &&       \
    defined(__AVX512VBMI__) && defined(__AVX512VBMI2__) && defined(__AVX512VPOPCNTDQ__) && defined(__GFNI__)
#include <immintrin.h>

#define STEP   64
#define BATCH  512
#define VECTOR 64 /* bytes */

typedef __m512i vector;

static inline vector load(const uint8_t *p)
{
    return _mm512_loadu_si512(p);
}

static inline void store(uint8_t *p, vector v)
{
    _mm512_storeu_si512(p, v);
}

/* Byte i of an index vector for permutes is outer * (i / count) + inner * (i % count) + first. */
#define INDEX_8(i, outer, inner, count, first)                                                               \
    INDEX_1(i, outer, inner, count, first), INDEX_1(i + 1, outer, inner, count, first),                      \
        INDEX_1(i + 2, outer, inner, count, first), INDEX_1(i + 3, outer, inner, count, first),              \
        INDEX_1(i + 4, outer, inner, count, first), INDEX_1(i + 5, outer, inner, count, first),              \
        INDEX_1(i + 6, outer, inner, count, first), INDEX_1(i + 7, outer, inner, count, first)
#define INDEX_1(i, outer, inner, count, first)                                                               \
    (uint8_t)((outer) * ((i) / (count)) + (inner) * ((i) % (count)) + (first))
#define INDEX(outer, inner, count, first)                                                                    \
    {                                                                                                        \
        INDEX_8(0, outer, inner, count, first), INDEX_8(8, outer, inner, count, first),                      \
            INDEX_8(16, outer, inner, count, first), INDEX_8(24, outer, inner, count, first),                \
            INDEX_8(32, outer, inner, count, first), INDEX_8(40, outer, inner, count, first),                \
            INDEX_8(48, outer, inner, count, first), INDEX_8(56, outer, inner, count, first)                 \
    }

static const uint8_t even_bytes[VECTOR] = INDEX(128, 2, 64, 0);
static const uint8_t odd_bytes[VECTOR] = INDEX(128, 2, 64, 1);
static const uint8_t zip_low[VECTOR] = INDEX(1, 64, 2, 0); /* of two vectors: bytes 0, 64, 1, 65, ... */
static const uint8_t zip_high[VECTOR] = INDEX(1, 64, 2, 32);
static const uint8_t columns_4[VECTOR] = INDEX(1, 4, 16, 0);  /* 16 x 4 bytes transposed */
static const uint8_t rows_4[VECTOR] = INDEX(1, 16, 4, 0);     /* 4 x 16 */
static const uint8_t columns_8[VECTOR] = INDEX(1, 8, 8, 0);   /* 8 x 8 */
static const uint8_t reversed_8[VECTOR] = INDEX(8, -1, 8, 7); /* every 8 bytes in reverse */
/* 8 x 8 transposed, then every 8 bytes in reverse */
static const uint8_t columns_8_reversed[VECTOR] = INDEX(1, -8, 8, 56);

static inline void shuffle_2(const uint8_t *in, uint8_t *out, size_t stride)
{
    vector a = load(in), b = load(in + VECTOR);
    store(out, _mm512_permutex2var_epi8(a, load(even_bytes), b));
    store(out + stride, _mm512_permutex2var_epi8(a, load(odd_bytes), b));
}

static inline void unshuffle_2(const uint8_t *in, uint8_t *out, size_t stride)
{
    vector a = load(in), b = load(in + stride);
    store(out, _mm512_permutex2var_epi8(a, load(zip_low), b));
    store(out + VECTOR, _mm512_permutex2var_epi8(a, load(zip_high), b));
}

/* Transposes 4 x 4 lanes of 16 bytes. */
static inline void transpose_lanes(vector v[4])
{
    vector a = _mm512_shuffle_i64x2(v[0], v[1], 0x44), b = _mm512_shuffle_i64x2(v[0], v[1], 0xee);
    vector c = _mm512_shuffle_i64x2(v[2], v[3], 0x44), d = _mm512_shuffle_i64x2(v[2], v[3], 0xee);
    v[0] = _mm512_shuffle_i64x2(a, c, 0x88);
    v[1] = _mm512_shuffle_i64x2(a, c, 0xdd);
    v[2] = _mm512_shuffle_i64x2(b, d, 0x88);
    v[3] = _mm512_shuffle_i64x2(b, d, 0xdd);
}

static inline void shuffle_4(const uint8_t *in, uint8_t *out, size_t stride)
{
    vector v[4];
    for (int i = 0; i < 4; i++)
        v[i] = _mm512_permutexvar_epi8(load(columns_4), load(in + VECTOR * i));
    transpose_lanes(v);
    for (size_t i = 0; i < 4; i++)
        store(out + i * stride, v[i]);
}

static inline void unshuffle_4(const uint8_t *in, uint8_t *out, size_t stride)
{
    vector v[4];
    for (size_t i = 0; i < 4; i++)
        v[i] = load(in + i * stride);
    transpose_lanes(v);
    for (int i = 0; i < 4; i++)
        store(out + VECTOR * i, _mm512_permutexvar_epi8(load(rows_4), v[i]));
}

/* Transposes 8 x 8 words of 8 bytes. */
static inline void transpose_words(vector v[8])
{
    vector low[4], high[4];
    for (int i = 0; i < 4; i++) {
        low[i] = _mm512_unpacklo_epi64(v[2 * i], v[2 * i + 1]); /* words 0, 2, 4, 6 of a pair of rows */
        high[i] = _mm512_unpackhi_epi64(v[2 * i], v[2 * i + 1]);
    }
    transpose_lanes(low);
    transpose_lanes(high);
    for (int i = 0; i < 4; i++) {
        v[2 * i] = low[i];
        v[2 * i + 1] = high[i];
    }
}

static inline void shuffle_8(const uint8_t *in, uint8_t *out, size_t stride)
{
    vector v[8];
    for (int i = 0; i < 8; i++)
        v[i] = _mm512_permutexvar_epi8(load(columns_8), load(in + VECTOR * i));
    transpose_words(v);
    for (size_t i = 0; i < 8; i++)
        store(out + i * stride, v[i]);
}

static inline void unshuffle_8(const uint8_t *in, uint8_t *out, size_t stride)
{
    vector v[8];
    for (size_t i = 0; i < 8; i++)
        v[i] = load(in + i * stride);
    transpose_words(v);
    for (int i = 0; i < 8; i++)
        store(out + VECTOR * i, _mm512_permutexvar_epi8(load(columns_8), v[i]));
}

/* Transposes the 8 x 8 bits of every 8 bytes, which stand in reverse: bit j of byte i of the result is the
 * product of row 7 - j of the matrix with the vector 1 << i. */
static inline vector transpose_bits(vector reversed)
{
    return _mm512_gf2p8affine_epi64_epi8(_mm512_set1_epi64(INT64_C(-0x7fbfdfeff7fbfdff)), reversed, 0);
}

static inline void bits_forward(const uint8_t *in, uint8_t *out, size_t plane)
{
    vector v[8];
    for (int i = 0; i < 8; i++) {
        vector bits = transpose_bits(_mm512_shuffle_epi8(load(in + VECTOR * i), load(reversed_8)));
        v[i] = _mm512_permutexvar_epi8(load(columns_8), bits);
    }
    transpose_words(v);
    for (size_t i = 0; i < 8; i++)
        store(out + i * plane, v[i]);
}

static inline void bits_backward(const uint8_t *in, uint8_t *out, size_t plane)
{
    vector v[8];
    for (size_t i = 0; i < 8; i++)
        v[i] = load(in + i * plane);
    transpose_words(v);
    for (int i = 0; i < 8; i++)
        store(out + VECTOR * i, transpose_bits(_mm512_permutexvar_epi8(load(columns_8_reversed), v[i])));
}

static void byteswap(const uint8_t *in, uint8_t *out, size_t n, size_t itemsize)
{
    size_t bytes = n * itemsize, done = 0;
    if (itemsize == 2 || itemsize == 4 || itemsize == 8) {
        uint8_t order[VECTOR];
        for (size_t i = 0; i < VECTOR; i++)
            order[i] = (uint8_t)((i & 15) ^ (itemsize - 1));
        for (; bytes - done >= VECTOR; done += VECTOR)
            store(out + done, _mm512_shuffle_epi8(load(in + done), load(order)));
    }
    bp_byteswap_c(in + done, out + done, n - done / itemsize, itemsize);
}

#include "kernel/transpose_body.h"

const bp_kernels *bp_kernels_avx512(void)
{
    static const bp_kernels kernels = {
        .bitshuffle = bitshuffle,
        .bitunshuffle = bitunshuffle,
        .shuffle = shuffle,
        .unshuffle = unshuffle,
        .byteswap = byteswap,
        .lz4_encode = bp_lz4_encode_avx512,
        .lz4_decode = bp_lz4_decode_avx512,
        .photon_predict = bp_photon_predict_avx512,
        .photon_values = &bp_photon_values_avx512,
        .photon_numbers = &bp_photon_numbers_avx512,
        .photon_max = &bp_max_rows_avx512,
        .metric = &bp_metric_kernels_avx512,
        .quantise = &bp_quantise_kernels_avx512,
        .photon_choice = &bp_photon_choice_avx512,
        .photon_windows = bp_photon_windows_avx512,
        .photon_encode = bp_photon_encode_avx512,
        .photon_decode = bp_photon_decode_avx512,
        .photon_fast_encode = bp_photon_fast_encode_avx512,
        .photon_fast_decode = bp_photon_fast_decode_avx512,
        .ring_sum = bp_ring_sum_avx512,
        .ring_above = bp_ring_above_avx512,
        .backproject = bp_backproject_avx512,
    };
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                   __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
                   __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vbmi2") &&
                   __builtin_cpu_supports("avx512vpopcntdq") && __builtin_cpu_supports("avx512cd") &&
                   __builtin_cpu_supports("gfni") && __builtin_cpu_supports("popcnt") &&
                   __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2")
               ? &kernels
               : NULL;
}

#else

const bp_kernels *bp_kernels_avx512(void)
{
    return NULL;
}

#endif
