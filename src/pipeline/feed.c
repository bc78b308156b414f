/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "algo/max_error.h"
#include "base/hash.h"
#include "pipeline/feed.h"

/* ---- frames are hashed, and compared with what they were, on all threads ---- */

typedef struct weighing {
    bp_feeder *f;
    uint64_t *hashes; /* NULL: not asked */
    size_t bytes;
} weighing;

static bp_status weigh_one(bp_context *ctx, unsigned thread, void *user, size_t i)
{
    (void)thread;
    const weighing *w = user;
    bp_feeder *f = w->f;
    bp_dtype dtype = bp_plan_out(f->plan)->dtype;
    uint8_t *values = f->values + i * w->bytes, *was = f->was ? f->was[i] : NULL;
    bp_array before, after;
    if (w->hashes)
        w->hashes[i] = bp_hash64(values, w->bytes);
    if (!was)
        return BP_OK;
    f->errors[i] = 0;
    if (memcmp(was, values, w->bytes) == 0)
        return BP_OK;
    if (bp_array_init(&before, dtype, 0, 1, &f->pixels, was) != BP_OK ||
        bp_array_init(&after, dtype, 0, 1, &f->pixels, values) != BP_OK)
        return bp_fail(ctx, BP_E_INTERNAL, "frames cannot be compared");
    f->errors[i] = bp_max_error(&before, &after);
    return BP_OK;
}

bp_status bp_feeder_weigh(bp_context *ctx, bp_feeder *f, size_t count, size_t bytes, uint64_t *hashes)
{
    weighing w = {f, hashes, bytes};
    double *most = &f->run->max_error;
    bp_status status = hashes || f->was ? bp_plan_each(ctx, f->plan, count, bytes, weigh_one, &w) : BP_OK;
    for (size_t i = 0; status == BP_OK && f->was && i < count; i++)
        if (f->was[i])
            *most = f->errors[i] > *most || isnan(*most) ? f->errors[i] : *most;
    return status;
}

/* Where the input's frames of a batch stand that was just read; else nothing can be said of the largest
 * change. */
static void find_last(bp_feeder *f)
{
    const bp_pipeline_input *in = &f->run->input;
    for (size_t i = 0; f->compare && i < f->count; i++) {
        uint64_t origin = bp_plan_origin(f->plan, f->first + i);
        f->compare = origin >= in->last_first && origin - in->last_first < in->last_count;
        f->was[i] = f->compare ? in->last + (origin - in->last_first) * f->bytes : NULL;
    }
    for (size_t i = 0; f->was && !f->compare && i < f->count; i++)
        f->was[i] = NULL;
    if (f->was && !f->compare)
        f->run->max_error = NAN;
}

bp_status bp_feeder_read_back(bp_context *ctx, bp_feeder *f, uint64_t first, size_t count)
{
    bp_status status = BP_OK;
    for (size_t i = 0, n; f->compare_back && i < count && status == BP_OK; i += n) {
        uint64_t origin = bp_plan_origin(f->plan, first + i);
        for (n = 1; i + n < count && bp_plan_origin(f->plan, first + i + n) == origin + n;)
            n++;
        size_t bytes = f->pixels * bp_dtype_size(bp_plan_out(f->plan)->dtype);
        for (size_t k = 0; k < n; k++)
            f->was[i + k] = f->before + (i + k) * bytes;
        status = bp_stack_read_typed(ctx, f->run->input.stack, origin, n, f->was[i]);
    }
    return status;
}

static bp_status load(bp_context *ctx, bp_feeder *f, uint64_t frame)
{
    uint64_t frames = bp_plan_frames(f->plan);
    f->first = frame / f->batch * f->batch;
    f->count = frames - f->first < f->batch ? (size_t)(frames - f->first) : f->batch;
    bp_status status = f->marks ? bp_plan_read_before(ctx, f->plan, f->first, f->count, f->values, f->marks)
                                : bp_plan_read(ctx, f->plan, f->first, f->count, f->values, NULL);
    if (status == BP_OK)
        find_last(f);
    if (status == BP_OK)
        status = bp_feeder_weigh(ctx, f, f->count, f->bytes, f->marks ? NULL : f->hashes + f->first);
    if (status != BP_OK)
        f->count = 0;
    return status;
}

/* Where a box of the output begins in frames, rows and columns. */
typedef struct place {
    size_t lead, row, column; /* leading axes */
    size_t rows, columns;     /* of the box */
    size_t boxes;             /* frames of it */
} place;

static place place_of(const bp_reframe *r, const hsize_t *offset, const size_t *shape)
{
    size_t rank = r->rank;
    place p = {.lead = rank > 2 ? rank - 2 : 0, .rows = 1, .boxes = 1};
    if (rank > 1) {
        p.row = (size_t)offset[rank - 2];
        p.rows = shape[rank - 2];
    }
    p.column = (size_t)offset[rank - 1];
    p.columns = shape[rank - 1];
    for (size_t i = 0; i < p.lead; i++)
        p.boxes *= shape[i];
    return p;
}

