/* SPDX-License-Identifier: BSD-3-Clause
 * The chunk format: round trips over types, orders, ranks and tiles; headers that lie; words that disagree.
 */
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/hash.h"
#include "beampress/beampress.h"
#include "unit/cmocka_all.h"

typedef struct sample {
    bp_array array;
    uint8_t *values;
    size_t bytes;
} sample;

/* Deterministic values that compress a little: a ramp with noise in the low bits; bytes for opaque. */
static sample sample_new(bp_dtype dtype, size_t itemsize, size_t rank, const size_t *shape)
{
    sample s;
    assert_int_equal(bp_array_init(&s.array, dtype, itemsize, rank, shape, NULL), BP_OK);
    s.bytes = bp_array_bytes(&s.array);
    s.values = malloc(s.bytes ? s.bytes : 1);
    assert_non_null(s.values);
    uint32_t random = 12345;
    for (size_t i = 0; i < s.bytes; i += s.array.itemsize) {
        uint8_t element[8] = {0};
        random = random * 1664525u + 1013904223u;
        uint64_t count = (random >> 29) + i / s.array.itemsize / 64 % 16;
        float single = (float)count;
        double twice = (double)count;
        if (dtype == BP_F32)
            memcpy(element, &single, sizeof single);
        else if (dtype == BP_F64)
            memcpy(element, &twice, sizeof twice);
        else
            bp_store_le64(element, count);
        for (size_t b = 0; b < s.array.itemsize; b++)
            s.values[i + b] = element[b % 8];
    }
    s.array.data = s.values;
    return s;
}

static bp_codec_spec spec_of(const char *text)
{
    bp_codec_spec spec;
    assert_int_equal(bp_codec_spec_parse(NULL, text, -1, &spec), BP_OK);
    return spec;
}

/* Encodes into a fresh buffer; *size is set. */
static uint8_t *encode(const bp_codec_spec *spec, const sample *s, bp_byte_order order, const size_t *tiles,
                       size_t *size)
{
    size_t capacity = bp_chunk_worst_size(spec, &s->array, tiles);
    assert_true(capacity > 0);
    uint8_t *chunk = malloc(capacity);
    bp_context *ctx = bp_context_new();
    if (bp_chunk_encode(ctx, spec, &s->array, order, tiles, chunk, capacity, size) != BP_OK)
        fail_msg("%s: %s", spec->codec->name, bp_context_message(ctx));
    assert_true(*size <= capacity);
    bp_context_free(ctx);
    return chunk;
}

static bool takes(const bp_codec_spec *spec, const bp_array *array)
{
    return bp_codec_check(NULL, spec, array) == BP_OK;
}

static void round_trip(const bp_codec_spec *spec, const sample *s, bp_byte_order order, const size_t *tiles)
{
    size_t size, again_size;
    uint8_t *chunk = encode(spec, s, order, tiles, &size),
            *again = encode(spec, s, order, tiles, &again_size);
    assert_int_equal(size, again_size);
    assert_memory_equal(chunk, again, size);
    bp_chunk_info info;
    assert_int_equal(bp_chunk_read_info(NULL, chunk, size, &info), BP_OK);
    assert_int_equal(info.decoded_bytes, s->bytes);
    assert_int_equal(info.dtype, s->array.dtype);
    assert_int_equal(info.order, order);
    assert_int_equal(info.codec_number, spec->codec->number);
    assert_true(size <= info.header_bytes + s->bytes);
    uint8_t *back = malloc(s->bytes + 1);
    back[s->bytes] = 0x5a;
    bp_context *ctx = bp_context_new();
    if (bp_chunk_decode(ctx, chunk, size, back, s->bytes) != BP_OK)
        fail_msg("%s: %s", spec->codec->name, bp_context_message(ctx));
    assert_memory_equal(back, s->values, s->bytes);
    assert_int_equal(back[s->bytes], 0x5a);
    assert_int_equal(bp_chunk_decode(NULL, chunk, size, back, s->bytes + 1), BP_E_DAMAGED);
    assert_int_equal(bp_chunk_decode(NULL, chunk, size - 1, back, s->bytes), BP_E_DAMAGED);
    bp_context_free(ctx);
    free(back);
    free(again);
    free(chunk);
}

static const struct {
    size_t rank, shape[BP_MAX_RANK], tiles[BP_MAX_RANK];
} shapes[] = {
    {0, {0}, {0}},
    {1, {1}, {1}},
    {1, {1000}, {333}},
    {2, {31, 67}, {16, 16}},
    {2, {64, 64}, {64, 64}},
    {2, {0, 5}, {1, 5}},
    {3, {3, 20, 30}, {1, 20, 30}},
    {5, {2, 3, 1, 5, 7}, {1, 2, 1, 5, 4}},
};

