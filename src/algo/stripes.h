/* SPDX-License-Identifier: BSD-3-Clause
 * Stripes of a sinogram, which become rings in the slice, and their removal: the algorithms of N. T. Vo,
 * R. C. Atwood, M. Drakopoulos, Opt. Express 26 (2018) 28396, and the Fourier filter of C. Raven, Rev. Sci.
 * Instrum. 69 (1998) 2978. Checked against algotom's prep/removal.py. Whatever is computed has the same bits
 * on every machine. */
#ifndef BP_ALGO_STRIPES_H
#define BP_ALGO_STRIPES_H

#include <stdbool.h>
#include <stddef.h>

typedef enum bp_stripe_method {
    BP_STRIPES_SORTING,   /* columns sorted over angle, median across columns, order restored */
    BP_STRIPES_FILTERING, /* the same on the smooth part (over angle) only */
    BP_STRIPES_FITTING,   /* ratio of each column's parabola to the smoothed parabolas */
    BP_STRIPES_LARGE,     /* columns whose sorted mean leaves the line of the others are replaced */
    BP_STRIPES_DEAD,      /* columns without or with too much change are interpolated; then large ones */
    BP_STRIPES_ALL,       /* dead, large, sorting */
    BP_STRIPES_FOURIER,   /* low pass over the detector of the lowest angular frequencies */
    BP_STRIPE_METHODS
} bp_stripe_method;

typedef struct bp_stripes {
    bp_stripe_method method;
    size_t size; /* window of the median over columns: sorting, filtering, last step of all. Default 21 */
    size_t large_size; /* the same where large and dead stripes are found. 51 */
    double snr;        /* a stripe leaves the line of the others by snr times its height. 3 */
    double drop;       /* part of the lowest and highest rows together that detection leaves out. 0.1 */
    double sigma;      /* filtering: of the Gaussian window over angular frequencies, in their steps. 3;
                          fitting: over frequencies of the detector. 10 */
    double cutoff;     /* Fourier: frequency over the detector, in its steps. 20 */
    int order;         /* Fourier: of the Butterworth window. 8 */
    size_t lines;      /* Fourier: angular frequencies on each side of 0. 1 */
} bp_stripes;

/* Default values for a method. */
bp_stripes bp_stripes_defaults(bp_stripe_method method);

/* Works in place on sinogram[rows][columns], rows over angle. Values that are not finite are bridged in their
 * row and stand unchanged in the result. False when memory is short. */
bool bp_stripes_remove(const bp_stripes *stripes, double *sinogram, size_t rows, size_t columns);

#endif
