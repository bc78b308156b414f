/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/pool.h"
#include "unit/cmocka_all.h"

typedef struct job {
    size_t number, bytes;
    bool fails;
} job;

typedef struct record {
    atomic_size_t in_flight;
    atomic_size_t most_in_flight;
    atomic_size_t ran;
    size_t delivered, released, bad;
    size_t cancel_at;
    bool forgive;
} record;

static record *shared; /* what the workers of the running test count in */

static void busy(size_t number)
{
    struct timespec t = {0, (long)(number * 7919 % 5) * 20000};
    if (number % 3 == 0)
        nanosleep(&t, NULL);
}

static bp_status work(bp_context *ctx, unsigned thread, void *user)
{
    job *j = user;
    (void)thread;
    atomic_fetch_add(&shared->ran, 1);
    busy(j->number);
    return j->fails ? bp_fail(ctx, BP_E_DAMAGED, "job %zu is bad", j->number) : BP_OK;
}

static bp_status done(bp_context *ctx, void *user, void *item, bp_status status)
{
    record *r = user;
    job *j = item;
    char text[64];
    snprintf(text, sizeof text, "job %zu is bad", j->number);
    if (status == BP_OK || (r->forgive && status == BP_E_DAMAGED))
        assert_int_equal(j->number, r->delivered++);
    if (status == BP_E_DAMAGED && j->fails) {
        assert_string_equal(bp_context_message(ctx), text);
        r->bad++;
    }
    atomic_fetch_sub(&r->in_flight, j->bytes);
    r->released++;
    if (r->cancel_at && j->number == r->cancel_at)
        bp_context_cancel(ctx);
    free(j);
    return r->forgive && status == BP_E_DAMAGED ? BP_OK : status;
}

static bp_status submit(bp_pool *pool, record *r, size_t number, size_t bytes, bool fails)
{
    job *j = malloc(sizeof *j);
    assert_non_null(j);
    *j = (job){number, bytes, fails};
    size_t now = atomic_fetch_add(&r->in_flight, bytes) + bytes;
    if (now > r->most_in_flight)
        r->most_in_flight = now;
    return bp_pool_submit(pool, j, bytes);
}

static void results_come_in_order_within_bounds(void **state)
{
    (void)state;
    for (unsigned threads = 1; threads <= 8; threads++) {
        record r = {0};
        shared = &r;
        bp_context *ctx = bp_context_new();
        bp_pool *pool = bp_pool_new(ctx, threads, 10000, work, done, &r);
        assert_int_equal(bp_pool_threads(pool), threads + 1);
        for (size_t i = 0; i < 3000; i++)
            assert_int_equal(submit(pool, &r, i, i % 1000, false), BP_OK);
        assert_int_equal(bp_pool_finish(pool), BP_OK);
        assert_int_equal(r.delivered, 3000);
        /* the job that is handed in waits outside the bound */
        assert_true(r.most_in_flight <= 10000 + 1000);
        /* once more, with a job larger than the bound */
        assert_int_equal(submit(pool, &r, 3000, 50000, false), BP_OK);
        assert_int_equal(submit(pool, &r, 3001, 50000, false), BP_OK);
        assert_int_equal(bp_pool_finish(pool), BP_OK);
        assert_int_equal(r.delivered, 3002);
        bp_pool_free(pool);
        bp_context_free(ctx);
    }
}

static void a_failure_stops_the_run(void **state)
{
    (void)state;
    for (unsigned threads = 1; threads <= 4; threads++) {
        record r = {0};
        shared = &r;
        bp_context *ctx = bp_context_new();
        bp_pool *pool = bp_pool_new(ctx, threads, 5000, work, done, &r);
        size_t submitted = 0;
        bp_status status = BP_OK;
        while (status == BP_OK && submitted < 2000) {
            status = submit(pool, &r, submitted, 100, submitted == 777);
            submitted++;
        }
        if (status == BP_OK)
            status = bp_pool_finish(pool);
        assert_int_equal(status, BP_E_DAMAGED);
        assert_string_equal(bp_context_message(ctx), "job 777 is bad");
        assert_int_equal(r.delivered, 777);
        assert_int_equal(bp_pool_finish(pool), BP_E_DAMAGED);
        assert_string_equal(bp_context_message(ctx), "job 777 is bad");
        bp_fail_in(ctx, status, "file.h5");
        bp_pool_free(pool);
        assert_string_equal(bp_context_message(ctx), "file.h5: job 777 is bad");
        assert_int_equal(r.released, submitted);
        bp_context_free(ctx);
    }
}

static void failures_can_be_forgiven(void **state)
{
    (void)state;
    record r = {.forgive = true};
    shared = &r;
    bp_context *ctx = bp_context_new();
    bp_pool *pool = bp_pool_new(ctx, 3, 5000, work, done, &r);
    for (size_t i = 0; i < 500; i++)
        assert_int_equal(submit(pool, &r, i, 100, i % 10 == 3), BP_OK);
    assert_int_equal(bp_pool_finish(pool), BP_OK);
    assert_int_equal(r.bad, 50);
    assert_int_equal(r.delivered, 500);
    bp_pool_free(pool);
    bp_context_free(ctx);
}

