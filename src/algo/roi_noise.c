/* SPDX-License-Identifier: BSD-3-Clause */
#include "algo/roi_noise.h"

#include <math.h>
#include <stdlib.h>

#include "algo/roi.h"

#define REGION 32  /* bins, either way */
#define LEAST  100 /* pairs of neighbours that say something */
#define FEW    12  /* regions that a line is put through */

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

/* From the differences of neighbours: their median, or, where most bins are equal, their root mean square.
 * False when there are few. */
static bool region_noise(const double *bins, const uint8_t *is_free, size_t bin_rows, size_t bin_columns,
                         size_t by, size_t bx, double *work, bp_roi_region *region)
{
    size_t count = 0;
    double squares = 0, sum = 0;
    for (size_t y = by; y < by + REGION && y < bin_rows; y++)
        for (size_t x = bx; x + 1 < bx + REGION && x + 1 < bin_columns; x++) {
            size_t i = y * bin_columns + x;
            if (!is_free[i] || !is_free[i + 1])
                continue;
            double d = bins[i + 1] - bins[i];
            work[count++] = fabs(d);
            squares += d * d;
            sum += bins[i];
        }
    if (count < LEAST)
        return false;
    qsort(work, count, sizeof *work, by_value);
    double median = work[count / 2];
    region->mean = sum / (double)count;
    region->noise =
        median > 0 ? median * 1.482602218505602 * 0.7071067811865476 : sqrt(squares / (2 * (double)count));
    return region->noise > 0;
}

size_t bp_roi_regions_most(size_t rows, size_t columns, size_t bin)
{
    return (((rows + bin - 1) / bin + REGION - 1) / REGION) *
           (((columns + bin - 1) / bin + REGION - 1) / REGION);
}

bool bp_roi_regions(const double *frame, const uint8_t *exact, size_t rows, size_t columns, size_t bin,
                    bp_roi_region *regions, size_t *count)
{
    size_t bin_rows = (rows + bin - 1) / bin, bin_columns = (columns + bin - 1) / bin;
    double *bins = malloc((bin_rows * bin_columns + REGION * REGION + 1) * sizeof *bins);
    uint8_t *is_free = malloc(bin_rows * bin_columns + 1);
    bool done = bins && is_free;
    *count = 0;
    if (done) {
        double *work = bins + bin_rows * bin_columns;
        bp_roi_bin(frame, exact, rows, columns, bin, bins);
        for (size_t y = 0; y < bin_rows; y++)
            for (size_t x = 0; x < bin_columns; x++)
                is_free[y * bin_columns + x] = bin_is_free(exact, rows, columns, bin, y, x);
        for (size_t y = 0; y < bin_rows; y += REGION)
            for (size_t x = 0; x < bin_columns; x += REGION)
                *count += region_noise(bins, is_free, bin_rows, bin_columns, y, x, work, &regions[*count]);
    }
    free(bins);
    free(is_free);
    return done;
}

/* Weighted straight line of the variance over the mean; weights are those of variances, first the found ones,
 * then those of the line. False when it does not rise, or is not above 0 for all regions. */
static bool line_of(const bp_roi_region *regions, size_t count, double *constant, double *slope)
{
    double s = 0, sx = 0, sy = 0, sxx = 0, sxy = 0;
    for (size_t i = 0; i < count; i++) {
        double y = regions[i].noise * regions[i].noise, x = regions[i].mean;
        double v = *slope > 0 ? *constant + *slope * x : y;
        if (!(v > 0))
            return false;
        double w = 1 / (v * v);
        s += w;
        sx += w * x;
        sy += w * y;
        sxx += w * x * x;
        sxy += w * x * y;
    }
    double below = s * sxx - sx * sx;
    *slope = below > 0 ? (s * sxy - sx * sy) / below : 0;
    *constant = (sy - *slope * sx) / s;
    for (size_t i = 0; i < count; i++)
        if (!(*constant + *slope * regions[i].mean > 0))
            return false;
    return *slope > 0;
}

bool bp_roi_noise_of(const bp_roi_region *regions, size_t count, bp_roi_noise *noise)
{
    double *ratios = malloc((count + 1) * sizeof *ratios), constant = 0, slope = 0;
    *noise = (bp_roi_noise){0};
    if (!ratios || count == 0) {
        free(ratios);
        return false;
    }
    bool line = count >= FEW && line_of(regions, count, &constant, &slope) &&
                line_of(regions, count, &constant, &slope);
    for (size_t i = 0; i < count; i++)
        ratios[i] = regions[i].noise / (line ? sqrt(constant + slope * regions[i].mean) : 1);
    qsort(ratios, count, sizeof *ratios, by_value);
    double least = ratios[count / 10];
    if (line) {
        least = least < 1 ? least * least : 1;
        noise->gain = slope * least;
        noise->read_noise = constant > 0 ? sqrt(constant * least) : 0;
        noise->offset = constant > 0 ? 0 : -constant / slope;
    } else
        noise->read_noise = least;
    free(ratios);
    return true;
}
