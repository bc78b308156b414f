/* SPDX-License-Identifier: BSD-3-Clause
 * A flipped bit anywhere in a chunk is found: 10,000 random flips for every level of every codec, lossless
 * and lossy, in one tile and in several. */
#include <stdlib.h>
#include <string.h>

#include "beampress/beampress.h"
#include "unit/cmocka_all.h"

#define FLIPS 10000
#define ROWS  24
#define COLS  40

/* Lossy working points: what they decode to is not what went in, so other checks must find the flip. */
static const char *const lossy[] = {"jpegls:near=2",     "jpeg2000:ratio=4", "jpeg2000:psnr=60",
                                    "jpegxl:distance=1", "zfp:accuracy=0.5", "zfp:rate=8",
                                    "zfp:precision=8"};

/* A frame of few counts, as a type that the codec takes. */
static uint8_t *frame_new(const bp_codec *codec, bp_array *frame)
{
    static const bp_dtype wanted[] = {BP_U16, BP_F32, BP_U8, BP_I32, BP_F64};
    static const size_t shape[2] = {ROWS, COLS};
    bp_dtype dtype = BP_OPAQUE;
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0] && dtype == BP_OPAQUE; i++)
        if (codec->dtypes & 1u << wanted[i])
            dtype = wanted[i];
    assert_int_not_equal(dtype, BP_OPAQUE);
    uint8_t *values = calloc(ROWS * COLS, 8);
    assert_non_null(values);
    uint32_t random = 2024;
    for (size_t i = 0; i < ROWS * COLS; i++) {
        random = random * 1664525u + 1013904223u;
        uint16_t count = (uint16_t)((random >> 24) % 7 * ((random >> 20) % 3));
        float single = count;
        double twice = count;
        if (dtype == BP_F32)
            memcpy(values + 4 * i, &single, 4);
        else if (dtype == BP_F64)
            memcpy(values + 8 * i, &twice, 8);
        else
            memcpy(values + bp_dtype_size(dtype) * i, &count, bp_dtype_size(dtype) > 1 ? 2 : 1);
    }
    assert_int_equal(bp_array_init(frame, dtype, 0, 2, shape, values), BP_OK);
    return values;
}

static void flip_bits(const bp_codec_spec *spec, const bp_array *frame, const size_t *tiles)
{
    size_t capacity = bp_chunk_worst_size(spec, frame, tiles), size, bytes = bp_array_bytes(frame);
    uint8_t *chunk = malloc(capacity), *back = malloc(bytes);
    bp_context *ctx = bp_context_new();
    if (bp_chunk_encode(ctx, spec, frame, BP_LITTLE_ENDIAN, tiles, chunk, capacity, &size) != BP_OK)
        fail_msg("%s: %s", spec->codec->name, bp_context_message(ctx));
    assert_int_equal(bp_chunk_decode(ctx, chunk, size, back, bytes), BP_OK);
    uint64_t random = 88172645463325252u;
    for (size_t trial = 0; trial < FLIPS; trial++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        size_t bit = (size_t)(random % (8 * size));
        uint8_t mask = (uint8_t)(1u << bit % 8);
        chunk[bit / 8] ^= mask;
        if (bp_chunk_decode(NULL, chunk, size, back, bytes) == BP_OK)
            fail_msg("%s: flipped bit %zu of %zu bytes was not noticed", spec->codec->name, bit, size);
        chunk[bit / 8] ^= mask;
    }
    assert_int_equal(bp_chunk_decode(ctx, chunk, size, back, bytes), BP_OK);
    bp_context_free(ctx);
    free(back);
    free(chunk);
}

static void every_flip_is_found(void **state)
{
    (void)state;
    static const size_t tiles[2] = {10, COLS};
    for (size_t c = 0; bp_codec_at(c); c++) {
        const bp_codec *codec = bp_codec_at(c);
        bp_array frame;
        uint8_t *values = frame_new(codec, &frame);
        for (int level = -1; level < BP_LEVEL_COUNT; level++) {
            bp_codec_spec spec;
            if (level >= 0 && !codec->levels[level])
                continue;
            assert_int_equal(bp_codec_spec_parse(NULL, codec->name, level, &spec), BP_OK);
            flip_bits(&spec, &frame, NULL);
            if (level < 0) /* slower: tiles in front of the damaged one are decoded */
                flip_bits(&spec, &frame, tiles);
        }
        for (size_t i = 0; i < sizeof lossy / sizeof lossy[0]; i++) {
            bp_codec_spec spec;
            size_t length = strlen(codec->name);
            if (strncmp(lossy[i], codec->name, length) != 0 || lossy[i][length] != ':')
                continue;
            if (bp_codec_spec_parse(NULL, lossy[i], -1, &spec) != BP_OK)
                fail_msg("%s is no spec", lossy[i]);
            flip_bits(&spec, &frame, NULL);
        }
        free(values);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_flip_is_found)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
