/* SPDX-License-Identifier: BSD-3-Clause
 * Metrics of a working point, those that people know. */
#ifndef BP_EXPLORE_POINT_METRICS_H
#define BP_EXPLORE_POINT_METRICS_H

#include "explore/point.h"

/* NAN where frames have another shape. SSIM is that of at most 8 frames, spread over all. */
BP_MUST_CHECK bp_status bp_point_metrics(bp_context *ctx, const bp_science_stack *reference,
                                         const bp_science_stack *test, bp_metrics *metrics);

#endif
