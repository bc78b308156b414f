/* SPDX-License-Identifier: BSD-3-Clause
 * ptycho: far fields of a scan, before anybody reconstructs them. Per position: photons and centre of mass
 * (the gradient of the phase, to first order). Against a changed version: the error of the modulus sqrt(I),
 * which is what reconstructions fit, beside the floor that counting noise sets. Counts are taken for Poisson;
 * units of the jackknife are positions, or tiles of pixels for what each position has. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "algo/exposures.h"
#include "beampress/science.h"

enum { P_MARKS, P_COUNT };

static const bp_param params_of_ptycho[P_COUNT] = {
    [P_MARKS] = {"marks", "", BP_PARAM_SWITCH, 0, 1, 1, NULL,
                 "-1, -2 and the largest value of an unsigned type are marks, not counts"},
};

#define UNITS BP_JACKKNIFE_BLOCKS

/* Of a frame, by unit: photons, and first and second moments of their places. */
typedef struct moments {
    double sum, x, y, xx, yy;
} moments;

enum { PHOTONS, CENTRE_X, CENTRE_Y, CURVES };

typedef struct analysis {
    const double *params;
    const bp_science_stack *stack;
    double *frame, *other; /* other: of the test */
    uint8_t *skip, *skip_other, *tiles;
    double *curves, *sigmas, *without; /* CURVES x positions; without: CURVES x UNITS x positions */
    double *at;
    bool whole;    /* values that may be counts */
    uint64_t used; /* that take part */
} analysis;

static bp_status make_room(bp_context *ctx, analysis *a)
{
    size_t pixels = a->stack->rows * a->stack->columns, positions = (size_t)a->stack->frames;
    a->frame = malloc(2 * pixels * sizeof *a->frame);
    a->skip = malloc(3 * pixels);
    a->curves = malloc(((2 + UNITS) * CURVES + 1) * positions * sizeof *a->curves);
    if (!a->frame || !a->skip || !a->curves)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for %zu positions", positions);
    a->other = a->frame + pixels;
    a->skip_other = a->skip + pixels;
    a->tiles = a->skip_other + pixels;
    a->sigmas = a->curves + CURVES * positions;
    a->without = a->sigmas + CURVES * positions;
    a->at = a->without + CURVES * UNITS * positions;
    bp_tiles_deal(a->stack->rows, a->stack->columns, a->tiles);
    return BP_OK;
}

static void fini(analysis *a)
{
    free(a->frame);
    free(a->skip);
    free(a->curves);
}

static bp_status read(bp_context *ctx, analysis *a, const bp_science_stack *s, uint64_t f, double *frame,
                      uint8_t *skip)
{
    size_t pixels = s->rows * s->columns;
    bp_status status = s->read(ctx, s->user, f, 1, frame);
    bool whole =
        status != BP_OK || bp_skip_marks(s->marks != BP_OPAQUE ? s->marks : s->dtype, a->params[P_MARKS] != 0,
                                         frame, pixels, a->stack->excluded, skip);
    a->whole = a->whole && whole;
    for (size_t i = 0; i < pixels && a->stack->excluded; i++)
        skip[i] = skip[i] || a->stack->excluded[i];
    return status;
}

static void curves_of(const moments *m, double out[CURVES])
{
    out[PHOTONS] = m->sum;
    out[CENTRE_X] = m->sum > 0 ? m->x / m->sum : (double)NAN;
    out[CENTRE_Y] = m->sum > 0 ? m->y / m->sum : (double)NAN;
}

/* Of the mean place of n photons, whose squares sum up to `square`. */
static double centre_sigma(double square, double photons, double centre)
{
    return photons > 0 ? sqrt(fmax(square / photons - centre * centre, 0) / photons) : (double)NAN;
}

