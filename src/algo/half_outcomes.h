/* SPDX-License-Identifier: BSD-3-Clause
 * What a technique says of two half data sets. */
#ifndef BP_ALGO_HALF_OUTCOMES_H
#define BP_ALGO_HALF_OUTCOMES_H

#include "algo/half_sets.h"
#include "beampress/science.h"

/* Adds the first `figures` of the figures: sigma of repeats (bp_half_repeat), and values without each unit.
 * shells 0: numbers, of everything; else curves over the shells. uncertainty: how sigma is called. */
BP_MUST_CHECK bp_status bp_half_outcomes(bp_context *ctx, const bp_half_data *data, size_t figures,
                                         size_t units, size_t shells, const char *uncertainty,
                                         bp_outcomes *outcomes);

#endif
