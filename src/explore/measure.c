/* SPDX-License-Identifier: BSD-3-Clause */
#include "explore/measure.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/pool.h"
#include "io/hdf5_stack.h"

#define DEFAULT_MEMORY ((size_t)256 << 20)

typedef struct run {
    const bp_measure_options *options;
    bp_measure_report *report;
    bp_stack *reference, *test;
    uint64_t first, count;
    size_t pixels;
    uint8_t *mask; /* of the detector, or NULL */
    bool labelled; /* the type has a value that is a mark */
    double label;
    void **states; /* one per measurement */
} run;

/* One frame on its way through the metrics. */
typedef struct job {
    run *run;
    double *reference, *test;
    uint8_t *excluded;
    bool excludes; /* anything at all */
    bool same;     /* bit by bit */
    bp_survey survey;
    uint64_t labels;
    void **states;
} job;

void bp_measure_report_fini(bp_measure_report *report)
{
    for (size_t i = 0; i < report->measurement_count; i++)
        free(report->measurements[i].values);
    free(report->measurements);
    free(report->dataset);
    memset(report, 0, sizeof *report);
}

static bp_status choose_metric(bp_context *ctx, const char *text, bp_measurement *m)
{
    char name[64];
    size_t length = strcspn(text, ":");
    if (length < sizeof name) {
        memcpy(name, text, length);
        name[length] = 0;
        m->metric = bp_metric_by_name(name);
    }
    if (!m->metric)
        return bp_fail(ctx, BP_E_USAGE, "there is no metric '%.*s' (see `beampress list metrics`)",
                       (int)length, text);
    bp_param_defaults(m->metric->params, m->metric->param_count, m->params);
    return bp_param_parse(ctx, name, m->metric->params, m->metric->param_count,
                          text[length] ? text + length + 1 : "", m->params);
}

static bp_status choose_metrics(bp_context *ctx, run *r)
{
    const bp_measure_options *o = r->options;
    size_t count = o->metric_count;
    if (count == 0)
        while (bp_metric_at(count))
            count++;
    r->report->measurements = calloc(count + 1, sizeof *r->report->measurements);
    r->states = calloc(count + 1, sizeof *r->states);
    if (!r->report->measurements || !r->states)
        return bp_fail(ctx, BP_E_MEMORY, "no memory");
    for (size_t i = 0; i < count; i++) {
        const char *text = o->metric_count ? o->metrics[i] : bp_metric_at(i)->name;
        bp_status status = choose_metric(ctx, text, &r->report->measurements[i]);
        if (status != BP_OK)
            return status;
        r->report->measurement_count++;
    }
    return BP_OK;
}

static bp_status open_both(bp_context *ctx, run *r, const char *reference, const char *test)
{
    const bp_measure_options *o = r->options;
    bp_status status = bp_stack_open(ctx, reference, o->dataset, o->threads, &r->reference);
    if (status == BP_OK)
        status =
            bp_stack_open(ctx, test, o->test_dataset ? o->test_dataset : o->dataset, o->threads, &r->test);
    if (status != BP_OK)
        return status;
    const bp_stack_facts *a = bp_stack_get_facts(r->reference), *b = bp_stack_get_facts(r->test);
    if (a->frames != b->frames || a->rows != b->rows || a->columns != b->columns)
        return bp_fail(ctx, BP_E_UNSUPPORTED,
                       "%s: %s has %llu frames of %zux%zu pixels, but %s: %s has %llu of %zux%zu", reference,
                       a->path, (unsigned long long)a->frames, a->rows, a->columns, test, b->path,
                       (unsigned long long)b->frames, b->rows, b->columns);
    r->first = o->first;
    r->count = o->count;
    if (r->first >= a->frames || r->count > a->frames - r->first)
        return bp_fail(ctx, BP_E_USAGE, "%s: %s has only %llu frames", reference, a->path,
                       (unsigned long long)a->frames);
    if (r->count == 0)
        r->count = a->frames - r->first;
    r->pixels = a->rows * a->columns;
    r->labelled = !o->keep_labels && (a->dtype == BP_U16 || a->dtype == BP_U32 || a->dtype == BP_U64);
    r->label = a->dtype == BP_U16 ? 65535 : a->dtype == BP_U32 ? 4294967295.0 : 18446744073709551615.0;
    bp_survey_init(&r->report->survey, a->rows, a->columns, a->dtype);
    r->report->dataset = strdup(a->path);
    return r->report->dataset ? o->no_mask ? BP_OK : bp_stack_mask(ctx, r->reference, &r->mask)
                              : bp_fail(ctx, BP_E_MEMORY, "no memory");
}

