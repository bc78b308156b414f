/* SPDX-License-Identifier: BSD-3-Clause
 * xpcs: a speckle pattern that forgets itself at known rates, counted in photons. The field of each coherent
 * mode is a complex Gaussian process in every pixel, autoregressive in time. Everything is of + - * / and
 * sqrt in a fixed order, so the counts are the same on every machine. */
#include <math.h>
#include <stdlib.h>

#include "algo/plain_exp.h"
#include "algo/plain_log.h"
#include "algo/poisson_sample.h"
#include "beampress/simulate.h"

enum { P_FRAMES, P_HEIGHT, P_WIDTH, P_REGIONS, P_RATE, P_MODES, P_SPECKLE, P_COUNTS, P_SEED, P_COUNT };

#define MOST_REGIONS 16
#define MOST_SPECKLE 16
#define MOST_VALUES  (UINT64_C(1) << 29) /* of the series: two gigabytes */

static const bp_param params_of_xpcs[P_COUNT] = {
    [P_FRAMES] = {"frames", "frames", BP_PARAM_INTEGER, 1, 1e6, 256, NULL, "how many"},
    [P_HEIGHT] = {"height", "pixels", BP_PARAM_INTEGER, 1, 4096, 64, NULL, "rows of a frame"},
    [P_WIDTH] = {"width", "pixels", BP_PARAM_INTEGER, 1, 4096, 64, NULL, "columns of a frame"},
    [P_REGIONS] = {"regions", "", BP_PARAM_INTEGER, 1, MOST_REGIONS, 2, NULL,
                   "bands of rows, number k with k^2 times the rate, as for diffusion"},
    [P_RATE] = {"rate", "1/frame", BP_PARAM_REAL, 0, 10, 0.02, NULL, "of the first region"},
    [P_MODES] = {"modes", "", BP_PARAM_INTEGER, 1, 100, 3, NULL, "coherent modes: the contrast is 1 / modes"},
    [P_SPECKLE] = {"speckle", "pixels", BP_PARAM_INTEGER, 1, MOST_SPECKLE, 1, NULL, "side of a speckle"},
    [P_COUNTS] = {"counts", "photons per pixel and frame", BP_PARAM_REAL, 0.001, 100, 1, NULL, "mean"},
    [P_SEED] = {"seed", "", BP_PARAM_INTEGER, 0, 9007199254740992.0, 1, NULL,
                "another one gives other speckles"},
};

typedef struct state {
    uint64_t seed;
    size_t pixels;
    uint32_t *means; /* of all frames, in 1/65536 photon */
    double *labels;  /* per pixel */
    double rates[MOST_REGIONS], keep[MOST_REGIONS], renew[MOST_REGIONS];
    double contrast, counts, speckle;
    bp_poisson_sampler *sampler;
} state;

/* A complex field with its margins, and what smooths it. */
typedef struct field {
    size_t rows, columns;  /* with the margins that smoothing eats */
    double *white, *rough; /* two values per place */
    double *now;           /* per pixel: of the mode, in time */
} field;

/* Two independent normal numbers of variance 1/2. G. Marsaglia, T. Bray, SIAM Rev. 6 (1964) 260. */
static void normal_pair(bp_random *random, double pair[2])
{
    double x, y, s;
    do {
        x = 2 * bp_random_uniform(random) - 1;
        y = 2 * bp_random_uniform(random) - 1;
        s = x * x + y * y;
    } while (s >= 1 || s == 0);
    double scale = sqrt(-bp_plain_log(s) / s);
    pair[0] = x * scale;
    pair[1] = y * scale;
}

/* Sums of `side` neighbours along columns, then along rows: speckles of that side. Variance 1 stays 1. */
static void smooth(const bp_simulation *s, field *f, size_t side, size_t pixel, double out[2])
{
    size_t row = pixel / s->width, column = pixel % s->width;
    out[0] = out[1] = 0;
    for (size_t i = 0; i < side; i++) {
        const double *from = f->rough + 2 * ((row + i) * s->width + column);
        out[0] += from[0];
        out[1] += from[1];
    }
    out[0] /= (double)side;
    out[1] /= (double)side;
}

