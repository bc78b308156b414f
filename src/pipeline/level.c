/* SPDX-License-Identifier: BSD-3-Clause
 * Frames of a level: read from the source or a store, then through the stages, all threads over frames. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pipeline/plan.h"

#define BLOCK_BYTES ((size_t)256 << 10) /* of small frames that make one job */

typedef struct each {
    bp_each_work work;
    void *user;
} each;

typedef struct block {
    each all;
    size_t first, count;
} block;

static bp_status run_block(bp_context *ctx, unsigned thread, void *job)
{
    const block *b = job;
    bp_status status = BP_OK;
    for (size_t i = 0; i < b->count && status == BP_OK; i++)
        status = b->all.work(ctx, thread, b->all.user, b->first + i);
    return status;
}

static bp_status block_done(bp_context *ctx, void *user, void *job, bp_status status)
{
    (void)ctx;
    (void)user;
    free(job);
    return status;
}

static bp_status make_pool(bp_context *ctx, bp_plan *plan)
{
    if (plan->pool)
        return BP_OK;
    plan->pool = bp_pool_new(ctx, plan->threads, SIZE_MAX / 2, run_block, block_done, NULL);
    if (!plan->pool)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for threads");
    size_t bytes = 0;
    for (size_t i = 0; i <= plan->count; i++) {
        const bp_flow *flow = bp_plan_flow(plan, i);
        size_t need = flow->rows * flow->columns * bp_dtype_size(flow->dtype);
        bytes = need > bytes ? need : bytes;
    }
    bytes = (bytes + 63) / 64 * 64;
    plan->room_bytes = bytes;
    unsigned threads = bp_pool_threads(plan->pool);
    plan->rooms = calloc(threads, sizeof *plan->rooms);
    bool all = plan->rooms != NULL;
    for (unsigned i = 0; all && i < threads; i++) {
        plan->rooms[i] = aligned_alloc(64, 4 * bytes);
        all = plan->rooms[i] != NULL;
    }
    return all ? BP_OK : bp_fail(ctx, BP_E_MEMORY, "no memory for frames of %zu bytes", bytes);
}

bp_status bp_plan_each(bp_context *ctx, bp_plan *plan, size_t count, size_t bytes_each, bp_each_work work,
                       void *user)
{
    bp_status status = make_pool(ctx, plan);
    if (status != BP_OK)
        return status;
    size_t per_block = bytes_each < BLOCK_BYTES ? BLOCK_BYTES / (bytes_each + 1) + 1 : 1;
    for (size_t i = 0; i < count && status == BP_OK; i += per_block) {
        block *job = malloc(sizeof *job);
        if (!job) {
            status = bp_fail(ctx, BP_E_MEMORY, "no memory for a job");
            break;
        }
        *job = (block){{work, user}, i, count - i < per_block ? count - i : per_block};
        status = bp_pool_submit(plan->pool, job, per_block * bytes_each);
    }
    bp_status finished = bp_pool_finish(plan->pool);
    return status != BP_OK ? status : finished;
}

/* ---- frames through stages of one frame each ---- */

typedef struct chain {
    bp_plan *plan;
    size_t base, level; /* frames of `base` become frames of `level` */
    const uint64_t *indices;
    const uint8_t *values, *labels; /* of the base; labels NULL: found on the way, or none */
    uint8_t *out_values, *out_labels;
} chain;

static uint8_t key_of(const bp_plan *plan, size_t level, uint64_t index)
{
    return plan->levels[level].keys ? plan->levels[level].keys[index] : 0;
}

static bool any(const uint8_t *labels, size_t count)
{
    uint8_t all = 0;
    for (size_t i = 0; i < count; i++)
        all |= labels[i];
    return all != 0;
}

#define RESTORE(TYPE)                                                                                        \
    do {                                                                                                     \
        const TYPE *from = in->values;                                                                       \
        TYPE *to = values;                                                                                   \
        for (size_t i = 0; i < count; i++)                                                                   \
            to[i] = in->labels[i] ? from[i] : to[i];                                                         \
    } while (0)

static void restore(const bp_frame *in, size_t count, void *values)
{
    switch (bp_dtype_size(in->dtype)) {
    case 1:
        RESTORE(uint8_t);
        break;
    case 2:
        RESTORE(uint16_t);
        break;
    case 4:
        RESTORE(uint32_t);
        break;
    default:
        RESTORE(uint64_t);
        break;
    }
}

