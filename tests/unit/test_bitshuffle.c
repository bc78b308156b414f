/* SPDX-License-Identifier: BSD-3-Clause
 * bslz4 and bszstd: our LZ4 coder against liblz4 (the same bytes), round trips over shapes and block sizes,
 * damage. */
#ifdef BP_PEER_LZ4
#include <lz4.h>
#endif
#include <stdlib.h>
#include <string.h>

#include "algo/bitshuffle.h"
#include "beampress/beampress.h"
#include "kernel/kernel.h"
#include "unit/cmocka_all.h"

/* xorshift64*, so that a failure can be repeated */
static uint64_t random_next(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(2685821657736338717);
}

enum { ZERO, NOISE, WORDS, RUNS, SPARSE, PERIOD, KINDS };

/* Bytes of several natures: what a bit plane can look like, and what it cannot. */
static void fill(uint8_t *bytes, size_t n, int kind, uint64_t *seed)
{
    size_t period = 1 + random_next(seed) % 40;
    for (size_t i = 0; i < n; i++) {
        uint64_t r = random_next(seed);
        switch (kind) {
        case ZERO:
            bytes[i] = 0;
            break;
        case NOISE:
            bytes[i] = (uint8_t)(r >> 32);
            break;
        case WORDS:
            bytes[i] = (uint8_t)(r >> 32 & 3);
            break;
        case RUNS:
            bytes[i] = i && r % 19 ? bytes[i - 1] : (uint8_t)(r >> 40);
            break;
        case SPARSE:
            bytes[i] = r % 61 ? 0 : (uint8_t)(1u << (r >> 40 & 7));
            break;
        default:
            bytes[i] = i < period ? (uint8_t)(r >> 32) : r % 301 ? bytes[i - period] : (uint8_t)(r >> 32);
        }
    }
}

/* Every length up to 80, then some around the limits of the two tables. */
static size_t length_at(size_t i, uint64_t *seed)
{
    static const size_t special[] = {8191, 8192, 8193, 65535, 65536, 65546, 65547, 65548, 70000, 300000};
    if (i < 80)
        return i;
    if (i - 80 < sizeof special / sizeof special[0])
        return special[i - 80];
    return random_next(seed) % 20000;
}

static void lz4_at_level(const bp_kernels *kernels)
{
    enum { MOST = 300000 };
    uint64_t seed = 7;
    size_t room = bp_lz4_bound(MOST) + BP_LZ4_SLACK;
    uint8_t *in = malloc(MOST + BP_LZ4_SLACK), *ours = malloc(room), *theirs = malloc(room);
    uint8_t *back = malloc(room);
    bp_lz4_table *table = calloc(1, sizeof *table);
    assert_true(in && ours && theirs && back && table);
    memset(in, 0, MOST + BP_LZ4_SLACK);
    for (size_t i = 0; i < 400; i++)
        for (int kind = 0; kind < KINDS; kind++) {
            size_t n = length_at(i, &seed);
            fill(in, n, kind, &seed);
            size_t size = kernels->lz4_encode(table, in, n, ours);
#ifdef BP_PEER_LZ4
            int wanted = LZ4_compress_default((const char *)in, (char *)theirs, (int)n, (int)room);
            assert_int_equal(size, wanted);
            assert_memory_equal(ours, theirs, size);
#endif
            memset(back, 0xa5, n);
            assert_true(kernels->lz4_decode(ours, size, back, n));
            assert_memory_equal(back, in, n);
            assert_false(kernels->lz4_decode(ours, size, back, n + 1));
            assert_false(size > 1 && kernels->lz4_decode(ours, size - 1, back, n));
        }
    free(in);
    free(ours);
    free(theirs);
    free(back);
    free(table);
}

static void lz4_gives_the_bytes_of_liblz4(void **state)
{
    (void)state;
#ifndef BP_PEER_LZ4
    print_message("SKIP comparison with liblz4: built without it\n");
#endif
    for (int level = 0; level < BP_SIMD_COUNT; level++)
        if (bp_kernels_at((bp_simd)level))
            lz4_at_level(bp_kernels_at((bp_simd)level));
        else
            print_message("SKIP level %s: not on this machine\n", bp_simd_name((bp_simd)level));
}

/* Damaged blocks are refused or decode to something, but never leave their buffers (run under sanitizers
 * too). */
