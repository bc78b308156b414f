/* SPDX-License-Identifier: BSD-3-Clause
 * ct: parallel-beam tomography of a round rod with spherical pores, whose slices, porosity and axis are
 * known. Photons are counted behind the sample; a camera adds gain, offset and read-out noise. Everything
 * that reaches a value is made of + - x / and sqrt, so that it is the same on every machine. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "algo/plain_exp.h"
#include "algo/plain_log.h"
#include "algo/plain_trig.h"
#include "algo/poisson_sample.h"
#include "base/checked.h"
#include "beampress/simulate.h"

enum {
    P_ROWS,
    P_COLUMNS,
    P_ANGLES,
    P_RANGE,
    P_FLATS,
    P_DARKS,
    P_PHOTONS,
    P_GAIN,
    P_OFFSET,
    P_READ,
    P_OPTICAL,
    P_POROSITY,
    P_PORE,
    P_APART,
    P_CENTRE,
    P_SEED,
    P_COUNT
};

static const bp_param params_of_ct[P_COUNT] = {
    [P_ROWS] = {"rows", "pixels", BP_PARAM_INTEGER, 1, 4096, 16, NULL, "of the detector"},
    [P_COLUMNS] = {"columns", "pixels", BP_PARAM_INTEGER, 16, 8192, 128, NULL, "of the detector"},
    [P_ANGLES] = {"angles", "frames", BP_PARAM_INTEGER, 2, 100000, 180, NULL, "projections, in equal steps"},
    [P_RANGE] = {"range", "degrees", BP_PARAM_REAL, 1, 3600, 180, NULL, "that they cover, its end left out"},
    [P_FLATS] = {"flats", "frames", BP_PARAM_INTEGER, 0, 1000, 20, NULL, "without sample"},
    [P_DARKS] = {"darks", "frames", BP_PARAM_INTEGER, 0, 1000, 10, NULL, "without beam"},
    [P_PHOTONS] = {"photons", "photons", BP_PARAM_REAL, 1, 60000, 10000, NULL,
                   "expected in a pixel of the open beam, where it is brightest"},
    [P_GAIN] = {"gain", "ADU/photon", BP_PARAM_REAL, 0.001, 1000, 1, NULL, "of the camera"},
    [P_OFFSET] = {"offset", "ADU", BP_PARAM_REAL, 0, 10000, 100, NULL, "of the camera, without light"},
    [P_READ] = {"read_noise", "ADU", BP_PARAM_REAL, 0, 1000, 3, NULL, "standard deviation of the read-out"},
    [P_OPTICAL] = {"attenuation", "", BP_PARAM_REAL, 0.01, 8, 1.5, NULL,
                   "through the middle of the rod, if it had no pores: -ln of the transmission"},
    [P_POROSITY] = {"porosity", "", BP_PARAM_REAL, 0, 0.25, 0.15, NULL,
                    "share of the rod that is asked of pores; the truth says what they took"},
    [P_PORE] = {"pore", "pixels", BP_PARAM_REAL, 1, 1000, 6, NULL,
                "radius of the largest pore; the smallest has half of it"},
    [P_APART] = {"apart", "pixels", BP_PARAM_REAL, 0.1, 1000, 1, NULL,
                 "between detector rows; twice the radius of a pore makes them independent"},
    [P_CENTRE] = {"centre", "pixels", BP_PARAM_REAL, -1, 8192, -1, NULL,
                  "column of the axis, counted from 0; -1: columns / 2, rounded down"},
    [P_SEED] = {"seed", "", BP_PARAM_INTEGER, 0, 9007199254740992.0, 1, NULL,
                "another one gives other pores and other counts"},
};

#define ROD          0.42 /* radius, in columns */
#define FINE         4    /* points along a pixel that stand for it */
#define TRIES        200  /* places for a pore before there is none */
#define MOST_PORES   20000
#define SAMPLE_TRAIT UINT64_MAX /* stream of random numbers for the pores; frames have their own numbers */

typedef struct pore {
    double x, y, z, radius; /* pixels; z along the detector rows, x and y from the axis */
} pore;

typedef struct state {
    uint64_t seed;
    double rod, density, centre; /* density: attenuation of a pixel of the rod */
    pore *pores;
    size_t pore_count;
    double *angles, *keys, *beam, *slices, *porosity;
    double mean_porosity, photons;
    double *cosines, *sines; /* of each projection */
    bp_poisson_sampler *sampler;
} state;

static double next(bp_random *random, double from, double to)
{
    return from + (to - from) * bp_random_uniform(random);
}

static bool free_place(const state *st, const pore *p)
{
    if (sqrt(p->x * p->x + p->y * p->y) + p->radius > st->rod - 1)
        return false;
    for (size_t i = 0; i < st->pore_count; i++) {
        const pore *q = &st->pores[i];
        double dx = p->x - q->x, dy = p->y - q->y, dz = p->z - q->z, apart = p->radius + q->radius;
        if (dx * dx + dy * dy + dz * dz < apart * apart)
            return false;
    }
    return true;
}

