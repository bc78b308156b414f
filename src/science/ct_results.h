/* SPDX-License-Identifier: BSD-3-Clause
 * What slices say, as functions of sums over detector rows: leaving rows out is a subtraction, which gives
 * the uncertainties. */
#ifndef BP_SCIENCE_CT_RESULTS_H
#define BP_SCIENCE_CT_RESULTS_H

#include "algo/edge_profile.h"
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
    double level_step;         /* by which it is moved to see what that changes */
    bp_edge_profile levels[2]; /* of some rows, with the level moved down and up */
    bool ranged;
    double *sums;  /* units x length */
    double *slice; /* of the whole set, of the row that was added last */
    double step;   /* pixels that the axis is moved by to see what depends on it; 0: it is not */
    double *moved; /* 2 x length: sums of some rows with the axis moved back and forth; then two slices */
    uint64_t clipped, filled;
} bp_ct_results;

/* rows: how many will be added. first, second: projections in each half set. step: of the axis, 0 when
 * nothing is to be known about it. bp_ct_results_fini in every case. */
BP_MUST_CHECK bp_status bp_ct_results_begin(bp_context *ctx, size_t side, double radius, size_t rows,
                                            size_t first, size_t second, const bp_image_line *line,
                                            double step, bp_ct_results *results);
void bp_ct_results_fini(bp_ct_results *results);

/* The range that the histogram of slices will have, and the level of their borders, from some of them. One
 * level for all: a slice of one phase alone has none of its own. */
BP_MUST_CHECK bp_status bp_ct_results_range(bp_context *ctx, bp_ct_results *results, const double *slices,
                                            size_t count);
/* Row number `row`: its slices from the two half sets. centre: found in this row; NAN when it was given. */
BP_MUST_CHECK bp_status bp_ct_results_row(bp_context *ctx, bp_ct_results *results, size_t row,
                                          const double *first, const double *second, double centre,
                                          const bp_ct_row_facts *facts);
/* The slices of a row in both half sets again, and by how much they change when the axis goes up by a pixel.
 * What rows say hangs together by their common axis: its uncertainty is carried over from this. */
BP_MUST_CHECK bp_status bp_ct_results_axis(bp_context *ctx, bp_ct_results *results,
                                           const double *const slices[2], const double *const changes[2]);
BP_MUST_CHECK bp_status bp_ct_results_report(bp_context *ctx, const bp_ct_results *results,
                                             bp_outcomes *outcomes);

#endif
