/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernel/ring.h"

#ifdef __AVX2__
#include <immintrin.h>

static inline unsigned mask_of(__m256 v, float lower, float upper, __m256 *kept)
{
    __m256 in = _mm256_and_ps(_mm256_cmp_ps(v, _mm256_set1_ps(lower), _CMP_GT_OQ),
                              _mm256_cmp_ps(v, _mm256_set1_ps(upper), _CMP_LT_OQ));
    *kept = _mm256_and_ps(v, in);
    return (unsigned)_mm256_movemask_ps(in);
}

void bp_ring_sum_avx2(const float *values, size_t count, float lower, float upper, bp_ring_sums *sums)
{
    __m256d sum[4], squares[4];
    size_t taken = 0;
    for (int k = 0; k < 4; k++)
        sum[k] = squares[k] = _mm256_setzero_pd();
    for (size_t i = 0; i < count; i += BP_RING_LANES) {
        __m256 a, b;
        unsigned in = mask_of(_mm256_loadu_ps(values + i), lower, upper, &a);
        in |= mask_of(_mm256_loadu_ps(values + i + 8), lower, upper, &b) << 8;
        __m256d d[4] = {
            _mm256_cvtps_pd(_mm256_castps256_ps128(a)), _mm256_cvtps_pd(_mm256_extractf128_ps(a, 1)),
            _mm256_cvtps_pd(_mm256_castps256_ps128(b)), _mm256_cvtps_pd(_mm256_extractf128_ps(b, 1))};
        for (int k = 0; k < 4; k++) {
            sum[k] = _mm256_add_pd(sum[k], d[k]);
            squares[k] = _mm256_add_pd(squares[k], _mm256_mul_pd(d[k], d[k]));
        }
        taken += (size_t)__builtin_popcount(in);
    }
    double lanes[BP_RING_LANES], lanes_squared[BP_RING_LANES];
    for (int k = 0; k < 4; k++) {
        _mm256_storeu_pd(lanes + 4 * k, sum[k]);
        _mm256_storeu_pd(lanes_squared + 4 * k, squares[k]);
    }
    *sums = (bp_ring_sums){bp_ring_lane_sum(lanes), bp_ring_lane_sum(lanes_squared), taken};
}

size_t bp_ring_above_avx2(const float *values, size_t count, float level, uint32_t *found)
{
    __m256 limit = _mm256_set1_ps(level);
    size_t n = 0;
    for (size_t i = 0; i < count; i += BP_RING_LANES) {
        unsigned above =
            (unsigned)_mm256_movemask_ps(_mm256_cmp_ps(_mm256_loadu_ps(values + i), limit, _CMP_GT_OQ));
        above |=
            (unsigned)_mm256_movemask_ps(_mm256_cmp_ps(_mm256_loadu_ps(values + i + 8), limit, _CMP_GT_OQ))
            << 8;
        for (; above; above &= above - 1)
            found[n++] = (uint32_t)(i + (size_t)__builtin_ctz(above));
    }
    return n;
}
#endif
