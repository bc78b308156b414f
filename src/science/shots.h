/* SPDX-License-Identifier: BSD-3-Clause
 * Shots of serial crystallography: one frame after the other with its peaks and their intensities. */
#ifndef BP_SCIENCE_SHOTS_H
#define BP_SCIENCE_SHOTS_H

#include "algo/peakfinder8.h"
#include "algo/spot_sum.h"
#include "algo/unit_sums.h"
#include "beampress/science.h"

enum { FINDER_PEAKFINDER8, FINDER_PEAKFINDER9, FINDER_DISPERSION, FINDER_DISPERSION_EXTENDED };

enum {
    P_FINDER,
    P_THRESHOLD,
    P_MIN_SNR,
    P_MIN_PIXELS,
    P_MAX_PIXELS,
    P_BACKGROUND_RADIUS,
    P_MIN_RADIUS,
    P_MAX_RADIUS,
    P_CENTRE_X,
    P_CENTRE_Y,
    P_MIN_PEAKS,
    P_INNER,
    P_MIDDLE,
    P_OUTER,
    P_GAIN,
    P_BACKGROUND_SIGMA,
    P_STRONG_SIGMA,
    P_MIN_SIGMA,
    P_VALID_MIN,
    P_DISTANCE,
    P_LIST,
    P_PANELS,
    P_MERGE,
    P_SHELLS,
    P_SX_COUNT
};

#define BP_CENTRE_OF_FILE (-1e6) /* centre_x, centre_y: what the file says, else the middle of the frame */

typedef struct bp_shots {
    const double *params;
    const bp_science_stack *stack;
    size_t panels, count; /* frames of a shot, one for each panel of the detector; shots */
    bp_peakfinder8 *finder;
    bp_spot_rings rings;
    uint8_t *strong; /* of finder dispersion */
    bool marked;     /* the largest value of the type marks pixels that were not measured */
    double mark;
    double *frame; /* NAN where a pixel takes no part */
    bp_peaks peaks;
} bp_shots;

/* bp_shots_fini in every case. */
BP_MUST_CHECK bp_status bp_shots_init(bp_context *ctx, bp_shots *shots, const double *params,
                                      const bp_science_stack *stack);
void bp_shots_fini(bp_shots *shots);
/* Reads a frame, which is a panel of a shot, and finds its peaks. */
BP_MUST_CHECK bp_status bp_shots_read(bp_context *ctx, bp_shots *shots, uint64_t frame);
/* Sums a spot of the frame that was read; false when it is too near to an edge or a gap. */
bool bp_shots_sum(const bp_shots *shots, const bp_peak *peak, bp_spot *spot);

/* A number of each unit, and where it came from. */
typedef struct bp_unit_values {
    double *values; /* in no order until sorted */
    size_t *units;
    size_t count, room;
} bp_unit_values;

bool bp_unit_values_add(bp_unit_values *list, double value, size_t unit);
/* The median and the medians without each unit, NAN of an empty list; sorts the list. False when memory is
 * short. */
bool bp_unit_values_median(bp_unit_values *list, size_t units, double *median, double *without);
void bp_unit_values_fini(bp_unit_values *list);

/* Adds the means over shots of every ring's sum number k (0 or 1; number 2 counts the shots), by radius. */
BP_MUST_CHECK bp_status bp_ring_means_add(bp_context *ctx, bp_unit_sums *rings, size_t k, const char *name,
                                          const char *unit, bp_outcomes *outcomes);
/* The comparison of two versions of the same shots. */
bp_status bp_sx_compare(bp_context *ctx, const double *params, const bp_science_stack *reference,
                        const bp_science_stack *test, bp_outcomes *outcomes);

#endif
