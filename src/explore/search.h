/* SPDX-License-Identifier: BSD-3-Clause
 * The points of a scan: which are tried, in which order. */
#ifndef BP_EXPLORE_SEARCH_H
#define BP_EXPLORE_SEARCH_H

#include "explore/explore.h"

/* Fills families and points of the report, whose trial is there. */
BP_MUST_CHECK bp_status bp_explore_search(bp_context *ctx, const bp_explore_options *options,
                                          bp_explore_report *report);
double bp_explore_clock(void); /* seconds */

#endif
