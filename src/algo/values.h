/* SPDX-License-Identifier: BSD-3-Clause
 * Values of any dtype as doubles. */
#ifndef BP_ALGO_VALUES_H
#define BP_ALGO_VALUES_H

#include "beampress/array.h"

/* count values of type dtype (not BP_OPAQUE) at in, machine byte order; integers beyond 2^53 are rounded. */
void bp_values_to_double(bp_dtype dtype, const void *in, size_t count, double *out);
/* And back: rounded to the nearest, to even in the middle, the type's limits at its ends; of integers up to
 * 32 bits and of floats. NaN becomes 0 in an integer. */
void bp_values_from_double(bp_dtype dtype, const double *in, size_t count, void *out);

/* Values that are marks, not measurements: they take part in no mean. */
#define BP_MAX_LABELS 3
typedef struct bp_labels {
    size_t count;
    double values[BP_MAX_LABELS];
} bp_labels;

/* Puts NaN where a value is a label, or where excluded (NULL: nowhere) is not 0. */
void bp_values_blank(double *values, size_t count, const bp_labels *labels, const uint8_t *excluded);

/* Smallest and largest of count values, 1 at least; false when one is not finite, or the type is float16. */
bool bp_values_range(bp_dtype dtype, const void *in, size_t count, double *min, double *max);

#endif
