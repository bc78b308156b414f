/* SPDX-License-Identifier: BSD-3-Clause
 * The copy engine by itself: structure copy IN OUT */
#include <stdio.h>
#include <string.h>

#include "beampress/beampress.h"
#include "io/hdf5_copy.h"
#include "io/hdf5_file.h"

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

int main(int argc, char **argv)
{
    bp_context *ctx = bp_context_new();
    bp_status status = BP_E_USAGE;
    bp_context_set_log(ctx, print_log, NULL);
    if (argc == 4 && strcmp(argv[1], "copy") == 0)
        status = copy(ctx, argv[2], argv[3]);
    if (status != BP_OK)
        fprintf(stderr, "%s\n", bp_context_message(ctx));
    bp_context_free(ctx);
    return bp_status_exit_code(status);
}
