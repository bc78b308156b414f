/* SPDX-License-Identifier: BSD-3-Clause */
#include "algo/rotation_centre.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "algo/fft.h"
#include "base/checked.h"

#define PI          3.14159265358979323846
#define RATIO       0.5 /* of the object's width and the row's */
#define REACH       4   /* of a Gaussian, in its standard deviations */
#define MOST_COLUMN 1000
#define MOST_ANGLES 1000

static size_t clipped(double value, size_t most)
{
    return value <= 0 ? 0 : value >= (double)most ? most : (size_t)value;
}

void bp_wedge_mask(size_t height, size_t width, double radius, uint8_t *mask)
{
    double du = 1 / (double)width, dv = ((double)height - 1) / ((double)height * 2 * PI);
    double middle_row = ceil(((double)height - 1) / 2), middle = ceil(((double)width - 1) / 2);
    size_t drop = (size_t)(0.05 * (double)height);
    drop = drop < 20 ? drop : 20;
    for (size_t i = 0; i < height; i++) {
        uint8_t *row = mask + i * width;
        double from_middle = (double)i - middle_row, reach = fabs(ceil(from_middle * dv / radius / du));
        memset(row, 0, width);
        if (fabs(from_middle) <= (double)drop)
            continue;
        size_t first = clipped(middle - reach, width - 1), last = clipped(middle + reach, width - 1);
        memset(row + first, 1, last - first + 1);
        first = clipped(middle - 1, width);
        last = clipped(middle + 2, width);
        memset(row + first, 0, last - first);
    }
}

/* Index i of a line of n values that goes on in its mirror image, border values twice. */
static size_t mirrored(long i, long n)
{
    long period = 2 * n;
    i = ((i % period) + period) % period;
    return (size_t)(i < n ? i : period - 1 - i);
}

bool bp_gauss_smooth(double *image, size_t rows, size_t columns, double down, double across)
{
    size_t longest = rows > columns ? rows : columns;
    double most = down > across ? down : across;
    long reach_most = (long)(REACH * most + 0.5);
    double *line = malloc((longest + 2 * (size_t)reach_most + 1) * sizeof *line);
    if (!line)
        return false;
    double *weights = line + longest;
    for (int axis = 0; axis < 2; axis++) {
        double sigma = axis ? across : down, sum = 0;
        long reach = (long)(REACH * sigma + 0.5), n = (long)(axis ? columns : rows);
        size_t lines = axis ? rows : columns, step = axis ? 1 : columns, next = axis ? columns : 1;
        for (long k = -reach; k <= reach; k++)
            sum += weights[k + reach] = exp(-0.5 * (double)(k * k) / (sigma * sigma));
        for (size_t l = 0; l < lines; l++) {
            double *at = image + l * next;
            for (long i = 0; i < n; i++)
                line[i] = at[(size_t)i * step];
            for (long i = 0; i < n; i++) {
                double total = 0;
                for (long k = -reach; k <= reach; k++)
                    total += weights[k + reach] * line[mirrored(i + k, n)];
                at[(size_t)i * step] = total / sum;
            }
        }
    }
    free(line);
    return true;
}

/* Coefficients of the cubic spline through n values, mirrored about its ends (M. Unser, IEEE Signal
 * Processing Magazine 16 (1999) 22). */
static void spline_coefficients(double *c, size_t n)
{
    const double pole = sqrt(3) - 2;
    if (n < 2)
        return;
    double power = pole, sum = c[0], last = pow(pole, (double)(n - 1));
    sum += last * c[n - 1];
    /* in long rows the rest is nothing, and last^2 / power would be 0 / 0 */
    for (size_t i = 1; i + 1 < n && fabs(power) > 1e-40; i++, power *= pole)
        sum += (power + last * last / power) * c[i];
    c[0] = sum / (1 - last * last);
    for (size_t i = 1; i < n; i++)
        c[i] += pole * c[i - 1];
    c[n - 1] = pole / (pole * pole - 1) * (c[n - 1] + pole * c[n - 2]);
    for (size_t i = n - 1; i-- > 0;)
        c[i] = pole * (c[i + 1] - c[i]);
    for (size_t i = 0; i < n; i++)
        c[i] *= 6;
}

