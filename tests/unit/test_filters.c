/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/hash.h"
#include "io/coding.h"
#include "io/filters.h"
#include "kernel/kernel.h"
#include "unit/cmocka_all.h"

#define FRAME   1000u
#define ELEMENT 4u
#define BYTES   (FRAME * ELEMENT)

static bp_context *ctx;

static int set_up(void **state)
{
    (void)state;
    ctx = bp_context_new();
    return ctx ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    bp_context_free(ctx);
    return 0;
}

static bp_array chunk_of(void *data)
{
    bp_array chunk;
    const size_t shape[2] = {10, FRAME / 10};
    assert_int_equal(bp_array_init(&chunk, BP_U32, 0, 2, shape, data), BP_OK);
    return chunk;
}

static void fill(uint8_t *values)
{
    uint32_t x = 7;
    for (unsigned i = 0; i < FRAME; i++) {
        x = x * 1664525u + 1013904223u;
        bp_store_le32(values + ELEMENT * i, x >> 28);
    }
}

/* Skips a test of what this build leaves out. */
static void needs(const char *codec)
{
    if (bp_codec_by_name(codec))
        return;
    print_message("SKIP: built without %s\n", codec);
    skip();
}

static bp_codec_spec spec_of(const char *text)
{
    bp_codec_spec spec;
    assert_int_equal(bp_codec_spec_parse(ctx, text, -1, &spec), BP_OK);
    return spec;
}

/* Decodes stored bytes that stand at the very end of their memory, so that a tool sees a read behind it. */
static bp_status decode(const bp_filters *pipeline, uint32_t mask, const uint8_t *in, size_t size,
                        uint8_t *out)
{
    bp_scratch scratch = {0};
    uint8_t *exact = malloc(size ? size : 1);
    assert_non_null(exact);
    memcpy(exact, in, size);
    bp_array chunk = chunk_of(out);
    bp_status status = bp_filters_decode(ctx, pipeline, mask, exact, size, &chunk, &scratch);
    bp_scratch_fini(&scratch);
    free(exact);
    return status;
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    static const char *const specs[] = {"store",
                                        "bslz4",
                                        "bslz4:block=64",
                                        "lz4",
                                        "lz4:shuffle=no",
                                        "zstd:level=5",
                                        "zstd:shuffle=no",
                                        "deflate",
                                        "deflate:level=1,shuffle=no",
                                        "bszstd"};
    static const bp_format formats[] = {BP_FORMAT_ANY, BP_FORMAT_OWN};
    uint8_t values[BYTES], back[BYTES];
    fill(values);
    bp_array chunk = chunk_of(NULL);
    for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++)
        for (size_t k = 0; k < 4; k++) {
            bp_coding coding;
            char name[16] = {0};
            memcpy(name, specs[i], strcspn(specs[i], ":"));
            if (!bp_codec_by_name(name))
                continue;
            bp_codec_spec spec = spec_of(specs[i]);
            assert_int_equal(
                bp_coding_init(ctx, &coding, &spec, formats[k % 2], k / 2, BP_LITTLE_ENDIAN, &chunk), BP_OK);
            size_t capacity = bp_coding_worst_size(&coding), size = 0;
            uint8_t *stored = malloc(capacity);
            assert_non_null(stored);
            assert_int_equal(bp_coding_encode(ctx, &coding, NULL, values, stored, capacity, &size), BP_OK);
            assert_true(bp_filters_known(&coding.pipeline));
            assert_false(bp_filters_lossy(&coding.pipeline, false));
            memset(back, 0xaa, sizeof back);
            assert_int_equal(decode(&coding.pipeline, 0, stored, size, back), BP_OK);
            assert_memory_equal(back, values, BYTES);
            memset(back, 0xaa, sizeof back);
            assert_int_equal(bp_coding_decode(ctx, &coding, NULL, stored, size, back), BP_OK);
            assert_memory_equal(back, values, BYTES);
            /* every shorter chunk is damaged, and so is one byte more */
            for (size_t cut = 0; cut < size; cut += 1 + size / 40)
                assert_int_equal(decode(&coding.pipeline, 0, stored, cut, back), BP_E_DAMAGED);
            free(stored);
        }
}