/* Spheres one after the other wherever they do not touch (random sequential addition), also above and below
 * what the detector sees. */
static void place_pores(const bp_simulation *s, state *st)
{
    double most = s->params[P_PORE], height = (double)s->height * s->params[P_APART];
    double goal = s->params[P_POROSITY] * st->rod * st->rod * (height + 2 * most), taken = 0;
    bp_random random;
    bp_random_init(&random, st->seed, SAMPLE_TRAIT);
    /* volumes in units of pi: the rod's is r^2 h, a sphere's 4/3 r^3 */
    for (int tries = 0; tries < TRIES && taken < goal && st->pore_count < MOST_PORES; tries++) {
        pore p = {next(&random, -st->rod, st->rod), next(&random, -st->rod, st->rod),
                  next(&random, -most, height + most), next(&random, most / 2, most)};
        if (!free_place(st, &p))
            continue;
        st->pores[st->pore_count++] = p;
        taken += p.radius * p.radius * p.radius * 4 / 3;
        tries = -1;
    }
}

/* Squared radius of the circle that a plane z cuts out of a pore; below 0: none. */
static double cut(const pore *p, double z)
{
    return p->radius * p->radius - (z - p->z) * (z - p->z);
}

/* Adds density times the path through a circle to a row of line integrals: the mean over each pixel. */
static void add_circle(double *row, size_t columns, double middle, double square, double density)
{
    double radius = sqrt(square), first = floor(middle - radius - 1), last = ceil(middle + radius + 1);
    size_t from = first > 0 ? (size_t)first : 0;
    for (size_t k = from; k < columns && (double)k <= last; k++) {
        double sum = 0;
        for (int i = 0; i < FINE; i++) {
            double u = (double)k + (i + 0.5) / FINE - 0.5 - middle, inside = square - u * u;
            sum += inside > 0 ? sqrt(inside) : 0;
        }
        row[k] += density * 2 * sum / FINE;
    }
}

/* -ln of the transmission along one detector row. */
static void line_integrals(const bp_simulation *s, const state *st, size_t angle, size_t row, double *out)
{
    double z = ((double)row + 0.5) * s->params[P_APART];
    memset(out, 0, s->width * sizeof *out);
    add_circle(out, s->width, st->centre, st->rod * st->rod, st->density);
    for (size_t i = 0; i < st->pore_count; i++) {
        const pore *p = &st->pores[i];
        double square = cut(p, z);
        if (square > 0)
            add_circle(out, s->width, st->centre + p->x * st->cosines[angle] - p->y * st->sines[angle],
                       square, -st->density);
    }
    for (size_t k = 0; k < s->width; k++)
        out[k] = out[k] > 0 ? out[k] : 0;
}

/* Share of the pixel around (x, y) inside a circle, from FINE x FINE points. */
static double share_inside(double x, double y, double square)
{
    double sum = 0;
    for (int i = 0; i < FINE; i++)
        for (int j = 0; j < FINE; j++) {
            double u = x + (i + 0.5) / FINE - 0.5, v = y + (j + 0.5) / FINE - 0.5;
            sum += u * u + v * v < square ? 1.0 / (FINE * FINE) : 0;
        }
    return sum;
}

static void add_disc(double *slice, size_t side, double x, double y, double square, double density)
{
    double middle = bp_floor_divide(side, 2), radius = sqrt(square);
    long first_row = (long)floor(y - radius - 1 + middle), last_row = (long)ceil(y + radius + 1 + middle);
    long first = (long)floor(x - radius - 1 + middle), last = (long)ceil(x + radius + 1 + middle);
    for (long i = first_row > 0 ? first_row : 0; i <= last_row && i < (long)side; i++)
        for (long j = first > 0 ? first : 0; j <= last && j < (long)side; j++)
            slice[(size_t)i * side + (size_t)j] +=
                density * share_inside((double)j - middle - x, (double)i - middle - y, square);
}

/* The slice of every detector row, and the share of the rod that its pores take. */
static void fill_slices(const bp_simulation *s, state *st)
{
    size_t side = s->width;
    for (size_t row = 0; row < s->height; row++) {
        double z = ((double)row + 0.5) * s->params[P_APART], area = 0;
        double *slice = st->slices + row * side * side;
        add_disc(slice, side, 0, 0, st->rod * st->rod, st->density);
        for (size_t i = 0; i < st->pore_count; i++) {
            const pore *p = &st->pores[i];
            double square = cut(p, z);
            if (square <= 0)
                continue;
            add_disc(slice, side, p->x, p->y, square, -st->density);
            area += square;
        }
        st->porosity[row] = area / (st->rod * st->rod);
        st->mean_porosity += st->porosity[row] / (double)s->height;
    }
}

