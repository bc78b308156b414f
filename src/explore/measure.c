/* SPDX-License-Identifier: BSD-3-Clause */
#include "explore/measure.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "algo/values.h"
#include "base/pool.h"
#include "base/scratch.h"
#include "io/hdf5_stack.h"

#define DEFAULT_MEMORY ((size_t)512 << 20)
#define PIECE_MEMORY   ((size_t)512 << 10) /* of a piece of two frames: what stays in a core's own cache */
#define FRAME_ROOM     8                   /* doubles per pixel that metrics of whole frames need together */
#define IN_FLIGHT      2                   /* frames per thread: more wait without use */

typedef struct run {
    const bp_measure_options *options;
    bp_measure_report *report;
    bp_stack *reference, *test;
    bp_dtype types[2];
    uint64_t first, count;
    size_t pixels, bytes[2]; /* of a frame as it is stored */
    bool by_rows, whole;     /* some metric takes rows, some wants whole frames */
    uint8_t **kept;          /* frames that were read for the survey and are still there */
    uint64_t kept_count;     /* from the first on */
    uint64_t kept_most;
    size_t memory; /* half for what is kept, half for what is in flight */
    uint8_t *mask; /* of the detector, or NULL */
    bool labelled; /* the type has a value that is a mark */
    double label;
    void **states; /* one per measurement */
} run;

/* One frame on its way through the metrics. */
typedef struct job {
    run *run;
    uint64_t frame;
    uint8_t *stored[2]; /* reference and test, values of their types */
    bool same;          /* bit by bit */
    bp_survey survey;
    uint64_t labels;
    void **states;
} job;

/* Some rows of both frames as doubles, and what takes no part in them. */
typedef struct piece {
    size_t stride, above, rows; /* rows kept above the first, and from there on */
    double *values[2];          /* of the first row */
    uint8_t *excluded;
    bool excludes, excluded_above; /* anything at all */
    void *memory;
} piece;

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

static bool is_integer(bp_dtype dtype)
{
    return dtype != BP_F16 && dtype != BP_F32 && dtype != BP_F64;
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
    r->types[0] = a->dtype;
    r->types[1] = b->dtype;
    for (int i = 0; i < 2; i++)
        r->bytes[i] = r->pixels * bp_dtype_size(r->types[i]);
    r->labelled = !o->keep_labels && (a->dtype == BP_U16 || a->dtype == BP_U32 || a->dtype == BP_U64);
    r->label = a->dtype == BP_U16 ? 65535 : a->dtype == BP_U32 ? 4294967295.0 : 18446744073709551615.0;
    bp_survey_init(&r->report->survey, a->rows, a->columns, a->dtype);
    r->report->survey.whole_numbers = is_integer(a->dtype) && is_integer(b->dtype);
    r->report->dataset = strdup(a->path);
    return r->report->dataset ? o->no_mask ? BP_OK : bp_stack_mask(ctx, r->reference, &r->mask)
                              : bp_fail(ctx, BP_E_MEMORY, "no memory");
}

static void free_job(bp_context *ctx, job *j)
{
    if (j && j->states)
        for (size_t i = 0; i < j->run->report->measurement_count; i++)
            j->run->report->measurements[i].metric->end(j->states[i]);
    if (j) {
        bp_scratch_give(ctx, j->stored[0]);
        free(j->states);
    }
    free(j);
}

/* Bytes of both frames as they are stored. */
static size_t stored_bytes(const run *r)
{
    return (r->bytes[0] + 63) / 64 * 64 + r->bytes[1];
}

static bp_status read_frame(bp_context *ctx, job *j, uint64_t frame)
{
    run *r = j->run;
    j->stored[0] = bp_scratch_take(ctx, stored_bytes(r));
    if (!j->stored[0])
        return bp_fail(ctx, BP_E_MEMORY, "no memory for a frame");
    j->stored[1] = j->stored[0] + (r->bytes[0] + 63) / 64 * 64;
    bp_status status = bp_stack_read_typed(ctx, r->reference, r->first + frame, 1, j->stored[0]);
    return status == BP_OK ? bp_stack_read_typed(ctx, r->test, r->first + frame, 1, j->stored[1]) : status;
}

