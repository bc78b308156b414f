/* SPDX-License-Identifier: BSD-3-Clause
 * An ordered, bounded pool of worker threads: jobs go in, results come out in the same order on the caller's
 * thread. The bytes in flight are bounded, so memory stays the same for any input. Output never depends on
 * the number of threads. */
#ifndef BP_BASE_POOL_H
#define BP_BASE_POOL_H

#include <stddef.h>

#include "beampress/context.h"

typedef struct bp_pool bp_pool;

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
