/* SPDX-License-Identifier: BSD-3-Clause */
#include "algo/spot_sum.h"

#include <math.h>

typedef struct window {
    const void *frame;
    bp_dtype dtype;
    size_t columns;
    long cx, cy, reach;
} window;

static double value_at(const window *w, long dx, long dy)
{
    size_t pixel = (size_t)(w->cy + dy) * w->columns + (size_t)(w->cx + dx);
    return w->dtype == BP_F64 ? ((const double *)w->frame)[pixel]
                              : (double)bp_pixel(w->frame, w->dtype, pixel);
}

static bool all_good(const window *w, const uint8_t *excluded)
{
    for (long dy = -w->reach; dy <= w->reach; dy++)
        for (long dx = -w->reach; dx <= w->reach; dx++) {
            size_t pixel = (size_t)(w->cy + dy) * w->columns + (size_t)(w->cx + dx);
            if (dx * dx + dy * dy <= w->reach * w->reach &&
                ((excluded && excluded[pixel]) || !isfinite(value_at(w, dx, dy))))
                return false;
        }
    return true;
}

static bool find_background(const window *w, const bp_spot_rings *rings, bp_spot *spot)
{
    long middle = (long)rings->middle, outer = (long)rings->outer;
    double n = 0, sum = 0, squares = 0;
    for (long dy = -outer; dy <= outer; dy++)
        for (long dx = -outer; dx <= outer; dx++) {
            long d = dx * dx + dy * dy;
            if (d < middle * middle || d > outer * outer)
                continue;
            double v = value_at(w, dx, dy);
            n++;
            sum += v;
            squares += v * v;
        }
    spot->background = sum / n;
    double variance = squares / n - spot->background * spot->background;
    spot->scatter = sqrt(variance > 0 ? variance : 0);
    return n > 0;
}

bool bp_spot_sum(const void *frame, bp_dtype dtype, size_t rows, size_t columns, const uint8_t *excluded,
                 const bp_spot_rings *rings, double x, double y, bp_spot *spot)
{
    long inner = (long)rings->inner;
    window w = {frame, dtype, columns, 0, 0, (long)(inner > (long)rings->outer ? inner : rings->outer)};
    *spot = (bp_spot){NAN, NAN, NAN, NAN, NAN, NAN};
    if (!(x >= 0 && y >= 0 && x < (double)columns && y < (double)rows))
        return false;
    w.cx = (long)x;
    w.cy = (long)y;
    if (w.cx < w.reach || w.cy < w.reach || w.cx + w.reach >= (long)columns || w.cy + w.reach >= (long)rows ||
        !all_good(&w, excluded) || !find_background(&w, rings, spot))
        return false;
    double n = 0, sum = 0, sx = 0, sy = 0;
    for (long dy = -inner; dy <= inner; dy++)
        for (long dx = -inner; dx <= inner; dx++) {
            if (dx * dx + dy * dy > inner * inner)
                continue;
            double v = value_at(&w, dx, dy) - spot->background;
            n++;
            sum += v;
            sx += v * (double)dx;
            sy += v * (double)dy;
        }
    double variance = n * spot->scatter * spot->scatter + rings->gain * sum;
    spot->intensity = sum;
    spot->sigma = sqrt(variance > 0 ? variance : 0);
    spot->x = (double)w.cx + 0.5 + (sum > 0 ? sx / sum : 0);
    spot->y = (double)w.cy + 0.5 + (sum > 0 ? sy / sum : 0);
    return true;
}
