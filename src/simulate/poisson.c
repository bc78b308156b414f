/* SPDX-License-Identifier: BSD-3-Clause
 * poisson: photon counting at a known, smooth rate that stays the same in all frames. Independent counts in
 * every pixel, so the entropy of the frames is the sum of those of the pixels, exactly. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "algo/poisson_entropy.h"
#include "algo/poisson_sample.h"
#include "beampress/simulate.h"

enum { P_FRAMES, P_HEIGHT, P_WIDTH, P_RATE, P_PATTERN, P_DTYPE, P_SEED, P_COUNT };
enum { FLAT, GRADIENT, RINGS };

static const char *const patterns[] = {"flat", "gradient", "rings", NULL};
static const char *const dtypes[] = {"uint8", "uint16", "uint32", NULL};

static const bp_param params_of_poisson[P_COUNT] = {
    [P_FRAMES] = {.name = "frames",
                  .unit = "frames",
                  .kind = BP_PARAM_INTEGER,
                  .min = 1,
                  .max = 1e6,
                  .fallback = 16,
                  .help = "how many"},
    [P_HEIGHT] = {.name = "height",
                  .unit = "pixels",
                  .kind = BP_PARAM_INTEGER,
                  .min = 1,
                  .max = 32768,
                  .fallback = 512,
                  .help = "rows of a frame"},
    [P_WIDTH] = {.name = "width",
                 .unit = "pixels",
                 .kind = BP_PARAM_INTEGER,
                 .min = 1,
                 .max = 32768,
                 .fallback = 512,
                 .help = "columns of a frame"},
    [P_RATE] = {.name = "rate",
                .unit = "photons per pixel and frame",
                .kind = BP_PARAM_REAL,
                .min = 0.01,
                .max = 10000,
                .fallback = 1,
                .help = "mean over the frame"},
    [P_PATTERN] = {.name = "pattern",
                   .unit = "",
                   .kind = BP_PARAM_CHOICE,
                   .max = RINGS,
                   .fallback = RINGS,
                   .choices = patterns,
                   .help =
                       "the rate over the frame: the same everywhere; rising to 19 times as much across it; "
                       "diffraction-like, with rings and peaks on a falling background"},
    [P_DTYPE] = {.name = "dtype",
                 .unit = "",
                 .kind = BP_PARAM_CHOICE,
                 .max = 2,
                 .fallback = 1,
                 .choices = dtypes,
                 .help = "element type; refused when the largest counts would not fit"},
    [P_SEED] = {.name = "seed",
                .unit = "",
                .kind = BP_PARAM_INTEGER,
                .min = 0,
                .max = 9007199254740992.0,
                .fallback = 1,
                .help = "another one gives other counts, and other places of the peaks"},
};

#define PEAKS       24
#define RINGS_COUNT 4
#define MOST_RATE   65535.0    /* photons: what a mean in units of 1/65536 has room for */
#define PEAK_STREAM UINT64_MAX /* of random numbers; frames have their own numbers */

typedef struct state {
    uint64_t seed;
    size_t pixels;
    uint32_t *means; /* in 1/65536 photon */
    double *rate, *entropy;
    double mean_rate, mean_entropy;
    bp_poisson_sampler *sampler;
} state;

static void fill_gradient(size_t height, size_t width, double *map)
{
    for (size_t y = 0; y < height; y++)
        for (size_t x = 0; x < width; x++)
            map[y * width + x] =
                0.1 + 0.9 * (((double)y + 0.5) / (double)height + ((double)x + 0.5) / (double)width);
}

/* Rings as Lorentz curves and a background that falls with the distance from the centre; unit: half the
 * shorter side. */
