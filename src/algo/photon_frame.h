/* SPDX-License-Identifier: BSD-3-Clause
 * What stands before the bands of a frame. */
#ifndef BP_ALGO_PHOTON_FRAME_H
#define BP_ALGO_PHOTON_FRAME_H

enum { BP_PHOTON_METHOD_BANDS = 1, BP_PHOTON_METHOD_SPARSE = 2 };
enum { BP_PHOTON_HAS_LABELS = 1, BP_PHOTON_FLAT = 2, BP_PHOTON_FLAGS = 3 };

#define BP_PHOTON_MOST_BANDS 64

#endif