static void a_standard_wish_is_kept_or_refused(void **state)
{
    (void)state;
    bp_coding coding;
    bp_array chunk = chunk_of(NULL);
    bp_codec_spec store = spec_of("store"), bslz4 = spec_of("bslz4");
    assert_int_equal(bp_coding_init(ctx, &coding, &store, BP_FORMAT_STANDARD, true, BP_LITTLE_ENDIAN, &chunk),
                     BP_E_UNSUPPORTED);
    assert_int_equal(bp_coding_init(ctx, &coding, &bslz4, BP_FORMAT_STANDARD, true, BP_BIG_ENDIAN, &chunk),
                     BP_OK);
    assert_int_equal(coding.pipeline.count, 2);
    assert_int_equal(coding.pipeline.filters[0].id, BP_FILTER_BITSHUFFLE);
    assert_int_equal(coding.pipeline.filters[1].id, BP_FILTER_FLETCHER32);
    assert_int_equal(bp_coding_init(ctx, &coding, &bslz4, BP_FORMAT_OWN, true, BP_LITTLE_ENDIAN, &chunk),
                     BP_OK);
    assert_int_equal(coding.pipeline.count, 1);
    assert_int_equal(coding.pipeline.filters[0].id, BP_HDF5_FILTER_ID);
}

static void our_own_chunks_may_differ_in_codec(void **state)
{
    (void)state;
    needs("zstd");
    uint8_t values[BYTES], back[BYTES];
    bp_coding coding;
    bp_array chunk = chunk_of(NULL);
    bp_codec_spec store = spec_of("store"), zstd = spec_of("zstd");
    fill(values);
    assert_int_equal(bp_coding_init(ctx, &coding, &store, BP_FORMAT_OWN, true, BP_LITTLE_ENDIAN, &chunk),
                     BP_OK);
    size_t capacity = bp_coding_worst_size(&coding), as_stored, as_zstd;
    uint8_t *stored = malloc(capacity);
    assert_non_null(stored);
    assert_int_equal(bp_coding_encode(ctx, &coding, NULL, values, stored, capacity, &as_stored), BP_OK);
    assert_int_equal(bp_coding_encode(ctx, &coding, &zstd, values, stored, capacity, &as_zstd), BP_OK);
    assert_true(as_zstd < as_stored / 2);
    assert_int_equal(decode(&coding.pipeline, 0, stored, as_zstd, back), BP_OK);
    assert_memory_equal(back, values, BYTES);
    free(stored);
}

/* shuffle, then fletcher32; and the same the other way round. */
static void filters_are_undone_in_any_order(void **state)
{
    (void)state;
    uint8_t values[BYTES], stored[BYTES + 8], back[BYTES];
    fill(values);
    bp_filters p = {.count = 2,
                    .filters = {{.id = BP_FILTER_SHUFFLE, .word_count = 1, .words = {ELEMENT}},
                                {.id = BP_FILTER_FLETCHER32}}};
    bp_kernels_get()->shuffle(values, stored, FRAME, ELEMENT);
    bp_store_le32(stored + BYTES, bp_fletcher32(stored, BYTES));
    assert_int_equal(decode(&p, 0, stored, BYTES + 4, back), BP_OK);
    assert_memory_equal(back, values, BYTES);

    p.filters[1] = p.filters[0];
    p.filters[0] = (bp_filter){.id = BP_FILTER_FLETCHER32};
    memcpy(back, values, BYTES);
    uint8_t plain[BYTES + 4];
    memcpy(plain, values, BYTES);
    bp_store_le32(plain + BYTES, bp_fletcher32(values, BYTES));
    bp_kernels_get()->shuffle(plain, stored, FRAME + 1, ELEMENT);
    memset(back, 0, BYTES);
    assert_int_equal(decode(&p, 0, stored, BYTES + 4, back), BP_OK);
    assert_memory_equal(back, values, BYTES);
}

