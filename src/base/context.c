/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "beampress/context.h"

struct bp_context {
    char message[1024];
    bp_log_function log;
    void *log_user;
    atomic_bool own_stop;
    atomic_bool *stop; /* own_stop, or that of the oldest ancestor */
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
    free(ctx);
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
