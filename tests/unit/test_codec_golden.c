/* SPDX-License-Identifier: BSD-3-Clause
 * Payloads that were written once and must decode for ever: tests/golden/codec. `test_codec_golden write`,
 * run in the top folder, adds the files that are missing (for a new codec or version) and never touches one
 * that exists. The values come from codec_inputs.h. Coders of our own must also write the very bytes again;
 * those of libraries may not, another version of the library may code differently. */
#include <stdio.h>

#include "algo/max_error.h"
#include "codec_inputs.h"
#include "unit/cmocka_all.h"

#define FOLDER "tests/golden/codec/"

typedef struct golden {
    const char *file; /* name of the codec, version of its payload, what is special */
    const char *spec;
    bp_dtype dtype;
    size_t rank, shape[4];
    test_pattern pattern;
    double error; /* largest that decoding may have; 0: none */
} golden;

static const golden goldens[] = {
    {"store-1_u16", "store", BP_U16, 2, {4, 5}, PATTERN_RAMP, 0},
    {"lz4-1_u16", "lz4", BP_U16, 2, {20, 30}, PATTERN_COUNTS, 0},
    {"lz4-1_i32_blocks", "lz4:block=1024,shuffle=no", BP_I32, 2, {20, 30}, PATTERN_COUNTS, 0},
    {"zstd-1_f32", "zstd", BP_F32, 2, {20, 30}, PATTERN_RAMP, 0},
    {"deflate-1_u32", "deflate", BP_U32, 2, {20, 30}, PATTERN_COUNTS, 0},
    {"bslz4-1_u16", "bslz4", BP_U16, 2, {40, 33}, PATTERN_COUNTS, 0},
    {"bslz4-1_f64_block", "bslz4:block=64", BP_F64, 2, {20, 30}, PATTERN_SPECIAL, 0},
    {"bslz4-1_i32_random", "bslz4", BP_I32, 2, {20, 30}, PATTERN_RANDOM, 0},
    {"bszstd-1_i32", "bszstd", BP_I32, 2, {20, 30}, PATTERN_COUNTS, 0},
    {"jpegls-1_u16", "jpegls", BP_U16, 2, {20, 30}, PATTERN_RAMP, 0},
    {"jpegls-1_i16_frames_near", "jpegls:near=2", BP_I16, 3, {3, 20, 30}, PATTERN_COUNTS, 2},
    {"jpegls-1_u8_stored", "jpegls", BP_U8, 3, {2, 5, 4}, PATTERN_RANDOM, 0},
    {"jpeg2000-1_i16_frames", "jpeg2000", BP_I16, 3, {2, 20, 30}, PATTERN_COUNTS, 0},
    {"jpeg2000-1_u16_ratio", "jpeg2000:ratio=10", BP_U16, 2, {32, 48}, PATTERN_RAMP, 120},
    {"jpegxl-1_i8", "jpegxl", BP_I8, 2, {20, 30}, PATTERN_COUNTS, 0},
    {"jpegxl-1_u16_frames", "jpegxl", BP_U16, 4, {2, 1, 20, 30}, PATTERN_RAMP, 0},
    {"jpegxl-1_u8_distance", "jpegxl:distance=1", BP_U8, 2, {32, 48}, PATTERN_RAMP, 120},
    {"zfp-1_f32", "zfp", BP_F32, 3, {5, 9, 14}, PATTERN_RAMP, 0},
    {"zfp-1_i64", "zfp", BP_I64, 4, {2, 5, 3, 7}, PATTERN_COUNTS, 0},
    {"zfp-1_f64_accuracy", "zfp:accuracy=0.1", BP_F64, 2, {20, 30}, PATTERN_RAMP, 0.1},
    {"zfp-1_i32_rate", "zfp:rate=16", BP_I32, 2, {20, 30}, PATTERN_RAMP, 1},
    {"photon-1_u16", "photon", BP_U16, 2, {50, 33}, PATTERN_COUNTS, 0},
    {"photon-1_u8_frames", "photon", BP_U8, 3, {3, 20, 30}, PATTERN_RAMP, 0},
    {"photon-1_i32_bands", "photon", BP_I32, 2, {100, 20}, PATTERN_COUNTS, 0},
    {"photon-1_u16_events", "photon", BP_U16, 2, {90, 70}, PATTERN_EVENTS, 0},
    {"photon-1_i32_events", "photon", BP_I32, 3, {2, 90, 70}, PATTERN_EVENTS, 0},
    {"photon-1_u32_flat", "photon", BP_U32, 2, {20, 30}, PATTERN_TOP, 0},
    {"photon-1_i16_grid", "photon", BP_I16, 2, {20, 30}, PATTERN_SWING, 0},
    {"photon-1_fast_u16", "photon:level=fast", BP_U16, 2, {50, 33}, PATTERN_COUNTS, 0},
    {"photon-1_fast_u8_frames", "photon:level=fast", BP_U8, 3, {3, 20, 30}, PATTERN_RAMP, 0},
    {"photon-1_fast_i32", "photon:level=fast", BP_I32, 2, {100, 20}, PATTERN_COUNTS, 0},
    {"photon-1_fast_u32_marks", "photon:level=fast", BP_U32, 2, {20, 70}, PATTERN_TOP, 0},
    {"photon-1_fast_i16_moved", "photon:level=fast", BP_I16, 2, {20, 30}, PATTERN_SWING, 0},
    {"photon-1_f32_scale", "photon", BP_F32, 2, {20, 30}, PATTERN_RAMP, 0},
    {"photon-1_f32_special", "photon", BP_F32, 2, {20, 30}, PATTERN_SPECIAL, 0},
    {"photon-1_f32_random", "photon", BP_F32, 2, {20, 30}, PATTERN_RANDOM, 0},
    {"photon-1_f64_counts", "photon", BP_F64, 2, {20, 30}, PATTERN_COUNTS, 0},
    {"photon-1_f64_random", "photon", BP_F64, 3, {2, 8, 8}, PATTERN_RANDOM, 0},
    {"photon-1_i64_counts", "photon", BP_I64, 2, {20, 30}, PATTERN_COUNTS, 0},
    {"photon-1_u16_time", "photon", BP_U16, 3, {6, 40, 60}, PATTERN_RAMP, 0},
    {"photon-1_max_u16", "photon:level=max", BP_U16, 2, {50, 33}, PATTERN_COUNTS, 0},
    {"photon-1_max_u8_frames", "photon:level=max", BP_U8, 3, {3, 20, 30}, PATTERN_RAMP, 0},
    {"photon-1_max_u8_as_balanced", "photon:level=max", BP_U8, 3, {3, 20, 30}, PATTERN_RAMP, 0},
    {"photon-1_max_i32", "photon:level=max", BP_I32, 2, {100, 20}, PATTERN_COUNTS, 0},
    {"photon-1_max_u32_top", "photon:level=max", BP_U32, 2, {20, 30}, PATTERN_TOP, 0},
    {"photon-1_max_i16_swing", "photon:level=max", BP_I16, 2, {20, 30}, PATTERN_SWING, 0},
    {"photon-1_max_f32_scale", "photon:level=max", BP_F32, 2, {20, 30}, PATTERN_RAMP, 0},
    {"photon-1_max_u16_time", "photon:level=max", BP_U16, 3, {6, 40, 60}, PATTERN_COUNTS, 0},
    {"photon-1_max_2_u16", "photon:level=max", BP_U16, 2, {50, 33}, PATTERN_COUNTS, 0},
    {"photon-1_max_2_i32", "photon:level=max", BP_I32, 2, {100, 20}, PATTERN_COUNTS, 0},
    {"photon-1_max_2_u32_top", "photon:level=max", BP_U32, 2, {20, 30}, PATTERN_TOP, 0},
    {"photon-1_max_2_i16_swing", "photon:level=max", BP_I16, 2, {20, 30}, PATTERN_SWING, 0},
    {"photon-1_max_2_u16_time", "photon:level=max", BP_U16, 3, {6, 40, 60}, PATTERN_COUNTS, 0},
    {"photon-1_max_2_u16_gain", "photon:level=max", BP_U16, 3, {6, 40, 60}, PATTERN_GAIN, 0},
    {"photon-1_f32_time_fast", "photon:level=fast", BP_F32, 3, {6, 40, 60}, PATTERN_RAMP, 0},
    {"dictionary-1_u16", "dictionary", BP_U16, 2, {120, 90}, PATTERN_COUNTS, 0},
    {"dictionary-1_f32_fast", "dictionary:level=fast", BP_F32, 3, {2, 60, 70}, PATTERN_COUNTS, 0},
    {"dictionary-1_i16_flat", "dictionary", BP_I16, 2, {60, 70}, PATTERN_TOP, 0},
    {"dictionary-1_u32_swing", "dictionary:level=max", BP_U32, 2, {60, 70}, PATTERN_SWING, 0},
    {"dictionary-1_i64_ramp", "dictionary", BP_I64, 2, {60, 70}, PATTERN_RAMP, 0},
    {"dictionary-1_u8_stored", "dictionary", BP_U8, 2, {20, 30}, PATTERN_RANDOM, 0},
};

