/* SPDX-License-Identifier: BSD-3-Clause
 * One axis of a plot: its range, linear or logarithmic, and where its ticks stand. */
#ifndef BP_REPORT_AXIS_H
#define BP_REPORT_AXIS_H

#include <stdbool.h>
#include <stddef.h>

#define BP_AXIS_MAX_TICKS 16

typedef struct bp_axis {
    bool log;
    double min, max;   /* of what is drawn; min < max */
    double from, to;   /* pixels that min and max fall on */
    size_t tick_count; /* 0 to BP_AXIS_MAX_TICKS */
    double ticks[BP_AXIS_MAX_TICKS];
} bp_axis;

/* An axis over the finite values, in any order, and low = value - spread, high = value + spread where spread
 * is not NULL. log is taken when allowed, all values are positive and they span more than `decades`. Without
 * any finite value the axis spans 0 to 1; a single value gets room around it. */
void bp_axis_init(bp_axis *axis, const double *values, const double *spread, size_t count, bool may_be_log,
                  double decades);
/* Widens the axis for more values of the same kind; the scale stays what it is. */
void bp_axis_widen(bp_axis *axis, const double *values, const double *spread, size_t count);
/* Rounds the range out, sets the ticks, and the pixels at the ends. */
void bp_axis_finish(bp_axis *axis, double from, double to);
/* The pixel of a value; NAN for what a logarithmic axis cannot show. */
double bp_axis_pixel(const bp_axis *axis, double value);

#endif
