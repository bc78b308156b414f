/* SPDX-License-Identifier: BSD-3-Clause
 * A working point: a pipeline on a part of the data, what it stores, what becomes of the answers. */
#ifndef BP_EXPLORE_POINT_H
#define BP_EXPLORE_POINT_H

#include "explore/judge.h"
#include "explore/part.h"

/* A part of one frame. */
typedef struct bp_window {
    uint64_t frame;
    size_t row, column, rows, columns;
} bp_window;

/* What points of one scan share. Read-only while points are made, but for what has a lock. */
typedef struct bp_trial {
    bp_part *part;
    bp_part_view view; /* of the part itself */
    const bp_answer *answers;
    size_t answer_count;
    bp_budgets budgets;
    pthread_mutex_t lock;
    pthread_cond_t ready;
    struct bp_shared_stack *shared; /* what pipelines with a common beginning begin from */
    bp_window window;               /* of which points keep a picture */
    double stage_seconds;           /* of shared stages */
} bp_trial;

void bp_trial_init(bp_trial *trial, bp_part *part, const bp_answer *answers, size_t answer_count,
                   const bp_budgets *budgets);
/* Frees what the points shared. */
void bp_trial_fini(bp_trial *trial);

typedef struct bp_metrics {
    double psnr_range, ssim, max_abs, rmse;
} bp_metrics;

typedef struct bp_point {
    char *pipeline; /* as it was given; owned */
    size_t family;
    double value;     /* of the family's parameter; NAN: none */
    char reason[256]; /* why it could not run or what failed; "" */
    bool ran, cached;
    bool skipped;   /* time was over */
    bool identical; /* every value came back */
    uint64_t raw_bytes, stored_bytes;
    double stage_seconds, encode_seconds, decode_seconds, analysis_seconds,
        metric_seconds; /* of this point */
    bp_metrics metrics;
    bp_judged *judged; /* answer_count of the trial; NULL when it did not run */
    size_t judged_count;
    bp_decision decision;
    float *picture; /* the trial's window as it was decoded; NULL when frames have another shape */
} bp_point;

double bp_point_ratio(const bp_point *point);
/* Runs the pipeline, codes, decodes, analyses and decides. A pipeline that cannot run, or an analysis that
 * fails, is a failed point with its reason; what is returned is worse (memory, interruption). */
BP_MUST_CHECK bp_status bp_point_make(bp_context *ctx, bp_trial *trial, bp_point *point);
/* The trial's window of frames; NULL without memory, or when they have another shape. Owned by the caller. */
float *bp_trial_picture(const bp_trial *trial, const bp_science_stack *frames);
void bp_point_fini(bp_point *point);
/* Decides again, with the outcomes that are there. */
BP_MUST_CHECK bp_status bp_point_decide(bp_context *ctx, bp_trial *trial, bp_point *point);

#endif
