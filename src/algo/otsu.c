/* SPDX-License-Identifier: BSD-3-Clause */
#include "algo/otsu.h"

#include <math.h>
#include <stdlib.h>

#define MOST_LEVELS 16777216.0
#define ENOUGH      200.0 /* counts that tell how dense a histogram is at a place, to 7 % */
#define FEW         10.0  /* the same where they are sparse */
#define TAIL        20.0  /* counts at the end of a class that tell how it ends */
#define APART       6.0   /* times their mean distance to it: a gap that is no accident */
#define STIFFEST    0.05  /* of a threshold: it is a maximum, so the true figure is positive */

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

/* Counts and mean bin of each class of all but a part (or NULL); false when one is empty. */
static bool class_means(const bp_histogram *all, const bp_histogram *part, size_t classes, const size_t *bins,
                        double *counts, double *means)
{
    for (size_t k = 0, i = 0; k < classes; k++) {
        size_t end = k + 1 < classes ? bins[k] + 1 : all->count;
        counts[k] = means[k] = 0;
        for (; i < end; i++) {
            double n = (double)(all->counts[i] - (part ? part->counts[i] : 0));
            counts[k] += n;
            means[k] += n * (double)i;
        }
        if (!(counts[k] > 0))
            return false;
        means[k] /= counts[k];
    }
    return true;
}

/* Counts per bin around the upper edge of a bin: from as few bins as hold enough, but not as far as `reach`.
 */
static double density(const bp_histogram *h, size_t bin, double enough, double reach)
{
    double sum = 0, width = 0;
    for (size_t far = 0; sum < enough && (far == 0 || (double)far < reach); far++) {
        sum += bin >= far ? (double)h->counts[bin - far] : 0;
        sum += bin + 1 + far < h->count ? (double)h->counts[bin + 1 + far] : 0;
        width += 2;
    }
    return sum / width;
}

bool bp_otsu_moved(const bp_histogram *all, const bp_histogram *part, size_t classes, const size_t *bins,
                   double *moved)
{
    double n[BP_OTSU_MOST_CLASSES], m[BP_OTSU_MOST_CLASSES], rest_m[BP_OTSU_MOST_CLASSES];
    double above[BP_OTSU_MOST_CLASSES] = {0},
           pull = 0; /* matrix above its diagonal; on the threshold before */
    double unused[BP_OTSU_MOST_CLASSES];
    if (!class_means(all, NULL, classes, bins, n, m) ||
        !class_means(all, part, classes, bins, unused, rest_m))
        return false;
    /* t_k - (m_k + m_k+1) / 2 = 0, m_k a function of t_k-1 and t_k: a tridiagonal system, from the top down
     */
    for (size_t k = 0; k + 1 < classes; k++) {
        double at = (double)bins[k] + 0.5, f = density(all, bins[k], ENOUGH, (m[k + 1] - m[k]) / 8) / 2;
        double diagonal = 1 - f * ((at - m[k]) / n[k] + (m[k + 1] - at) / n[k + 1]);
        double next = k + 2 < classes ? (double)bins[k + 1] + 0.5 : 0;
        moved[k] = (rest_m[k] - m[k] + rest_m[k + 1] - m[k + 1]) / 2;
        if (k > 0) {
            diagonal -= pull * above[k - 1];
            moved[k] -= pull * moved[k - 1];
        }
        diagonal = diagonal < STIFFEST ? STIFFEST : diagonal;
        moved[k] /= diagonal;
        if (k + 2 < classes)
            above[k] = -density(all, bins[k + 1], ENOUGH, (m[k + 2] - m[k + 1]) / 8) / 2 * (next - m[k + 1]) /
                       n[k + 1] / diagonal;
        pull = -f * (m[k + 1] - at) / n[k + 1];
    }
    for (size_t k = classes - 2; k-- > 0;)
        moved[k] -= above[k] * moved[k + 1];
    for (size_t k = 0; k + 1 < classes; k++)
        moved[k] *= all->width;
    return true;
}

double bp_otsu_rounding(const bp_histogram *h, size_t classes, const size_t *bins, size_t k, bool *pinned)
{
    double n[BP_OTSU_MOST_CLASSES], m[BP_OTSU_MOST_CLASSES], counts = 0, far = 0, gap = 0;
    size_t bin = bins[k], at = bin + 1;
    *pinned = false;
    if (!class_means(h, NULL, classes, bins, n, m))
        return NAN;
    while (counts < TAIL && at-- > 0) { /* how far the last counts of the lower class lie below it */
        double more = fmin((double)h->counts[at], TAIL - counts);
        counts += more;
        far += more * (double)(bin - at);
    }
    double excess = at < bin ? (double)(bin - at) - far / counts : 0;
    for (at = bin + 1; at < h->count && h->counts[at] == 0; at++)
        gap++;
    *pinned = gap > APART * fmax(excess, 1);
    if (*pinned) /* the largest of many values with an exponential tail (E. J. Gumbel 1958) */
        return h->width * sqrt(1.0 / 12 + 1.6449 * excess * excess);
    /* as many empty bins lie in between as without any count at a Poisson rate per bin */
    double rate = density(h, (size_t)((m[k] + m[k + 1]) / 2), FEW, (double)h->count);
    double empty = exp(-fmax(rate, 1e-6));
    return h->width * sqrt(1.0 / 12 + empty / ((1 - empty) * (1 - empty)));
}