/* Labels keep the values that they have, or get those of the new type. */
static void keep_labels(const bp_stage_run *run, const bp_frame *in, const bp_frame *out)
{
    size_t count = out->rows * out->columns;
    if (!out->labels || !any(out->labels, count))
        return;
    bool same = in->dtype == out->dtype && in->rows == out->rows && in->columns == out->columns;
    if (!same) {
        bool moved = in->dtype == out->dtype && (run->stage->traits & BP_STAGE_EXACT);
        if (!moved) /* an exact stage has moved them as they are */
            bp_stage_put_marks(&run->out, out->labels, count, out->values);
        return;
    }
    bool others = memcmp(run->in.mark, run->out.mark, sizeof run->in.mark) != 0;
    if (out->labels != in->labels || others) /* some are new, or all get another value */
        bp_stage_put_marks(&run->out, out->labels, count, out->values);
    if (in->labels && !others)
        restore(in, count, out->values);
}

/* Does the frame go through the stage as it is? */
static bool passes(const bp_stage_run *run, const bp_frame *in)
{
    return !run->stage->frame || (in->key != 0 && !(run->stage->traits & BP_STAGE_ALL_KEYS));
}

/* Remembers which stage failed. */
static bp_status told(bp_plan *plan, size_t stage, bp_status status)
{
    if (status != BP_OK)
        atomic_store(&plan->faulty, (unsigned)stage + 1);
    return status;
}

static bp_status one_stage(bp_context *ctx, bp_plan *plan, size_t stage, const bp_frame *in, bp_frame *out)
{
    const bp_stage_run *run = &plan->runs[stage];
    bp_status status = told(plan, stage, run->stage->frame(ctx, run, in, out));
    if (status == BP_OK)
        keep_labels(run, in, out);
    return status;
}

static bool reads_store(const bp_plan *plan, size_t level)
{
    return plan->levels[level].stored;
}

static bp_status chain_one(bp_context *ctx, unsigned thread, void *user, size_t i)
{
    const chain *c = user;
    bp_plan *plan = c->plan;
    uint64_t index[BP_PIPELINE_STAGES + 1];
    index[c->level] = c->indices[i];
    for (size_t l = c->level; l > c->base; l--)
        index[l - 1] = plan->levels[l - 1].kept ? plan->levels[l - 1].kept[index[l]] : index[l];
    uint8_t *rooms[4];
    for (size_t k = 0; k < 4; k++)
        rooms[k] = plan->rooms[thread] + k * plan->room_bytes;
    const bp_plan_level *base = &plan->levels[c->base], *last = &plan->levels[c->level];
    const bp_flow *flow = bp_plan_flow(plan, c->base);
    bp_frame in = {.dtype = flow->dtype, .rows = flow->rows, .columns = flow->columns};
    in.values = (uint8_t *)(uintptr_t)(c->values + i * base->bytes);
    in.labels = c->labels ? c->labels + i * base->pixels : NULL;
    if (c->base == 0 && plan->source.seen && !reads_store(plan, 0))
        plan->source.seen(plan->source.user, index[0], in.values);
    uint8_t *found = rooms[2];
    if (c->base == 0 && flow->labelled) {
        bp_labels_find(flow, in.values, 1, found);
        in.labels = found;
    }
    if (in.labels && !any(in.labels, base->pixels))
        in.labels = NULL;
    bp_status status = BP_OK;
    size_t turn = 0;
    for (size_t l = c->base; l < c->level && status == BP_OK; l++) {
        const bp_stage_run *run = &plan->runs[l];
        bool end = l + 1 == c->level;
        in.index = index[l];
        in.key = key_of(plan, l, index[l]);
        if (passes(run, &in))
            continue;
        bp_frame out = {.dtype = run->out.dtype, .rows = run->out.rows, .columns = run->out.columns};
        out.index = index[l + 1];
        out.key = in.key;
        out.values = end ? c->out_values + i * last->bytes : rooms[turn];
        out.label_room = in.labels == rooms[2] ? rooms[3] : rooms[2];
        out.labels = out.rows == in.rows && out.columns == in.columns ? in.labels : NULL;
        status = one_stage(ctx, plan, l, &in, &out);
        in = out;
        turn ^= 1;
    }
    if (status == BP_OK && in.values != c->out_values + i * last->bytes)
        memcpy(c->out_values + i * last->bytes, in.values, last->bytes);
    if (status == BP_OK && c->out_labels && in.labels)
        memcpy(c->out_labels + i * last->pixels, in.labels, last->pixels);
    else if (c->out_labels)
        memset(c->out_labels + i * last->pixels, 0, last->pixels);
    return status;
}

static bp_status read_source(bp_context *ctx, bp_plan *plan, const uint64_t *indices, size_t count,
                             uint8_t *values)
{
    size_t bytes = plan->levels[0].bytes;
    plan->spent |= plan->looking && plan->budget / bytes < count;
    if (plan->spent)
        return bp_fail(ctx, BP_E_INTERRUPTED, "enough was read");
    plan->budget -= plan->looking ? count * bytes : 0;
    for (size_t i = 0; i < count;) {
        size_t n = 1;
        while (i + n < count && indices[i + n] == indices[i] + n)
            n++;
        bp_status status = plan->source.read(ctx, plan->source.user, indices[i], n, values + i * bytes);
        if (status != BP_OK)
            return status;
        i += n;
    }
    return BP_OK;
}

