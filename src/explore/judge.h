/* SPDX-License-Identifier: BSD-3-Clause
 * The analyses of techniques on a reference and on a test, and the verdict on each of their results. */
#ifndef BP_EXPLORE_JUDGE_H
#define BP_EXPLORE_JUDGE_H

#include "explore/analyse.h"
#include "explore/realisation.h"
#include "explore/verdict.h"

/* What one technique says of the reference: made once, for any number of tests. */
typedef struct bp_answer {
    const bp_technique *technique;
    double params[BP_MAX_PARAMS];
    bp_outcomes outcomes;
    /* techniques that compare: the reference with itself and with a realisation of its noise */
    bp_outcomes perfect, noise;
} bp_answer;

/* Technique and parameters from "name:key=value,...". */
BP_MUST_CHECK bp_status bp_answer_choose(bp_context *ctx, const char *text, bp_answer *answer);
/* noise: a realisation; NULL: agreement is not judged. */
BP_MUST_CHECK bp_status bp_answer_find(bp_context *ctx, const bp_science_stack *reference,
                                       const bp_science_stack *noise, bp_answer *answer);
void bp_answer_fini(bp_answer *answer);

/* One technique on one test. */
typedef struct bp_judged {
    const bp_answer *answer;
    bp_outcomes test, agreement;
    bp_verdict verdict;
    char failed[512]; /* why the analysis of the test came to nothing; "" when it did not */
} bp_judged;

/* The analysis alone, and the decision from what it found. An analysis that finds nothing to work on in the
 * test is a failed quantity, not an error. test NULL: the reference itself, and nothing is analysed again.
 * answer must outlive judged, which is freed with bp_judged_fini in every case. */
BP_MUST_CHECK bp_status bp_judge_run(bp_context *ctx, const bp_answer *answer,
                                     const bp_science_stack *reference, const bp_science_stack *test,
                                     bp_judged *judged);
BP_MUST_CHECK bp_status bp_judge_decide(bp_context *ctx, const bp_budgets *budgets, bp_judged *judged);
/* Both. */
BP_MUST_CHECK bp_status bp_judge_stack(bp_context *ctx, const bp_answer *answer,
                                       const bp_science_stack *reference, const bp_science_stack *test,
                                       const bp_budgets *budgets, bp_judged *judged);
void bp_judged_fini(bp_judged *judged);

typedef struct bp_judge_options {
    bp_analyse_options input; /* `against` is not used */
    const char *test_dataset; /* NULL: as in the reference */
    const char *const *techniques;
    size_t technique_count;
    bp_budgets budgets;
} bp_judge_options;

typedef struct bp_judge_report {
    bp_decision decision;
    bp_answer *answers;
    bp_judged *items;
    size_t count;
    char *dataset, *test_dataset;
    uint64_t frames;
    size_t rows, columns;
    bp_noise_model noise;
} bp_judge_report;

/* Mask, regions and numbers beside the frames are those of the reference in both: the test may have none.
 * *report is freed with bp_judge_report_fini in every case. */
BP_MUST_CHECK bp_status bp_judge(bp_context *ctx, const char *reference, const char *test,
                                 const bp_judge_options *options, bp_judge_report *report);
void bp_judge_report_fini(bp_judge_report *report);

#endif
