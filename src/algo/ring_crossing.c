/* SPDX-License-Identifier: BSD-3-Clause */
#include "algo/ring_crossing.h"

#include <math.h>

#define REACH 2.5 /* rings to either side that the slope is taken from: five in all */

static double excess(const bp_rings *rings, size_t ring, double snr)
{
    return bp_rings_correlation(rings, ring) - bp_rings_threshold(rings, ring, snr);
}

bp_ring_crossing bp_ring_crossing_find(const bp_rings *rings, double snr)
{
    size_t side = rings->rows > rings->columns ? rings->rows : rings->columns;
    double at = (double)side / bp_rings_resolution(rings, snr, 0), last = (double)rings->count - 1;
    double n = 0, x = 0, y = 0, xx = 0, xy = 0;
    if (!(at > 1 && at < last))
        return (bp_ring_crossing){NAN, NAN};
    for (size_t k = 1; k < rings->count; k++) {
        double d = (double)k - at, e = excess(rings, k, snr);
        if (!(fabs(d) <= REACH) || isnan(e))
            continue;
        n++;
        x += d;
        y += e;
        xx += d * d;
        xy += d * e;
    }
    return (bp_ring_crossing){at, (n * xy - x * y) / (n * xx - x * x)};
}

double bp_ring_crossing_moved(const bp_ring_crossing *crossing, const bp_rings *rings, double snr)
{
    if (!(crossing->slope < 0))
        return NAN;
    size_t ring = (size_t)crossing->at;
    double part = crossing->at - (double)ring, here = excess(rings, ring, snr);
    double between = part > 0 ? (1 - part) * here + part * excess(rings, ring + 1, snr) : here;
    return crossing->at - between / crossing->slope;
}
