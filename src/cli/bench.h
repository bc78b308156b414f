/* SPDX-License-Identifier: BSD-3-Clause
 * What a bench measures, and how: the same for our codecs and for filters of others. */
#ifndef BP_CLI_BENCH_H
#define BP_CLI_BENCH_H

#include "cli/cli.h"

#define BP_BENCH_FIRSTS 32

/* The chunks of a sample, each full, side by side in memory. */
typedef struct bp_bench_chunks {
    bp_array chunk; /* type and shape of one; data is that of the first */
    size_t count;
    uint64_t raw_bytes; /* of the values, without what fills the chunks at the edge up */
} bp_bench_chunks;

/* Cuts a sample into chunks. BP_E_USAGE when the shape does not go with the data. */
bp_status bp_bench_cut(bp_context *ctx, const bp_array *sample, bp_chunking chunking, size_t rank,
                       const size_t *shape, bp_bench_chunks *chunks);
void bp_bench_chunks_fini(bp_bench_chunks *chunks);

/* Something that encodes and decodes chunks. seconds: a coder whose call does more than its work says here
 * what the work took (bp_bench_clock); one that leaves it alone is timed from outside. */
typedef struct bp_coder {
    size_t (*worst_size)(void *user, const bp_array *chunk);
    bp_status (*encode)(bp_context *ctx, void *user, const bp_array *chunk, uint8_t *out, size_t capacity,
                        size_t *size, double *seconds);
    bp_status (*decode)(bp_context *ctx, void *user, const uint8_t *in, size_t size, const bp_array *chunk,
                        double *seconds);
    void *user;
} bp_coder;

/* Rates are 10^6 bytes of raw data per second. Those without another name are of the shortest time that each
 * chunk took in any pass; with several threads, of the shortest pass. */
typedef struct bp_bench_result {
    uint64_t raw_bytes, stored_bytes; /* of the chunks that were measured */
    size_t chunks;                    /* how many those are */
    double encode_MBps, decode_MBps;
    double encode_median_MBps, decode_median_MBps; /* median over the passes */
    bool lossless;                                 /* every pass gave every value back bit by bit */
    double max_error;
    unsigned passes;
    uint64_t first_bytes[BP_BENCH_FIRSTS]; /* stored bytes of the first 1, 2, 4, 8, ... chunks in measuring
                                              order */
} bp_bench_result;

typedef struct bp_bench_plan {
    unsigned threads;
    double seconds; /* how long passes are repeated */
    bool whole;     /* every chunk is measured, however long that takes */
    bool common;    /* of peers the settings that people use, alone */
} bp_bench_plan;

bp_status bp_bench_measure(bp_context *ctx, const bp_coder *coder, const bp_bench_chunks *chunks,
                           const bp_bench_plan *plan, bp_bench_result *result);
/* The exact entropy of a simulated dataset in bits per value, as the file says; NaN when it does not. */
double bp_bench_floor(bp_context *ctx, const char *file, const char *dataset);
/* Seconds of processor time of this process: what a busy machine disturbs least. */
double bp_bench_clock(void);

/* A coder for one of our codecs; spec must outlive it. */
bp_coder bp_bench_codec_coder(const bp_codec_spec *spec);

#endif
