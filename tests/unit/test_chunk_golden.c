/* SPDX-License-Identifier: BSD-3-Clause
 * Chunks that were written once and must decode for ever: tests/golden/chunk. `test_chunk_golden write` adds
 * the files that are missing (for a new codec or version) and never touches one that exists. The values are
 * made by a formula, so that no second file is needed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "beampress/beampress.h"
#include "unit/cmocka_all.h"

#define FOLDER "tests/golden/chunk/"

typedef struct golden {
    const char *file; /* name of the codec, version of its payload, what is special */
    const char *spec;
    bp_dtype dtype;
    size_t itemsize;
    bp_byte_order order;
    size_t rank, shape[5], tiles[5]; /* tiles[0] 0: one tile */
} golden;

#define LE BP_LITTLE_ENDIAN
#define BE BP_BIG_ENDIAN

static const golden goldens[] = {
    {"store-1_u16_tiles", "store", BP_U16, 0, LE, 2, {9, 14}, {4, 14}},
    {"store-1_scalar", "store", BP_F64, 0, BE, 0, {0}, {0}},
    {"store-1_empty", "store", BP_I8, 0, LE, 2, {0, 3}, {0}},
    {"lz4-1_u16", "lz4", BP_U16, 0, LE, 2, {20, 30}, {0}},
    {"zstd-1_u32_big-endian", "zstd", BP_U32, 0, BE, 2, {20, 30}, {0}},
    {"zstd-1_opaque_tiles", "zstd", BP_OPAQUE, 7, LE, 2, {20, 30}, {7, 11}},
    {"deflate-1_i32", "deflate", BP_I32, 0, LE, 2, {20, 30}, {0}},
    {"bslz4-1_u16", "bslz4", BP_U16, 0, LE, 3, {3, 20, 30}, {0}},
    {"bslz4-1_f64_big-endian_tiles", "bslz4", BP_F64, 0, BE, 3, {3, 20, 30}, {1, 20, 30}},
    {"bslz4-1_opaque", "bslz4", BP_OPAQUE, 5, LE, 2, {20, 31}, {0}},
    {"bszstd-1_u32", "bszstd", BP_U32, 0, LE, 3, {3, 20, 30}, {0}},
    {"bszstd-1_i64_tiles", "bszstd", BP_I64, 0, LE, 5, {2, 3, 1, 5, 7}, {1, 2, 1, 5, 4}},
    {"jpegls-1_u16", "jpegls", BP_U16, 0, LE, 2, {20, 30}, {0}},
    {"jpegls-1_u8_tiles", "jpegls", BP_U8, 0, LE, 2, {20, 30}, {10, 16}},
    {"jpegls-1_u16_big-endian", "jpegls", BP_U16, 0, BE, 2, {20, 30}, {0}},
    {"jpeg2000-1_u16", "jpeg2000", BP_U16, 0, LE, 2, {20, 30}, {0}},
    {"jpegxl-1_u16", "jpegxl", BP_U16, 0, LE, 2, {20, 30}, {0}},
    {"zfp-1_f32", "zfp", BP_F32, 0, LE, 2, {20, 30}, {0}},
    {"zfp-1_f64_big-endian", "zfp", BP_F64, 0, BE, 3, {5, 6, 7}, {0}},
};

#define GOLDEN_COUNT (sizeof goldens / sizeof goldens[0])

