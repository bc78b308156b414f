/* SPDX-License-Identifier: BSD-3-Clause
 * The caller is thread 0, the workers are 1 and up. While these work, the caller has files to read and to
 * write; where it would have to wait it runs a small job itself, which is sooner done than handed over. */
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/pool.h"

#define SMALL_JOB   ((size_t)256 << 10) /* bytes */
#define MAX_THREADS 1024u

typedef enum state { WAITING, RUNNING, DONE } state;

typedef struct node {
    struct node *next; /* in the order of submission */
    void *job;
    size_t bytes;
    state state;
    bp_status status;
    char *message; /* of a failure; NULL when there was no memory for it */
} node;

/* A job in parts, while it is worked on. */
typedef struct parts {
    struct parts *next;
    bp_pool_part part;
    void *user;
    size_t count, begun, ended;
    size_t failed; /* the lowest index that failed; count: none */
    bp_status status;
    char *message;
    pthread_cond_t all_ended;
} parts;

typedef struct worker {
    bp_pool *pool;
    bp_context *ctx;
    pthread_t thread;
    unsigned index;
} worker;

struct bp_pool {
    bp_context *ctx;
    bp_context *own; /* for the jobs that the caller runs */
    bp_pool_work work;
    bp_pool_done done;
    void *user;
    size_t max_bytes;
    worker *workers;
    unsigned worker_count;

    pthread_mutex_t mutex;
    pthread_cond_t work_there, job_done;
    /* under the mutex */
    node *head, *tail; /* everything that was not delivered */
    node *waiting;     /* the oldest that nobody runs yet */
    parts *parts;      /* some of which nobody runs yet */
    size_t waiting_count, bytes;
    bool stop, quit;
    /* the caller's alone */
    node *spare;
    bp_status status; /* of the failure that stopped the run */
    char message[1024];
};

static void run_node(bp_pool *pool, node *n, bp_context *ctx, unsigned thread, bool skip)
{
    if (skip || bp_context_cancelled(pool->ctx)) {
        n->status = BP_E_INTERRUPTED;
        return;
    }
    n->status = pool->work(ctx, thread, n->job);
    if (n->status != BP_OK)
        n->message = strdup(bp_context_message(ctx));
}

/* Takes the oldest waiting job; the mutex is held. */
static node *take_waiting(bp_pool *pool)
{
    node *n = pool->waiting;
    n->state = RUNNING;
    pool->waiting = n->next;
    pool->waiting_count--;
    return n;
}

/* Runs one part of p; the mutex is held at entry and exit. */
static void run_part(bp_pool *pool, parts *p, bp_context *ctx)
{
    size_t index = p->begun++;
    for (parts **at = &pool->parts; p->begun == p->count && *at; at = &(*at)->next)
        if (*at == p) { /* nothing is left of it for others */
            *at = p->next;
            break;
        }
    pthread_mutex_unlock(&pool->mutex);
    bp_status status = p->part(ctx, p->user, index);
    char *message = status == BP_OK ? NULL : strdup(bp_context_message(ctx));
    pthread_mutex_lock(&pool->mutex);
    if (status != BP_OK && index < p->failed) {
        free(p->message);
        p->failed = index;
        p->status = status;
        p->message = message;
    } else {
        free(message);
    }
    if (++p->ended == p->count)
        pthread_cond_signal(&p->all_ended);
}

static bp_status split_alone(bp_context *ctx, size_t count, bp_pool_part part, void *user)
{
    bp_status status = BP_OK;
    for (size_t i = 0; i < count && status == BP_OK; i++)
        status = part(ctx, user, i);
    return status;
}

bp_status bp_pool_split(bp_context *ctx, size_t count, bp_pool_part part, void *user)
{
    bp_pool *pool = bp_context_pool(ctx);
    if (!pool || count < 2)
        return split_alone(ctx, count, part, user);
    parts p = {.part = part, .user = user, .count = count, .failed = count, .status = BP_OK};
    pthread_cond_init(&p.all_ended, NULL);
    pthread_mutex_lock(&pool->mutex);
    p.next = pool->parts;
    pool->parts = &p;
    pthread_cond_broadcast(&pool->work_there);
    while (p.begun < count)
        run_part(pool, &p, ctx);
    while (p.ended < count)
        pthread_cond_wait(&p.all_ended, &pool->mutex);
    pthread_mutex_unlock(&pool->mutex);
    pthread_cond_destroy(&p.all_ended);
    bp_status status =
        p.status == BP_OK ? BP_OK : bp_fail(ctx, p.status, "%s", p.message ? p.message : "no memory");
    free(p.message);
    return status;
}

unsigned bp_pool_width(const bp_context *ctx)
{
    const bp_pool *pool = bp_context_pool(ctx);
    return !pool ? 1 : pool->work ? pool->worker_count : pool->worker_count + 1;
}

