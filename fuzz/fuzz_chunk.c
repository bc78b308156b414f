/* SPDX-License-Identifier: BSD-3-Clause
 * Any bytes as a chunk: once as they are, once with hashes made to match, so that what stands behind the
 * hashes is reached; and as the words of the filter. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/hash.h"
#include "beampress/beampress.h"
#include "chunk/layout.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MOST_BYTES (1u << 20)

static void decode(const uint8_t *chunk, size_t size)
{
    bp_chunk_info info;
    if (bp_chunk_read_info(NULL, chunk, size, &info) != BP_OK || info.decoded_bytes > MOST_BYTES)
        return;
    /* exactly as many bytes as are promised: writing past them is seen */
    uint8_t *values = malloc(info.decoded_bytes ? info.decoded_bytes : 1);
    bp_context *ctx = bp_context_new();
    bp_status status = bp_chunk_decode(ctx, chunk, size, values, info.decoded_bytes);
    if (status != BP_OK && bp_context_message(ctx)[0] == 0)
        abort(); /* a failure that says nothing */
    if (status == BP_E_INTERNAL || status == BP_E_USAGE)
        abort();
    bp_context_free(ctx);
    free(values);
}

/* Payload size, stored hashes and header hash as the rest of the bytes wants them. */
static void mend(uint8_t *chunk, size_t size)
{
    size_t header_bytes = bp_load_le32(chunk + 12);
    if (header_bytes < BP_CHUNK_FIXED_BYTES + BP_CHUNK_OP_BYTES + BP_CHUNK_HASH_BYTES || header_bytes > size)
        return;
    bp_store_le64(chunk + 16, size - header_bytes);
    size_t hashed = header_bytes - BP_CHUNK_HASH_BYTES, rank = chunk[26];
    size_t index = BP_CHUNK_FIXED_BYTES + 16 * rank;
    for (size_t left = chunk[27]; left && index + BP_CHUNK_OP_BYTES <= hashed; left--)
        index += BP_CHUNK_OP_BYTES + 8 * (size_t)bp_load_le16(chunk + index + 4);
    if (index <= hashed) {
        uint64_t left = size - header_bytes;
        for (; index + BP_CHUNK_TILE_BYTES <= hashed; index += BP_CHUNK_TILE_BYTES) {
            uint64_t tile = bp_load_le64(chunk + index);
            if (tile > left)
                break;
            bp_store_le64(chunk + index + 16, bp_hash64(chunk + (size - left), (size_t)tile));
            left -= tile;
        }
    }
    bp_store_le64(chunk + hashed, bp_hash64(chunk, hashed));
}

static void read_words(const uint8_t *data, size_t size)
{
    uint32_t words[BP_FILTER_MAX_WORDS];
    size_t count = size / 4 < BP_FILTER_MAX_WORDS ? size / 4 : BP_FILTER_MAX_WORDS;
    for (size_t i = 0; i < count; i++)
        words[i] = bp_load_le32(data + 4 * i);
    bp_codec_spec spec;
    bp_array array;
    bp_byte_order order;
    bp_filter again;
    if (bp_chunk_words_read(NULL, words, count, &spec, &array, &order) == BP_OK &&
        bp_chunk_words(NULL, &spec, &array, order, &again) != BP_OK)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_words(data, size);
    decode(data, size);
    if (size < BP_CHUNK_FIXED_BYTES)
        return 0;
    uint8_t *copy = malloc(size);
    memcpy(copy, data, size);
    mend(copy, size);
    bp_chunk_info info;
    const bp_codec *codec = NULL;
    if (bp_chunk_read_info(NULL, copy, size, &info) == BP_OK)
        codec = bp_codec_by_number(info.codec_number);
    /* what libraries make of crafted payloads (CharLS can take seconds over 100 bytes) is for fuzz_codec */
    if (codec && !codec->library)
        decode(copy, size);
    free(copy);
    return 0;
}
