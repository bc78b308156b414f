/* SPDX-License-Identifier: BSD-3-Clause */
#include "explore/realisation.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "algo/noise.h"
#include "base/random.h"

#define LOOKED_AT 16
#define SAMPLES   100000 /* differences and values that medians are taken of */
#define FEW       30     /* counts: below, Poisson's distribution is no normal one */
#define TWO_PI    6.28318530717958647693

static void limits_of(bp_dtype dtype, bp_noise_model *m)
{
    static const struct {
        bp_dtype dtype;
        double low, high;
    } rows[] = {{BP_U8, 0, 254},     {BP_U16, 0, 65534},       {BP_U32, 0, 4294967294.0},
                {BP_I8, -128, 127},  {BP_I16, -32768, 32767},  {BP_I32, -2147483648.0, 2147483647.0},
                {BP_U64, 0, 0x1p63}, {BP_I64, -0x1p62, 0x1p62}};
    m->low = -INFINITY;
    m->high = INFINITY;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].dtype == dtype) {
            m->whole = true;
            m->low = rows[i].low;
            m->high = rows[i].high;
        }
}

/* Medians see little of edges: values, and |a - 2b + c| along rows. */
typedef struct difference {
    double value, size;
} difference;

typedef struct differences {
    difference *items;
    size_t count;
} differences;

static void add_differences(const bp_science_stack *s, const double *frame, differences *d)
{
    size_t pixels = s->rows * s->columns, step = pixels * LOOKED_AT / SAMPLES + 1;
    for (size_t i = 1; i + 1 < pixels && d->count < SAMPLES; i += step) {
        double size = fabs(frame[i - 1] - 2 * frame[i] + frame[i + 1]);
        if (isfinite(size) && !(s->excluded && (s->excluded[i - 1] || s->excluded[i] || s->excluded[i + 1])))
            d->items[d->count++] = (difference){frame[i], size};
    }
}

static int by_value(const void *a, const void *b)
{
    double x = ((const difference *)a)->value, y = ((const difference *)b)->value;
    return x < y ? -1 : x > y;
}

static int by_difference(const void *a, const void *b)
{
    double x = ((const difference *)a)->size, y = ((const difference *)b)->size;
    return x < y ? -1 : x > y;
}

/* Middle value of items sorted by value, and the noise that half of their differences are below of. */
static void middle(difference *items, size_t count, double *value, double *variance)
{
    *value = items[count / 2].value;
    qsort(items, count, sizeof *items, by_difference);
    double sigma = 1.4826 * items[count / 2].size / sqrt(6);
    *variance = sigma * sigma;
}

static bool agrees(const bp_noise_model *m, double value, double variance)
{
    double said = m->intercept + m->gain * value;
    return said < 2.25 * variance && said > variance / 2.25;
}

/* A line fitted through blocks full of edges has far too much noise. Then it is laid through what half of the
 * neighbouring pixels differ by, among the faint nine tenths and the bright tenth. */
static void mistrust(differences *d, bp_noise_model *m)
{
    size_t faint = d->count - d->count / 10;
    double low, high, below, above;
    if (d->count < 100)
        return;
    qsort(d->items, d->count, sizeof *d->items, by_value);
    middle(d->items + faint, d->count - faint, &high, &above);
    middle(d->items, faint, &low, &below);
    if (!(below > 0) || !(above > 0) || (m->known && agrees(m, low, below) && agrees(m, high, above)))
        return;
    if (!m->known) /* floats: the same for all values, as far as one can tell */
        above = below;
    m->known = true;
    m->gain = high > low && above > below ? (above - below) / (high - low) : 0;
    m->intercept = m->gain > 0 ? below - m->gain * low : below;
    snprintf(m->text, sizeof m->text, "variance %.4g + %.4g x value, from medians of neighbouring pixels",
             m->intercept, m->gain);
}

static bp_status look(bp_context *ctx, const bp_science_stack *s, bp_noise *noise, double *frames,
                      differences *d)
{
    size_t pixels = s->rows * s->columns;
    uint64_t count = s->frames < LOOKED_AT ? s->frames : LOOKED_AT;
    bp_labels none = {0};
    bp_status status = BP_OK;
    for (uint64_t i = 0; i < count && status == BP_OK; i++) {
        double *now = frames + (i % 2) * pixels, *before = frames + (1 - i % 2) * pixels;
        status = s->read(ctx, s->user, i, 1, now);
        if (status == BP_OK)
            status = bp_noise_add(ctx, noise, BP_F64, now, i ? before : NULL, &none, s->excluded);
        if (status == BP_OK)
            add_differences(s, now, d);
    }
    return status;
}

