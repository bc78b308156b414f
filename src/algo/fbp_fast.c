/* SPDX-License-Identifier: BSD-3-Clause
 * Filtered back-projection of many slices at once, in single precision. Sixteen neighbouring slices share
 * angles and centre, so their values stand side by side in memory: lane 2 i and 2 i + 1 are real and
 * imaginary part of one transform (the filter is even, so it keeps them apart), and one index and weight of
 * the back-projection serves all of them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "algo/fbp.h"
#include "algo/fft.h"
#include "algo/plain_trig.h"
#include "base/checked.h"
#include "base/pool.h"
#include "kernel/kernel.h"

#define PI     3.14159265358979323846
#define LANES  BP_BACKPROJECT_LANES
#define PIXELS BP_BACKPROJECT_PIXELS
#define ANGLES BP_BACKPROJECT_ANGLES
#define MARGIN 4  /* columns on either side of a filtered row: two of its tail, two of zeros */
#define STRIPE 32 /* rows of the slices that one job makes */

typedef struct batch {
    const bp_fbp *fbp;
    const bp_kernels *kernels;
    const bp_fftf *plan;
    size_t length, width;
    float *response;
    double *cosines, *sines;
    const float *sinograms;
    float *slices;
    size_t count; /* of slices, at most LANES */
    float *rows;  /* filtered: angles x width x LANES */
    bool back;    /* parts are stripes to back-project; else angles to filter */
} batch;

static void filter_angle(const batch *b, size_t angle, float *work)
{
    const bp_fbp *fbp = b->fbp;
    memset(work, 0, b->length * LANES * sizeof *work);
    for (size_t s = 0; s < b->count; s++) {
        const float *in = b->sinograms + (s * fbp->angle_count + angle) * fbp->columns;
        for (size_t k = 0; k < fbp->columns; k++)
            work[k * LANES + s] = in[k];
    }
    bp_complexf *values = (bp_complexf *)work, *scratch = values + b->length * (LANES / 2);
    bp_fftf_run_lanes(b->plan, LANES / 2, values, scratch);
    /* backward is forward between two conjugations */
    for (size_t k = 0; k < b->length; k++)
        for (size_t i = 0; i < LANES; i += 2) {
            work[k * LANES + i] *= b->response[k];
            work[k * LANES + i + 1] *= -b->response[k];
        }
    bp_fftf_run_lanes(b->plan, LANES / 2, values, scratch);
    float *row = b->rows + angle * b->width * LANES;
    memset(row, 0, b->width * LANES * sizeof *row);
    for (size_t k = 2; k + 2 < b->width; k++) {
        const float *from = work + ((k + b->length - MARGIN) % b->length) * LANES;
        for (size_t i = 0; i < LANES; i += 2) {
            row[k * LANES + i] = from[i];
            row[k * LANES + i + 1] = -from[i + 1];
        }
    }
}

/* Pixels first ... end - 1 of a row of the slice are inside. */
static void span_of_row(const bp_fbp *fbp, size_t i, size_t *first, size_t *end)
{
    *first = 0;
    *end = fbp->side;
    if (!fbp->circle)
        return;
    double r = bp_floor_divide(fbp->side, 2), y = (double)i - r, half = r * r - y * y;
    half = half >= 0 ? floor(sqrt(half)) : -1;
    *first = half >= 0 ? (size_t)(r - half) : 0;
    *end = half >= 0 ? (size_t)(r + half) + 1 : 0;
    *end = *end < fbp->side ? *end : fbp->side;
}

/* Adds angles first ... first + count - 1 to PIXELS pixels from (i, j). */
static void add_angles(const batch *b, size_t first, size_t count, size_t i, size_t j, float *sums)
{
    int column[ANGLES];
    float part[ANGLES], step[ANGLES];
    double middle = bp_floor_divide(b->fbp->side, 2), x = (double)j - middle, y = (double)i - middle;
    for (size_t a = 0; a < count; a++) {
        double t = x * b->cosines[first + a] - y * b->sines[first + a] + b->fbp->centre + MARGIN;
        double whole = floor(t), most = (double)b->width + PIXELS;
        part[a] = (float)(t - whole);
        step[a] = (float)b->cosines[first + a];
        column[a] = (int)(whole < -most ? -most : whole > most ? most : whole);
    }
    const bp_backproject what = {b->rows + first * b->width * LANES, b->width, count, column, part, step};
    b->kernels->backproject(&what, sums);
}

static void put_rows(const batch *b, size_t top, size_t rows, const float *sums)
{
    const bp_fbp *fbp = b->fbp;
    size_t side = fbp->side, wide = (side + PIXELS - 1) / PIXELS * PIXELS;
    float scale = (float)(PI / (2 * (double)fbp->angle_count));
    for (size_t s = 0; s < b->count; s++)
        for (size_t r = 0; r < rows; r++) {
            float *out = b->slices + (s * side + top + r) * side;
            size_t first, end;
            span_of_row(fbp, top + r, &first, &end);
            memset(out, 0, side * sizeof *out);
            for (size_t j = first; j < end; j++)
                out[j] = sums[(r * wide + j) * LANES + s] * scale;
        }
}

