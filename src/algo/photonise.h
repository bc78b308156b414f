/* SPDX-License-Identifier: BSD-3-Clause
 * Numbers of photons from charges. Values are in photons: (ADU - offset) / (ADU per photon). The same bits on
 * every machine. */
#ifndef BP_ALGO_PHOTONISE_H
#define BP_ALGO_PHOTONISE_H

#include <stddef.h>
#include <stdint.h>

/* counts[i] = floor(values[i] + 1 - threshold), not below 0; 0 at labels. Threshold 0.5 rounds. */
void bp_photonise_round(const double *values, const uint8_t *labels, size_t count, double threshold,
                        double *counts);

/* Droplets (M. Sutton et al., J. Synchrotron Rad. 14 (2007) 300; F. Livet et al., Nucl. Instrum. Methods A
 * 451 (2000) 596): 4-connected pixels above `seed` share round(sum of their values) photons. Each pixel first
 * gets the whole part of its value; then, one at a time, the pixel with the largest rest gets a photon, and
 * what that rest lacks of a photon is taken from the largest rest among its 4 neighbours in the droplet.
 * counts: as above. scratch: 3 * rows * columns doubles. Returns the number of droplets. */
size_t bp_photonise_droplets(const double *values, const uint8_t *labels, size_t rows, size_t columns,
                             double seed, double *counts, double *scratch);

#endif
