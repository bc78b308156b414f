/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernel/kernel_c.h"

#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512VL__)
#include <immintrin.h>

#define BP_PHOTON_COUNTS_PLACES

/* What stands in the middle of a vector often stands in most of it, and is counted at once: pixels that count
 * at one place would wait for each other. */
static void count_places(const uint16_t *at, const uint8_t *labels, size_t count, uint32_t *counts)
{
    const __m256i none = _mm256_setzero_si256();
    for (size_t c = 0; c < count; c += 32) {
        __mmask32 in = count - c >= 32 ? 0xffffffffu : (1u << (count - c)) - 1;
        __m512i v = _mm512_maskz_loadu_epi16(in, at + c);
        if (labels)
            in = _mm256_mask_cmpeq_epi8_mask(in, _mm256_maskz_loadu_epi8(in, labels + c), none);
        if (!in)
            continue;
        uint16_t places[32];
        _mm512_storeu_si512(places, v);
        uint16_t first = places[__builtin_ctz(in)];
        __mmask32 same = _mm512_mask_cmpeq_epi16_mask(in, v, _mm512_set1_epi16((int16_t)first));
        counts[first] += (uint32_t)__builtin_popcount(same);
        for (uint32_t rest = in & ~same; rest; rest &= rest - 1)
            counts[places[__builtin_ctz(rest)]]++;
    }
}

#include "kernel/photon_choice_body.h"

const bp_photon_choice bp_photon_choice_avx512 = BP_PHOTON_CHOICE;
#endif
