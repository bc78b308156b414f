/* SPDX-License-Identifier: BSD-3-Clause
 * Azimuthal integration: the pixels of a frame gathered into bins of the radial coordinate (and, when asked
 * for, sectors of the azimuth), as a sparse matrix that is made once and applied to every frame.
 * J. Kieffer, G. Ashiotis, Proc. EuroSciPy (2014), arXiv:1412.6367.
 *
 * A bin's intensity is the sum of what was counted over the sum of what the pixels would count of an even
 * source (flat field, solid angle, polarisation): a ratio of sums, not a mean of ratios. */
#ifndef BP_ALGO_AZIMUTHAL_H
#define BP_ALGO_AZIMUTHAL_H

#include "algo/geometry.h"

/* How a pixel is shared among bins: whole, to that of its centre; by the overlap of the interval that it
 * covers; by the area of its quadrilateral in radial coordinate and azimuth. */
typedef enum bp_split { BP_SPLIT_NO, BP_SPLIT_BBOX, BP_SPLIT_FULL } bp_split;

typedef struct bp_azimuthal_setup {
    size_t rows, columns;
    const bp_geometry *geometry;
    const uint8_t *excluded; /* or NULL */
    const double *flat; /* factor of each pixel, or NULL; where it is not above 0 the pixel is left out */
    bp_radial radial;
    bp_split split;
    size_t bins, sectors; /* sectors: of the azimuth, at least 1; a pixel goes to that of its centre */
    double low, high;     /* of the radial coordinate; low >= high: what the pixels reach */
    double from, to;      /* azimuths of the sectors, radians */
    bool solid_angle;     /* correct for it */
    double polarisation;  /* factor; NAN: no correction */
} bp_azimuthal_setup;

/* Cell = sector * bins + bin. */
typedef struct bp_azimuthal {
    size_t pixels, bins, sectors;
    double low, width; /* of the bins */
    uint32_t *first;   /* per pixel: the cell of its first share; the others follow it */
    uint32_t *starts;  /* per pixel, and one more: its shares */
    float *shares;
    double *even; /* per pixel: counts of an even source; 0 where the pixel is left out */
} bp_azimuthal;

/* What was gathered in a cell. */
typedef struct bp_cell {
    double signal, variance, even, count;
} bp_cell;

/* BP_E_INPUT when no pixel lies in the range. bp_azimuthal_fini in every case. */
BP_MUST_CHECK bp_status bp_azimuthal_init(bp_context *ctx, const bp_azimuthal_setup *setup,
                                          bp_azimuthal *azimuthal);
void bp_azimuthal_fini(bp_azimuthal *azimuthal);

/* Adds a frame to cells. Counts are taken for Poisson: a share c of n counts has the variance c^2 n. dark (or
 * NULL) is subtracted from the signal. skip: not 0 where a pixel of this frame is left out, or NULL. groups:
 * for each pixel, which of several sets of cells it goes to, or NULL for the one. */
void bp_azimuthal_add(const bp_azimuthal *azimuthal, const double *frame, const double *dark,
                      const uint8_t *skip, const uint8_t *groups, bp_cell *cells);

/* Leaves out pixels that are further from the mean of their cell than `limit` standard deviations, again and
 * again: sets skip where that is so. Counts scatter as Poisson, other values (poisson false) as they do in
 * their cell. For split BP_SPLIT_NO. cells is scratch. */
void bp_azimuthal_clip(const bp_azimuthal *azimuthal, const double *frame, const double *dark, double limit,
                       unsigned rounds, bool poisson, uint8_t *skip, bp_cell *cells);

#endif
