/* SPDX-License-Identifier: BSD-3-Clause
 * judge --with PROGRAM: the field's own program, where it is installed, on both files; its figures stand
 * beside ours and take no part in the verdict. */
#ifndef BP_CLI_FIELD_H
#define BP_CLI_FIELD_H

#include "cli/cli.h"
#include "cli/judge_options.h"
#include "explore/judge.h"

/* One row for each program; its part of Python stands in src/cli/field/. */
typedef struct bp_field_program {
    const char *name;
    const char *technique; /* that it has something to say on */
    const char *command;   /* Python that brings it along, looked for before python3; NULL: none */
    const char *package;   /* Debian's */
    const char *does;      /* what is run */
    bool geometry;         /* it cannot work without */
} bp_field_program;

/* What --with names, NULL when it was not given; one that is not known, or has nothing to say on what is
 * asked, is wrong use. */
bp_status bp_field_choose(bp_cli *cli, const bp_question *question, const bp_field_program **program);
/* Runs it and sets the key "with" of the result. What goes wrong with the program is told there; a failure
 * that is returned is one of ours (a file that cannot be read, no room for temporary files). */
bp_status bp_field_run(bp_cli *cli, const bp_field_program *program, const bp_judge_options *options);
/* What bp_field_run found, as text. */
void bp_field_print(const bp_cli *cli, const bp_field_program *program);

#endif
