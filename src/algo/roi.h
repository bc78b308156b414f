/* SPDX-License-Identifier: BSD-3-Clause
 * Regions of interest: boxes around Bragg peaks as they are, everything else binned and quantised (the scheme
 * of R. Underwood et al., ROIBIN-SZ, Synchrotron Radiation News 36 (2023) 4; boxes that overlap are stored
 * once here). Bytes: docs/format.md, operation 16385. */
#ifndef BP_ALGO_ROI_H
#define BP_ALGO_ROI_H

#include "algo/peakfinder8.h"
#include "algo/quantiser.h"
#include "beampress/operation.h"

/* Parameters of operation 16385, in their order on disk. Those behind P_NOISE are for who writes. */
enum {
    BP_ROI_P_BIN,
    BP_ROI_P_HALF,
    BP_ROI_P_LAW,
    BP_ROI_P_STEP,
    BP_ROI_P_OFFSET,
    BP_ROI_P_GAIN,
    BP_ROI_P_NOISE,
    BP_ROI_P_THRESHOLD,
    BP_ROI_P_MIN_SNR,
    BP_ROI_P_MIN_PIXELS,
    BP_ROI_P_MAX_PIXELS,
    BP_ROI_P_BACKGROUND_RADIUS,
    BP_ROI_P_MIN_RADIUS,
    BP_ROI_P_MAX_RADIUS,
    BP_ROI_P_CENTRE_X,
    BP_ROI_P_CENTRE_Y,
    BP_ROI_P_COUNT
};

/* What a stage has ready for the operation. */
typedef struct bp_roi_prepared {
    const bp_peakfinder8 *finder; /* of frames of this shape */
    size_t rows, columns;
    /* Peaks that the file has: `room` for each frame, counts[frame] of them. NULL: they are searched for. */
    const double *x, *y, *counts;
    size_t room;
    uint64_t frames;
} bp_roi_prepared;

void bp_roi_law(const double *params, bp_quantiser *quantiser);
bp_peakfinder8 *bp_roi_finder(const double *params, size_t rows, size_t columns, const uint8_t *excluded);

/* in->marks: not 0 where a pixel is no measurement; it is kept exactly, and so is what is not finite. */
BP_MUST_CHECK bp_status bp_roi_apply(bp_context *ctx, const double *params, const bp_operation_in *in,
                                     bp_operation_out *out);
BP_MUST_CHECK bp_status bp_roi_coded(bp_context *ctx, const double *params, const uint8_t *side,
                                     size_t side_size, const bp_array *values, bp_array *coded);
BP_MUST_CHECK bp_status bp_roi_restore(bp_context *ctx, const double *params, const uint8_t *side,
                                       size_t side_size, const bp_array *coded, const bp_array *values);

/* Marks what a search found above the background, be it a peak or a hot pixel. */
void bp_roi_mark_above(const bp_peakfinder8 *finder, size_t pixels, uint8_t *marks);
/* Marks the boxes in exact. */
void bp_roi_mark_boxes(const bp_peaks *peaks, size_t half, size_t rows, size_t columns, uint8_t *exact);

/* Means of bins over the pixels that exact leaves, and how the others are filled: docs/format.md. */
void bp_roi_bin(const double *frame, const uint8_t *exact, size_t rows, size_t columns, size_t bin,
                double *bins);

#endif