static void free_job(job *j)
{
    if (j && j->states)
        for (size_t i = 0; i < j->run->report->measurement_count; i++)
            j->run->report->measurements[i].metric->end(j->states[i]);
    if (j) {
        free(j->reference);
        free(j->states);
    }
    free(j);
}

/* Room for two frames and what is excluded; the frames are read into it. */
static bp_status new_job(bp_context *ctx, run *r, uint64_t frame, job **out)
{
    job *j = calloc(1, sizeof *j);
    *out = NULL;
    if (j) {
        j->run = r;
        j->reference = malloc(r->pixels * (2 * sizeof(double) + 1));
        j->states = calloc(r->report->measurement_count + 1, sizeof *j->states);
    }
    if (!j || !j->reference || !j->states) {
        free_job(j);
        return bp_fail(ctx, BP_E_MEMORY, "no memory for a frame");
    }
    j->test = j->reference + r->pixels;
    j->excluded = (uint8_t *)(j->test + r->pixels);
    bp_status status = bp_stack_read(ctx, r->reference, frame, 1, j->reference);
    if (status == BP_OK)
        status = bp_stack_read(ctx, r->test, frame, 1, j->test);
    if (status != BP_OK) {
        free_job(j);
        return status;
    }
    *out = j;
    return BP_OK;
}

/* What takes no part in this frame. */
static void exclude(job *j)
{
    const run *r = j->run;
    const bp_survey *whole = &r->report->survey;
    bp_survey_init(&j->survey, whole->rows, whole->columns, whole->dtype);
    bp_survey_add(&j->survey, j->reference, j->test, r->mask, r->labelled ? &r->label : NULL, &j->labels,
                  j->excluded);
    j->excludes = j->survey.used < r->pixels;
    for (size_t i = 0; j->excludes && i < r->pixels; i++)
        if (j->excluded[i])
            j->reference[i] = j->test[i] = 0;
}

static void tell(const run *r, uint64_t done)
{
    if (r->options->progress)
        r->options->progress(r->options->progress_user, "frames", done, 2 * r->count);
}

static bp_status look(bp_context *ctx, unsigned thread, void *item)
{
    (void)ctx;
    (void)thread;
    job *j = item;
    const run *r = j->run;
    exclude(j);
    j->same = memcmp(j->reference, j->test, r->pixels * sizeof(double)) == 0;
    return BP_OK;
}

static bp_status looked(bp_context *ctx, void *user, void *item, bp_status status)
{
    run *r = user;
    job *j = item;
    (void)ctx;
    bp_survey_merge(&r->report->survey, &j->survey);
    r->report->labels += j->labels;
    r->report->identical = r->report->identical && j->same;
    free_job(j);
    return status;
}

static bp_status work(bp_context *ctx, unsigned thread, void *item)
{
    (void)thread;
    job *j = item;
    const run *r = j->run;
    if (r->report->survey.used < r->count * r->pixels)
        exclude(j);
    bp_metric_frame frame = {r->report->survey.rows, r->report->survey.columns, j->reference, j->test,
                             j->excludes ? j->excluded : NULL};
    bp_status status = BP_OK;
    for (size_t i = 0; i < r->report->measurement_count && status == BP_OK; i++) {
        const bp_measurement *m = &r->report->measurements[i];
        status = m->metric->begin(ctx, m->params, &r->report->survey, &j->states[i]);
        if (status == BP_OK)
            status = m->metric->add(ctx, j->states[i], &frame);
    }
    return status;
}

