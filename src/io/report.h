/* SPDX-License-Identifier: BSD-3-Clause
 * Filling the reports of include/beampress/file.h. */
#ifndef BP_IO_REPORT_H
#define BP_IO_REPORT_H

#include "beampress/file.h"

/* A new entry at the end, all 0 but its path. BP_E_MEMORY. */
BP_MUST_CHECK bp_status bp_report_add(bp_context *ctx, bp_file_report *report, const char *path,
                                      bp_dataset_report **entry);
/* Logs a warning and keeps it. */
BP_MUST_CHECK bp_status bp_report_warn(bp_context *ctx, bp_file_report *report, const char *format, ...)
    BP_PRINTF(3, 4);
/* Keeps the line of a chunk that is lost. */
BP_MUST_CHECK bp_status bp_report_lose(bp_context *ctx, bp_file_report *report, const char *format, ...)
    BP_PRINTF(3, 4);
/* Frees what *slot holds and puts a copy of text there. */
BP_MUST_CHECK bp_status bp_report_text(bp_context *ctx, char **slot, const char *text);

#endif