/* A stripe, a few angles at a time and a tile at a time: what a tile reads of them stays in the cache. */
static void backproject_stripe(const batch *b, size_t top, float *sums)
{
    size_t side = b->fbp->side, rows = side - top < STRIPE ? side - top : STRIPE;
    size_t wide = (side + PIXELS - 1) / PIXELS * PIXELS;
    memset(sums, 0, STRIPE * wide * LANES * sizeof *sums);
    for (size_t a = 0; a < b->fbp->angle_count; a += ANGLES) {
        size_t count = b->fbp->angle_count - a < ANGLES ? b->fbp->angle_count - a : ANGLES;
        for (size_t j = 0; j < side; j += PIXELS)
            for (size_t r = 0; r < rows; r++) {
                size_t first, end;
                span_of_row(b->fbp, top + r, &first, &end);
                if (j < end && j + PIXELS > first)
                    add_angles(b, a, count, top + r, j, sums + (r * wide + j) * LANES);
            }
    }
    put_rows(b, top, rows, sums);
}

/* A stripe, or one angle. */
static bp_status make_part(bp_context *ctx, void *user, size_t index)
{
    const batch *b = user;
    size_t wide = (b->fbp->side + PIXELS - 1) / PIXELS * PIXELS;
    size_t values = b->back ? STRIPE * wide * LANES : 2 * b->length * LANES;
    if (bp_context_cancelled(ctx))
        return bp_fail(ctx, BP_E_INTERRUPTED, "interrupted");
    float *room = aligned_alloc(64, values * sizeof *room);
    if (!room)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for slices");
    if (b->back)
        backproject_stripe(b, index * STRIPE, room);
    else
        filter_angle(b, index, room);
    free(room);
    return BP_OK;
}

/* Up to LANES slices: all angles are filtered, then all stripes are made. */
static bp_status make_batch(bp_context *ctx, batch *b)
{
    b->back = false;
    bp_status status = bp_pool_split(ctx, b->fbp->angle_count, make_part, b);
    b->back = true;
    return status == BP_OK ? bp_pool_split(ctx, (b->fbp->side + STRIPE - 1) / STRIPE, make_part, b) : status;
}

static bool prepare(batch *b)
{
    const bp_fbp *fbp = b->fbp;
    size_t n = b->length, angles = fbp->angle_count, values;
    double *response = malloc(n * sizeof *response);
    b->response = malloc(n * sizeof *b->response);
    b->cosines = malloc((2 * angles + 1) * sizeof *b->cosines);
    if (bp_mul_overflows(angles * b->width, LANES * sizeof *b->rows, &values))
        values = 0;
    b->rows = values ? aligned_alloc(64, values) : NULL;
    bool made = response && b->response && b->cosines && b->rows && bp_fbp_response(fbp->filter, n, response);
    for (size_t k = 0; made && k < n; k++)
        b->response[k] = (float)(response[k] / (double)n);
    b->sines = b->cosines + angles;
    for (size_t a = 0; made && a < angles; a++)
        bp_plain_trig(fbp->angles[a] / 360, &b->cosines[a], &b->sines[a]);
    free(response);
    return made;
}

bp_status bp_fbp_fast(bp_context *ctx, const bp_fbp *fbp, unsigned threads, size_t count,
                      const float *sinograms, float *slices)
{
    batch b = {.fbp = fbp, .kernels = bp_kernels_get(), .length = bp_fbp_length(fbp)};
    b.width = fbp->columns + 2 * MARGIN;
    bp_fftf *plan = bp_fftf_new(b.length);
    b.plan = plan;
    /* threads of the context, when it has some */
    bp_pool *own = ctx && !bp_context_pool(ctx) && threads != 1 ? bp_pool_helpers(ctx, threads) : NULL;
    if (own)
        bp_context_set_pool(ctx, own);
    bp_status status = BP_OK;
    if (!plan || !prepare(&b))
        status = bp_fail(ctx, BP_E_MEMORY, "no memory for %zu rows of %zu columns", fbp->angle_count,
                         fbp->columns);
    for (size_t s = 0; s < count && status == BP_OK; s += LANES) {
        b.count = count - s < LANES ? count - s : LANES;
        b.sinograms = sinograms + s * fbp->angle_count * fbp->columns;
        b.slices = slices + s * fbp->side * fbp->side;
        status = make_batch(ctx, &b);
    }
    if (own)
        bp_context_set_pool(ctx, NULL);
    bp_pool_free(own);
    bp_fftf_free(plan);
    free(b.response);
    free(b.cosines);
    free(b.rows);
    return status;
}
