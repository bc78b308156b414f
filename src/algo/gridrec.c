/* SPDX-License-Identifier: BSD-3-Clause */
#include "algo/gridrec.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "algo/fft.h"
#include "algo/plain_trig.h"
#include "base/checked.h"

#define PI      3.14159265358979323846
#define C       7.0 /* width of the kernel's band: two grid lines to either side */
#define LAMBDA  0.99998546
#define SAMPLES 512 /* of half the kernel */
#define TERMS   11

/* The prolate spheroidal function of order 0 as a series of even Legendre polynomials, 1 at x = 0. */
static double legendre_sum(double x)
{
    static const double factors[TERMS] = {0.5767616E+02, -0.8931343E+02, 0.4167596E+02, -0.1053599E+02,
                                          0.1662374E+01, -0.1780527E-00, 0.1372983E-01, -0.7963169E-03,
                                          0.3593372E-04, -0.1295941E-05, 0.3817796E-07};
    double before = 1, here = x, sum = factors[0];
    for (int n = 1; n < 2 * TERMS - 1; n++) {
        if (n % 2 == 0)
            sum += factors[n / 2] * here;
        double after = ((2 * n + 1) * x * here - n * before) / (n + 1);
        before = here;
        here = after;
    }
    return sum;
}

static double filter_at(const bp_gridrec *g, double x)
{
    double p = g->cut;
    switch (g->filter) {
    case BP_GRIDREC_NONE:
        return 1;
    case BP_GRIDREC_SHEPP:
        return x > 0 ? 2 * x * (sin(PI * x) / (PI * x)) : 0;
    case BP_GRIDREC_COSINE:
        return 2 * x * cos(PI * x);
    case BP_GRIDREC_HANN:
        return 2 * x * 0.5 * (1 + cos(2 * PI * x / p));
    case BP_GRIDREC_HAMMING:
        return 2 * x * (0.54 + 0.46 * cos(2 * PI * x / p));
    case BP_GRIDREC_RAMLAK:
        return 2 * x;
    case BP_GRIDREC_PARZEN:
        return 2 * x * pow(1 - x / p, 3);
    case BP_GRIDREC_BUTTERWORTH:
        return 2 * x / (1 + pow(x / p, 2 * g->order));
    }
    return 1;
}

typedef struct grid {
    size_t n;
    const bp_gridrec *g;
    double *kernel; /* SAMPLES + 1 values, from its middle to its edge */
    bp_complex *phases;
    bp_complex *values; /* n x n */
} grid;

static bp_complex times(bp_complex a, bp_complex b)
{
    return (bp_complex){a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}

/* Adds one value of the transform, and the one opposite to it, around (u, v). Places are in single precision,
 * as in tomopy: which sample of the kernel is nearest depends on it. */
static void spread(grid *g, float u, float v, bp_complex here, bp_complex opposite)
{
    float step = SAMPLES * 0.5F, most = (float)g->n - 1;
    float first_u = fmaxf(1, ceilf(u - 2)), last_u = fminf(most, floorf(u + 2));
    float first_v = fmaxf(1, ceilf(v - 2)), last_v = fminf(most, floorf(v + 2));
    for (float iu = first_u; iu <= last_u; iu++) {
        double wu = g->kernel[(size_t)roundf(fabsf(u - iu) * step)];
        for (float iv = first_v; iv <= last_v; iv++) {
            double w = wu * g->kernel[(size_t)roundf(fabsf(v - iv) * step)];
            bp_complex *a = &g->values[(size_t)iu * g->n + (size_t)iv];
            bp_complex *b = &g->values[(g->n - (size_t)iu) * g->n + g->n - (size_t)iv];
            a->re += w * here.re;
            a->im += w * here.im;
            b->re += w * opposite.re;
            b->im += w * opposite.im;
        }
    }
}

static void add_angle(grid *g, const bp_fft *plan, const double *row, double angle, bp_complex *work)
{
    size_t n = g->n;
    float middle = (float)bp_floor_divide(n, 2);
    double cosine, sine;
    bp_plain_trig(angle / 360, &cosine, &sine);
    memset(work, 0, n * sizeof *work);
    for (size_t k = 0; k < g->g->columns; k++)
        work[k].re = row[k];
    bp_fft_run(plan, work, true, work + n);
    for (size_t j = 1; j < n / 2; j++) {
        bp_complex phase = g->phases[j], mirrored = {phase.re, -phase.im};
        spread(g, (float)j * (float)cosine + middle, (float)j * (float)sine + middle, times(phase, work[j]),
               times(mirrored, work[n - j]));
    }
}

/* Where the value at i of a centred axis of n (even) stands. */
static size_t turned(size_t i, size_t n)
{
    return i < n / 2 ? i + n / 2 : i - n / 2;
}

/* The image back from the grid: transform, divide by the kernel's own transform, cut out the middle. The
 * division is one pixel off the middle of the image, as tomopy's is. */
static bool finish(grid *g, double *slice)
{
    size_t n = g->n, side = g->g->columns, pad = (n - side) / 2;
    double *correction = calloc(n + 2, sizeof *correction), norm = sqrt(PI / (2 * C * LAMBDA)) / 1.2;
    double middle = bp_floor_divide(n, 2);
    bool made = correction && bp_fft_image(n, n, g->values, false);
    for (size_t i = 0; made && i <= n; i++) {
        double m = fabs((double)i - middle), at = rint(m * SAMPLES / (middle - 0.5));
        bool odd = ((size_t)m) % 2 == 1;
        double value = at <= SAMPLES ? norm / g->kernel[(size_t)at] : 0;
        correction[i] = odd ? -value : value;
    }
    for (size_t i = 0; made && i < side; i++)
        for (size_t j = 0; j < side; j++) {
            size_t u = i + pad, v = j + pad;
            size_t from = turned(u, n) * n + turned(v, n);
            slice[(side - 1 - j) * side + i] = g->values[from].re * correction[u + 1] * correction[v + 1];
        }
    free(correction);
    return made;
}

static bool prepare(grid *g)
{
    size_t n = g->n;
    g->kernel = malloc((SAMPLES + 1) * sizeof *g->kernel);
    g->phases = malloc((n / 2 + 1) * sizeof *g->phases);
    g->values = calloc(n * n, sizeof *g->values);
    if (!g->kernel || !g->phases || !g->values)
        return false;
    double middle = legendre_sum(0);
    for (size_t i = 0; i <= SAMPLES; i++)
        g->kernel[i] = legendre_sum((double)i / SAMPLES) / middle;
    double norm = PI / (double)n / (double)g->g->angle_count;
    for (size_t j = 0; j <= n / 2; j++) {
        double cosine, sine, x = (double)j / (double)n, size = filter_at(g->g, x) * norm;
        bp_plain_trig(-g->g->centre * x, &cosine, &sine);
        g->phases[j] = (bp_complex){size * cosine, size * sine};
    }
    return true;
}

bool bp_gridrec_run(const bp_gridrec *how, const double *sinogram, double *slice)
{
    grid g = {.n = 16, .g = how};
    while (g.n < how->columns)
        g.n *= 2;
    bp_fft *plan = bp_fft_new(g.n);
    bp_complex *work = plan ? malloc((g.n + bp_fft_scratch(plan)) * sizeof *work) : NULL;
    bool made = work && prepare(&g);
    for (size_t a = 0; made && a < how->angle_count; a++)
        add_angle(&g, plan, sinogram + a * how->columns, how->angles[a], work);
    made = made && finish(&g, slice);
    free(work);
    free(g.kernel);
    free(g.phases);
    free(g.values);
    bp_fft_free(plan);
    return made;
}
