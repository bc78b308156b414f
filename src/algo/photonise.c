/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>
#include <string.h>

#include "algo/photonise.h"

void bp_photonise_round(const double *values, const uint8_t *labels, size_t count, double threshold,
                        double *counts)
{
    /* floor without a call: rounded by what the sum loses its fraction in, and down where that went up */
    const double whole = 6755399441055744.0, shift = 1 - threshold; /* 3 * 2^51 */
    for (size_t i = 0; i < count; i++) {
        double v = values[i] + shift;
        v = v > 0 ? v : 0;
        double n = (v + whole) - whole;
        counts[i] = n > v ? n - 1 : n;
    }
    for (size_t i = 0; labels && i < count; i++)
        counts[i] = labels[i] ? 0 : counts[i];
}

typedef struct plane {
    const double *values;
    size_t rows, columns;
    double *rest;   /* what of a pixel's value is in no photon yet; -INFINITY outside of droplets */
    double *key;    /* the rest as the heap below knows it, which may have become less since */
    double *list;   /* places of the pixels of a droplet; then a heap of them, largest key first */
    double *counts; /* -1: in a droplet that was not looked at yet */
} plane;

/* The 4 neighbours inside the plane. */
static size_t neighbours(const plane *p, size_t at, size_t *places)
{
    size_t x = at % p->columns, count = 0;
    if (at >= p->columns)
        places[count++] = at - p->columns;
    if (x)
        places[count++] = at - 1;
    if (x + 1 < p->columns)
        places[count++] = at + 1;
    if (at + p->columns < p->rows * p->columns)
        places[count++] = at + p->columns;
    return count;
}

/* Lists the droplet that `first` is in; returns its pixels. */
static size_t gather(const plane *p, size_t first)
{
    size_t count = 0, places[4];
    p->list[count++] = (double)first;
    p->counts[first] = 0;
    for (size_t done = 0; done < count; done++) {
        size_t n = neighbours(p, (size_t)p->list[done], places);
        for (size_t k = 0; k < n; k++)
            if (p->counts[places[k]] < 0) {
                p->counts[places[k]] = 0;
                p->list[count++] = (double)places[k];
            }
    }
    return count;
}

/* Of equal keys, the first in the order of the frame goes before. */
static int before(const plane *p, size_t a, size_t b)
{
    double x = p->key[(size_t)p->list[a]], y = p->key[(size_t)p->list[b]];
    return x > y || (x == y && p->list[a] < p->list[b]);
}

static void sift(const plane *p, size_t i, size_t count)
{
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= count)
            return;
        if (child + 1 < count && before(p, child + 1, child))
            child++;
        if (!before(p, child, i))
            return;
        double t = p->list[i];
        p->list[i] = p->list[child];
        p->list[child] = t;
        i = child;
    }
}

/* The pixel with the largest rest: rests only fall, so that an old key is set right when it comes up. */
static size_t largest(const plane *p, size_t count)
{
    size_t at = (size_t)p->list[0];
    while (p->key[at] != p->rest[at]) {
        p->key[at] = p->rest[at];
        sift(p, 0, count);
        at = (size_t)p->list[0];
    }
    return at;
}

static void place_one(const plane *p, size_t count)
{
    size_t at = largest(p, count), places[4], n = neighbours(p, at, places);
    double missing = 1 - p->rest[at];
    p->counts[at]++;
    p->rest[at] = 0;
    size_t from = SIZE_MAX;
    for (size_t k = 0; k < n; k++)
        if (p->rest[places[k]] > 0 && (from == SIZE_MAX || p->rest[places[k]] > p->rest[from]))
            from = places[k];
    if (from != SIZE_MAX && missing > 0)
        p->rest[from] = p->rest[from] > missing ? p->rest[from] - missing : 0;
}

static void place(const plane *p, size_t count)
{
    double sum = 0, placed = 0;
    for (size_t k = 0; k < count; k++) {
        size_t at = (size_t)p->list[k];
        double whole = floor(p->values[at]);
        sum += p->values[at];
        p->counts[at] = whole > 0 ? whole : 0;
        p->rest[at] = p->values[at] - p->counts[at];
        p->key[at] = p->rest[at];
        placed += p->counts[at];
    }
    for (size_t i = count / 2; i-- > 0;)
        sift(p, i, count);
    for (double photons = rint(sum); placed < photons; placed++)
        place_one(p, count);
    for (size_t k = 0; k < count; k++)
        p->rest[(size_t)p->list[k]] = -(double)INFINITY; /* no neighbour of a later droplet */
}

size_t bp_photonise_droplets(const double *values, const uint8_t *labels, size_t rows, size_t columns,
                             double seed, double *counts, double *scratch)
{
    size_t pixels = rows * columns, droplets = 0;
    if (columns == 0)
        return 0;
    plane p = {values, rows, columns, scratch, scratch + pixels, scratch + 2 * pixels, counts};
    for (size_t i = 0; i < pixels; i++) {
        counts[i] = values[i] > seed && !(labels && labels[i]) ? -1 : 0;
        p.rest[i] = -(double)INFINITY;
    }
    for (size_t i = 0; i < pixels; i++)
        if (counts[i] < 0) {
            place(&p, gather(&p, i));
            droplets++;
        }
    return droplets;
}
