/* SPDX-License-Identifier: BSD-3-Clause
 * An ordered, bounded pool of worker threads: jobs go in, results come out in the same order on the caller's
 * thread. The bytes in flight are bounded, so memory stays the same for any input. Output never depends on
 * the number of threads. */
#ifndef BP_BASE_POOL_H
#define BP_BASE_POOL_H

#include <stddef.h>

#include "beampress/context.h"

typedef struct bp_pool bp_pool;

/* Part of a job, on any thread; ctx is that of the thread. */
typedef bp_status (*bp_pool_part)(bp_context *ctx, void *user, size_t index);

/* Runs part(user, 0) to part(user, count - 1), on this thread and on those workers of the context's pool that
 * have no job: so a single large job keeps all threads busy, and many jobs keep one thread each. In order and
 * on this thread alone when the context has no pool. Returns when all have ended; the status, and the message
 * on ctx, are those of the first index that failed. */
BP_MUST_CHECK bp_status bp_pool_split(bp_context *ctx, size_t count, bp_pool_part part, void *user);
/* Threads that bp_pool_split may use at most: 1 without a pool. */
unsigned bp_pool_width(const bp_context *ctx);

/* Kept in base/context.c: the pool whose workers help calls on this context, or NULL. */
void bp_context_set_pool(bp_context *ctx, bp_pool *pool);
bp_pool *bp_context_pool(const bp_context *ctx);

/* Runs on a worker. ctx is the worker's own; thread counts from 0 and names scratch space that belongs to it.
 */
typedef bp_status (*bp_pool_work)(bp_context *ctx, unsigned thread, void *job);
/* Runs on the thread that calls bp_pool_submit or bp_pool_finish, in the order of submission. status is the
 * work's; its message is on ctx. Releases the job in every case. What it returns other than BP_OK stops the
 * run. */
typedef bp_status (*bp_pool_done)(bp_context *ctx, void *user, void *job, bp_status status);

/* threads: of workers; 0: one per core. max_bytes: what may be in flight (one job is always let in). NULL
 * when there is no memory. */
bp_pool *bp_pool_new(bp_context *ctx, unsigned threads, size_t max_bytes, bp_pool_work work,
                     bp_pool_done done, void *user);
/* A pool that gets no jobs: its workers, one less than threads, help with parts. */
bp_pool *bp_pool_helpers(bp_context *ctx, unsigned threads);
/* How many values `thread` can have: one for each worker, and one for the caller, who helps with small jobs.
 */
unsigned bp_pool_threads(const bp_pool *pool);

/* Hands a job in; waits, delivering results, while max_bytes would be exceeded. After a failure or a wish to
 * stop it returns that status and the job is passed to done with it. */
BP_MUST_CHECK bp_status bp_pool_submit(bp_pool *pool, void *job, size_t bytes);
/* Delivers everything that is left. The pool can be used again afterwards unless it failed. */
BP_MUST_CHECK bp_status bp_pool_finish(bp_pool *pool);
/* Waits for the workers, passes jobs that never ran to done with BP_E_INTERRUPTED, frees. NULL is fine. */
void bp_pool_free(bp_pool *pool);

#endif
