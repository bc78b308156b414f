/* SPDX-License-Identifier: BSD-3-Clause
 * rofex: slices of a bubbly flow in a pipe, as ultrafast X-ray tomography reconstructs them, one after the
 * other in time. + - x / and sqrt only, so that the values are the same on every machine. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "base/scratch.h"
#include "beampress/simulate.h"

enum { P_FRAMES, P_SIZE, P_VOID, P_BUBBLE, P_SPEED, P_NOISE, P_SEED, P_COUNT };

static const bp_param params_of_rofex[P_COUNT] = {
    [P_FRAMES] = {"frames", "slices", BP_PARAM_INTEGER, 1, 1e6, 500, NULL, "how many, one after the other"},
    [P_SIZE] = {"size", "pixels", BP_PARAM_INTEGER, 32, 4096, 256, NULL, "rows and columns of a slice"},
    [P_VOID] = {"void", "", BP_PARAM_REAL, 0, 0.5, 0.15, NULL,
                "share of gas in the pipe that is aimed at; bubbles that overlap make it less"},
    [P_BUBBLE] = {"bubble", "pixels", BP_PARAM_REAL, 4, 1000, 24, NULL, "mean diameter of the bubbles"},
    [P_SPEED] = {"speed", "pixels/slice", BP_PARAM_REAL, 0.01, 100, 1.5, NULL,
                 "of the flow through the slice"},
    [P_NOISE] = {"noise", "", BP_PARAM_REAL, 0, 10, 0.08, NULL,
                 "standard deviation in the middle of a slice, in units of the liquid"},
    [P_SEED] = {"seed", "", BP_PARAM_INTEGER, 0, 9007199254740992.0, 1, NULL,
                "another one gives other bubbles and other noise"},
};

#define FLOW_STREAM UINT64_MAX /* of random numbers: frames have their own */
#define WALL        1.6        /* attenuation of the wall, of the liquid 1 */
#define CUPPING     0.06       /* beam hardening: what the liquid lacks in the middle */
#define EDGE        1.5        /* pixels in which a border falls off */
#define FLAT        0.8        /* half axis along the flow, of that across it */
#define SMOOTH      0.7        /* share of the neighbours' mean that reconstruction takes from noise */

typedef struct bubble {
    double x, y, radius; /* in the slice where it is widest */
    double when;         /* slice of its middle */
} bubble;

typedef struct state {
    uint64_t seed;
    size_t side, pixels, bubble_count;
    double inner, outer, speed; /* radii of the pipe */
    double reach;               /* slices from its middle on in which a bubble is seen, at most */
    bubble *bubbles;            /* by their time */
    float *still, *spread;      /* slice without gas; noise */
    double *inside, *voids, liquid, noise;
} state;

static int by_time(const void *a, const void *b)
{
    double x = ((const bubble *)a)->when, y = ((const bubble *)b)->when;
    return (x > y) - (x < y);
}

/* 1 inside, 0 outside, straight across the border. */
static double inside_of(double radius, double distance)
{
    double part = (radius - distance) / EDGE + 0.5;
    return part < 0 ? 0 : part > 1 ? 1 : part;
}

static void fill_pipe(state *st, double noise)
{
    double middle = 0.5 * (double)(st->side - 1), field = 0.5 * (double)st->side;
    for (size_t y = 0; y < st->side; y++)
        for (size_t x = 0; x < st->side; x++) {
            double dx = (double)x - middle, dy = (double)y - middle, r2 = dx * dx + dy * dy, r = sqrt(r2);
            double liquid = inside_of(st->inner, r), wall = inside_of(st->outer, r) - liquid;
            double near = r2 / (field * field);
            size_t i = y * st->side + x;
            st->inside[i] = liquid;
            st->still[i] = r < field ? (float)(liquid * (1 - CUPPING * (1 - near)) + WALL * wall) : 0;
            st->spread[i] = r < field ? (float)(noise * (1 - 0.4 * near)) : 0;
        }
}

