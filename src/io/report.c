/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/report.h"

static bp_status no_memory(bp_context *ctx)
{
    return bp_fail(ctx, BP_E_MEMORY, "no memory for the report");
}

/* Grows by doubling: the room is the next power of two. */
static void *grow(void *items, size_t count, size_t size)
{
    if (count & (count - 1))
        return items;
    return reallocarray(items, count ? count * 2 : 1, size);
}

bp_status bp_report_add(bp_context *ctx, bp_file_report *report, const char *path, bp_dataset_report **entry)
{
    bp_dataset_report *all = grow(report->datasets, report->dataset_count, sizeof *all);
    if (!all)
        return no_memory(ctx);
    report->datasets = all;
    *entry = &all[report->dataset_count];
    memset(*entry, 0, sizeof **entry);
    (*entry)->path = strdup(path);
    if (!(*entry)->path)
        return no_memory(ctx);
    report->dataset_count++;
    return BP_OK;
}

BP_PRINTF(4, 0)
static bp_status add_line(bp_context *ctx, char ***lines, size_t *count, const char *format, va_list args)
{
    char **all = grow(*lines, *count, sizeof *all);
    if (!all)
        return no_memory(ctx);
    *lines = all;
    if (vasprintf(&all[*count], format, args) < 0)
        return no_memory(ctx);
    ++*count;
    return BP_OK;
}

bp_status bp_report_warn(bp_context *ctx, bp_file_report *report, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    bp_status status = add_line(ctx, &report->warnings, &report->warning_count, format, args);
    va_end(args);
    if (status == BP_OK)
        bp_log(ctx, BP_LOG_WARNING, "%s", report->warnings[report->warning_count - 1]);
    return status;
}

bp_status bp_report_lose(bp_context *ctx, bp_file_report *report, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    bp_status status = add_line(ctx, &report->lost, &report->lost_count, format, args);
    va_end(args);
    return status;
}

bp_status bp_report_text(bp_context *ctx, char **slot, const char *text)
{
    char *copy = strdup(text);
    if (!copy)
        return no_memory(ctx);
    free(*slot);
    *slot = copy;
    return BP_OK;
}