static void filters_that_were_left_out_are_not_undone(void **state)
{
    (void)state;
    needs("deflate");
    uint8_t values[BYTES], stored[BYTES + 4], back[BYTES];
    fill(values);
    bp_filters p = {.count = 3,
                    .filters = {{.id = BP_FILTER_SHUFFLE, .word_count = 1, .words = {ELEMENT}},
                                {.id = BP_FILTER_DEFLATE, .word_count = 1, .words = {6}},
                                {.id = BP_FILTER_FLETCHER32}}};
    memcpy(stored, values, BYTES);
    assert_int_equal(decode(&p, 7, stored, BYTES, back), BP_OK);
    assert_memory_equal(back, values, BYTES);
    bp_kernels_get()->shuffle(values, stored, FRAME, ELEMENT);
    assert_int_equal(decode(&p, 6, stored, BYTES, back), BP_OK);
    assert_memory_equal(back, values, BYTES);
    bp_store_le32(stored + BYTES, bp_fletcher32(stored, BYTES));
    assert_int_equal(decode(&p, 2, stored, BYTES + 4, back), BP_OK);
    assert_memory_equal(back, values, BYTES);
    assert_int_equal(decode(&p, 0, stored, BYTES + 4, back), BP_E_DAMAGED);
}

static void a_checksum_of_old_byte_order_is_taken(void **state)
{
    (void)state;
    uint8_t stored[BYTES + 4], back[BYTES];
    const bp_filters p = {.count = 1, .filters = {{.id = BP_FILTER_FLETCHER32}}};
    fill(stored);
    uint32_t sum = bp_fletcher32(stored, BYTES);
    uint8_t *at = stored + BYTES;
    bp_store_le32(at, sum);
    const uint8_t swapped[4] = {at[1], at[0], at[3], at[2]};
    memcpy(at, swapped, 4);
    assert_int_equal(decode(&p, 0, stored, BYTES + 4, back), BP_OK);
    at[0] ^= 1;
    assert_int_equal(decode(&p, 0, stored, BYTES + 4, back), BP_E_DAMAGED);
    assert_int_equal(decode(&p, 0, stored, 3, back), BP_E_DAMAGED);
}

/* bitshuffle without packing: 8 elements of 1 byte with the value of their number, transposed by hand. */
static void bitshuffle_alone_is_undone(void **state)
{
    (void)state;
    const uint8_t stored[11] = {0xaa, 0xcc, 0xf0, 0, 0, 0, 0, 0, 9, 8, 7};
    const uint8_t values[11] = {0, 1, 2, 3, 4, 5, 6, 7, 9, 8, 7};
    uint8_t back[11];
    const size_t length = sizeof values;
    bp_array chunk;
    bp_scratch scratch = {0};
    bp_filters p = {.count = 1,
                    .filters = {{.id = BP_FILTER_BITSHUFFLE, .word_count = 4, .words = {0, 3, 1, 0}}}};
    assert_int_equal(bp_array_init(&chunk, BP_U8, 0, 1, &length, back), BP_OK);
    assert_int_equal(bp_filters_decode(ctx, &p, 0, stored, sizeof stored, &chunk, &scratch), BP_OK);
    assert_memory_equal(back, values, sizeof values);
    p.filters[0].words[2] = 0;
    assert_int_equal(bp_filters_decode(ctx, &p, 0, stored, sizeof stored, &chunk, &scratch), BP_E_DAMAGED);
    bp_scratch_fini(&scratch);
}

/* Sizes that claim the impossible: 2^60 bytes in the headers of 32008 and 32004. */
static void hostile_lengths_are_refused(void **state)
{
    (void)state;
    needs("lz4");
    uint8_t stored[64] = {0x10}, back[BYTES];
    bp_filters p = {.count = 1, .filters = {{.id = BP_FILTER_LZ4}}};
    for (size_t size = 0; size <= sizeof stored; size++)
        assert_int_equal(decode(&p, 0, stored, size, back), BP_E_DAMAGED);
    p.filters[0] = (bp_filter){.id = BP_FILTER_BITSHUFFLE, .word_count = 5, .words = {0, 3, ELEMENT, 0, 2}};
    for (size_t size = 0; size <= sizeof stored; size++)
        assert_int_equal(decode(&p, 0, stored, size, back), BP_E_DAMAGED);
    static const uint32_t itemsizes[] = {0, 3, UINT32_MAX};
    for (size_t i = 0; i < 3; i++) {
        p.filters[0].words[2] = itemsizes[i];
        assert_int_not_equal(decode(&p, 0, stored, sizeof stored, back), BP_OK);
    }
    p.filters[0] = (bp_filter){.id = BP_HDF5_FILTER_ID};
    for (size_t size = 0; size <= sizeof stored; size++)
        assert_int_equal(decode(&p, 0, stored, size, back), BP_E_DAMAGED);
}

