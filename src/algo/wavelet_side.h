/* SPDX-License-Identifier: BSD-3-Clause
 * What stands beside the codes of coefficients. */
#ifndef BP_ALGO_WAVELET_SIDE_H
#define BP_ALGO_WAVELET_SIDE_H

#include "algo/quantiser.h"
#include "beampress/array.h"
#include "beampress/context.h"

#define BP_WAVELET_HEAD   16
#define BP_WAVELET_SHIFTS 65536.0 /* their unit is 1 / this */
#define BP_WAVELET_LOSSES 262144.0

typedef struct bp_wavelet_side {
    unsigned levels;
    uint16_t loss;     /* mean square error of a coefficient, in steps; unit 1 / BP_WAVELET_LOSSES */
    int16_t shifts[2]; /* of |number| 1, and of larger ones: where their coefficients lie on average */
    int32_t middle;    /* t that was taken off */
    size_t quantised;  /* bytes of the quantiser's side */
    const uint8_t *at; /* behind the head: the quantiser's, then runs of values that are kept */
    size_t runs;       /* bytes */
} bp_wavelet_side;

void bp_wavelet_side_write(const bp_wavelet_side *side, uint8_t *out);
BP_MUST_CHECK bp_status bp_wavelet_side_read(bp_context *ctx, const uint8_t *in, size_t size,
                                             const bp_array *values, bp_wavelet_side *side);

/* The last two axes span a frame. False for less than two. */
bool bp_wavelet_frames_of(const bp_array *values, size_t *frames, size_t *rows, size_t *columns);
void bp_wavelet_law(const double *params, bp_quantiser *quantiser);
/* The law of the numbers of coefficients. */
void bp_wavelet_whole(bp_quantiser *quantiser);

#endif
