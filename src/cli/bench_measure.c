/* SPDX-License-Identifier: BSD-3-Clause
 * The stopwatch: passes of encoding everything, then decoding and comparing everything. Only the calls
 * themselves are timed. */
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "algo/max_error.h"
#include "cli/bench.h"
#include "report/progress.h"

#define MAX_PASSES   5
#define SLOW_SECONDS 3.0 /* a first pass that takes longer is the only one */
#define ENOUGH_TIME  6.0 /* no further pass after so long */

typedef struct bench {
    const bp_coder *coder;
    const bp_bench_chunks *chunks;
    size_t chunk_bytes, capacity;
    uint8_t *encoded; /* capacity bytes for each chunk */
    size_t *sizes;
    atomic_size_t next; /* chunk that waits for a worker */
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
    bp_status status = b->coder->decode(w->ctx, b->coder->user, b->encoded + index * b->capacity,
                                        b->sizes[index], &back, seconds);
    if (status != BP_OK || memcmp(original.data, back.data, b->chunk_bytes) == 0)
        return status;
    w->differs = true;
    double error = bp_max_error(&original, &back);
    w->max_error = error > w->max_error ? error : w->max_error;
    return BP_OK;
}

static void *work(void *argument)
{
    worker *w = argument;
    bench *b = w->bench;
    for (;;) {
        size_t index = atomic_fetch_add(&b->next, 1);
        double seconds = 0;
        if (index >= b->chunks->count || w->status != BP_OK)
            return NULL;
        bp_array chunk = chunk_at(b, index);
        if (bp_context_cancelled(w->ctx))
            w->status = bp_fail(w->ctx, BP_E_INTERRUPTED, "interrupted");
        else if (b->decoding)
            w->status = decode_one(w, index, &seconds);
        else
            w->status = b->coder->encode(w->ctx, b->coder->user, &chunk, b->encoded + index * b->capacity,
                                         b->capacity, &b->sizes[index], &seconds);
        w->seconds += seconds;
    }
}

/* One phase of a pass on all workers; *seconds is the time of the one that was busy longest. */
static bp_status run_phase(bp_context *ctx, bench *b, worker *workers, unsigned threads, bool decoding,
                           double *seconds)
{
    bp_status status = BP_OK;
    unsigned started = 0;
    b->decoding = decoding;
    atomic_store(&b->next, 0);
    *seconds = 0;
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
        *seconds = workers[i].seconds > *seconds ? workers[i].seconds : *seconds;
        if (workers[i].status != BP_OK && status == BP_OK)
            status = bp_fail(ctx, workers[i].status, "%s", bp_context_message(workers[i].ctx));
    }
    return status;
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median_rate(double *seconds, unsigned count, uint64_t bytes)
{
    qsort(seconds, count, sizeof *seconds, compare_doubles);
    double median = count % 2 ? seconds[count / 2] : (seconds[count / 2 - 1] + seconds[count / 2]) / 2;
    return median > 0 ? (double)bytes / 1e6 / median : 0;
}

static bp_status run_passes(bp_context *ctx, bench *b, worker *workers, unsigned threads,
                            bp_bench_result *result)
{
    double encode[MAX_PASSES], decode[MAX_PASSES], warm_encode, warm_decode;
    double started = bp_seconds_now();
    bp_status status = run_phase(ctx, b, workers, threads, false, &warm_encode);
    if (status == BP_OK)
        status = run_phase(ctx, b, workers, threads, true, &warm_decode);
    if (status != BP_OK)
        return status;
    unsigned passes = 0;
    if (warm_encode + warm_decode > SLOW_SECONDS) {
        encode[passes] = warm_encode;
        decode[passes++] = warm_decode;
    }
    bool only = passes == 1;
    while (!only && passes < MAX_PASSES && (passes == 0 || bp_seconds_now() - started < ENOUGH_TIME)) {
        status = run_phase(ctx, b, workers, threads, false, &encode[passes]);
        if (status == BP_OK)
            status = run_phase(ctx, b, workers, threads, true, &decode[passes]);
        if (status != BP_OK)
            return status;
        passes++;
    }
    result->passes = passes;
    result->raw_bytes = b->chunks->raw_bytes;
    result->encode_MBps = median_rate(encode, passes, result->raw_bytes);
    result->decode_MBps = median_rate(decode, passes, result->raw_bytes);
    result->lossless = true;
    for (size_t i = 0; i < b->chunks->count; i++)
        result->stored_bytes += b->sizes[i];
    for (unsigned i = 0; i < threads; i++) {
        result->lossless &= !workers[i].differs;
        if (workers[i].max_error > result->max_error)
            result->max_error = workers[i].max_error;
    }
    return BP_OK;
}

bp_status bp_bench_measure(bp_context *ctx, const bp_coder *coder, const bp_bench_chunks *chunks,
                           unsigned threads, bp_bench_result *result)
{
    bench b = {.coder = coder, .chunks = chunks, .chunk_bytes = bp_array_bytes(&chunks->chunk)};
    memset(result, 0, sizeof *result);
    b.capacity = coder->worst_size(coder->user, &chunks->chunk);
    if (b.capacity == 0 && b.chunk_bytes > 0)
        return bp_fail(ctx, BP_E_UNSUPPORTED, "the worst case does not fit memory");
    threads = threads < 1 ? 1 : threads > chunks->count ? (unsigned)chunks->count : threads;
    worker *workers = calloc(threads, sizeof *workers);
    b.encoded = calloc(chunks->count, b.capacity ? b.capacity : 1);
    b.sizes = calloc(chunks->count, sizeof *b.sizes);
    bool ready = workers && b.encoded && b.sizes;
    for (unsigned i = 0; ready && i < threads; i++) {
        workers[i] = (worker){.bench = &b, .ctx = bp_context_child(ctx)};
        workers[i].decoded = malloc(b.chunk_bytes ? b.chunk_bytes : 1);
        ready = workers[i].ctx && workers[i].decoded;
    }
    bp_status status = ready ? run_passes(ctx, &b, workers, threads, result)
                             : bp_fail(ctx, BP_E_MEMORY, "no memory for %zu chunks", chunks->count);
    for (unsigned i = 0; workers && i < threads; i++) {
        free(workers[i].decoded);
        bp_context_free(workers[i].ctx);
    }
    free(workers);
    free(b.encoded);
    free(b.sizes);
    return status;
}

static size_t codec_worst_size(void *user, const bp_array *chunk)
{
    return bp_codec_worst_size(user, chunk);
}

static bp_status codec_encode(bp_context *ctx, void *user, const bp_array *chunk, uint8_t *out,
                              size_t capacity, size_t *size, double *seconds)
{
    double start = bp_seconds_now();
    bp_status status = bp_codec_encode(ctx, user, chunk, out, capacity, size);
    *seconds = bp_seconds_now() - start;
    return status;
}

static bp_status codec_decode(bp_context *ctx, void *user, const uint8_t *in, size_t size,
                              const bp_array *chunk, double *seconds)
{
    double start = bp_seconds_now();
    bp_status status = bp_codec_decode(ctx, user, in, size, chunk);
    *seconds = bp_seconds_now() - start;
    return status;
}

bp_coder bp_bench_codec_coder(const bp_codec_spec *spec)
{
    return (bp_coder){codec_worst_size, codec_encode, codec_decode, (void *)(uintptr_t)spec};
}
