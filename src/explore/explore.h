/* SPDX-License-Identifier: BSD-3-Clause
 * The scan: which working point stores least and does not touch the answer? Points of each family are tried
 * on one part of the data, from gentle to harsh, then the edge between pass and fail is bisected; the best
 * one is confirmed on a part that took no part in the choice. docs/explore.md */
#ifndef BP_EXPLORE_EXPLORE_H
#define BP_EXPLORE_EXPLORE_H

#include "beampress/file.h"
#include "explore/band.h"
#include "explore/families.h"
#include "explore/point.h"

typedef struct bp_explore_options {
    bp_analyse_options input;
    const char *const *techniques;
    size_t technique_count;
    bp_budgets budgets;
    const char *const *pipelines; /* tried instead of the families; NULL: the families */
    size_t pipeline_count;
    const char *cache; /* folder of points made earlier, made when it is missing; NULL: none */
    double seconds;    /* after this no point is begun; 0: no limit */
    size_t sample;     /* raw bytes of each part at most; 0: 64 MiB */
    unsigned threads;  /* 0: one per core */
    bp_progress_function progress;
    void *progress_user;
} bp_explore_options;

/* What a family came to. */
typedef struct bp_family_result {
    const bp_family *family; /* NULL: pipelines that were given */
    size_t best;             /* point; SIZE_MAX: none passes */
    char reason[256];        /* when none does */
} bp_family_result;

typedef struct bp_explore_report {
    char *dataset;
    bp_dtype dtype;
    uint64_t frames;
    size_t rows, columns;
    bool simulated;
    bp_noise_model noise;
    char how[256]; /* the parts were chosen */
    const char *unit;
    bp_source source;
    bp_part part, held_out; /* held_out.source NULL: too little data */
    bp_answer *answers, *held_out_answers;
    size_t answer_count;
    bp_trial trial, held_out_trial;
    bp_family_result *families;
    size_t family_count;
    bp_point *points;
    size_t point_count, point_room;
    size_t winner; /* SIZE_MAX: none */
    bp_point confirmation;
    int confirmed; /* 1 yes, 0 no, -1 no data for it */
    size_t tried;  /* points that were put to confirmation, the winner last */
    bp_band bands[BP_BAND_KINDS];
    size_t band_count;
    double seconds, step_seconds, processor_seconds;
    size_t analyses, cached;
    const char *stopped; /* NULL: the scan is complete */
    double ***truth;     /* of each outcome of each answer; NULL: not known */
} bp_explore_report;

/* *report is freed with bp_explore_report_fini in every case; it must not move in between. */
BP_MUST_CHECK bp_status bp_explore(bp_context *ctx, const char *file, const bp_explore_options *options,
                                   bp_explore_report *report);
void bp_explore_report_fini(bp_explore_report *report);

#endif
