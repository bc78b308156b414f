/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>

#include "algo/darkflat.h"
#include "algo/plain_log.h"

void bp_darkflat_range(const double *flat, const double *dark, size_t count, double minimum, double *range)
{
    for (size_t i = 0; i < count; i++) {
        double d = flat[i] - dark[i];
        range[i] = d > minimum ? d : minimum;
    }
}

void bp_divide_by_air(double *row, size_t columns, size_t air)
{
    double left = 0, right = 0;
    for (size_t x = 0; x < air; x++) {
        left += row[x] / (double)air;
        right += row[columns - 1 - x] / (double)air;
    }
    left = left > 0 ? left : 1;
    right = right > 0 ? right : 1;
    double slope = columns > 1 ? (right - left) / (double)(columns - 1) : 0;
    for (size_t x = 0; x < columns; x++)
        row[x] /= left + slope * (double)x;
}

size_t bp_darkflat_run(const bp_darkflat *options, const double *dark, const double *range, size_t rows,
                       size_t columns, double *values)
{
    size_t raised = 0, count = rows * columns;
    for (size_t i = 0; i < count; i++)
        values[i] = (values[i] - dark[i]) / range[i];
    for (size_t y = 0; options->air && y < rows; y++)
        bp_divide_by_air(values + y * columns, columns, options->air < columns ? options->air : columns);
    for (size_t i = 0; !isnan(options->cut) && i < count; i++)
        values[i] = values[i] > options->cut ? options->cut : values[i];
    for (size_t i = 0; options->logarithm && i < count; i++) {
        raised += values[i] < options->least;
        values[i] = -bp_plain_log(values[i] > options->least ? values[i] : options->least);
    }
    return raised;
}
