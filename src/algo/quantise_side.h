/* SPDX-License-Identifier: BSD-3-Clause
 * What stands beside the codes of one tile, and values of any type from doubles. */
#ifndef BP_ALGO_QUANTISE_SIDE_H
#define BP_ALGO_QUANTISE_SIDE_H

#include "algo/quantise.h"

typedef struct bp_quantise_side {
    size_t code_size;     /* bytes of a code: 1, 2, 4 */
    int32_t base;         /* number of code 0 */
    uint32_t span;        /* the largest code that is a number */
    uint64_t key;         /* of the dither's stream */
    size_t labels, exact; /* values that are kept: as labels, one by one */
    const uint8_t *raw;   /* their bytes, little endian: labels, then the others in order */
} bp_quantise_side;

/* The code of the first label of this size; the next ones are below it, those of single values below all. */
static inline uint32_t bp_quantise_top(size_t code_size)
{
    return code_size == 4 ? UINT32_MAX : (1u << 8 * code_size) - 1u;
}

void bp_quantise_side_write(const bp_quantise_side *side, uint8_t *out);
BP_MUST_CHECK bp_status bp_quantise_side_read(bp_context *ctx, const uint8_t *in, size_t size,
                                              size_t itemsize, bp_quantise_side *side);

/* Rounded to even and cut to the range where the type is one of integers. */
void bp_quantise_store(bp_dtype dtype, const double *values, size_t count, void *out);

#endif