/* With both frames as they are, read unless they are still there. */
static bp_status new_job(bp_context *ctx, run *r, uint64_t frame, job **out)
{
    job *j = calloc(1, sizeof *j);
    bp_status status = BP_OK;
    *out = NULL;
    if (j) {
        j->run = r;
        j->frame = frame;
        j->states = calloc(r->report->measurement_count + 1, sizeof *j->states);
    }
    if (!j || !j->states) {
        status = bp_fail(ctx, BP_E_MEMORY, "no memory for a frame");
    } else if (frame < r->kept_count && r->kept[frame]) {
        j->stored[0] = r->kept[frame];
        j->stored[1] = j->stored[0] + (r->bytes[0] + 63) / 64 * 64;
        r->kept[frame] = NULL;
    } else {
        status = read_frame(ctx, j, frame);
    }
    if (status == BP_OK)
        *out = j;
    else
        free_job(ctx, j);
    return status;
}

/* Room for a whole frame, or for rows that stay in the cache; an odd number of cache lines apart, so that
 * rows above each other do not get into each other's way there. */
static bool piece_init(bp_context *ctx, const run *r, bool whole, piece *p)
{
    size_t columns = r->report->survey.columns, rows = r->report->survey.rows, above = BP_METRIC_ABOVE;
    *p = (piece){.stride = columns};
    if (!whole) {
        p->stride = ((columns + 7) / 8 | 1) * 8;
        size_t some = PIECE_MEMORY / (2 * sizeof(double) * p->stride) / 8 * 8;
        some = some < 16 ? 16 : some;
        rows = rows < some ? rows : some;
    }
    size_t room = (rows + above) * p->stride;
    double *memory = bp_scratch_take(ctx, room * (2 * sizeof(double) + 1));
    if (!memory)
        return false;
    p->memory = memory;
    p->rows = rows;
    for (size_t i = 0; i < 2; i++)
        p->values[i] = memory + i * room + above * p->stride;
    p->excluded = (uint8_t *)(memory + 2 * room) + above * p->stride;
    return true;
}

/* The last rows of what was there move above the first. */
static void keep_above(piece *p, size_t rows)
{
    size_t keep = rows + p->above < BP_METRIC_ABOVE ? rows + p->above : BP_METRIC_ABOVE;
    ptrdiff_t to = -(ptrdiff_t)(keep * p->stride), from = to + (ptrdiff_t)(rows * p->stride);
    for (size_t i = 0; i < 2; i++)
        memmove(p->values[i] + to, p->values[i] + from, keep * p->stride * sizeof(double));
    memmove(p->excluded + to, p->excluded + from, keep * p->stride);
    p->excluded_above = p->excludes || (p->excluded_above && rows < BP_METRIC_ABOVE);
    p->above = keep;
}

/* Rows `first` and on of the job's frames. look: what takes no part in them is not known yet. */
static void fill(const job *j, piece *p, size_t first, size_t rows, bool look, bp_survey *survey,
                 uint64_t *labels)
{
    const run *r = j->run;
    size_t columns = r->report->survey.columns;
    uint64_t used = survey->used;
    for (size_t row = 0; row < rows; row++) {
        size_t from = (first + row) * columns;
        double *x = p->values[0] + row * p->stride, *y = p->values[1] + row * p->stride;
        uint8_t *excluded = p->excluded + row * p->stride;
        bp_values_to_double(r->types[0], j->stored[0] + from * bp_dtype_size(r->types[0]), columns, x);
        bp_values_to_double(r->types[1], j->stored[1] + from * bp_dtype_size(r->types[1]), columns, y);
        if (!look)
            continue;
        uint64_t before = survey->used;
        bp_survey_add(survey, x, y, r->mask ? r->mask + from : NULL, r->labelled ? &r->label : NULL, labels,
                      excluded);
        for (size_t i = 0; survey->used - before < columns && i < columns; i++)
            if (excluded[i])
                x[i] = y[i] = 0;
    }
    p->excludes = look && survey->used - used < rows * columns;
}

static void tell(const run *r, uint64_t done)
{
    if (r->options->progress)
        r->options->progress(r->options->progress_user, "frames", done, 2 * r->count);
}

