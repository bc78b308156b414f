/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "algo/plain_exp.h"
#include "algo/running_median.h"
#include "algo/stripes_filter.h"

/* A complex image, its parts apart. */
typedef struct planes {
    size_t rows, columns;
    double *re, *im;
} planes;

static bool planes_init(planes *p, size_t rows, size_t columns)
{
    *p =
        (planes){rows, columns, calloc(rows * columns, sizeof *p->re), calloc(rows * columns, sizeof *p->im)};
    return p->re && p->im;
}

static void planes_fini(planes *p)
{
    free(p->re);
    free(p->im);
}

/* cosine[k] + i sine[k] = exp(2 pi i k / n) */
static bool turns(size_t n, double **cosine, double **sine)
{
    *cosine = malloc(n * sizeof **cosine);
    *sine = malloc(n * sizeof **sine);
    for (size_t k = 0; *cosine && *sine && k < n; k++)
        bp_plain_turn(k, n, &(*cosine)[k], &(*sine)[k]);
    return *cosine && *sine;
}

static size_t padding(size_t n)
{
    return n / 10 < 150 ? n / 10 : 150;
}

/* Multiplies the transform over rows, zero frequency in the middle, by a Gaussian window over all of its
 * length, whose middle is half a step off that of the frequencies, as algotom has it. Only the frequencies
 * that the window lets through are computed. */
static bool low_pass(const planes *in, double sigma, planes *out)
{
    size_t m = in->rows, n = in->columns;
    double *cosine, *sine, *sums = malloc(2 * n * sizeof *sums), centre = (double)(m - 1) / 2;
    bool done = turns(2 * m, &cosine, &sine) && sums;
    memset(out->re, 0, m * n * sizeof *out->re);
    memset(out->im, 0, m * n * sizeof *out->im);
    for (size_t f = 0; done && f < m; f++) {
        double away = ((double)f - centre) / sigma, weight = bp_plain_exp(-away * away / 2) / (double)m;
        if (weight * (double)m < 1e-17)
            continue;
        double *re = sums, *im = sums + n;
        memset(sums, 0, 2 * n * sizeof *sums);
        for (size_t y = 0; y < m; y++) {
            size_t turn = (2 * f + m) * y % (2 * m);
            double c = cosine[turn], s = sine[turn];
            const double *a = in->re + y * n, *b = in->im + y * n;
            for (size_t x = 0; x < n; x++) {
                re[x] += a[x] * c + b[x] * s;
                im[x] += b[x] * c - a[x] * s;
            }
        }
        for (size_t y = 0; y < m; y++) {
            size_t turn = (2 * f + m) * y % (2 * m);
            double c = weight * cosine[turn], s = weight * sine[turn];
            double *a = out->re + y * n, *b = out->im + y * n;
            for (size_t x = 0; x < n; x++) {
                a[x] += re[x] * c - im[x] * s;
                b[x] += im[x] * c + re[x] * s;
            }
        }
    }
    free(cosine);
    free(sine);
    free(sums);
    return done;
}

bool bp_stripes_smooth(const double *image, size_t rows, size_t columns, double sigma, double *smooth)
{
    size_t pad = padding(rows), height = rows + 2 * pad, line = columns * sizeof *image;
    planes in, out;
    bool done = planes_init(&in, height, columns), room = planes_init(&out, height, columns);
    done = done && room;
    for (size_t y = 0; done && y < height; y++) {
        /* mirrored at the ends, the end rows once */
        size_t from = y < pad ? pad - y : y < pad + rows ? y - pad : 2 * (rows - 1) - (y - pad);
        memcpy(in.re + y * columns, image + from * columns, line);
    }
    done = done && low_pass(&in, sigma, &out);
    for (size_t y = 0; done && y < rows; y++)
        memcpy(smooth + y * columns, out.re + (y + pad) * columns, line);
    planes_fini(&in);
    planes_fini(&out);
    return done;
}

static void transpose(const double *in, size_t rows, size_t columns, double *out)
{
    for (size_t y = 0; y < rows; y++)
        for (size_t x = 0; x < columns; x++)
            out[x * rows + y] = in[y * columns + x];
}

