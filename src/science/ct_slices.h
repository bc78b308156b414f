/* SPDX-License-Identifier: BSD-3-Clause
 * Slices from sinograms, by the method that was asked for. */
#ifndef BP_SCIENCE_CT_SLICES_H
#define BP_SCIENCE_CT_SLICES_H

#include "algo/fbp.h"

typedef enum bp_ct_algorithm {
    BP_CT_FBP,
    BP_CT_GRIDREC,
    BP_CT_SIRT,
    BP_CT_SART,
    BP_CT_FBP_LINEAR
} bp_ct_algorithm;
#define BP_CT_ALGORITHM_WORDS                                                                                \
    {                                                                                                        \
        "fbp", "gridrec", "sirt", "sart", "fbp-linear", NULL                                                 \
    }

typedef struct bp_ct_method {
    bp_ct_algorithm algorithm;
    size_t iterations; /* of sirt and sart */
    bp_fbp_filter filter;
    bool precise;   /* double precision, plain code */
    double centre;  /* column of the axis */
    size_t columns; /* of the detector; slices have columns x columns pixels */
    unsigned threads;
} bp_ct_method;

/* count slices, each from its sinogram (angle_count x columns), of which angles first, first + step ... are
 * used. */
BP_MUST_CHECK bp_status bp_ct_slices(bp_context *ctx, const bp_ct_method *method, const double *angles,
                                     size_t angle_count, size_t first, size_t step, size_t count,
                                     const double *const *sinograms, double *slices);

#endif
