/* SPDX-License-Identifier: BSD-3-Clause
 * Frames that a stage looks at before the work begins. */
#ifndef BP_ALGO_STAGE_SAMPLE_H
#define BP_ALGO_STAGE_SAMPLE_H

#include "beampress/stage.h"

/* Takes one of them: labels has a byte per pixel, not 0 where it is a label. */
typedef bp_status (*bp_stage_see)(bp_context *ctx, void *user, uint64_t frame, const void *values,
                                  const uint8_t *labels);

/* Hands over these frames of the stage's input, which ascend, one after the other. They are made on all
 * threads, a few at a time. */
BP_MUST_CHECK bp_status bp_stage_see_frames(bp_context *ctx, const bp_stage_run *run, const bp_frames_in *in,
                                            const uint64_t *frames, size_t count, bp_stage_see see,
                                            void *user);

#endif