/* The open beam: a smooth hill that falls by a quarter towards the corners. */
static void fill_beam(const bp_simulation *s, state *st)
{
    for (size_t y = 0; y < s->height; y++)
        for (size_t x = 0; x < s->width; x++) {
            double v = 2 * ((double)y + 0.5) / (double)s->height - 1;
            double u = 2 * ((double)x + 0.5) / (double)s->width - 1;
            st->beam[y * s->width + x] = st->photons * (1 - 0.2 * u * u - 0.05 * v * v);
        }
}

/* Darks, flats, projections: the order in which a scan is often taken. */
static void fill_frames(const bp_simulation *s, state *st)
{
    size_t darks = (size_t)s->params[P_DARKS], flats = (size_t)s->params[P_FLATS];
    size_t count = (size_t)s->params[P_ANGLES];
    for (size_t f = 0; f < s->frames; f++) {
        st->keys[f] = f < darks ? 2 : f < darks + flats ? 1 : 0;
        size_t a = st->keys[f] == 0 ? f - darks - flats : 0;
        st->angles[f] = s->params[P_RANGE] * (double)a / (double)count;
        if (st->keys[f] == 0)
            bp_plain_trig(st->angles[f] / 360, &st->cosines[a], &st->sines[a]);
    }
}

static void tell(bp_simulation *s, state *st)
{
    size_t side = s->width, frames = s->frames;
    s->truths[0] = (bp_truth){"slices", "1/pixel",  "attenuation; one slice below the other, a row each",
                              false,    st->slices, s->height * side,
                              side};
    s->truths[1] = (bp_truth){
        "porosity", "", "share of the rod that pores take in each row", false, st->porosity, s->height, 0};
    s->truths[2] = (bp_truth){"mean_porosity", "", "over all rows", false, &st->mean_porosity, 0, 0};
    s->truths[3] =
        (bp_truth){"centre", "pixels", "column of the axis, counted from 0", false, &st->centre, 0, 0};
    s->truths[4] = (bp_truth){"density", "1/pixel", "attenuation of the rod", false, &st->density, 0, 0};
    s->truths[5] = (bp_truth){"rod_radius", "pixels", "of the rod", false, &st->rod, 0, 0};
    s->truths[6] =
        (bp_truth){"beam", "photons", "expected in each pixel without sample", true, st->beam, 0, 0};
    s->truth_count = 7;
    s->sides[0] = (bp_simulated_side){.name = "rotation_angle",
                                      .unit = "degrees",
                                      .help = "of each frame",
                                      .group = "sample",
                                      .count = frames,
                                      .values = st->angles};
    s->sides[1] = (bp_simulated_side){.name = "image_key",
                                      .unit = "",
                                      .help = "0 projection, 1 flat field, 2 dark",
                                      .group = "instrument/detector",
                                      .count = frames,
                                      .values = st->keys,
                                      .whole = true};
    s->side_count = 2;
    s->definition = "NXtomo";
    s->entropy = NAN;
}

static bp_status make_room(bp_context *ctx, bp_simulation *s, state *st)
{
    size_t pixels = s->height * s->width, angles = (size_t)s->params[P_ANGLES];
    st->pores = malloc(MOST_PORES * sizeof *st->pores);
    st->angles = calloc(2 * s->frames + 2 * angles, sizeof *st->angles);
    st->beam = malloc(pixels * sizeof *st->beam);
    st->slices = calloc(pixels * s->width, sizeof *st->slices);
    st->porosity = calloc(s->height, sizeof *st->porosity);
    st->sampler = bp_poisson_sampler_new();
    if (!st->pores || !st->angles || !st->beam || !st->slices || !st->porosity || !st->sampler)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for %zu slices of %zu x %zu pixels", s->height, s->width,
                       s->width);
    st->keys = st->angles + s->frames;
    st->cosines = st->keys + s->frames;
    st->sines = st->cosines + angles;
    return BP_OK;
}

/* Tables for every mean up to the largest: each of its digits by itself. */
static bp_status prepare_counts(bp_context *ctx, const bp_simulation *s, state *st)
{
    uint32_t most = (uint32_t)(st->photons * BP_POISSON_ONE + 0.5);
    bp_status status = BP_OK;
    for (uint32_t place = 0; place < 32 && status == BP_OK && most >> place; place += 8)
        for (uint32_t digit = 1; digit < 256 && digit <= most >> place && status == BP_OK; digit++)
            status = bp_poisson_sampler_prepare(ctx, st->sampler, digit << place);
    double largest = st->photons + 12 * sqrt(st->photons) + 60;
    double adu = s->params[P_OFFSET] + s->params[P_GAIN] * largest + 12 * s->params[P_READ];
    if (status == BP_OK && adu > UINT16_MAX)
        status =
            bp_fail(ctx, BP_E_USAGE, "ct: the open beam would reach %.0f ADU, more than 16 bits hold", adu);
    return status;
}

