/* SPDX-License-Identifier: BSD-3-Clause
 * Sums and means over blocks of pixels and over frames that leave labels out. */
#ifndef BP_ALGO_STAGE_BIN_H
#define BP_ALGO_STAGE_BIN_H

#include "beampress/stage.h"

/* The smallest type that holds sums of count values; BP_OPAQUE: none. Floats keep their type. */
bp_dtype bp_stage_sum_type(bp_dtype dtype, size_t count);

typedef struct bp_binning {
    size_t rows, columns; /* of a block */
    bool mean;
    double least; /* share of a block that must be measured */
} bp_binning;

/* out: dtype of bp_stage_sum_type, or BP_F32 for means of integers; blocks that stick out are left out. */
BP_MUST_CHECK bp_status bp_stage_bin_frame(bp_context *ctx, const bp_binning *bin, const bp_frame *in,
                                           bp_frame *out);
/* count frames become one; labels as above. */
BP_MUST_CHECK bp_status bp_stage_sum_frames(bp_context *ctx, bool mean, double least, const bp_frame *in,
                                            size_t count, bp_frame *out);

#endif
