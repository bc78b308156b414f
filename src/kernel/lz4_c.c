/* SPDX-License-Identifier: BSD-3-Clause
 * The LZ4 block coder in plain C. */
#include "kernel/lz4_common.h"

#define COPY_STEP 16

BP_INLINE size_t match_length(const uint8_t *a, const uint8_t *b, const uint8_t *limit)
{
    size_t most = (size_t)(limit - a);
    for (size_t done = 0; done < most; done += 8) {
        uint64_t differ = load_64(a + done) ^ load_64(b + done);
        if (differ) {
            done += (size_t)__builtin_ctzll(differ) >> 3;
            return done < most ? done : most;
        }
    }
    return most;
}

#define LEVEL(name) name##_c
#include "kernel/lz4_decode_body.h"
#include "kernel/lz4_encode_body.h"
