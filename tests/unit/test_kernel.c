/* SPDX-License-Identifier: BSD-3-Clause
 * Every level against the plain reference: random and extreme values, odd sizes, misaligned pointers, and
 * guard bytes around what may be written. */
#include <stdlib.h>
#include <string.h>

#include "beampress/version.h"
#include "kernel/kernel_c.h"
#include "unit/cmocka_all.h"

#define GUARD 64

static const size_t itemsizes[] = {1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 24};
static const size_t counts[] = {0,   1,   7,   8,   16,  31,  32,  33,  63,   64,   65,   72,
                                127, 128, 255, 256, 264, 511, 512, 520, 1000, 1024, 1544, 4096};

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])

typedef void (*kernel)(const uint8_t *in, uint8_t *out, size_t n, size_t itemsize);

static uint64_t random_next(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(2685821657736338717);
}

static void fill(uint8_t *bytes, size_t n, unsigned kind, uint64_t *seed)
{
    for (size_t i = 0; i < n; i++) {
        uint8_t r = (uint8_t)(random_next(seed) >> 32);
        bytes[i] = kind == 0 ? r : kind == 1 ? 0xff : kind == 2 ? (uint8_t)(1u << r % 8) : 0;
    }
    if (kind == 3 && n)
        bytes[random_next(seed) % n] = 0x80; /* a single bit somewhere */
}

/* Runs a kernel between guards; the input is as tight as the sanitizers can see. */
static void run_guarded(kernel function, const uint8_t *values, uint8_t *result, size_t n, size_t itemsize,
                        size_t shift)
{
    size_t bytes = n * itemsize;
    uint8_t *in = malloc(bytes + shift), *out = malloc(bytes + shift + 2 * GUARD);
    assert_true(in && out);
    memcpy(in + shift, values, bytes);
    memset(out, 0xc3, bytes + shift + 2 * GUARD);
    function(in + shift, out + GUARD + shift, n, itemsize);
    for (size_t i = 0; i < GUARD + shift; i++)
        assert_int_equal(out[i], 0xc3);
    for (size_t i = 0; i < GUARD; i++)
        assert_int_equal(out[GUARD + shift + bytes + i], 0xc3);
    memcpy(result, out + GUARD + shift, bytes);
    free(in);
    free(out);
}

static void check_one(kernel reference, kernel variant, size_t n, size_t itemsize, uint64_t *seed)
{
    size_t bytes = n * itemsize;
    uint8_t *values = malloc(bytes + 1), *wanted = malloc(bytes + 1), *got = malloc(bytes + 1);
    assert_true(values && wanted && got);
    for (unsigned kind = 0; kind < 4; kind++) {
        fill(values, bytes, kind, seed);
        run_guarded(reference, values, wanted, n, itemsize, 0);
        run_guarded(variant, values, got, n, itemsize, random_next(seed) % 64);
        assert_memory_equal(wanted, got, bytes);
    }
    free(values);
    free(wanted);
    free(got);
}

static void check_pair(kernel reference, kernel variant, size_t multiple, uint64_t *seed)
{
    for (size_t s = 0; s < LENGTH(itemsizes); s++)
        for (size_t c = 0; c < LENGTH(counts); c++)
            check_one(reference, variant, counts[c] / multiple * multiple, itemsizes[s], seed);
}

static void reference_bitshuffle(const uint8_t *in, uint8_t *out, size_t n, size_t itemsize)
{
    bp_bitshuffle_from_c(in, out, n, itemsize, 0);
}

static void reference_bitunshuffle(const uint8_t *in, uint8_t *out, size_t n, size_t itemsize)
{
    bp_bitunshuffle_from_c(in, out, n, itemsize, 0);
}

static void reference_shuffle(const uint8_t *in, uint8_t *out, size_t n, size_t itemsize)
{
    bp_shuffle_from_c(in, out, n, itemsize, 0);
}

static void reference_unshuffle(const uint8_t *in, uint8_t *out, size_t n, size_t itemsize)
{
    bp_unshuffle_from_c(in, out, n, itemsize, 0);
}

