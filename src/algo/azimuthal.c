/* SPDX-License-Identifier: BSD-3-Clause */
#include "algo/azimuthal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PI 3.14159265358979323846
/* The largest value stands inside the last bin. */
#define PAST_THE_END (1 + 0x1p-23)

/* A pixel in radial coordinate and azimuth. */
typedef struct place {
    double radial, azimuth, two_theta;
    double corner[4], corner_azimuth[4]; /* around it */
    double low, high;                    /* the interval that it covers */
} place;

static void find_corners(const bp_view *view, bp_radial radial, size_t row, size_t column, place *p)
{
    static const double around[4][2] = {{0, 0}, {1, 0}, {1, 1}, {0, 1}};
    double reach = 0, at[3];
    for (int i = 0; i < 4; i++) {
        bp_view_position(view, (double)row + around[i][0], (double)column + around[i][1], at);
        p->corner[i] = bp_radial_at(view, radial, at);
        p->corner_azimuth[i] = bp_azimuth(at);
        reach = fmax(reach, fabs(p->corner[i] - p->radial));
    }
    p->low = fmax(p->radial - reach, 0);
    p->high = p->radial + reach;
}

static void find_place(const bp_view *view, const bp_azimuthal_setup *s, size_t row, size_t column, place *p)
{
    double at[3];
    bp_view_position(view, (double)row + 0.5, (double)column + 0.5, at);
    p->radial = bp_radial_at(view, s->radial, at);
    p->azimuth = bp_azimuth(at);
    p->two_theta = bp_two_theta(at);
    p->low = p->high = p->radial;
    if (s->split != BP_SPLIT_NO)
        find_corners(view, s->radial, row, column, p);
    if (s->split != BP_SPLIT_FULL)
        return;
    p->low = p->high = p->corner[0];
    for (int i = 0; i < 4; i++) {
        p->low = fmin(p->low, p->corner[i]);
        p->high = fmax(p->high, p->corner[i]);
        /* the azimuth goes on where it jumps */
        double turn = p->corner_azimuth[i] - p->azimuth;
        p->corner_azimuth[i] -= turn > PI ? 2 * PI : turn < -PI ? -2 * PI : 0;
    }
}

/* Integral of the edge (x0, y0) - (x1, y1) over x from a to b. */
static double under_edge(double x0, double y0, double x1, double y1, double a, double b)
{
    bool forward = x1 > x0;
    double left = fmax(a, forward ? x0 : x1), right = fmin(b, forward ? x1 : x0);
    if (!(right > left))
        return 0;
    double slope = (y1 - y0) / (x1 - x0), middle = y0 + slope * ((left + right) / 2 - x0);
    return (forward ? 1 : -1) * middle * (right - left);
}

static double area_between(const place *p, double a, double b)
{
    double area = 0;
    for (int i = 0; i < 4; i++) {
        int k = (i + 1) % 4;
        area += under_edge(p->corner[i], p->corner_azimuth[i] - p->azimuth, p->corner[k],
                           p->corner_azimuth[k] - p->azimuth, a, b);
    }
    return fabs(area);
}

/* The share of a pixel that lies in a bin from a to b. */
static double share_between(const bp_azimuthal_setup *s, const place *p, double a, double b, double area)
{
    if (s->split == BP_SPLIT_FULL)
        return area > 0 ? area_between(p, a, b) / area : 0;
    return (fmin(p->high, b) - fmax(p->low, a)) / (p->high - p->low);
}

/* Shares that grow as pixels come. */
typedef struct builder {
    const bp_azimuthal_setup *setup;
    bp_azimuthal *out;
    size_t count, room;
} builder;

static bool put_share(builder *b, double share)
{
    if (b->count == b->room) {
        size_t room = b->room * 2 + 4096;
        float *shares = room < UINT32_MAX ? realloc(b->out->shares, room * sizeof *shares) : NULL;
        if (!shares)
            return false;
        b->out->shares = shares;
        b->room = room;
    }
    b->out->shares[b->count++] = (float)share;
    return true;
}

static bool share_out(builder *b, size_t pixel, const place *p, size_t sector)
{
    const bp_azimuthal_setup *s = b->setup;
    bp_azimuthal *out = b->out;
    double bins = (double)out->bins;
    double from = floor((p->low - out->low) / out->width), to = floor((p->high - out->low) / out->width);
    if (to < 0 || from >= bins)
        return true;
    size_t first = from > 0 ? (size_t)from : 0, last = to < bins ? (size_t)to : out->bins - 1;
    double area = s->split == BP_SPLIT_FULL ? area_between(p, p->low, p->high) : 0;
    out->first[pixel] = (uint32_t)(sector * out->bins + first);
    if (from == to || !(p->high > p->low))
        return put_share(b, 1);
    for (size_t bin = first; bin <= last; bin++) {
        double left = out->low + (double)bin * out->width;
        if (!put_share(b, share_between(s, p, left, left + out->width, area)))
            return false;
    }
    return true;
}

static bool used(const bp_azimuthal_setup *s, size_t pixel)
{
    return !(s->excluded && s->excluded[pixel]) && !(s->flat && !(s->flat[pixel] > 0));
}

/* What the pixels reach. */
static bp_status find_range(bp_context *ctx, const bp_azimuthal_setup *s, const bp_view *view,
                            bp_azimuthal *out)
{
    double low = s->low, high = s->high;
    if (!(low < high)) {
        low = INFINITY;
        high = -INFINITY;
        for (size_t i = 0; i < out->pixels; i++) {
            place p;
            if (!used(s, i))
                continue;
            find_place(view, s, i / s->columns, i % s->columns, &p);
            low = fmin(low, p.low);
            high = fmax(high, p.high);
        }
        high *= PAST_THE_END;
    }
    if (!(low < high) || !isfinite(high - low))
        return bp_fail(ctx, BP_E_INPUT, "no pixel takes part: all are masked");
    out->low = low;
    out->width = (high - low) / (double)out->bins;
    return BP_OK;
}