static void fill_rough(const bp_simulation *s, field *f, size_t side, bp_random *random)
{
    for (size_t i = 0; i < f->rows * f->columns; i++)
        normal_pair(random, f->white + 2 * i);
    for (size_t row = 0; row < f->rows; row++)
        for (size_t column = 0; column < s->width; column++) {
            double *to = f->rough + 2 * (row * s->width + column);
            to[0] = to[1] = 0;
            for (size_t i = 0; i < side; i++) {
                to[0] += f->white[2 * (row * f->columns + column + i)];
                to[1] += f->white[2 * (row * f->columns + column + i) + 1];
            }
        }
}

/* Adds the intensity of one mode to all frames. */
static void add_mode(const bp_simulation *s, const state *st, field *f, uint64_t mode, double *sums)
{
    bp_random random;
    bp_random_init(&random, st->seed, UINT64_MAX - mode);
    size_t side = (size_t)s->params[P_SPECKLE];
    for (size_t t = 0; t < s->frames; t++) {
        fill_rough(s, f, side, &random);
        for (size_t i = 0; i < st->pixels; i++) {
            size_t region = (size_t)st->labels[i] - 1;
            double fresh[2], *now = f->now + 2 * i, keep = t ? st->keep[region] : 0,
                             renew = t ? st->renew[region] : 1;
            smooth(s, f, side, i, fresh);
            now[0] = keep * now[0] + renew * fresh[0];
            now[1] = keep * now[1] + renew * fresh[1];
            sums[t * st->pixels + i] += now[0] * now[0] + now[1] * now[1];
        }
    }
}

static bp_status settle_means(bp_context *ctx, const bp_simulation *s, state *st, const double *sums)
{
    double scale = st->counts / s->params[P_MODES];
    for (size_t i = 0; i < s->frames * st->pixels; i++) {
        double rate = sums[i] * scale;
        if (rate > 65000)
            return bp_fail(ctx, BP_E_USAGE, "xpcs: a pixel would have %.0f photons", rate);
        st->means[i] = (uint32_t)(rate * BP_POISSON_ONE + 0.5);
        bp_status status = bp_poisson_sampler_prepare(ctx, st->sampler, st->means[i]);
        if (status != BP_OK)
            return status;
    }
    return BP_OK;
}

static bp_status make_series(bp_context *ctx, const bp_simulation *s, state *st)
{
    size_t side = (size_t)s->params[P_SPECKLE];
    field f = {.rows = s->height + side - 1, .columns = s->width + side - 1};
    double *sums = calloc(s->frames * st->pixels, sizeof *sums);
    f.white = calloc(2 * f.rows * f.columns, sizeof *f.white);
    f.rough = calloc(2 * f.rows * s->width, sizeof *f.rough);
    f.now = calloc(2 * st->pixels, sizeof *f.now);
    bp_status status = sums && f.white && f.rough && f.now
                           ? BP_OK
                           : bp_fail(ctx, BP_E_MEMORY, "no memory for %zu frames", s->frames);
    for (size_t mode = 0; status == BP_OK && mode < (size_t)s->params[P_MODES]; mode++) {
        if (bp_context_cancelled(ctx))
            status = bp_fail(ctx, BP_E_INTERRUPTED, "interrupted");
        else
            add_mode(s, st, &f, mode, sums);
    }
    if (status == BP_OK)
        status = settle_means(ctx, s, st, sums);
    free(f.white);
    free(f.rough);
    free(f.now);
    free(sums);
    return status;
}

