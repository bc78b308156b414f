/* SPDX-License-Identifier: BSD-3-Clause
 * What slices say, as functions of sums over detector rows: leaving rows out is a subtraction, which gives
 * the uncertainties. */
#ifndef BP_SCIENCE_CT_RESULTS_H
#define BP_SCIENCE_CT_RESULTS_H

#include "algo/line_profile.h"
#include "beampress/science.h"
#include "science/ct_scan.h"

typedef struct bp_ct_results {
    size_t side, rings, rows, units, length; /* length: doubles of the sums of a unit */
    double radius;                           /* of the disc that is looked at */
    bp_image_line line;                      /* of the profile */
    size_t samples;                          /* on it */
    double noise_factor; /* variance of the whole set's slice over that of the half sets' difference */
    double least, most;  /* of the histogram; known after the first slices */
    double
        level; /* of the borders: half way between the phases of the first slices; NAN without two phases */
    bool ranged;
    double *sums;  /* units x length */
    double *slice; /* of the whole set, of the row that was added last */
    uint64_t clipped, filled;
} bp_ct_results;

/* rows: how many will be added. first, second: projections in each half set. bp_ct_results_fini in every
 * case. */
BP_MUST_CHECK bp_status bp_ct_results_begin(bp_context *ctx, size_t side, double radius, size_t rows,
                                            size_t first, size_t second, const bp_image_line *line,
                                            bp_ct_results *results);
void bp_ct_results_fini(bp_ct_results *results);

/* The range that the histogram of slices will have, and the level of their borders, from some of them. One
 * level for all: a slice of one phase alone has none of its own. */
BP_MUST_CHECK bp_status bp_ct_results_range(bp_context *ctx, bp_ct_results *results, const double *slices,
                                            size_t count);
/* Row number `row`: its slices from the two half sets. centre: found in this row; NAN when it was given. */
BP_MUST_CHECK bp_status bp_ct_results_row(bp_context *ctx, bp_ct_results *results, size_t row,
                                          const double *first, const double *second, double centre,
                                          const bp_ct_row_facts *facts);
BP_MUST_CHECK bp_status bp_ct_results_report(bp_context *ctx, const bp_ct_results *results,
                                             bp_outcomes *outcomes);

#endif
