/* SPDX-License-Identifier: BSD-3-Clause
 * Parameter rows as people and programs read them. */
#ifndef BP_CLI_LIST_PARAMS_H
#define BP_CLI_LIST_PARAMS_H

#include <jansson.h>
#include <stdio.h>

#include "beampress/param.h"

json_t *bp_list_param_json(const bp_param *param);
/* A table, a line for each row, behind indent blanks. */
void bp_list_params_print(const bp_param *params, size_t count, FILE *stream, int indent);
/* "0.01 ... 10000", or the words of a choice. */
void bp_list_param_values(const bp_param *param, char *text, size_t size);
/* "mean over the frame (0.01 ... 10000 photons, default 1)" */
void bp_list_param_describe(const bp_param *param, char *text, size_t size);

#endif