static void tell(bp_simulation *s, state *st)
{
    const bp_truth truths[] = {{"contrast", "",
                                "g2 - 1 at no delay: variance of the intensity over its mean squared", false,
                                &st->contrast, 0, 0},
                               {"rate", "1/frame", "of each region: g2 - 1 falls as exp(-2 rate delay)",
                                false, st->rates, (size_t)s->params[P_REGIONS], 0},
                               {"mean_counts", "photons", "per pixel and frame", false, &st->counts, 0, 0},
                               {"speckle", "pixels", "side of a speckle", false, &st->speckle, 0, 0}};
    s->truth_count = sizeof truths / sizeof *truths;
    for (size_t i = 0; i < s->truth_count; i++)
        s->truths[i] = truths[i];
    s->sides[0] = (bp_simulated_side){
        "regions", "",  "region of each pixel, from 1 on", "instrument/detector", st->pixels, st->labels,
        true,      true};
    s->side_count = 1;
}

static void fill_regions(const bp_simulation *s, state *st)
{
    size_t regions = (size_t)s->params[P_REGIONS];
    for (size_t k = 0; k < regions; k++) {
        st->rates[k] = s->params[P_RATE] * (double)((k + 1) * (k + 1));
        st->keep[k] = bp_plain_exp(-st->rates[k]);
        st->renew[k] = sqrt(1 - st->keep[k] * st->keep[k]);
    }
    for (size_t i = 0; i < st->pixels; i++) {
        size_t region = 1 + i / s->width * regions / s->height;
        st->labels[i] = (double)region;
    }
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
    st->seed = (uint64_t)p[P_SEED];
    st->pixels = s->height * s->width;
    st->contrast = 1 / p[P_MODES];
    st->counts = p[P_COUNTS];
    st->speckle = p[P_SPECKLE];
    if (s->height < (size_t)p[P_REGIONS])
        return bp_fail(ctx, BP_E_USAGE, "xpcs: %zu rows are too few for %g regions", s->height, p[P_REGIONS]);
    if (st->pixels > MOST_VALUES / s->frames)
        return bp_fail(ctx, BP_E_USAGE,
                       "xpcs: the whole series is made in memory; %zu frames of %zux%zu are too many",
                       s->frames, s->height, s->width);
    st->means = malloc(s->frames * st->pixels * sizeof *st->means);
    st->labels = malloc(st->pixels * sizeof *st->labels);
    st->sampler = bp_poisson_sampler_new();
    if (!st->means || !st->labels || !st->sampler)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for %zu frames", s->frames);
    fill_regions(s, st);
    tell(s, st);
    return make_series(ctx, s, st);
}

static bp_status frame(bp_context *ctx, const bp_simulation *s, size_t index, void *values)
{
    const state *st = s->state;
    const uint32_t *means = st->means + index * st->pixels;
    uint16_t *counts = values;
    bp_random random;
    (void)ctx;
    bp_random_init(&random, st->seed, index);
    for (size_t i = 0; i < st->pixels; i++)
        counts[i] = (uint16_t)bp_poisson_sample(st->sampler, means[i], &random);
    return BP_OK;
}

static void end(bp_simulation *s)
{
    state *st = s->state;
    if (!st)
        return;
    free(st->means);
    free(st->labels);
    bp_poisson_sampler_free(st->sampler);
    free(st);
}

const bp_simulator bp_simulator_xpcs = {
    .name = "xpcs",
    .summary = "speckles that change at known rates, counted in photons",
    .model =
        "Each coherent mode is a complex Gaussian field, smoothed over the side of a speckle, and an "
        "autoregressive "
        "process in time: the field forgets itself as exp(-rate delay). The intensity is the mean over the "
        "modes; "
        "a pixel takes it at one point. Independent Poisson counts. No dead time, afterglow, drift or gaps.",
    .version = 1,
    .params = params_of_xpcs,
    .param_count = P_COUNT,
    .begin = begin,
    .frame = frame,
    .end = end,
};
