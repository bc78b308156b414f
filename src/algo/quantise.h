/* SPDX-License-Identifier: BSD-3-Clause
 * Arrays to small whole numbers and back, by a law of algo/quantiser.h. The bytes beside the codes:
 * docs/format.md, operation 16384. */
#ifndef BP_ALGO_QUANTISE_H
#define BP_ALGO_QUANTISE_H

#include "algo/quantiser.h"
#include "beampress/operation.h"

/* The largest codes: three values that are kept as they are, and one for all others of that kind. The first
 * three are those that photon takes for labels. */
#define BP_QUANTISE_LABELS 3
#define BP_QUANTISE_ABOVE  4 /* codes from the top that are no numbers */
#define BP_QUANTISE_SIDE   32

/* bound: the largest error that is allowed, in units of the values; INFINITY: that of the law. Values that
 * would miss it, that are not finite, or that are marked, are kept exactly. */
BP_MUST_CHECK bp_status bp_quantise_apply(bp_context *ctx, const bp_quantiser *quantiser, double bound,
                                          uint64_t seed, const bp_operation_in *in, bp_operation_out *out);
BP_MUST_CHECK bp_status bp_quantise_coded(bp_context *ctx, const uint8_t *side, size_t side_size,
                                          const bp_array *values, bp_array *coded);
BP_MUST_CHECK bp_status bp_quantise_restore(bp_context *ctx, const bp_quantiser *quantiser,
                                            const uint8_t *side, size_t side_size, const bp_array *coded,
                                            const bp_array *values);

#endif
