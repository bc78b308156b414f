/* SPDX-License-Identifier: BSD-3-Clause
 * Parameters of operations, one row each. The parser of `name:key=value,...`, --help, the manual, the words
 * in HDF5 files and the fuzz dictionaries are all made from these rows. Values are doubles: integers up to
 * 2^53, a choice is the index of its word, a switch is 0 or 1. */
#ifndef BEAMPRESS_PARAM_H
#define BEAMPRESS_PARAM_H

#include <stdbool.h>
#include <stddef.h>

#include "context.h"

#ifdef __cplusplus
extern "C" {
#endif

#define BP_MAX_PARAMS 24

typedef enum bp_param_kind {
    BP_PARAM_INTEGER,
    BP_PARAM_REAL,
    BP_PARAM_CHOICE,
    BP_PARAM_SWITCH,
    /* of pipeline stages only (stage.h) */
    BP_PARAM_TEXT,      /* a path or a list: one word, or in double quotes */
    BP_PARAM_COMPARISON /* name=N, name>=N, name<=N, name>N, name<N */
} bp_param_kind;

typedef struct bp_param {
    const char *name;
    const char *unit; /* "" when the parameter is a plain number */
    bp_param_kind kind;
    double min, max;            /* inclusive */
    double fallback;            /* the default */
    const char *const *choices; /* BP_PARAM_CHOICE: words; BP_PARAM_REAL of a stage: the units that may stand
                                   behind the number, the first is meant without one; NULL-terminated */
    const char *help;
} bp_param;

/* Fills values[count] with the defaults. */
BP_API void bp_param_defaults(const bp_param *rows, size_t count, double *values);

/* Reads "key=value,key=value" over what values holds ("" is fine; a bare key sets a switch).
 * BP_E_USAGE names the unknown key, the word that is no number, or the range that was left. */
BP_API BP_MUST_CHECK bp_status bp_param_parse(bp_context *ctx, const char *owner, const bp_param *rows,
                                              size_t count, const char *text, double *values);

/* BP_E_USAGE when a value is outside its row's range, not whole where it must be, or not finite. */
BP_API BP_MUST_CHECK bp_status bp_param_check(bp_context *ctx, const char *owner, const bp_param *rows,
                                              size_t count, const double *values);

/* Writes the canonical text: every key in the order of the rows, numbers with as many digits as they need.
 * Cut to size bytes including the final 0; returns the length of the whole text. */
BP_API size_t bp_param_print(const bp_param *rows, size_t count, const double *values, char *text,
                             size_t size);

#ifdef __cplusplus
}
#endif
#endif
