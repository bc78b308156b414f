/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernel/kernel_c.h"

#if defined(__AVX512F__)
#include <immintrin.h>

#define V            __m512
#define WIDE         16
#define PARTS        1
#define SPAN         8
#define LOAD(at)     _mm512_loadu_ps(at)
#define STORE(at, v) _mm512_storeu_ps(at, v)
#define SAME(x)      _mm512_set1_ps(x)
#define ADD(a, b)    _mm512_add_ps(a, b)
#define SUB(a, b)    _mm512_sub_ps(a, b)
#define MUL(a, b)    _mm512_mul_ps(a, b)
#include "kernel/backproject_body.h"

void bp_backproject_avx512(const bp_backproject *b, float *sums)
{
    backproject(b, sums);
}
#endif
