/* SPDX-License-Identifier: BSD-3-Clause
 * The projections of a scan, as sinograms of the detector rows that were asked for. */
#ifndef BP_SCIENCE_CT_SCAN_H
#define BP_SCIENCE_CT_SCAN_H

#include <stdbool.h>

#include "beampress/science.h"

/* What a projection is divided by: the mean of all flats; their median; the median of those flats, taken one
 * after the other, that are nearest in time. */
typedef enum bp_ct_flats { BP_CT_FLATS_MEAN, BP_CT_FLATS_MEDIAN, BP_CT_FLATS_NEAREST } bp_ct_flats;
#define BP_CT_FLATS_WORDS                                                                                    \
    {                                                                                                        \
        "mean", "median", "nearest", NULL                                                                    \
    }

/* What the file does not say. */
typedef struct bp_ct_layout {
    size_t flats, darks; /* frames in front, when there is no image_key: flats, then darks */
    double range;        /* degrees that the projections cover when there are no angles; 0: an error */
    bp_ct_flats use;
    size_t air; /* columns at either end of a row that see no sample */
    bool even;  /* a line through the means of these becomes 1 */
    /* columns left ... right - 1 of rows top ... bottom - 1, whose mean transmission becomes 1 in each
     * projection; right 0: there is no such region; bottom 0: all rows */
    struct bp_ct_region {
        size_t left, right, top, bottom;
    } region;
} bp_ct_layout;

typedef struct bp_ct_scan {
    const bp_science_stack *stack;
    size_t columns, angle_count;
    double *angles;      /* degrees */
    uint8_t *keys;       /* of each frame: 0 projection, 1 flat, 2 dark, 3 neither (as NXtomo has them) */
    double *flat, *dark; /* averages; as many flats as there are groups, a frame each */
    size_t groups, *group_ends; /* group i belongs to the projections before number group_ends[i] */
    size_t air;
    bool even;
    struct bp_ct_region region;
} bp_ct_scan;

/* Reads what belongs to all rows. bp_ct_scan_fini in every case. */
BP_MUST_CHECK bp_status bp_ct_scan_begin(bp_context *ctx, const bp_science_stack *stack,
                                         const bp_ct_layout *layout, bp_ct_scan *scan);
void bp_ct_scan_fini(bp_ct_scan *scan);

/* What was done to the values of one row. */
typedef struct bp_ct_row_facts {
    uint64_t clipped, filled; /* transmissions below the least one; values that neighbours replace, such as
                               * those without beam */
    double air, air_values;   /* sum of transmissions at both ends of each row, and how many */
} bp_ct_row_facts;

/* Attenuations of `count` detector rows: count x angle_count x columns. One pass over the frames. */
BP_MUST_CHECK bp_status bp_ct_scan_rows(bp_context *ctx, const bp_ct_scan *scan, const size_t *rows,
                                        size_t count, double *sinograms, bp_ct_row_facts *facts);
/* Attenuations of projection number `index`, all rows. */
BP_MUST_CHECK bp_status bp_ct_scan_projection(bp_context *ctx, const bp_ct_scan *scan, size_t index,
                                              double *values);

#endif
