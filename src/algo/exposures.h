/* SPDX-License-Identifier: BSD-3-Clause
 * Independent parts of a set of detector frames, for jackknives: exposures where there are several, else
 * tiles of pixels; and which pixels of a frame are no measurement. */
#ifndef BP_ALGO_EXPOSURES_H
#define BP_ALGO_EXPOSURES_H

#include <stdbool.h>

#include "algo/jackknife.h"
#include "beampress/array.h"

#define BP_FEW_EXPOSURES 5 /* fewer say too little of their scatter */

/* How many units there are. */
size_t bp_exposure_units(uint64_t exposures);
bool bp_units_are_exposures(uint64_t exposures);
/* The unit of an exposure. */
size_t bp_exposure_unit(uint64_t exposure, uint64_t exposures);
/* The unit of each pixel: tiles of 4x4 pixels are dealt out to the units of a single exposure. */
void bp_tiles_deal(size_t rows, size_t columns, uint8_t *units);

/* Sets skip[i] where values[i] is not finite or, with marks, the largest value of an unsigned type or -1 or
 * -2 of a signed one. Are all others whole and not negative? Those that `outside` (or NULL) excludes are not
 * asked. */
bool bp_skip_marks(bp_dtype dtype, bool marks, const double *values, size_t count, const uint8_t *outside,
                   uint8_t *skip);

#endif
