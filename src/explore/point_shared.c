/* SPDX-License-Identifier: BSD-3-Clause */
#include "explore/point_shared.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROOM ((size_t)1 << 30) /* bytes that are kept while nobody needs them */
#define SIDE 320               /* pixels of a picture */

typedef struct bp_shared_stack {
    bp_memory_stack stack; /* first: bp_shared_stack_give finds the rest by it */
    struct bp_shared_stack *next;
    char *text; /* of the stages */
    size_t users, bytes;
    bool made;
    bp_status status;
    char message[256];
} bp_shared_stack;

void bp_trial_init(bp_trial *trial, bp_part *part, const bp_answer *answers, size_t answer_count,
                   const bp_budgets *budgets)
{
    *trial = (bp_trial){.part = part, .answers = answers, .answer_count = answer_count};
    trial->budgets = *budgets;
    bp_part_view_init(&trial->view, part, NULL);
    const bp_flow *flow = &part->stack.flow;
    bp_window *w = &trial->window;
    w->frame = flow->frames / 2;
    w->rows = flow->rows < SIDE ? flow->rows : SIDE;
    w->columns = flow->columns < SIDE ? flow->columns : SIDE;
    w->row = (flow->rows - w->rows) / 2;
    w->column = (flow->columns - w->columns) / 2;
    pthread_mutex_init(&trial->lock, NULL);
    pthread_cond_init(&trial->ready, NULL);
}

static void free_shared(bp_shared_stack *s)
{
    bp_memory_stack_fini(&s->stack);
    free(s->text);
    free(s);
}

void bp_trial_fini(bp_trial *trial)
{
    if (!trial->part)
        return;
    for (bp_shared_stack *s = trial->shared, *next; s; s = next) {
        next = s->next;
        free_shared(s);
    }
    pthread_mutex_destroy(&trial->lock);
    pthread_cond_destroy(&trial->ready);
    *trial = (bp_trial){0};
}

static char *text_of(const bp_pipeline *pipeline, size_t count)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    for (size_t i = 0; stream && i < count; i++) {
        char room[4096];
        bp_stage_spec_print(&pipeline->stages[i], room, sizeof room);
        fprintf(stream, "%s|", room);
    }
    if (stream && fclose(stream) != 0) {
        free(text);
        text = NULL;
    }
    return text;
}

/* Drops what nobody uses until the rest fits. The lock is held. */
static void make_room(bp_trial *trial)
{
    size_t bytes = 0;
    for (bp_shared_stack **at = &trial->shared; *at;) {
        bp_shared_stack *s = *at;
        bytes += s->bytes;
        if (s->users == 0 && s->made && bytes > ROOM) {
            bytes -= s->bytes;
            *at = s->next;
            free_shared(s);
        } else {
            at = &s->next;
        }
    }
}

static double seconds_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void fill(bp_context *ctx, bp_trial *trial, const bp_pipeline *pipeline, size_t count,
                 bp_shared_stack *s)
{
    const bp_memory_stack *before = NULL;
    double seconds = 0;
    s->status = bp_shared_stack_get(ctx, trial, pipeline, count - 1, &before);
    if (s->status == BP_OK) {
        double start = seconds_now();
        s->status =
            bp_pipeline_run_memory(ctx, pipeline, count - 1, 1, before, &trial->part->beside, 1, &s->stack);
        seconds = seconds_now() - start;
    }
    if (s->status != BP_OK)
        snprintf(s->message, sizeof s->message, "%.255s", bp_context_message(ctx));
    /* places in the part, not in what came before */
    for (uint64_t i = 0; s->status == BP_OK && before && before->origin && i < s->stack.flow.frames; i++)
        if (s->stack.origin[i] < before->flow.frames)
            s->stack.origin[i] = before->origin[s->stack.origin[i]];
    bp_shared_stack_give(trial, before);
    const bp_flow *flow = &s->stack.flow;
    pthread_mutex_lock(&trial->lock);
    s->bytes =
        s->stack.values ? (size_t)flow->frames * flow->rows * flow->columns * bp_dtype_size(flow->dtype) : 0;
    s->made = true;
    trial->stage_seconds += seconds;
    pthread_cond_broadcast(&trial->ready);
    pthread_mutex_unlock(&trial->lock);
}

bp_status bp_shared_stack_get(bp_context *ctx, bp_trial *trial, const bp_pipeline *pipeline, size_t count,
                              const bp_memory_stack **stack)
{
    *stack = count ? NULL : &trial->part->stack;
    if (count == 0)
        return BP_OK;
    char *text = text_of(pipeline, count);
    if (!text)
        return bp_fail(ctx, BP_E_MEMORY, "no memory");
    pthread_mutex_lock(&trial->lock);
    bp_shared_stack *s = trial->shared;
    while (s && strcmp(s->text, text) != 0)
        s = s->next;
    bool mine = !s;
    if (mine && (s = calloc(1, sizeof *s)) != NULL) {
        s->text = text;
        text = NULL;
        s->next = trial->shared;
        trial->shared = s;
    }
    if (s)
        s->users++;
    while (s && !mine && !s->made)
        pthread_cond_wait(&trial->ready, &trial->lock);
    pthread_mutex_unlock(&trial->lock);
    free(text);
    if (!s)
        return bp_fail(ctx, BP_E_MEMORY, "no memory");
    if (mine)
        fill(ctx, trial, pipeline, count, s);
    *stack = &s->stack;
    return s->status == BP_OK ? BP_OK : bp_fail(ctx, s->status, "%s", s->message);
}

void bp_shared_stack_give(bp_trial *trial, const bp_memory_stack *stack)
{
    if (!stack || stack == &trial->part->stack)
        return;
    pthread_mutex_lock(&trial->lock);
    for (bp_shared_stack *s = trial->shared; s; s = s->next)
        if (&s->stack == stack)
            s->users--;
    make_room(trial);
    pthread_mutex_unlock(&trial->lock);
}
