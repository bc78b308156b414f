/* SPDX-License-Identifier: BSD-3-Clause
 * A plan meets its frames: parameters are resolved, frames chosen, whole stacks laid down. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pipeline/plan.h"

#define BATCH_BYTES  ((size_t)64 << 20)
#define LOOK_WHOLE   ((uint64_t)256 << 20) /* larger stacks are not read whole to be looked at */
#define LOOK_SAMPLE  ((uint64_t)16 << 20)  /* that are searched for values without sense */
#define LEAST_SAMPLE 16                    /* frames, for the same */
#define LOOK_BYTES   ((uint64_t)2 << 30)   /* that are read for flats, samples and small stacks */

void bp_level_fini(bp_plan_level *level)
{
    free(level->keys);
    free(level->kept);
    free(level->keep);
    free(level->scores);
    free(level->values);
    free(level->labels);
    if (level->fd >= 0)
        close(level->fd);
    *level = (bp_plan_level){.fd = -1};
}

static size_t batch_of(const bp_plan *plan, size_t level)
{
    size_t bytes = plan->levels[level].bytes + plan->levels[0].bytes + 1;
    return BATCH_BYTES / bytes + 1;
}

/* ---- a level as a stage's begin sees it ---- */

static bp_status read_begin(bp_context *ctx, const bp_frames_in *in, uint64_t first, size_t count, size_t row,
                            size_t rows, void *values, uint8_t *labels)
{
    const bp_level_reader *r = in->user;
    const bp_plan_level *l = &r->plan->levels[r->level];
    const bp_flow *flow = bp_plan_flow(r->plan, r->level);
    if (first > in->frames || count > in->frames - first || row > flow->rows || rows > flow->rows - row)
        return bp_fail(ctx, BP_E_INTERNAL, "frames outside the stack");
    size_t line = flow->columns * bp_dtype_size(flow->dtype);
    bool whole = rows == flow->rows;
    uint8_t *room = whole ? values : malloc(l->bytes), *label_room = NULL;
    if (labels)
        label_room = whole ? labels : malloc(l->pixels);
    bp_status status =
        room && (!labels || label_room) ? BP_OK : bp_fail(ctx, BP_E_MEMORY, "no memory for a frame");
    for (size_t i = 0; i < count && status == BP_OK; i++) {
        uint64_t index = first + i;
        uint8_t *to = whole ? room + i * l->bytes : room;
        uint8_t *to_labels = whole && labels ? label_room + i * l->pixels : label_room;
        status = bp_level_read(ctx, r->plan, r->level, &index, 1, to, to_labels);
        if (status != BP_OK || whole)
            continue;
        memcpy((uint8_t *)values + i * rows * line, to + row * line, rows * line);
        if (labels)
            memcpy(labels + i * rows * flow->columns, to_labels + row * flow->columns, rows * flow->columns);
    }
    if (!whole) {
        free(room);
        free(label_room);
    }
    return status;
}

static bp_status read_several(bp_context *ctx, const bp_frames_in *in, const uint64_t *indices, size_t count,
                              void *values, uint8_t *labels)
{
    const bp_level_reader *r = in->user;
    for (size_t i = 0; i < count; i++)
        if (indices[i] >= in->frames || (i && indices[i] <= indices[i - 1]))
            return bp_fail(ctx, BP_E_INTERNAL, "frames outside the stack, or not in order");
    return bp_level_read(ctx, r->plan, r->level, indices, count, values, labels);
}

/* ---- a level that is stored ---- */

static bp_status read_stored(bp_context *ctx, const bp_frames_in *in, uint64_t first, size_t count,
                             size_t row, size_t rows, void *values, uint8_t *labels)
{
    const bp_level_reader *r = in->user;
    const bp_plan_level *l = &r->plan->levels[r->level];
    const bp_flow *flow = bp_plan_flow(r->plan, r->level);
    if (first > in->frames || count > in->frames - first || row > flow->rows || rows > flow->rows - row)
        return bp_fail(ctx, BP_E_INTERNAL, "frames outside the stack");
    size_t line = flow->columns * bp_dtype_size(flow->dtype);
    for (size_t i = 0; i < count; i++) {
        uint64_t at = (first + i) * l->bytes + row * line;
        uint8_t *to = (uint8_t *)values + i * rows * line;
        if (l->values)
            memcpy(to, l->values + at, rows * line);
        for (size_t done = 0; !l->values && done < rows * line;) {
            ssize_t n = pread(l->fd, to + done, rows * line - done, (off_t)(at + done));
            if (n <= 0)
                return bp_fail(ctx, BP_E_INPUT, "the scratch file cannot be read");
            done += (size_t)n;
        }
        if (labels && l->labels)
            memcpy(labels + i * rows * flow->columns,
                   l->labels + (first + i) * l->pixels + row * flow->columns, rows * flow->columns);
        else if (labels)
            memset(labels + i * rows * flow->columns, 0, rows * flow->columns);
    }
    return BP_OK;
}

