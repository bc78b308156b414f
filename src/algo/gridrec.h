/* SPDX-License-Identifier: BSD-3-Clause
 * Reconstruction by gridding in Fourier space, with the numbers of tomopy's gridrec: no padding beyond the
 * next power of two, so values are not quantitative. B. Dowd et al., Proc. SPIE 3772 (1999) 224; kernel: D.
 * Slepian, H. Pollak, Bell System Technical Journal 40 (1961) 43. */
#ifndef BP_ALGO_GRIDREC_H
#define BP_ALGO_GRIDREC_H

#include <stdbool.h>
#include <stddef.h>

typedef enum bp_gridrec_filter {
    BP_GRIDREC_NONE,
    BP_GRIDREC_SHEPP,
    BP_GRIDREC_COSINE,
    BP_GRIDREC_HANN,
    BP_GRIDREC_HAMMING,
    BP_GRIDREC_RAMLAK,
    BP_GRIDREC_PARZEN,
    BP_GRIDREC_BUTTERWORTH
} bp_gridrec_filter;
#define BP_GRIDREC_FILTER_WORDS                                                                              \
    {                                                                                                        \
        "none", "shepp", "cosine", "hann", "hamming", "ramlak", "parzen", "butterworth", NULL                \
    }

typedef struct bp_gridrec {
    size_t columns, angle_count;
    const double *angles; /* degrees */
    double centre;        /* column of the axis, counted from 0; tomopy's default is columns / 2 */
    bp_gridrec_filter filter;
    double cut, order; /* of the filters: 0.5 and 8 */
} bp_gridrec;

/* slice: columns x columns, one row above where bp_fbp has it. False when memory is short. */
bool bp_gridrec_run(const bp_gridrec *g, const double *sinogram, double *slice);

#endif
