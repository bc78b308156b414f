/* SPDX-License-Identifier: BSD-3-Clause
 * The LZ4 block coder with 512-bit vectors. */
#include "kernel/lz4_common.h"

#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512VL__)
#include <immintrin.h>

#define COPY_STEP 32

/* Most matches are short: the first 8 bytes go through a general register. */
BP_INLINE size_t match_length(const uint8_t *a, const uint8_t *b, const uint8_t *limit)
{
    size_t most = (size_t)(limit - a);
    uint64_t first = load_64(a) ^ load_64(b);
    if (first) {
        size_t done = (size_t)__builtin_ctzll(first) >> 3;
        return done < most ? done : most;
    }
    for (size_t done = 8; done < most; done += 32) {
        uint32_t differ = _mm256_cmpneq_epi8_mask(_mm256_loadu_si256((const void *)(a + done)),
                                                  _mm256_loadu_si256((const void *)(b + done)));
        if (differ) {
            done += (size_t)__builtin_ctz(differ);
            return done < most ? done : most;
        }
    }
    return most;
}

#define LEVEL(name) name##_avx512
#include "kernel/lz4_decode_body.h"
#include "kernel/lz4_encode_body.h"

#endif