static bp_status store_room(bp_context *ctx, const bp_plan *plan, bp_plan_level *l, bool labelled)
{
    if (l->frames > SIZE_MAX / 2 / (l->bytes + l->pixels))
        return bp_fail(ctx, BP_E_MEMORY, "no memory for the whole stack");
    size_t bytes = (size_t)l->frames * l->bytes;
    if (plan->scratch) {
        char path[4096];
        snprintf(path, sizeof path, "%s/.beampress-scratch-XXXXXX", plan->scratch);
        l->fd = mkstemp(path);
        if (l->fd >= 0)
            unlink(path);
        if (l->fd < 0)
            return bp_fail(ctx, BP_E_OUTPUT, "no scratch file in %s", plan->scratch);
    } else {
        l->values = malloc(bytes);
    }
    l->labels = labelled ? malloc((size_t)l->frames * l->pixels) : NULL;
    if ((!plan->scratch && !l->values) || (labelled && !l->labels))
        return bp_fail(ctx, BP_E_MEMORY, "no memory for the whole stack of %zu bytes", bytes);
    return BP_OK;
}

static bp_status put_stored(bp_context *ctx, bp_plan_level *l, uint64_t at, const uint8_t *values,
                            size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t n = pwrite(l->fd, values + done, size - done, (off_t)(at + done));
        if (n <= 0)
            return bp_fail(ctx, BP_E_OUTPUT, "the scratch file cannot be written");
        done += (size_t)n;
    }
    return BP_OK;
}

bp_status bp_level_store(bp_context *ctx, bp_plan *plan, size_t level)
{
    bp_plan_level *l = &plan->levels[level];
    bp_status status = store_room(ctx, plan, l, bp_plan_flow(plan, level)->labelled);
    size_t batch = batch_of(plan, level);
    uint64_t *indices = malloc(batch * sizeof *indices);
    uint8_t *room = l->values ? NULL : malloc(batch * l->bytes);
    if (status == BP_OK && (!indices || (!l->values && !room)))
        status = bp_fail(ctx, BP_E_MEMORY, "no memory for %zu frames", batch);
    for (uint64_t first = 0; first < l->frames && status == BP_OK; first += batch) {
        size_t count = l->frames - first < batch ? (size_t)(l->frames - first) : batch;
        for (size_t i = 0; i < count; i++)
            indices[i] = first + i;
        uint8_t *to = l->values ? l->values + first * l->bytes : room;
        status = bp_level_read(ctx, plan, level, indices, count, to,
                               l->labels ? l->labels + first * l->pixels : NULL);
        if (status == BP_OK && !l->values)
            status = put_stored(ctx, l, first * l->bytes, to, count * l->bytes);
    }
    free(indices);
    free(room);
    l->stored = status == BP_OK;
    l->reader.read = read_stored;
    return status;
}

/* ---- which frames are kept ---- */

typedef struct keeping {
    bp_plan *plan;
    size_t level;
    uint64_t first;
    const uint8_t *values, *labels;
} keeping;

static bp_status keep_frame(bp_context *ctx, bp_plan *plan, size_t level, bp_frame *in)
{
    const bp_stage_run *run = &plan->runs[level];
    bp_plan_level *l = &plan->levels[level];
    bool kept = true;
    in->key = l->keys ? l->keys[in->index] : 0;
    bp_status status = run->stage->keep(ctx, run, in, &kept, &l->scores[in->index]);
    l->keep[in->index] = kept;
    return status;
}

static bp_status keep_one(bp_context *ctx, unsigned thread, void *user, size_t i)
{
    (void)thread;
    const keeping *k = user;
    const bp_stage_run *run = &k->plan->runs[k->level];
    const bp_plan_level *l = &k->plan->levels[k->level];
    bp_frame in = {.dtype = run->in.dtype, .rows = run->in.rows, .columns = run->in.columns};
    in.index = k->first + i;
    in.values = (uint8_t *)(uintptr_t)(k->values + i * l->bytes);
    in.labels = k->labels ? k->labels + i * l->pixels : NULL;
    return keep_frame(ctx, k->plan, k->level, &in);
}

