/* SPDX-License-Identifier: BSD-3-Clause
 * Operations before the codec in our chunks: values -> values that code smaller, undone on reading, so that
 * any HDF5 program gets plain values through the plug-in. An operation is one static const descriptor in a
 * file of its own below src/operation, listed once in src/registry/operations.def. What it restores is the
 * same on every machine: integers, tables, + - x / and sqrt in a fixed order. Bytes and how to add one:
 * docs/format.md. */
#ifndef BEAMPRESS_OPERATION_H
#define BEAMPRESS_OPERATION_H

#include <stdint.h>

#include "array.h"
#include "context.h"
#include "param.h"

#ifdef __cplusplus
extern "C" {
#endif

#define BP_OPERATION_FIRST 16384 /* numbers below are codecs */
#define BP_MAX_OPERATIONS  4     /* in one chunk */

/* Values on their way to the codec. */
typedef struct bp_operation_in {
    bp_array values;      /* C-contiguous, machine byte order */
    const uint8_t *marks; /* a byte for each value, or NULL: all 0. What not 0 means says the operation */
    bp_dtype as;          /* type that a reader gets, of the same shape; often that of values */
    uint64_t place;       /* number of the first value in the data set */
    const void *prepared; /* of the spec; NULL: none */
} bp_operation_in;

/* What the codec gets. Memory is the operation's, of bp_scratch_take: bp_operation_out_fini. */
typedef struct bp_operation_out {
    bp_array coded;   /* C-contiguous; at most as many elements as there are values */
    uint8_t *marks;   /* for the operation that follows; may be NULL */
    uint8_t *side;    /* whatever else is needed to restore */
    size_t side_size; /* bytes */
} bp_operation_out;

typedef struct bp_operation {
    const char *name;
    const char *summary; /* one line */
    uint16_t number;     /* on disk: never reused, never changes its meaning */
    uint16_t version;    /* of what is written; all earlier ones are read */
    uint32_t dtypes;     /* bit (1u << bp_dtype) for each type that can be restored */
    const bp_param *params;
    size_t param_count;

    /* Refuses parameters and types that do not fit. Of `in` the data and marks are not read. */
    bp_status (*check)(bp_context *ctx, const double *params, const bp_operation_in *in);
    /* Values to what the codec gets. Sees to it that every promise of the parameters is kept. *out is zero on
     * entry; bp_operation_out_fini follows in every case. */
    bp_status (*apply)(bp_context *ctx, const double *params, const bp_operation_in *in,
                       bp_operation_out *out);
    /* Reading: type and shape that the codec got, from the side bytes and the values' type and shape (their
     * data is not read). Any bytes may come: BP_E_DAMAGED, never a crash. */
    bp_status (*coded)(bp_context *ctx, const double *params, const uint8_t *side, size_t side_size,
                       const bp_array *values, bp_array *coded);
    /* Fills values, C-contiguous. */
    bp_status (*restore)(bp_context *ctx, const double *params, const uint8_t *side, size_t side_size,
                         const bp_array *coded, const bp_array *values);
} bp_operation;

/* An operation with all its parameters fixed. */
typedef struct bp_operation_spec {
    const bp_operation *operation;
    double params[BP_MAX_PARAMS];
    /* What the stage that made the spec has ready for apply, read only, for as long as the spec is used: it
     * saves time or says more than parameters can. NULL: apply works from the parameters. Never on disk. */
    const void *prepared;
} bp_operation_spec;

/* What is done to values before the codec, in this order. */
typedef struct bp_chain {
    size_t count;
    bp_operation_spec operations[BP_MAX_OPERATIONS];
} bp_chain;

/* Walks the operations; NULL past the end. */
BP_API const bp_operation *bp_operation_at(size_t index);
/* NULL when there is none. */
BP_API const bp_operation *bp_operation_by_name(const char *name);
BP_API const bp_operation *bp_operation_by_number(uint16_t number);

/* Can this be done to such values? BP_E_USAGE or BP_E_UNSUPPORTED with the reason. */
BP_API BP_MUST_CHECK bp_status bp_operation_check(bp_context *ctx, const bp_operation_spec *spec,
                                                  const bp_operation_in *in);
/* Checks, then applies. *out is set up in every case: bp_operation_out_fini. */
BP_API BP_MUST_CHECK bp_status bp_operation_apply(bp_context *ctx, const bp_operation_spec *spec,
                                                  const bp_operation_in *in, bp_operation_out *out);
BP_API void bp_operation_out_fini(bp_context *ctx, bp_operation_out *out);
/* What a reader will get: values has the type and shape of the restored ones, C-contiguous. For stages that
 * stand before others, or before registered filters. */
BP_API BP_MUST_CHECK bp_status bp_operation_round_trip(bp_context *ctx, const bp_operation_spec *spec,
                                                       const bp_operation_in *in, const bp_array *values);

#ifdef __cplusplus
}
#endif
#endif
