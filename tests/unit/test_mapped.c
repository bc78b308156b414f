/* SPDX-License-Identifier: BSD-3-Clause
 * Windows of files, also of files that somebody cuts short meanwhile. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "beampress/file.h"
#include "io/mapped.h"
#include "unit/cmocka_all.h"

#define SIZE 100000

static int temporary_file(void)
{
    char name[] = "/tmp/beampress-mapped-XXXXXX";
    uint8_t bytes[SIZE];
    for (size_t i = 0; i < SIZE; i++)
        bytes[i] = (uint8_t)(i * 7);
    int fd = mkstemp(name);
    assert_true(fd >= 0);
    unlink(name);
    assert_int_equal(write(fd, bytes, SIZE), SIZE);
    return fd;
}

static void windows_begin_anywhere(void **state)
{
    (void)state;
    int fd = temporary_file();
    const size_t places[] = {0, 1, 4095, 4096, 4097, SIZE - 1};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        bp_mapped window;
        const uint8_t *bytes = bp_mapped_open(&window, fd, places[i], SIZE - places[i]);
        assert_non_null(bytes);
        assert_int_equal(bytes[0], (uint8_t)(places[i] * 7));
        assert_int_equal(bytes[SIZE - 1 - places[i]], (uint8_t)((SIZE - 1) * 7));
        bp_mapped_close(&window);
    }
    close(fd);
}

static void what_is_not_there_is_not_mapped(void **state)
{
    (void)state;
    int fd = temporary_file();
    bp_mapped window;
    assert_null(bp_mapped_open(&window, fd, 0, SIZE + 1));
    assert_null(bp_mapped_open(&window, fd, SIZE + 1, 1));
    assert_null(bp_mapped_open(&window, fd, 10, SIZE_MAX));
    assert_null(bp_mapped_open(&window, fd, UINT64_MAX, 2));
    assert_null(bp_mapped_open(&window, -1, 0, 1));
    bp_mapped_close(&window);
    close(fd);
}

static bp_status sum(void *argument)
{
    const volatile uint8_t *bytes = argument;
    unsigned total = 0;
    for (size_t i = 0; i < SIZE; i++)
        total += bytes[i];
    return total ? BP_OK : BP_E_INTERNAL;
}

static void a_file_cut_short_is_a_status(void **state)
{
    (void)state;
    struct sigaction fault = {.sa_handler = bp_input_fault};
    assert_int_equal(sigaction(SIGBUS, &fault, NULL), 0);
    bp_context *ctx = bp_context_new();
    for (int turn = 0; turn < 3; turn++) {
        int fd = temporary_file();
        bp_mapped window;
        const uint8_t *bytes = bp_mapped_open(&window, fd, 0, SIZE);
        assert_non_null(bytes);
        assert_int_equal(bp_mapped_run(ctx, sum, (void *)(uintptr_t)bytes), BP_OK);
        assert_int_equal(ftruncate(fd, 5000), 0);
        assert_int_equal(bp_mapped_run(ctx, sum, (void *)(uintptr_t)bytes), BP_E_INPUT);
        assert_string_equal(bp_context_message(ctx), "the file was cut short while it was read");
        bp_mapped_close(&window);
        close(fd);
    }
    bp_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows_begin_anywhere),
        cmocka_unit_test(what_is_not_there_is_not_mapped),
        cmocka_unit_test(a_file_cut_short_is_a_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