/* Number of frame `box` of a box; false when it sticks out. */
static bool frame_of(const bp_reframe *r, const place *p, const hsize_t *offset, const size_t *shape,
                     size_t box, uint64_t *frame)
{
    size_t at[BP_MAX_RANK] = {0};
    bool inside = true;
    *frame = 0;
    for (size_t i = p->lead; i-- > 0; box /= shape[i])
        at[i] = box % shape[i];
    for (size_t i = 0; i < p->lead; i++) {
        inside = inside && offset[i] + at[i] < r->shape[i];
        *frame = *frame * r->shape[i] + offset[i] + at[i];
    }
    return inside;
}

/* A box of the output: leading axes count frames, the last two are rows and columns. */
bp_status bp_feeder_read(bp_context *ctx, void *user, const hsize_t *offset, const size_t *shape,
                         uint8_t *values)
{
    bp_feeder *f = user;
    const bp_flow *flow = bp_plan_out(f->plan);
    const place p = place_of(&f->run->reframe, offset, shape);
    size_t size = f->pixel, inside = flow->columns - p.column;
    size_t copy = inside < p.columns ? inside : p.columns;
    uint8_t *marks = values + p.boxes * p.rows * p.columns * size;
    for (size_t b = 0; b < p.boxes; b++) {
        uint64_t frame;
        bool there = frame_of(&f->run->reframe, &p, offset, shape, b, &frame);
        if (there && (frame < f->first || frame - f->first >= f->count)) {
            bp_status status = load(ctx, f, frame);
            if (status != BP_OK)
                return status;
        }
        for (size_t i = 0; i < p.rows; i++) {
            size_t to = (b * p.rows + i) * p.columns;
            bool copied = there && p.row + i < flow->rows;
            size_t from =
                copied ? (size_t)(frame - f->first) * f->pixels + (p.row + i) * flow->columns + p.column : 0;
            if (!copied || copy < p.columns)
                memset(values + to * size, 0, p.columns * size);
            if (f->marks && (!copied || copy < p.columns))
                memset(marks + to, BP_LABEL_GAP, p.columns);
            if (copied)
                memcpy(values + to * size, f->values + from * size, copy * size);
            if (copied && f->marks)
                memcpy(marks + to, f->marks + from, copy);
        }
    }
    return BP_OK;
}

/* Flats and darks go without the operation. */
bool bp_feeder_without_chain(void *user, const hsize_t *offset)
{
    const bp_feeder *f = user;
    const bp_plan_level *level = &f->plan->levels[f->plan->count];
    const bp_stage_run *last = &f->plan->runs[f->plan->count - 1];
    const bp_reframe *r = &f->run->reframe;
    uint64_t frame = 0;
    for (size_t i = 0; r->rank > 2 && i < r->rank - 2; i++)
        frame = frame * r->shape[i] + offset[i];
    return level->keys && level->keys[frame] != 0 && !(last->stage->traits & BP_STAGE_ALL_KEYS);
}

bp_status bp_feeder_init(bp_context *ctx, bp_feeder *f, bp_run *run)
{
    const bp_flow *out = bp_plan_out(run->plan), *in = &run->plan->in;
    size_t memory = run->options->memory ? run->options->memory : BP_RUN_MEMORY;
    size_t in_bytes = in->rows * in->columns * (bp_dtype_size(in->dtype) + 1);
    *f = (bp_feeder){.run = run, .plan = run->plan, .pixels = out->rows * out->columns};
    const bp_flow *coded = run->chained ? bp_plan_flow(run->plan, run->plan->count - 1) : out;
    f->dtype = coded->dtype;
    f->pixel = bp_dtype_size(f->dtype);
    f->bytes = f->pixels * f->pixel;
    size_t group = (size_t)run->reframe.group;
    size_t each = f->bytes + f->pixels + group * in_bytes * (run->plan->count + 1);
    f->batch = memory / 16 / each + 1;
    uint64_t frames = bp_plan_frames(run->plan);
    f->batch = f->batch > frames ? (size_t)frames : f->batch;
    size_t most = f->pixel > bp_dtype_size(out->dtype) ? f->pixel : bp_dtype_size(out->dtype);
    f->values = malloc(f->batch * f->pixels * most);
    f->marks = run->chained ? malloc(f->batch * f->pixels) : NULL;
    f->hashes = calloc((size_t)frames, sizeof *f->hashes);
    f->compare = out->dtype == in->dtype && out->rows == in->rows && out->columns == in->columns &&
                 run->reframe.group == 1 && !run->reframe.turned && !run->reframe.other;
    bool compares = f->compare;
    f->compare_back = compares && run->chained;
    f->compare = compares && !run->chained;
    run->input.keep_last = f->compare;
    f->was = compares ? calloc(f->batch, sizeof *f->was) : NULL;
    f->errors = compares ? calloc(f->batch, sizeof *f->errors) : NULL;
    f->before = f->compare_back ? malloc(f->batch * f->pixels * bp_dtype_size(out->dtype)) : NULL;
    bool room = (f->was && f->errors) || !compares;
    room = room && (f->before || !f->compare_back);
    return room && f->values && f->hashes && (f->marks || !run->chained)
               ? BP_OK
               : bp_fail(ctx, BP_E_MEMORY, "no memory for frames of %zu bytes", f->bytes);
}

void bp_feeder_fini(bp_feeder *f)
{
    free(f->values);
    free(f->marks);
    free(f->hashes);
    free(f->was);
    free(f->errors);
    free(f->before);
}
