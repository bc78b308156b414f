/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BP_ALGO_COMMON_MODE_H
#define BP_ALGO_COMMON_MODE_H

#include <stddef.h>
#include <stdint.h>

/* Pixels that share an offset: blocks of rows x columns of the frame. */
typedef struct bp_common_mode {
    size_t rows, columns;
    size_t
        rounds; /* medians after the first, each over the pixels near the one before; 0: the plain median */
    double
        noise; /* standard deviation without photons; NAN: 1.4826 times the median distance from the median */
    double sigmas; /* how near */
} bp_common_mode;

/* Takes the common offset of each block from its pixels, in place; labels (NULL: none) count nothing and
 * stay. scratch: 2 * rows * columns of a block. Returns the mean of the offsets' sizes. */
double bp_common_mode_remove(const bp_common_mode *options, size_t rows, size_t columns,
                             const uint8_t *labels, double *values, double *scratch);

/* The median of values[count], count > 0, which are put in another order; of an even number, the mean of the
 * two in the middle. */
double bp_median_of(double *values, size_t count);

#endif