static void cancelling_ends_the_run(void **state)
{
    (void)state;
    for (unsigned threads = 1; threads <= 4; threads++) {
        record r = {.cancel_at = 100};
        shared = &r;
        bp_context *ctx = bp_context_new();
        bp_pool *pool = bp_pool_new(ctx, threads, 5000, work, done, &r);
        size_t submitted = 0;
        bp_status status = BP_OK;
        while (status == BP_OK && submitted < 5000)
            status = submit(pool, &r, submitted++, 100, false);
        if (status == BP_OK)
            status = bp_pool_finish(pool);
        assert_int_equal(status, BP_E_INTERRUPTED);
        assert_true(submitted < 5000);
        bp_pool_free(pool);
        assert_int_equal(r.released, submitted);
        bp_context_free(ctx);
    }
}

static void freeing_early_releases_every_job(void **state)
{
    (void)state;
    record r = {0};
    shared = &r;
    bp_context *ctx = bp_context_new();
    bp_pool *pool = bp_pool_new(ctx, 2, 1u << 20, work, done, &r);
    for (size_t i = 0; i < 50; i++)
        assert_int_equal(submit(pool, &r, i, 100, false), BP_OK);
    bp_pool_free(pool);
    assert_int_equal(r.released, 50);
    bp_pool_free(NULL);
    bp_context_free(ctx);
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#undef SANITIZED
#define SANITIZED 1
#endif
#endif

/* Address space for no further stack: pthread_create fails, and the caller does the work alone. */
static void workers_that_cannot_start_are_done_without(void **state)
{
    (void)state;
    if (SANITIZED)
        skip(); /* sanitizers need the address space themselves */
    record r = {0};
    shared = &r;
    bp_context *ctx = bp_context_new();
    struct rlimit old, none;
    assert_int_equal(getrlimit(RLIMIT_AS, &old), 0);
    none = old;
    none.rlim_cur = 1;
    assert_int_equal(setrlimit(RLIMIT_AS, &none), 0);
    bp_pool *pool = bp_pool_new(ctx, 64, 5000, work, done, &r);
    assert_int_equal(setrlimit(RLIMIT_AS, &old), 0);
    assert_non_null(pool);
    assert_true(bp_pool_threads(pool) < 64);
    for (size_t i = 0; i < 200; i++)
        assert_int_equal(submit(pool, &r, i, 100, false), BP_OK);
    assert_int_equal(bp_pool_finish(pool), BP_OK);
    assert_int_equal(r.delivered, 200);
    bp_pool_free(pool);
    bp_context_free(ctx);
}

typedef struct split {
    atomic_size_t ran[100];
    size_t bad;
} split;

static bp_status part(bp_context *ctx, void *user, size_t index)
{
    split *s = user;
    atomic_fetch_add(&s->ran[index], 1);
    busy(index);
    return index >= s->bad ? bp_fail(ctx, BP_E_DAMAGED, "part %zu is bad", index) : BP_OK;
}

static void parts_run_once_each(void **state)
{
    (void)state;
    for (unsigned threads = 1; threads <= 4; threads++) {
        bp_context *ctx = bp_context_new();
        assert_int_equal(bp_context_set_threads(ctx, threads), BP_OK);
        assert_int_equal(bp_pool_width(ctx), threads);
        for (size_t count = 0; count <= 100; count += 20) {
            split s = {.bad = 100};
            assert_int_equal(bp_pool_split(ctx, count, part, &s), BP_OK);
            for (size_t i = 0; i < 100; i++)
                assert_int_equal(s.ran[i], i < count);
        }
        split s = {.bad = 31};
        assert_int_equal(bp_pool_split(ctx, 100, part, &s), BP_E_DAMAGED);
        assert_string_equal(bp_context_message(ctx), "part 31 is bad");
        bp_context_free(ctx);
    }
}

static bp_status work_in_parts(bp_context *ctx, unsigned thread, void *user)
{
    job *j = user;
    split s = {.bad = j->fails ? 7 : 100};
    (void)thread;
    atomic_fetch_add(&shared->ran, 1);
    bp_status status = bp_pool_split(ctx, 1 + j->number % 20, part, &s);
    return status == BP_E_DAMAGED ? bp_fail(ctx, status, "job %zu is bad", j->number) : status;
}

static void jobs_in_parts_keep_their_order(void **state)
{
    (void)state;
    record r = {.forgive = true};
    shared = &r;
    bp_context *ctx = bp_context_new();
    bp_pool *pool = bp_pool_new(ctx, 3, 100000, work_in_parts, done, &r);
    for (size_t i = 0; i < 200; i++)
        assert_int_equal(submit(pool, &r, i, 100, i % 20 == 19), BP_OK);
    assert_int_equal(bp_pool_finish(pool), BP_OK);
    assert_int_equal(r.delivered, 200);
    assert_int_equal(r.bad, 10);
    bp_pool_free(pool);
    bp_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results_come_in_order_within_bounds),
        cmocka_unit_test(a_failure_stops_the_run),
        cmocka_unit_test(failures_can_be_forgiven),
        cmocka_unit_test(cancelling_ends_the_run),
        cmocka_unit_test(freeing_early_releases_every_job),
        cmocka_unit_test(workers_that_cannot_start_are_done_without),
        cmocka_unit_test(parts_run_once_each),
        cmocka_unit_test(jobs_in_parts_keep_their_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
