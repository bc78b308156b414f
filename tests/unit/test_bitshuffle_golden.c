/* SPDX-License-Identifier: BSD-3-Clause
 * Chunks of filter 32008 that other people's plug-ins made (tools/make_golden_bitshuffle.py): ours must
 * decode all of them, and its LZ4 mode must write the same bytes. zstd differs between versions of its
 * library. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "beampress/beampress.h"
#include "unit/cmocka_all.h"

#define FOLDER "tests/golden/bitshuffle/"

typedef struct bytes {
    uint8_t *data;
    size_t size;
} bytes;

static bytes read_file(const char *name)
{
    char path[256];
    snprintf(path, sizeof path, FOLDER "%s", name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    bytes b = {.size = (size_t)ftell(file)};
    rewind(file);
    b.data = malloc(b.size);
    assert_non_null(b.data);
    assert_int_equal(fread(b.data, 1, b.size, file), b.size);
    fclose(file);
    return b;
}

static void check_chunk(const char *name, size_t itemsize, unsigned block, const char *codec,
                        const char *ending)
{
    char text[64];
    snprintf(text, sizeof text, "%s.raw", name);
    bytes raw = read_file(text);
    snprintf(text, sizeof text, "%s.b%u.%s", name, block, ending);
    bytes chunk = read_file(text);

    bp_context *ctx = bp_context_new();
    bp_codec_spec spec;
    snprintf(text, sizeof text, "%s:block=%u", codec, block);
    assert_int_equal(bp_codec_spec_parse(ctx, text, -1, &spec), BP_OK);
    bp_array values;
    size_t count = raw.size / itemsize;
    uint8_t *back = calloc(raw.size, 1);
    assert_non_null(back);
    assert_int_equal(bp_array_init(&values, BP_OPAQUE, itemsize, 1, &count, back), BP_OK);
    assert_int_equal(bp_codec_decode(ctx, &spec, chunk.data, chunk.size, &values), BP_OK);
    assert_memory_equal(back, raw.data, raw.size);

    if (strcmp(ending, "lz4") == 0) {
        size_t capacity = bp_codec_worst_size(&spec, &values), size = 0;
        uint8_t *out = malloc(capacity);
        assert_non_null(out);
        assert_int_equal(bp_codec_encode(ctx, &spec, &values, out, capacity, &size), BP_OK);
        assert_int_equal(size, chunk.size);
        assert_memory_equal(out, chunk.data, size);
        free(out);
    }
    bp_context_free(ctx);
    free(back);
    free(raw.data);
    free(chunk.data);
}

static void check_packer(const char *codec, const char *ending)
{
    if (!bp_codec_by_name(codec)) {
        print_message("SKIP %s: not in this build\n", codec);
        return;
    }
    for (unsigned block = 0; block <= 128; block += 128) {
        check_chunk("camera_u16", 2, block, codec, ending);
        check_chunk("diffraction_i32", 4, block, codec, ending);
        check_chunk("slice_f32", 4, block, codec, ending);
    }
}

static void lz4_chunks_of_debian(void **state)
{
    (void)state;
    check_packer("bslz4", "lz4");
}

static void zstd_chunks_of_hdf5plugin(void **state)
{
    (void)state;
    check_packer("bszstd", "zstd");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lz4_chunks_of_debian),
        cmocka_unit_test(zstd_chunks_of_hdf5plugin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
