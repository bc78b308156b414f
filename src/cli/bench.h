/* SPDX-License-Identifier: BSD-3-Clause
 * What a bench measures, and how: the same for our codecs and for filters of others. */
#ifndef BP_CLI_BENCH_H
#define BP_CLI_BENCH_H

#include "cli/cli.h"

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

/* Something that encodes and decodes chunks. seconds: what the call itself took, without the harness. */
typedef struct bp_coder {
    size_t (*worst_size)(void *user, const bp_array *chunk);
    bp_status (*encode)(bp_context *ctx, void *user, const bp_array *chunk, uint8_t *out, size_t capacity,
                        size_t *size, double *seconds);
    bp_status (*decode)(bp_context *ctx, void *user, const uint8_t *in, size_t size, const bp_array *chunk,
                        double *seconds);
    void *user;
} bp_coder;

typedef struct bp_bench_result {
    uint64_t raw_bytes, stored_bytes;
    double encode_MBps, decode_MBps; /* 10^6 bytes of raw data per second, median over the passes */
    bool lossless;                   /* every pass gave every value back bit by bit */
    double max_error;
    unsigned passes;
} bp_bench_result;

bp_status bp_bench_measure(bp_context *ctx, const bp_coder *coder, const bp_bench_chunks *chunks,
                           unsigned threads, bp_bench_result *result);

/* A coder for one of our codecs; spec must outlive it. */
bp_coder bp_bench_codec_coder(const bp_codec_spec *spec);

#endif