static bp_status keep_by_number(bp_context *ctx, bp_plan *plan, size_t level)
{
    bp_status status = BP_OK;
    for (uint64_t i = 0; i < plan->levels[level].frames && status == BP_OK; i++) {
        bp_frame in = {.index = i};
        status = keep_frame(ctx, plan, level, &in);
    }
    return status;
}

static bp_status keep_batches(bp_context *ctx, bp_plan *plan, size_t level)
{
    bp_plan_level *l = &plan->levels[level];
    size_t batch = batch_of(plan, level);
    bool labelled = bp_plan_flow(plan, level)->labelled;
    uint64_t *indices = malloc(batch * sizeof *indices);
    uint8_t *values = malloc(batch * l->bytes), *labels = labelled ? malloc(batch * l->pixels) : NULL;
    bp_status status = BP_OK;
    if (!indices || !values || (labelled && !labels))
        status = bp_fail(ctx, BP_E_MEMORY, "no memory for %zu frames", batch);
    for (uint64_t first = 0; first < l->frames && status == BP_OK; first += batch) {
        size_t count = l->frames - first < batch ? (size_t)(l->frames - first) : batch;
        for (size_t i = 0; i < count; i++)
            indices[i] = first + i;
        status = bp_level_read(ctx, plan, level, indices, count, values, labels);
        keeping k = {plan, level, first, values, labels};
        if (status == BP_OK)
            status = bp_plan_each(ctx, plan, count, l->bytes, keep_one, &k);
    }
    free(indices);
    free(values);
    free(labels);
    return status;
}

static bp_status choose_frames(bp_context *ctx, bp_plan *plan, size_t level)
{
    bp_plan_level *l = &plan->levels[level];
    bp_stage_run *run = &plan->runs[level];
    l->keep = malloc(l->frames);
    l->scores = calloc(l->frames, sizeof *l->scores);
    l->kept = malloc(l->frames * sizeof *l->kept);
    if (!l->keep || !l->scores || !l->kept)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for scores");
    bp_status status = run->by_number ? keep_by_number(ctx, plan, level) : keep_batches(ctx, plan, level);
    if (status != BP_OK)
        return status;
    uint64_t count = 0;
    for (uint64_t i = 0; i < l->frames; i++)
        if (l->keep[i] || run->marks_only)
            l->kept[count++] = i;
    if (count == 0)
        return bp_stage_fail(ctx, run, -1, BP_E_LOSS, "none of the %llu frames would be left",
                             (unsigned long long)l->frames);
    run->out.frames = count;
    run->out.frames_known = true;
    return BP_OK;
}

/* ---- opening ---- */

static bp_status set_level(bp_context *ctx, bp_plan *plan, size_t level)
{
    const bp_flow *flow = bp_plan_flow(plan, level);
    bp_plan_level *l = &plan->levels[level];
    l->frames = flow->frames;
    l->pixels = flow->rows * flow->columns;
    l->bytes = l->pixels * bp_dtype_size(flow->dtype);
    const uint8_t *before = level ? plan->levels[level - 1].keys : plan->source.keys;
    const bp_carry *carry = &flow->carry;
    if (!before || !flow->keyed || (level && carry->axes != BP_AXES_FRAMES))
        return BP_OK;
    l->keys = malloc(l->frames);
    if (!l->keys)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for keys");
    for (uint64_t i = 0; i < l->frames; i++) {
        const bp_plan_level *from = level ? &plan->levels[level - 1] : NULL;
        uint64_t origin = from && from->kept ? from->kept[i] : level ? i * carry->group : i;
        l->keys[i] = before[origin];
    }
    return BP_OK;
}

/* The flow again, with the number of frames and the noise as they are now known. */
static bp_status recheck(bp_context *ctx, bp_plan *plan, size_t index)
{
    bp_stage_run *run = &plan->runs[index];
    const bp_flow *in = bp_plan_flow(plan, index);
    const uint8_t *mask = run->out.mask;
    run->in = *in;
    run->out = *in;
    run->out.carry = (bp_carry){.row_step = 1, .column_step = 1, .group = 1};
    if (!(run->stage->traits & BP_STAGE_EXACT)) {
        run->out.loss = BP_LOSS_UNBOUNDED;
        run->out.bound = INFINITY;
    }
    bp_status status = run->stage->check(ctx, run);
    bp_flow_settle_marks(in, &run->out);
    run->out.mask = mask;
    return status;
}