static void lz4_survives_damage(void **state)
{
    (void)state;
    enum { N = 3000 };
    uint64_t seed = 11;
    bp_lz4_table table = {0};
    uint8_t in[N + BP_LZ4_SLACK] = {0}, packed[N + N / 255 + 16 + BP_LZ4_SLACK];
    for (int trial = 0; trial < 6000; trial++) {
        fill(in, N, trial % KINDS, &seed);
        size_t size = bp_kernels_get()->lz4_encode(&table, in, N, packed);
        size_t cut = trial % 3 ? size : random_next(&seed) % size;
        uint8_t *exact = malloc(cut + 1), *out = malloc(N + BP_LZ4_SLACK);
        assert_true(exact && out);
        memcpy(exact, packed, cut);
        for (int flips = trial % 5; flips > 0 && cut; flips--)
            exact[random_next(&seed) % cut] ^= (uint8_t)(1u << random_next(&seed) % 8);
        memset(out + N, 0x77, BP_LZ4_SLACK);
        for (int level = 0; level < BP_SIMD_COUNT; level++)
            if (bp_kernels_at((bp_simd)level))
                (void)bp_kernels_at((bp_simd)level)->lz4_decode(exact, cut, out, N);
        free(exact);
        free(out);
    }
}

static void round_trip(bp_context *ctx, const char *text, bp_dtype dtype, size_t itemsize, size_t n,
                       uint64_t *seed)
{
    bp_codec_spec spec;
    bp_array in, back;
    uint8_t *values = malloc(n * itemsize + 1), *got = malloc(n * itemsize + 1);
    assert_true(values && got);
    assert_int_equal(bp_codec_spec_parse(ctx, text, -1, &spec), BP_OK);
    assert_int_equal(bp_array_init(&in, dtype, itemsize, 1, &n, values), BP_OK);
    assert_int_equal(bp_array_init(&back, dtype, itemsize, 1, &n, got), BP_OK);
    fill(values, n * itemsize, (int)(n % KINDS), seed);
    size_t capacity = bp_codec_worst_size(&spec, &in), size = 0;
    assert_true(capacity > 0);
    uint8_t *out = malloc(capacity);
    assert_non_null(out);
    assert_int_equal(bp_codec_encode(ctx, &spec, &in, out, capacity, &size), BP_OK);
    uint8_t *exact = malloc(size);
    assert_non_null(exact);
    memcpy(exact, out, size);
    assert_int_equal(bp_codec_decode(ctx, &spec, exact, size, &back), BP_OK);
    assert_memory_equal(values, got, n * itemsize);
    for (size_t cut = 0; cut < size; cut += 1 + size / 20)
        assert_int_equal(bp_codec_decode(ctx, &spec, exact, cut, &back), BP_E_DAMAGED);
    free(exact);
    free(out);
    free(values);
    free(got);
}

static void round_trips(void **state)
{
    (void)state;
    uint64_t seed = 5;
    bp_context *ctx = bp_context_new();
    static const size_t counts[] = {0, 1, 7, 8, 9, 63, 64, 1000, 4096, 4104, 10007};
    static const size_t sizes[] = {1, 2, 3, 4, 5, 6, 8, 12, 16, 31, 100};
    static const char *const specs[] = {"bslz4",
                                        "bslz4:block=8",
                                        "bslz4:block=4096",
                                        "bslz4:block=16384",
                                        "bszstd",
                                        "bszstd:block=4096,level=1"};
    for (size_t s = 0; s < sizeof specs / sizeof specs[0]; s++) {
        if (strncmp(specs[s], "bszstd", 6) == 0 && !bp_codec_by_name("bszstd")) {
            print_message("SKIP %s: not in this build\n", specs[s]);
            continue;
        }
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
            for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++)
                round_trip(ctx, specs[s], BP_OPAQUE, sizes[i], counts[c], &seed);
    }
    bp_codec_spec spec;
    bp_array in;
    size_t n = 100;
    assert_int_equal(bp_array_init(&in, BP_U16, 0, 1, &n, NULL), BP_OK);
    assert_int_equal(bp_codec_spec_parse(ctx, "bslz4:block=12", -1, &spec), BP_OK);
    assert_int_equal(bp_codec_check(ctx, &spec, &in), BP_E_USAGE);
    bp_context_free(ctx);
}

static void filter_words_are_the_registered_ones(void **state)
{
    (void)state;
    bp_codec_spec spec;
    bp_array chunk;
    bp_filter filters[2];
    size_t n = 100, count = 0;
    assert_int_equal(bp_codec_spec_parse(NULL, "bslz4:block=2048", -1, &spec), BP_OK);
    assert_int_equal(bp_array_init(&chunk, BP_U32, 0, 1, &n, NULL), BP_OK);
    assert_int_equal(spec.codec->standard(NULL, spec.params, &chunk, filters, &count), BP_OK);
    assert_int_equal(count, 1);
    assert_int_equal(filters[0].id, 32008);
    static const uint32_t words[] = {0, 3, 4, 2048, 2};
    assert_int_equal(filters[0].word_count, 5);
    assert_memory_equal(filters[0].words, words, sizeof words);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lz4_gives_the_bytes_of_liblz4),
        cmocka_unit_test(lz4_survives_damage),
        cmocka_unit_test(round_trips),
        cmocka_unit_test(filter_words_are_the_registered_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
