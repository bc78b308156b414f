/* SPDX-License-Identifier: BSD-3-Clause
 * The self-describing chunk: what our HDF5 filter stores, and what a stream may carry. Byte diagrams:
 * docs/format.md. A chunk never grows by more than its header, and a flipped bit anywhere in it is found. */
#ifndef BEAMPRESS_CHUNK_H
#define BEAMPRESS_CHUNK_H

#include "codec.h"
#include "operation.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The HDF5 filter id of our chunks. In the private range until The HDF Group gives one; whatever files were
 * written with stays readable. */
#define BP_HDF5_FILTER_ID   47104
#define BP_HDF5_FILTER_NAME "beampress"

typedef enum bp_byte_order { BP_LITTLE_ENDIAN = 0, BP_BIG_ENDIAN = 1 } bp_byte_order;

/* An operation before the codec, as a chunk names it. */
typedef struct bp_chunk_operation {
    uint16_t number, version;
    size_t param_count;
    double params[BP_MAX_PARAMS];
} bp_chunk_operation;

/* What a chunk says of itself. */
typedef struct bp_chunk_info {
    bp_dtype dtype;
    bp_byte_order order; /* of the values as the reader gets them */
    size_t itemsize;
    size_t rank;
    size_t shape[BP_MAX_RANK];
    size_t tile_shape[BP_MAX_RANK];
    size_t tile_count;
    size_t decoded_bytes;
    size_t header_bytes;
    uint16_t codec_number;
    uint16_t codec_version;
    size_t param_count;
    double params[BP_MAX_PARAMS];
    size_t operation_count; /* before the codec, in the order in which they were applied */
    bp_chunk_operation operations[BP_MAX_OPERATIONS];
} bp_chunk_info;

/* Worst-case size of a chunk, 0 when it does not fit size_t. */
BP_API size_t bp_chunk_worst_size(const bp_codec_spec *spec, const bp_array *in, const size_t *tile_shape);

/* Encodes a C-contiguous array, whose values stand in the byte order `order`. tile_shape NULL: one tile.
 * A tile that would grow is stored as it is. */
BP_API BP_MUST_CHECK bp_status bp_chunk_encode(bp_context *ctx, const bp_codec_spec *spec, const bp_array *in,
                                               bp_byte_order order, const size_t *tile_shape, uint8_t *out,
                                               size_t capacity, size_t *size);

/* Values that operations take on their way into a chunk. */
typedef struct bp_chunk_source {
    const bp_array *values; /* machine byte order, C-contiguous */
    const uint8_t *marks;   /* a byte for each value, or NULL; what not 0 means say the operations */
    bp_dtype as;            /* type that a reader gets */
    uint64_t place;         /* number of the first value in the data set: dither knows no repetition */
} bp_chunk_source;

/* Worst-case size of what bp_chunk_encode_values writes, 0 when it does not fit size_t. */
BP_API size_t bp_chunk_worst_values(const bp_codec_spec *spec, const bp_chain *chain,
                                    const bp_chunk_source *source, const size_t *tile_shape);
/* The same with operations before the codec, which must be in a lossless mode. A reader gets the restored
 * values, of type source->as, in the byte order `order`. */
BP_API BP_MUST_CHECK bp_status bp_chunk_encode_values(bp_context *ctx, const bp_codec_spec *spec,
                                                      const bp_chain *chain, const bp_chunk_source *source,
                                                      bp_byte_order order, const size_t *tile_shape,
                                                      uint8_t *out, size_t capacity, size_t *size);

/* Reads and checks the header of a chunk of exactly size bytes. */
BP_API BP_MUST_CHECK bp_status bp_chunk_read_info(bp_context *ctx, const uint8_t *in, size_t size,
                                                  bp_chunk_info *info);

/* Decodes a chunk of exactly size bytes into exactly out_size bytes (the decoded size its header states). */
BP_API BP_MUST_CHECK bp_status bp_chunk_decode(bp_context *ctx, const uint8_t *in, size_t size, void *out,
                                               size_t out_size);

/* Decodes frames first to first + count - 1 only: axes of length 1 are dropped, the last two that are left
 * span a frame, the others count frames. out_size is that of these frames. Stored bytes are checked by their
 * hash; values only when the whole chunk has to be decoded for them, as with most codecs. */
BP_API BP_MUST_CHECK bp_status bp_chunk_decode_frames(bp_context *ctx, const uint8_t *in, size_t size,
                                                      size_t first, size_t count, void *out, size_t out_size);

/* The cd_values that every dataset of ours carries (docs/format.md): format of the words, decoded chunk size,
 * element size, chunk shape, element type, and the codec with its parameters for whoever writes through the
 * plug-in. */
BP_API BP_MUST_CHECK bp_status bp_chunk_words(bp_context *ctx, const bp_codec_spec *spec,
                                              const bp_array *chunk, bp_byte_order order, bp_filter *filter);

/* The inverse. chunk->data is NULL. BP_E_DAMAGED when the words are not ours. */
BP_API BP_MUST_CHECK bp_status bp_chunk_words_read(bp_context *ctx, const uint32_t *words, size_t count,
                                                   bp_codec_spec *spec, bp_array *chunk,
                                                   bp_byte_order *order);

/* Refuses (BP_E_DAMAGED) a chunk whose decoded size, element size, type or shape is not what the words state.
 * Words of no or another length than ours say nothing and agree with everything. */
BP_API BP_MUST_CHECK bp_status bp_chunk_agrees(bp_context *ctx, const bp_chunk_info *info,
                                               const uint32_t *words, size_t count);

#ifdef __cplusplus
}
#endif
#endif
