/* SPDX-License-Identifier: BSD-3-Clause
 * The dictionary coder. Byte 0: 0 to 127 the rest is a chunk, to be decoded with its checksum made right (it
 * keeps out accidents, not attackers); from 128 on the rest is values for an encoder: bits 0-1 effort, 2-6
 * kind and byte order; byte 1 bytes per element, byte 2 row. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "algo/dictionary.h"
#include "base/bits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MOST_BYTES (1u << 17) /* of values: keeps a run fast */

static uint8_t *copy_of(const uint8_t *bytes, size_t size) /* of the very size: reading past it is seen */
{
    uint8_t *copy = malloc(size ? size : 1);
    if (!copy)
        abort();
    copy[0] = 0;
    if (size)
        memcpy(copy, bytes, size);
    return copy;
}

static void decode(const uint8_t *data, size_t size)
{
    uint64_t bytes;
    uint8_t *chunk = copy_of(data, size);
    (void)H5Zdictionary_decode(chunk, size, chunk, 0);
    if (size >= 24) {
        bp_store_le32(chunk + 4, XXH32(chunk + 8, size - 8, bp_load_le32(chunk)));
        if (H5Zdictionary_decoded_size(chunk, size, &bytes) == DICTIONARY_OK && bytes <= MOST_BYTES) {
            uint8_t *values = malloc(bytes ? (size_t)bytes : 1);
            if (values)
                (void)H5Zdictionary_decode(chunk, size, values, (size_t)bytes);
            free(values);
        }
    }
    free(chunk);
}

static void round_trip(const uint8_t *data, size_t size)
{
    if (size < 3)
        return;
    const unsigned words[5] = {data[0] & 3u, 1, data[1], (data[0] >> 2 & 3u) | (data[0] & 64u) << 1, data[2]};
    size_t bytes = size - 3;
    uint8_t *values = copy_of(data + 3, bytes), *chunk = malloc(H5Zdictionary_bound(bytes));
    size_t coded = chunk ? H5Zdictionary_encode(words, 5, values, bytes, chunk) : 0;
    if (!coded || coded > H5Zdictionary_bound(bytes))
        abort();
    uint8_t *exact = copy_of(chunk, coded), *back = malloc(bytes ? bytes : 1);
    if (!back || H5Zdictionary_decode(exact, coded, back, bytes) != DICTIONARY_OK ||
        (bytes && memcmp(back, values, bytes) != 0))
        abort();
    free(exact);
    free(back);
    free(chunk);
    free(values);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > MOST_BYTES)
        return 0;
    if (data[0] < 128)
        decode(data + 1, size - 1);
    else
        round_trip(data, size);
    return 0;
}
