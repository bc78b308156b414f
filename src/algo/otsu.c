/* SPDX-License-Identifier: BSD-3-Clause */
#include "algo/otsu.h"

#include <math.h>
#include <stdlib.h>

#define MOST_LEVELS 16777216.0

bool bp_histogram_init(bp_histogram *h, bool whole, double min, double max, size_t bins)
{
    bool levels = whole && max - min < MOST_LEVELS;
    h->count = levels ? (size_t)(max - min) + 1 : bins;
    h->width = levels ? 1 : (max - min) / (double)bins;
    h->edge = levels ? min - 0.5 : min;
    h->first = levels ? min : min + h->width / 2;
    h->counts = calloc(h->count, sizeof *h->counts);
    return h->counts != NULL;
}

void bp_histogram_fini(bp_histogram *h)
{
    free(h->counts);
    h->counts = NULL;
}

void bp_histogram_add(bp_histogram *h, double value)
{
    double bin = h->width > 0 ? floor((value - h->edge) / h->width) : 0;
    h->counts[bin < 0 ? 0 : bin >= (double)h->count ? h->count - 1 : (size_t)bin]++;
}

bool bp_otsu(const bp_histogram *h, size_t *bin)
{
    double total = 0, moment = 0, below = 0, moment_below = 0, best = -1;
    for (size_t i = 0; i < h->count; i++) {
        total += (double)h->counts[i];
        moment += (double)h->counts[i] * (double)i;
    }
    *bin = 0;
    for (size_t i = 0; i < h->count; i++)
        if (h->counts[i]) {
            *bin = i;
            break;
        }
    for (size_t i = 0; i + 1 < h->count; i++) {
        below += (double)h->counts[i];
        moment_below += (double)h->counts[i] * (double)i;
        double above = total - below;
        if (below == 0 || above == 0)
            continue;
        double distance = moment_below / below - (moment - moment_below) / above;
        double between = below * above * distance * distance;
        if (between > best) {
            best = between;
            *bin = i;
        }
    }
    return best >= 0;
}

/* Levels that occur, closed up: the search is over these. */
typedef struct levels {
    size_t count;
    size_t *bins;
    double *weight, *moment; /* sums up to and with level i - 1, from index 1 on */
} levels;

static bool levels_init(levels *l, const bp_histogram *h)
{
    l->count = 0;
    for (size_t i = 0; i < h->count; i++)
        l->count += h->counts[i] > 0;
    l->bins = malloc((l->count + 1) * sizeof *l->bins);
    l->weight = calloc(l->count + 1, sizeof *l->weight);
    l->moment = calloc(l->count + 1, sizeof *l->moment);
    if (!l->bins || !l->weight || !l->moment)
        return false;
    size_t n = 0;
    for (size_t i = 0; i < h->count; i++) {
        if (!h->counts[i])
            continue;
        l->bins[n] = i;
        l->weight[n + 1] = l->weight[n] + (double)h->counts[i];
        l->moment[n + 1] = l->moment[n] + (double)h->counts[i] * (double)(i + 1);
        n++;
    }
    return true;
}

static void levels_fini(levels *l)
{
    free(l->bins);
    free(l->weight);
    free(l->moment);
}

/* (sum of moments)^2 / weight of levels from ... to - 1. */
static double merit(const levels *l, size_t from, size_t to)
{
    double moment = l->moment[to] - l->moment[from];
    return moment * moment / (l->weight[to] - l->weight[from]);
}

/* One more class behind the best divisions into k: best[end] and where its last class begins, for from <= end
 * < to. The place never goes back as end grows (1-D clusters are intervals; F. Gronlund et al.,
 * arXiv:1701.07204), so each half needs a part of the places only: O(levels log levels). */
typedef struct last_class {
    const levels *l;
    const double *before;
    double *best;
    size_t *cut;
} last_class;

static void add_class(const last_class *c, size_t from, size_t to, size_t first, size_t last)
{
    if (from >= to)
        return;
    size_t end = from + (to - from) / 2, least = first;
    c->best[end] = -1;
    for (size_t at = first; at <= last && at < end; at++) {
        double m = c->before[at] + merit(c->l, at, end);
        if (m > c->best[end]) {
            c->best[end] = m;
            least = at;
        }
    }
    c->cut[end] = least;
    add_class(c, from, end, first, least);
    add_class(c, end + 1, to, least, last);
}

static bool divide(const levels *l, size_t classes, size_t *ends)
{
    size_t n = l->count;
    double *memory = malloc((n + 1) * 2 * sizeof *memory), *before = memory, *best = memory + n + 1;
    size_t *cut = calloc((n + 1) * classes, sizeof *cut);
    bool done = memory && cut;
    for (size_t end = 1; done && end <= n; end++)
        before[end] = merit(l, 0, end);
    for (size_t k = 1; done && k < classes; k++) {
        last_class c = {l, before, best, cut + k * (n + 1)};
        add_class(&c, k + 1, n + 1, k, n - 1);
        double *swap = before;
        before = best;
        best = swap;
    }
    for (size_t k = classes - 1, end = n; done && k > 0; k--)
        end = ends[k - 1] = cut[k * (n + 1) + end];
    free(memory);
    free(cut);
    return done;
}

bool bp_otsu_multi(const bp_histogram *h, size_t classes, size_t *bins)
{
    levels l;
    size_t ends[BP_OTSU_MOST_CLASSES] = {0};
    if (classes < 2 || classes > BP_OTSU_MOST_CLASSES)
        return false;
    bool done = levels_init(&l, h) && l.count >= classes && divide(&l, classes, ends);
    for (size_t i = 0; done && i + 1 < classes; i++)
        bins[i] = l.bins[ends[i] - 1];
    levels_fini(&l);
    return done;
}
