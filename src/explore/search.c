/* SPDX-License-Identifier: BSD-3-Clause */
#include "explore/search.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/pool.h"
#include "explore/point_cache.h"

#define COARSE   4    /* points of a family before its edge is looked for */
#define BISECTED 4    /* points that look for it */
#define NARROW   1.08 /* an edge between numbers closer than that is found */

double bp_explore_clock(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

typedef struct search {
    const bp_explore_options *options;
    bp_explore_report *report;
    double end; /* clock; INFINITY: no limit */
    bp_family_noise noise;
} search;

typedef struct job {
    search *search;
    bp_point *point;
} job;

static bp_status add_point(bp_context *ctx, search *s, size_t family, double value, char *pipeline)
{
    bp_explore_report *r = s->report;
    if (!pipeline)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for points");
    for (size_t i = 0; i < r->point_count; i++) /* numbers that round to the same text */
        if (r->points[i].family == family && strcmp(r->points[i].pipeline, pipeline) == 0) {
            free(pipeline);
            return BP_OK;
        }
    if (r->point_count == r->point_room) {
        size_t room = 2 * r->point_room + 64;
        bp_point *points = realloc(r->points, room * sizeof *points);
        if (!points) {
            free(pipeline);
            return bp_fail(ctx, BP_E_MEMORY, "no memory for points");
        }
        r->points = points;
        r->point_room = room;
    }
    r->points[r->point_count++] = (bp_point){.family = family, .value = value, .pipeline = pipeline};
    return BP_OK;
}

static bp_status add_of_family(bp_context *ctx, search *s, size_t family, double value)
{
    return add_point(ctx, s, family, value,
                     bp_family_pipeline(s->report->families[family].family, value, &s->noise));
}

static bp_status work(bp_context *ctx, unsigned thread, void *item)
{
    (void)thread;
    job *j = item;
    bp_trial *trial = &j->search->report->trial;
    if (bp_explore_clock() > j->search->end) {
        j->point->skipped = true;
        return BP_OK;
    }
    if (bp_point_recall(j->search->options->cache, trial, j->point))
        return bp_point_decide(ctx, trial, j->point);
    bp_status status = bp_point_make(ctx, trial, j->point);
    if (status == BP_OK)
        bp_point_remember(j->search->options->cache, trial, j->point);
    return status;
}

static bp_status done(bp_context *ctx, void *user, void *item, bp_status status)
{
    (void)ctx;
    search *s = user;
    job *j = item;
    const bp_point *p = j->point;
    if (s->options->progress)
        s->options->progress(s->options->progress_user, "points", (uint64_t)(p - s->report->points) + 1,
                             s->report->point_count);
    free(j);
    return status;
}

/* Points that time did not suffice for are no points. */
static void drop_skipped(search *s)
{
    bp_explore_report *r = s->report;
    size_t kept = 0;
    for (size_t i = 0; i < r->point_count; i++)
        if (r->points[i].skipped) {
            bp_point_fini(&r->points[i]);
            r->stopped = "the time is over";
        } else {
            r->points[kept++] = r->points[i];
        }
    r->point_count = kept;
}

/* Makes the points from `first` on. */
static bp_status make_points(bp_context *ctx, search *s, size_t first)
{
    bp_explore_report *r = s->report;
    bp_pool *pool = bp_pool_new(ctx, s->options->threads, SIZE_MAX / 2, work, done, s);
    bp_status status = pool ? BP_OK : bp_fail(ctx, BP_E_MEMORY, "no memory");
    for (size_t i = first; i < r->point_count && status == BP_OK; i++) {
        job *j = malloc(sizeof *j);
        if (!j) {
            status = bp_fail(ctx, BP_E_MEMORY, "no memory");
            break;
        }
        *j = (job){s, &r->points[i]};
        status = bp_pool_submit(pool, j, 1);
    }
    if (status == BP_OK)
        status = bp_pool_finish(pool);
    bp_pool_free(pool);
    drop_skipped(s);
    return status;
}

static bp_status add_coarse(bp_context *ctx, search *s, size_t family)
{
    const bp_family *f = s->report->families[family].family;
    bp_status status = BP_OK;
    for (size_t k = 0; k < COARSE && status == BP_OK; k++) {
        double value = f->gentle * pow(f->harsh / f->gentle, (double)k / (COARSE - 1));
        value = f->whole ? nearbyint(value) : value;
        status = add_of_family(ctx, s, family, f->parameter ? value : NAN);
    }
    return status;
}

/* The harshest number that passes with everything gentler, and the next one; false when there is no edge. */
static bool edge_of(const bp_explore_report *r, size_t family, double *passes, double *fails)
{
    *passes = -INFINITY;
    *fails = INFINITY;
    for (size_t i = 0; i < r->point_count; i++)
        if (r->points[i].family == family && r->points[i].decision != BP_PASS && r->points[i].value < *fails)
            *fails = r->points[i].value;
    for (size_t i = 0; i < r->point_count; i++)
        if (r->points[i].family == family && r->points[i].decision == BP_PASS &&
            r->points[i].value < *fails && r->points[i].value > *passes)
            *passes = r->points[i].value;
    return isfinite(*passes) && isfinite(*fails);
}

static bp_status bisect(bp_context *ctx, search *s, size_t family)
{
    const bp_family *f = s->report->families[family].family;
    double passes, fails;
    if (!f || !f->parameter || !edge_of(s->report, family, &passes, &fails) || fails < passes * NARROW)
        return BP_OK;
    double middle = sqrt(passes * fails);
    middle = f->whole ? floor(middle) : middle;
    return middle > passes ? add_of_family(ctx, s, family, middle) : BP_OK;
}

static bp_status add_families(bp_context *ctx, search *s)
{
    bp_explore_report *r = s->report;
    size_t count = 0;
    while (bp_family_at(count))
        count++;
    r->families = calloc(count + 1, sizeof *r->families);
    if (!r->families)
        return bp_fail(ctx, BP_E_MEMORY, "no memory");
    if (s->options->pipelines)
        r->families[r->family_count++].best = SIZE_MAX;
    bp_status status = BP_OK;
    for (size_t i = 0; i < count && !s->options->pipelines && status == BP_OK; i++) {
        const bp_family *f = bp_family_at(i);
        bool suits = true;
        for (size_t k = 0; k < r->answer_count; k++)
            suits = suits && bp_family_suits(f, r->answers[k].technique->name);
        if (!suits)
            continue;
        r->families[r->family_count++] = (bp_family_result){.family = f, .best = SIZE_MAX};
        status = add_coarse(ctx, s, r->family_count - 1);
    }
    for (size_t i = 0; s->options->pipelines && i < s->options->pipeline_count && status == BP_OK; i++)
        status = add_point(ctx, s, 0, NAN, strdup(s->options->pipelines[i]));
    return status;
}

static void sum_up(bp_explore_report *r)
{
    r->winner = SIZE_MAX;
    for (size_t i = 0; i < r->point_count; i++) {
        const bp_point *p = &r->points[i];
        bp_family_result *f = &r->families[p->family];
        bool passes = p->decision == BP_PASS;
        if (passes && (f->best == SIZE_MAX || bp_point_ratio(p) > bp_point_ratio(&r->points[f->best])))
            f->best = i;
        if (passes && (r->winner == SIZE_MAX || bp_point_ratio(p) > bp_point_ratio(&r->points[r->winner])))
            r->winner = i;
        if (!passes && !f->reason[0]) /* the gentlest comes first */
            snprintf(f->reason, sizeof f->reason, "%.200s",
                     p->reason[0] ? p->reason : "not enough data to tell");
        r->cached += p->cached;
        r->analyses += p->ran && !p->cached && !p->identical ? r->answer_count : 0;
        if (!p->cached)
            r->step_seconds += p->stage_seconds + p->encode_seconds + p->decode_seconds +
                               p->analysis_seconds + p->metric_seconds;
    }
    for (size_t i = 0; i < r->family_count; i++)
        if (r->families[i].best != SIZE_MAX)
            r->families[i].reason[0] = 0;
}

/* The law of the noise as `quantise` has it, variance = read_noise^2 + gain (value - offset), so that a run
 * on all of the data takes the same steps. Without a law for all values there it stays open. */
static void write_law(const bp_noise_model *m, double least, double mean, bp_family_noise *noise)
{
    double gain = m->gain, offset = m->gain > 0 ? -m->intercept / m->gain : 0;
    bool beyond = offset > least; /* counts cannot be below */
    if (!m->known || !(gain > 0) || (beyond && !(mean > 0)))
        return;
    if (m->intercept >= 0)
        snprintf(noise->law, sizeof noise->law, " gain=%.4g read_noise=%.4g", gain, sqrt(m->intercept));
    else if (beyond)
        snprintf(noise->law, sizeof noise->law, " gain=%.4g read_noise=0",
                 bp_noise_model_sigma(m, mean) * bp_noise_model_sigma(m, mean) / mean);
    else
        snprintf(noise->law, sizeof noise->law, " gain=%.4g read_noise=0 offset=%.5g", gain, offset);
}

static void know_noise(const bp_explore_report *r, bp_family_noise *noise)
{
    const bp_memory_stack *s = &r->part.stack;
    size_t pixels = s->flow.rows * s->flow.columns, count = 0;
    double sum = 0, sigmas = 0, least = INFINITY, most = -INFINITY,
           *frame = malloc((pixels + 1) * sizeof *frame);
    bp_status status = frame ? BP_OK : BP_E_MEMORY;
    for (uint64_t f = 0; f < s->flow.frames && status == BP_OK; f++) {
        status = r->trial.view.science.read(NULL, r->trial.view.science.user, f, 1, frame);
        for (size_t i = 0; i < pixels && status == BP_OK; i++)
            if (isfinite(frame[i]) && !(r->part.excluded && r->part.excluded[i])) {
                sum += frame[i];
                sigmas += bp_noise_model_sigma(&r->noise, frame[i]);
                least = fmin(least, frame[i]);
                most = fmax(most, frame[i]);
                count++;
            }
    }
    free(frame);
    *noise = (bp_family_noise){.typical = count && sigmas > 0 ? sigmas / (double)count : 1,
                               .low = least,
                               .high = most,
                               .edge = NAN,
                               .labelled = s->flow.labelled};
    if (count)
        write_law(&r->noise, least, sum / (double)count, noise);
}

/* Peaks are for the stages what they are for the analysis. */
static void know_peaks(const bp_explore_report *r, bp_family_noise *noise)
{
    static const char *const wanted[] = {"threshold", "min_snr", "min_pixels"};
    size_t length = 0;
    for (size_t i = 0; i < r->answer_count; i++)
        for (size_t k = 0; k < r->answers[i].technique->param_count; k++)
            for (size_t w = 0; w < 3; w++)
                if (strcmp(r->answers[i].technique->name, "sx") == 0 && length < sizeof noise->peaks &&
                    strcmp(r->answers[i].technique->params[k].name, wanted[w]) == 0)
                    length += (size_t)snprintf(noise->peaks + length, sizeof noise->peaks - length,
                                               " %s=%.9g", wanted[w], r->answers[i].params[k]);
}

/* The threshold that an analysis found. */
static void know_edge(const bp_explore_report *r, bp_family_noise *noise)
{
    for (size_t i = 0; i < r->answer_count; i++)
        for (size_t k = 0; k < r->answers[i].outcomes.count; k++)
            if (strcmp(r->answers[i].outcomes.items[k].name, "otsu_threshold") == 0)
                noise->edge = r->answers[i].outcomes.items[k].values[0];
}

bp_status bp_explore_search(bp_context *ctx, const bp_explore_options *options, bp_explore_report *report)
{
    search s = {.options = options, .report = report};
    know_noise(report, &s.noise);
    know_peaks(report, &s.noise);
    know_edge(report, &s.noise);
    s.end = options->seconds > 0 ? bp_explore_clock() + options->seconds : INFINITY;
    bp_status status = add_families(ctx, &s);
    if (status == BP_OK)
        status = make_points(ctx, &s, 0);
    for (size_t round = 0; round < BISECTED && status == BP_OK && !report->stopped; round++) {
        size_t first = report->point_count;
        for (size_t f = 0; f < report->family_count && status == BP_OK; f++)
            status = bisect(ctx, &s, f);
        if (status == BP_OK && report->point_count == first)
            break;
        if (status == BP_OK)
            status = make_points(ctx, &s, first);
    }
    if (status == BP_OK)
        sum_up(report);
    return status;
}