static bp_status read_chain(bp_context *ctx, bp_plan *plan, size_t base, size_t level,
                            const uint64_t *indices, size_t count, uint8_t *values, uint8_t *labels)
{
    const bp_plan_level *from = &plan->levels[base];
    bool labelled = base > 0 && bp_plan_flow(plan, base)->labelled;
    uint64_t *origin = malloc(count * sizeof *origin);
    uint8_t *in = malloc(count * from->bytes), *in_labels = labelled ? malloc(count * from->pixels) : NULL;
    bp_status status = BP_OK;
    if (!origin || !in || (labelled && !in_labels))
        status = bp_fail(ctx, BP_E_MEMORY, "no memory for %zu frames", count);
    for (size_t i = 0; status == BP_OK && i < count; i++) {
        uint64_t index = indices[i];
        for (size_t l = level; l > base; l--)
            index = plan->levels[l - 1].kept ? plan->levels[l - 1].kept[index] : index;
        origin[i] = index;
    }
    if (status == BP_OK)
        status = base == 0 && !reads_store(plan, 0)
                     ? read_source(ctx, plan, origin, count, in)
                     : bp_level_read(ctx, plan, base, origin, count, in, in_labels);
    chain c = {plan, base, level, indices, in, in_labels, values, labels};
    if (status == BP_OK)
        status = bp_plan_each(ctx, plan, count, from->bytes, chain_one, &c);
    free(origin);
    free(in);
    free(in_labels);
    return status;
}

/* ---- stages that look at several frames ---- */

typedef struct windows {
    bp_plan *plan;
    size_t level; /* of the output */
    const uint64_t *indices;
    uint64_t *needed; /* frames of level - 1, ascending */
    size_t needed_count;
    uint8_t *in, *in_labels;
    uint8_t *out_values, *out_labels;
} windows;

static void span_of(const bp_plan *plan, size_t level, uint64_t index, uint64_t *first, uint64_t *end)
{
    const bp_stage_run *run = &plan->runs[level - 1];
    uint64_t have = plan->levels[level - 1].frames, group = run->out.carry.group;
    if (group > 1) {
        *first = index * group;
        *end = *first + group;
    } else {
        *first = index < run->before ? 0 : index - run->before;
        *end = index + run->after + 1;
    }
    *end = *end > have ? have : *end;
}

static bp_status window_one(bp_context *ctx, unsigned thread, void *user, size_t i)
{
    const windows *w = user;
    bp_plan *plan = w->plan;
    const bp_stage_run *run = &plan->runs[w->level - 1];
    const bp_plan_level *from = &plan->levels[w->level - 1], *to = &plan->levels[w->level];
    uint64_t first, end, index = w->indices[i];
    span_of(plan, w->level, index, &first, &end);
    size_t place = 0, count = (size_t)(end - first);
    while (w->needed[place] != first)
        place++;
    bp_frame *in = malloc(count * sizeof *in);
    if (!in)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for a window");
    for (size_t k = 0; k < count; k++) {
        in[k] = (bp_frame){.dtype = run->in.dtype, .rows = run->in.rows, .columns = run->in.columns};
        in[k].index = first + k;
        in[k].key = key_of(plan, w->level - 1, first + k);
        in[k].values = w->in + (place + k) * from->bytes;
        const uint8_t *labels = w->in_labels ? w->in_labels + (place + k) * from->pixels : NULL;
        in[k].labels = labels && any(labels, from->pixels) ? labels : NULL;
    }
    size_t centre = run->out.carry.group > 1 ? 0 : (size_t)(index - first);
    bp_frame out = {.dtype = run->out.dtype, .rows = run->out.rows, .columns = run->out.columns};
    out.index = index;
    out.key = in[centre].key;
    out.values = w->out_values + i * to->bytes;
    out.label_room = plan->rooms[thread] + 2 * plan->room_bytes;
    out.labels = out.rows == in->rows && out.columns == in->columns ? in[centre].labels : NULL;
    bp_status status = BP_OK;
    if (out.key != 0 && !(run->stage->traits & BP_STAGE_ALL_KEYS)) {
        memcpy(out.values, in[centre].values, to->bytes);
    } else {
        status = told(plan, w->level - 1, run->stage->window(ctx, run, in, count, centre, &out));
        if (status == BP_OK && out.labels)
            run->out.carry.group > 1 ? bp_stage_put_marks(&run->out, out.labels, to->pixels, out.values)
                                     : keep_labels(run, &in[centre], &out);
    }
    if (w->out_labels && out.labels)
        memcpy(w->out_labels + i * to->pixels, out.labels, to->pixels);
    else if (w->out_labels)
        memset(w->out_labels + i * to->pixels, 0, to->pixels);
    free(in);
    return status;
}