/* As many bubbles as the void fraction wants, at random times and places. */
static bp_status make_bubbles(bp_context *ctx, const bp_simulation *s, state *st)
{
    double radius = s->params[P_BUBBLE] / 2, frames = (double)s->frames;
    double margin = 2 * radius * FLAT / st->speed + 1;
    /* E a^3 of a = radius (u + v + 1) / 2, u and v even in 0..1: radius^3 (E(u + v)^3 + 3 E(u + v)^2 + 4) / 8
     */
    double volume = 4.0 / 3 * FLAT * radius * radius * radius * (1.5 + 3 * 7.0 / 6 + 4) / 8;
    double count = s->params[P_VOID] * st->inner * st->inner * st->speed * (frames + 2 * margin) / volume;
    st->bubble_count = (size_t)count;
    st->bubbles = malloc((st->bubble_count + 1) * sizeof *st->bubbles);
    if (!st->bubbles)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for %zu bubbles", st->bubble_count);
    bp_random random;
    bp_random_init(&random, st->seed, FLOW_STREAM);
    for (size_t i = 0; i < st->bubble_count; i++) {
        bubble *b = &st->bubbles[i];
        double x = 2, y = 2;
        b->radius = radius * (bp_random_uniform(&random) + bp_random_uniform(&random) + 1) / 2;
        b->when = bp_random_uniform(&random) * (frames + 2 * margin) - margin;
        while (x * x + y * y > 1) {
            x = 2 * bp_random_uniform(&random) - 1;
            y = 2 * bp_random_uniform(&random) - 1;
        }
        double room = st->inner - b->radius > 0 ? st->inner - b->radius : 0;
        b->x = 0.5 * (double)(st->side - 1) + x * room;
        b->y = 0.5 * (double)(st->side - 1) + y * room;
    }
    qsort(st->bubbles, st->bubble_count, sizeof *st->bubbles, by_time);
    return BP_OK;
}

/* Gas in a slice, the larger where bubbles overlap. */
static void add_bubble(const state *st, const bubble *b, double radius, float *gas)
{
    double left = b->x - radius - EDGE, top = b->y - radius - EDGE;
    size_t x0 = left > 0 ? (size_t)left : 0, y0 = top > 0 ? (size_t)top : 0;
    for (size_t y = y0; y < st->side && (double)y < b->y + radius + EDGE; y++)
        for (size_t x = x0; x < st->side && (double)x < b->x + radius + EDGE; x++) {
            double dx = (double)x - b->x, dy = (double)y - b->y;
            float here = (float)inside_of(radius, sqrt(dx * dx + dy * dy));
            float *old = &gas[y * st->side + x];
            *old = here > *old ? here : *old;
        }
}

static void fill_gas(const state *st, size_t index, float *gas)
{
    double now = (double)index, reach = st->reach;
    size_t low = 0, high = st->bubble_count;
    memset(gas, 0, st->pixels * sizeof *gas);
    while (low < high) { /* the first that may still be here */
        size_t half = (low + high) / 2;
        if (st->bubbles[half].when < now - reach)
            low = half + 1;
        else
            high = half;
    }
    for (size_t i = low; i < st->bubble_count && st->bubbles[i].when <= now + reach; i++) {
        const bubble *b = &st->bubbles[i];
        double along = (now - b->when) * st->speed / (FLAT * b->radius), rest = 1 - along * along;
        if (rest > 0)
            add_bubble(st, b, b->radius * sqrt(rest), gas);
    }
}

/* Share of gas in each slice, exactly as it is drawn. */
static bp_status tell_voids(bp_context *ctx, const bp_simulation *s, state *st)
{
    float *gas = bp_scratch_take(ctx, st->pixels * sizeof *gas);
    if (!gas)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for a slice");
    double whole = 0;
    for (size_t i = 0; i < st->pixels; i++)
        whole += st->inside[i];
    bp_status status = BP_OK;
    for (size_t f = 0; f < s->frames && status == BP_OK; f++) {
        double sum = 0;
        if (bp_context_cancelled(ctx))
            status = bp_fail(ctx, BP_E_INTERRUPTED, "interrupted");
        fill_gas(st, f, gas);
        for (size_t i = 0; i < st->pixels; i++)
            sum += (double)gas[i] * st->inside[i];
        st->voids[f] = sum / whole;
    }
    bp_scratch_give(ctx, gas);
    return status;
}

static void tell(bp_simulation *s, state *st)
{
    s->truths[0] = (bp_truth){
        "void_fraction", "", "share of gas in the pipe, of each slice", false, st->voids, s->frames, 0};
    s->truths[1] = (bp_truth){"pipe", "", "1 inside the pipe, 0 elsewhere", true, st->inside, 0, 0};
    s->truths[2] = (bp_truth){
        "liquid", "", "attenuation of the liquid at the wall; that of gas is 0", false, &st->liquid, 0, 0};
    s->truths[3] = (bp_truth){"noise", "", "its standard deviation in the middle", false, &st->noise, 0, 0};
    s->truth_count = 4;
}

