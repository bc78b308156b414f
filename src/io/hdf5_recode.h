/* SPDX-License-Identifier: BSD-3-Clause
 * Moves the values of one dataset into another of the same shape and type whose chunks are coded otherwise:
 * HDF5 hands stored chunks in and out on the calling thread, the pool decodes and encodes. */
#ifndef BP_IO_HDF5_RECODE_H
#define BP_IO_HDF5_RECODE_H

#include "io/coding.h"
#include "io/hdf5_source.h"

typedef struct bp_h5_recode {
    const bp_coding *coding; /* of the target; coding->chunk has the shape of its chunks */
    unsigned threads;
    size_t memory;
    bool map_input; /* see bp_file_options */
    bool salvage;   /* damaged chunks are told to lost() and stay unwritten */
    /* The codec of the chunk that begins at offset, NULL for the coding's own; runs on workers. May be NULL.
     */
    const bp_codec_spec *(*choose)(void *user, const hsize_t *offset);
    /* Where the values come from instead of the source, which then says shape and type only: fills the box of
     * the target chunk's shape that begins at offset; what sticks out of the dataset is free. On the calling
     * thread, in the order of the chunks. May be NULL. */
    bp_status (*read)(bp_context *ctx, void *user, const hsize_t *offset, uint8_t *values);
    /* coding->chain: read gives values of coding->from with a mark for each behind them. Does the chunk at
     * offset go without the operations? Runs on workers. May be NULL. */
    bool (*without_chain)(void *user, const hsize_t *offset);
    /* All below run on the calling thread and may be NULL. progress: raw bytes that are done. */
    void (*progress)(void *user, uint64_t bytes);
    bp_status (*lost)(bp_context *ctx, void *user, const hsize_t *offset, const char *cause);
    void *user;
    /* results */
    uint64_t stored_bytes;
    uint64_t sample_bytes; /* raw bytes of the chunks that a sample took */
    double max_error;      /* the largest absolute error, measured on decoded chunks; lossy codecs only */
} bp_h5_recode;

/* target: created with the filters of the coding. Chunks that were never written stay so. */
BP_MUST_CHECK bp_status bp_h5_recode_dataset(bp_context *ctx, hid_t source, hid_t target,
                                             bp_h5_recode *recode);

/* Encodes up to `most` chunks, spread over the dataset, and writes nothing. before: their size as they are
 * stored now, after: as they would be. Both are 0 when no chunk was ever written. */
BP_MUST_CHECK bp_status bp_h5_recode_sample(bp_context *ctx, hid_t source, bp_h5_recode *recode, size_t most,
                                            uint64_t *before, uint64_t *after);

#endif
