/* SPDX-License-Identifier: BSD-3-Clause
 * The report of a scan as one HTML file that needs no network: docs/explore-format.md in, a page out. */
#ifndef BP_REPORT_PAGE_H
#define BP_REPORT_PAGE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "beampress/context.h"

/* Is scan what docs/explore-format.md says? BP_E_INPUT names the field that is missing or of another type. */
BP_MUST_CHECK bp_status bp_page_check(bp_context *ctx, const json_t *scan);
/* Writes the page. scan has been checked. BP_E_OUTPUT when the stream cannot be written. */
BP_MUST_CHECK bp_status bp_page_write(bp_context *ctx, const json_t *scan, FILE *stream);
/* Does this build carry the plotting library? Without, tables stand in for plots. */
bool bp_page_has_plots(void);

#endif
