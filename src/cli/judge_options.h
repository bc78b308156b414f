/* SPDX-License-Identifier: BSD-3-Clause
 * What judge and explore are asked: techniques and budgets. */
#ifndef BP_CLI_JUDGE_OPTIONS_H
#define BP_CLI_JUDGE_OPTIONS_H

#include "cli/cli.h"
#include "explore/verdict.h"

typedef struct bp_question {
    char **techniques; /* "name" or "name:key=value,..." */
    size_t technique_count;
    bp_budgets budgets;
    char *text; /* owns the names of the budgets */
} bp_question;

/* Reads --science and the words key=value behind the first `files` files: budget=X, random=X, budget.NAME=X,
 * random.NAME=X, and parameters of the techniques. Freed with bp_question_fini in every case. */
bp_status bp_cli_question(bp_cli *cli, size_t files, bp_question *question);
void bp_question_fini(bp_question *question);

#endif
