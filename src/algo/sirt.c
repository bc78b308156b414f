/* SPDX-License-Identifier: BSD-3-Clause */
#include "algo/sirt.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "algo/plain_trig.h"

/* 1 / value, 0 where there is nothing. */
static void invert(double *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        values[i] = values[i] != 0 ? 1 / values[i] : 0;
}

bp_status bp_sirt_run(bp_context *ctx, const bp_projector *p, size_t iterations, const double *rays,
                      double *image)
{
    double *work = malloc(2 * (p->rays + p->pixels) * sizeof *work);
    if (!work)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for %zu rays", p->rays);
    double *row = work, *rest = row + p->rays, *column = rest + p->rays, *change = column + p->pixels;
    for (size_t i = 0; i < p->pixels; i++)
        change[i] = 1;
    for (size_t i = 0; i < p->rays; i++)
        rest[i] = 1;
    p->forward(p->user, change, row);
    p->back(p->user, rest, column);
    invert(row, p->rays);
    invert(column, p->pixels);
    bp_status status = BP_OK;
    for (size_t k = 0; k < iterations && status == BP_OK; k++) {
        p->forward(p->user, image, rest);
        for (size_t i = 0; i < p->rays; i++)
            rest[i] = row[i] * (rays[i] - rest[i]);
        p->back(p->user, rest, change);
        for (size_t i = 0; i < p->pixels; i++)
            image[i] += column[i] * change[i];
        if (bp_context_cancelled(ctx))
            status = bp_fail(ctx, BP_E_INTERRUPTED, "interrupted");
    }
    free(work);
    return status;
}

/* One angle, forward (rays from the image) or back (image from the rays): along `outer` lines of the image,
 * the ray of column d crosses line o at place first + o * per_line + d * per_ray. */
static void project_angle(const bp_joseph *p, double angle, const double *from, double *to, bool back)
{
    double cosine, sine, m = p->middle, last = (double)p->side - 1;
    bp_plain_trig(angle / 360, &cosine, &sine);
    bool rows = fabs(cosine) >= fabs(sine);
    size_t line = rows ? p->side : 1, next = rows ? 1 : p->side;
    /* t = centre + x cos - y sin, with x, y from the middle: x = (t - centre + y sin) / cos, and so on */
    double per_ray = rows ? 1 / cosine : -1 / sine, per_line = rows ? sine / cosine : cosine / sine;
    double first = m - p->centre * per_ray - m * per_line, weight = fabs(per_ray);
    for (size_t o = 0; o < p->side; o++)
        for (size_t d = 0; d < p->columns; d++) {
            double at = first + (double)o * per_line + (double)d * per_ray;
            if (!(at > -1 && at < last + 1))
                continue;
            double whole = floor(at), w = at - whole;
            size_t left = (size_t)(whole + 1), pixel = o * line; /* pixel left - 1 and left */
            if (left > 0 && back)
                to[pixel + (left - 1) * next] += (1 - w) * weight * from[d];
            else if (left > 0)
                to[d] += (1 - w) * weight * from[pixel + (left - 1) * next];
            if (left < p->side && back)
                to[pixel + left * next] += w * weight * from[d];
            else if (left < p->side)
                to[d] += w * weight * from[pixel + left * next];
        }
}

static void forward(const void *user, const double *image, double *rays)
{
    const bp_joseph *p = user;
    memset(rays, 0, p->angle_count * p->columns * sizeof *rays);
    for (size_t a = 0; a < p->angle_count; a++)
        project_angle(p, p->angles[a], image, rays + a * p->columns, false);
}

static void back(const void *user, const double *rays, double *image)
{
    const bp_joseph *p = user;
    memset(image, 0, p->side * p->side * sizeof *image);
    for (size_t a = 0; a < p->angle_count; a++)
        project_angle(p, p->angles[a], rays + a * p->columns, image, true);
}

bp_projector bp_joseph_projector(const bp_joseph *joseph)
{
    return (bp_projector){.pixels = joseph->side * joseph->side,
                          .rays = joseph->angle_count * joseph->columns,
                          .forward = forward,
                          .back = back,
                          .user = joseph};
}
