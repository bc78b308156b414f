/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernel/kernel_c.h"

#if defined(__AVX2__)
#include <immintrin.h>

#define V            __m256
#define WIDE         8
#define PARTS        2
#define SPAN         4
#define LOAD(at)     _mm256_loadu_ps(at)
#define STORE(at, v) _mm256_storeu_ps(at, v)
#define SAME(x)      _mm256_set1_ps(x)
#define ADD(a, b)    _mm256_add_ps(a, b)
#define SUB(a, b)    _mm256_sub_ps(a, b)
#define MUL(a, b)    _mm256_mul_ps(a, b)
#include "kernel/backproject_body.h"

void bp_backproject_avx2(const bp_backproject *b, float *sums)
{
    backproject(b, sums);
}
#endif
