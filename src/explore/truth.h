/* SPDX-License-Identifier: BSD-3-Clause
 * What simulated files know of the answers. Compression that takes noise away may come closer to the truth.
 */
#ifndef BP_EXPLORE_TRUTH_H
#define BP_EXPLORE_TRUTH_H

#include "explore/judge.h"

/* Finds the truth of an outcome beside the frames: count values, owned by the caller; NULL: it is not known.
 */
BP_MUST_CHECK bp_status bp_truth_find(bp_context *ctx, const bp_science_stack *stack,
                                      const bp_outcome *outcome, double **truth);
/* Root mean square over bins of (value - truth) / sigma; sigmas are those of the reference. NAN: not defined.
 */
double bp_truth_distance(const double *truth, const bp_outcome *reference, const double *values);

#endif
