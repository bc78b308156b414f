/* SPDX-License-Identifier: BSD-3-Clause */
#include "algo/otsu_phases.h"

#include <math.h>
#include <string.h>

#define MOST_STEPS 200 /* towards the threshold */

/* Divides a histogram at a place in units of bins, from the lower edge of the first on. */
static void divide(const bp_histogram *h, double place, bp_otsu_phases *p)
{
    memset(p->counts, 0, sizeof p->counts);
    memset(p->means, 0, sizeof p->means);
    for (size_t i = 0; i < h->count; i++) {
        double n = (double)h->counts[i], at = (double)i;
        double below = fmin(fmax(place - at, 0), 1), parts[2] = {n * below, n * (1 - below)};
        p->counts[0] += parts[0];
        p->counts[1] += parts[1];
        p->means[0] += parts[0] * (at + below / 2);
        p->means[1] += parts[1] * (at + (1 + below) / 2);
    }
    for (int k = 0; k < 2; k++)
        p->means[k] = h->edge + h->width * p->means[k] / p->counts[k];
    p->threshold = h->edge + h->width * place;
}

bool bp_otsu_find_phases(const bp_histogram *h, bp_otsu_phases *p)
{
    size_t bin;
    *p = (bp_otsu_phases){.threshold = NAN};
    if (!bp_otsu(h, &bin))
        return false;
    double place = (double)bin + 1, moved = 1;
    divide(h, place, p);
    for (int i = 0; i < MOST_STEPS && fabs(moved) > 1e-6; i++) {
        double next = ((p->means[0] + p->means[1]) / 2 - h->edge) / h->width;
        moved = next - place;
        place = next;
        divide(h, place, p);
    }
    return p->counts[0] > 0 && p->counts[1] > 0;
}
