/* SPDX-License-Identifier: BSD-3-Clause
 * Filtered back-projection by the transpose of a projector, as the ASTRA toolbox has it. */
#ifndef BP_ALGO_FBP_ADJOINT_H
#define BP_ALGO_FBP_ADJOINT_H

#include "algo/fbp.h"
#include "algo/sirt.h"

/* Columns, angles and filter are those of fbp; rays are fbp's angles x columns. slice: the projector's
 * pixels. */
BP_MUST_CHECK bp_status bp_fbp_adjoint(bp_context *ctx, const bp_fbp *fbp, const bp_projector *projector,
                                       const double *sinogram, double *slice);

#endif