/* The image with its edge columns repeated to both sides, and above and below the mean of each column. */
static void pad_image(const double *image, size_t rows, size_t columns, size_t pad, planes *out)
{
    for (size_t x = 0; x < out->columns; x++) {
        size_t from = x < pad ? 0 : x - pad < columns ? x - pad : columns - 1;
        double sum = 0;
        for (size_t y = 0; y < rows; y++) {
            double v = image[y * columns + from];
            out->re[(y + pad) * out->columns + x] = v;
            sum += v;
        }
        for (size_t y = 0; y < pad; y++) {
            out->re[y * out->columns + x] = sum / (double)rows;
            out->re[(y + pad + rows) * out->columns + x] = sum / (double)rows;
        }
    }
}

/* Low pass over both axes: smooth[rows][columns]. */
static bool low_pass_image(const double *image, size_t rows, size_t columns, size_t pad, double sigma_x,
                           double sigma_y, double *smooth)
{
    size_t height = rows + 2 * pad, width = columns + 2 * pad;
    planes in, out, side;
    bool done = planes_init(&in, height, width), room = planes_init(&out, height, width);
    done = planes_init(&side, width, height) && done && room;
    if (done) {
        pad_image(image, rows, columns, pad, &in);
        done = low_pass(&in, sigma_y, &out);
    }
    if (done) {
        transpose(out.re, height, width, side.re);
        transpose(out.im, height, width, side.im);
        planes turned = {width, height, out.re, out.im};
        done = low_pass(&side, sigma_x, &turned);
        for (size_t y = 0; y < rows; y++)
            for (size_t x = 0; x < columns; x++)
                smooth[y * columns + x] = out.re[(x + pad) * height + y + pad];
    }
    planes_fini(&in);
    planes_fini(&out);
    planes_fini(&side);
    return done;
}

/* Savitzky and Golay's smoothing by parabolas, the window as long as the column (odd), mirrored at the ends,
 * the end values once: weight (3 (3 h^2 + 3 h - 1) - 15 i^2) / ((2h + 3)(2h + 1)(2h - 1)) at distance i. */
static void fit_columns(const double *image, size_t rows, size_t columns, double *fit)
{
    ptrdiff_t n = (ptrdiff_t)rows, half = (n - 1 + n % 2 - 1) / 2;
    double h = (double)half, scale = (2 * h + 3) * (2 * h + 1) * (2 * h - 1);
    memset(fit, 0, rows * columns * sizeof *fit);
    for (ptrdiff_t y = 0; y < n; y++)
        for (ptrdiff_t i = -half; i <= half; i++) {
            ptrdiff_t from = y + i < 0 ? -(y + i) : y + i < n ? y + i : 2 * (n - 1) - (y + i);
            double d = (double)i, weight = (3 * (3 * h * h + 3 * h - 1) - 15 * d * d) / scale;
            for (size_t x = 0; x < columns; x++)
                fit[(size_t)y * columns + x] += weight * image[(size_t)from * columns + x];
        }
}

static double mean_size(const double *values, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += fabs(values[i]);
    return sum / (double)count;
}

bool bp_stripes_fitting(double *sinogram, size_t rows, size_t columns, double sigma)
{
    size_t count = rows * columns, sigma_y = columns / 10 < 60 ? columns / 10 : 60;
    double *fit = malloc(count * sizeof *fit), *smooth = calloc(count, sizeof *smooth);
    bool done = false;
    if (fit && smooth) {
        fit_columns(sinogram, rows, columns, fit);
        done = low_pass_image(fit, rows, columns, padding(rows), sigma, sigma_y > 10 ? (double)sigma_y : 10,
                              smooth);
    }
    if (done) {
        double size = mean_size(smooth, count), scale = size > 0 ? mean_size(fit, count) / size : 1;
        for (size_t i = 0; i < count; i++)
            if (fit[i] != 0)
                sinogram[i] *= scale * smooth[i] / fit[i];
    }
    free(fit);
    free(smooth);
    return done;
}

/* 1 / (1 + (d / cutoff)^(2 order)) */
static double butterworth(double d, double cutoff, int order)
{
    double square = (d / cutoff) * (d / cutoff), power = 1;
    for (int i = 0; i < order; i++)
        power *= square;
    return 1 / (1 + power);
}

