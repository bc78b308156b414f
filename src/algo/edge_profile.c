/* SPDX-License-Identifier: BSD-3-Clause */
#include "algo/edge_profile.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "algo/rotation_centre.h"
#include "base/checked.h"

#define PI       3.14159265358979323846
#define WIDTH    2.56310313108920 /* of 10 % to 90 % of an error function, in its sigmas */
#define UNKNOWNS 4
#define STEPS    60

typedef struct image {
    const double *values, *smooth;
    size_t side;
} image;

static double between(const double *values, size_t side, double y, double x)
{
    size_t i = (size_t)y, j = (size_t)x;
    double v = y - (double)i, u = x - (double)j;
    const double *at = values + i * side + j;
    return (1 - v) * ((1 - u) * at[0] + u * at[1]) + v * ((1 - u) * at[side] + u * at[side + 1]);
}

/* One place of the border, when it and all samples lie inside the image. */
static void add_place(bp_edge_profile *profile, const image *im, double y, double x)
{
    double least = BP_EDGE_REACH + 2, most = (double)im->side - 3 - BP_EDGE_REACH;
    if (!(y >= least && y <= most && x >= least && x <= most))
        return;
    double down = between(im->smooth, im->side, y + 1, x) - between(im->smooth, im->side, y - 1, x);
    double across = between(im->smooth, im->side, y, x + 1) - between(im->smooth, im->side, y, x - 1);
    double slope = hypot(down, across);
    if (!(slope > 0))
        return;
    for (int k = 0; k < BP_EDGE_SAMPLES; k++) {
        double d = (double)k / BP_EDGE_PARTS - BP_EDGE_REACH;
        profile->sums[k] += between(im->values, im->side, y + d * down / slope, x + d * across / slope);
    }
    profile->places++;
}

/* The crossing between a pixel and its neighbour, from 0 to 1; NAN when there is none. */
static double crossing(double a, double b, double level)
{
    return (a > level) != (b > level) ? (level - a) / (b - a) : NAN;
}

bool bp_edge_profile_add(bp_edge_profile *profile, const double *values, size_t side, double level,
                         double radius, double smooth)
{
    double *copy = malloc((side * side + 1) * sizeof *copy), middle = bp_floor_divide(side, 2);
    if (!copy)
        return false;
    memcpy(copy, values, side * side * sizeof *copy);
    image im = {values, copy, side};
    bool made = bp_gauss_smooth(copy, side, side, smooth, smooth);
    for (size_t i = 0; made && i + 1 < side; i++)
        for (size_t j = 0; j + 1 < side; j++) {
            if (hypot((double)i - middle, (double)j - middle) > radius)
                continue;
            const double *at = copy + i * side + j;
            double right = crossing(at[0], at[1], level), below = crossing(at[0], at[side], level);
            if (!isnan(right))
                add_place(profile, &im, (double)i, (double)j + right);
            if (!isnan(below))
                add_place(profile, &im, (double)i + below, (double)j);
        }
    free(copy);
    return made;
}

/* a + b erf((d - c) / (sqrt 2 s)), p = {a, b, c, s}; and its derivatives. */
static double edge(const double *p, double d, double *derivative)
{
    double z = (d - p[2]) / (sqrt(2) * p[3]), e = erf(z), g = p[1] * 2 / sqrt(PI) * exp(-z * z);
    derivative[0] = 1;
    derivative[1] = e;
    derivative[2] = -g / (sqrt(2) * p[3]);
    derivative[3] = -g * z / p[3];
    return p[0] + p[1] * e;
}

/* Normal equations of the fit at p, their diagonal raised by `damping`; the sum of squares. */
static double equations(const double *profile, const double *p, double damping,
                        double m[UNKNOWNS][UNKNOWNS + 1])
{
    double squares = 0;
    memset(m, 0, UNKNOWNS * sizeof *m);
    for (int k = 0; k < BP_EDGE_SAMPLES; k++) {
        double slope[UNKNOWNS];
        double rest = profile[k] - edge(p, (double)k / BP_EDGE_PARTS - BP_EDGE_REACH, slope);
        squares += rest * rest;
        for (int i = 0; i < UNKNOWNS; i++) {
            for (int j = 0; j < UNKNOWNS; j++)
                m[i][j] += slope[i] * slope[j];
            m[i][UNKNOWNS] += slope[i] * rest;
        }
    }
    for (int i = 0; i < UNKNOWNS; i++)
        m[i][i] *= 1 + damping;
    return squares;
}

/* Gauss-Jordan with the largest pivot of each column. */
static bool solve(double m[UNKNOWNS][UNKNOWNS + 1], double *x)
{
    for (int c = 0; c < UNKNOWNS; c++) {
        int best = c;
        for (int r = c + 1; r < UNKNOWNS; r++)
            best = fabs(m[r][c]) > fabs(m[best][c]) ? r : best;
        if (!(fabs(m[best][c]) > 0))
            return false;
        for (int k = 0; k <= UNKNOWNS; k++) {
            double t = m[c][k];
            m[c][k] = m[best][k];
            m[best][k] = t;
        }
        for (int r = 0; r < UNKNOWNS; r++) {
            double factor = r == c ? 0 : m[r][c] / m[c][c];
            for (int k = c; k <= UNKNOWNS && r != c; k++)
                m[r][k] -= factor * m[c][k];
        }
    }
    for (int c = 0; c < UNKNOWNS; c++)
        x[c] = m[c][UNKNOWNS] / m[c][c];
    return true;
}

/* K. Levenberg, Quarterly of Applied Mathematics 2 (1944) 164. */
static bool fit(const double *profile, double *p)
{
    double m[UNKNOWNS][UNKNOWNS + 1], damping = 1e-3, squares = equations(profile, p, 0, m);
    for (int step = 0; step < STEPS; step++) {
        double change[UNKNOWNS], next[UNKNOWNS], unused[UNKNOWNS][UNKNOWNS + 1], size = 0;
        equations(profile, p, damping, m);
        if (!solve(m, change))
            return false;
        for (int i = 0; i < UNKNOWNS; i++)
            next[i] = p[i] + change[i];
        double there = next[3] > 0 ? equations(profile, next, 0, unused) : INFINITY;
        if (there < squares) {
            size = fabs(change[3]) / p[3] + fabs(change[2]);
            memcpy(p, next, sizeof next);
            squares = there;
            damping /= 10;
            if (size < 1e-10)
                break;
        } else if ((damping *= 10) > 1e12) {
            break;
        }
    }
    return true;
}

bool bp_edge_profile_width(const bp_edge_profile *profile, double *width)
{
    double mean[BP_EDGE_SAMPLES];
    *width = NAN;
    if (!(profile->places > 0))
        return false;
    for (int k = 0; k < BP_EDGE_SAMPLES; k++)
        mean[k] = profile->sums[k] / profile->places;
    double low = mean[0], high = mean[BP_EDGE_SAMPLES - 1];
    double p[UNKNOWNS] = {(low + high) / 2, (high - low) / 2, 0, 1};
    if (!(high > low) || !fit(mean, p) || !(p[1] > 0) || !(p[3] < 4 * BP_EDGE_REACH) ||
        fabs(p[2]) > BP_EDGE_REACH)
        return false;
    *width = WIDTH * p[3];
    return true;
}