static void *worker_main(void *argument)
{
    worker *self = argument;
    bp_pool *pool = self->pool;
    pthread_mutex_lock(&pool->mutex);
    for (;;) {
        while (!pool->waiting && !pool->parts && !pool->quit)
            pthread_cond_wait(&pool->work_there, &pool->mutex);
        if (!pool->waiting && pool->parts) {
            run_part(pool, pool->parts, self->ctx);
            continue;
        }
        if (!pool->waiting)
            break;
        node *n = take_waiting(pool);
        bool skip = pool->stop;
        pthread_mutex_unlock(&pool->mutex);
        run_node(pool, n, self->ctx, self->index, skip);
        pthread_mutex_lock(&pool->mutex);
        n->state = DONE;
        if (n == pool->head)
            pthread_cond_signal(&pool->job_done);
    }
    pthread_mutex_unlock(&pool->mutex);
    return NULL;
}

/* Signals belong to the caller: workers are started with all of them blocked. A worker that cannot be had is
 * done without. */
static void start_workers(bp_pool *pool, unsigned count)
{
    sigset_t others, old;
    sigfillset(&others);
    /* a fault is the business of the thread that runs into it */
    sigdelset(&others, SIGBUS);
    sigdelset(&others, SIGSEGV);
    sigdelset(&others, SIGFPE);
    sigdelset(&others, SIGILL);
    pthread_sigmask(SIG_SETMASK, &others, &old);
    for (unsigned i = 0; i < count; i++) {
        worker *w = &pool->workers[i];
        *w = (worker){.pool = pool, .ctx = bp_context_child(pool->ctx), .index = i + 1};
        if (!w->ctx || pthread_create(&w->thread, NULL, worker_main, w) != 0) {
            bp_context_free(w->ctx);
            bp_log(pool->ctx, BP_LOG_WARNING, "only %u of %u threads could be started", i + 1, count + 1);
            break;
        }
        bp_context_set_pool(w->ctx, pool);
        pool->worker_count++;
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
}

static unsigned core_count(void)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    return cores < 1 ? 1u : (unsigned)cores;
}

bp_pool *bp_pool_new(bp_context *ctx, unsigned threads, size_t max_bytes, bp_pool_work work,
                     bp_pool_done done, void *user)
{
    if (threads == 0)
        threads = core_count();
    if (threads > MAX_THREADS)
        threads = MAX_THREADS;
    bp_pool *pool = calloc(1, sizeof *pool);
    if (!pool)
        return NULL;
    pool->workers = calloc(threads, sizeof *pool->workers);
    pool->own = bp_context_child(ctx);
    if (!pool->workers || !pool->own) {
        free(pool->workers);
        bp_context_free(pool->own);
        free(pool);
        return NULL;
    }
    pool->ctx = ctx;
    pool->work = work;
    pool->done = done;
    pool->user = user;
    pool->max_bytes = max_bytes;
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->work_there, NULL);
    pthread_cond_init(&pool->job_done, NULL);
    start_workers(pool, threads);
    return pool;
}

bp_pool *bp_pool_helpers(bp_context *ctx, unsigned threads)
{
    threads = threads ? threads : core_count();
    return bp_pool_new(ctx, threads > 1 ? threads - 1 : 1, 0, NULL, NULL, NULL);
}

unsigned bp_pool_threads(const bp_pool *pool)
{
    return pool->worker_count + 1;
}

/* Remembers the first failure with its message; nothing that waits will run any more. */
static void stop_run(bp_pool *pool, bp_status status)
{
    if (pool->status != BP_OK)
        return;
    pool->status = status;
    snprintf(pool->message, sizeof pool->message, "%s", bp_context_message(pool->ctx));
    pthread_mutex_lock(&pool->mutex);
    pool->stop = true;
    pthread_mutex_unlock(&pool->mutex);
}

static void stop_when_cancelled(bp_pool *pool)
{
    if (pool->status == BP_OK && bp_context_cancelled(pool->ctx))
        stop_run(pool, bp_fail(pool->ctx, BP_E_INTERRUPTED, "interrupted"));
}

/* The status of the run, with the message of what stopped it. */
static bp_status run_status(bp_pool *pool)
{
    return pool->status == BP_OK ? BP_OK : bp_fail(pool->ctx, pool->status, "%s", pool->message);
}

/* Passes one job to done: with its own status, or with that of the run once this has failed. */
static void deliver(bp_pool *pool, void *job, bp_status status, const char *message)
{
    if (pool->status != BP_OK)
        status = run_status(pool);
    else if (status != BP_OK)
        bp_fail(pool->ctx, status, "%s", message ? message : bp_status_text(status));
    bp_status result = pool->done(pool->ctx, pool->user, job, status);
    if (result != BP_OK)
        stop_run(pool, result);
}

