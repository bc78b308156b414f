/* SPDX-License-Identifier: BSD-3-Clause
 * float32 to whole numbers by a law of algo/quantiser.h, whose arithmetic this is, step by step. */
#ifndef BP_KERNEL_QUANTISE_H
#define BP_KERNEL_QUANTISE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BP_QUANTISE_NO_NUMBER INT32_MIN

typedef struct bp_quantise_terms {
    bool counts;
    double offset, to_t, step, bound;             /* linear; bound INFINITY: none */
    double gain, constant, least, knee, per_step; /* counts */
} bp_quantise_terms;

typedef struct bp_quantise_kernels {
    /* BP_QUANTISE_NO_NUMBER where the value is not finite, its number outside +-2^30, or the bound missed. */
    void (*numbers)(const bp_quantise_terms *law, const float *x, size_t count, int32_t *numbers);
    /* Linear: cut off at 0 and most, which is at most 255. */
    void (*codes)(const bp_quantise_terms *law, double most, const float *x, size_t count, uint8_t *codes);
} bp_quantise_kernels;

#endif