#define GOLDEN_COUNT (sizeof goldens / sizeof goldens[0])

/* What decodes for ever, but is no longer what the encoder writes */
static const char *const older[] = {
    "photon-1_max_f32_scale", "photon-1_max_i16_swing", "photon-1_max_i32",       "photon-1_max_u16",
    "photon-1_max_u16_time",  "photon-1_max_u32_top",   "photon-1_max_u8_frames",
};

static bool is_older(const golden *g)
{
    for (size_t i = 0; i < sizeof older / sizeof older[0]; i++)
        if (strcmp(g->file, older[i]) == 0)
            return true;
    return false;
}

static void path_of(const golden *g, char path[120])
{
    snprintf(path, 120, FOLDER "%s.payload", g->file);
}

static void make_values(const golden *g, bp_array *array)
{
    test_shape shape = {g->rank, {0}};
    memcpy(shape.shape, g->shape, sizeof g->shape);
    test_array_make(array, g->dtype, &shape, g->pattern);
}

/* The bytes of a file, NULL when it is not there. */
static uint8_t *read_payload(const golden *g, size_t *size)
{
    static const size_t most = 1 << 16;
    char path[120];
    path_of(g, path);
    FILE *file = fopen(path, "rb");
    if (!file)
        return NULL;
    uint8_t *bytes = malloc(most);
    *size = fread(bytes, 1, most, file);
    fclose(file);
    return bytes;
}

