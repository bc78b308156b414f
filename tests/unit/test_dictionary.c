/* SPDX-License-Identifier: BSD-3-Clause
 * The dictionary coder (docs/dictionary.md): element sizes, shapes, numbers of values, ways of coding,
 * damage. Every chunk is also made by the plain C of the file, without AVX-512, and must be the same. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "algo/dictionary.h"
#include "base/bits.h"
#include "unit/cmocka_all.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

/* The same file compiled with H5Z_DICTIONARY_PLAIN (tests/CMakeLists.txt). */
size_t plain_encode(const unsigned *words, size_t count, const void *values, size_t bytes, void *chunk);
int plain_decode(const void *chunk, size_t size, void *values, size_t bytes);

enum { STORED, CONSTANT, PACKED, CONTEXT, LABELS, ZSTD };
enum { BYTES, UNSIGNED, SIGNED, FLOAT, BIG_ENDIAN_VALUES = 128 };

static uint64_t next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    return *state ^= *state << 17;
}

/* Encodes at an effort, decodes, compares; returns the size and how the indices were coded. */
static size_t round_trip(const void *values, size_t bytes, unsigned element, unsigned kind, unsigned row,
                         unsigned effort, int *mode)
{
    const unsigned words[8] = {effort, 1, element, kind, row, 0, (unsigned)bytes, 0};
    uint8_t *chunk = malloc(H5Zdictionary_bound(bytes)), *other = malloc(H5Zdictionary_bound(bytes));
    uint8_t *back = malloc(bytes + 1);
    uint64_t stated = 0;
    size_t size = H5Zdictionary_encode(words, 8, values, bytes, chunk);
    assert_true(size > 0 && size <= H5Zdictionary_bound(bytes));
    assert_int_equal(H5Zdictionary_decoded_size(chunk, size, &stated), DICTIONARY_OK);
    assert_int_equal(stated, bytes);
    back[bytes] = 77;
    assert_int_equal(H5Zdictionary_decode(chunk, size, back, bytes), DICTIONARY_OK);
    assert_memory_equal(back, values, bytes);
    assert_int_equal(back[bytes], 77);
    assert_int_equal(plain_encode(words, 8, values, bytes, other), size);
    assert_memory_equal(other, chunk, size);
    memset(back, 0, bytes);
    assert_int_equal(plain_decode(chunk, size, back, bytes), DICTIONARY_OK);
    assert_memory_equal(back, values, bytes);
    if (mode)
        *mode = chunk[2];
    free(chunk);
    free(other);
    free(back);
    return size;
}

static void round_trips(const void *values, size_t bytes, unsigned element, unsigned kind, unsigned row)
{
    for (unsigned effort = 1; effort <= 3; effort++)
        round_trip(values, bytes, element, kind, row, effort, NULL);
}

/* n elements, each one of `count` random ones. */
static uint8_t *draw(size_t n, size_t element, size_t count, uint64_t seed)
{
    uint8_t *values = malloc(n * element + 1), *table = malloc(count * element);
    for (size_t i = 0; i < count * element; i++)
        table[i] = (uint8_t)(next(&seed) >> 20);
    for (size_t i = 0; i < n; i++)
        memcpy(values + i * element, table + next(&seed) % count * element, element);
    free(table);
    return values;
}

static void elements_of_any_size(void **state)
{
    (void)state;
    static const unsigned sizes[] = {1, 2, 3, 4, 5, 8, 16, 1000};
    static const size_t lengths[] = {1, 2, 3, 7, 31, 32, 33, 100, 1000, 5000};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        for (size_t l = 0; l < sizeof lengths / sizeof *lengths; l++)
            for (size_t count = 1; count <= 40; count += 13) {
                size_t n = sizes[s] == 1000 ? lengths[l] / 20 + 1 : lengths[l];
                uint8_t *values = draw(n, sizes[s], count, s + 10 * l + 100 * count + 1);
                for (unsigned kind = UNSIGNED; kind <= FLOAT; kind++)
                    round_trips(values, n * sizes[s], sizes[s], kind | (l & 1 ? BIG_ENDIAN_VALUES : 0),
                                (unsigned)(n / 5));
                round_trips(values, n * sizes[s] - sizes[s] / 2, sizes[s], UNSIGNED,
                            10); /* a part at the end */
                free(values);
            }
    round_trips("", 0, 4, UNSIGNED, 0);
}

