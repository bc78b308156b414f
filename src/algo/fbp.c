/* SPDX-License-Identifier: BSD-3-Clause
 * Filtered back-projection, the plain form in double precision. */
#include "algo/fbp.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "algo/fft.h"
#include "algo/plain_trig.h"
#include "base/checked.h"

#define PI 3.14159265358979323846

void bp_fbp_init(bp_fbp *fbp, size_t columns, size_t angle_count, const double *angles, bool circle)
{
    double n = (double)columns;
    *fbp = (bp_fbp){.columns = columns,
                    .angle_count = angle_count,
                    .angles = angles,
                    .centre = bp_floor_divide(columns, 2),
                    .side = circle ? columns : (size_t)sqrt(n * n / 2),
                    .circle = circle};
}

/* Columns to which a row is filled up before filtering: the diagonal of the slice. */
static size_t padded(const bp_fbp *fbp)
{
    return fbp->circle ? (size_t)ceil(sqrt(2) * (double)fbp->columns) : fbp->columns;
}

size_t bp_fbp_length(const bp_fbp *fbp)
{
    size_t length = 64;
    while (length < 2 * padded(fbp))
        length *= 2;
    return length;
}

/* A filtered row and what interpolates it. */
typedef struct row {
    size_t count;
    double first; /* column of values[0] */
    double *values, *curvature, *work;
} row;

/* Second derivatives of the spline through all values; those next to the ends are the second differences
 * themselves when the third derivative goes on there. Thomas's algorithm on 1 4 1. */
static void find_curvature(row *r)
{
    size_t n = r->count;
    const double *y = r->values;
    double *m = r->curvature, *c = r->work;
    memset(m, 0, n * sizeof *m);
    if (n < 4)
        return;
    m[1] = y[0] - 2 * y[1] + y[2];
    m[n - 2] = y[n - 3] - 2 * y[n - 2] + y[n - 1];
    c[1] = 0;
    for (size_t i = 2; i + 2 < n; i++) {
        c[i] = 1 / (4 - c[i - 1]);
        m[i] = (6 * (y[i - 1] - 2 * y[i] + y[i + 1]) - m[i - 1]) * c[i];
    }
    for (size_t i = n - 3; i > 1; i--)
        m[i] -= c[i] * m[i + 1];
    m[0] = 2 * m[1] - m[2];
    m[n - 1] = 2 * m[n - 2] - m[n - 3];
}

static double value_at(const row *r, bp_fbp_interpolation how, double column)
{
    double t = column - r->first, last = (double)(r->count - 1);
    if (!(t >= 0 && t <= last))
        return 0;
    if (how == BP_FBP_NEAREST)
        return r->values[(size_t)ceil(t - 0.5)];
    size_t k = t < last ? (size_t)t : r->count - 2;
    double w = t - (double)k, a = r->values[k], b = r->values[k + 1];
    double linear = a + w * (b - a);
    if (how == BP_FBP_LINEAR)
        return linear;
    double u = 1 - w;
    return linear + ((u * u * u - u) * r->curvature[k] + (w * w * w - w) * r->curvature[k + 1]) / 6;
}

static void add_angle(const bp_fbp *fbp, const row *r, double angle, double *slice)
{
    double cosine, sine, middle = bp_floor_divide(fbp->side, 2);
    bp_plain_trig(angle / 360, &cosine, &sine);
    for (size_t i = 0; i < fbp->side; i++)
        for (size_t j = 0; j < fbp->side; j++) {
            double t = ((double)j - middle) * cosine - ((double)i - middle) * sine;
            slice[i * fbp->side + j] += value_at(r, fbp->interpolation, t + fbp->centre);
        }
}

/* Filters one row of the sinogram. work: length values, the filtered row, and scratch. */
static void filter(const bp_fbp *fbp, const bp_fft *plan, const double *response, const double *in,
                   bp_complex *work)
{
    size_t n = bp_fbp_length(fbp);
    memset(work, 0, n * sizeof *work);
    for (size_t k = 0; k < fbp->columns; k++)
        work[k].re = in[k];
    bp_fft_run(plan, work, false, work + n);
    for (size_t k = 0; k < n; k++) {
        work[k].re *= response[k] / (double)n;
        work[k].im *= response[k] / (double)n;
    }
    bp_fft_run(plan, work, true, work + n);
}

static void filter_row(const bp_fbp *fbp, const bp_fft *plan, const double *response, const double *in,
                       bp_complex *work, row *r)
{
    size_t n = bp_fbp_length(fbp), before = (size_t)-r->first;
    filter(fbp, plan, response, in, work);
    for (size_t k = 0; k < r->count; k++)
        r->values[k] = work[(k + n - before) % n].re;
    if (fbp->interpolation == BP_FBP_CUBIC)
        find_curvature(r);
}

bool bp_fbp_filter_rows(const bp_fbp *fbp, const double *sinogram, double *rows)
{
    size_t n = bp_fbp_length(fbp), columns = fbp->columns;
    bp_fft *plan = bp_fft_new(n);
    bp_complex *work = plan ? malloc((n + bp_fft_scratch(plan)) * sizeof *work) : NULL;
    double *response = malloc(n * sizeof *response);
    bool made = work && response && bp_fbp_response(fbp->filter, n, response);
    for (size_t a = 0; made && a < fbp->angle_count; a++) {
        filter(fbp, plan, response, sinogram + a * columns, work);
        for (size_t k = 0; k < columns; k++)
            rows[a * columns + k] = work[k].re;
    }
    free(response);
    free(work);
    bp_fft_free(plan);
    return made;
}

static void finish(const bp_fbp *fbp, double *slice)
{
    double scale = PI / (2 * (double)fbp->angle_count);
    long middle = (long)(fbp->side / 2);
    for (size_t i = 0; i < fbp->side; i++)
        for (size_t j = 0; j < fbp->side; j++) {
            long y = (long)i - middle, x = (long)j - middle;
            bool inside = !fbp->circle || x * x + y * y <= middle * middle;
            slice[i * fbp->side + j] = inside ? scale * slice[i * fbp->side + j] : 0;
        }
}

bp_status bp_fbp_run(bp_context *ctx, const bp_fbp *fbp, const double *sinogram, double *slice)
{
    size_t n = bp_fbp_length(fbp), wide = padded(fbp);
    size_t before = wide / 2 - fbp->columns / 2;
    row r = {.count = wide, .first = -(double)before};
    bp_fft *plan = bp_fft_new(n);
    bp_complex *work = plan ? malloc((n + bp_fft_scratch(plan)) * sizeof *work) : NULL;
    double *numbers = malloc((n + 3 * wide) * sizeof *numbers);
    bp_status status = BP_OK;
    if (!work || !numbers || !bp_fbp_response(fbp->filter, n, numbers))
        status = bp_fail(ctx, BP_E_MEMORY, "no memory for a slice of %zu x %zu pixels", fbp->side, fbp->side);
    if (status == BP_OK) {
        r.values = numbers + n;
        r.curvature = r.values + wide;
        r.work = r.curvature + wide;
        memset(slice, 0, fbp->side * fbp->side * sizeof *slice);
    }
    for (size_t a = 0; a < fbp->angle_count && status == BP_OK; a++) {
        if (bp_context_cancelled(ctx))
            status = bp_fail(ctx, BP_E_INTERRUPTED, "interrupted");
        filter_row(fbp, plan, numbers, sinogram + a * fbp->columns, work, &r);
        add_angle(fbp, &r, fbp->angles[a], slice);
    }
    if (status == BP_OK)
        finish(fbp, slice);
    free(numbers);
    free(work);
    bp_fft_free(plan);
    return status;
}
