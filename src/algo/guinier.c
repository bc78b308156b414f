/* SPDX-License-Identifier: BSD-3-Clause */
#include "algo/guinier.h"

#include <math.h>

/* Weighted regression, of what is taken in one point after the other. */
typedef struct sums {
    double w, x, y, xx, xy;
    size_t count;
} sums;

static void take(sums *s, double x, double y, double weight)
{
    s->w += weight;
    s->x += weight * x;
    s->y += weight * y;
    s->xx += weight * x * x;
    s->xy += weight * x * y;
    s->count++;
}

static bool line_of(const sums *s, bp_line *line)
{
    double spread = s->w * s->xx - s->x * s->x;
    if (s->count < 3 || !(spread > 0) || !isfinite(spread))
        return false;
    line->slope = (s->w * s->xy - s->x * s->y) / spread;
    line->intercept = (s->xx * s->y - s->x * s->xy) / spread;
    line->slope_sigma = sqrt(s->w / spread);
    line->intercept_sigma = sqrt(s->xx / spread);
    line->count = s->count;
    return true;
}

static bool usable(double intensity, double sigma)
{
    return intensity > 0 && sigma > 0 && isfinite(intensity) && isfinite(sigma);
}

/* Points first ... last - 1. */
static bool guinier_line(const double *q, const double *intensity, const double *sigma, size_t first,
                         size_t last, bp_line *line)
{
    sums s = {0};
    for (size_t i = first; i < last; i++)
        if (usable(intensity[i], sigma[i])) {
            double weight = intensity[i] / sigma[i];
            take(&s, q[i] * q[i], log(intensity[i]), weight * weight);
        }
    return line_of(&s, line) && line->slope < 0;
}

/* The same with a term in q^4: polynomials orthogonal over the points; the slope and value at q = 0. */
static bool guinier_curve(const double *q, const double *intensity, const double *sigma, size_t first,
                          size_t last, bp_line *line)
{
    double w = 0, mean = 0, y = 0, square = 0, cube = 0, fall = 0, bend = 0, size = 0, middle, tilt;
    size_t count = 0;
    for (int pass = 0; pass < 3; pass++) {
        middle = w > 0 ? mean / w : 0;
        tilt = square > 0 ? cube / square : 0;
        for (size_t i = first; i < last; i++) {
            if (!usable(intensity[i], sigma[i]))
                continue;
            double strong = intensity[i] / sigma[i], weight = strong * strong, x = q[i] * q[i] - middle;
            double value = log(intensity[i]), second = x * x - tilt * x - square / w;
            count += pass == 0;
            w += pass == 0 ? weight : 0;
            mean += pass == 0 ? weight * x : 0;
            y += pass == 0 ? weight * value : 0;
            square += pass == 1 ? weight * x * x : 0;
            cube += pass == 1 ? weight * x * x * x : 0;
            fall += pass == 1 ? weight * x * value : 0;
            bend += pass == 2 ? weight * second * value : 0;
            size += pass == 2 ? weight * second * second : 0;
        }
    }
    double turn = 2 * middle + tilt, rise = middle * middle + tilt * middle - square / w;
    if (count < 4 || !(square > 0) || !(size > 0) || !isfinite(square + size))
        return false;
    line->slope = fall / square - bend / size * turn;
    line->intercept = y / w - fall / square * middle + bend / size * rise;
    line->slope_sigma = sqrt(1 / square + turn * turn / size);
    line->intercept_sigma = sqrt(1 / w + middle * middle / square + rise * rise / size);
    line->count = count;
    return line->slope < 0;
}

bool bp_guinier_refit(const double *q, const double *intensity, const double *sigma, bp_guinier *g)
{
    bp_line line = {0};
    if (!(g->curved ? guinier_curve : guinier_line)(q, intensity, sigma, g->first, g->last, &line))
        return false;
    double rg = sqrt(-3 * line.slope), i0 = exp(line.intercept);
    *g = (bp_guinier){.rg = rg,
                      .rg_sigma = 3 * line.slope_sigma / (2 * rg),
                      .i0 = i0,
                      .i0_sigma = i0 * line.intercept_sigma,
                      .first = g->first,
                      .last = g->last,
                      .count = line.count,
                      .curved = g->curved};
    return true;
}

bool bp_guinier_fit(const double *q, const double *intensity, const double *sigma, size_t count,
                    double q_from, double limit, bool curved, bp_guinier *g)
{
    enum { ROUNDS = 100 };
    size_t first = 0, usable_count = 0;
    while (first < count && q[first] < q_from)
        first++;
    /* begin with few points, where any curve still is a parabola, and let the range grow or shrink */
    size_t last = first;
    for (; last < count && usable_count < 20; last++)
        usable_count += usable(intensity[last], sigma[last]);
    *g = (bp_guinier){.first = first, .curved = curved};
    for (int round = 0; round < ROUNDS; round++) {
        g->last = last;
        if (!bp_guinier_refit(q, intensity, sigma, g))
            return false;
        size_t next = first;
        while (next < count && q[next] * g->rg <= limit)
            next++;
        if (next == last)
            return true;
        last = next;
    }
    return true; /* it goes to and fro between neighbouring points: either will do */
}

bool bp_porod_fit(const double *q, const double *intensity, const double *sigma, size_t count, double q_from,
                  bp_line *line)
{
    sums s = {0};
    for (size_t i = 0; i < count; i++)
        if (q[i] > 0 && q[i] >= q_from && usable(intensity[i], sigma[i])) {
            double weight = intensity[i] / sigma[i];
            take(&s, log(q[i]), log(intensity[i]), weight * weight);
        }
    return line_of(&s, line);
}

double bp_invariant(const double *q, const double *intensity, size_t count)
{
    double sum = 0;
    size_t before = count, points = 0;
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(intensity[i]))
            continue;
        if (before < count)
            sum += (q[before] * q[before] * intensity[before] + q[i] * q[i] * intensity[i]) / 2 *
                   (q[i] - q[before]);
        before = i;
        points++;
    }
    return points > 1 ? sum : (double)NAN;
}
