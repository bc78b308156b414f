/* SPDX-License-Identifier: BSD-3-Clause
 * The byte shuffle in front of a byte codec, as HDF5's filter 2 does it: plane b holds byte b of every
 * element. */
#ifndef BP_ALGO_SHUFFLED_H
#define BP_ALGO_SHUFFLED_H

#include <stdint.h>

#include "beampress/codec.h"

/* The row of the switch, the same in every byte codec. */
#define BP_PARAM_ROW_SHUFFLE                                                                                 \
    {                                                                                                        \
        "shuffle", "", BP_PARAM_SWITCH, 0, 1, 1, NULL,                                                       \
            "sort the bytes of the elements by their weight first"                                           \
    }

/* The bytes that a byte codec works on: the array's own, or shuffled ones in memory of their own. */
typedef struct bp_shuffled {
    uint8_t *bytes;
    size_t size;
    uint8_t *owned; /* NULL when bytes are the array's */
} bp_shuffled;

/* Encoding: bytes hold the values of in, to be read only. The caller frees with bp_shuffled_fini, in every
 * case. */
BP_MUST_CHECK bp_status bp_shuffled_from(bp_context *ctx, const bp_array *in, bool shuffle,
                                         bp_shuffled *shuffled);

/* Decoding: bytes are room to decode into; bp_shuffled_to_array then brings the values to out. */
BP_MUST_CHECK bp_status bp_shuffled_room(bp_context *ctx, const bp_array *out, bool shuffle,
                                         bp_shuffled *shuffled);
void bp_shuffled_to_array(const bp_shuffled *shuffled, const bp_array *out);

void bp_shuffled_fini(bp_shuffled *shuffled);

/* The registered form: HDF5's shuffle where it changes something, then filter id with its words. */
void bp_shuffled_standard(const bp_array *chunk, bool shuffle, uint32_t id, size_t word_count,
                          const uint32_t *words, bp_filter *filters, size_t *count);

#endif
