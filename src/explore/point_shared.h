/* SPDX-License-Identifier: BSD-3-Clause
 * Frames behind the first stages of a pipeline, made once for all pipelines that begin alike. */
#ifndef BP_EXPLORE_POINT_SHARED_H
#define BP_EXPLORE_POINT_SHARED_H

#include "explore/point.h"

/* Behind stages 0 ... count - 1; 0: the part itself. Another thread that makes the same is waited for. What
 * is got is given back; it stays as long as there is room. NULL on failure. */
BP_MUST_CHECK bp_status bp_shared_stack_get(bp_context *ctx, bp_trial *trial, const bp_pipeline *pipeline,
                                            size_t count, const bp_memory_stack **stack);
void bp_shared_stack_give(bp_trial *trial, const bp_memory_stack *stack);

#endif