static bp_status build(bp_context *ctx, const bp_azimuthal_setup *s, const bp_view *view, bp_azimuthal *out)
{
    builder b = {.setup = s, .out = out};
    double sector_width = (s->to - s->from) / (double)s->sectors;
    for (size_t i = 0; i < out->pixels; i++) {
        size_t row = i / s->columns, column = i % s->columns;
        place p;
        out->starts[i] = (uint32_t)b.count;
        if (!used(s, i))
            continue;
        find_place(view, s, row, column, &p);
        double sector = s->sectors > 1 ? floor((p.azimuth - s->from) / sector_width) : 0;
        if (sector < 0 || sector >= (double)s->sectors)
            continue;
        out->even[i] =
            (s->flat ? s->flat[i] : 1) *
            (s->solid_angle ? bp_solid_angle(view, (double)row + 0.5, (double)column + 0.5) : 1) *
            (isnan(s->polarisation) ? 1 : bp_polarisation(p.two_theta, p.azimuth, s->polarisation));
        if (!share_out(&b, i, &p, (size_t)sector))
            return bp_fail(ctx, BP_E_MEMORY, "no memory for a matrix of %zu bins", s->bins);
    }
    out->starts[out->pixels] = (uint32_t)b.count;
    return b.count ? BP_OK
                   : bp_fail(ctx, BP_E_INPUT, "no pixel that takes part lies in the range of the bins");
}

bp_status bp_azimuthal_init(bp_context *ctx, const bp_azimuthal_setup *s, bp_azimuthal *out)
{
    bp_view view;
    memset(out, 0, sizeof *out);
    out->pixels = s->rows * s->columns;
    out->bins = s->bins;
    out->sectors = s->sectors;
    out->first = calloc(out->pixels + 1, sizeof *out->first);
    out->starts = malloc((out->pixels + 1) * sizeof *out->starts);
    out->even = calloc(out->pixels + 1, sizeof *out->even);
    if (!out->first || !out->starts || !out->even)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for a matrix of %zu pixels", out->pixels);
    bp_view_init(&view, s->geometry);
    bp_status status = find_range(ctx, s, &view, out);
    return status == BP_OK ? build(ctx, s, &view, out) : status;
}

void bp_azimuthal_fini(bp_azimuthal *azimuthal)
{
    free(azimuthal->first);
    free(azimuthal->starts);
    free(azimuthal->shares);
    free(azimuthal->even);
    memset(azimuthal, 0, sizeof *azimuthal);
}

void bp_azimuthal_add(const bp_azimuthal *a, const double *frame, const double *dark, const uint8_t *skip,
                      const uint8_t *groups, bp_cell *cells)
{
    size_t all = a->bins * a->sectors;
    for (size_t i = 0; i < a->pixels; i++) {
        if (a->starts[i] == a->starts[i + 1] || (skip && skip[i]))
            continue;
        bp_cell *cell = cells + (groups ? groups[i] * all : 0) + a->first[i];
        double value = frame[i], signal = dark ? value - dark[i] : value, even = a->even[i];
        for (uint32_t k = a->starts[i]; k < a->starts[i + 1]; k++, cell++) {
            double share = (double)a->shares[k];
            cell->signal += share * signal;
            cell->variance += share * share * value;
            cell->even += share * even;
            cell->count += share;
        }
    }
}

/* Sums of the squares of what is expected, and, for values that are no counts, of their deviations. */
static void find_spread(const bp_azimuthal *a, const double *frame, const double *dark, bool poisson,
                        const uint8_t *skip, const bp_cell *cells, bp_cell *spread)
{
    memset(spread, 0, a->bins * a->sectors * sizeof *spread);
    for (size_t i = 0; i < a->pixels; i++) {
        if (skip[i] || a->starts[i] == a->starts[i + 1])
            continue;
        const bp_cell *cell = cells + a->first[i];
        double value = (dark ? frame[i] - dark[i] : frame[i]) - a->even[i] * cell->signal / cell->even;
        spread[a->first[i]].even += a->even[i] * a->even[i];
        spread[a->first[i]].variance += poisson ? frame[i] : value * value;
    }
}

void bp_azimuthal_clip(const bp_azimuthal *a, const double *frame, const double *dark, double limit,
                       unsigned rounds, bool poisson, uint8_t *skip, bp_cell *cells)
{
    size_t all = a->bins * a->sectors;
    bp_cell *spread = cells + all;
    for (unsigned round = 0, found = 1; round < rounds && found; round++) {
        found = 0;
        memset(cells, 0, all * sizeof *cells);
        bp_azimuthal_add(a, frame, dark, skip, NULL, cells);
        find_spread(a, frame, dark, poisson, skip, cells, spread);
        for (size_t i = 0; i < a->pixels; i++) {
            if (skip[i] || a->starts[i] == a->starts[i + 1])
                continue;
            const bp_cell *cell = cells + a->first[i], *s = spread + a->first[i];
            double mean = cell->signal / cell->even, value = dark ? frame[i] - dark[i] : frame[i];
            if (fabs(value / a->even[i] - mean) > limit * sqrt(s->variance / s->even)) {
                skip[i] = 1;
                found = 1;
            }
        }
    }
}
