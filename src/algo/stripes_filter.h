/* SPDX-License-Identifier: BSD-3-Clause
 * The stripe removals that work on frequencies; see stripes.h. False when memory is short. */
#ifndef BP_ALGO_STRIPES_FILTER_H
#define BP_ALGO_STRIPES_FILTER_H

#include "algo/stripes.h"

/* smooth[rows][columns] = low pass of image over its rows. */
bool bp_stripes_smooth(const double *image, size_t rows, size_t columns, double sigma, double *smooth);
bool bp_stripes_fitting(double *sinogram, size_t rows, size_t columns, double sigma);
bool bp_stripes_fourier(double *sinogram, size_t rows, size_t columns, double cutoff, int order,
                        size_t lines);

#endif
