/* SPDX-License-Identifier: BSD-3-Clause
 * Transposes with 256-bit vectors. A bit transpose is a byte transpose, then the transpose of 8 x 8 bits in
 * every 8 bytes, then a byte transpose of those bytes. */
#include "kernel/kernel_c.h"

#if defined(__AVX2__)
#include <immintrin.h>

#define STEP  32  /* elements that one call of a byte transpose takes */
#define BATCH 256 /* elements that one round of a bit transpose takes */
#define LANES 16  /* bytes in a lane */

typedef __m256i vector;

static inline vector load(const uint8_t *p)
{
    return _mm256_loadu_si256((const void *)p);
}

static inline void store(uint8_t *p, vector v)
{
    _mm256_storeu_si256((void *)p, v);
}

/* Two lanes from two places: unpacking works within lanes, so each lane gets elements of its own. */
static inline vector load_lanes(const uint8_t *low, const uint8_t *high)
{
    return _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128((const void *)low)),
                                   _mm_loadu_si128((const void *)high), 1);
}

static inline void store_lanes(uint8_t *low, uint8_t *high, vector v)
{
    _mm_storeu_si128((void *)low, _mm256_castsi256_si128(v));
    _mm_storeu_si128((void *)high, _mm256_extracti128_si256(v, 1));
}

static inline void shuffle_2(const uint8_t *in, uint8_t *out, size_t stride)
{
    const vector low = _mm256_set1_epi16(0xff);
    vector a = load(in), b = load(in + 32);
    vector even = _mm256_packus_epi16(_mm256_and_si256(a, low), _mm256_and_si256(b, low));
    vector odd = _mm256_packus_epi16(_mm256_srli_epi16(a, 8), _mm256_srli_epi16(b, 8));
    store(out, _mm256_permute4x64_epi64(even, 0xd8));
    store(out + stride, _mm256_permute4x64_epi64(odd, 0xd8));
}

static inline void unshuffle_2(const uint8_t *in, uint8_t *out, size_t stride)
{
    vector a = load(in), b = load(in + stride);
    vector low = _mm256_unpacklo_epi8(a, b), high = _mm256_unpackhi_epi8(a, b);
    store(out, _mm256_permute2x128_si256(low, high, 0x20));
    store(out + 32, _mm256_permute2x128_si256(low, high, 0x31));
}

static inline void shuffle_4(const uint8_t *in, uint8_t *out, size_t stride)
{
    const vector gather = _mm256_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15, 0, 4, 8, 12,
                                           1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    vector v[4], w[4];
    for (int i = 0; i < 4; i++)
        v[i] = _mm256_shuffle_epi8(load_lanes(in + LANES * i, in + 64 + LANES * i), gather);
    for (int i = 0; i < 2; i++) {
        w[i] = _mm256_unpacklo_epi32(v[2 * i], v[2 * i + 1]);
        w[i + 2] = _mm256_unpackhi_epi32(v[2 * i], v[2 * i + 1]);
    }
    for (int i = 0; i < 2; i++) {
        store(out + (size_t)(2 * i) * stride, _mm256_unpacklo_epi64(w[2 * i], w[2 * i + 1]));
        store(out + (size_t)(2 * i + 1) * stride, _mm256_unpackhi_epi64(w[2 * i], w[2 * i + 1]));
    }
}

static inline void unshuffle_4(const uint8_t *in, uint8_t *out, size_t stride)
{
    vector a = load(in), b = load(in + stride), c = load(in + 2 * stride), d = load(in + 3 * stride);
    vector ab[2] = {_mm256_unpacklo_epi8(a, b), _mm256_unpackhi_epi8(a, b)};
    vector cd[2] = {_mm256_unpacklo_epi8(c, d), _mm256_unpackhi_epi8(c, d)};
    for (int i = 0; i < 2; i++) {
        uint8_t *to = out + 2 * LANES * i;
        store_lanes(to, to + 64, _mm256_unpacklo_epi16(ab[i], cd[i]));
        store_lanes(to + LANES, to + 64 + LANES, _mm256_unpackhi_epi16(ab[i], cd[i]));
    }
}

/* Byte transpose of 32 elements that stand in 8 vectors: lane l of vector i has elements 16 l + 2 i and the
 * next. v[k] becomes byte k of all. */
static inline void transpose_8(vector v[8])
{
    const vector pair = _mm256_setr_epi8(0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15, 0, 8, 1, 9, 2,
                                         10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15);
    vector w[8];
    for (int i = 0; i < 8; i++)
        v[i] = _mm256_shuffle_epi8(v[i], pair);
    for (int i = 0; i < 4; i++) {
        w[i] = _mm256_unpacklo_epi16(v[2 * i], v[2 * i + 1]);     /* bytes 0 to 3 */
        w[i + 4] = _mm256_unpackhi_epi16(v[2 * i], v[2 * i + 1]); /* bytes 4 to 7 */
    }
    for (int i = 0; i < 4; i++) {
        int to = i / 2 * 4 + i % 2; /* bytes 0 and 1, then 2 and 3, of either half */
        v[to] = _mm256_unpacklo_epi32(w[2 * i], w[2 * i + 1]);
        v[to + 2] = _mm256_unpackhi_epi32(w[2 * i], w[2 * i + 1]);
    }
    for (int i = 0; i < 4; i++) {
        w[2 * i] = _mm256_unpacklo_epi64(v[2 * i], v[2 * i + 1]);
        w[2 * i + 1] = _mm256_unpackhi_epi64(v[2 * i], v[2 * i + 1]);
    }
    for (int i = 0; i < 8; i++)
        v[i] = w[i];
}