static void what_is_not_known_is_said(void **state)
{
    (void)state;
    needs("deflate");
    uint8_t stored[8] = {0}, back[BYTES];
    bp_filters p = {.count = 1, .filters = {{.id = 12345}}};
    assert_false(bp_filters_known(&p));
    assert_int_equal(decode(&p, 0, stored, 8, back), BP_E_UNSUPPORTED);
    /* two coders: nobody knows the size between them */
    p = (bp_filters){.count = 2, .filters = {{.id = BP_FILTER_DEFLATE}, {.id = BP_FILTER_LZ4}}};
    assert_false(bp_filters_known(&p));
    p.count = 1;
    assert_true(bp_filters_known(&p));
    p.cut = true;
    assert_false(bp_filters_known(&p));
}

static void pipelines_have_names(void **state)
{
    (void)state;
    char text[128];
    bp_filters p = {.count = 3,
                    .filters = {{.id = BP_FILTER_SHUFFLE, .word_count = 1, .words = {2}},
                                {.id = BP_FILTER_DEFLATE, .word_count = 1, .words = {4}},
                                {.id = BP_FILTER_FLETCHER32}}};
    assert_int_equal(bp_filters_print(&p, text, sizeof text), 34);
    assert_string_equal(text, "shuffle+deflate:level=4+fletcher32");
    assert_int_equal(bp_filters_print(&p, text, 8), 34);
    assert_string_equal(text, "shuffle");
    p = (bp_filters){
        .count = 2,
        .filters = {{.id = BP_FILTER_BITSHUFFLE, .word_count = 5, .words = {0, 3, 2, 0, 2}}, {.id = 40000}}};
    bp_filters_print(&p, text, sizeof text);
    assert_string_equal(text, "bitshuffle/lz4+filter 40000");
    p.count = 0;
    bp_filters_print(&p, text, sizeof text);
    assert_string_equal(text, "none");
}

static void lossy_filters_are_known(void **state)
{
    (void)state;
    bp_filters p = {.count = 1};
    static const uint32_t lossy[] = {BP_FILTER_ZFP, 32017, 32024, 32028, 32019, 32022, 32012};
    for (size_t i = 0; i < sizeof lossy / sizeof lossy[0]; i++) {
        p.filters[0] = (bp_filter){.id = lossy[i]};
        assert_true(bp_filters_lossy(&p, false));
    }
    /* scaleoffset of integers with as many bits as they need keeps them */
    p.filters[0] = (bp_filter){.id = BP_FILTER_SCALEOFFSET, .word_count = 2, .words = {2, 0}};
    assert_false(bp_filters_lossy(&p, false));
    p.filters[0].words[1] = 4;
    assert_true(bp_filters_lossy(&p, false));
    p.filters[0] = (bp_filter){.id = BP_FILTER_SCALEOFFSET, .word_count = 2, .words = {0, 3}};
    assert_true(bp_filters_lossy(&p, true));
#if BP_HAVE_ZFP
    bp_coding coding;
    const size_t shape[2] = {64, 64};
    bp_array chunk;
    bp_codec_spec exact = spec_of("zfp"), bounded = spec_of("zfp:accuracy=0.1");
    assert_int_equal(bp_array_init(&chunk, BP_F32, 0, 2, shape, NULL), BP_OK);
    assert_int_equal(
        bp_coding_init(ctx, &coding, &exact, BP_FORMAT_STANDARD, false, BP_LITTLE_ENDIAN, &chunk), BP_OK);
    assert_false(bp_filters_lossy(&coding.pipeline, true));
    assert_int_equal(
        bp_coding_init(ctx, &coding, &bounded, BP_FORMAT_STANDARD, false, BP_LITTLE_ENDIAN, &chunk), BP_OK);
    assert_true(bp_filters_lossy(&coding.pipeline, true));
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(a_standard_wish_is_kept_or_refused),
        cmocka_unit_test(our_own_chunks_may_differ_in_codec),
        cmocka_unit_test(filters_are_undone_in_any_order),
        cmocka_unit_test(filters_that_were_left_out_are_not_undone),
        cmocka_unit_test(a_checksum_of_old_byte_order_is_taken),
        cmocka_unit_test(bitshuffle_alone_is_undone),
        cmocka_unit_test(hostile_lengths_are_refused),
        cmocka_unit_test(what_is_not_known_is_said),
        cmocka_unit_test(pipelines_have_names),
        cmocka_unit_test(lossy_filters_are_known),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
