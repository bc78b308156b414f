/* SPDX-License-Identifier: BSD-3-Clause
 * Promises that every codec of the registry must keep, at every level and every end of every parameter. */
#include <stdio.h>

#include "algo/max_error.h"
#include "codec_inputs.h"
#include "unit/cmocka_all.h"

#define GUARD_BYTES 64
#define MAX_SPECS   64

static bp_context *ctx;

static size_t add_spec(bp_codec_spec *specs, size_t count, const bp_codec_spec *spec)
{
    assert_true(count < MAX_SPECS);
    for (size_t i = 0; i < count; i++)
        if (memcmp(specs[i].params, spec->params, sizeof spec->params) == 0)
            return count;
    specs[count] = *spec;
    return count + 1;
}

static size_t add_text(bp_codec_spec *specs, size_t count, const char *text, int level)
{
    bp_codec_spec spec;
    if (bp_codec_spec_parse(ctx, text, level, &spec) != BP_OK)
        fail_msg("%s: %s", text, bp_context_message(ctx));
    return add_spec(specs, count, &spec);
}

/* The default, the levels, and each parameter at its ends and at each of its words. */
static size_t all_specs(const bp_codec *codec, bp_codec_spec *specs)
{
    size_t count = 0;
    for (int level = -1; level < BP_LEVEL_COUNT; level++)
        count = add_text(specs, count, codec->name, level);
    for (size_t p = 0; p < codec->param_count; p++) {
        const bp_param *row = &codec->params[p];
        bool every = row->kind == BP_PARAM_CHOICE || row->kind == BP_PARAM_SWITCH;
        for (double v = row->min; v <= row->max; v = every ? v + 1 : v < row->max ? row->max : HUGE_VAL) {
            bp_codec_spec spec = specs[0];
            spec.params[p] = v;
            count = add_spec(specs, count, &spec);
        }
    }
    return count;
}

static void describe(const bp_codec_spec *spec, const bp_array *in, test_pattern pattern, char *text,
                     size_t size)
{
    size_t used = bp_codec_spec_print(spec, text, size);
    used +=
        (size_t)snprintf(text + used, size - used, " on %s, pattern %d, rank %zu:", bp_dtype_name(in->dtype),
                         (int)pattern, in->rank);
    for (size_t i = 0; i < in->rank && used < size - 24; i++)
        used += (size_t)snprintf(text + used, size - used, " %zu", in->shape[i]);
}

/* Encodes with guard bytes behind the room that was asked for. Returns the status; *coded is to be freed. */
static bp_status encode_guarded(const bp_codec_spec *spec, const bp_array *in, uint8_t **coded, size_t *size)
{
    size_t worst = bp_codec_worst_size(spec, in);
    *coded = malloc(worst + GUARD_BYTES);
    memset(*coded, 0xa5, worst + GUARD_BYTES);
    bp_status status = bp_codec_encode(ctx, spec, in, *coded, worst, size);
    for (size_t i = 0; i < GUARD_BYTES; i++)
        assert_int_equal((*coded)[worst + i], 0xa5);
    assert_true(*size <= worst);
    return status;
}

static void check_decoded(const bp_codec_spec *spec, const bp_array *in, const uint8_t *coded, size_t size,
                          const char *what)
{
    bp_array back = *in;
    size_t bytes = bp_array_bytes(in);
    uint8_t *data = malloc(bytes + GUARD_BYTES);
    memset(data, 0x5a, bytes + GUARD_BYTES);
    back.data = data;
    if (bp_codec_decode(ctx, spec, coded, size, &back) != BP_OK)
        fail_msg("%s: decode: %s", what, bp_context_message(ctx));
    for (size_t i = 0; i < GUARD_BYTES; i++)
        assert_int_equal(data[bytes + i], 0x5a);
    if (bp_codec_spec_lossless(spec)) {
        if (bytes && memcmp(data, in->data, bytes) != 0)
            fail_msg("%s: not lossless", what);
    } else if (spec->codec->error_bound) {
        double bound = spec->codec->error_bound(spec->params), error = bp_max_error(in, &back);
        if (isfinite(bound) && !(error <= bound))
            fail_msg("%s: error %g above the bound %g", what, error, bound);
    }
    free(data);
}

