/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>
#include <string.h>

#include "algo/common_mode.h"

/* The value at place k of the rising order (C. A. R. Hoare's Find). */
static double at_place(double *v, size_t count, size_t k)
{
    size_t low = 0, high = count - 1;
    while (low < high) {
        double pivot = v[low + (high - low) / 2];
        size_t i = low, j = high;
        for (;;) {
            while (v[i] < pivot)
                i++;
            while (pivot < v[j])
                j--;
            if (i >= j)
                break;
            double t = v[i];
            v[i++] = v[j];
            v[j--] = t;
        }
        if (k <= j)
            high = j;
        else
            low = j + 1;
    }
    return v[k];
}

double bp_median_of(double *values, size_t count)
{
    double upper = at_place(values, count, count / 2);
    if (count % 2)
        return upper;
    double lower = values[0]; /* the greatest of those before it */
    for (size_t i = 1; i < count / 2; i++)
        lower = values[i] > lower ? values[i] : lower;
    return (lower + upper) / 2;
}

/* The offset that the values have in common. work: as many. */
static double offset_of(const bp_common_mode *options, const double *values, size_t count, double *work)
{
    memcpy(work, values, count * sizeof *work);
    double offset = bp_median_of(work, count);
    for (size_t round = 0; round < options->rounds; round++) {
        double noise = options->noise;
        if (isnan(noise)) {
            for (size_t i = 0; i < count; i++)
                work[i] = fabs(values[i] - offset);
            noise = 1.4826 * bp_median_of(work, count);
        }
        size_t near = 0;
        for (size_t i = 0; i < count; i++)
            if (fabs(values[i] - offset) < options->sigmas * noise)
                work[near++] = values[i];
        double next = near ? bp_median_of(work, near) : offset;
        if (next == offset)
            break;
        offset = next;
    }
    return offset;
}

double bp_common_mode_remove(const bp_common_mode *options, size_t rows, size_t columns,
                             const uint8_t *labels, double *values, double *scratch)
{
    double *block = scratch, *work = scratch + options->rows * options->columns, sum = 0, blocks = 0;
    for (size_t y0 = 0; y0 < rows; y0 += options->rows)
        for (size_t x0 = 0; x0 < columns; x0 += options->columns) {
            size_t y1 = y0 + options->rows < rows ? y0 + options->rows : rows, count = 0;
            size_t x1 = x0 + options->columns < columns ? x0 + options->columns : columns;
            for (size_t y = y0; y < y1; y++)
                for (size_t x = x0; x < x1; x++)
                    if (!labels || !labels[y * columns + x])
                        block[count++] = values[y * columns + x];
            if (!count)
                continue;
            double offset = offset_of(options, block, count, work);
            for (size_t y = y0; y < y1; y++)
                for (size_t x = x0; x < x1; x++)
                    values[y * columns + x] -= labels && labels[y * columns + x] ? 0 : offset;
            sum += fabs(offset);
            blocks++;
        }
    return blocks > 0 ? sum / blocks : 0;
}
