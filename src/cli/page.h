/* SPDX-License-Identifier: BSD-3-Clause
 * The HTML report as a file. */
#ifndef BP_CLI_PAGE_H
#define BP_CLI_PAGE_H

#include "cli/cli.h"

/* Writes the page of a scan (docs/explore-format.md) to path, which appears when it is complete. input: a
 * file that it must not be, or NULL. */
BP_MUST_CHECK bp_status bp_cli_write_page(bp_cli *cli, const json_t *scan, const char *input,
                                          const char *path);

#endif