/* One input through one spec and back. A lossy spec may refuse what it cannot hold to, with a reason. */
static void round_trip(const bp_codec_spec *spec, const bp_array *in, test_pattern pattern)
{
    char what[600];
    uint8_t *coded, *again;
    size_t size, again_size;
    describe(spec, in, pattern, what, sizeof what);
    bp_status status = encode_guarded(spec, in, &coded, &size);
    if (status == BP_OK) {
        assert_int_equal(encode_guarded(spec, in, &again, &again_size), BP_OK);
        if (again_size != size || memcmp(coded, again, size) != 0)
            fail_msg("%s: two runs, two results", what);
        free(again);
        check_decoded(spec, in, coded, size, what);
    } else if (bp_codec_spec_lossless(spec) || (status != BP_E_UNSUPPORTED && status != BP_E_BOUND) ||
               !*bp_context_message(ctx)) {
        fail_msg("%s: status %d: %s", what, (int)status, bp_context_message(ctx));
    }
    free(coded);
}

/* The default spec meets every shape and pattern; of the others each meets a quarter, another one for each
 * type. */
static void round_trips_of_spec(const bp_codec_spec *spec, size_t number, bp_dtype dtype)
{
    for (size_t s = 0; s < TEST_SHAPE_COUNT; s++) {
        for (unsigned p = 0; p < PATTERN_COUNT; p++) {
            bp_array in;
            if (number > 0 && (number + dtype + s + 3 * p) % 4 != 0)
                continue;
            test_array_make(&in, dtype, &test_shapes[s], (test_pattern)p);
            if (bp_codec_check(ctx, spec, &in) == BP_OK)
                round_trip(spec, &in, (test_pattern)p);
            else
                assert_true(*bp_context_message(ctx));
            free(in.data);
        }
    }
}

static void every_codec_gives_back_what_it_promises(void **state)
{
    (void)state;
    bp_codec_spec specs[MAX_SPECS];
    const bp_codec *codec;
    for (size_t c = 0; (codec = bp_codec_at(c)); c++) {
        size_t count = all_specs(codec, specs);
        for (size_t i = 0; i < count; i++)
            for (unsigned dtype = 0; dtype < BP_DTYPE_COUNT; dtype++)
                /* the other specs meet every second type */
                if (codec->dtypes & 1u << dtype && (i == 0 || (i + dtype) % 2 == 0))
                    round_trips_of_spec(&specs[i], i, (bp_dtype)dtype);
    }
}

static void the_default_is_lossless_and_takes_any_values(void **state)
{
    (void)state;
    const bp_codec *codec;
    for (size_t c = 0; (codec = bp_codec_at(c)); c++) {
        bp_codec_spec spec;
        assert_int_equal(bp_codec_spec_parse(ctx, codec->name, -1, &spec), BP_OK);
        assert_true(bp_codec_spec_lossless(&spec));
        for (unsigned dtype = 0; dtype < BP_DTYPE_COUNT; dtype++) {
            bp_array in;
            test_array_make(&in, (bp_dtype)dtype, &(test_shape){2, {5, 9}}, PATTERN_RANDOM);
            bp_status expected = codec->dtypes & 1u << dtype ? BP_OK : BP_E_UNSUPPORTED;
            assert_int_equal(bp_codec_check(ctx, &spec, &in), expected);
            if (expected != BP_OK)
                assert_non_null(strstr(bp_context_message(ctx), bp_dtype_name((bp_dtype)dtype)));
            free(in.data);
        }
    }
}

