/* SPDX-License-Identifier: BSD-3-Clause
 * Frames as coefficients of a wavelet, in units of the noise, and back: operation 16386 (docs/format.md).
 * Numbers of a law of algo/quantiser.h, before they are rounded, go through the 9/7 wavelet of A. Cohen, I.
 * Daubechies, J.-C. Feauveau (Comm. Pure Appl. Math. 45 (1992) 485) by lifting (I. Daubechies, W. Sweldens,
 * J. Fourier Anal. Appl. 4 (1998) 247); scaled so that white noise of 1 stays noise of 1. Coefficients are
 * then rounded, towards zero more often than away from it: what is small costs more bits than it is worth. */
#ifndef BP_ALGO_WAVELET_H
#define BP_ALGO_WAVELET_H

#include "beampress/operation.h"

#define BP_WAVELET_LEVELS 6 /* at most */

/* Parameters of operation 16386, in their order on disk: as those of quantise. */
enum {
    BP_WAVELET_P_LAW,
    BP_WAVELET_P_STEP,
    BP_WAVELET_P_OFFSET,
    BP_WAVELET_P_GAIN,
    BP_WAVELET_P_NOISE,
    BP_WAVELET_P_COUNT
};

/* Halvings of a frame that have a meaning. */
unsigned bp_wavelet_levels(size_t rows, size_t columns);
/* What is left of an axis after so many. */
size_t bp_wavelet_rest(size_t length, unsigned levels);
/* Doubles that the two below work in. */
size_t bp_wavelet_room(size_t rows, size_t columns);
/* In place: in front of each axis the smooth half, then the details. + - x in a fixed order. */
void bp_wavelet_forward(double *frame, size_t rows, size_t columns, unsigned levels, double *room);
void bp_wavelet_inverse(double *frame, size_t rows, size_t columns, unsigned levels, double *room);

BP_MUST_CHECK bp_status bp_wavelet_apply(bp_context *ctx, const double *params, const bp_operation_in *in,
                                         bp_operation_out *out);
BP_MUST_CHECK bp_status bp_wavelet_coded(bp_context *ctx, const double *params, const uint8_t *side,
                                         size_t side_size, const bp_array *values, bp_array *coded);
BP_MUST_CHECK bp_status bp_wavelet_restore(bp_context *ctx, const double *params, const uint8_t *side,
                                           size_t side_size, const bp_array *coded, const bp_array *values);

#endif
