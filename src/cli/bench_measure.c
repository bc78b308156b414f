/* SPDX-License-Identifier: BSD-3-Clause
 * The stopwatch: passes of encoding everything, then decoding and comparing everything. Only the calls
 * themselves are timed, in processor time when there is one thread, and each chunk's shortest time counts:
 * what else the machine does then disturbs least. */
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "algo/max_error.h"
#include "cli/bench.h"
#include "report/progress.h"

#define MAX_PASSES  200
#define FEW_PASSES  3
#define SLOW_FACTOR 10 /* a first pass that would take so many times the planned time is cut short */
#define LONG_FACTOR 4  /* no further pass, however few there were */

typedef struct bench {
    const bp_coder *coder;
    const bp_bench_chunks *chunks;
    unsigned threads; /* that work on chunks of their own */
    unsigned each;    /* threads of one chunk, where there are fewer chunks than threads */
    size_t chunk_bytes, capacity;
    uint8_t *encoded; /* capacity bytes for each chunk */
    size_t *sizes, *order;
    double *best[2];      /* shortest time of each chunk: encode, decode */
    atomic_size_t next;   /* place in the order that waits for a worker */
    size_t end, measured; /* places */
    bool decoding;
} bench;

typedef struct worker {
    bench *bench;
    bp_context *ctx;
    uint8_t *decoded;
    double seconds;
    bool differs;
    double max_error;
    bp_status status;
    pthread_t thread;
} worker;

double bp_bench_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static double clock_of(const bench *b)
{
    return b->threads * b->each == 1 ? bp_bench_clock() : bp_seconds_now();
}

static bp_array chunk_at(const bench *b, size_t index)
{
    bp_array chunk = b->chunks->chunk;
    chunk.data = (uint8_t *)chunk.data + index * b->chunk_bytes;
    return chunk;
}

static bp_status decode_one(worker *w, size_t index, double *seconds)
{
    bench *b = w->bench;
    bp_array original = chunk_at(b, index), back = original;
    back.data = w->decoded;
    double start = clock_of(b);
    bp_status status = b->coder->decode(w->ctx, b->coder->user, b->encoded + index * b->capacity,
                                        b->sizes[index], &back, seconds);
    if (*seconds < 0)
        *seconds = clock_of(b) - start;
    if (status != BP_OK || memcmp(original.data, back.data, b->chunk_bytes) == 0)
        return status;
    w->differs = true;
    double error = bp_max_error(&original, &back);
    w->max_error = error > w->max_error ? error : w->max_error;
    return BP_OK;
}

static bp_status code_one(worker *w, size_t index, double *seconds)
{
    bench *b = w->bench;
    bp_array chunk = chunk_at(b, index);
    if (b->decoding)
        return decode_one(w, index, seconds);
    double start = clock_of(b);
    bp_status status = b->coder->encode(w->ctx, b->coder->user, &chunk, b->encoded + index * b->capacity,
                                        b->capacity, &b->sizes[index], seconds);
    if (*seconds < 0)
        *seconds = clock_of(b) - start;
    return status;
}

static void *work(void *argument)
{
    worker *w = argument;
    bench *b = w->bench;
    for (;;) {
        size_t place = atomic_fetch_add(&b->next, 1);
        if (place >= b->end || w->status != BP_OK)
            return NULL;
        size_t index = b->order[place];
        double seconds = -1, *best = &b->best[b->decoding][index];
        w->status = bp_context_cancelled(w->ctx) ? bp_fail(w->ctx, BP_E_INTERRUPTED, "interrupted")
                                                 : code_one(w, index, &seconds);
        w->seconds += seconds;
        *best = seconds < *best ? seconds : *best;
    }
}

/* One phase of a pass on all workers, from one place in the order to another; *seconds grows by the time of
 * the worker that was busy longest. */
