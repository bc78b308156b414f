/* SPDX-License-Identifier: BSD-3-Clause
 * What a scan found, as docs/explore-format.md says. */
#ifndef BP_CLI_EXPLORE_H
#define BP_CLI_EXPLORE_H

#include "cli/cli.h"
#include "explore/explore.h"

/* Fills cli->result. */
void bp_explore_json(bp_cli *cli, const bp_explore_options *options, const bp_explore_report *report);
/* The verdict in one sentence for a person. */
void bp_explore_sentence(const bp_explore_report *report, char *text, size_t size);
json_t *bp_explore_previews(const bp_explore_report *report);
const char *bp_explore_family(const bp_explore_report *report, size_t family);

#endif
