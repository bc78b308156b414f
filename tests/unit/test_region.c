/* SPDX-License-Identifier: BSD-3-Clause
 * bp_read_region gives what the whole dataset holds there. */
#include <stdlib.h>
#include <string.h>

#include "beampress/beampress.h"
#include "unit/cmocka_all.h"

#define FILE_NAME "samples/tomography.h5"
#define DATASET   "/entry/data/data"

static void region_is_part_of_the_whole(void **state)
{
    static const uint64_t offsets[][3] = {{0, 0, 0}, {3, 7, 11}, {23, 134, 159}, {5, 0, 100}};
    static const size_t shapes[][3] = {{24, 135, 160}, {4, 100, 9}, {1, 1, 1}, {2, 135, 60}};
    (void)state;
    bp_file_options options;
    bp_array whole, part, view;
    const uint64_t zero[3] = {0};
    bp_file_options_init(&options);
    options.threads = 2;
    assert_int_equal(bp_dataset_describe(NULL, FILE_NAME, DATASET, &whole), BP_OK);
    assert_true(whole.dtype == BP_U16 && whole.rank == 3 && whole.shape[1] == 135);
    whole.data = malloc(bp_array_bytes(&whole));
    uint8_t *room = malloc(bp_array_bytes(&whole)), *expected = malloc(bp_array_bytes(&whole));
    assert_true(whole.data && room && expected);
    assert_int_equal(bp_read_region(NULL, FILE_NAME, DATASET, zero, &options, &whole), BP_OK);
    for (size_t i = 0; i < sizeof offsets / sizeof offsets[0]; i++) {
        size_t at[3] = {(size_t)offsets[i][0], (size_t)offsets[i][1], (size_t)offsets[i][2]};
        bp_array target;
        assert_int_equal(bp_array_init(&part, BP_U16, 0, 3, shapes[i], room), BP_OK);
        memset(room, 0xee, bp_array_bytes(&part));
        assert_int_equal(bp_read_region(NULL, FILE_NAME, DATASET, offsets[i], &options, &part), BP_OK);
        assert_int_equal(bp_array_part(&whole, at, shapes[i], &view), BP_OK);
        assert_int_equal(bp_array_init(&target, BP_U16, 0, 3, shapes[i], expected), BP_OK);
        assert_int_equal(bp_array_copy(&view, &target), BP_OK);
        assert_memory_equal(room, expected, bp_array_bytes(&part));
    }
    free(whole.data);
    free(room);
    free(expected);
}

static void what_is_not_there_is_refused(void **state)
{
    static const uint64_t behind[3] = {24, 0, 0}, across[3] = {23, 0, 0}, huge[3] = {UINT64_MAX, 0, 0},
                          zero[3] = {0};
    static const size_t shape[3] = {2, 3, 4};
    uint32_t room[24];
    bp_file_options options;
    bp_array out, described;
    (void)state;
    bp_file_options_init(&options);
    assert_int_equal(bp_array_init(&out, BP_U16, 0, 3, shape, room), BP_OK);
    assert_int_equal(bp_read_region(NULL, FILE_NAME, DATASET, behind, &options, &out), BP_E_USAGE);
    assert_int_equal(bp_read_region(NULL, FILE_NAME, DATASET, across, &options, &out), BP_E_USAGE);
    assert_int_equal(bp_read_region(NULL, FILE_NAME, DATASET, huge, &options, &out), BP_E_USAGE);
    assert_int_equal(bp_read_region(NULL, FILE_NAME, "/nosuch", zero, &options, &out), BP_E_INPUT);
    assert_int_equal(bp_read_region(NULL, "nosuch.h5", DATASET, zero, &options, &out), BP_E_INPUT);
    assert_int_equal(bp_array_init(&out, BP_U32, 0, 3, shape, room), BP_OK);
    assert_int_equal(bp_read_region(NULL, FILE_NAME, DATASET, zero, &options, &out), BP_E_USAGE);
    assert_int_equal(bp_array_init(&out, BP_U16, 0, 2, shape, room), BP_OK);
    assert_int_equal(bp_read_region(NULL, FILE_NAME, DATASET, zero, &options, &out), BP_E_USAGE);
    assert_int_equal(bp_dataset_describe(NULL, FILE_NAME, "/entry", &described), BP_E_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(region_is_part_of_the_whole),
        cmocka_unit_test(what_is_not_there_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
