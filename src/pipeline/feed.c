/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "algo/max_error.h"
#include "base/hash.h"
#include "pipeline/feed.h"

/* The largest change of the frames of a batch whose origin was just read. */
static void compare_batch(bp_feeder *f)
{
    const bp_pipeline_input *in = &f->run->input;
    const bp_flow *flow = bp_plan_out(f->plan);
    for (size_t i = 0; f->compare && i < f->count; i++) {
        uint64_t origin = bp_plan_origin(f->plan, f->first + i);
        bp_array before, after;
        if (origin < in->last_first || origin - in->last_first >= in->last_count) {
            f->compare = false;
            f->run->max_error = NAN;
            return;
        }
        uint8_t *was = in->last + (origin - in->last_first) * f->bytes;
        if (bp_array_init(&before, flow->dtype, 0, 1, &f->pixels, was) != BP_OK ||
            bp_array_init(&after, flow->dtype, 0, 1, &f->pixels, f->values + i * f->bytes) != BP_OK)
            return;
        double error = memcmp(was, f->values + i * f->bytes, f->bytes) ? bp_max_error(&before, &after) : 0;
        f->run->max_error = error > f->run->max_error || isnan(f->run->max_error) ? error : f->run->max_error;
    }
}

/* The same for one frame that was read back. */
bp_status bp_feeder_compare(bp_context *ctx, const bp_feeder *f, uint64_t frame, uint8_t *values,
                            uint8_t *room)
{
    bp_run *run = f->run;
    bp_array before, after;
    bp_dtype dtype = bp_plan_out(f->plan)->dtype;
    bp_status status = bp_stack_read_typed(ctx, run->input.stack, bp_plan_origin(f->plan, frame), 1, room);
    if (status == BP_OK)
        status = bp_array_init(&before, dtype, 0, 1, &f->pixels, room);
    if (status == BP_OK)
        status = bp_array_init(&after, dtype, 0, 1, &f->pixels, values);
    if (status != BP_OK)
        return status;
    double error = bp_max_error(&before, &after);
    run->max_error = error > run->max_error || isnan(run->max_error) ? error : run->max_error;
    return BP_OK;
}

static bp_status load(bp_context *ctx, bp_feeder *f, uint64_t frame)
{
    uint64_t frames = bp_plan_frames(f->plan);
    f->first = frame / f->batch * f->batch;
    f->count = frames - f->first < f->batch ? (size_t)(frames - f->first) : f->batch;
    bp_status status = f->marks ? bp_plan_read_before(ctx, f->plan, f->first, f->count, f->values, f->marks)
                                : bp_plan_read(ctx, f->plan, f->first, f->count, f->values, NULL);
    for (size_t i = 0; i < f->count && status == BP_OK; i++)
        f->hashes[f->first + i] = bp_hash64(f->values + i * f->bytes, f->bytes);
    if (status == BP_OK)
        compare_batch(f);
    else
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
    f->compare_back = f->compare && run->chained;
    f->compare = f->compare && !run->chained;
    run->input.keep_last = f->compare;
    return f->values && f->hashes && (f->marks || !run->chained)
               ? BP_OK
               : bp_fail(ctx, BP_E_MEMORY, "no memory for frames of %zu bytes", f->bytes);
}

void bp_feeder_fini(bp_feeder *f)
{
    free(f->values);
    free(f->marks);
    free(f->hashes);
}