/* Would the stage read more than a look is worth? */
static bool too_much(const bp_plan *plan, size_t index)
{
    const bp_stage_run *run = &plan->runs[index];
    const bp_plan_level *l = &plan->levels[index];
    bool whole =
        run->stage->scope == BP_SCOPE_STACK || ((run->stage->traits & BP_STAGE_DROPS) && !run->by_number);
    return plan->looking && whole && l->frames > LOOK_WHOLE / (l->bytes + l->pixels);
}

static uint64_t sample_of(const bp_plan_level *l)
{
    uint64_t count = LOOK_SAMPLE / l->bytes;
    return count > LEAST_SAMPLE ? count : LEAST_SAMPLE;
}

static bp_status open_stage(bp_context *ctx, bp_plan *plan, size_t index, bp_level_reader *own)
{
    bp_stage_run *run = &plan->runs[index];
    bp_plan_level *l = &plan->levels[index];
    bp_status status = BP_OK;
    if (index > 0 && memcmp(&run->in, bp_plan_flow(plan, index), sizeof run->in) != 0)
        status = recheck(ctx, plan, index);
    if (status == BP_OK)
        status = set_level(ctx, plan, index);
    if (status != BP_OK)
        return status;
    *own = (bp_level_reader){plan, index};
    l->reader = (bp_frames_in){read_begin, read_several, l->frames, sample_of(l), l->keys, own};
    plan->spent |= too_much(plan, index);
    if (plan->spent)
        return BP_OK;
    if (run->stage->scope == BP_SCOPE_STACK)
        status = bp_level_store(ctx, plan, index);
    if (status == BP_OK && run->stage->begin) {
        plan->begun[index] = true;
        status = run->stage->begin(ctx, run, &l->reader);
    }
    if (status == BP_OK && (run->stage->traits & BP_STAGE_DROPS))
        status = choose_frames(ctx, plan, index);
    return plan->spent ? BP_OK : status;
}

static bp_status open_stages(bp_context *ctx, bp_plan *plan, size_t *opened, bp_blame *blame)
{
    bp_status status = BP_OK;
    for (*opened = 0; *opened < plan->count && status == BP_OK; *opened += status == BP_OK) {
        bp_stage_run *run = &plan->runs[*opened];
        run->blame = -1;
        status = open_stage(ctx, plan, *opened, &plan->readers[*opened]);
        if (plan->spent)
            return status;
        bool param = run->blame >= 0 && run->values[run->blame].given;
        bool stage = param || status != BP_E_DAMAGED; /* not at fault when the input cannot be read */
        if (status != BP_OK && stage && blame)
            *blame = param ? (bp_blame){run->values[run->blame].at, run->values[run->blame].length}
                           : (bp_blame){run->at, run->length};
    }
    return status == BP_OK ? set_level(ctx, plan, plan->count) : status;
}

bp_status bp_plan_open(bp_context *ctx, bp_plan *plan, const bp_pipeline_source *source, const char *scratch,
                       bp_blame *blame)
{
    size_t opened;
    plan->source = *source;
    plan->scratch = scratch;
    return open_stages(ctx, plan, &opened, blame);
}

/* One frame from the middle of the output, to see what fails only on frames. */
static bp_status look_at_frame(bp_context *ctx, bp_plan *plan, bp_blame *blame)
{
    const bp_plan_level *out = &plan->levels[plan->count];
    for (size_t i = 0; i < plan->count; i++)
        if (plan->runs[i].out.carry.axes == BP_AXES_OTHER) /* a slice is no quick look */
            return BP_OK;
    void *values = malloc(out->bytes);
    bp_status status = values ? bp_plan_read(ctx, plan, out->frames / 2, 1, values, NULL)
                              : bp_fail(ctx, BP_E_MEMORY, "no memory for a frame");
    free(values);
    if (status != BP_OK && !plan->spent)
        bp_plan_fault(plan, blame);
    return plan->spent ? BP_OK : status;
}

bp_status bp_plan_look(bp_context *ctx, bp_plan *plan, const bp_pipeline_source *source, size_t *opened,
                       bp_blame *blame)
{
    plan->looking = true;
    plan->budget = LOOK_BYTES;
    plan->source = *source;
    bp_status status = open_stages(ctx, plan, opened, blame);
    return status == BP_OK && *opened == plan->count ? look_at_frame(ctx, plan, blame) : status;
}

void bp_plan_fault(const bp_plan *plan, bp_blame *blame)
{
    unsigned faulty = atomic_load(&plan->faulty);
    if (faulty && blame)
        *blame = (bp_blame){plan->runs[faulty - 1].at, plan->runs[faulty - 1].length};
}
