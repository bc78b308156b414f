/* SPDX-License-Identifier: BSD-3-Clause */
#include "algo/peakfinder9.h"

#include <math.h>

#define SIDE 2 /* a side of the border: 2 pixels on either side of its middle */

typedef struct window {
    const double *middle; /* pixel of the frame */
    ptrdiff_t stride;
    double mean, sigma;
} window;

static bool is_maximum(const double *v, ptrdiff_t stride)
{
    double m = *v;
    return m > v[-1] && m > v[1] && m > v[-stride - 1] && m > v[-stride] && m > v[-stride + 1] &&
           m > v[stride - 1] && m > v[stride] && m > v[stride + 1];
}

/* Mean and standard deviation of four sides at `radius` pixels and, again, at one pixel more. */
static void look_around(window *w, unsigned radius, double least)
{
    double n = 0, sum = 0, squares = 0;
    for (int pass = 0; pass < 2; pass++) {
        /* about the mean in the second pass, which loses nothing */
        double mean = pass ? sum / n : 0;
        for (ptrdiff_t d = (ptrdiff_t)radius; d <= (ptrdiff_t)radius + 1; d++)
            for (ptrdiff_t k = -SIDE; k <= SIDE; k++) {
                const double v[4] = {w->middle[k - d * w->stride], w->middle[k + d * w->stride],
                                     w->middle[k * w->stride - d], w->middle[k * w->stride + d]};
                for (int i = 0; i < 4; i++)
                    if (pass)
                        squares += (v[i] - mean) * (v[i] - mean);
                    else {
                        sum += v[i];
                        n++;
                    }
            }
    }
    w->mean = sum / n;
    w->sigma = sqrt(squares / (n - 1));
    w->sigma = w->sigma < least ? least : w->sigma;
}

/* The pixels above `level`, square by square around the middle while there are any. */
static void grow(const window *w, unsigned radius, double level, bp_peak *peak, double *sum)
{
    double x = 0, y = 0;
    size_t count = 1;
    *sum = *w->middle;
    for (ptrdiff_t r = 1; r <= (ptrdiff_t)radius; r++) {
        size_t before = count;
        for (ptrdiff_t dy = -r; dy <= r; dy++)
            for (ptrdiff_t dx = -r; dx <= r; dx += dy == -r || dy == r ? 1 : 2 * r) {
                double v = w->middle[dy * w->stride + dx];
                if (!(v > level))
                    continue;
                *sum += v;
                x += v * (double)dx;
                y += v * (double)dy;
                count++;
            }
        if (count == before)
            break;
    }
    peak->pixels = (uint32_t)count;
    peak->x = (float)(x / *sum);
    peak->y = (float)(y / *sum);
}

static bool measure(const bp_peakfinder9_params *p, window *w, bp_peak *peak)
{
    double sum, snr;
    look_around(w, p->radius, p->min_sigma);
    if (!(isfinite(w->sigma) && *w->middle > w->mean + p->biggest * w->sigma))
        return false;
    *peak = (bp_peak){.sigma = (float)w->sigma, .max = (float)(*w->middle - w->mean)};
    grow(w, p->radius, w->mean + p->pixel * w->sigma, peak, &sum);
    double total = sum - peak->pixels * w->mean;
    snr = w->sigma > 0 ? total / w->sigma : (double)INFINITY;
    peak->total = (float)total;
    peak->snr = (float)snr;
    return sum > 0 && sum > w->mean + p->whole * w->sigma;
}

bool bp_peakfinder9_find(const bp_peakfinder9_params *p, const double *frame, size_t rows, size_t columns,
                         bp_peaks *peaks)
{
    size_t edge = p->radius + 1;
    peaks->count = 0;
    for (size_t y = edge; y + edge < rows; y++)
        for (size_t x = edge; x + edge < columns; x++) {
            window w = {.middle = frame + y * columns + x, .stride = (ptrdiff_t)columns};
            bp_peak peak;
            if (!is_maximum(w.middle, w.stride) || !measure(p, &w, &peak))
                continue;
            peak.x += (float)x + 0.5F;
            peak.y += (float)y + 0.5F;
            if (!bp_peaks_add(peaks, &peak))
                return false;
        }
    return true;
}