/* Delivers the oldest job when it is done. The mutex is held at entry and exit. */
static bool deliver_head(bp_pool *pool)
{
    node *n = pool->head;
    if (!n || n->state != DONE)
        return false;
    pool->head = n->next;
    if (!n->next)
        pool->tail = NULL;
    pool->bytes -= n->bytes;
    pthread_mutex_unlock(&pool->mutex);
    deliver(pool, n->job, n->status, n->message);
    free(n->message);
    n->next = pool->spare;
    pool->spare = n;
    stop_when_cancelled(pool);
    pthread_mutex_lock(&pool->mutex);
    return true;
}

/* Should the caller run the job that waits, rather than wait for a worker? */
static bool help_is_due(const bp_pool *pool)
{
    return pool->waiting && (!pool->worker_count || pool->waiting->bytes < SMALL_JOB);
}

/* Gets one step on: delivers, else runs a waiting job, else waits for the oldest one. Mutex held. */
static void advance(bp_pool *pool)
{
    if (deliver_head(pool))
        return;
    if (help_is_due(pool)) {
        node *n = take_waiting(pool);
        bool skip = pool->stop;
        pthread_mutex_unlock(&pool->mutex);
        run_node(pool, n, pool->own, 0, skip);
        pthread_mutex_lock(&pool->mutex);
        n->state = DONE;
    } else if (pool->head) {
        while (pool->head->state != DONE)
            pthread_cond_wait(&pool->job_done, &pool->mutex);
    }
}

static void append(bp_pool *pool, node *n)
{
    if (pool->tail)
        pool->tail->next = n;
    else
        pool->head = n;
    pool->tail = n;
    if (!pool->waiting)
        pool->waiting = n;
    pool->waiting_count++;
    pool->bytes += n->bytes;
    pthread_cond_signal(&pool->work_there);
}

static node *new_node(bp_pool *pool)
{
    node *n = pool->spare;
    if (!n)
        return malloc(sizeof *n);
    pool->spare = n->next;
    return n;
}

bp_status bp_pool_submit(bp_pool *pool, void *job, size_t bytes)
{
    stop_when_cancelled(pool);
    node *n = pool->status == BP_OK ? new_node(pool) : NULL;
    if (!n) {
        deliver(pool, job, BP_E_MEMORY, "no memory for a job");
        return run_status(pool);
    }
    size_t cost = bytes < SIZE_MAX - sizeof *n ? bytes + sizeof *n : bytes;
    *n = (node){.job = job, .bytes = cost};
    /* a short queue is enough to keep all busy, and keeps what they read warm in the caches */
    size_t most_waiting = pool->worker_count ? (size_t)pool->worker_count * 2 : 0;
    pthread_mutex_lock(&pool->mutex);
    while (pool->head && (pool->waiting_count > most_waiting || pool->bytes > pool->max_bytes ||
                          cost > pool->max_bytes - pool->bytes))
        advance(pool);
    append(pool, n);
    if (!pool->worker_count)
        advance(pool);
    while (deliver_head(pool))
        ;
    pthread_mutex_unlock(&pool->mutex);
    return run_status(pool);
}

bp_status bp_pool_finish(bp_pool *pool)
{
    stop_when_cancelled(pool);
    pthread_mutex_lock(&pool->mutex);
    while (pool->head)
        advance(pool);
    pthread_mutex_unlock(&pool->mutex);
    return run_status(pool);
}

void bp_pool_free(bp_pool *pool)
{
    if (!pool)
        return;
    /* the caller may have said more of a failure than the pool knows */
    char message[sizeof pool->message];
    bool failed = pool->status != BP_OK;
    snprintf(message, sizeof message, "%s", bp_context_message(pool->ctx));
    if (pool->head)
        stop_run(pool, BP_E_INTERRUPTED);
    bp_status status = bp_pool_finish(pool);
    if (failed)
        bp_fail(pool->ctx, status, "%s", message);
    pthread_mutex_lock(&pool->mutex);
    pool->quit = true;
    pthread_cond_broadcast(&pool->work_there);
    pthread_mutex_unlock(&pool->mutex);
    for (unsigned i = 0; i < pool->worker_count; i++) {
        pthread_join(pool->workers[i].thread, NULL);
        bp_context_free(pool->workers[i].ctx);
    }
    while (pool->spare) {
        node *next = pool->spare->next;
        free(pool->spare);
        pool->spare = next;
    }
    pthread_cond_destroy(&pool->work_there);
    pthread_cond_destroy(&pool->job_done);
    pthread_mutex_destroy(&pool->mutex);
    bp_context_free(pool->own);
    free(pool->workers);
    free(pool);
}