static bp_status run_phase(bp_context *ctx, bench *b, worker *workers, bool decoding, size_t from, size_t to,
                           double *seconds)
{
    bp_status status = BP_OK;
    unsigned started = 0, threads = b->threads;
    double longest = 0;
    b->decoding = decoding;
    b->end = to;
    atomic_store(&b->next, from);
    for (unsigned i = 0; i < threads; i++) {
        workers[i].seconds = 0;
        workers[i].status = BP_OK;
    }
    for (unsigned i = 1; i < threads; i++, started++)
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0) {
            status = bp_fail(ctx, BP_E_MEMORY, "a thread could not be started");
            break;
        }
    if (status == BP_OK)
        work(&workers[0]);
    for (unsigned i = 1; i <= started; i++)
        pthread_join(workers[i].thread, NULL);
    for (unsigned i = 0; i < threads; i++) {
        longest = workers[i].seconds > longest ? workers[i].seconds : longest;
        if (workers[i].status != BP_OK && status == BP_OK)
            status = bp_fail(ctx, workers[i].status, "%s", bp_context_message(workers[i].ctx));
    }
    *seconds += longest;
    return status;
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double rate(double seconds, uint64_t bytes)
{
    return seconds > 0 ? (double)bytes / 1e6 / seconds : 0;
}

/* Rates of one direction from the times of the passes, which are sorted. */
static void take_rates(const bench *b, int direction, double *seconds, unsigned passes, uint64_t bytes,
                       double *best, double *median)
{
    double sum = 0;
    for (size_t i = 0; i < b->measured; i++)
        sum += b->best[direction][b->order[i]];
    qsort(seconds, passes, sizeof *seconds, compare_doubles);
    *best = rate(b->threads == 1 ? sum : seconds[0], bytes);
    *median =
        rate(passes % 2 ? seconds[passes / 2] : (seconds[passes / 2 - 1] + seconds[passes / 2]) / 2, bytes);
}

static void take_sizes(const bench *b, const worker *workers, bp_bench_result *result)
{
    unsigned first = 0;
    for (size_t i = 0; i < b->measured; i++) {
        result->stored_bytes += b->sizes[b->order[i]];
        if (i + 1 == (size_t)1 << first)
            result->first_bytes[first++] = result->stored_bytes;
    }
    result->chunks = b->measured;
    result->raw_bytes =
        b->measured == b->chunks->count ? b->chunks->raw_bytes : (uint64_t)b->measured * b->chunk_bytes;
    result->lossless = true;
    for (unsigned i = 0; i < b->threads; i++) {
        result->lossless &= !workers[i].differs;
        if (workers[i].max_error > result->max_error)
            result->max_error = workers[i].max_error;
    }
}

/* The first pass: twice as many chunks each time, as long as that looks like ending in time. */
static bp_status first_pass(bp_context *ctx, bench *b, worker *workers, const bp_bench_plan *plan,
                            double *encode, double *decode)
{
    size_t count = b->chunks->count;
    bp_status status = BP_OK;
    for (size_t to = 1; status == BP_OK && b->measured < count; to *= 2) {
        size_t end = plan->whole || to > count ? count : to;
        if (b->measured > 0 && !plan->whole && 2 * *encode > SLOW_FACTOR * plan->seconds)
            break;
        status = run_phase(ctx, b, workers, false, b->measured, end, encode);
        b->measured = end;
    }
    if (status == BP_OK)
        status = run_phase(ctx, b, workers, true, 0, b->measured, decode);
    return status;
}

static bp_status run_passes(bp_context *ctx, bench *b, worker *workers, const bp_bench_plan *plan,
                            bp_bench_result *result)
{
    double encode[MAX_PASSES] = {0}, decode[MAX_PASSES] = {0};
    double started = bp_seconds_now();
    unsigned passes = 1;
    bp_status status = first_pass(ctx, b, workers, plan, &encode[0], &decode[0]);
    while (status == BP_OK && passes < MAX_PASSES) {
        double elapsed = bp_seconds_now() - started;
        if (elapsed > LONG_FACTOR * plan->seconds || (elapsed > plan->seconds && passes >= FEW_PASSES))
            break;
        status = run_phase(ctx, b, workers, false, 0, b->measured, &encode[passes]);
        if (status == BP_OK)
            status = run_phase(ctx, b, workers, true, 0, b->measured, &decode[passes]);
        passes++;
    }
    if (status != BP_OK)
        return status;
    result->passes = passes;
    take_sizes(b, workers, result);
    take_rates(b, 0, encode, passes, result->raw_bytes, &result->encode_MBps, &result->encode_median_MBps);
    take_rates(b, 1, decode, passes, result->raw_bytes, &result->decode_MBps, &result->decode_median_MBps);
    return BP_OK;
}

