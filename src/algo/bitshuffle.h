/* SPDX-License-Identifier: BSD-3-Clause
 * The blocks of the registered HDF5 filter 32008 (bitshuffle): values are cut into blocks of a multiple of 8
 * elements, each block is bit-transposed and then packed on its own; the last fewer than 8 elements stand raw
 * at the end. A packed stream starts with 12 bytes: decoded bytes (64 bits), bytes per block (32 bits), both
 * big endian; before each packed block stands its size (32 bits, big endian). */
#ifndef BP_ALGO_BITSHUFFLE_H
#define BP_ALGO_BITSHUFFLE_H

#include "beampress/codec.h"

#define BP_BITSHUFFLE_FILTER_ID 32008
#define BP_BITSHUFFLE_LZ4       2 /* cd_values[4]: what packs the blocks; absent or 0 when nothing does */
#define BP_BITSHUFFLE_ZSTD      3

/* Bytes that pack may read behind its input and write behind its output, and unpack behind its output. */
#define BP_BITSHUFFLE_SLACK 64

/* What packs one transposed block. */
typedef struct bp_bitshuffle_packer {
    const char *name;
    /* Largest size of `bytes` bytes when packed; 0 when it cannot be told. */
    size_t (*bound)(size_t bytes);
    /* Returns the packed size, 0 when it failed. out has bound(bytes) + BP_BITSHUFFLE_SLACK bytes. */
    size_t (*pack)(void *state, const uint8_t *in, size_t bytes, uint8_t *out);
    /* Do exactly size bytes at in unpack to exactly bytes bytes? out has BP_BITSHUFFLE_SLACK bytes more. */
    bool (*unpack)(void *state, const uint8_t *in, size_t size, uint8_t *out, size_t bytes);
} bp_bitshuffle_packer;

/* Elements per block when nothing was asked for: 8 KiB worth, as the registered filter has it. */
size_t bp_bitshuffle_default_block(size_t itemsize);

/* Refuses (BP_E_USAGE) a block that is no multiple of 8 elements, or more than 2^30 bytes. */
bp_status bp_bitshuffle_check(bp_context *ctx, double block, const bp_array *in);

/* Worst-case size including what pack may touch; 0 when it does not fit size_t. block 0: default. */
size_t bp_bitshuffle_worst_size(const bp_bitshuffle_packer *packer, const bp_array *in, size_t block);

bp_status bp_bitshuffle_encode(bp_context *ctx, const bp_bitshuffle_packer *packer, void *state,
                               const bp_array *in, size_t block, uint8_t *out, size_t capacity, size_t *size);
/* The block size is the stream's. */
bp_status bp_bitshuffle_decode(bp_context *ctx, const bp_bitshuffle_packer *packer, void *state,
                               const uint8_t *in, size_t size, const bp_array *out);

/* The mode without packing: the same blocks, no header, as many bytes as before. forward: transposes; else
 * puts back. */
void bp_bitshuffle_plain(const uint8_t *in, uint8_t *out, size_t bytes, size_t itemsize, size_t block,
                         bool forward);

/* cd_values of the registered filter. level < 0: none. */
bp_status bp_bitshuffle_filter(bp_context *ctx, const bp_array *chunk, size_t block, unsigned packer,
                               int level, bp_filter *filter);

#endif
