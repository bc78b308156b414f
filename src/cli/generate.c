/* SPDX-License-Identifier: BSD-3-Clause
 * `beampress generate man|completion FOLDER`: what the build installs. */
#include <errno.h>
#include <string.h>

#include "cli/manual.h"

static bp_status open_file(bp_cli *cli, const char *folder, const char *name, FILE **stream)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    *stream = fopen(path, "w");
    return *stream ? BP_OK : bp_fail(cli->ctx, BP_E_OUTPUT, "%s: %s", path, strerror(errno));
}

static bp_status close_file(bp_cli *cli, const char *name, FILE *stream)
{
    bool failed = ferror(stream) != 0;
    failed |= fclose(stream) != 0;
    return failed ? bp_fail(cli->ctx, BP_E_OUTPUT, "%s: %s", name, strerror(errno)) : BP_OK;
}

static bp_status write_page(bp_cli *cli, const char *folder, const bp_command *command)
{
    char name[64];
    FILE *stream;
    snprintf(name, sizeof name, "beampress%s%s.1", command ? "-" : "", command ? command->name : "");
    bp_status status = open_file(cli, folder, name, &stream);
    if (status != BP_OK)
        return status;
    bp_manual_write(stream, command);
    return close_file(cli, name, stream);
}

static bp_status write_completion(bp_cli *cli, const char *folder, const char *name, void (*write)(FILE *))
{
    FILE *stream;
    bp_status status = open_file(cli, folder, name, &stream);
    if (status != BP_OK)
        return status;
    write(stream);
    return close_file(cli, name, stream);
}

bp_status bp_cli_generate(bp_cli *cli, const char *what, const char *folder)
{
    if (strcmp(what, "man") == 0) {
        bp_status status = write_page(cli, folder, NULL);
        for (size_t i = 0; i < COMMAND_COUNT && status == BP_OK; i++)
            status = write_page(cli, folder, &bp_commands[i]);
        return status;
    }
    if (strcmp(what, "completion") == 0) {
        bp_status status = write_completion(cli, folder, "beampress.bash", bp_completion_write_bash);
        return status == BP_OK ? write_completion(cli, folder, "_beampress", bp_completion_write_zsh)
                               : status;
    }
    return bp_fail(cli->ctx, BP_E_USAGE, "generate takes man or completion");
}
