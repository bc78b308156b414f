/* SPDX-License-Identifier: BSD-3-Clause */
#include "algo/peaks.h"

#include <stdlib.h>

bool bp_peaks_add(bp_peaks *peaks, const bp_peak *peak)
{
    if (peaks->count == peaks->room) {
        size_t room = peaks->room * 2 + 32;
        bp_peak *items = realloc(peaks->items, room * sizeof *items);
        if (!items)
            return false;
        peaks->items = items;
        peaks->room = room;
    }
    peaks->items[peaks->count++] = *peak;
    return true;
}

void bp_peaks_fini(bp_peaks *peaks)
{
    free(peaks->items);
    *peaks = (bp_peaks){0};
}
