/* SPDX-License-Identifier: BSD-3-Clause */
#include "explore/part.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "algo/values.h"
#include "base/hash.h"

struct bp_side_memo {
    bp_side_memo *next;
    char *name;
    double *values; /* NULL: there is none */
    size_t count;
};

static size_t frame_bytes(const bp_memory_stack *s)
{
    return s->flow.rows * s->flow.columns * bp_dtype_size(s->flow.dtype);
}

uint64_t bp_part_bytes(const bp_part *part)
{
    return part->stack.flow.frames * frame_bytes(&part->stack);
}

/* What the file has of this name, read once. */
static bp_status find_side(bp_context *ctx, bp_part *part, const char *name, const bp_side_memo **found)
{
    const bp_science_stack *all = &part->source->frames;
    bp_status status = BP_OK;
    pthread_mutex_lock(&part->lock);
    bp_side_memo *memo = part->memos;
    while (memo && strcmp(memo->name, name) != 0)
        memo = memo->next;
    if (!memo) {
        memo = calloc(1, sizeof *memo);
        if (memo)
            memo->name = strdup(name);
        if (!memo || !memo->name)
            status = bp_fail(ctx, BP_E_MEMORY, "no memory");
        else
            status = all->side(ctx, all->user, name, &memo->values, &memo->count);
        if (status == BP_OK) {
            memo->next = part->memos;
            part->memos = memo;
        } else if (memo) {
            free(memo->name);
            free(memo);
        }
    }
    pthread_mutex_unlock(&part->lock);
    *found = memo;
    return status;
}

/* Numbers of frames, or of pixels of frames, cut to the part. *frames: is there one for each frame? */
static bp_status cut_side(bp_context *ctx, bp_part *part, const char *name, double **values, size_t *count,
                          bool *frames)
{
    const bp_side_memo *memo;
    const bp_science_stack *all = &part->source->frames;
    const bp_flow *flow = &part->stack.flow;
    size_t pixels = all->rows * all->columns;
    *values = NULL;
    *count = 0;
    *frames = false;
    bp_status status = find_side(ctx, part, name, &memo);
    if (status != BP_OK || !memo->values)
        return status;
    double *copy = malloc((memo->count + 1) * sizeof *copy);
    if (!copy)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for %s", name);
    *frames = memo->count == all->frames && memo->count != pixels;
    if (*frames) {
        memcpy(copy, memo->values + part->first, flow->frames * sizeof *copy);
        *count = (size_t)flow->frames;
    } else if (memo->count >= pixels && memo->count % pixels == 0) {
        size_t maps = memo->count / pixels, size = flow->rows * flow->columns;
        for (size_t k = 0; k < maps; k++)
            memcpy(copy + k * size, memo->values + k * pixels + part->row * all->columns,
                   size * sizeof *copy);
        *count = maps * size;
    } else {
        memcpy(copy, memo->values, memo->count * sizeof *copy);
        *count = memo->count;
    }
    *values = copy;
    return BP_OK;
}

static bp_status read_beside(bp_context *ctx, void *user, const char *name, double **values, size_t *rank,
                             size_t *shape)
{
    bp_part *part = user;
    const bp_flow *flow = &part->stack.flow;
    size_t count, pixels = flow->rows * flow->columns;
    bool frames;
    bp_status status = cut_side(ctx, part, name, values, &count, &frames);
    bool map = !frames && *values && count >= pixels && count % pixels == 0;
    *rank = map ? count == pixels ? 2 : 3 : 1;
    shape[0] = map && *rank == 3 ? count / pixels : map ? flow->rows : count;
    if (map) {
        shape[*rank - 2] = flow->rows;
        shape[*rank - 1] = flow->columns;
    }
    return status;
}

static bp_status read_rows(bp_context *ctx, bp_part *part, uint8_t *to)
{
    const bp_science_stack *all = &part->source->frames;
    const bp_flow *flow = &part->stack.flow;
    double *frame = malloc(all->rows * all->columns * sizeof *frame);
    bp_status status = frame ? BP_OK : bp_fail(ctx, BP_E_MEMORY, "no memory for a frame");
    for (uint64_t f = 0; f < flow->frames && status == BP_OK; f++) {
        status = all->read(ctx, all->user, part->first + f, 1, frame);
        if (status == BP_OK)
            bp_values_from_double(flow->dtype, frame + part->row * all->columns, flow->rows * flow->columns,
                                  to + f * frame_bytes(&part->stack));
    }
    free(frame);
    return status;
}

static bp_status take_mask(bp_context *ctx, bp_part *part)
{
    const bp_science_stack *all = &part->source->frames;
    size_t pixels = part->stack.flow.rows * part->stack.flow.columns;
    if (!all->excluded)
        return BP_OK;
    part->excluded = malloc(pixels);
    part->stack.mask = malloc(pixels);
    if (!part->excluded || !part->stack.mask)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for a mask");
    memcpy(part->excluded, all->excluded + part->row * all->columns, pixels);
    for (size_t i = 0; i < pixels; i++)
        part->stack.mask[i] = part->excluded[i] ? BP_LABEL_GAP : BP_LABEL_NONE;
    part->stack.flow.mask = part->stack.mask;
    part->stack.flow.labelled = true;
    return BP_OK;
}

