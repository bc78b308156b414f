/* SPDX-License-Identifier: BSD-3-Clause
 * Two phases of a histogram, divided by Otsu's threshold between its bins. The bin that the threshold falls
 * into jumps where the histogram is flat or has gaps; this place does not, so that a small change of the
 * counts is a small change of the threshold: what a jackknife needs. */
#ifndef BP_ALGO_OTSU_PHASES_H
#define BP_ALGO_OTSU_PHASES_H

#include "algo/otsu.h"

typedef struct bp_otsu_phases {
    double threshold;           /* NAN without two phases */
    double counts[2], means[2]; /* below and above it */
} bp_otsu_phases;

/* At its optimum the threshold lies midway between the means of its phases: from the bin that bp_otsu finds
 * on, until it does, each bin taken as evenly filled. False when there are no two phases. */
bool bp_otsu_find_phases(const bp_histogram *histogram, bp_otsu_phases *phases);

#endif
