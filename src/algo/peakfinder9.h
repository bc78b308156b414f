/* SPDX-License-Identifier: BSD-3-Clause
 * peakfinder9: local maxima that stand out from the border of a small window around them; the peak grows
 * around them ring by ring (Y. Gevorkov's finder of Cheetah; written from its description). */
#ifndef BP_ALGO_PEAKFINDER9_H
#define BP_ALGO_PEAKFINDER9_H

#include "algo/peaks.h"

typedef struct bp_peakfinder9_params {
    double biggest, pixel, whole; /* sigmas: of the largest pixel, of every pixel, of their sum */
    double min_sigma;             /* of the background */
    unsigned radius;              /* pixels: of the window */
} bp_peakfinder9_params;

/* Peaks row by row; their total is above the background's mean. Windows with values that are not finite are
 * passed over. False when memory is short. */
bool bp_peakfinder9_find(const bp_peakfinder9_params *params, const double *frame, size_t rows,
                         size_t columns, bp_peaks *peaks);

#endif