static void one_value_takes_a_few_bytes(void **state)
{
    (void)state;
    for (unsigned element = 1; element <= 8; element *= 2) {
        int mode;
        uint8_t *values = malloc(1 << 20);
        for (size_t i = 0; i < 1 << 20; i++)
            values[i] = (uint8_t)(i % element + 1);
        assert_int_equal(round_trip(values, 1 << 20, element, UNSIGNED, 1000, 2, &mode), 24 + element);
        assert_int_equal(mode, CONSTANT);
        free(values);
    }
}

/* Around 2^16 values: the most that a table holds, and one more. */
static void many_values(void **state)
{
    (void)state;
    for (uint32_t count = 65535; count <= 65537; count++) {
        int mode;
        size_t n = 4 * (size_t)count;
        uint32_t *values = malloc(n * 4);
        uint64_t seed = count;
        for (size_t i = 0; i < n; i++)
            values[i] = (uint32_t)(i < count ? i : next(&seed) % count) * 65521u;
        size_t size = round_trip(values, n * 4, 4, UNSIGNED, 0, 2, &mode);
        assert_true(count > 65536 ? mode == STORED && size == 4 * n + 24 : mode != STORED && size < 3 * n);
        free(values);
    }
    for (uint32_t count = 2; count < 65536; count = count * 3 / 2 + 1) { /* every width of an index */
        uint8_t *values = draw(40000, 8, count, count);
        round_trip(values, 320000, 8, UNSIGNED, 200, 2, NULL);
        free(values);
    }
}

static void all_different_is_stored(void **state)
{
    (void)state;
    int mode;
    uint64_t seed = 5, *values = malloc(80000);
    for (size_t i = 0; i < 10000; i++)
        values[i] = next(&seed);
    assert_int_equal(round_trip(values, 80000, 8, FLOAT, 100, 2, &mode), 80024);
    assert_int_equal(mode, STORED);
    free(values);
}

/* NaN with payloads, both zeros, infinities, denormals: bits are bits, and order is that of the values. */
static void floats_keep_their_bits(void **state)
{
    (void)state;
    static const uint32_t known[] = {0x7fc00001, 0xffc12345, 0x7f800001, 0,          0x80000000, 0x7f800000,
                                     0xff800000, 1,          0x80000001, 0x3f800000, 0xbf800000};
    uint32_t values[2000];
    uint64_t seed = 3;
    for (size_t i = 0; i < 2000; i++)
        values[i] = known[next(&seed) % 11];
    round_trips(values, sizeof values, 4, FLOAT, 50);
    round_trips(values, sizeof values, 2, FLOAT, 50);
    round_trips(values, sizeof values, 8, FLOAT | BIG_ENDIAN_VALUES, 50);
}

/* Fields for which each way of coding is the best; the rows of the last one repeat. */
static void each_way_is_chosen(void **state)
{
    (void)state;
    enum { SIDE = 256, PIXELS = SIDE * SIDE };
    uint16_t *a = malloc(2 * PIXELS);
    int mode;
    uint64_t seed = 9;
    for (size_t i = 0; i < PIXELS; i++) /* evenly drawn: nothing to gain beyond bits */
        a[i] = (uint16_t)(next(&seed) % 16 * 3001);
    round_trip(a, 2 * PIXELS, 2, UNSIGNED, SIDE, 2, &mode);
    assert_int_equal(mode, PACKED);
    for (size_t i = 0; i < PIXELS; i++) /* a ramp with noise */
        a[i] = (uint16_t)((i % SIDE / 2 + next(&seed) % 8 + next(&seed) % 8) * 211);
    size_t with_rows = round_trip(a, 2 * PIXELS, 2, UNSIGNED, SIDE, 2, &mode);
    assert_int_equal(mode, CONTEXT);
    assert_true(with_rows < PIXELS * 5 / 8);
    for (size_t i = 0; i < PIXELS; i++) { /* discs */
        long x = (long)(i % SIDE) % 64 - 32, y = (long)(i / SIDE) % 64 - 32;
        a[i] = (uint16_t)(x * x + y * y < 700 ? 5000 + i / SIDE / 64 : 17);
    }
    assert_true(round_trip(a, 2 * PIXELS, 2, UNSIGNED, SIDE, 2, &mode) < 2500);
    assert_int_equal(mode, LABELS);
    assert_true(round_trip(a, 2 * PIXELS, 2, UNSIGNED, 0, 2, NULL) < 5000); /* row not known */
    for (size_t i = 0; i < PIXELS; i++)                                     /* noise that repeats */
        a[i] = (uint16_t)(i < 3001 ? next(&seed) % 100 * 11 : a[i - 3001]);
    round_trip(a, 2 * PIXELS, 2, UNSIGNED, SIDE, 2, &mode);
    if (BP_HAVE_ZSTD)
        assert_int_equal(mode, ZSTD);
    free(a);
}

