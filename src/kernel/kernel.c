/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernel/kernel.h"

const char *bp_simd_name(bp_simd level)
{
    static const char *const names[BP_SIMD_COUNT] = {"c", "avx2", "avx512"};
    return (unsigned)level < BP_SIMD_COUNT ? names[level] : "unknown";
}
