/* SPDX-License-Identifier: BSD-3-Clause */
#include "report/axis.h"

#include <math.h>

static void take(bp_axis *axis, double value)
{
    if (!isfinite(value) || (axis->log && value <= 0))
        return;
    if (!(value >= axis->min))
        axis->min = value;
    if (!(value <= axis->max))
        axis->max = value;
}

void bp_axis_widen(bp_axis *axis, const double *values, const double *spread, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        take(axis, values[i]);
        if (!spread || !isfinite(spread[i]))
            continue;
        take(axis, values[i] - spread[i]);
        take(axis, values[i] + spread[i]);
    }
}

void bp_axis_init(bp_axis *axis, const double *values, const double *spread, size_t count, bool may_be_log,
                  double decades)
{
    double low = INFINITY, high = -INFINITY;
    for (size_t i = 0; i < count; i++) {
        if (isfinite(values[i])) {
            low = fmin(low, values[i]);
            high = fmax(high, values[i]);
        }
    }
    *axis = (bp_axis){
        .log = may_be_log && low > 0 && low < high && log10(high / low) > decades, .min = NAN, .max = NAN};
    bp_axis_widen(axis, values, spread, count);
}

/* 1, 2 or 5 times a power of ten: about `wanted` steps over span. */
static double step_of(double span, double wanted)
{
    double raw = span / wanted, power = pow(10, floor(log10(raw))), digit = raw / power;
    return power * (digit < 1.5 ? 1 : digit < 3.5 ? 2 : digit < 7.5 ? 5 : 10);
}

static void linear_ticks(bp_axis *axis)
{
    double step = step_of(axis->max - axis->min, 5), first = floor(axis->min / step);
    axis->min = first * step;
    axis->max = ceil(axis->max / step) * step;
    for (double k = 0; axis->tick_count < BP_AXIS_MAX_TICKS; k++) {
        double tick = (first + k) * step;
        if (tick > axis->max + step / 2)
            break;
        axis->ticks[axis->tick_count++] = tick;
    }
}

static void log_ticks(bp_axis *axis)
{
    double first = floor(log10(axis->min) + 1e-9), last = ceil(log10(axis->max) - 1e-9);
    double stride = ceil((last - first + 1) / 8);
    if (last - first <= 1)
        last = first + 1;
    for (double k = first; k <= last && axis->tick_count < BP_AXIS_MAX_TICKS; k += stride)
        axis->ticks[axis->tick_count++] = pow(10, k);
    double room = 0.03 * log(axis->max / axis->min);
    axis->min *= exp(-room);
    axis->max *= exp(room);
}

void bp_axis_finish(bp_axis *axis, double from, double to)
{
    axis->from = from;
    axis->to = to;
    axis->tick_count = 0;
    if (isnan(axis->min)) {
        axis->min = axis->log ? 1 : 0;
        axis->max = axis->log ? 10 : 1;
    }
    /* rounding alone is no range */
    if (axis->max - axis->min <= 1e-12 * fabs(axis->max)) {
        double room = axis->max == 0 ? 1 : fabs(axis->max) * 0.1;
        axis->log = false;
        axis->min -= room;
        axis->max += room;
    }
    if (axis->log)
        log_ticks(axis);
    else
        linear_ticks(axis);
}

double bp_axis_pixel(const bp_axis *axis, double value)
{
    if (!isfinite(value) || (axis->log && value <= 0))
        return NAN;
    double share = axis->log ? log(value / axis->min) / log(axis->max / axis->min)
                             : (value - axis->min) / (axis->max - axis->min);
    return axis->from + share * (axis->to - axis->from);
}