static bp_status read_windows(bp_context *ctx, windows *w, size_t count)
{
    bp_plan *plan = w->plan;
    const bp_plan_level *from = &plan->levels[w->level - 1];
    bool labelled = bp_plan_flow(plan, w->level - 1)->labelled;
    uint64_t first, end, next = 0;
    size_t most = 0;
    for (size_t i = 0; i < count; i++) {
        span_of(plan, w->level, w->indices[i], &first, &end);
        most += (size_t)(end - first);
    }
    w->needed = malloc((most + 1) * sizeof *w->needed);
    if (!w->needed)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for a window");
    for (size_t i = 0; i < count; i++) {
        span_of(plan, w->level, w->indices[i], &first, &end);
        for (uint64_t k = first > next ? first : next; k < end; k++)
            w->needed[w->needed_count++] = k;
        next = end > next ? end : next;
    }
    w->in = malloc(w->needed_count * from->bytes + 1);
    w->in_labels = labelled ? malloc(w->needed_count * from->pixels + 1) : NULL;
    if (!w->in || (labelled && !w->in_labels))
        return bp_fail(ctx, BP_E_MEMORY, "no memory for %zu frames of a window", w->needed_count);
    bp_status status =
        bp_level_read(ctx, plan, w->level - 1, w->needed, w->needed_count, w->in, w->in_labels);
    if (status == BP_OK)
        status = bp_plan_each(ctx, plan, count, from->bytes, window_one, w);
    return status;
}

static bp_status slice_one(bp_context *ctx, unsigned thread, void *user, size_t i)
{
    const windows *w = user;
    const bp_stage_run *run = &w->plan->runs[w->level - 1];
    const bp_plan_level *to = &w->plan->levels[w->level];
    bp_frame out = {.dtype = run->out.dtype, .rows = run->out.rows, .columns = run->out.columns};
    out.index = w->indices[i];
    out.values = w->out_values + i * to->bytes;
    out.label_room = w->plan->rooms[thread];
    const bp_frames_in *reader = &w->plan->levels[w->level - 1].reader;
    bp_status status = told(w->plan, w->level - 1, run->stage->slice(ctx, run, reader, &out));
    bool moved = run->in.dtype == run->out.dtype && (run->stage->traits & BP_STAGE_EXACT);
    if (status == BP_OK && out.labels && !moved)
        bp_stage_put_marks(&run->out, out.labels, to->pixels, out.values);
    if (status == BP_OK && w->out_labels && out.labels)
        memcpy(w->out_labels + i * to->pixels, out.labels, to->pixels);
    else if (w->out_labels)
        memset(w->out_labels + i * to->pixels, 0, to->pixels);
    return status;
}

static bp_status read_store(bp_context *ctx, bp_plan *plan, size_t level, const uint64_t *indices,
                            size_t count, uint8_t *values, uint8_t *labels)
{
    const bp_plan_level *l = &plan->levels[level];
    const bp_flow *flow = bp_plan_flow(plan, level);
    bp_status status = BP_OK;
    for (size_t i = 0; i < count && status == BP_OK; i++)
        status = l->reader.read(ctx, &l->reader, indices[i], 1, 0, flow->rows, values + i * l->bytes,
                                labels ? labels + i * l->pixels : NULL);
    return status;
}

bp_status bp_level_read(bp_context *ctx, bp_plan *plan, size_t level, const uint64_t *indices, size_t count,
                        void *values, uint8_t *labels)
{
    if (count == 0)
        return BP_OK;
    if (reads_store(plan, level))
        return read_store(ctx, plan, level, indices, count, values, labels);
    bp_scope scope = level ? plan->runs[level - 1].stage->scope : BP_SCOPE_FRAME;
    if (scope == BP_SCOPE_FRAME) {
        size_t base = level;
        while (base > 0 && plan->runs[base - 1].stage->scope == BP_SCOPE_FRAME &&
               (base == level || !reads_store(plan, base)))
            base--;
        return read_chain(ctx, plan, base, level, indices, count, values, labels);
    }
    windows w = {
        .plan = plan, .level = level, .indices = indices, .out_values = values, .out_labels = labels};
    bp_status status = scope == BP_SCOPE_WINDOW
                           ? read_windows(ctx, &w, count)
                           : bp_plan_each(ctx, plan, count, plan->levels[level].bytes, slice_one, &w);
    free(w.needed);
    free(w.in);
    free(w.in_labels);
    return status;
}
