/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "beampress/file.h"

void bp_file_options_init(bp_file_options *options)
{
    memset(options, 0, sizeof *options);
}

static void free_texts(char **texts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(texts[i]);
    free(texts);
}

void bp_file_report_fini(bp_file_report *report)
{
    for (size_t i = 0; i < report->dataset_count; i++) {
        free(report->datasets[i].path);
        free(report->datasets[i].codec);
        free(report->datasets[i].note);
        free(report->datasets[i].why);
        for (size_t k = 0; k < report->datasets[i].candidate_count; k++)
            free(report->datasets[i].candidates[k].codec);
        free(report->datasets[i].candidates);
    }
    free(report->datasets);
    free_texts(report->lost, report->lost_count);
    free_texts(report->warnings, report->warning_count);
    memset(report, 0, sizeof *report);
}

void bp_verify_report_fini(bp_verify_report *report)
{
    free(report->first_difference);
    memset(report, 0, sizeof *report);
}