static bp_status begin(bp_context *ctx, bp_simulation *s)
{
    state *st = s->state = calloc(1, sizeof *st);
    s->dtype = BP_F32;
    s->frames = (size_t)s->params[P_FRAMES];
    s->height = s->width = (size_t)s->params[P_SIZE];
    s->entropy = NAN;
    if (!st)
        return bp_fail(ctx, BP_E_MEMORY, "no memory");
    st->seed = (uint64_t)s->params[P_SEED];
    st->side = s->height;
    st->pixels = st->side * st->side;
    st->outer = 0.45 * (double)st->side;
    st->inner = 0.42 * (double)st->side;
    st->speed = s->params[P_SPEED];
    st->liquid = 1;
    st->noise = s->params[P_NOISE];
    st->still = malloc(st->pixels * sizeof *st->still);
    st->spread = malloc(st->pixels * sizeof *st->spread);
    st->inside = calloc(st->pixels, sizeof *st->inside);
    st->voids = malloc(s->frames * sizeof *st->voids);
    if (!st->still || !st->spread || !st->inside || !st->voids)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for a slice of %zu pixels", st->pixels);
    st->reach = 1.5 * s->params[P_BUBBLE] / 2 * FLAT / st->speed;
    fill_pipe(st, st->noise);
    bp_status status = make_bubbles(ctx, s, st);
    if (status == BP_OK)
        status = tell_voids(ctx, s, st);
    tell(s, st);
    return status;
}

/* White, nearly normal, of variance 1: sums of four numbers of 16 bits. */
static void fill_white(bp_random *random, size_t count, float *white)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t r = bp_random_next(random);
        int32_t sum = (int32_t)(r & 0xffff) + (int32_t)(r >> 16 & 0xffff) + (int32_t)(r >> 32 & 0xffff) +
                      (int32_t)(r >> 48);
        white[i] = (float)(sum - 131070) * (float)(1.7320508 / 65536);
    }
}

/* The noise of a reconstruction is weak in large structures: the mean of four neighbours is taken off. */
static void put_noise(const state *st, const float *white, const float *gas, float *out)
{
    size_t side = st->side;
    const float share = (float)(SMOOTH / 4), scale = (float)(1 / 1.0598); /* sqrt(1 + SMOOTH^2 / 4) */
    for (size_t y = 0; y < side; y++)
        for (size_t x = 0; x < side; x++) {
            size_t i = y * side + x, up = y ? i - side : i, down = y + 1 < side ? i + side : i;
            size_t left = x ? i - 1 : i, right = x + 1 < side ? i + 1 : i;
            float around = (white[up] + white[down]) + (white[left] + white[right]);
            out[i] = st->still[i] * (1 - gas[i]) + st->spread[i] * scale * (white[i] - share * around);
        }
}

static bp_status frame(bp_context *ctx, const bp_simulation *s, size_t index, void *values)
{
    const state *st = s->state;
    float *white = bp_scratch_take(ctx, 2 * st->pixels * sizeof *white);
    if (!white)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for a slice");
    float *gas = white + st->pixels;
    bp_random random;
    bp_random_init(&random, st->seed, index);
    fill_white(&random, st->pixels, white);
    fill_gas(st, index, gas);
    put_noise(st, white, gas, values);
    bp_scratch_give(ctx, white);
    return BP_OK;
}

static void end(bp_simulation *s)
{
    state *st = s->state;
    if (!st)
        return;
    free(st->still);
    free(st->spread);
    free(st->inside);
    free(st->voids);
    free(st->bubbles);
    free(st);
}

const bp_simulator bp_simulator_rofex = {
    .name = "rofex",
    .summary = "bubbly flow in a pipe, slice after slice, as ultrafast X-ray tomography sees it",
    .model = "Ellipsoids of gas at random places and times go through one slice of a round pipe filled with "
             "liquid, at one speed. Attenuation in units of the liquid, a little less in the middle (beam "
             "hardening); noise of a reconstruction: weak in large structures, less towards the wall, 0 "
             "outside the circle that is reconstructed. No streaks, motion within a slice, or bubbles that "
             "change their shape.",
    .version = 1,
    .params = params_of_rofex,
    .param_count = P_COUNT,
    .begin = begin,
    .frame = frame,
    .end = end,
};
