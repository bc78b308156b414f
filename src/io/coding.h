/* SPDX-License-Identifier: BSD-3-Clause
 * How the chunks of a dataset are written: through registered filters or as our own chunk, with which filter
 * pipeline. No HDF5 here; encoding runs on any thread. */
#ifndef BP_IO_CODING_H
#define BP_IO_CODING_H

#include "beampress/file.h"
#include "beampress/operation.h"
#include "io/filters.h"

typedef struct bp_coding {
    bool plain; /* no filters: values are stored as they are */
    bool own;   /* our self-describing chunk */
    bp_codec_spec spec;
    bp_byte_order order; /* of the values as they are stored and handed in */
    bp_array chunk;      /* dtype and shape of every chunk; data is not used */
    size_t tile_shape[BP_MAX_RANK];
    bp_filters pipeline;
    const bp_chain *chain; /* operations before the codec, of values of type `from`; NULL: none */
    bp_dtype from;
} bp_coding;

/* Chooses the form: the codec's registered filters where format allows and the codec has them for such a
 * chunk, else our own chunk. fletcher32 is put behind registered filters. BP_E_UNSUPPORTED with the reason
 * when the codec takes no such chunk, or has no registered form and format asks for one. */
BP_MUST_CHECK bp_status bp_coding_init(bp_context *ctx, bp_coding *coding, const bp_codec_spec *spec,
                                       bp_format format, bool fletcher32, bp_byte_order order,
                                       const bp_array *chunk);
/* Our own chunks in which operations come before the codec, which must be lossless and is asked about what
 * they make only when it gets it. chain outlives the coding. */
BP_MUST_CHECK bp_status bp_coding_init_chain(bp_context *ctx, bp_coding *coding, const bp_codec_spec *spec,
                                             const bp_chain *chain, bp_dtype from, bp_byte_order order,
                                             const bp_array *chunk);
/* No filters at all. */
void bp_coding_init_plain(bp_coding *coding, const bp_array *chunk, bp_byte_order order);

/* Room that bp_coding_encode needs; 0 when it does not fit size_t. */
size_t bp_coding_worst_size(const bp_coding *coding);
/* Encodes the values of one whole chunk. spec: NULL for the coding's own; another one is possible in our own
 * chunks only, each of which names its codec. */
BP_MUST_CHECK bp_status bp_coding_encode(bp_context *ctx, const bp_coding *coding, const bp_codec_spec *spec,
                                         const void *values, uint8_t *out, size_t capacity, size_t *size);

/* The same for a coding with operations: values of type coding->from, a mark for each, and the number of the
 * first in the data set. plain: these values go without the operations (their type is the chunk's). */
BP_MUST_CHECK bp_status bp_coding_encode_chain(bp_context *ctx, const bp_coding *coding, bool plain,
                                               const void *values, const uint8_t *marks, uint64_t place,
                                               uint8_t *out, size_t capacity, size_t *size);

/* The inverse, with the spec that the values were encoded with: what a reader will get. */
BP_MUST_CHECK bp_status bp_coding_decode(bp_context *ctx, const bp_coding *coding, const bp_codec_spec *spec,
                                         const uint8_t *in, size_t size, void *values);

#endif