static void too_many_axes_are_refused(void **state)
{
    (void)state;
    const bp_codec *codec;
    test_shape shape = {BP_MAX_RANK, {0}};
    for (size_t c = 0; (codec = bp_codec_at(c)); c++) {
        bp_codec_spec spec;
        unsigned dtype = 0;
        while (!(codec->dtypes & 1u << dtype))
            dtype++;
        for (size_t i = 0; i < BP_MAX_RANK; i++)
            shape.shape[i] = i <= codec->max_rank && i < 12 ? 2 : 1;
        bp_array in;
        test_array_make(&in, (bp_dtype)dtype, &shape, PATTERN_RAMP);
        assert_int_equal(bp_codec_spec_parse(ctx, codec->name, -1, &spec), BP_OK);
        bool fits = codec->max_rank >= 12;
        assert_int_equal(bp_codec_check(ctx, &spec, &in), fits ? BP_OK : BP_E_UNSUPPORTED);
        free(in.data);
    }
}

static void small_output_and_wrong_parameters_are_refused(void **state)
{
    (void)state;
    bp_codec_spec specs[MAX_SPECS];
    const bp_codec *codec;
    for (size_t c = 0; (codec = bp_codec_at(c)); c++) {
        size_t count = all_specs(codec, specs), size;
        for (unsigned dtype = 0; dtype < BP_DTYPE_COUNT; dtype++) {
            bp_array in;
            test_array_make(&in, (bp_dtype)dtype, &(test_shape){2, {19, 23}}, PATTERN_RANDOM);
            uint8_t *out = malloc(100000);
            for (size_t room = 0; codec->dtypes & 1u << dtype && room < 100; room += 13) {
                assert_int_equal(bp_codec_encode(ctx, &specs[0], &in, out, room, &size), BP_E_USAGE);
                assert_int_equal(size, 0);
            }
            free(out);
            free(in.data);
        }
        for (size_t p = 0; p < codec->param_count; p++) {
            const double wrong[] = {codec->params[p].min - 1, codec->params[p].max * 2 + 1, (double)NAN};
            for (size_t w = 0; w < 3; w++) {
                bp_codec_spec spec = specs[count - 1];
                spec.params[p] = wrong[w];
                bp_array in;
                assert_int_equal(bp_array_init(&in, BP_U16, 0, 0, NULL, NULL), BP_OK);
                assert_int_equal(bp_codec_check(ctx, &spec, &in), BP_E_USAGE);
                assert_non_null(strstr(bp_context_message(ctx), codec->params[p].name));
            }
        }
    }
}

static void numbers_stay_reserved(void **state)
{
    (void)state;
    const bp_codec *codec, *before = NULL;
    static const char *const names[] = {NULL,     "store",  "lz4",      "zstd",   "deflate", "bslz4",
                                        "bszstd", "jpegls", "jpeg2000", "jpegxl", "zfp",     "photon"};
    for (uint16_t number = 1; number < sizeof names / sizeof names[0]; number++) {
        if (bp_codec_reserved_name(number))
            assert_string_equal(bp_codec_reserved_name(number), names[number]);
        codec = bp_codec_by_number(number);
        if (codec)
            assert_string_equal(codec->name, names[number]);
    }
    for (size_t c = 0; (codec = bp_codec_at(c)); c++) {
        assert_ptr_equal(bp_codec_by_name(codec->name), codec);
        assert_true(!before || before->number < codec->number);
        char text[80];
        if (codec->library)
            assert_in_range(codec->library(text, sizeof text), 3, sizeof text - 1);
        before = codec;
    }
    bp_codec_spec spec;
    assert_int_equal(bp_codec_spec_parse(ctx, "nosuch", -1, &spec), BP_E_USAGE);
}

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_stay_reserved),
        cmocka_unit_test(the_default_is_lossless_and_takes_any_values),
        cmocka_unit_test(too_many_axes_are_refused),
        cmocka_unit_test(small_output_and_wrong_parameters_are_refused),
        cmocka_unit_test(every_codec_gives_back_what_it_promises),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