/* The inverse. */
static inline void untranspose_8(vector v[8])
{
    vector w[8];
    for (int i = 0; i < 4; i++) {
        w[i] = _mm256_unpacklo_epi8(v[2 * i], v[2 * i + 1]); /* elements 0 to 7 of the lane */
        w[i + 4] = _mm256_unpackhi_epi8(v[2 * i], v[2 * i + 1]);
    }
    for (int i = 0; i < 4; i++) {
        int to = i / 2 * 4 + i % 2;
        v[to] = _mm256_unpacklo_epi16(w[2 * i], w[2 * i + 1]);
        v[to + 2] = _mm256_unpackhi_epi16(w[2 * i], w[2 * i + 1]);
    }
    for (int i = 0; i < 4; i++) {
        w[2 * i] = _mm256_unpacklo_epi32(v[2 * i], v[2 * i + 1]);
        w[2 * i + 1] = _mm256_unpackhi_epi32(v[2 * i], v[2 * i + 1]);
    }
    for (int i = 0; i < 8; i++)
        v[i] = w[i];
}

static inline void shuffle_8(const uint8_t *in, uint8_t *out, size_t stride)
{
    vector v[8];
    for (int i = 0; i < 8; i++)
        v[i] = load_lanes(in + LANES * i, in + 128 + LANES * i);
    transpose_8(v);
    for (size_t i = 0; i < 8; i++)
        store(out + i * stride, v[i]);
}

static inline void unshuffle_8(const uint8_t *in, uint8_t *out, size_t stride)
{
    vector v[8];
    for (size_t i = 0; i < 8; i++)
        v[i] = load(in + i * stride);
    untranspose_8(v);
    for (int i = 0; i < 8; i++)
        store_lanes(out + LANES * i, out + 128 + LANES * i, v[i]);
}

/* 8 x 8 bits in every 8 bytes, as in bitshuffle_c.c. */
static inline vector transpose_bits(vector x)
{
    vector t = _mm256_and_si256(_mm256_xor_si256(x, _mm256_srli_epi64(x, 7)),
                                _mm256_set1_epi64x(INT64_C(0x00aa00aa00aa00aa)));
    x = _mm256_xor_si256(x, _mm256_xor_si256(t, _mm256_slli_epi64(t, 7)));
    t = _mm256_and_si256(_mm256_xor_si256(x, _mm256_srli_epi64(x, 14)),
                         _mm256_set1_epi64x(INT64_C(0x0000cccc0000cccc)));
    x = _mm256_xor_si256(x, _mm256_xor_si256(t, _mm256_slli_epi64(t, 14)));
    t = _mm256_and_si256(_mm256_xor_si256(x, _mm256_srli_epi64(x, 28)),
                         _mm256_set1_epi64x(INT64_C(0x00000000f0f0f0f0)));
    return _mm256_xor_si256(x, _mm256_xor_si256(t, _mm256_slli_epi64(t, 28)));
}

/* One byte of 256 elements to 8 bit planes. */
static inline void bits_forward(const uint8_t *in, uint8_t *out, size_t plane)
{
    vector v[8];
    for (int i = 0; i < 8; i++)
        v[i] = transpose_bits(load_lanes(in + LANES * i, in + 128 + LANES * i));
    transpose_8(v);
    for (size_t i = 0; i < 8; i++)
        store(out + i * plane, v[i]);
}

static inline void bits_backward(const uint8_t *in, uint8_t *out, size_t plane)
{
    vector v[8];
    for (size_t i = 0; i < 8; i++)
        v[i] = load(in + i * plane);
    untranspose_8(v);
    for (int i = 0; i < 8; i++)
        store_lanes(out + LANES * i, out + 128 + LANES * i, transpose_bits(v[i]));
}

static void byteswap(const uint8_t *in, uint8_t *out, size_t n, size_t itemsize)
{
    size_t bytes = n * itemsize, done = 0;
    if (itemsize == 2 || itemsize == 4 || itemsize == 8) {
        uint8_t order[32];
        for (size_t i = 0; i < 32; i++)
            order[i] = (uint8_t)((i & 15) ^ (itemsize - 1));
        for (; bytes - done >= 32; done += 32)
            store(out + done, _mm256_shuffle_epi8(load(in + done), load(order)));
    }
    bp_byteswap_c(in + done, out + done, n - done / itemsize, itemsize);
}

#include "kernel/transpose_body.h"

const bp_kernels *bp_kernels_avx2(void)
{
    static const bp_kernels kernels = {
        .bitshuffle = bitshuffle,
        .bitunshuffle = bitunshuffle,
        .shuffle = shuffle,
        .unshuffle = unshuffle,
        .byteswap = byteswap,
        .lz4_encode = bp_lz4_encode_avx2,
        .lz4_decode = bp_lz4_decode_avx2,
        .photon_predict = bp_photon_predict_c,
        .photon_values = &bp_photon_values_avx2,
        .photon_numbers = &bp_photon_numbers_avx2,
        .photon_max = &bp_max_rows_avx2,
        .metric = &bp_metric_kernels_avx2,
        .quantise = &bp_quantise_kernels_avx2,
        .photon_choice = &bp_photon_choice_avx2,
        .photon_windows = bp_photon_windows_c,
        .photon_encode = bp_photon_encode_avx2,
        .photon_decode = bp_photon_decode_avx2,
        .photon_decode_slots = true,
        .photon_fast_encode = bp_photon_fast_encode_avx2,
        .photon_fast_decode = bp_photon_fast_decode_avx2,
        .ring_sum = bp_ring_sum_avx2,
        .ring_above = bp_ring_above_avx2,
        .backproject = bp_backproject_avx2,
    };
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("popcnt") &&
                   __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2")
               ? &kernels
               : NULL;
}

#else

const bp_kernels *bp_kernels_avx2(void)
{
    return NULL;
}

#endif
