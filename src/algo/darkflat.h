/* SPDX-License-Identifier: BSD-3-Clause
 * Transmission of projections, as tomopy's prep/normalize.py has it. The same bits on every machine. */
#ifndef BP_ALGO_DARKFLAT_H
#define BP_ALGO_DARKFLAT_H

#include <stddef.h>

typedef struct bp_darkflat {
    double cut;    /* transmissions above become this; NAN: none do */
    size_t air;    /* columns at each end of a row that see no sample: a straight line through their means
                      becomes    1; 0: no */
    int logarithm; /* -ln of it, from half of the least transmission that is counted on: `least` */
    double least;
} bp_darkflat;

/* range[i] = max(flat - dark, minimum) */
void bp_darkflat_range(const double *flat, const double *dark, size_t count, double minimum, double *range);
/* A line through the means of `air` columns at both ends becomes 1; where these are not above 0, 1 is taken.
 */
void bp_divide_by_air(double *row, size_t columns, size_t air);
/* values[rows][columns] in place: (values - dark) / range and what options say. Returns the values that were
 * raised to `least`. */
size_t bp_darkflat_run(const bp_darkflat *options, const double *dark, const double *range, size_t rows,
                       size_t columns, double *values);

#endif
