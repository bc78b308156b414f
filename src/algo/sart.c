/* SPDX-License-Identifier: BSD-3-Clause */
#include "algo/sart.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "algo/plain_trig.h"
#include "base/checked.h"

#define PI        3.14159265358979323846
#define HALF_TURN 180.0
#define GOLDEN    1.61803398874989484820
#define HAMMING   0.46164 /* of the window along each ray */

typedef struct place {
    double angle; /* from 0 to half a turn */
    size_t index;
} place;

static int by_angle(const void *a, const void *b)
{
    const place *p = a, *q = b;
    int later = (p->angle > q->angle) - (p->angle < q->angle);
    return later ? later : (p->index > q->index) - (p->index < q->index);
}

/* How far an angle is from where the next one should be; one that is exactly there comes last. */
static double distance(double a, double b)
{
    return a == b ? HALF_TURN : fabs(a - b);
}

/* Each angle as far as possible from all before it: the next one lies 180 / golden ratio^2 degrees on, and of
 * those that are left the nearer neighbour is taken. order: indices of the angles. */
static bool order_angles(const bp_sart *s, size_t *order)
{
    size_t left = s->angle_count;
    place *rest = malloc((left + 1) * sizeof *rest);
    if (!rest)
        return false;
    for (size_t i = 0; i < left; i++) {
        double whole = floor(s->angles[i] / HALF_TURN);
        rest[i] = (place){s->angles[i] - HALF_TURN * whole, i};
    }
    qsort(rest, left, sizeof *rest, by_angle);
    double at = left ? rest[0].angle : 0;
    for (size_t taken = 0, next = 0; left; taken++) {
        order[taken] = rest[next].index;
        memmove(rest + next, rest + next + 1, (--left - next) * sizeof *rest);
        at = fmod(at + HALF_TURN / (GOLDEN * GOLDEN), HALF_TURN);
        size_t above = 0;
        while (above < left && rest[above].angle < at)
            above++;
        size_t below = above ? above - 1 : left - 1;
        above = above < left ? above : 0;
        if (left)
            next = distance(at, rest[below].angle) < distance(at, rest[above].angle) ? below : above;
    }
    free(rest);
    return true;
}

/* A ray through the circle: samples 0 ... steps, step pixels apart. */
typedef struct ray {
    size_t side, steps;
    double cosine, sine, middle;
    double beside, half, step; /* distance from the axis, half its length */
} ray;

static void aim(ray *r, double beside)
{
    double radius = r->middle - 1, square = radius * radius - beside * beside;
    r->beside = beside;
    r->half = square > 0 ? sqrt(square) : 0;
    r->steps = 2 * (size_t)ceil(2 * r->half);
    r->step = r->steps ? 2 * r->half / (double)r->steps : 0;
}

/* The pixels around sample k and their weights; how many of the four count. */
static size_t corners(const ray *r, size_t k, size_t *pixels, double *weights)
{
    double along = r->half - (double)k * r->step;
    double y = along * r->cosine - r->beside * r->sine + r->middle;
    double x = along * r->sine + r->beside * r->cosine + r->middle;
    double row = floor(y), column = floor(x), last = (double)r->side - 1, v = y - row, u = x - column;
    size_t used = 0;
    for (int c = 0; c < 4; c++) {
        bool down = c >= 2, right = c % 2;
        if (!(down ? row >= 0 && row < last : row > 0 && row <= last) ||
            !(right ? column >= 0 && column < last : column > 0 && column <= last))
            continue;
        pixels[used] = ((size_t)row + down) * r->side + (size_t)column + right;
        weights[used++] = (down ? v : 1 - v) * (right ? u : 1 - u) * r->step;
    }
    return used;
}

/* Sum of the image along the ray; *norm: of the squares of the weights. */
static double sum_along(const ray *r, const double *image, double *norm)
{
    double sum = 0, weights[4];
    size_t pixels[4];
    *norm = 0;
    for (size_t k = 0; r->steps && k <= r->steps; k++) {
        size_t used = corners(r, k, pixels, weights);
        for (size_t c = 0; c < used; c++) {
            sum += weights[c] * image[pixels[c]];
            *norm += weights[c] * weights[c];
        }
    }
    return sum;
}

static void spread(const ray *r, double value, double *image)
{
    double weights[4];
    size_t pixels[4];
    for (size_t k = 0; r->steps && k <= r->steps; k++) {
        size_t used = corners(r, k, pixels, weights);
        double window = 1 - HAMMING - HAMMING * cos(2 * PI * (double)k / ((double)r->steps - 1));
        for (size_t c = 0; c < used; c++)
            image[pixels[c]] += value * weights[c] * window;
    }
}

static void correct(const bp_sart *s, size_t angle, const double *projection, double *slice, double *change)
{
    size_t pixels = s->columns * s->columns;
    ray r = {.side = s->columns, .middle = bp_floor_divide(s->columns, 2)};
    bp_plain_trig(s->angles[angle] / 360, &r.cosine, &r.sine);
    memset(change, 0, pixels * sizeof *change);
    for (size_t k = 0; k < s->columns; k++) {
        double norm;
        aim(&r, (double)k - s->centre);
        double rest = projection[k] - sum_along(&r, slice, &norm);
        if (norm > 0)
            spread(&r, rest / norm, change);
    }
    for (size_t i = 0; i < pixels; i++)
        slice[i] += s->relaxation * change[i];
}

bp_status bp_sart_run(bp_context *ctx, const bp_sart *s, size_t iterations, const double *sinogram,
                      double *slice)
{
    size_t *order = malloc((s->angle_count + 1) * sizeof *order);
    double *change = malloc((s->columns * s->columns + 1) * sizeof *change);
    bp_status status = BP_OK;
    if (!order || !change || !order_angles(s, order))
        status = bp_fail(ctx, BP_E_MEMORY, "no memory for a slice of %zu x %zu", s->columns, s->columns);
    for (size_t i = 0; i < iterations; i++)
        for (size_t a = 0; a < s->angle_count && status == BP_OK; a++) {
            correct(s, order[a], sinogram + order[a] * s->columns, slice, change);
            if (bp_context_cancelled(ctx))
                status = bp_fail(ctx, BP_E_INTERRUPTED, "interrupted");
        }
    free(order);
    free(change);
    return status;
}
