/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernel/ring.h"

#ifdef __AVX512F__
#include <immintrin.h>

void bp_ring_sum_avx512(const float *values, size_t count, float lower, float upper, bp_ring_sums *sums)
{
    __m512 low = _mm512_set1_ps(lower), high = _mm512_set1_ps(upper);
    __m512d sum[2] = {_mm512_setzero_pd(), _mm512_setzero_pd()}, squares[2] = {sum[0], sum[0]};
    size_t taken = 0;
    for (size_t i = 0; i < count; i += BP_RING_LANES) {
        __m512 v = _mm512_loadu_ps(values + i);
        __mmask16 in = _mm512_cmp_ps_mask(v, low, _CMP_GT_OQ) & _mm512_cmp_ps_mask(v, high, _CMP_LT_OQ);
        v = _mm512_maskz_mov_ps(in, v);
        __m512d a = _mm512_cvtps_pd(_mm512_castps512_ps256(v)),
                b = _mm512_cvtps_pd(_mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(v), 1)));
        sum[0] = _mm512_add_pd(sum[0], a);
        sum[1] = _mm512_add_pd(sum[1], b);
        squares[0] = _mm512_add_pd(squares[0], _mm512_mul_pd(a, a));
        squares[1] = _mm512_add_pd(squares[1], _mm512_mul_pd(b, b));
        taken += (size_t)__builtin_popcount(in);
    }
    double lanes[BP_RING_LANES], lanes_squared[BP_RING_LANES];
    for (int k = 0; k < 2; k++) {
        _mm512_storeu_pd(lanes + 8 * k, sum[k]);
        _mm512_storeu_pd(lanes_squared + 8 * k, squares[k]);
    }
    *sums = (bp_ring_sums){bp_ring_lane_sum(lanes), bp_ring_lane_sum(lanes_squared), taken};
}

size_t bp_ring_above_avx512(const float *values, size_t count, float level, uint32_t *found)
{
    __m512 limit = _mm512_set1_ps(level);
    size_t n = 0;
    for (size_t i = 0; i < count; i += BP_RING_LANES) {
        unsigned above = _mm512_cmp_ps_mask(_mm512_loadu_ps(values + i), limit, _CMP_GT_OQ);
        for (; above; above &= above - 1)
            found[n++] = (uint32_t)(i + (size_t)__builtin_ctz(above));
    }
    return n;
}
#endif
