/* SPDX-License-Identifier: BSD-3-Clause
 * saxs: exposures of equal spheres in solution, with a flat background, on a flat detector across the beam.
 * Everything is of + - * / and sqrt in a fixed order, so the counts are the same on every machine. */
#include <math.h>
#include <stdlib.h>

#include "algo/plain_exp.h"
#include "algo/poisson_sample.h"
#include "beampress/simulate.h"

enum {
    P_FRAMES,
    P_HEIGHT,
    P_WIDTH,
    P_RADIUS,
    P_INTENSITY,
    P_BACKGROUND,
    P_DISTANCE,
    P_PIXEL,
    P_WAVELENGTH,
    P_SEED,
    P_COUNT
};

static const bp_param params_of_saxs[P_COUNT] = {
    [P_FRAMES] = {"frames", "exposures", BP_PARAM_INTEGER, 1, 1e6, 10, NULL, "how many"},
    [P_HEIGHT] = {"height", "pixels", BP_PARAM_INTEGER, 1, 32768, 256, NULL, "rows of a frame"},
    [P_WIDTH] = {"width", "pixels", BP_PARAM_INTEGER, 1, 32768, 256, NULL, "columns of a frame"},
    [P_RADIUS] = {"radius", "nm", BP_PARAM_REAL, 0.1, 1000, 4, NULL, "of the spheres"},
    [P_INTENSITY] = {"intensity", "photons per pixel and exposure", BP_PARAM_REAL, 0.001, 50000, 100, NULL,
                     "what the spheres scatter in the forward direction"},
    [P_BACKGROUND] = {"background", "photons per pixel and exposure", BP_PARAM_REAL, 0, 10000, 0.05, NULL,
                      "the same in all directions"},
    [P_DISTANCE] = {"distance", "m", BP_PARAM_REAL, 0.01, 100, 2, NULL, "from the sample to the detector"},
    [P_PIXEL] = {"pixel", "um", BP_PARAM_REAL, 1, 10000, 500, NULL, "side of a pixel"},
    [P_WAVELENGTH] = {"wavelength", "Angstrom", BP_PARAM_REAL, 0.01, 100, 1, NULL, "of the beam"},
    [P_SEED] = {"seed", "", BP_PARAM_INTEGER, 0, 9007199254740992.0, 1, NULL,
                "another one gives other counts"},
};

#define MOST_RATE 40000.0 /* photons: its largest counts still fit 16 bits */
#define PI        3.14159265358979323846

typedef struct state {
    uint64_t seed;
    size_t pixels;
    uint32_t *means; /* in 1/65536 photon */
    double *rate, *q;
    double radius_of_gyration, intensity, background;
    double distance, centre_x, centre_y, pixel, wavelength;
    bp_poisson_sampler *sampler;
} state;

/* Scattering of a sphere at x = q R, 1 at 0: (3 (sin x - x cos x) / x^3)^2. Lord Rayleigh, Proc. R. Soc. A 84
 * (1911) 25. */
static double sphere(double x)
{
    double x2 = x * x, amplitude, c, s;
    if (x < 0.5) {
        amplitude = 1 - x2 / 10 * (1 - x2 / 28 * (1 - x2 / 54 * (1 - x2 / 88 * (1 - x2 / 130))));
    } else {
        bp_plain_circle(x, &c, &s);
        amplitude = 3 * (s - x * c) / (x2 * x);
    }
    return amplitude * amplitude;
}

static bp_status fill_rates(bp_context *ctx, const bp_simulation *s, state *st)
{
    double L = st->distance;
    for (size_t i = 0; i < st->pixels; i++) {
        size_t row = i / s->width;
        double dy = ((double)row + 0.5 - st->centre_y) * st->pixel * 1e-6;
        double dx = ((double)(i % s->width) + 0.5 - st->centre_x) * st->pixel * 1e-6;
        double r2 = dx * dx + dy * dy, h = sqrt(L * L + r2), cosine = L / h;
        /* sin^2 of half the scattering angle is (1 - cos) / 2, without cancellation */
        st->q[i] = 4 * PI / (st->wavelength * 0.1) * sqrt(r2 / (2 * h * (h + L)));
        double rate = (st->intensity * sphere(st->q[i] * s->params[P_RADIUS]) + st->background) * cosine *
                      cosine * cosine;
        st->means[i] = (uint32_t)(rate * BP_POISSON_ONE + 0.5);
        st->rate[i] = (double)st->means[i] / BP_POISSON_ONE;
        bp_status status = bp_poisson_sampler_prepare(ctx, st->sampler, st->means[i]);
        if (status != BP_OK)
            return status;
    }
    return BP_OK;
}

