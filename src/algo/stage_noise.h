/* SPDX-License-Identifier: BSD-3-Clause
 * The noise law that a stage works with, and the frames it looks at to find it. */
#ifndef BP_ALGO_STAGE_NOISE_H
#define BP_ALGO_STAGE_NOISE_H

#include <stdbool.h>

#include "algo/anscombe.h"
#include "algo/quantise_plan.h"
#include "beampress/stage.h"

/* Parameters of a stage that state the law. */
typedef struct bp_noise_params {
    int gain, read_noise, offset;
} bp_noise_params;

/* Does the text, or what is known of the frames, say the gain? Then *law is complete: what else is not said
 * is 0. */
bool bp_stage_law_known(const bp_stage_run *run, bp_noise_params params, bp_anscombe *law);

/* That law, or one estimated by photon transfer from sample frames. Says in the resolved
 * parameters what was taken and from where. BP_E_USAGE when nothing can be estimated. */
BP_MUST_CHECK bp_status bp_stage_law(bp_context *ctx, bp_stage_run *run, const bp_frames_in *in,
                                     bp_noise_params params, bp_anscombe *law);

/* The n-th of `of` projections, spread evenly over the input; false when there are none. */
bool bp_stage_sample(const bp_frames_in *in, uint64_t n, uint64_t of, uint64_t *frame);

/* BP_E_INPUT when a projection of a sample has a value below `least` that is no label: no fluctuation of a
 * count about `offset`. Blames `param`; hint: what else may be said. */
BP_MUST_CHECK bp_status bp_stage_refuse_negative(bp_context *ctx, bp_stage_run *run, const bp_frames_in *in,
                                                 double offset, double least, int param, const char *hint);

/* Up to 8 pairs of consecutive projections from all over the input, for the estimate of the noise; a few
 * single ones when no noise is wanted. The caller frees *sample, also after a failure. */
BP_MUST_CHECK bp_status bp_stage_sample_frames(bp_context *ctx, const bp_stage_run *run,
                                               const bp_frames_in *in, bool noise,
                                               bp_quantise_sample **sample);

#endif
