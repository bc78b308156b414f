/* SPDX-License-Identifier: BSD-3-Clause
 * The Python of src/cli/field/, carried inside the command. The table is made by cmake/embed.cmake. */
#ifndef BP_CLI_FIELD_SCRIPTS_H
#define BP_CLI_FIELD_SCRIPTS_H

#include "report/page_parts.h"

/* Named as the programs are, and "field": what they share. */
extern const bp_page_part bp_field_scripts[];

#endif