static void every_level_equals_the_reference(void **state)
{
    (void)state;
    assert_non_null(bp_kernels_at(BP_SIMD_C));
    for (int level = BP_SIMD_C; level < BP_SIMD_COUNT; level++) {
        const bp_kernels *k = bp_kernels_at((bp_simd)level);
        if (!k) {
            print_message("SKIP level %s: not on this machine\n", bp_simd_name((bp_simd)level));
            continue;
        }
        uint64_t seed = 3;
        check_pair(reference_bitshuffle, k->bitshuffle, 8, &seed);
        check_pair(reference_bitunshuffle, k->bitunshuffle, 8, &seed);
        check_pair(reference_shuffle, k->shuffle, 1, &seed);
        check_pair(reference_unshuffle, k->unshuffle, 1, &seed);
        check_pair(bp_byteswap_c, k->byteswap, 1, &seed);
    }
}

/* The definition, bit by bit. */
static void the_reference_is_the_definition(void **state)
{
    (void)state;
    enum { N = 24, ITEMSIZE = 3, BYTES = N * ITEMSIZE };
    uint64_t seed = 9;
    uint8_t in[BYTES], out[BYTES], planes[BYTES];
    fill(in, BYTES, 0, &seed);
    reference_bitshuffle(in, out, N, ITEMSIZE);
    reference_shuffle(in, planes, N, ITEMSIZE);
    for (size_t i = 0; i < N; i++)
        for (size_t byte = 0; byte < ITEMSIZE; byte++) {
            assert_int_equal(planes[byte * N + i], in[i * ITEMSIZE + byte]);
            for (size_t bit = 0; bit < 8; bit++) {
                unsigned plane_bit = out[(byte * 8 + bit) * (N / 8) + i / 8] >> i % 8 & 1u;
                assert_int_equal(plane_bit, in[i * ITEMSIZE + byte] >> bit & 1);
            }
        }
    static const uint8_t swapped[] = {4, 3, 2, 1, 8, 7, 6, 5};
    uint8_t values[] = {1, 2, 3, 4, 5, 6, 7, 8};
    bp_byteswap_c(values, values, 2, 4);
    assert_memory_equal(values, swapped, sizeof swapped);
}

static void inverses_give_back(void **state)
{
    (void)state;
    uint64_t seed = 21;
    const bp_kernels *k = bp_kernels_get();
    for (size_t s = 0; s < LENGTH(itemsizes); s++) {
        size_t n = 2056, bytes = n * itemsizes[s];
        uint8_t *in = malloc(bytes), *mid = malloc(bytes), *out = malloc(bytes);
        assert_true(in && mid && out);
        fill(in, bytes, 0, &seed);
        k->bitshuffle(in, mid, n, itemsizes[s]);
        k->bitunshuffle(mid, out, n, itemsizes[s]);
        assert_memory_equal(in, out, bytes);
        k->shuffle(in, mid, n, itemsizes[s]);
        k->unshuffle(mid, out, n, itemsizes[s]);
        assert_memory_equal(in, out, bytes);
        k->byteswap(in, mid, n, itemsizes[s]);
        k->byteswap(mid, mid, n, itemsizes[s]);
        assert_memory_equal(in, mid, bytes);
        free(in);
        free(mid);
        free(out);
    }
}

static void the_level_has_a_name(void **state)
{
    (void)state;
    bool found = false;
    for (int level = 0; level < BP_SIMD_COUNT; level++)
        found = found || (bp_kernels_at((bp_simd)level) == bp_kernels_get() &&
                          strcmp(bp_simd_name((bp_simd)level), bp_simd_level()) == 0);
    assert_true(found);
    const char *wish = getenv("BEAMPRESS_SIMD");
    if (wish && strcmp(wish, "c") == 0)
        assert_string_equal(bp_simd_level(), "c");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_reference_is_the_definition),
        cmocka_unit_test(every_level_equals_the_reference),
        cmocka_unit_test(inverses_give_back),
        cmocka_unit_test(the_level_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
