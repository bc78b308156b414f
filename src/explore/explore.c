/* SPDX-License-Identifier: BSD-3-Clause */
#include "explore/explore.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "explore/search.h"
#include "explore/truth.h"

#define DEFAULT_SAMPLE ((size_t)64 << 20)
#define FEWEST_FRAMES  8 /* of a part that is to be divided from another */
#define FEWEST_ROWS    8
#define CONFIRMED_MOST 10 /* points that are put to confirmation */

static double processor_seconds(void)
{
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
    return (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
           1e-6 * (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec);
}

static bp_status choose_techniques(bp_context *ctx, const bp_explore_options *o, bp_explore_report *r)
{
    r->answers = calloc(o->technique_count + 1, sizeof *r->answers);
    r->held_out_answers = calloc(o->technique_count + 1, sizeof *r->held_out_answers);
    if (!r->answers || !r->held_out_answers)
        return bp_fail(ctx, BP_E_MEMORY, "no memory");
    for (size_t i = 0; i < o->technique_count; i++) {
        bp_status status = bp_answer_choose(ctx, o->techniques[i], &r->answers[i]);
        if (status == BP_OK)
            status = bp_answer_choose(ctx, o->techniques[i], &r->held_out_answers[i]);
        if (status != BP_OK)
            return status;
        r->answer_count++;
    }
    return BP_OK;
}

/* Where the two parts lie: frames for most, rows of the detector when a technique needs all frames. */
typedef struct division {
    uint64_t first[2], frames;
    size_t row[2], rows;
    bool both;
} division;

static division by_rows(bp_explore_report *r, size_t bytes)
{
    size_t row_bytes = r->columns * bp_dtype_size(r->dtype), half = r->rows / 2;
    size_t most = bytes / ((size_t)r->frames * row_bytes + 1);
    division d = {{0, 0}, r->frames, {0, half}, half, half >= FEWEST_ROWS};
    d.rows = d.both ? half : r->rows;
    if (d.rows > most && most >= FEWEST_ROWS)
        d.rows = most;
    d.row[0] = d.both ? (half - d.rows) / 2 : (r->rows - d.rows) / 2;
    d.row[1] = half + (r->rows - half - d.rows) / 2;
    r->unit = "detector rows";
    if (d.both)
        snprintf(r->how, sizeof r->how,
                 "all %llu frames of rows %zu to %zu; rows %zu to %zu took no part and confirm",
                 (unsigned long long)r->frames, d.row[0], d.row[0] + d.rows - 1, d.row[1],
                 d.row[1] + d.rows - 1);
    else
        snprintf(r->how, sizeof r->how, "all %llu frames of %zu rows: too few to keep some for confirmation",
                 (unsigned long long)r->frames, d.rows);
    return d;
}

static division by_frames(bp_explore_report *r, size_t bytes, bool time)
{
    size_t frame_bytes = r->rows * r->columns * bp_dtype_size(r->dtype);
    uint64_t half = r->frames / 2, most = bytes / (frame_bytes + 1);
    most = most < FEWEST_FRAMES ? FEWEST_FRAMES : most;
    division d = {{0, half}, half, {0, 0}, r->rows, half >= FEWEST_FRAMES};
    d.frames = d.both ? half : r->frames;
    if (d.frames > most)
        d.frames = most;
    /* each from the middle of its half */
    d.first[0] = d.both ? (half - d.frames) / 2 : 0;
    d.first[1] = half + (r->frames - half - d.frames) / 2;
    r->unit = time ? "blocks of time" : "frames";
    if (d.both)
        snprintf(r->how, sizeof r->how,
                 "frames %llu to %llu of %llu, from the first half; %llu to %llu took no part and confirm",
                 (unsigned long long)d.first[0], (unsigned long long)(d.first[0] + d.frames - 1),
                 (unsigned long long)r->frames, (unsigned long long)d.first[1],
                 (unsigned long long)(d.first[1] + d.frames - 1));
    else
        snprintf(r->how, sizeof r->how, "%llu of %llu frames: too few to keep some for confirmation",
                 (unsigned long long)d.frames, (unsigned long long)r->frames);
    return d;
}

static bp_status read_parts(bp_context *ctx, const bp_explore_options *o, bp_explore_report *r)
{
    bp_divide split = BP_DIVIDE_FRAMES;
    size_t bytes = o->sample ? o->sample : DEFAULT_SAMPLE;
    for (size_t i = 0; i < r->answer_count; i++)
        if (r->answers[i].technique->divide > split)
            split = r->answers[i].technique->divide;
    division d = split == BP_DIVIDE_ROWS ? by_rows(r, bytes) : by_frames(r, bytes, split == BP_DIVIDE_TIME);
    bp_status status = bp_part_read(ctx, &r->source, d.first[0], d.frames, d.row[0], d.rows, &r->part);
    if (status == BP_OK && d.both)
        status = bp_part_read(ctx, &r->source, d.first[1], d.frames, d.row[1], d.rows, &r->held_out);
    return status;
}

static bp_status find_answers(bp_context *ctx, bp_explore_report *r, bp_trial *trial, bp_answer *answers,
                              uint64_t seed)
{
    bp_realisation noise;
    bp_realisation_init(&noise, &trial->view.science, &r->noise, seed);
    bp_status status = BP_OK;
    for (size_t i = 0; i < r->answer_count && status == BP_OK; i++)
        status = bp_answer_find(ctx, &trial->view.science, r->noise.known ? &noise.stack : NULL, &answers[i]);
    return status;
}

static bp_status find_truth(bp_context *ctx, bp_explore_report *r)
{
    r->truth = calloc(r->answer_count + 1, sizeof *r->truth);
    bp_status status = BP_OK;
    if (!r->truth)
        return bp_fail(ctx, BP_E_MEMORY, "no memory");
    for (size_t i = 0; i < r->answer_count && status == BP_OK; i++) {
        const bp_outcomes *o = &r->answers[i].outcomes;
        r->truth[i] = calloc(o->count + 1, sizeof **r->truth);
        if (!r->truth[i])
            return bp_fail(ctx, BP_E_MEMORY, "no memory");
        for (size_t k = 0; k < o->count && status == BP_OK; k++) {
            status = bp_truth_find(ctx, &r->trial.view.science, &o->items[k], &r->truth[i][k]);
        }
    }
    return status;
}

/* Passing points, the largest ratio first, until one is confirmed. */
static size_t next_best(const bp_explore_report *r, size_t last)
{
    double below = last == SIZE_MAX ? INFINITY : bp_point_ratio(&r->points[last]);
    size_t best = SIZE_MAX;
    for (size_t i = 0; i < r->point_count; i++) {
        double ratio = bp_point_ratio(&r->points[i]);
        if (r->points[i].decision == BP_PASS && ratio < below &&
            (best == SIZE_MAX || ratio > bp_point_ratio(&r->points[best])))
            best = i;
    }
    return best;
}

static bp_status confirm(bp_context *ctx, const bp_explore_options *o, bp_explore_report *r)
{
    r->confirmed = -1;
    if (!r->held_out.source || r->winner == SIZE_MAX)
        return BP_OK;
    bp_trial_init(&r->held_out_trial, &r->held_out, r->held_out_answers, r->answer_count, &o->budgets);
    bp_status status = find_answers(ctx, r, &r->held_out_trial, r->held_out_answers, 3);
    size_t best = r->winner;
    for (r->confirmed = 0; status == BP_OK && !r->confirmed && best != SIZE_MAX && r->tried < CONFIRMED_MOST;
         best = next_best(r, best)) {
        bp_point_fini(&r->confirmation);
        r->confirmation = (bp_point){.value = r->points[best].value,
                                     .family = r->points[best].family,
                                     .pipeline = strdup(r->points[best].pipeline)};
        if (!r->confirmation.pipeline)
            return bp_fail(ctx, BP_E_MEMORY, "no memory");
        status = bp_point_make(ctx, &r->held_out_trial, &r->confirmation);
        r->confirmed = status == BP_OK && r->confirmation.decision == BP_PASS;
        r->tried++;
        if (r->confirmed)
            r->winner = best;
    }
    return status;
}

static bp_status open_file(bp_context *ctx, const char *file, const bp_explore_options *o,
                           bp_explore_report *r)
{
    bp_status status = bp_source_open(ctx, file, &o->input, &r->source);
    if (status != BP_OK)
        return status;
    const bp_stack_facts *facts = bp_stack_get_facts(r->source.stack);
    r->simulated = facts->simulated;
    r->dataset = strdup(facts->path);
    r->dtype = facts->dtype;
    r->frames = facts->frames;
    r->rows = facts->rows;
    r->columns = facts->columns;
    return r->dataset ? BP_OK : bp_fail(ctx, BP_E_MEMORY, "no memory");
}

static bp_status make_cache(bp_context *ctx, const char *folder)
{
    if (!folder || mkdir(folder, 0777) == 0 || errno == EEXIST)
        return BP_OK;
    return bp_fail(ctx, BP_E_OUTPUT, "%s: the folder cannot be made: %s", folder, strerror(errno));
}

bp_status bp_explore(bp_context *ctx, const char *file, const bp_explore_options *o, bp_explore_report *r)
{
    double start = bp_explore_clock(), worked = processor_seconds();
    *r = (bp_explore_report){.winner = SIZE_MAX, .confirmed = -1};
    bp_status status = choose_techniques(ctx, o, r);
    if (status == BP_OK)
        status = make_cache(ctx, o->cache);
    if (status == BP_OK)
        status = open_file(ctx, file, o, r);
    if (status == BP_OK)
        status = read_parts(ctx, o, r);
    if (status == BP_OK) {
        bp_trial_init(&r->trial, &r->part, r->answers, r->answer_count, &o->budgets);
        status = bp_noise_model_of(ctx, &r->trial.view.science, &r->noise);
    }
    if (status == BP_OK)
        status = find_answers(ctx, r, &r->trial, r->answers, 1);
    if (status == BP_OK)
        status = find_truth(ctx, r);
    if (status == BP_OK)
        status = bp_bands_make(ctx, &r->trial, &r->noise, r->bands, &r->band_count);
    double prepared = bp_explore_clock() - start;
    if (status == BP_OK)
        status = bp_explore_search(ctx, o, r);
    double confirming = bp_explore_clock();
    if (status == BP_OK)
        status = confirm(ctx, o, r);
    r->seconds = bp_explore_clock() - start;
    r->step_seconds += prepared + (bp_explore_clock() - confirming) + r->trial.stage_seconds;
    r->processor_seconds = processor_seconds() - worked;
    if (status != BP_OK && status != BP_E_USAGE && !strstr(bp_context_message(ctx), file))
        status = bp_fail_in(ctx, status, "%s", file);
    return status;
}

void bp_explore_report_fini(bp_explore_report *r)
{
    for (size_t i = 0; i < r->point_count; i++)
        bp_point_fini(&r->points[i]);
    free(r->points);
    bp_point_fini(&r->confirmation);
    for (size_t i = 0; i < r->band_count; i++)
        bp_band_fini(&r->bands[i]);
    for (size_t i = 0; r->truth && i < r->answer_count; i++) {
        for (size_t k = 0; r->truth[i] && k < r->answers[i].outcomes.count; k++)
            free(r->truth[i][k]);
        free(r->truth[i]);
    }
    free(r->truth);
    for (size_t i = 0; i < r->answer_count; i++) {
        bp_answer_fini(&r->answers[i]);
        bp_answer_fini(&r->held_out_answers[i]);
    }
    free(r->answers);
    free(r->held_out_answers);
    bp_trial_fini(&r->trial);
    bp_trial_fini(&r->held_out_trial);
    bp_part_fini(&r->part);
    bp_part_fini(&r->held_out);
    bp_source_close(&r->source);
    free(r->families);
    free(r->dataset);
}