static bp_status begin(bp_context *ctx, bp_simulation *s)
{
    state *st = s->state = calloc(1, sizeof *st);
    if (!st)
        return bp_fail(ctx, BP_E_MEMORY, "no memory");
    s->dtype = BP_U16;
    s->height = (size_t)s->params[P_ROWS];
    s->width = (size_t)s->params[P_COLUMNS];
    s->frames = (size_t)(s->params[P_ANGLES] + s->params[P_FLATS] + s->params[P_DARKS]);
    st->seed = (uint64_t)s->params[P_SEED];
    st->photons = s->params[P_PHOTONS];
    st->rod = ROD * (double)s->width;
    st->density = s->params[P_OPTICAL] / (2 * st->rod);
    st->centre = s->params[P_CENTRE] >= 0 ? s->params[P_CENTRE] : bp_floor_divide(s->width, 2);
    if (st->centre > (double)s->width - 1)
        return bp_fail(ctx, BP_E_USAGE, "ct: centre=%g is off the detector", st->centre);
    bp_status status = make_room(ctx, s, st);
    if (status == BP_OK)
        status = prepare_counts(ctx, s, st);
    if (status != BP_OK)
        return status;
    place_pores(s, st);
    fill_slices(s, st);
    fill_beam(s, st);
    fill_frames(s, st);
    tell(s, st);
    return BP_OK;
}

/* Two normal deviates (G. Marsaglia's polar method). */
static void normal_pair(bp_random *random, double *a, double *b)
{
    double u, v, square;
    do {
        u = next(random, -1, 1);
        v = next(random, -1, 1);
        square = u * u + v * v;
    } while (square >= 1 || square == 0);
    double factor = sqrt(-2 * bp_plain_log(square) / square);
    *a = u * factor;
    *b = v * factor;
}

/* One row: expected photons become counts, counts become ADU. */
static void measure_row(const bp_simulation *s, const state *st, const double *photons, bp_random *random,
                        uint16_t *out)
{
    double noise[2] = {0, 0};
    for (size_t k = 0; k < s->width; k++) {
        uint32_t mean = photons ? (uint32_t)(photons[k] * BP_POISSON_ONE + 0.5) : 0;
        double count = mean ? bp_poisson_sample(st->sampler, mean, random) : 0;
        if (k % 2 == 0)
            normal_pair(random, &noise[0], &noise[1]);
        double adu = s->params[P_OFFSET] + s->params[P_GAIN] * count + s->params[P_READ] * noise[k % 2];
        adu = floor(adu + 0.5);
        out[k] = (uint16_t)(adu < 0 ? 0 : adu > UINT16_MAX ? UINT16_MAX : adu);
    }
}

static bp_status frame(bp_context *ctx, const bp_simulation *s, size_t index, void *values)
{
    const state *st = s->state;
    double *line = calloc(s->width, sizeof *line);
    bp_random random;
    if (!line)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for a row");
    bp_random_init(&random, st->seed, index);
    for (size_t row = 0; row < s->height; row++) {
        const double *beam = st->beam + row * s->width;
        if (bp_context_cancelled(ctx))
            break;
        if (st->keys[index] == 0)
            line_integrals(s, st, index + (size_t)s->params[P_ANGLES] - s->frames, row, line);
        for (size_t k = 0; k < s->width; k++)
            line[k] = st->keys[index] == 0 ? beam[k] * bp_plain_exp(-line[k]) : beam[k];
        measure_row(s, st, st->keys[index] == 2 ? NULL : line, &random, (uint16_t *)values + row * s->width);
    }
    free(line);
    return bp_context_cancelled(ctx) ? bp_fail(ctx, BP_E_INTERRUPTED, "interrupted") : BP_OK;
}

static void end(bp_simulation *s)
{
    state *st = s->state;
    if (!st)
        return;
    free(st->pores);
    free(st->angles);
    free(st->beam);
    free(st->slices);
    free(st->porosity);
    bp_poisson_sampler_free(st->sampler);
    free(st);
}

const bp_simulator bp_simulator_ct = {
    .name = "ct",
    .summary = "parallel-beam tomography of a porous rod",
    .model = "A round rod with spherical pores that do not touch, turned in a parallel beam of a smooth "
             "profile. Poisson photons behind it, a camera with gain, offset and normal read-out noise, "
             "rounded to 16 bits. No scattering, blur, rings, drift or beam hardening.",
    .version = 1,
    .params = params_of_ct,
    .param_count = P_COUNT,
    .begin = begin,
    .frame = frame,
    .end = end,
};