static void fill_rings(size_t height, size_t width, double unit, double *map)
{
    static const double radius[RINGS_COUNT] = {0.35, 0.6, 0.85, 1.1},
                        strength[RINGS_COUNT] = {0.9, 0.6, 0.5, 0.3};
    double broad = 0.04 * unit < 3 ? 3 / unit : 0.04;
    for (size_t y = 0; y < height; y++)
        for (size_t x = 0; x < width; x++) {
            double dy = ((double)y + 0.5 - 0.5 * (double)height) / unit;
            double dx = ((double)x + 0.5 - 0.5 * (double)width) / unit, r2 = dx * dx + dy * dy;
            double r = sqrt(r2), sum = 0.1 + 0.9 / (1 + 4 * r2);
            for (int i = 0; i < RINGS_COUNT; i++) {
                double d = (r - radius[i]) / broad;
                sum += strength[i] / (1 + d * d);
            }
            map[y * width + x] = sum;
        }
}

/* Peaks of the shape (1 + d^2 / w^2)^-2 at random places. */
static void add_peaks(uint64_t seed, size_t height, size_t width, double unit, double *map)
{
    bp_random random;
    bp_random_init(&random, seed, PEAK_STREAM);
    double broad = 0.02 * unit < 3 ? 3 : 0.02 * unit;
    for (int i = 0; i < PEAKS; i++) {
        double cy = bp_random_uniform(&random) * (double)height,
               cx = bp_random_uniform(&random) * (double)width;
        double strength = 0.5 + 2 * bp_random_uniform(&random);
        for (size_t y = 0; y < height; y++)
            for (size_t x = 0; x < width; x++) {
                double dy = ((double)y + 0.5 - cy) / broad, dx = ((double)x + 0.5 - cx) / broad;
                double fall = 1 / (1 + dx * dx + dy * dy);
                map[y * width + x] += strength * fall * fall;
            }
    }
}

static void fill_map(const bp_simulation *s, uint64_t seed, double *map)
{
    double unit = 0.5 * (double)(s->height < s->width ? s->height : s->width);
    switch ((int)s->params[P_PATTERN]) {
    case GRADIENT:
        fill_gradient(s->height, s->width, map);
        break;
    case RINGS:
        fill_rings(s->height, s->width, unit, map);
        add_peaks(seed, s->height, s->width, unit, map);
        break;
    default:
        for (size_t i = 0; i < s->height * s->width; i++)
            map[i] = 1;
        break;
    }
}

/* Row by row, so that rounding stays small. */
static double mean_of(const double *map, size_t height, size_t width)
{
    double sum = 0;
    for (size_t y = 0; y < height; y++) {
        double row = 0;
        for (size_t x = 0; x < width; x++)
            row += map[y * width + x];
        sum += row;
    }
    return sum / ((double)height * (double)width);
}

/* Scales the map to the mean that was asked for and rounds it to what the sampler takes: the truth is the
 * rounded one. */
static bp_status settle_rates(bp_context *ctx, bp_simulation *s, state *st)
{
    double scale = s->params[P_RATE] / mean_of(st->rate, s->height, s->width), largest = 0;
    for (size_t i = 0; i < st->pixels; i++)
        largest = st->rate[i] > largest ? st->rate[i] : largest;
    if (largest * scale > MOST_RATE)
        return bp_fail(ctx, BP_E_USAGE,
                       "poisson: the brightest pixel would have %.0f photons, more than %.0f",
                       largest * scale, MOST_RATE);
    uint32_t most = 0, limit = s->dtype == BP_U8 ? UINT8_MAX : s->dtype == BP_U16 ? UINT16_MAX : UINT32_MAX;
    for (size_t i = 0; i < st->pixels; i++) {
        uint32_t mean = (uint32_t)(st->rate[i] * scale * BP_POISSON_ONE + 0.5);
        bp_status status = bp_poisson_sampler_prepare(ctx, st->sampler, mean);
        if (status != BP_OK)
            return status;
        uint32_t here = bp_poisson_sample_most(st->sampler, mean);
        most = here > most ? here : most;
        st->means[i] = mean;
        st->rate[i] = (double)mean / BP_POISSON_ONE;
    }
    if (most > limit)
        return bp_fail(ctx, BP_E_USAGE,
                       "poisson: the brightest pixel, of rate %.0f, has counts up to %u, which %s "
                       "cannot hold; take a larger dtype or a smaller rate",
                       largest * scale, most, bp_dtype_name(s->dtype));
    st->mean_rate = mean_of(st->rate, s->height, s->width);
    return BP_OK;
}