static void tell(bp_simulation *s, state *st)
{
    const bp_truth truths[] = {
        {"rate", "photons", "expected photons per pixel and exposure", true, st->rate, 0, 0},
        {"q", "1/nm", "scattering vector of the centre of each pixel", true, st->q, 0, 0},
        {"radius_of_gyration", "nm", "of the spheres: sqrt(3/5) of their radius", false,
         &st->radius_of_gyration, 0, 0},
        {"forward_intensity", "photons", "of the spheres, per pixel across the beam and exposure", false,
         &st->intensity, 0, 0},
        {"background", "photons", "per pixel across the beam and exposure", false, &st->background, 0, 0}};
    static const char detector[] = "instrument/detector";
    const bp_simulated_side sides[] = {
        {"distance", "m", "from the sample to the detector", detector, 1, &st->distance, false, false},
        {"beam_center_x", "pixels", "from the corner of the first pixel", detector, 1, &st->centre_x, false,
         false},
        {"beam_center_y", "pixels", "from the corner of the first pixel", detector, 1, &st->centre_y, false,
         false},
        {"x_pixel_size", "um", "width of a pixel", detector, 1, &st->pixel, false, false},
        {"y_pixel_size", "um", "height of a pixel", detector, 1, &st->pixel, false, false},
        {"incident_wavelength", "angstrom", "of the beam", "instrument/beam", 1, &st->wavelength, false,
         false}};
    s->truth_count = sizeof truths / sizeof *truths;
    s->side_count = sizeof sides / sizeof *sides;
    for (size_t i = 0; i < s->truth_count; i++)
        s->truths[i] = truths[i];
    for (size_t i = 0; i < s->side_count; i++)
        s->sides[i] = sides[i];
}

static bp_status begin(bp_context *ctx, bp_simulation *s)
{
    const double *p = s->params;
    s->dtype = BP_U16;
    s->frames = (size_t)p[P_FRAMES];
    s->height = (size_t)p[P_HEIGHT];
    s->width = (size_t)p[P_WIDTH];
    s->entropy = NAN;
    state *st = s->state = calloc(1, sizeof *st);
    if (!st)
        return bp_fail(ctx, BP_E_MEMORY, "no memory");
    *st = (state){.seed = (uint64_t)p[P_SEED],
                  .pixels = s->height * s->width,
                  .radius_of_gyration = sqrt(0.6) * p[P_RADIUS],
                  .intensity = p[P_INTENSITY],
                  .background = p[P_BACKGROUND],
                  .distance = p[P_DISTANCE],
                  .centre_x = 0.5 * (double)s->width,
                  .centre_y = 0.5 * (double)s->height,
                  .pixel = p[P_PIXEL],
                  .wavelength = p[P_WAVELENGTH]};
    if (st->intensity + st->background > MOST_RATE)
        return bp_fail(ctx, BP_E_USAGE, "saxs: intensity and background together are more than %g photons",
                       MOST_RATE);
    st->means = malloc(st->pixels * sizeof *st->means);
    st->rate = malloc(st->pixels * sizeof *st->rate);
    st->q = malloc(st->pixels * sizeof *st->q);
    st->sampler = bp_poisson_sampler_new();
    if (!st->means || !st->rate || !st->q || !st->sampler)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for a map of %zu pixels", st->pixels);
    tell(s, st);
    return fill_rates(ctx, s, st);
}

static bp_status frame(bp_context *ctx, const bp_simulation *s, size_t index, void *values)
{
    const state *st = s->state;
    uint16_t *counts = values;
    bp_random random;
    bp_random_init(&random, st->seed, index);
    for (size_t i = 0; i < st->pixels; i++) {
        if (i % 65536 == 0 && bp_context_cancelled(ctx))
            return bp_fail(ctx, BP_E_INTERRUPTED, "interrupted");
        counts[i] = (uint16_t)bp_poisson_sample(st->sampler, st->means[i], &random);
    }
    return BP_OK;
}

static void end(bp_simulation *s)
{
    state *st = s->state;
    if (!st)
        return;
    free(st->means);
    free(st->rate);
    free(st->q);
    bp_poisson_sampler_free(st->sampler);
    free(st);
}

const bp_simulator bp_simulator_saxs = {
    .name = "saxs",
    .summary = "exposures of spheres in solution on a flat detector",
    .model = "Equal spheres far from each other and a flat background; the beam meets the middle of a flat "
             "detector at a "
             "right angle and has no polarisation; pixels see their solid angle; independent Poisson counts "
             "in every "
             "pixel and exposure. No beamstop, point spread, dead time or saturation.",
    .version = 1,
    .params = params_of_saxs,
    .param_count = P_COUNT,
    .begin = begin,
    .frame = frame,
    .end = end,
};
