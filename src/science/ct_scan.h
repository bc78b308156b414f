/* SPDX-License-Identifier: BSD-3-Clause
 * The projections of a scan, as sinograms of the detector rows that were asked for. */
#ifndef BP_SCIENCE_CT_SCAN_H
#define BP_SCIENCE_CT_SCAN_H

#include "beampress/science.h"

/* What the file does not say. */
typedef struct bp_ct_layout {
    size_t flats, darks; /* frames in front, when there is no image_key: flats, then darks */
    double range;        /* degrees that the projections cover when there are no angles; 0: an error */
} bp_ct_layout;

typedef struct bp_ct_scan {
    const bp_science_stack *stack;
    size_t columns, angle_count;
    double *angles;      /* degrees */
    uint8_t *keys;       /* of each frame: 0 projection, 1 flat, 2 dark, 3 neither (as NXtomo has them) */
    double *flat, *dark; /* means, a frame each */
} bp_ct_scan;

/* Reads what belongs to all rows. bp_ct_scan_fini in every case. */
BP_MUST_CHECK bp_status bp_ct_scan_begin(bp_context *ctx, const bp_science_stack *stack,
                                         const bp_ct_layout *layout, bp_ct_scan *scan);
void bp_ct_scan_fini(bp_ct_scan *scan);

/* What was done to the values of one row. */
typedef struct bp_ct_row_facts {
    uint64_t clipped, filled; /* transmissions below the least one; values that neighbours replace */
    double air, air_values; /* sum of transmissions in `air` columns at both ends of each row, and how many */
} bp_ct_row_facts;

/* Attenuations of `count` detector rows: count x angle_count x columns. One pass over the frames. */
BP_MUST_CHECK bp_status bp_ct_scan_rows(bp_context *ctx, const bp_ct_scan *scan, const size_t *rows,
                                        size_t count, size_t air, double *sinograms, bp_ct_row_facts *facts);

#endif