static void labels_of_any_width(void **state)
{
    (void)state;
    for (unsigned count = 2; count < 3000; count = count * 3 + 1)
        for (unsigned row = 0; row < 400; row = row * 2 + 1) {
            uint32_t *a = malloc(4 * 40000), label = 0;
            uint64_t seed = count + row;
            for (size_t i = 0; i < 40000; i++) {
                label = next(&seed) % 50 ? label : (uint32_t)(next(&seed) % count);
                a[i] = row && i >= row && next(&seed) % 30 ? a[i - row] : label * 7919;
            }
            round_trips(a, 160000, 4, UNSIGNED, row);
            free(a);
        }
}

/* Every single flipped bit is seen, in every way of coding; and so are chunks that are cut or longer. */
static void damage_is_seen(void **state)
{
    (void)state;
    for (unsigned count = 1; count < 400; count = count * 4 + 1) {
        uint8_t *values = draw(900, 4, count, count), chunk[3700], back[3600];
        const unsigned words[8] = {2, 1, 4, UNSIGNED, 30, 0, 3600, 0};
        size_t size = H5Zdictionary_encode(words, 8, values, 3600, chunk);
        for (size_t bit = 0; bit < 8 * size; bit++) {
            chunk[bit / 8] ^= (uint8_t)(1u << bit % 8);
            assert_int_equal(H5Zdictionary_decode(chunk, size, back, 3600), DICTIONARY_DAMAGED);
            chunk[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        for (size_t cut = 0; cut < size; cut++)
            assert_int_equal(H5Zdictionary_decode(chunk, cut, back, 3600), DICTIONARY_DAMAGED);
        chunk[size] = 0;
        assert_int_equal(H5Zdictionary_decode(chunk, size + 1, back, 3600), DICTIONARY_DAMAGED);
        assert_int_equal(H5Zdictionary_decode(chunk, size, back, 3599), DICTIONARY_DAMAGED);
        assert_int_equal(H5Zdictionary_decode(chunk, size, back, 3600), DICTIONARY_OK);
        free(values);
    }
}

/* Damage that carries a right checksum must end in an error or in values, not in a crash. */
static void hostile_chunks_do_no_harm(void **state)
{
    (void)state;
    uint64_t seed = 77;
    for (unsigned round = 0; round < 60; round++) {
        size_t n = 3000, bytes = 4 * n;
        uint8_t *values = draw(n, 4, round % 3 ? 5 + 20 * (size_t)round : 2, round + 1),
                *chunk = malloc(bytes + 64);
        if (round % 3 == 0)
            for (size_t i = 0; i < n; i++)
                memcpy(values + 4 * i, values + 4 * (i / 60 * 60), 4);
        const unsigned words[8] = {round % 2 + 2, 1, 4, UNSIGNED, 60, 0, 0, 0};
        size_t size = H5Zdictionary_encode(words, 8, values, bytes, chunk);
        for (unsigned trial = 0; trial < 100; trial++) {
            uint8_t *copy = malloc(size), *back = malloc(bytes);
            memcpy(copy, chunk, size);
            for (unsigned flips = 1 + trial % 3; flips; flips--) {
                size_t at = trial % 2 ? 16 + next(&seed) % (size < 300 ? size - 16 : 284)
                                      : 2 + next(&seed) % (size - 2);
                copy[at] ^= (uint8_t)(1u << next(&seed) % 8);
            }
            bp_store_le32(copy + 4, XXH32(copy + 8, size - 8, bp_load_le32(copy)));
            (void)H5Zdictionary_decode(copy, size, back, bytes);
            (void)plain_decode(copy, size, back, bytes);
            free(copy);
            free(back);
        }
        free(values);
        free(chunk);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(elements_of_any_size),
        cmocka_unit_test(one_value_takes_a_few_bytes),
        cmocka_unit_test(many_values),
        cmocka_unit_test(all_different_is_stored),
        cmocka_unit_test(floats_keep_their_bits),
        cmocka_unit_test(each_way_is_chosen),
        cmocka_unit_test(labels_of_any_width),
        cmocka_unit_test(damage_is_seen),
        cmocka_unit_test(hostile_chunks_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
