/* SPDX-License-Identifier: BSD-3-Clause
 * Numbers by which frames are kept or dropped. */
#ifndef BP_ALGO_VETO_SCORE_H
#define BP_ALGO_VETO_SCORE_H

#include "algo/peakfinder8.h"
#include "beampress/stage.h"

typedef enum bp_veto_score { BP_VETO_PEAKS, BP_VETO_LIT, BP_VETO_TOTAL, BP_VETO_ROI } bp_veto_score;

/* Labels count nowhere. above: when a pixel is lit; box: x, y, width, height. */
double bp_veto_score_of(bp_veto_score score, const bp_frame *frame, double above, const size_t *box);

/* How many peaks a frame has. finder: of such frames; any number of threads may use it. False when memory is
 * short. */
bool bp_veto_peaks(const bp_peakfinder8 *finder, const bp_frame *frame, double *count);

#endif