static void describe_position(analysis *a, size_t f)
{
    size_t positions = (size_t)a->stack->frames, columns = a->stack->columns;
    moments parts[UNITS] = {{0}}, all = {0};
    double values[CURVES];
    size_t used = 0;
    for (size_t i = 0; i < a->stack->rows * columns; i++) {
        moments *m = &parts[a->tiles[i]];
        size_t row = i / columns;
        double v = a->frame[i], x = (double)(i % columns), y = (double)row;
        if (a->skip[i])
            continue;
        used++;
        m->sum += v;
        m->x += v * x;
        m->y += v * y;
        m->xx += v * x * x;
        m->yy += v * y * y;
    }
    for (size_t u = 0; u < UNITS; u++) {
        all.sum += parts[u].sum;
        all.x += parts[u].x;
        all.y += parts[u].y;
        all.xx += parts[u].xx;
        all.yy += parts[u].yy;
    }
    all.sum = used > 0 ? all.sum : (double)NAN;
    a->used += used;
    curves_of(&all, values);
    for (size_t k = 0; k < CURVES; k++)
        a->curves[k * positions + f] = values[k];
    /* the centre of n photons is the mean of their places */
    a->sigmas[f] = all.sum >= 0 ? sqrt(fmax(all.sum, 1)) : (double)NAN;
    a->sigmas[CENTRE_X * positions + f] = centre_sigma(all.xx, all.sum, values[CENTRE_X]);
    a->sigmas[CENTRE_Y * positions + f] = centre_sigma(all.yy, all.sum, values[CENTRE_Y]);
    for (size_t u = 0; u < UNITS; u++) {
        moments rest = {all.sum - parts[u].sum, all.x - parts[u].x, all.y - parts[u].y, 0, 0};
        curves_of(&rest, values);
        values[PHOTONS] *= (double)UNITS / (UNITS - 1);
        for (size_t k = 0; k < CURVES; k++)
            a->without[(k * UNITS + u) * positions + f] = values[k];
    }
}

static bp_status run(bp_context *ctx, const double *params, const bp_science_stack *stack,
                     bp_outcomes *outcomes)
{
    static const char *const names[CURVES][2] = {
        {"photons", "value"}, {"centre_of_mass_x", "pixels"}, {"centre_of_mass_y", "pixels"}};
    analysis a = {.params = params, .stack = stack, .whole = true};
    size_t positions = (size_t)stack->frames;
    bp_status status = make_room(ctx, &a);
    for (size_t f = 0; f < positions && status == BP_OK; f++) {
        status = read(ctx, &a, stack, f, a.frame, a.skip);
        a.at[f] = (double)f;
        if (status == BP_OK)
            describe_position(&a, f);
    }
    if (status == BP_OK && a.used == 0)
        status = bp_fail(ctx, BP_E_INPUT, "no pixel takes part: all are masked, marks or not finite");
    for (size_t k = 0; k < CURVES && status == BP_OK; k++)
        status = bp_outcomes_add(
            ctx, outcomes,
            &(bp_outcome){.name = names[k][0],
                          .unit = names[k][1],
                          .axis = "position",
                          .uncertainty = a.whole ? "Poisson counts" : "Poisson, as if the values were counts",
                          .count = positions,
                          .values = a.curves + k * positions,
                          .sigmas = a.sigmas + k * positions,
                          .at = a.at,
                          .unit_count = UNITS,
                          .without = a.without + k * UNITS * positions});
    fini(&a);
    return status;
}

/* Sums of one block of positions. */
typedef struct field_sums {
    double error, moved, photons, modulus, noise;
} field_sums;

enum { FAR_FIELD, R_FACTOR, NOISE_FLOOR, SCORES };

/* Variance of sqrt(n) for Poisson counts of this mean: 1/4 for many, less for few. */
static double modulus_variance(double mean)
{
    double p, sum = 0;
    if (!(mean > 0))
        return 0;
    if (mean > 50)
        return 0.25 + 0.09375 / mean; /* the first terms of its series */
    p = exp(-mean);
    for (unsigned k = 1; k < 150; k++) {
        p *= mean / k;
        sum += p * sqrt(k);
    }
    return mean - sum * sum;
}