static uint8_t *encode(const golden *g, const bp_codec_spec *spec, size_t *size)
{
    bp_array values;
    make_values(g, &values);
    size_t worst = bp_codec_worst_size(spec, &values);
    uint8_t *payload = malloc(worst + 1);
    if (bp_codec_encode(NULL, spec, &values, payload, worst, size) != BP_OK) {
        free(payload);
        payload = NULL;
    }
    free(values.data);
    return payload;
}

/* False when the payload is in a mode that this build leaves out. */
static bool decodes(const golden *g, const bp_codec_spec *spec, const uint8_t *payload, size_t size)
{
    bp_context *ctx = bp_context_new();
    bp_array values, back;
    make_values(g, &values);
    back = values;
    back.data = malloc(bp_array_bytes(&values));
    bp_status status = bp_codec_decode(ctx, spec, payload, size, &back);
    if (status == BP_E_UNSUPPORTED)
        print_message("SKIP %s: %s\n", g->file, bp_context_message(ctx));
    else if (status != BP_OK)
        fail_msg("%s: %s", g->file, bp_context_message(ctx));
    else if (g->error == 0)
        assert_memory_equal(back.data, values.data, bp_array_bytes(&values));
    else
        assert_true(bp_max_error(&values, &back) <= g->error);
    free(back.data);
    free(values.data);
    bp_context_free(ctx);
    return status == BP_OK;
}

static void golden_payloads_decode(void **state)
{
    (void)state;
    for (size_t i = 0; i < GOLDEN_COUNT; i++) {
        const golden *g = &goldens[i];
        bp_codec_spec spec;
        if (bp_codec_spec_parse(NULL, g->spec, -1, &spec) != BP_OK) {
            print_message("SKIP %s: the codec is not in this build\n", g->file);
            continue;
        }
        size_t size = 0, again = 0;
        uint8_t *payload = read_payload(g, &size), *now;
        if (!payload)
            fail_msg("%s is missing: run `test_codec_golden write` in the top folder", g->file);
        if (decodes(g, &spec, payload, size) && !spec.codec->library && !is_older(g)) {
            now = encode(g, &spec, &again);
            assert_non_null(now);
            if (again != size)
                fail_msg("%s: %zu bytes now, %zu then", g->file, again, size);
            assert_memory_equal(now, payload, size);
            free(now);
        }
        free(payload);
    }
}

static int write_missing(void)
{
    for (size_t i = 0; i < GOLDEN_COUNT; i++) {
        bp_codec_spec spec;
        size_t size;
        char path[120];
        path_of(&goldens[i], path);
        uint8_t *payload = read_payload(&goldens[i], &size);
        if (!payload && bp_codec_spec_parse(NULL, goldens[i].spec, -1, &spec) == BP_OK) {
            payload = encode(&goldens[i], &spec, &size);
            FILE *file = payload ? fopen(path, "wbx") : NULL;
            if (!file || fwrite(payload, 1, size, file) != size || fclose(file) != 0) {
                fprintf(stderr, "%s cannot be written\n", path);
                return 1;
            }
            printf("%s: %zu bytes\n", path, size);
        }
        free(payload);
    }
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(golden_payloads_decode)};
    if (argc == 2 && strcmp(argv[1], "write") == 0)
        return write_missing();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
