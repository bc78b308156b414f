/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/pool.h"
#include "base/scratch.h"

#define SPARES     8
#define SPARE_MOST ((size_t)256 << 20) /* larger blocks are not kept */
#define HEAD       64                  /* before a block: its size; keeps the alignment */

typedef struct spare {
    uint8_t *block; /* with its head; NULL: none */
    size_t size;
} spare;

struct bp_context {
    spare spares[SPARES];
    char message[1024];
    bp_log_function log;
    void *log_user;
    atomic_bool own_stop;
    atomic_bool *stop;    /* own_stop, or that of the oldest ancestor */
    bp_pool *pool;        /* whose workers help */
    bp_pool *own_helpers; /* the same when this context started it */
};

bp_context *bp_context_new(void)
{
    bp_context *ctx = calloc(1, sizeof *ctx);
    if (ctx) {
        atomic_init(&ctx->own_stop, false);
        ctx->stop = &ctx->own_stop;
    }
    return ctx;
}

bp_context *bp_context_child(bp_context *parent)
{
    bp_context *ctx = bp_context_new();
    if (ctx && parent)
        ctx->stop = parent->stop;
    return ctx;
}

void bp_context_free(bp_context *ctx)
{
    if (ctx)
        bp_pool_free(ctx->own_helpers);
    for (size_t i = 0; ctx && i < SPARES; i++)
        free(ctx->spares[i].block);
    free(ctx);
}

void bp_context_set_pool(bp_context *ctx, bp_pool *pool)
{
    if (ctx)
        ctx->pool = pool;
}

bp_pool *bp_context_pool(const bp_context *ctx)
{
    return ctx ? ctx->pool : NULL;
}

bp_status bp_context_set_threads(bp_context *ctx, unsigned threads)
{
    if (!ctx)
        return BP_E_USAGE;
    bp_pool_free(ctx->own_helpers);
    ctx->own_helpers = threads == 1 ? NULL : bp_pool_helpers(ctx, threads);
    ctx->pool = ctx->own_helpers;
    return ctx->pool || threads == 1 ? BP_OK : bp_fail(ctx, BP_E_MEMORY, "no memory for threads");
}

/* The smallest spare that is large enough. */
static spare *find_spare(bp_context *ctx, size_t size)
{
    spare *best = NULL;
    for (size_t i = 0; ctx && i < SPARES; i++) {
        spare *s = &ctx->spares[i];
        if (s->block && s->size >= size && (!best || s->size < best->size))
            best = s;
    }
    return best;
}

void *bp_scratch_take(bp_context *ctx, size_t size)
{
    if (size > SIZE_MAX - 2 * HEAD)
        return NULL;
    size = (size + HEAD - 1) / HEAD * HEAD;
    spare *found = find_spare(ctx, size);
    uint8_t *block = found ? found->block : aligned_alloc(HEAD, size + HEAD);
    if (!block)
        return NULL;
    if (found)
        found->block = NULL;
    else
        memcpy(block, &size, sizeof size);
    return block + HEAD;
}

void bp_scratch_give(bp_context *ctx, void *memory)
{
    if (!memory)
        return;
    spare given = {(uint8_t *)memory - HEAD, 0};
    memcpy(&given.size, given.block, sizeof given.size);
    for (size_t i = 0; ctx && given.size <= SPARE_MOST && given.block && i < SPARES; i++) {
        spare *s = &ctx->spares[i];
        if (!s->block || s->size < given.size) { /* small ones go for large ones */
            spare old = *s;
            *s = given;
            given = old;
        }
    }
    free(given.block);
}

const char *bp_context_message(const bp_context *ctx)
{
    return ctx ? ctx->message : "";
}

bp_status bp_fail(bp_context *ctx, bp_status status, const char *format, ...)
{
    if (!ctx)
        return status;
    /* the arguments may point into the old message */
    char text[sizeof ctx->message];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    memcpy(ctx->message, text, sizeof text);
    return status;
}

bp_status bp_fail_in(bp_context *ctx, bp_status status, const char *format, ...)
{
    if (!ctx)
        return status;
    char place[sizeof ctx->message / 2];
    va_list args;
    va_start(args, format);
    vsnprintf(place, sizeof place, format, args);
    va_end(args);
    return bp_fail(ctx, status, "%s: %s", place, ctx->message[0] ? ctx->message : bp_status_text(status));
}

void bp_context_set_log(bp_context *ctx, bp_log_function function, void *user)
{
    if (!ctx)
        return;
    ctx->log = function;
    ctx->log_user = user;
}

void bp_log(bp_context *ctx, bp_log_level level, const char *format, ...)
{
    if (!ctx || !ctx->log)
        return;
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    ctx->log(ctx->log_user, level, text);
}

void bp_context_cancel(bp_context *ctx)
{
    if (ctx)
        atomic_store_explicit(ctx->stop, true, memory_order_relaxed);
}

bool bp_context_cancelled(const bp_context *ctx)
{
    return ctx && atomic_load_explicit(ctx->stop, memory_order_relaxed);
}
