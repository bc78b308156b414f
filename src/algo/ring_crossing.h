/* SPDX-License-Identifier: BSD-3-Clause
 * Where a ring correlation falls below its threshold, and how that place moves when the correlation changes a
 * little. Found anew it would jump between rings. */
#ifndef BP_ALGO_RING_CROSSING_H
#define BP_ALGO_RING_CROSSING_H

#include "algo/ring_correlation.h"

typedef struct bp_ring_crossing {
    double at;    /* in rings; NAN when the correlation does not cross the threshold inside its rings */
    double slope; /* of correlation minus threshold there, per ring: of a line through the rings nearby */
} bp_ring_crossing;

/* The crossing that bp_rings_resolution finds. */
bp_ring_crossing bp_ring_crossing_find(const bp_rings *rings, double snr);
/* Where these rings, not much different, cross it: to first order. */
double bp_ring_crossing_moved(const bp_ring_crossing *crossing, const bp_rings *rings, double snr);

#endif