/* The values that are in the file, in the byte order that the file states. */
static uint8_t *values_new(const golden *g, bp_array *array)
{
    assert_int_equal(bp_array_init(array, g->dtype, g->itemsize, g->rank, g->shape, NULL), BP_OK);
    size_t size = array->itemsize, bytes = bp_array_bytes(array);
    uint8_t *values = calloc(bytes + 1, 1);
    assert_non_null(values);
    uint32_t random = 7;
    for (size_t i = 0; i < bytes; i += size) {
        uint8_t element[8] = {0};
        random = random * 1664525u + 1013904223u;
        int64_t count = (int64_t)(random >> 29) * (random >> 26 & 1) + (int64_t)(i / size / 40 % 3);
        float single = (float)count / 4;
        double twice = (double)count / 4;
        if (g->dtype == BP_F32)
            memcpy(element, &single, 4);
        else if (g->dtype == BP_F64)
            memcpy(element, &twice, 8);
        else
            bp_store_le64(element, (uint64_t)count);
        for (size_t b = 0; b < size; b++)
            values[i + b] = element[g->order == BE ? size - 1 - b : b % 8];
    }
    array->data = values;
    return values;
}

static void path_of(const golden *g, char *path, size_t size)
{
    snprintf(path, size, FOLDER "%s.chunk", g->file);
}

static uint8_t *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return NULL;
    uint8_t *bytes = malloc(1 << 16);
    *size = bytes ? fread(bytes, 1, 1 << 16, file) : 0;
    fclose(file);
    return bytes;
}

static void golden_chunks_decode(void **state)
{
    (void)state;
    size_t seen = 0;
    for (size_t i = 0; i < GOLDEN_COUNT; i++) {
        char path[256], name[32];
        size_t size = 0;
        bp_array array;
        const golden *g = &goldens[i];
        path_of(g, path, sizeof path);
        uint8_t *chunk = read_file(path, &size), *values = values_new(g, &array);
        if (!chunk)
            fail_msg("%s is missing", path);
        size_t bytes = bp_array_bytes(&array);
        uint8_t *back = malloc(bytes + 1);
        bp_context *ctx = bp_context_new();
        bp_status status = bp_chunk_decode(ctx, chunk, size, back, bytes);
        snprintf(name, sizeof name, "%.*s", (int)strcspn(g->spec, ":"), g->spec);
        if (!bp_codec_by_name(name)) {
            assert_int_equal(status, BP_E_UNSUPPORTED);
            assert_non_null(strstr(bp_context_message(ctx), name));
        } else if (status != BP_OK) {
            fail_msg("%s: %s", path, bp_context_message(ctx));
        } else {
            assert_memory_equal(back, values, bytes);
            seen++;
        }
        bp_context_free(ctx);
        free(back);
        free(values);
        free(chunk);
    }
    assert_true(seen > 0);
}

static int write_golden(const golden *g)
{
    char path[256];
    bp_codec_spec spec;
    bp_array array;
    size_t size = 0;
    path_of(g, path, sizeof path);
    FILE *file = fopen(path, "rb");
    if (file)
        return fclose(file);
    bp_context *ctx = bp_context_new();
    uint8_t *values = values_new(g, &array), *chunk = NULL;
    bp_status status = bp_codec_spec_parse(ctx, g->spec, -1, &spec);
    if (status == BP_OK) {
        const size_t *tiles = g->tiles[0] ? g->tiles : NULL;
        size_t capacity = bp_chunk_worst_size(&spec, &array, tiles);
        chunk = malloc(capacity);
        status = bp_chunk_encode(ctx, &spec, &array, g->order, tiles, chunk, capacity, &size);
    }
    if (status == BP_OK && (file = fopen(path, "wb")) != NULL) {
        size_t written = fwrite(chunk, 1, size, file);
        printf("%s: %zu bytes\n", path, written);
        status = fclose(file) == 0 && written == size ? BP_OK : BP_E_OUTPUT;
    } else {
        printf("%s: not written: %s\n", path, bp_context_message(ctx));
    }
    bp_context_free(ctx);
    free(chunk);
    free(values);
    return status != BP_OK;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(golden_chunks_decode)};
    if (argc == 2 && strcmp(argv[1], "write") == 0) {
        int failed = 0;
        for (size_t i = 0; i < GOLDEN_COUNT; i++)
            failed |= write_golden(&goldens[i]);
        return failed;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
