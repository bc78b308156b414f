/* SPDX-License-Identifier: BSD-3-Clause
 * HDF5 filter pipelines without HDF5: decoding a stored chunk, on any thread, through the filters that we
 * know, and what a pipeline is called. */
#ifndef BP_IO_FILTERS_H
#define BP_IO_FILTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "beampress/chunk.h"

#define BP_MAX_FILTERS 32 /* HDF5's own limit */

enum {
    BP_FILTER_DEFLATE = 1,
    BP_FILTER_SHUFFLE = 2,
    BP_FILTER_FLETCHER32 = 3,
    BP_FILTER_SZIP = 4,
    BP_FILTER_NBIT = 5,
    BP_FILTER_SCALEOFFSET = 6,
    BP_FILTER_LZ4 = 32004,
    BP_FILTER_BITSHUFFLE = 32008,
    BP_FILTER_ZFP = 32013,
    BP_FILTER_ZSTD = 32015
};

/* In the order in which a writer applies them. */
typedef struct bp_filters {
    size_t count;
    bp_filter filters[BP_MAX_FILTERS];
    bool cut; /* a filter has more words than fit: its words here are not all */
} bp_filters;

/* Room that is kept from one chunk to the next; one per thread, {0} at first. */
typedef struct bp_scratch {
    uint8_t *data[2];
    size_t capacity[2];
} bp_scratch;
void bp_scratch_fini(bp_scratch *scratch);

/* Can bp_filters_decode undo this pipeline in this build? */
bool bp_filters_known(const bp_filters *pipeline);
/* May values have been changed when they were stored? Filters that nobody knows count as lossless. floats:
 * the values are floating point numbers. */
bool bp_filters_lossy(const bp_filters *pipeline, bool floats);
/* "shuffle+deflate:level=4+fletcher32", "none" when there are no filters. Cut to size bytes including the
 * final 0; returns the length of the whole text. */
size_t bp_filters_print(const bp_filters *pipeline, char *text, size_t size);
/* What a filter id is called; NULL when it is not in the registry of 2026. */
const char *bp_filter_name(uint32_t id);

/* Is the mode that the words of filter 32013 state another than reversible? */
bool bp_zfp_words_lossy(const bp_filter *filter);
/* The zfp codec with the mode that the words of filter 32013 state. False when this build has no zfp, or the
 * words state none of the four plain modes. */
bool bp_zfp_spec_of(const bp_filter *filter, const bp_array *chunk, bp_codec_spec *spec);

/* Decodes a stored chunk of exactly size bytes into exactly the bytes of chunk (dtype, shape and data: where
 * they go). Filters whose bit is set in mask were left out when the chunk was written. BP_E_DAMAGED with the
 * filter that says so; BP_E_UNSUPPORTED for a pipeline that is not known. */
BP_MUST_CHECK bp_status bp_filters_decode(bp_context *ctx, const bp_filters *pipeline, uint32_t mask,
                                          const uint8_t *in, size_t size, const bp_array *chunk,
                                          bp_scratch *scratch);

/* Are chunks of this shape behind this pipeline ours alone, three axes of frames each longer than 1? Then
 * single frames of one can be had. */
bool bp_filters_has_frames(const bp_filters *pipeline, const bp_array *chunk);
/* Decodes only frames first ... first + count - 1 (places on the first axis) of such a chunk into room. */
BP_MUST_CHECK bp_status bp_filters_decode_frames(bp_context *ctx, const bp_filters *pipeline,
                                                 const uint8_t *in, size_t size, const bp_array *chunk,
                                                 size_t first, size_t count, uint8_t *room);

#endif
