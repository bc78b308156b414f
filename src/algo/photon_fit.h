/* SPDX-License-Identifier: BSD-3-Clause
 * The choice of a frame's model from a sample of its pixels. */
#ifndef BP_ALGO_PHOTON_FIT_H
#define BP_ALGO_PHOTON_FIT_H

#include "algo/photon_tables.h"

/* Kind, weights and pace of the model that is likely to cost least; sparse: less than half a bit a pixel.
 * False when memory was short. */
bool bp_photon_model_choose(bp_context *ctx, const bp_photon_plane *plane, bp_photon_model *model,
                            bool *sparse);

/* Weights of sum 16, -15 to 15, that make the square form of moments small, found from those given. A moment
 * is the sum over pixels of the product of two neighbours' distances from the pixel. */
void bp_photon_weights_fit(int64_t moments[BP_PHOTON_WEIGHTS][BP_PHOTON_WEIGHTS], size_t count,
                           int8_t *weight);

#endif
