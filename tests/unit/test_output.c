/* SPDX-License-Identifier: BSD-3-Clause */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/output.h"
#include "unit/cmocka_all.h"

static char folder[64], input[96], path[96];
static bp_context *ctx;

static void write_file(const char *name, const char *text)
{
    FILE *f = fopen(name, "w");
    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

static void assert_holds(const char *name, const char *text)
{
    char found[64] = "";
    FILE *f = fopen(name, "r");
    assert_non_null(f);
    assert_true(fgets(found, sizeof found, f) || !*text);
    fclose(f);
    assert_string_equal(found, text);
}

/* Files of the folder that have the given text in their names. */
static int count_files(const char *text)
{
    int count = 0;
    DIR *entries = opendir(folder);
    assert_non_null(entries);
    for (struct dirent *e; (e = readdir(entries));)
        count += e->d_name[0] != '.' || strlen(e->d_name) > 2 ? strstr(e->d_name, text) != NULL : 0;
    closedir(entries);
    return count;
}

static int set_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/beampress-test-output-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(input, sizeof input, "%s/in", folder);
    snprintf(path, sizeof path, "%s/out", folder);
    write_file(input, "input");
    ctx = bp_context_new();
    return ctx ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    char name[400];
    DIR *entries = opendir(folder);
    for (struct dirent *e; entries && (e = readdir(entries));) {
        snprintf(name, sizeof name, "%s/%s", folder, e->d_name);
        unlink(name);
    }
    closedir(entries);
    bp_context_free(ctx);
    return rmdir(folder);
}

static bp_status begin(bool overwrite, bool replace, bp_output *output)
{
    return bp_output_begin(ctx, input, replace ? input : path, overwrite, replace, output);
}

static void output_appears_on_commit_only(void **state)
{
    (void)state;
    bp_output output;
    assert_int_equal(begin(false, false, &output), BP_OK);
    write_file(output.temporary, "new");
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(bp_output_commit(ctx, &output), BP_OK);
    bp_output_end(&output);
    assert_holds(path, "new");
    assert_int_equal(count_files(".tmp"), 0);

    assert_int_equal(begin(true, false, &output), BP_OK);
    bp_output_end(&output);
    assert_holds(path, "new");
    assert_int_equal(count_files(".tmp"), 0);
}

static void an_output_that_exists_is_kept(void **state)
{
    (void)state;
    bp_output output;
    write_file(path, "old");
    assert_int_equal(begin(false, false, &output), BP_E_OUTPUT);
    bp_output_end(&output);
    assert_holds(path, "old");
    /* also one that appeared in the meantime */
    unlink(path);
    assert_int_equal(begin(false, false, &output), BP_OK);
    write_file(path, "other");
    assert_int_equal(bp_output_commit(ctx, &output), BP_E_OUTPUT);
    bp_output_end(&output);
    assert_holds(path, "other");
    assert_int_equal(begin(true, false, &output), BP_OK);
    write_file(output.temporary, "new");
    assert_int_equal(bp_output_commit(ctx, &output), BP_OK);
    bp_output_end(&output);
    assert_holds(path, "new");
}

static void an_input_is_no_output(void **state)
{
    (void)state;
    bp_output output;
    assert_int_equal(symlink(input, path), 0);
    assert_int_equal(begin(true, false, &output), BP_E_USAGE);
    bp_output_end(&output);
    unlink(path);
    assert_int_equal(link(input, path), 0);
    assert_int_equal(begin(true, false, &output), BP_E_USAGE);
    bp_output_end(&output);
    assert_int_equal(bp_output_begin(ctx, input, input, true, false, &output), BP_E_USAGE);
    bp_output_end(&output);
    assert_holds(input, "input");
}

static void replacing_keeps_mode_and_links(void **state)
{
    (void)state;
    bp_output output;
    struct stat st;
    assert_int_equal(chmod(input, 0640), 0);
    assert_int_equal(symlink(input, path), 0);
    assert_int_equal(bp_output_begin(ctx, path, path, false, true, &output), BP_OK);
    write_file(output.temporary, "new");
    assert_int_equal(bp_output_commit(ctx, &output), BP_OK);
    bp_output_end(&output);
    assert_int_equal(lstat(path, &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    assert_holds(input, "new");
    assert_int_equal(stat(input, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
}

/* A child begins an output and is killed; another one lives. */
static void temporaries_of_the_dead_are_removed(void **state)
{
    (void)state;
    bp_output alive, output;
    char other[128];
    snprintf(other, sizeof other, "%s/.other.beampress-h-1-0.tmp", folder);
    write_file(other, "of another output");
    assert_int_equal(begin(false, false, &alive), BP_OK);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (begin(false, false, &output) == BP_OK)
            raise(SIGKILL);
        _exit(1);
    }
    int how;
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFSIGNALED(how));
    assert_int_equal(count_files(".tmp"), 3);
    assert_int_equal(begin(false, false, &output), BP_OK);
    assert_int_equal(count_files(".tmp"), 3);
    assert_int_equal(access(alive.temporary, F_OK), 0);
    assert_int_equal(access(other, F_OK), 0);
    bp_output_end(&output);
    bp_output_end(&alive);
    assert_int_equal(count_files(".tmp"), 1);
}

static void long_names_and_missing_folders(void **state)
{
    (void)state;
    bp_output output;
    char name[256], longest[400];
    memset(name, 'n', 255);
    name[255] = 0;
    snprintf(longest, sizeof longest, "%s/%s", folder, name);
    assert_int_equal(bp_output_begin(ctx, input, longest, false, false, &output), BP_OK);
    assert_int_equal(bp_output_commit(ctx, &output), BP_OK);
    bp_output_end(&output);
    assert_int_equal(access(longest, F_OK), 0);
    snprintf(longest, sizeof longest, "%s/nowhere/out", folder);
    assert_int_equal(bp_output_begin(ctx, input, longest, false, false, &output), BP_E_OUTPUT);
    bp_output_end(&output);
    assert_int_equal(bp_output_begin(ctx, input, folder, true, false, &output), BP_E_OUTPUT);
    bp_output_end(&output);
}

static void a_changed_file_is_noticed(void **state)
{
    (void)state;
    bp_file_stamp stamp;
    assert_int_equal(bp_file_stamp_take(ctx, input, &stamp), BP_OK);
    assert_int_equal(bp_file_stamp_check(ctx, input, &stamp), BP_OK);
    write_file(input, "longer than before");
    assert_int_equal(bp_file_stamp_check(ctx, input, &stamp), BP_E_INPUT);
    unlink(input);
    assert_int_equal(bp_file_stamp_check(ctx, input, &stamp), BP_E_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(output_appears_on_commit_only, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_output_that_exists_is_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_input_is_no_output, set_up, tear_down),
        cmocka_unit_test_setup_teardown(replacing_keeps_mode_and_links, set_up, tear_down),
        cmocka_unit_test_setup_teardown(temporaries_of_the_dead_are_removed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(long_names_and_missing_folders, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_changed_file_is_noticed, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
