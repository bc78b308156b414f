/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>
#include <stdlib.h>

#include "algo/roi.h"

#define REGION 32  /* bins, either way */
#define LEAST  100 /* pairs of neighbours that say something */

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static bool bin_is_free(const uint8_t *exact, size_t rows, size_t columns, size_t bin, size_t by, size_t bx)
{
    for (size_t y = by * bin; y < (by + 1) * bin; y++)
        for (size_t x = bx * bin; x < (bx + 1) * bin; x++)
            if (y >= rows || x >= columns || exact[y * columns + x])
                return false;
    return true;
}

/* Scatter of a bin from the differences of neighbours in a region: their median, or, of frames where most
 * bins are equal, their root mean square. NAN when there are few. */
static double region_noise(const double *bins, const uint8_t *is_free, size_t bin_rows, size_t bin_columns,
                           size_t by, size_t bx, double *work)
{
    size_t count = 0;
    double squares = 0;
    for (size_t y = by; y < by + REGION && y < bin_rows; y++)
        for (size_t x = bx; x + 1 < bx + REGION && x + 1 < bin_columns; x++) {
            size_t i = y * bin_columns + x;
            if (!is_free[i] || !is_free[i + 1])
                continue;
            double d = bins[i + 1] - bins[i];
            work[count++] = fabs(d);
            squares += d * d;
        }
    if (count < LEAST)
        return NAN;
    qsort(work, count, sizeof *work, by_value);
    double median = work[count / 2];
    return median > 0 ? median * 1.482602218505602 * 0.7071067811865476 : sqrt(squares / (2 * (double)count));
}

double bp_roi_noise(const double *frame, const uint8_t *exact, size_t rows, size_t columns, size_t bin)
{
    size_t bin_rows = (rows + bin - 1) / bin, bin_columns = (columns + bin - 1) / bin, found = 0;
    size_t regions = (bin_rows / REGION + 1) * (bin_columns / REGION + 1);
    double *bins = malloc((bin_rows * bin_columns + REGION * REGION + regions + 1) * sizeof *bins);
    uint8_t *is_free = malloc(bin_rows * bin_columns + 1);
    double noise = NAN;
    if (bins && is_free) {
        double *work = bins + bin_rows * bin_columns, *of_regions = work + REGION * REGION;
        bp_roi_bin(frame, exact, rows, columns, bin, bins);
        for (size_t y = 0; y < bin_rows; y++)
            for (size_t x = 0; x < bin_columns; x++)
                is_free[y * bin_columns + x] = bin_is_free(exact, rows, columns, bin, y, x);
        for (size_t y = 0; y < bin_rows; y += REGION)
            for (size_t x = 0; x < bin_columns; x += REGION) {
                double here = region_noise(bins, is_free, bin_rows, bin_columns, y, x, work);
                if (here > 0)
                    of_regions[found++] = here;
            }
        qsort(of_regions, found, sizeof *of_regions, by_value);
        noise = found ? of_regions[found / 10] : NAN;
    }
    free(bins);
    free(is_free);
    return noise;
}
