/* SPDX-License-Identifier: BSD-3-Clause
 * Fourier ring correlation of two images: how alike they are at each spatial frequency.
 * W. Saxton, W. Baumeister, J. Microsc. 127 (1982) 127; thresholds: M. van Heel, M. Schatz, J. Struct. Biol.
 * 151 (2005) 250. */
#ifndef BP_ALGO_RING_CORRELATION_H
#define BP_ALGO_RING_CORRELATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "algo/fft.h"
#include "beampress/context.h"

/* Rings of the first columns / 2 + 1 pixels of a row of an image's transform: the frequency, in cycles per
 * longer side, rounded. They grow along the row. */
void bp_rings_of_row(size_t rows, size_t columns, size_t row, uint32_t *ring);

/* Sums over the pixels of each ring; ring r holds frequencies that round to r cycles per longer side. */
typedef struct bp_rings {
    size_t rows, columns, count;
    double *product, *first, *second; /* Re F1 F2*, |F1|^2, |F2|^2 */
    double *pixels;
} bp_rings;

/* Rings up to the Nyquist frequency of the longer side. False when memory is short. */
bool bp_rings_init(bp_rings *rings, size_t rows, size_t columns);
void bp_rings_fini(bp_rings *rings);
/* Adds two images; room for them is kept in ctx, or not with NULL. edge: pixels over which a raised cosine
 * takes the image to its mean at each border. */
bool bp_rings_add(bp_context *ctx, bp_rings *rings, const double *a, const double *b, size_t edge);
/* Adds the shells of a box: of the transform of a + i b, shape[0] x shape[1] x shape[2]. Both sides of rings
 * are the longest of the three. False when memory is short. */
bool bp_rings_add_box(bp_rings *rings, const size_t *shape, const bp_complex *box);
/* Raised cosine from 0 at the border of n pixels to 1 at `edge` pixels from it. */
double bp_rings_taper(size_t i, size_t n, size_t edge);
void bp_rings_merge(bp_rings *rings, const bp_rings *more);

/* What Fourier ring and shell correlations share, as in toupy: */
#define BP_RINGS_HALF_BIT   0.2071 /* signal to noise of half a bit per pixel */
#define BP_RINGS_EDGE       20     /* pixels of the taper; less on small images */
#define BP_RINGS_LEAST_SIDE 16     /* pixels; smaller ones have too few rings */

/* NAN where a ring is empty or one of the images has nothing there. */
double bp_rings_correlation(const bp_rings *rings, size_t ring);
/* The correlation that a signal with half a bit (BP_RINGS_HALF_BIT; 0.5 for one bit) of information per pixel
 * would have, with all pixels of the ring counted. */
double bp_rings_threshold(const bp_rings *rings, size_t ring, double snr);
/* Longer side / ring at which the correlation first falls below the threshold (snr > 0) or below `fixed`
 * (snr 0), between two rings linearly: the resolution in pixels. 2 (Nyquist) when it never does, NAN when
 * nothing is known. */
double bp_rings_resolution(const bp_rings *rings, double snr, double fixed);

#endif
