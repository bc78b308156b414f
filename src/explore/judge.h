/* SPDX-License-Identifier: BSD-3-Clause
 * The analyses of techniques on a reference and on a test, and the verdict on each of their results. */
#ifndef BP_EXPLORE_JUDGE_H
#define BP_EXPLORE_JUDGE_H

#include "explore/analyse.h"
#include "explore/verdict.h"

/* One technique. */
typedef struct bp_judged {
    const bp_technique *technique;
    double params[BP_MAX_PARAMS];
    bp_outcomes reference, test;
    bp_verdict verdict;
    char failed[512]; /* why the analysis of the test came to nothing; "" when it did not */
} bp_judged;

typedef struct bp_judge_options {
    bp_analyse_options input; /* `against` is not used */
    const char *test_dataset; /* NULL: as in the reference */
    const char *const *techniques;
    size_t technique_count;
    bp_budgets budgets;
} bp_judge_options;

typedef struct bp_judge_report {
    bp_decision decision;
    bp_judged *items;
    size_t count;
    char *dataset, *test_dataset;
    uint64_t frames;
    size_t rows, columns;
} bp_judge_report;

/* Runs the technique on test and decides. technique, params and reference are there already; an analysis that
 * finds nothing to work on in the test is a failed quantity, not an error. */
BP_MUST_CHECK bp_status bp_judge_stack(bp_context *ctx, const bp_science_stack *test,
                                       const bp_budgets *budgets, bp_judged *judged);
void bp_judged_fini(bp_judged *judged);

/* Mask, regions and numbers beside the frames are those of the reference in both: the test may have none.
 * *report is freed with bp_judge_report_fini in every case. */
BP_MUST_CHECK bp_status bp_judge(bp_context *ctx, const char *reference, const char *test,
                                 const bp_judge_options *options, bp_judge_report *report);
void bp_judge_report_fini(bp_judge_report *report);

#endif