/* Any number of first chunks is spread over the sample: indices with their bits reversed. */
static void spread(size_t *order, size_t count)
{
    size_t bits = 0, used = 0;
    while ((size_t)1 << bits < count)
        bits++;
    for (size_t i = 0; i < (size_t)1 << bits; i++) {
        size_t reversed = 0;
        for (size_t k = 0; k < bits; k++)
            reversed |= (i >> k & 1) << (bits - 1 - k);
        if (reversed < count)
            order[used++] = reversed;
    }
}

static bool prepare(bp_context *ctx, bench *b, worker *workers)
{
    size_t count = b->chunks->count;
    b->encoded = calloc(count, b->capacity ? b->capacity : 1);
    b->sizes = calloc(count, sizeof *b->sizes);
    b->order = calloc(count, sizeof *b->order);
    b->best[0] = calloc(count, sizeof *b->best[0]);
    b->best[1] = calloc(count, sizeof *b->best[1]);
    if (!workers || !b->encoded || !b->sizes || !b->order || !b->best[0] || !b->best[1])
        return false;
    spread(b->order, count);
    for (size_t i = 0; i < count; i++)
        b->best[0][i] = b->best[1][i] = INFINITY;
    for (unsigned i = 0; i < b->threads; i++) {
        workers[i] = (worker){.bench = b, .ctx = bp_context_child(ctx)};
        workers[i].decoded = malloc(b->chunk_bytes ? b->chunk_bytes : 1);
        if (!workers[i].ctx || !workers[i].decoded ||
            bp_context_set_threads(workers[i].ctx, b->each) != BP_OK)
            return false;
    }
    return true;
}

bp_status bp_bench_measure(bp_context *ctx, const bp_coder *coder, const bp_bench_chunks *chunks,
                           const bp_bench_plan *plan, bp_bench_result *result)
{
    bench b = {.coder = coder, .chunks = chunks, .chunk_bytes = bp_array_bytes(&chunks->chunk)};
    memset(result, 0, sizeof *result);
    b.capacity = coder->worst_size(coder->user, &chunks->chunk);
    if (b.capacity == 0 && b.chunk_bytes > 0)
        return bp_fail(ctx, BP_E_UNSUPPORTED, "the worst case does not fit memory");
    b.threads = plan->threads < 1               ? 1
                : plan->threads > chunks->count ? (unsigned)chunks->count
                                                : plan->threads;
    b.each = plan->threads > b.threads ? plan->threads / b.threads : 1;
    worker *workers = calloc(b.threads, sizeof *workers);
    bp_status status = prepare(ctx, &b, workers)
                           ? run_passes(ctx, &b, workers, plan, result)
                           : bp_fail(ctx, BP_E_MEMORY, "no memory for %zu chunks", chunks->count);
    for (unsigned i = 0; workers && i < b.threads; i++) {
        free(workers[i].decoded);
        bp_context_free(workers[i].ctx);
    }
    free(workers);
    free(b.encoded);
    free(b.sizes);
    free(b.order);
    free(b.best[0]);
    free(b.best[1]);
    return status;
}

static size_t codec_worst_size(void *user, const bp_array *chunk)
{
    return bp_codec_worst_size(user, chunk);
}

static bp_status codec_encode(bp_context *ctx, void *user, const bp_array *chunk, uint8_t *out,
                              size_t capacity, size_t *size, double *seconds)
{
    (void)seconds;
    return bp_codec_encode(ctx, user, chunk, out, capacity, size);
}

static bp_status codec_decode(bp_context *ctx, void *user, const uint8_t *in, size_t size,
                              const bp_array *chunk, double *seconds)
{
    (void)seconds;
    return bp_codec_decode(ctx, user, in, size, chunk);
}

bp_coder bp_bench_codec_coder(const bp_codec_spec *spec)
{
    return (bp_coder){codec_worst_size, codec_encode, codec_decode, (void *)(uintptr_t)spec};
}