static double spline_at(const double *c, size_t n, double x)
{
    if (!(x >= 0 && x <= (double)(n - 1)))
        return 0;
    long k = (long)floor(x), period = 2 * (long)(n - 1);
    double w = x - (double)k, u = 1 - w, sum = 0;
    double weights[4] = {u * u * u / 6, (4 - 6 * w * w + 3 * w * w * w) / 6,
                         (4 - 6 * u * u + 3 * u * u * u) / 6, w * w * w / 6};
    for (long i = 0; i < 4; i++) {
        long at = labs(k - 1 + i);
        at = period ? at % period : 0;
        sum += weights[i] * c[at < (long)n ? at : period - at];
    }
    return sum;
}

/* Row a of the mirrored half turn for one trial centre; what the shift leaves open comes from the half turn
 * read backwards. */
static void mirror_row(const double *sinogram, size_t angles, size_t columns, size_t a, double centre,
                       double *row, double *work)
{
    const double *from = sinogram + a * columns, *fill = sinogram + (angles - 1 - a) * columns;
    double shift = 2 * (centre - ((double)columns - 1) / 2), whole = floor(shift);
    size_t n = columns;
    for (size_t k = 0; k < n; k++)
        work[k] = from[n - 1 - k];
    if (shift == whole) {
        for (size_t k = 0; k < n; k++) {
            double at = (double)k - whole;
            row[k] = at >= 0 && at < (double)n ? work[(size_t)at] : 0;
        }
    } else {
        spline_coefficients(work, n);
        for (size_t k = 0; k < n; k++)
            row[k] = spline_at(work, n, (double)k - shift);
    }
    size_t open = clipped(shift >= 0 ? ceil(shift) : -whole, n);
    if (shift >= 0)
        memcpy(row, fill, open * sizeof *row);
    else
        memcpy(row + n - open, fill + n - open, open * sizeof *row);
}

/* Two trial centres at once: one as the real, one as the imaginary part of the transform. */
static bool metric_pair(const double *sinogram, size_t angles, size_t columns, const uint8_t *mask,
                        const double *centres, double *metrics, bp_complex *image, double *work)
{
    size_t height = 2 * angles, n = columns;
    double sums[2] = {0, 0};
    for (size_t a = 0; a < angles; a++) {
        bp_complex *top = image + a * n, *mirror = image + (angles + a) * n;
        for (size_t k = 0; k < n; k++)
            top[k] = (bp_complex){sinogram[a * n + k], sinogram[a * n + k]};
        for (int i = 0; i < 2; i++) {
            mirror_row(sinogram, angles, n, a, centres[i], work, work + n);
            for (size_t k = 0; k < n; k++)
                *(i ? &mirror[k].im : &mirror[k].re) = work[k];
        }
    }
    if (!bp_fft_image(height, n, image, false))
        return false;
    for (size_t r = 0; r < height; r++) {
        double row[2] = {0, 0};
        const uint8_t *inside = mask + (r + height / 2) % height * n;
        for (size_t c = 0; c < n; c++) {
            if (!inside[(c + n / 2) % n])
                continue;
            bp_complex p = image[r * n + c];
            bp_complex q = image[(r ? height - r : 0) * n + (c ? n - c : 0)];
            row[0] += hypot(p.re + q.re, p.im - q.im) / 2;
            row[1] += hypot(p.im + q.im, q.re - p.re) / 2;
        }
        sums[0] += row[0];
        sums[1] += row[1];
    }
    metrics[0] = sums[0] / (double)(height * n);
    metrics[1] = sums[1] / (double)(height * n);
    return true;
}

bool bp_centre_metrics(const double *sinogram, size_t angles, size_t columns, const double *centres,
                       size_t count, double *metrics)
{
    size_t pixels = 2 * angles * columns;
    uint8_t *mask = malloc(pixels + 1);
    bp_complex *image = malloc((pixels + 1) * sizeof *image);
    double *work = malloc((2 * columns + 1) * sizeof *work);
    bool made = mask && image && work;
    if (made)
        bp_wedge_mask(2 * angles, columns, 0.5 * RATIO * (double)columns, mask);
    for (size_t i = 0; made && i < count; i += 2) {
        double pair[2] = {centres[i], centres[i + 1 < count ? i + 1 : i]}, found[2] = {0, 0};
        made = metric_pair(sinogram, angles, columns, mask, pair, found, image, work);
        metrics[i] = found[0];
        if (i + 1 < count)
            metrics[i + 1] = found[1];
    }
    free(mask);
    free(image);
    free(work);
    return made;
}

