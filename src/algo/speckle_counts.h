/* SPDX-License-Identifier: BSD-3-Clause
 * Photon statistics of speckles: how often a pixel counts k photons, and mean and variance of the counts in
 * exposures of 1, 2, 4 ... frames. J. Goodman, Speckle Phenomena in Optics (2007); L. Li et al., J.
 * Synchrotron Rad. 21 (2014) 1288. */
#ifndef BP_ALGO_SPECKLE_COUNTS_H
#define BP_ALGO_SPECKLE_COUNTS_H

#include "algo/multitau.h"

#define BP_SPECKLE_COUNTS 256 /* k is below this in histograms */
#define BP_SPECKLE_LEVELS 16

typedef struct bp_speckle_counts bp_speckle_counts;

/* levels: exposures of 1 ... 2^(levels - 1) frames. groups must outlive it. NULL when memory is short. */
bp_speckle_counts *bp_speckle_counts_new(const bp_pixel_groups *groups, unsigned levels);
void bp_speckle_counts_free(bp_speckle_counts *counts);
/* Takes in the next frame. */
void bp_speckle_counts_add(bp_speckle_counts *counts, const double *frame);
/* All values so far were whole and not negative. */
bool bp_speckle_counts_whole(const bp_speckle_counts *counts);
/* The largest count that was seen, at most BP_SPECKLE_COUNTS - 1. */
size_t bp_speckle_counts_most(const bp_speckle_counts *counts);

/* Mean of the counts of a region in exposures of 2^level frames, and the contrast: their variance beyond that
 * of photons over the mean squared; without one of the blocks of the region (or SIZE_MAX). NAN where the
 * region is dark. */
void bp_speckle_counts_moments(const bp_speckle_counts *counts, size_t region, unsigned level, size_t without,
                               double *mean, double *contrast);
/* Shares of the pixels of a region that count 0 ... BP_SPECKLE_COUNTS - 1 photons in one frame. */
void bp_speckle_counts_shares(const bp_speckle_counts *counts, size_t region, size_t without, double *shares);

/* The contrast from pixels with one and with two photons: 2 P2 (1 - P1) / P1^2 - 1; good below a fifth of a
 * photon per pixel. */
double bp_low_count_contrast(const double *shares);

/* Probability of k photons at this mean in so many modes (of any positive number): negative binomial. */
double bp_negative_binomial(unsigned k, double mean, double modes);

#endif