/* What the window takes away from one row of frequencies: line[width], both parts, in place. */
static bool high_pass_line(double *re, double *im, size_t width, double cutoff, int order, double *work)
{
    double *cosine, *sine, *to_re = work, *to_im = work + width;
    bool done = turns(width, &cosine, &sine);
    ptrdiff_t centre = ((ptrdiff_t)width + 1) / 2 - 1, zero = (ptrdiff_t)width / 2;
    memset(work, 0, 2 * width * sizeof *work);
    for (size_t k = 0; done && k < width; k++) {
        ptrdiff_t f = (ptrdiff_t)k - zero;
        double a = 0, b = 0, away = (double)((ptrdiff_t)k - centre);
        double weight = (1 - butterworth(away, cutoff, order)) / (double)width;
        size_t step = (size_t)((f + (ptrdiff_t)width) % (ptrdiff_t)width);
        for (size_t x = 0; x < width; x++) {
            double c = cosine[step * x % width], s = sine[step * x % width];
            a += re[x] * c + im[x] * s;
            b += im[x] * c - re[x] * s;
        }
        for (size_t x = 0; x < width; x++) {
            double c = cosine[step * x % width], s = sine[step * x % width];
            to_re[x] += weight * (a * c - b * s);
            to_im[x] += weight * (b * c + a * s);
        }
    }
    if (done) {
        memcpy(re, to_re, width * sizeof *re);
        memcpy(im, to_im, width * sizeof *im);
    }
    free(cosine);
    free(sine);
    return done;
}

/* Takes the frequency f over angle, high-passed over the detector, from out. */
static bool take_frequency(const planes *padded, size_t f, double cutoff, int order, double *work,
                           planes *out)
{
    size_t m = padded->rows, n = padded->columns;
    double *cosine, *sine, *re = work, *im = work + n;
    bool done = turns(m, &cosine, &sine);
    memset(work, 0, 2 * n * sizeof *work);
    for (size_t y = 0; done && y < m; y++) {
        double c = cosine[f * y % m], s = sine[f * y % m];
        for (size_t x = 0; x < n; x++) {
            re[x] += padded->re[y * n + x] * c;
            im[x] -= padded->re[y * n + x] * s;
        }
    }
    done = done && high_pass_line(re, im, n, cutoff, order, work + 2 * n);
    for (size_t y = 0; done && y < m; y++) {
        double c = cosine[f * y % m] / (double)m, s = sine[f * y % m] / (double)m;
        for (size_t x = 0; x < n; x++) {
            out->re[y * n + x] -= re[x] * c - im[x] * s;
            out->im[y * n + x] -= im[x] * c + re[x] * s;
        }
    }
    free(cosine);
    free(sine);
    return done;
}

bool bp_stripes_fourier(double *sinogram, size_t rows, size_t columns, double cutoff, int order, size_t lines)
{
    size_t pad = padding(rows < columns ? rows : columns), height = rows + 2 * pad, width = columns + 2 * pad;
    planes padded, out;
    double *work = malloc(4 * width * sizeof *work);
    bool done = planes_init(&padded, height, width), room = planes_init(&out, height, width);
    done = done && room && work;
    if (done) {
        pad_image(sinogram, rows, columns, pad, &padded);
        memcpy(out.re, padded.re, height * width * sizeof *out.re);
    }
    ptrdiff_t span = (ptrdiff_t)(lines < (height - 1) / 2 ? lines : (height - 1) / 2);
    /* the middle of the window is half a step below frequency 0 when the height is even */
    ptrdiff_t centre = ((ptrdiff_t)height + 1) / 2 - 1 - (ptrdiff_t)height / 2;
    for (ptrdiff_t k = -span; done && k <= span; k++) {
        size_t f = (size_t)((centre + k + 2 * (ptrdiff_t)height) % (ptrdiff_t)height);
        done = take_frequency(&padded, f, cutoff, order, work, &out);
    }
    for (size_t y = 0; done && y < rows; y++)
        for (size_t x = 0; x < columns; x++) {
            size_t at = (y + pad) * width + x + pad;
            sinogram[y * columns + x] = sqrt(out.re[at] * out.re[at] + out.im[at] * out.im[at]);
        }
    free(work);
    planes_fini(&padded);
    planes_fini(&out);
    return done;
}