static void compare_position(const analysis *a, field_sums *s, const double *noise_of)
{
    for (size_t i = 0; i < a->stack->rows * a->stack->columns; i++) {
        if (a->skip[i] || a->skip_other[i])
            continue;
        double n = fmax(a->frame[i], 0), m = fmax(a->other[i], 0), d = sqrt(m) - sqrt(n);
        s->error += d * d;
        s->moved += fabs(d);
        s->photons += n;
        s->modulus += sqrt(n);
        s->noise += n < 51 ? noise_of[(size_t)(n + 0.5)] : modulus_variance(n);
    }
}

static void scores_of(const field_sums *s, size_t blocks, size_t without, double out[SCORES])
{
    field_sums all = {0};
    for (size_t b = 0; b < blocks; b++)
        if (b != without) {
            all.error += s[b].error;
            all.moved += s[b].moved;
            all.photons += s[b].photons;
            all.modulus += s[b].modulus;
            all.noise += s[b].noise;
        }
    out[FAR_FIELD] = all.photons > 0 ? all.error / all.photons : (double)NAN;
    out[R_FACTOR] = all.modulus > 0 ? all.moved / all.modulus : (double)NAN;
    out[NOISE_FLOOR] = all.photons > 0 ? all.noise / all.photons : (double)NAN;
}

static bp_status add_scores(bp_context *ctx, const field_sums *sums, size_t blocks, bp_outcomes *outcomes)
{
    static const char *const names[SCORES] = {"far_field_error", "r_factor", "noise_floor"};
    double values[SCORES], rest[SCORES], without[SCORES][UNITS];
    bp_status status = BP_OK;
    scores_of(sums, blocks, SIZE_MAX, values);
    for (size_t b = 0; b < blocks; b++) {
        scores_of(sums, blocks, b, rest);
        for (size_t k = 0; k < SCORES; k++)
            without[k][b] = rest[k];
    }
    for (size_t k = 0; k < SCORES && status == BP_OK; k++) {
        double sigma = bp_jackknife_sigma(without[k], blocks);
        status =
            bp_outcomes_add(ctx, outcomes,
                            &(bp_outcome){.name = names[k],
                                          .unit = "",
                                          .uncertainty = isnan(sigma) ? NULL : "jackknife over positions",
                                          .count = 1,
                                          .values = &values[k],
                                          .sigmas = isnan(sigma) ? NULL : &sigma,
                                          .unit_count = blocks,
                                          .without = without[k]});
    }
    return status;
}

static bp_status compare(bp_context *ctx, const double *params, const bp_science_stack *reference,
                         const bp_science_stack *test, bp_outcomes *outcomes)
{
    analysis a = {.params = params, .stack = reference};
    size_t positions = (size_t)reference->frames, blocks = positions < UNITS ? positions : UNITS;
    field_sums sums[UNITS] = {{0}};
    double noise_of[52];
    for (size_t n = 0; n < sizeof noise_of / sizeof *noise_of; n++)
        noise_of[n] = modulus_variance((double)n);
    bp_status status = make_room(ctx, &a);
    for (size_t f = 0; f < positions && status == BP_OK; f++) {
        status = read(ctx, &a, reference, f, a.frame, a.skip);
        if (status == BP_OK)
            status = read(ctx, &a, test, f, a.other, a.skip_other);
        if (status == BP_OK)
            compare_position(&a, &sums[f * blocks / positions], noise_of);
    }
    if (status == BP_OK)
        status = add_scores(ctx, sums, blocks, outcomes);
    fini(&a);
    return status;
}

const bp_technique bp_technique_ptycho = {
    .name = "ptycho",
    .summary = "far fields of a scan: photons, centre of mass; against a test: error of the modulus",
    .source = "P. Thibault, A. Menzel, Nature 494 (2013) 68 (error of the modulus, centre of mass)",
    .params = params_of_ptycho,
    .param_count = P_COUNT,
    .run = run,
    .compare = compare,
};