/* Frames arrive in order, so sums do not depend on threads. */
static bp_status done(bp_context *ctx, void *user, void *item, bp_status status)
{
    run *r = user;
    job *j = item;
    for (size_t i = 0; i < r->report->measurement_count && status == BP_OK; i++)
        status = r->report->measurements[i].metric->merge(ctx, r->states[i], j->states[i]);
    free_job(j);
    return status;
}

/* All frames through the pool, for the pass number `pass`. */
static bp_status pass_frames(bp_context *ctx, run *r, uint64_t pass, bp_pool_work job_work,
                             bp_pool_done job_done)
{
    size_t memory = r->options->memory ? r->options->memory : DEFAULT_MEMORY;
    bp_pool *pool = bp_pool_new(ctx, r->options->threads, memory, job_work, job_done, r);
    bp_status status = pool ? BP_OK : bp_fail(ctx, BP_E_MEMORY, "no memory");
    for (uint64_t i = 0; i < r->count && status == BP_OK; i++) {
        job *j;
        status = new_job(ctx, r, r->first + i, &j);
        if (status == BP_OK)
            status = bp_pool_submit(pool, j, r->pixels * 6 * sizeof(double));
        tell(r, pass * r->count + i + 1);
    }
    if (status == BP_OK)
        status = bp_pool_finish(pool);
    bp_pool_free(pool);
    return status;
}

static bp_status survey(bp_context *ctx, run *r)
{
    const bp_survey *s = &r->report->survey;
    r->report->identical = true;
    bp_status status = pass_frames(ctx, r, 0, look, looked);
    if (s->reference_nan + s->reference_infinite + s->test_nan + s->test_infinite > 0)
        r->report->identical = false;
    return status;
}

static bp_status begin(bp_context *ctx, run *r)
{
    for (size_t i = 0; i < r->report->measurement_count; i++) {
        bp_measurement *m = &r->report->measurements[i];
        m->value_count = bp_metric_value_total(m->metric, m->params, &r->report->survey);
        m->values = calloc(m->value_count, sizeof *m->values);
        bp_status status = m->values ? m->metric->begin(ctx, m->params, &r->report->survey, &r->states[i])
                                     : bp_fail(ctx, BP_E_MEMORY, "no memory");
        if (status != BP_OK)
            return status;
    }
    return BP_OK;
}

static bp_status finish(bp_context *ctx, run *r)
{
    bp_status status = BP_OK;
    for (size_t i = 0; i < r->report->measurement_count && status == BP_OK; i++)
        status =
            r->report->measurements[i].metric->finish(ctx, r->states[i], r->report->measurements[i].values);
    return status;
}

bp_status bp_measure(bp_context *ctx, const char *reference, const char *test,
                     const bp_measure_options *options, bp_measure_report *report)
{
    run r = {.options = options, .report = report};
    memset(report, 0, sizeof *report);
    bp_status status = choose_metrics(ctx, &r);
    if (status == BP_OK)
        status = open_both(ctx, &r, reference, test);
    if (status == BP_OK)
        status = survey(ctx, &r);
    if (status == BP_OK)
        status = begin(ctx, &r);
    if (status == BP_OK)
        status = pass_frames(ctx, &r, 1, work, done);
    if (status == BP_OK)
        status = finish(ctx, &r);
    for (size_t i = 0; r.states && i < report->measurement_count; i++)
        if (report->measurements[i].metric)
            report->measurements[i].metric->end(r.states[i]);
    free(r.states);
    free(r.mask);
    bp_stack_close(r.reference);
    bp_stack_close(r.test);
    return status;
}
