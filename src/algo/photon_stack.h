/* SPDX-License-Identifier: BSD-3-Clause
 * A chunk of photon: which level wrote it, and where its frames are; docs/photon-chunk.md has the bytes. */
#ifndef BP_ALGO_PHOTON_STACK_H
#define BP_ALGO_PHOTON_STACK_H

#include "algo/frames.h"

enum {
#define PHOTON_LEVEL(name, word, number, scope, encode, decode) BP_PHOTON_LEVEL_##name,
#include "algo/photon_levels.def"
#undef PHOTON_LEVEL
    BP_PHOTON_LEVELS
};

/* Refuses frames that are too large. */
BP_MUST_CHECK bp_status bp_photon_check(bp_context *ctx, const bp_array *in);
size_t bp_photon_worst_size(const bp_array *in);
/* level: place of its line in photon_levels.def. */
BP_MUST_CHECK bp_status bp_photon_encode(bp_context *ctx, size_t level, const bp_array *in, uint8_t *out,
                                         size_t capacity, size_t *size);
/* Frames first to first + count of the array `whole`, whose data is not used. */
BP_MUST_CHECK bp_status bp_photon_decode_frames(bp_context *ctx, const uint8_t *in, size_t size,
                                                const bp_array *whole, size_t first, size_t count,
                                                void *values);
BP_MUST_CHECK bp_status bp_photon_decode(bp_context *ctx, const uint8_t *in, size_t size,
                                         const bp_array *out);

#endif
