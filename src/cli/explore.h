/* SPDX-License-Identifier: BSD-3-Clause
 * What a scan found, as docs/explore-format.md says. */
#ifndef BP_CLI_EXPLORE_H
#define BP_CLI_EXPLORE_H

#include <stdio.h>

#include "cli/cli.h"
#include "explore/explore.h"

/* Fills cli->result. */
void bp_explore_json(bp_cli *cli, const bp_explore_options *options, const bp_explore_report *report);
/* The verdict in one sentence for a person. */
void bp_explore_sentence(const bp_explore_report *report, char *text, size_t size);
/* Writes best.pipeline, when explore.json stands in the folder. */
BP_MUST_CHECK bp_status bp_explore_write_best(bp_cli *cli, const bp_explore_report *report,
                                              const char *folder, FILE *file);
json_t *bp_explore_previews(const bp_explore_report *report);
const char *bp_explore_family(const bp_explore_report *report, size_t family);

#endif
