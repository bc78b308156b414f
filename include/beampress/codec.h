/* SPDX-License-Identifier: BSD-3-Clause
 * Codecs: array -> bytes -> array. A codec is one static const descriptor in a file of its own below
 * src/codec, listed once in src/registry/codecs.def. */
#ifndef BEAMPRESS_CODEC_H
#define BEAMPRESS_CODEC_H

#include <stdint.h>

#include "array.h"
#include "context.h"
#include "param.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum bp_level { BP_LEVEL_FAST = 0, BP_LEVEL_BALANCED = 1, BP_LEVEL_MAX = 2 } bp_level;

#define BP_LEVEL_COUNT      3
#define BP_FILTER_MAX_WORDS 128

/* One filter of an HDF5 pipeline: its registered id and its cd_values. */
typedef struct bp_filter {
    uint32_t id;
    size_t word_count;
    uint32_t words[BP_FILTER_MAX_WORDS];
} bp_filter;

typedef struct bp_codec {
    const char *name;
    const char *summary; /* one line */
    uint16_t number;     /* on disk: never reused, never changes its meaning */
    uint16_t version;    /* of the payload written; decode reads this and all earlier ones */
    uint32_t dtypes;     /* bit (1u << bp_dtype) for each type that it takes */
    size_t max_rank;     /* axes longer than 1 that it takes, after folding; BP_MAX_RANK for any */
    const bp_param *params;
    size_t param_count;
    const char *levels[BP_LEVEL_COUNT]; /* parameter text per bp_level; all NULL when it has but one level */
    /* Writes name and version of the library behind it, as it runs, like snprintf; NULL for code of our own,
     * whose bytes never change. */
    size_t (*library)(char *text, size_t size);

    /* Are the decoded values bit by bit those that went in? */
    bool (*lossless)(const double *params);
    /* The largest absolute error that a lossy mode promises, in units of the values; INFINITY when it
     * promises none. NULL when every mode is lossless. */
    double (*error_bound)(const double *params);
    /* Refuses combinations that the rows cannot express. NULL when there are none. */
    bp_status (*check)(bp_context *ctx, const double *params, const bp_array *in);
    /* Worst-case size in bytes of encode's output; 0 when it does not fit size_t. */
    size_t (*worst_size)(const double *params, const bp_array *in);

    /* Encodes a C-contiguous array. *size is set on BP_OK only; out never overlaps in. */
    bp_status (*encode)(bp_context *ctx, const double *params, const bp_array *in, uint8_t *out,
                        size_t capacity, size_t *size);
    /* Decodes exactly size bytes into a C-contiguous array of the dtype and shape that went in.
     * Damaged input is BP_E_DAMAGED, never a crash or a write outside out. */
    bp_status (*decode)(bp_context *ctx, const double *params, const uint8_t *in, size_t size,
                        const bp_array *out);

    /* Decodes count frames of `whole` from first on, without the others where that can be (its data is not
     * used). Frames: axes of length 1 are dropped, the last two that are left span a frame. NULL when all
     * must be decoded anyway. */
    bp_status (*decode_frames)(bp_context *ctx, const double *params, const uint8_t *in, size_t size,
                               const bp_array *whole, size_t first, size_t count, void *values);

    /* The registered HDF5 filters whose chunk is byte for byte this codec's payload, in the order in which a
     * writer applies them: fills filters[], sets *count (at most 2). BP_E_UNSUPPORTED when these parameters
     * or this chunk have no registered form. NULL when none has. */
    bp_status (*standard)(bp_context *ctx, const double *params, const bp_array *chunk, bp_filter *filters,
                          size_t *count);
} bp_codec;

/* A codec with all its parameters fixed: a working point. */
typedef struct bp_codec_spec {
    const bp_codec *codec;
    double params[BP_MAX_PARAMS];
} bp_codec_spec;

/* Walks the codecs of this build in the order of their numbers; NULL past the end. */
BP_API const bp_codec *bp_codec_at(size_t index);
/* NULL when this build has no such codec. */
BP_API const bp_codec *bp_codec_by_name(const char *name);
BP_API const bp_codec *bp_codec_by_number(uint16_t number);
/* The name that a number is reserved for, also when this build leaves the codec out; NULL when it is free. */
BP_API const char *bp_codec_reserved_name(uint16_t number);

/* Reads "name" or "name:key=value,..."; level (or -1) is applied before the text. BP_E_USAGE names the word
 * that is wrong, BP_E_UNSUPPORTED a codec that this build leaves out. */
BP_API BP_MUST_CHECK bp_status bp_codec_spec_parse(bp_context *ctx, const char *text, int level,
                                                   bp_codec_spec *spec);
/* Canonical text of a spec: "name:key=value,...". Returns its whole length. */
BP_API size_t bp_codec_spec_print(const bp_codec_spec *spec, char *text, size_t size);
BP_API bool bp_codec_spec_lossless(const bp_codec_spec *spec);

/* Can this spec encode arrays of in's dtype and shape? BP_E_UNSUPPORTED or BP_E_USAGE with the reason.
 * in->data is not read. */
BP_API BP_MUST_CHECK bp_status bp_codec_check(bp_context *ctx, const bp_codec_spec *spec, const bp_array *in);
/* Worst-case size of bp_codec_encode's output, 0 when it does not fit size_t. */
BP_API size_t bp_codec_worst_size(const bp_codec_spec *spec, const bp_array *in);

/* Encodes a C-contiguous array. capacity is at least bp_codec_worst_size, so that the bytes never depend on
 * it (BP_E_USAGE otherwise). A mode that promises a bound is decoded again and checked against it: BP_E_BOUND
 * when it was not met (non-finite values must come back as they were). */
BP_API BP_MUST_CHECK bp_status bp_codec_encode(bp_context *ctx, const bp_codec_spec *spec, const bp_array *in,
                                               uint8_t *out, size_t capacity, size_t *size);
/* Decodes exactly size bytes into a C-contiguous array of the dtype and shape that went in. */
BP_API BP_MUST_CHECK bp_status bp_codec_decode(bp_context *ctx, const bp_codec_spec *spec, const uint8_t *in,
                                               size_t size, const bp_array *out);

#ifdef __cplusplus
}
#endif
#endif
