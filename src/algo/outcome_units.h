/* SPDX-License-Identifier: BSD-3-Clause
 * Outcomes whose sigma is the jackknife over their independent units. */
#ifndef BP_ALGO_OUTCOME_UNITS_H
#define BP_ALGO_OUTCOME_UNITS_H

#include "beampress/science.h"

/* Adds a copy whose sigmas are made from `without`; they are not known when there are fewer than two units.
 */
BP_MUST_CHECK bp_status bp_outcomes_from_units(bp_context *ctx, bp_outcomes *outcomes,
                                               const bp_outcome *outcome);

#endif
