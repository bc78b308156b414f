/* SPDX-License-Identifier: BSD-3-Clause */
#include "algo/peak_pairs.h"

size_t bp_peaks_near(const bp_peaks *peaks, const bp_peaks *others, double distance)
{
    size_t near = 0;
    for (size_t i = 0; i < peaks->count; i++)
        for (size_t j = 0; j < others->count; j++) {
            double dx = (double)(peaks->items[i].x - others->items[j].x),
                   dy = (double)(peaks->items[i].y - others->items[j].y);
            if (dx * dx + dy * dy <= distance * distance) {
                near++;
                break;
            }
        }
    return near;
}
