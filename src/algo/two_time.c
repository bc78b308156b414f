/* SPDX-License-Identifier: BSD-3-Clause */
#include "algo/two_time.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "algo/dot.h"

/* What all pairs of frames need: sums of each frame, in all of the region and in each block. */
typedef struct sums {
    size_t blocks, pixels;
    double *whole, *parts;
} sums;

static bool sums_init(sums *s, const bp_pixel_groups *g, size_t region, const double *series, size_t frames)
{
    size_t stride = g->starts[g->regions * g->blocks], first = region * g->blocks;
    s->blocks = g->blocks;
    s->pixels = g->starts[first + g->blocks] - g->starts[first];
    s->whole = calloc(frames * (1 + g->blocks) + 1, sizeof *s->whole);
    if (!s->whole)
        return false;
    s->parts = s->whole + frames;
    for (size_t t = 0; t < frames; t++)
        for (size_t b = 0; b < g->blocks; b++) {
            for (size_t i = g->starts[first + b]; i < g->starts[first + b + 1]; i++)
                s->parts[t * g->blocks + b] += series[t * stride + i];
            s->whole[t] += s->parts[t * g->blocks + b];
        }
    return true;
}

static double ratio(double products, double before, double after, double pixels)
{
    return before > 0 && after > 0 ? products * pixels / (before * after) : (double)NAN;
}

bool bp_two_time(const bp_pixel_groups *g, size_t region, const double *series, size_t frames, double *map,
                 double *one, double *without)
{
    sums s;
    size_t stride = g->starts[g->regions * g->blocks], first = region * g->blocks;
    double *products = malloc((g->blocks + 1) * sizeof *products);
    if (!products || !sums_init(&s, g, region, series, frames)) {
        free(products);
        return false;
    }
    memset(one, 0, frames * sizeof *one);
    memset(without, 0, frames * g->blocks * sizeof *without);
    for (size_t t = 0; t < frames; t++)
        for (size_t u = t; u < frames; u++) {
            double all = 0, n = (double)(frames - (u - t));
            for (size_t b = 0; b < g->blocks; b++) {
                size_t from = g->starts[first + b], count = g->starts[first + b + 1] - from;
                products[b] = bp_dot(series + t * stride + from, series + u * stride + from, count);
                all += products[b];
            }
            double c = ratio(all, s.whole[t], s.whole[u], (double)s.pixels);
            map[t * frames + u] = map[u * frames + t] = c;
            one[u - t] += c / n;
            for (size_t b = 0; b < g->blocks; b++) {
                size_t left = s.pixels - (g->starts[first + b + 1] - g->starts[first + b]);
                without[b * frames + u - t] +=
                    ratio(all - products[b], s.whole[t] - s.parts[t * g->blocks + b],
                          s.whole[u] - s.parts[u * g->blocks + b], (double)left) /
                    n;
            }
        }
    free(s.whole);
    free(products);
    return true;
}
