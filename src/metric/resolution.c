/* SPDX-License-Identifier: BSD-3-Clause
 * resolution: Fourier ring correlation of test and reference, summed over frames: down to which detail do
 * they agree? */
#include <math.h>
#include <stdlib.h>

#include "algo/ring_correlation.h"
#include "beampress/metric.h"

enum { Q_HALF_BIT, Q_ONE_SEVENTH, Q_NYQUIST, Q_CURVE, Q_COUNT };

static const bp_quantity quantities[Q_COUNT] = {
    [Q_HALF_BIT] = {"frc_half_bit", "pixels", BP_BETTER_LOWER,
                    "resolution down to which both agree by the half-bit criterion; 2 when up to the Nyquist "
                    "frequency",
                    NULL},
    [Q_ONE_SEVENTH] = {"frc_one_seventh", "pixels", BP_BETTER_LOWER, "the same by the fixed criterion 1/7",
                       NULL},
    [Q_NYQUIST] = {"frc_nyquist", "", BP_BETTER_HIGHER, "correlation in the last ring", NULL},
    [Q_CURVE] = {"frc", "", BP_BETTER_HIGHER, "correlation in rings of spatial frequency",
                 "ring (1 / image side)"},
};

typedef struct state {
    bp_rings rings;
    bool whole; /* no frame had excluded pixels, and all are large enough */
    size_t frames;
} state;

static size_t value_count(const double *params, const bp_survey *survey, size_t quantity)
{
    (void)params;
    size_t side = survey->rows > survey->columns ? survey->rows : survey->columns;
    return quantity == Q_CURVE ? side / 2 + 1 : 1;
}

static bp_status begin(bp_context *ctx, const double *params, const bp_survey *survey, void **out)
{
    (void)params;
    state *s = calloc(1, sizeof *s);
    if (!s || !bp_rings_init(&s->rings, survey->rows, survey->columns)) {
        free(s);
        return bp_fail(ctx, BP_E_MEMORY, "no memory");
    }
    s->whole = survey->rows >= BP_RINGS_LEAST_SIDE && survey->columns >= BP_RINGS_LEAST_SIDE;
    *out = s;
    return BP_OK;
}

static bp_status add(bp_context *ctx, void *user, const bp_metric_frame *f)
{
    state *s = user;
    size_t least = f->rows < f->columns ? f->rows : f->columns;
    s->whole = s->whole && !f->excluded;
    s->frames++;
    if (!s->whole)
        return BP_OK;
    return bp_rings_add(ctx, &s->rings, f->reference, f->test,
                        least / 8 < BP_RINGS_EDGE ? least / 8 : BP_RINGS_EDGE)
               ? BP_OK
               : bp_fail(ctx, BP_E_MEMORY, "no memory");
}

static bp_status merge(bp_context *ctx, void *user, const void *later)
{
    (void)ctx;
    state *s = user;
    const state *more = later;
    s->whole = s->whole && more->whole;
    s->frames += more->frames;
    bp_rings_merge(&s->rings, &more->rings);
    return BP_OK;
}

static bp_status finish(bp_context *ctx, const void *user, double *values)
{
    (void)ctx;
    const state *s = user;
    bool known = s->whole && s->frames > 0;
    values[Q_HALF_BIT] = known ? bp_rings_resolution(&s->rings, BP_RINGS_HALF_BIT, 0) : NAN;
    values[Q_ONE_SEVENTH] = known ? bp_rings_resolution(&s->rings, 0, 1.0 / 7) : NAN;
    values[Q_NYQUIST] = known ? bp_rings_correlation(&s->rings, s->rings.count - 1) : NAN;
    for (size_t i = 0; i < s->rings.count; i++)
        values[Q_CURVE + i] = known ? bp_rings_correlation(&s->rings, i) : NAN;
    return BP_OK;
}

static void end(void *user)
{
    state *s = user;
    if (s)
        bp_rings_fini(&s->rings);
    free(s);
}

const bp_metric bp_metric_resolution = {
    .name = "resolution",
    .summary = "Fourier ring correlation of test and reference",
    .source = "M. van Heel, M. Schatz, J. Struct. Biol. 151 (2005) 250; thresholds as in toupy",
    .quantities = quantities,
    .quantity_count = Q_COUNT,
    .value_count = value_count,
    .begin = begin,
    .add = add,
    .merge = merge,
    .finish = finish,
    .end = end,
};
