/* SPDX-License-Identifier: BSD-3-Clause
 * Where things stand in a chunk of format version 1. Byte diagrams: docs/format.md. */
#ifndef BP_CHUNK_LAYOUT_H
#define BP_CHUNK_LAYOUT_H

#include "beampress/chunk.h"

#define BP_CHUNK_MAGIC_BYTES    8
#define BP_CHUNK_FORMAT_VERSION 1
#define BP_CHUNK_FIXED_BYTES    32 /* before the shapes */
#define BP_CHUNK_OP_BYTES       8  /* before the parameters of an operation */
#define BP_CHUNK_TILE_BYTES     32 /* one entry of the tile index */
#define BP_CHUNK_HASH_BYTES     8

/* flags of an operation */
#define BP_CHUNK_OP_EXACT 1u /* what comes back is bit by bit what went in */
#define BP_CHUNK_OP_FIXED 2u /* what comes back is the same on every machine */

/* modes of a tile */
#define BP_CHUNK_STORED 0u /* no operation was applied */
#define BP_CHUNK_CODED  1u /* every operation was applied */

typedef struct bp_chunk_tile {
    uint64_t size; /* stored bytes */
    uint32_t mode;
    uint64_t stored_hash;
    uint64_t value_hash;
} bp_chunk_tile;

/* A header that was checked: every length in it agrees with the size of the chunk. */
typedef struct bp_chunk_header {
    bp_chunk_info info;
    bool exact;            /* the codec is: BP_CHUNK_OP_EXACT */
    bool fixed;            /* all operations are exact or fixed: the hash of the values must match */
    size_t payload_bytes;  /* behind the header */
    const uint8_t *index;  /* tile index inside the chunk; while encoding: where it will stand */
    size_t index_position; /* of the index in the chunk */
} bp_chunk_header;

/* Tiles of a shape; false when the number does not fit or a tile axis is 0 or longer than it may be. */
bool bp_chunk_count_tiles(size_t rank, const size_t *shape, const size_t *tile_shape, size_t *count);
/* Place and shape of tile number `index` in row-major order. */
void bp_chunk_tile_place(const bp_chunk_info *info, size_t index, size_t *offset, size_t *shape);

/* Sizes and positions for encoding; info's codec, type and shapes are filled. */
bp_status bp_chunk_header_plan(bp_context *ctx, bp_chunk_header *header);
/* Writes everything but the tile index and the hash. */
void bp_chunk_header_write(const bp_chunk_header *header, uint8_t *out);
void bp_chunk_tile_write(const bp_chunk_header *header, uint8_t *out, size_t index,
                         const bp_chunk_tile *tile);
/* States the payload size and closes the header with its hash. */
void bp_chunk_header_close(const bp_chunk_header *header, uint8_t *out, size_t payload_bytes);

/* Reads and checks a header; *header points into the chunk. */
bp_status bp_chunk_header_read(bp_context *ctx, const uint8_t *in, size_t size, bp_chunk_header *header);
void bp_chunk_tile_read(const bp_chunk_header *header, size_t index, bp_chunk_tile *tile);

/* Operations of a tile, with what stands beside the codes in its payload. */
typedef struct bp_chunk_chain {
    size_t count;
    bp_operation_spec specs[BP_MAX_OPERATIONS];
    const uint8_t *sides[BP_MAX_OPERATIONS];
    size_t side_sizes[BP_MAX_OPERATIONS];
    bp_array coded[BP_MAX_OPERATIONS]; /* type and shape of what each gave */
} bp_chunk_chain;

/* The operations that a header names. */
bp_status bp_chunk_chain_find(bp_context *ctx, const bp_chunk_info *info, bp_chunk_chain *chain);
/* Reads what stands beside the codes of a tile; values: its type and shape. What is left is the codec's. */
bp_status bp_chunk_chain_read(bp_context *ctx, bp_chunk_chain *chain, const bp_array *values,
                              const uint8_t **in, size_t *size);
/* Fills values from what the codec gave. */
bp_status bp_chunk_chain_restore(bp_context *ctx, const bp_chunk_chain *chain, const bp_array *coded,
                                 const bp_array *values);

/* Reverses the bytes of every element in place when the values of `order` are not those of the machine. */
void bp_chunk_to_order(bp_dtype dtype, bp_byte_order order, void *values, size_t bytes);
/* Is a copy needed before a codec may touch values of this type and order at this address? */
bool bp_chunk_needs_copy(const bp_array *array, bp_byte_order order);

#endif
