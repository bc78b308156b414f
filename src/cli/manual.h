/* SPDX-License-Identifier: BSD-3-Clause
 * What --help and the manual say beside the tables of commands and options. */
#ifndef BP_CLI_MANUAL_H
#define BP_CLI_MANUAL_H

#include <stdio.h>

#include "cli/cli.h"

typedef struct bp_exit_code {
    int code;
    const char *text;
} bp_exit_code;

extern const bp_exit_code bp_exit_codes[]; /* ends with a row whose text is NULL */

/* command NULL: the page of beampress itself. */
void bp_manual_write(FILE *stream, const bp_command *command);
void bp_completion_write_bash(FILE *stream);
void bp_completion_write_zsh(FILE *stream);

#endif
