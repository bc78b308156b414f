/* SPDX-License-Identifier: BSD-3-Clause
 * Metrics of two files: a reference and a test, frame by frame, in bounded memory and with all threads. */
#ifndef BP_EXPLORE_MEASURE_H
#define BP_EXPLORE_MEASURE_H

#include "beampress/file.h"
#include "beampress/metric.h"

typedef struct bp_measure_options {
    const char *dataset;        /* of both files; NULL: what each file is obviously about */
    const char *test_dataset;   /* of the test, when it is called otherwise there */
    const char *const *metrics; /* "name" or "name:key=value,..."; NULL: all */
    size_t metric_count;
    uint64_t first, count; /* frames; count 0: all from first on */
    bool keep_labels;      /* the largest value of an unsigned type is a value like any other */
    bool no_mask;
    unsigned threads;
    size_t memory; /* bytes of frames that are kept or in flight; 0: 512 MiB */
    bp_progress_function progress;
    void *progress_user;
} bp_measure_options;

typedef struct bp_measurement {
    const bp_metric *metric;
    double params[BP_MAX_PARAMS];
    double *values; /* of all quantities, one after the other */
    size_t value_count;
} bp_measurement;

typedef struct bp_measure_report {
    char *dataset; /* of the reference */
    bp_survey survey;
    uint64_t labels; /* pixels that are marks in the reference; they count as masked */
    bool identical;  /* every value that takes part is the same */
    bp_measurement *measurements;
    size_t measurement_count;
} bp_measure_report;

/* BP_E_UNSUPPORTED when the two have different shapes. *report is freed with bp_measure_report_fini in every
 * case. */
BP_MUST_CHECK bp_status bp_measure(bp_context *ctx, const char *reference, const char *test,
                                   const bp_measure_options *options, bp_measure_report *report);
void bp_measure_report_fini(bp_measure_report *report);

#endif