static void every_codec_type_and_shape_comes_back(void **state)
{
    (void)state;
    size_t tried = 0;
    for (size_t c = 0; bp_codec_at(c); c++) {
        bp_codec_spec spec = spec_of(bp_codec_at(c)->name);
        if (!bp_codec_spec_lossless(&spec))
            continue;
        for (unsigned dtype = 0; dtype < BP_DTYPE_COUNT; dtype++)
            for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
                sample s =
                    sample_new((bp_dtype)dtype, dtype == BP_OPAQUE ? 5 : 0, shapes[i].rank, shapes[i].shape);
                if (takes(&spec, &s.array)) {
                    round_trip(&spec, &s, BP_LITTLE_ENDIAN, NULL);
                    round_trip(&spec, &s, BP_LITTLE_ENDIAN, shapes[i].tiles);
                    if (dtype != BP_OPAQUE)
                        round_trip(&spec, &s, BP_BIG_ENDIAN, shapes[i].tiles);
                    tried++;
                }
                free(s.values);
            }
    }
    assert_true(tried > 0);
}

static void rank_32_comes_back(void **state)
{
    (void)state;
    size_t shape[BP_MAX_RANK], tiles[BP_MAX_RANK];
    for (size_t i = 0; i < BP_MAX_RANK; i++) {
        shape[i] = i % 4 == 0 ? 2 : 1;
        tiles[i] = i < 8 ? 1 : shape[i];
    }
    sample s = sample_new(BP_U16, 0, BP_MAX_RANK, shape);
    bp_codec_spec spec = spec_of("store");
    round_trip(&spec, &s, BP_BIG_ENDIAN, tiles);
    free(s.values);
}

static void short_buffers_are_refused(void **state)
{
    (void)state;
    size_t shape[2] = {40, 50}, size, small;
    sample s = sample_new(BP_U16, 0, 2, shape);
    bp_codec_spec spec = spec_of("store");
    uint8_t *chunk = encode(&spec, &s, BP_LITTLE_ENDIAN, NULL, &size);
    uint8_t *room = malloc(size);
    for (size_t capacity = 0; capacity < size; capacity += 97)
        assert_int_equal(
            bp_chunk_encode(NULL, &spec, &s.array, BP_LITTLE_ENDIAN, NULL, room, capacity, &small),
            BP_E_USAGE);
    assert_int_equal(bp_chunk_encode(NULL, &spec, &s.array, BP_LITTLE_ENDIAN, NULL, room, size, &small),
                     BP_OK);
    assert_memory_equal(room, chunk, size);
    free(room);
    free(chunk);
    free(s.values);
}

/* Puts a fresh hash behind a header that was tampered with. */
static void close_header(uint8_t *chunk)
{
    size_t hashed = bp_load_le32(chunk + 12) - 8;
    bp_store_le64(chunk + hashed, bp_hash64(chunk, hashed));
}