/* Means over groups of down x across values; what does not fill one is left out. */
static void shrink(const double *in, size_t rows, size_t columns, size_t down, size_t across, double *out)
{
    size_t height = rows / down, width = columns / across;
    for (size_t r = 0; r < height; r++)
        for (size_t c = 0; c < width; c++) {
            double sum = 0;
            for (size_t i = 0; i < down; i++)
                for (size_t k = 0; k < across; k++)
                    sum += in[(r * down + i) * columns + c * across + k];
            out[r * width + c] = sum / (double)(down * across);
        }
}

/* The best of centres from `first` in `step`, count of them. */
static bool search_along(const double *sinogram, size_t angles, size_t columns, double first, double step,
                         size_t count, double *centre, double *refined)
{
    double *centres = calloc(2 * (count + 1), sizeof *centres);
    if (!centres)
        return false;
    double *metrics = centres + count, last = (double)columns - 1;
    for (size_t i = 0; i < count; i++) {
        double c = first + (double)i * step;
        centres[i] = c < 0 ? 0 : c > last ? last : c;
    }
    bool made = bp_centre_metrics(sinogram, angles, columns, centres, count, metrics);
    size_t best = 0;
    for (size_t i = 1; made && i < count; i++)
        best = metrics[i] < metrics[best] ? i : best;
    *refined = *centre = centres[best];
    if (made && best > 0 && best + 1 < count) {
        double before = metrics[best - 1] - metrics[best], after = metrics[best + 1] - metrics[best];
        if (before + after > 0)
            *refined += 0.5 * step * (before - after) / (before + after);
    }
    free(centres);
    return made;
}

/* On a smoothed and, when it is large, smaller sinogram. *scale: columns that became one. */
static bool search_coarse(const double *sinogram, size_t angles, size_t columns, double start, double stop,
                          double *centre, double *scale)
{
    size_t across = columns > MOST_COLUMN ? columns / 640 : 1, down = angles > MOST_ANGLES ? angles / 900 : 1;
    double *work = malloc((2 * angles * columns + 1) * sizeof *work), refined;
    if (!work)
        return false;
    double *small = work + angles * columns;
    memcpy(work, sinogram, angles * columns * sizeof *work);
    bool made = bp_gauss_smooth(work, angles, columns, 3, 1);
    shrink(work, angles, columns, down, across, small);
    double first = floor(start / (double)across), last = ceil(stop / (double)across);
    double most = bp_floor_divide(columns, across) - 1;
    first = first < 0 ? 0 : first > most ? most : first;
    last = last < first ? first : last > most ? most : last;
    made = made && search_along(small, angles / down, columns / across, first, 1, (size_t)(last - first) + 1,
                                centre, &refined);
    *scale = (double)across;
    free(work);
    return made;
}

bool bp_centre_vo(const double *sinogram, size_t angles, size_t columns, const bp_centre_search *search,
                  double *centre, double *refined)
{
    double start = search->start, stop = search->stop, radius = search->radius, scale = 1;
    if (start > stop) {
        start = bp_floor_divide(columns, 2) - bp_floor_divide(columns, 16);
        stop = bp_floor_divide(columns, 2) + bp_floor_divide(columns, 16);
    }
    *centre = start;
    if (start < stop && !search_coarse(sinogram, angles, columns, start, stop, centre, &scale))
        return false;
    if (scale > 1) {
        *centre = *centre * scale + 0.5 * scale;
        radius = radius > scale ? radius : scale;
    }
    double *work = malloc((angles * columns + 1) * sizeof *work);
    if (!work)
        return false;
    memcpy(work, sinogram, angles * columns * sizeof *work);
    bool made = bp_gauss_smooth(work, angles, columns, 2, 2) &&
                search_along(work, angles, columns, *centre - radius, search->step,
                             (size_t)(2 * radius / search->step + 0.5) + 1, centre, refined);
    free(work);
    return made;
}
