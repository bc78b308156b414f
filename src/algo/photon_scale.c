/* SPDX-License-Identifier: BSD-3-Clause
 * Calibrated counts: is there a scale, of which all values are multiples, each rounded once? */
#include <math.h>

#include "algo/photon_scale.h"

#define MOST_TRIALS 64

/* How far a value may be from the true multiple, relative: half a unit in its last place. */
static double rounding_of(bp_dtype dtype)
{
    return dtype == BP_F32 ? 0x1p-24 : 0x1p-53;
}

/* Euclid's algorithm on values with errors, from small values to large. A guess only. */
static double common_divisor(const double *values, size_t count, double rounding)
{
    double g = values[0];
    unsigned changes = 0;
    for (size_t i = 1; i < count; i++) {
        double q = rint(values[i] / g), rest = fabs(values[i] - q * g);
        double error = 4 * rounding * values[i];
        if (q > BP_PHOTON_MOST_NUMBER || error * 4 > g)
            break;
        if (rest <= error) {
            g = values[i] / q;
            continue;
        }
        for (double a = g, b = rest; b > error; b = rest) {
            rest = fabs(a - rint(a / b) * b);
            a = b;
            g = b;
        }
        if (++changes > MOST_TRIALS || g < 8 * error)
            return 0;
    }
    return g;
}

static size_t count_on_grid(const bp_photon_map *map, const double *values, size_t count)
{
    size_t on = 0;
    for (size_t i = 0; i < count; i++) {
        bool divide = map->kind == BP_PHOTON_KIND_DIVIDE;
        double n = rint(divide ? values[i] * map->scale : values[i] / map->scale);
        double back = divide ? n / map->scale : n * map->scale;
        bool same = map->dtype == BP_F32 ? (float)back == (float)values[i] : back == values[i];
        on += same && n <= BP_PHOTON_MOST_NUMBER;
    }
    return on;
}

/* Every value says between which bounds the scale is. A value that contradicts the others is passed over. */
static double narrow_down(const double *values, size_t count, double guess, double rounding)
{
    double low = 0, high = INFINITY, scale = guess;
    for (size_t i = 0; i < count; i++) {
        double n = rint(values[i] / scale), margin = values[i] * rounding * 0.999;
        double from = (values[i] - margin) / n, to = (values[i] + margin) / n;
        if (n < 1 || from > high || to < low)
            continue;
        low = from > low ? from : low;
        high = to < high ? to : high;
        scale = low + (high - low) / 2;
    }
    double single = (double)(float)scale;
    return single >= low && single <= high ? single : scale;
}

static void try_scale(bp_photon_map *map, bp_photon_kind kind, double scale, const double *values,
                      size_t count, size_t *best)
{
    bp_photon_map trial = *map;
    trial.kind = kind;
    trial.scale = scale;
    size_t on = scale > 0 && scale < INFINITY ? count_on_grid(&trial, values, count) : 0;
    if (on > *best) {
        *best = on;
        map->kind = kind;
        map->scale = scale;
    }
}

/* What somebody may have written, and the next numbers on either side. */
static void try_near(bp_photon_map *map, bp_photon_kind kind, double scale, const double *values,
                     size_t count, size_t *best)
{
    const double decimals = 1e6;
    double near[] = {rint(scale), (double)(float)scale,       rint(scale * decimals) / decimals,
                     scale,       nextafter(scale, INFINITY), nextafter(scale, 0)};
    for (size_t i = 0; i < sizeof near / sizeof near[0] && *best < count; i++)
        try_scale(map, kind, near[i], values, count, best);
}

bool bp_photon_scale_whole(const double *values, size_t count)
{
    size_t whole = 0;
    for (size_t i = 0; i < count; i++) {
        double v = values[i] < BP_PHOTON_MOST_NUMBER ? values[i] : 0.5;
        whole += v == (double)(int32_t)v;
    }
    return whole >= count - count / 20;
}

bool bp_photon_scale_find(const double *values, size_t count, bp_photon_map *map)
{
    size_t best = 0, enough = count - count / 20;
    double rounding = rounding_of(map->dtype), guess = common_divisor(values, count, rounding);
    if (guess <= 0)
        return false;
    double scale = narrow_down(values, count, guess, rounding);
    try_scale(map, BP_PHOTON_KIND_SCALE, scale, values, count, &best);
    if (best < count) {
        try_near(map, BP_PHOTON_KIND_SCALE, scale, values, count, &best);
        try_near(map, BP_PHOTON_KIND_DIVIDE, 1 / scale, values, count, &best);
    }
    return best >= enough;
}
