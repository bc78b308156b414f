/* SPDX-License-Identifier: BSD-3-Clause
 * Our LZ4 coder at every SIMD level. The first two bytes give a size (little endian, modulo MOST_BYTES): do
 * the others unpack to that many? Every level must say the same. Then the others are packed, and must come
 * back. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "kernel/kernel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MOST_BYTES 9000u

static uint8_t *room(size_t bytes)
{
    uint8_t *memory = calloc(bytes + BP_LZ4_SLACK, 1);
    if (!memory)
        abort();
    return memory;
}

/* Decodes at one level and compares with what the first one, always there, made of it. */
static void decode(const bp_kernels *kernels, const uint8_t *in, size_t size, size_t bytes)
{
    uint8_t *wanted = room(bytes), *got = room(bytes);
    bool good = bp_kernels_at(BP_SIMD_C)->lz4_decode(in, size, wanted, bytes);
    if (kernels->lz4_decode(in, size, got, bytes) != good || (good && memcmp(wanted, got, bytes) != 0))
        abort();
    free(wanted);
    free(got);
}

static void round_trip(const bp_kernels *kernels, const uint8_t *values, size_t bytes)
{
    static bp_lz4_table table;
    uint8_t *in = room(bytes), *wanted = room(bp_lz4_bound(bytes)), *got = room(bp_lz4_bound(bytes));
    uint8_t *back = room(bytes);
    memcpy(in, values, bytes);
    size_t size = bp_kernels_at(BP_SIMD_C)->lz4_encode(&table, in, bytes, wanted);
    if (size > bp_lz4_bound(bytes) || kernels->lz4_encode(&table, in, bytes, got) != size ||
        memcmp(wanted, got, size) != 0)
        abort();
    if (!kernels->lz4_decode(got, size, back, bytes) || memcmp(back, values, bytes) != 0)
        abort();
    free(in);
    free(wanted);
    free(got);
    free(back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    size_t bytes = bp_load_le16(data) % MOST_BYTES, rest = size - 2;
    uint8_t *exact = malloc(rest ? rest : 1); /* reading past it is seen */
    if (!exact)
        abort();
    memcpy(exact, data + 2, rest);
    for (int level = BP_SIMD_C; level < BP_SIMD_COUNT; level++) {
        const bp_kernels *kernels = bp_kernels_at((bp_simd)level);
        if (!kernels)
            continue;
        decode(kernels, exact, rest, bytes);
        round_trip(kernels, exact, rest);
    }
    free(exact);
    return 0;
}
