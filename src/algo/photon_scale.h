/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BP_ALGO_PHOTON_SCALE_H
#define BP_ALGO_PHOTON_SCALE_H

#include "algo/photon_map.h"

/* Are nearly all of count values whole numbers? Values are finite and above 0. */
bool bp_photon_scale_whole(const double *values, size_t count);
/* The distance of the grid on which nearly all of count finite values other than 0 stand, 0 when there is
 * none: fills kind and scale of map. values are sorted by size, without sign, each once. */
bool bp_photon_scale_find(const double *values, size_t count, bp_photon_map *map);

#endif