static void headers_that_lie_are_refused(void **state)
{
    (void)state;
    const struct {
        size_t position, width;
        uint64_t value;
        bp_status expected;
    } lies[] = {
        {8, 2, 2, BP_E_UNSUPPORTED},              /* format version */
        {10, 2, 1, BP_E_UNSUPPORTED},             /* flags */
        {16, 8, (uint64_t)1 << 60, BP_E_DAMAGED}, /* payload */
        {24, 1, 12, BP_E_DAMAGED},                /* dtype */
        {25, 1, 2, BP_E_DAMAGED},                 /* byte order */
        {26, 1, 33, BP_E_DAMAGED},                /* rank */
        {26, 1, 3, BP_E_DAMAGED},                 /* rank that moves everything */
        {27, 1, 0, BP_E_UNSUPPORTED},             /* operations */
        {27, 1, 2, BP_E_DAMAGED},
        {27, 1, 6, BP_E_UNSUPPORTED},
        {28, 4, 3, BP_E_DAMAGED}, /* itemsize of a uint16 */
        {28, 4, 0, BP_E_DAMAGED},
        {32, 8, (uint64_t)1 << 60, BP_E_DAMAGED}, /* shape */
        {32, 8, UINT64_MAX, BP_E_DAMAGED},
        {40, 8, (uint64_t)1 << 33, BP_E_DAMAGED},
        {48, 8, 0, BP_E_DAMAGED}, /* tile shape */
        {48, 8, 1, BP_E_DAMAGED}, /* more tiles than the index has */
        {56, 8, UINT64_MAX, BP_E_DAMAGED},
        {64, 2, 999, BP_E_UNSUPPORTED}, /* codec number that nobody has */
        {66, 2, 0, BP_E_UNSUPPORTED},   /* codec version */
        {66, 2, 77, BP_E_UNSUPPORTED},
        {68, 2, 1, BP_E_DAMAGED}, /* parameter count */
        {68, 2, 60000, BP_E_UNSUPPORTED},
        {70, 2, 4, BP_E_UNSUPPORTED},             /* flags of the operation */
        {72, 8, (uint64_t)1 << 60, BP_E_DAMAGED}, /* stored size of the tile */
        {72, 8, 10, BP_E_DAMAGED},
        {80, 4, 7, BP_E_UNSUPPORTED}, /* mode */
        {84, 4, 1, BP_E_UNSUPPORTED}, /* reserved */
        {88, 8, 1, BP_E_DAMAGED},     /* hash of the stored bytes */
        {96, 8, 1, BP_E_DAMAGED},     /* hash of the values */
    };
    size_t shape[2] = {40, 50}, size;
    sample s = sample_new(BP_U16, 0, 2, shape);
    bp_codec_spec spec = spec_of("store");
    uint8_t *chunk = encode(&spec, &s, BP_LITTLE_ENDIAN, NULL, &size);
    uint8_t *bad = malloc(size), *back = malloc(s.bytes);
    assert_int_equal(bp_load_le32(chunk + 12), 112);
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        uint8_t bytes[8];
        memcpy(bad, chunk, size);
        bp_store_le64(bytes, lies[i].value);
        memcpy(bad + lies[i].position, bytes, lies[i].width);
        close_header(bad);
        bp_status status = bp_chunk_decode(NULL, bad, size, back, s.bytes);
        if (status != lies[i].expected)
            fail_msg("lie %zu at byte %zu: status %d", i, lies[i].position, status);
    }
    for (size_t cut = 0; cut < size; cut++)
        assert_int_equal(bp_chunk_decode(NULL, chunk, cut, back, s.bytes), BP_E_DAMAGED);
    free(back);
    free(bad);
    free(chunk);
    free(s.values);
}

static void words_say_what_a_chunk_must_be(void **state)
{
    (void)state;
    size_t shape[2] = {40, 50}, turned[2] = {50, 40}, size;
    sample s = sample_new(BP_U16, 0, 2, shape), t = sample_new(BP_U16, 0, 2, turned),
           i16 = sample_new(BP_I16, 0, 2, shape);
    bp_codec_spec spec = spec_of("store"), spec_back;
    bp_filter filter;
    bp_array array;
    bp_byte_order order;
    bp_chunk_info info;
    assert_int_equal(bp_chunk_words(NULL, &spec, &s.array, BP_BIG_ENDIAN, &filter), BP_OK);
    assert_int_equal(filter.id, BP_HDF5_FILTER_ID);
    assert_int_equal(bp_chunk_words_read(NULL, filter.words, filter.word_count, &spec_back, &array, &order),
                     BP_OK);
    assert_int_equal(order, BP_BIG_ENDIAN);
    assert_ptr_equal(spec_back.codec, spec.codec);
    assert_int_equal(array.rank, 2);
    assert_int_equal(array.shape[1], 50);
    const struct {
        const sample *data;
        bp_byte_order order;
        bp_status expected;
    } cases[] = {{&s, BP_BIG_ENDIAN, BP_OK},
                 {&s, BP_LITTLE_ENDIAN, BP_E_DAMAGED},
                 {&t, BP_BIG_ENDIAN, BP_E_DAMAGED},
                 {&i16, BP_BIG_ENDIAN, BP_E_DAMAGED}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t *chunk = encode(&spec, cases[i].data, cases[i].order, NULL, &size);
        assert_int_equal(bp_chunk_read_info(NULL, chunk, size, &info), BP_OK);
        assert_int_equal(bp_chunk_agrees(NULL, &info, filter.words, filter.word_count), cases[i].expected);
        assert_int_equal(bp_chunk_agrees(NULL, &info, NULL, 0), BP_OK);
        assert_int_equal(bp_chunk_agrees(NULL, &info, filter.words, filter.word_count - 1), BP_OK);
        free(chunk);
    }
    for (size_t i = 0; i < filter.word_count; i++) { /* any words: a status, never a crash */
        bp_filter wrong = filter;
        wrong.words[i] = 0xffffffffu;
        bp_status status =
            bp_chunk_words_read(NULL, wrong.words, wrong.word_count, &spec_back, &array, &order);
        assert_true(status == BP_E_DAMAGED || status == BP_E_UNSUPPORTED);
    }
    free(s.values);
    free(t.values);
    free(i16.values);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_codec_type_and_shape_comes_back),
        cmocka_unit_test(rank_32_comes_back),
        cmocka_unit_test(short_buffers_are_refused),
        cmocka_unit_test(headers_that_lie_are_refused),
        cmocka_unit_test(words_say_what_a_chunk_must_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
