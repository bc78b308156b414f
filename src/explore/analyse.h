/* SPDX-License-Identifier: BSD-3-Clause
 * A technique run on a dataset of a file. */
#ifndef BP_EXPLORE_ANALYSE_H
#define BP_EXPLORE_ANALYSE_H

#include "beampress/science.h"
#include "explore/source.h"

typedef struct bp_analysis {
    const bp_technique *technique;
    double params[BP_MAX_PARAMS];
    char *dataset;
    uint64_t frames;
    size_t rows, columns;
    bp_outcomes outcomes;
} bp_analysis;

/* technique: "name" or "name:key=value,...". The message of a failure names file and dataset. *analysis is
 * freed with bp_analysis_fini in every case. */
BP_MUST_CHECK bp_status bp_analyse(bp_context *ctx, const char *technique, const char *file,
                                   const bp_analyse_options *options, bp_analysis *analysis);
/* Technique and parameters alone. */
BP_MUST_CHECK bp_status bp_analysis_choose(bp_context *ctx, const char *technique, bp_analysis *analysis);
void bp_analysis_fini(bp_analysis *analysis);

#endif
