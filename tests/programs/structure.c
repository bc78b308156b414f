/* SPDX-License-Identifier: BSD-3-Clause
 * The copy engine and the comparison by themselves, for tests:
 *   structure copy IN OUT          everything verbatim
 *   structure verify A B [BOUND]
 *   structure targets FILE         the files that FILE points to
 *   structure check IN OUT [follow] [keep]   may OUT be written from IN?
 *   structure follow IN [keep]     the files to write beside its output */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "beampress/beampress.h"
#include "io/hdf5_copy.h"
#include "io/hdf5_file.h"
#include "io/hdf5_links.h"

static void print_log(void *user, bp_log_level level, const char *text)
{
    (void)user;
    (void)level;
    fprintf(stderr, "%s\n", text);
}

static bp_status copy(bp_context *ctx, const char *from, const char *to)
{
    hid_t file;
    bp_status status = bp_h5_open(ctx, from, &file);
    if (status != BP_OK)
        return status;
    status = bp_h5_copy_file(ctx, file, to, NULL);
    bp_h5_release(&file);
    return status;
}

static bp_status verify(bp_context *ctx, const char *a, const char *b, const char *bound)
{
    bp_verify_options options = {.bound = bound ? strtod(bound, NULL) : -1};
    bp_verify_report report;
    bp_status status = bp_verify_files(ctx, a, b, &options, &report);
    if (report.first_difference)
        printf("%s\n", report.first_difference);
    printf("identical %d datasets %" PRIu64 " values %" PRIu64 " bytes %" PRIu64 " error %g\n",
           report.identical, report.datasets, report.values, report.raw_bytes, report.max_error);
    bp_verify_report_fini(&report);
    return status;
}

static bp_status targets(bp_context *ctx, const char *path)
{
    bp_h5_target_list list;
    bp_status status = bp_h5_list_targets(ctx, path, &list);
    for (size_t i = 0; status == BP_OK && i < list.count; i++) {
        const bp_h5_target *t = &list.targets[i];
        printf("%d|%s|%s|%s|%d|%d\n", (int)t->kind, t->object, t->name, t->resolved, t->exists, t->beside);
    }
    bp_h5_target_list_fini(&list);
    return status;
}

static bp_status follow(bp_context *ctx, const char *path, bool keep)
{
    bp_h5_followed_list list;
    bp_status status = bp_h5_follow_targets(ctx, path, keep, &list);
    for (size_t i = 0; status == BP_OK && i < list.count; i++)
        printf("%s|%s|%d\n", list.files[i].source, list.files[i].relative, list.files[i].raw);
    bp_h5_followed_list_fini(&list);
    return status;
}

static bool has_word(int argc, char **argv, const char *word)
{
    for (int i = 3; i < argc; i++)
        if (strcmp(argv[i], word) == 0)
            return true;
    return false;
}

int main(int argc, char **argv)
{
    bp_context *ctx = bp_context_new();
    bp_status status = BP_E_USAGE;
    const char *command = argc > 2 ? argv[1] : "";
    bp_context_set_log(ctx, print_log, NULL);
    if (argc > 3 && strcmp(command, "copy") == 0)
        status = copy(ctx, argv[2], argv[3]);
    else if (argc > 3 && strcmp(command, "verify") == 0)
        status = verify(ctx, argv[2], argv[3], argc > 4 ? argv[4] : NULL);
    else if (strcmp(command, "targets") == 0)
        status = targets(ctx, argv[2]);
    else if (argc > 3 && strcmp(command, "check") == 0)
        status = bp_h5_check_targets(ctx, argv[2], argv[3], has_word(argc, argv, "follow"),
                                     has_word(argc, argv, "keep"));
    else if (strcmp(command, "follow") == 0)
        status = follow(ctx, argv[2], has_word(argc, argv, "keep"));
    if (status != BP_OK)
        fprintf(stderr, "%s\n", bp_context_message(ctx));
    bp_context_free(ctx);
    return bp_status_exit_code(status);
}