/* A frame of which all pixels take part needs no more than its range; false: it is not such a frame. */
static bool look_briefly(job *j)
{
    const run *r = j->run;
    bp_survey *s = &j->survey;
    if (r->mask || r->types[0] != r->types[1] ||
        !bp_values_range(r->types[0], j->stored[0], r->pixels, &s->reference_min, &s->reference_max) ||
        (r->labelled && s->reference_max >= r->label) ||
        !bp_values_range(r->types[1], j->stored[1], r->pixels, &s->test_min, &s->test_max))
        return false;
    s->used = r->pixels;
    s->frames = 1;
    j->same = memcmp(j->stored[0], j->stored[1], r->bytes[0]) == 0;
    return true;
}

static bp_status look(bp_context *ctx, unsigned thread, void *item)
{
    (void)thread;
    job *j = item;
    const bp_survey *whole = &j->run->report->survey;
    piece p;
    bp_survey_init(&j->survey, 1, whole->columns, whole->dtype);
    if (look_briefly(j))
        return BP_OK;
    bp_survey_init(&j->survey, 1, whole->columns, whole->dtype);
    if (!piece_init(ctx, j->run, false, &p))
        return bp_fail(ctx, BP_E_MEMORY, "no memory for a frame");
    j->same = true;
    for (size_t first = 0, rows; first < whole->rows; first += rows) {
        rows = whole->rows - first < p.rows ? whole->rows - first : p.rows;
        fill(j, &p, first, rows, true, &j->survey, &j->labels);
        for (size_t at = 0; j->same && at < rows * p.stride; at += p.stride)
            j->same = memcmp(p.values[0] + at, p.values[1] + at, whole->columns * sizeof(double)) == 0;
    }
    j->survey.frames = 1;
    bp_scratch_give(ctx, p.memory);
    return BP_OK;
}

static bp_status looked(bp_context *ctx, void *user, void *item, bp_status status)
{
    run *r = user;
    job *j = item;
    bp_survey_merge(&r->report->survey, &j->survey);
    r->report->labels += j->labels;
    r->report->identical = r->report->identical && j->same;
    if (status == BP_OK && j->frame == r->kept_count && r->kept_count < r->kept_most) {
        r->kept[r->kept_count++] = j->stored[0];
        j->stored[0] = NULL;
    }
    free_job(ctx, j);
    return status;
}

static bool wants_rows(const run *r, size_t i)
{
    const bp_metric *metric = r->report->measurements[i].metric;
    return metric->by_rows && metric->by_rows(&r->report->survey);
}

/* Some rows of a frame, for the metrics that take them so; or all, for the others. */
typedef struct part_of_frame {
    job *job;
    bool whole;
    bp_metric_frame frame;
} part_of_frame;

static bp_status add_one(bp_context *ctx, void *user, size_t i)
{
    const part_of_frame *p = user;
    const run *r = p->job->run;
    return wants_rows(r, i) != p->whole
               ? r->report->measurements[i].metric->add(ctx, p->job->states[i], &p->frame)
               : BP_OK;
}

/* All of a frame into the job's states, piece by piece. Metrics of whole frames go side by side where threads
 * are free: each has a state of its own. */
static bp_status add_pieces(bp_context *ctx, job *j, piece *p, bool whole)
{
    const run *r = j->run;
    const bp_survey *s = &r->report->survey;
    size_t count = r->report->measurement_count;
    bool look = s->used < r->count * r->pixels;
    bp_survey unused;
    uint64_t labels = 0;
    bp_status status = BP_OK;
    bp_survey_init(&unused, 1, s->columns, s->dtype);
    for (size_t first = 0, rows; first < s->rows && status == BP_OK; first += rows) {
        rows = s->rows - first < p->rows ? s->rows - first : p->rows;
        fill(j, p, first, rows, look, &unused, &labels);
        const uint8_t *excluded = p->excludes || p->excluded_above ? p->excluded : NULL;
        part_of_frame part = {.job = j, .whole = whole};
        part.frame = (bp_metric_frame){.rows = rows,
                                       .columns = s->columns,
                                       .reference = p->values[0],
                                       .test = p->values[1],
                                       .excluded = excluded,
                                       .stride = p->stride,
                                       .above = p->above,
                                       .index = j->frame};
        if (whole)
            status = bp_pool_split(ctx, count, add_one, &part);
        for (size_t i = 0; !whole && i < count && status == BP_OK; i++)
            status = add_one(ctx, &part, i);
        keep_above(p, rows);
    }
    return status;
}

static bp_status add_frame(bp_context *ctx, job *j, bool whole)
{
    piece p;
    if (!piece_init(ctx, j->run, whole, &p))
        return bp_fail(ctx, BP_E_MEMORY, "no memory for a frame");
    bp_status status = add_pieces(ctx, j, &p, whole);
    bp_scratch_give(ctx, p.memory);
    return status;
}

