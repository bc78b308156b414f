/* SPDX-License-Identifier: BSD-3-Clause
 * Messages on standard error. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

static bool starts_with_name(const char *message, const char *name)
{
    size_t length = strlen(name);
    return strncmp(message, name, length) == 0 && message[length] == ':';
}

bp_status bp_cli_fail_file(bp_cli *cli, bp_status status, const char *file, const char *other)
{
    const char *message = bp_context_message(cli->ctx);
    if (starts_with_name(message, file) || (other && starts_with_name(message, other)))
        return status;
    return bp_fail_in(cli->ctx, status, "%s", file);
}

/* One line, whatever a file's names hold. */
static void print_line(const char *text)
{
    for (; *text; text++)
        fputc((unsigned char)*text < 32 || *text == 127 ? ' ' : *text, stderr);
    fputc('\n', stderr);
}

void bp_cli_print_error(const bp_cli *cli, bp_status status)
{
    const char *message = bp_context_message(cli->ctx);
    fputs("beampress: ", stderr);
    print_line(*message ? message : bp_status_text(status));
    if (cli->pointer)
        fprintf(stderr, "%s\n", cli->pointer);
}

void bp_cli_note(const bp_cli *cli, const char *format, ...)
{
    char text[1024];
    va_list args;
    if (cli->quiet)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    fputs("beampress: ", stderr);
    print_line(text);
}