static void settle_entropy(const bp_simulation *s, state *st)
{
    bp_poisson_terms terms;
    bp_poisson_terms_init(&terms);
    for (size_t i = 0; i < st->pixels; i++)
        st->entropy[i] = i && st->means[i] == st->means[i - 1] ? st->entropy[i - 1]
                                                               : bp_poisson_entropy_with(&terms, st->rate[i]);
    st->mean_entropy = mean_of(st->entropy, s->height, s->width);
}

static void tell_truths(bp_simulation *s, state *st)
{
    s->truths[0] =
        (bp_truth){"rate", "photons", "expected photons per pixel and frame", true, st->rate, 0, 0};
    s->truths[1] =
        (bp_truth){"entropy", "bits", "of the counts of one pixel in one frame", true, st->entropy, 0, 0};
    s->truths[2] =
        (bp_truth){"mean_rate", "photons", "mean of rate over the frame", false, &st->mean_rate, 0, 0};
    s->truths[3] = (bp_truth){"mean_entropy",
                              "bits",
                              "mean of entropy over the frame: no lossless code needs fewer "
                              "bits per pixel",
                              false,
                              &st->mean_entropy,
                              0,
                              0};
    s->truth_count = 4;
    s->entropy = st->mean_entropy;
}

static bp_status begin(bp_context *ctx, bp_simulation *s)
{
    static const bp_dtype types[] = {BP_U8, BP_U16, BP_U32};
    s->dtype = types[(int)s->params[P_DTYPE]];
    s->frames = (size_t)s->params[P_FRAMES];
    s->height = (size_t)s->params[P_HEIGHT];
    s->width = (size_t)s->params[P_WIDTH];
    state *st = s->state = calloc(1, sizeof *st);
    if (!st)
        return bp_fail(ctx, BP_E_MEMORY, "no memory");
    st->seed = (uint64_t)s->params[P_SEED];
    st->pixels = s->height * s->width;
    st->means = malloc(st->pixels * sizeof *st->means);
    st->rate = calloc(st->pixels, sizeof *st->rate);
    st->entropy = calloc(st->pixels, sizeof *st->entropy);
    st->sampler = bp_poisson_sampler_new();
    if (!st->means || !st->rate || !st->entropy || !st->sampler)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for a map of %zu pixels", st->pixels);
    fill_map(s, st->seed, st->rate);
    bp_status status = settle_rates(ctx, s, st);
    if (status != BP_OK)
        return status;
    settle_entropy(s, st);
    tell_truths(s, st);
    return BP_OK;
}

static bp_status frame(bp_context *ctx, const bp_simulation *s, size_t index, void *values)
{
    const state *st = s->state;
    uint8_t *u8 = values;
    uint16_t *u16 = values;
    uint32_t *u32 = values;
    bp_random random;
    bp_random_init(&random, st->seed, index);
    for (size_t i = 0; i < st->pixels; i++) {
        if (i % 65536 == 0 && bp_context_cancelled(ctx))
            return bp_fail(ctx, BP_E_INTERRUPTED, "interrupted");
        uint32_t count = bp_poisson_sample(st->sampler, st->means[i], &random);
        if (s->dtype == BP_U8)
            u8[i] = (uint8_t)count;
        else if (s->dtype == BP_U16)
            u16[i] = (uint16_t)count;
        else
            u32[i] = count;
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
    free(st->entropy);
    bp_poisson_sampler_free(st->sampler);
    free(st);
}

const bp_simulator bp_simulator_poisson = {
    .name = "poisson",
    .summary = "photon counting at a known smooth rate",
    .model = "Independent Poisson counts in every pixel of every frame; the rate is smooth over the frame "
             "and the same "
             "in all frames. No dead time, charge sharing, dark counts, gaps or saturation.",
    .version = 1,
    .params = params_of_poisson,
    .param_count = P_COUNT,
    .begin = begin,
    .frame = frame,
    .end = end,
};
