/* SPDX-License-Identifier: BSD-3-Clause
 * A context carries what a call says beside its status: the message with the details, the log and the wish to
 * stop. One context belongs to one thread at a time; only bp_context_cancel may be called from elsewhere
 * (other threads, signal handlers). Every function that takes a context accepts NULL: then nothing is
 * recorded. */
#ifndef BEAMPRESS_CONTEXT_H
#define BEAMPRESS_CONTEXT_H

#include <stdbool.h>

#include "status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct bp_context bp_context;

typedef enum bp_log_level { BP_LOG_WARNING = 0, BP_LOG_INFO = 1, BP_LOG_DETAIL = 2 } bp_log_level;

/* Receives one line without newline. Called from the thread that owns the context. */
typedef void (*bp_log_function)(void *user, bp_log_level level, const char *text);

/* A fresh context, or NULL when there is no memory. The caller frees it; free(NULL) is fine. */
BP_API bp_context *bp_context_new(void);
BP_API void bp_context_free(bp_context *ctx);

/* A context for a worker thread: shares the parent's wish to stop, owns its message, logs nothing.
 * The parent must outlive it. */
BP_API bp_context *bp_context_child(bp_context *parent);

/* Lets a call on this context use that many threads for one chunk: codecs that can (photon) cut a frame into
 * parts. 1: none but the caller's, as at the beginning; 0: one per core. The bytes are the same. Not from
 * within a call. */
BP_API BP_MUST_CHECK bp_status bp_context_set_threads(bp_context *ctx, unsigned threads);

/* The message of the last failure, "" when there was none. Valid until the next failure on this context. */
BP_API const char *bp_context_message(const bp_context *ctx);

/* Records a message (printf style, cut at 1023 bytes) and returns status, so that one can write
 * `return bp_fail(ctx, BP_E_DAMAGED, "...")`. */
BP_API bp_status bp_fail(bp_context *ctx, bp_status status, const char *format, ...) BP_PRINTF(3, 4);

/* Puts "prefix: " before the recorded message: the place of a failure, added on the way up. Returns status.
 */
BP_API bp_status bp_fail_in(bp_context *ctx, bp_status status, const char *format, ...) BP_PRINTF(3, 4);

BP_API void bp_context_set_log(bp_context *ctx, bp_log_function function, void *user);
BP_API void bp_log(bp_context *ctx, bp_log_level level, const char *format, ...) BP_PRINTF(3, 4);

/* Asks running calls to end with BP_E_INTERRUPTED. Safe in a signal handler. */
BP_API void bp_context_cancel(bp_context *ctx);
BP_API bool bp_context_cancelled(const bp_context *ctx);

#ifdef __cplusplus
}
#endif
#endif
