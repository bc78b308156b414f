/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "base/hash.h"
#include "beampress/beampress.h"
#include "unit/cmocka_all.h"

static void status_has_text_and_exit_code(void **state)
{
    (void)state;
    assert_string_equal(bp_status_text(BP_OK), "done");
    assert_int_equal(bp_status_exit_code(BP_E_LOSS), 4);
    assert_int_equal(bp_status_exit_code(BP_E_INTERRUPTED), 130);
    assert_non_null(bp_status_text((bp_status)9999));
}

static void messages_nest(void **state)
{
    (void)state;
    bp_context *ctx = bp_context_new();
    assert_int_equal(bp_fail(ctx, BP_E_DAMAGED, "chunk %d", 3), BP_E_DAMAGED);
    assert_int_equal(bp_fail_in(ctx, BP_E_DAMAGED, "%s", "/entry/data"), BP_E_DAMAGED);
    assert_string_equal(bp_context_message(ctx), "/entry/data: chunk 3");
    bp_context *child = bp_context_child(ctx);
    bp_context_cancel(child);
    assert_true(bp_context_cancelled(ctx));
    bp_context_free(child);
    bp_context_free(ctx);
}

static void arrays_refuse_what_does_not_fit(void **state)
{
    (void)state;
    bp_array array;
    size_t huge[2] = {SIZE_MAX / 2, 4}, empty[2] = {0, 5};
    assert_int_equal(bp_array_init(&array, BP_U16, 0, 2, huge, NULL), BP_E_USAGE);
    assert_int_equal(bp_array_init(&array, BP_OPAQUE, 0, 0, NULL, NULL), BP_E_USAGE);
    assert_int_equal(bp_array_init(&array, BP_U16, 4, 2, empty, NULL), BP_E_USAGE);
    assert_int_equal(bp_array_init(&array, BP_U16, 0, 2, empty, NULL), BP_OK);
    assert_int_equal(bp_array_bytes(&array), 0);
}

static void parts_are_copied(void **state)
{
    (void)state;
    uint16_t values[4][5], taken[2][3];
    for (unsigned i = 0; i < 20; i++)
        values[i / 5][i % 5] = (uint16_t)i;
    bp_array whole, part, target;
    size_t shape[2] = {4, 5}, offset[2] = {1, 2}, size[2] = {2, 3};
    assert_int_equal(bp_array_init(&whole, BP_U16, 0, 2, shape, values), BP_OK);
    assert_int_equal(bp_array_part(&whole, offset, size, &part), BP_OK);
    assert_false(bp_array_contiguous(&part));
    assert_int_equal(bp_array_init(&target, BP_U16, 0, 2, size, taken), BP_OK);
    assert_int_equal(bp_array_copy(&part, &target), BP_OK);
    assert_int_equal(taken[0][0], 7);
    assert_int_equal(taken[1][2], 14);
    offset[0] = 3;
    assert_int_equal(bp_array_part(&whole, offset, size, &part), BP_E_USAGE);
}

static void parameters_are_parsed(void **state)
{
    (void)state;
    static const char *const words[] = {"low", "high", NULL};
    const bp_param rows[] = {
        {"level", "", BP_PARAM_INTEGER, 1, 9, 5, NULL, ""},
        {"step", "sigma", BP_PARAM_REAL, 0, 10, 0.5, NULL, ""},
        {"mode", "", BP_PARAM_CHOICE, 0, 1, 0, words, ""},
        {"shuffle", "", BP_PARAM_SWITCH, 0, 1, 1, NULL, ""},
    };
    double values[4];
    char text[80];
    bp_context *ctx = bp_context_new();
    bp_param_defaults(rows, 4, values);
    assert_int_equal(bp_param_parse(ctx, "x", rows, 4, "step=0.1,mode=high,shuffle=no", values), BP_OK);
    size_t length = bp_param_print(rows, 4, values, text, sizeof text);
    assert_string_equal(text, "level=5,step=0.1,mode=high,shuffle=0");
    assert_int_equal(length, strlen(text));
    assert_int_equal(bp_param_print(rows, 4, values, text, 4), length);
    values[1] = 10;
    bp_param_print(rows, 4, values, text, sizeof text);
    assert_string_equal(text, "level=5,step=10,mode=high,shuffle=0");
    const char *wrong[] = {
        "level=10", "level=2.5", "level=nan", "level=", "level", "colour=1", "mode=middle", "step=1x"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(bp_param_parse(ctx, "x", rows, 4, wrong[i], values), BP_E_USAGE);
    bp_context_free(ctx);
}

static void fletcher32_matches_hdf5(void **state)
{
    (void)state;
    /* what H5_checksum_fletcher32 of HDF5 1.10.8 gives */
    uint8_t bytes[5000];
    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * i * 7 + 3);
    assert_int_equal(bp_fletcher32("abcde", 5), 0x4ff029c7);
    assert_int_equal(bp_fletcher32(bytes, 5000), 0xd3f4273d);
    assert_int_equal(bp_fletcher32(bytes, 4999), 0xd39a26e3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(status_has_text_and_exit_code),   cmocka_unit_test(messages_nest),
        cmocka_unit_test(arrays_refuse_what_does_not_fit), cmocka_unit_test(parts_are_copied),
        cmocka_unit_test(parameters_are_parsed),           cmocka_unit_test(fletcher32_matches_hdf5),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