static bp_status work(bp_context *ctx, unsigned thread, void *item)
{
    (void)thread;
    job *j = item;
    const run *r = j->run;
    bp_status status = BP_OK;
    for (size_t i = 0; i < r->report->measurement_count && status == BP_OK; i++) {
        const bp_measurement *m = &r->report->measurements[i];
        status = m->metric->begin(ctx, m->params, &r->report->survey, &j->states[i]);
    }
    if (status == BP_OK && r->by_rows)
        status = add_frame(ctx, j, false);
    if (status == BP_OK && r->whole)
        status = add_frame(ctx, j, true);
    return status;
}

/* Frames arrive in order, so sums do not depend on threads. */
static bp_status done(bp_context *ctx, void *user, void *item, bp_status status)
{
    run *r = user;
    job *j = item;
    for (size_t i = 0; i < r->report->measurement_count && status == BP_OK; i++)
        status = r->report->measurements[i].metric->merge(ctx, r->states[i], j->states[i]);
    free_job(ctx, j);
    return status;
}

/* All frames through the pool, for the pass number `pass`. */
static bp_status pass_frames(bp_context *ctx, run *r, uint64_t pass, bp_pool_work job_work,
                             bp_pool_done job_done)
{
    size_t memory = r->memory / 2, threads = r->options->threads ? r->options->threads : 64;
    size_t need = stored_bytes(r) + (pass && r->whole ? r->pixels * FRAME_ROOM * sizeof(double) : 0);
    if (need < memory / (IN_FLIGHT * threads))
        memory = IN_FLIGHT * threads * need;
    bp_pool *pool = bp_pool_new(ctx, r->options->threads, memory, job_work, job_done, r);
    bp_status status = pool ? BP_OK : bp_fail(ctx, BP_E_MEMORY, "no memory");
    for (uint64_t i = 0; i < r->count && status == BP_OK; i++) {
        job *j;
        status = new_job(ctx, r, i, &j);
        if (status == BP_OK)
            status = bp_pool_submit(pool, j, need);
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
    if (bp_stack_get_facts(r->reference)->decoded || bp_stack_get_facts(r->test)->decoded)
        r->kept_most = r->memory / 2 / stored_bytes(r);
    r->kept_most = r->kept_most < r->count ? r->kept_most : r->count;
    r->kept = calloc((size_t)r->kept_most + 1, sizeof *r->kept);
    if (!r->kept)
        return bp_fail(ctx, BP_E_MEMORY, "no memory");
    bp_status status = pass_frames(ctx, r, 0, look, looked);
    if (s->reference_nan + s->reference_infinite + s->test_nan + s->test_infinite > 0)
        r->report->identical = false;
    return status;
}

/* Integers beyond 2^53 are no doubles. */
static void warn_of_rounding(bp_context *ctx, const run *r)
{
    const bp_survey *s = &r->report->survey;
    double largest = fmax(fmax(fabs(s->reference_min), fabs(s->reference_max)),
                          fmax(fabs(s->test_min), fabs(s->test_max)));
    if (s->whole_numbers && largest > 0x1p53)
        bp_log(ctx, BP_LOG_WARNING,
               "%s: integers beyond 2^53 are rounded to doubles: errors below %.0f may not be seen",
               r->report->dataset, ldexp(1, ilogb(largest) - 52));
}

static bp_status begin(bp_context *ctx, run *r)
{
    warn_of_rounding(ctx, r);
    for (size_t i = 0; i < r->report->measurement_count; i++) {
        bp_measurement *m = &r->report->measurements[i];
        m->value_count = bp_metric_value_total(m->metric, m->params, &r->report->survey);
        m->values = calloc(m->value_count, sizeof *m->values);
        r->whole = r->whole || !wants_rows(r, i);
        r->by_rows = r->by_rows || wants_rows(r, i);
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
    r.memory = options->memory ? options->memory : DEFAULT_MEMORY;
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
    for (uint64_t i = 0; i < r.kept_count; i++)
        bp_scratch_give(ctx, r.kept[i]);
    free(r.kept);
    free(r.states);
    free(r.mask);
    bp_stack_close(r.reference);
    bp_stack_close(r.test);
    return status;
}
