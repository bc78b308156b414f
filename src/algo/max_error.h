/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BP_ALGO_MAX_ERROR_H
#define BP_ALGO_MAX_ERROR_H

#include "beampress/array.h"

/* The largest |reference - test| of two C-contiguous arrays of the same dtype (not BP_OPAQUE) and size, in
 * units of the values. A non-finite value that did not come back as the same kind of value (NaN, +Inf, -Inf)
 * counts as INFINITY. Integer differences are exact up to the final conversion to double, which rounds up. */
double bp_max_error(const bp_array *reference, const bp_array *test);

#endif