static bp_status take_keys(bp_context *ctx, bp_part *part)
{
    double *keys;
    size_t count;
    bool frames;
    bp_status status = cut_side(ctx, part, "image_key", &keys, &count, &frames);
    if (status != BP_OK || !keys)
        return status;
    if (frames) {
        part->stack.keys = malloc(count + 1);
        for (size_t i = 0; part->stack.keys && i < count; i++)
            part->stack.keys[i] = (uint8_t)keys[i];
        if (!part->stack.keys)
            status = bp_fail(ctx, BP_E_MEMORY, "no memory");
        part->stack.flow.keyed = true;
    }
    free(keys);
    return status;
}

bp_status bp_part_read(bp_context *ctx, const bp_source *source, uint64_t first, uint64_t frames, size_t row,
                       size_t rows, bp_part *part)
{
    const bp_science_stack *all = &source->frames;
    *part = (bp_part){.source = source, .first = first, .row = row};
    pthread_mutex_init(&part->lock, NULL);
    part->beside = (bp_beside){read_beside, part};
    bp_flow_init(&part->stack.flow, all->dtype, frames, rows, all->columns);
    part->stack.flow.time_ordered = true;
    size_t bytes = frame_bytes(&part->stack);
    if (bytes == 0 || frames > SIZE_MAX / 4 / bytes)
        return bp_fail(ctx, BP_E_UNSUPPORTED, "pipelines do not take %s", bp_dtype_name(all->dtype));
    part->stack.values = malloc((size_t)frames * bytes);
    bp_status status = part->stack.values ? read_rows(ctx, part, part->stack.values)
                                          : bp_fail(ctx, BP_E_MEMORY, "no memory for the frames");
    if (status == BP_OK)
        status = take_mask(ctx, part);
    if (status == BP_OK)
        status = take_keys(ctx, part);
    if (status != BP_OK)
        return status;
    uint64_t words[6] = {bp_hash64(part->stack.values, (size_t)frames * bytes),
                         part->excluded ? bp_hash64(part->excluded, rows * all->columns) : 0,
                         all->dtype,
                         frames,
                         rows,
                         all->columns};
    part->hash = bp_hash64(words, sizeof words);
    return BP_OK;
}

void bp_part_fini(bp_part *part)
{
    if (!part->source)
        return;
    for (bp_side_memo *memo = part->memos, *next; memo; memo = next) {
        next = memo->next;
        free(memo->name);
        free(memo->values);
        free(memo);
    }
    bp_memory_stack_fini(&part->stack);
    free(part->excluded);
    pthread_mutex_destroy(&part->lock);
    *part = (bp_part){0};
}

/* ---- as a technique reads it ---- */

static bp_status read_view(bp_context *ctx, void *user, uint64_t first, size_t count, double *values)
{
    (void)ctx;
    const bp_part_view *view = user;
    const bp_memory_stack *s = view->stack;
    size_t pixels = s->flow.rows * s->flow.columns;
    bp_values_to_double(s->flow.dtype, (const uint8_t *)s->values + first * frame_bytes(s), count * pixels,
                        values);
    for (size_t i = 0; view->decoded && s->flow.scale > 0 && i < count * pixels; i++)
        values[i] = s->flow.zero + s->flow.scale * values[i];
    return BP_OK;
}

static bp_status side_of_view(bp_context *ctx, void *user, const char *name, double **values, size_t *count)
{
    const bp_part_view *view = user;
    const bp_flow *was = &view->part->stack.flow, *is = &view->stack->flow;
    const uint64_t *origin = view->stack->origin;
    size_t pixels = was->rows * was->columns;
    bool frames, other = was->rows != is->rows || was->columns != is->columns;
    bp_status status = cut_side(ctx, view->part, name, values, count, &frames);
    if (status != BP_OK || !*values)
        return status;
    if (frames && origin) {
        for (size_t i = 0; i < is->frames; i++)
            (*values)[i] = origin[i] < *count ? (*values)[origin[i]] : NAN;
        *count = (size_t)is->frames;
    } else if (!frames && other && pixels > 0 && *count >= pixels && *count % pixels == 0) {
        free(*values);
        *values = NULL;
        *count = 0;
    }
    return BP_OK;
}

void bp_part_view_init(bp_part_view *view, bp_part *part, const bp_memory_stack *stack)
{
    const bp_memory_stack *s = stack ? stack : &part->stack;
    bool same = s->flow.rows == part->stack.flow.rows && s->flow.columns == part->stack.flow.columns;
    *view = (bp_part_view){.part = part, .stack = s, .science = part->source->frames};
    view->science.rows = s->flow.rows;
    view->science.columns = s->flow.columns;
    view->science.frames = s->flow.frames;
    view->science.dtype = s->flow.dtype;
    if (s->flow.dtype == BP_F32 || s->flow.dtype == BP_F64)
        view->science.marks = part->stack.flow.dtype;
    view->science.excluded = same ? part->excluded : s->mask;
    view->science.read = read_view;
    view->science.side = side_of_view;
    view->science.user = view;
    const bp_flow *was = &part->stack.flow;
    if (!same && view->science.geometry && was->rows / s->flow.rows == was->columns / s->flow.columns) {
        view->geometry = *view->science.geometry;
        size_t rows = was->rows / s->flow.rows, columns = was->columns / s->flow.columns;
        view->geometry.pixel1 *= (double)rows;
        view->geometry.pixel2 *= (double)columns;
        view->science.geometry = &view->geometry;
    }
}
