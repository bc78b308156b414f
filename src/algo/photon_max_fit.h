/* SPDX-License-Identifier: BSD-3-Clause
 * The encoder's choice of weights for the prediction. */
#ifndef BP_ALGO_PHOTON_MAX_FIT_H
#define BP_ALGO_PHOTON_MAX_FIT_H

#include "algo/photon_max_model.h"

/* The weights of a frame that has none of its own. */
void bp_max_default_weights(const bp_max_plane *p, bp_max_weights *weights);
/* Weighted least squares over the frame values (height x width, labels 0 or NULL). False: keep the default.
 */
bool bp_max_fit(bp_max_plane *p, const uint32_t *values, const uint8_t *labels, bp_max_weights *weights);

#endif