static void take(const bp_noise_estimate *e, bp_noise_model *m)
{
    m->known = e->gain_known || e->noise_known;
    if (e->gain_known) {
        m->gain = e->gain;
        m->intercept = e->intercept;
    } else if (e->noise_known) {
        m->intercept = e->noise * e->noise;
    }
    if (m->known)
        snprintf(m->text, sizeof m->text, "variance %.4g + %.4g x value, from %s", m->intercept, m->gain,
                 e->method ? e->method : "the frames");
    else if (m->whole) {
        *m = (bp_noise_model){.known = true, .gain = 1, .whole = true, .low = m->low, .high = m->high};
        snprintf(m->text, sizeof m->text, "%s", "values taken for photons: variance = value");
    } else {
        snprintf(m->text, sizeof m->text, "not known: %s", e->why_not ? e->why_not : "no estimate");
    }
}

bp_status bp_noise_model_of(bp_context *ctx, const bp_science_stack *stack, bp_noise_model *model)
{
    bp_noise_estimate estimate;
    *model = (bp_noise_model){0};
    limits_of(stack->dtype, model);
    bp_noise *noise = bp_noise_new(stack->rows, stack->columns);
    double *frames = malloc(2 * stack->rows * stack->columns * sizeof *frames);
    differences d = {malloc(SAMPLES * sizeof *d.items), 0};
    bool room = noise && frames && d.items;
    bp_status status = room ? look(ctx, stack, noise, frames, &d)
                            : bp_fail(ctx, BP_E_MEMORY, "no memory to estimate the noise");
    if (status == BP_OK) {
        bp_noise_finish(noise, &estimate);
        take(&estimate, model);
        mistrust(&d, model);
    }
    free(d.items);
    bp_noise_free(noise);
    free(frames);
    return status;
}

double bp_noise_model_sigma(const bp_noise_model *model, double value)
{
    double variance = model->intercept + model->gain * value;
    return variance > 0 ? sqrt(variance) : 0;
}

/* Counts at or below their mean, by adding up probabilities. */
static double few_counts(bp_random *random, double mean)
{
    double u = bp_random_uniform(random), p = exp(-mean), sum = p, k = 0;
    while (u > sum && k < 200) {
        k++;
        p *= mean / k;
        sum += p;
    }
    return k;
}

static double normal(bp_random *random)
{
    double u = 1 - bp_random_uniform(random), v = bp_random_uniform(random);
    return sqrt(-2 * log(u)) * cos(TWO_PI * v);
}

static double noisy(const bp_noise_model *m, bp_random *random, double value)
{
    double variance = m->intercept + m->gain * value, change;
    if (!(variance > 0) || !isfinite(value) || value > m->high)
        return value;
    double counts = m->gain > 0 ? variance / (m->gain * m->gain) : INFINITY;
    if (counts < FEW)
        change = m->gain * (few_counts(random, counts) - counts);
    else
        change = sqrt(variance) * normal(random);
    if (!m->whole)
        return value + change;
    return fmin(fmax(nearbyint(value + change), m->low), m->high);
}

static bp_status read_noisy(bp_context *ctx, void *user, uint64_t first, size_t count, double *values)
{
    const bp_realisation *r = user;
    size_t pixels = r->base->rows * r->base->columns;
    bp_status status = r->base->read(ctx, r->base->user, first, count, values);
    for (size_t f = 0; f < count && status == BP_OK; f++) {
        bp_random random;
        bp_random_init(&random, r->seed, first + f);
        for (size_t i = 0; i < pixels; i++)
            values[f * pixels + i] = noisy(r->model, &random, values[f * pixels + i]);
    }
    return status;
}

static bp_status read_side(bp_context *ctx, void *user, const char *name, double **values, size_t *count)
{
    const bp_realisation *r = user;
    return r->base->side(ctx, r->base->user, name, values, count);
}

void bp_realisation_init(bp_realisation *r, const bp_science_stack *base, const bp_noise_model *model,
                         uint64_t seed)
{
    *r = (bp_realisation){base, model, seed, *base};
    r->stack.read = read_noisy;
    r->stack.side = read_side;
    r->stack.user = r;
}
