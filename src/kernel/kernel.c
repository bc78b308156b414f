/* SPDX-License-Identifier: BSD-3-Clause
 * Chooses the kernels for the CPU that runs. The choice is made once; it is the only state here. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "beampress/version.h"
#include "kernel/kernel_c.h"

const char *bp_simd_name(bp_simd level)
{
    static const char *const names[BP_SIMD_COUNT] = {"c", "avx2", "avx512"};
    return (unsigned)level < BP_SIMD_COUNT ? names[level] : "unknown";
}

const bp_kernels *bp_kernels_at(bp_simd level)
{
    switch (level) {
    case BP_SIMD_C:
        return bp_kernels_c();
    case BP_SIMD_AVX2:
        return bp_kernels_avx2();
    case BP_SIMD_AVX512:
        return bp_kernels_avx512();
    case BP_SIMD_COUNT:
        break;
    }
    return NULL;
}

static bp_simd chosen; /* written under chosen_once only */
static pthread_once_t chosen_once = PTHREAD_ONCE_INIT;

static void choose(void)
{
    const char *wish = getenv("BEAMPRESS_SIMD");
    int highest = BP_SIMD_COUNT - 1;
    for (int level = 0; wish && level < BP_SIMD_COUNT; level++)
        if (strcmp(wish, bp_simd_name((bp_simd)level)) == 0)
            highest = level;
    while (highest > BP_SIMD_C && !bp_kernels_at((bp_simd)highest))
        highest--;
    chosen = (bp_simd)highest;
}

const bp_kernels *bp_kernels_get(void)
{
    pthread_once(&chosen_once, choose);
    return bp_kernels_at(chosen);
}

const char *bp_simd_level(void)
{
    pthread_once(&chosen_once, choose);
    return bp_simd_name(chosen);
}
