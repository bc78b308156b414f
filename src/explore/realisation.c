/* SPDX-License-Identifier: BSD-3-Clause */
#include "explore/realisation.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "algo/draw.h"
#include "algo/noise.h"

#define LOOKED_AT 16
#define SAMPLES   100000 /* differences and values that medians are taken of */
#define MANY      1024   /* counts: above, the binomial distribution is a normal one */
#define ENOUGH    1000   /* pairs of values that a test of dispersion wants */
#define LEAST_DISPERSION                                                                                     \
    0.9 /* variance over mean of what passes for photons; what moves a little has more                       \
         */
#define MOST_DISPERSION 1.25
#define LEAST_MARK      -2 /* signed counts have marks of gaps and dead pixels below 0 */

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

/* Of two counts of one mean with sum s, (a - b)^2 is s on average, whatever the mean is. Faint and bright
 * pairs apart, so that no offset, gain or read noise can pass. */
typedef struct dispersion {
    double squares[2], sums[2], pairs[2]; /* pairs with light */
    bool whole;                           /* no value was negative or broken so far */
} dispersion;

static void add_pair(dispersion *d, double a, double b, double middle)
{
    int bright = a + b > middle;
    d->squares[bright] += (a - b) * (a - b);
    d->sums[bright] += a + b;
    d->pairs[bright] += a + b > 0;
}

enum { NEIGHBOURS, ONE_APART, TWO_APART, PAIRINGS }; /* pixels in a row; frames in time */

/* frames: one, the one before it and the one before that; NULL where there is none. */
static void add_dispersion(const bp_science_stack *s, const double *const frames[3], double most,
                           dispersion d[PAIRINGS])
{
    const double *frame = frames[0];
    size_t pixels = s->rows * s->columns, count = 0;
    double sum = 0;
    for (size_t i = 0; i < pixels; i++)
        if (frame[i] <= most && !(s->excluded && s->excluded[i])) {
            sum += frame[i];
            count++;
        }
    double middle = 2 * sum / (double)(count + !count);
    for (size_t i = 0; i < pixels; i++) {
        if (!(frame[i] <= most) || (s->excluded && s->excluded[i]))
            continue;
        d->whole = d->whole && frame[i] >= LEAST_MARK && nearbyint(frame[i]) == frame[i];
        if (frame[i] < 0)
            continue;
        if (i % s->columns % 2 && frame[i - 1] >= 0 && frame[i - 1] <= most &&
            !(s->excluded && s->excluded[i - 1]))
            add_pair(&d[NEIGHBOURS], frame[i], frame[i - 1], middle);
        for (int lag = 1; lag < 3; lag++)
            if (frames[lag] && frames[lag][i] >= 0 && frames[lag][i] <= most)
                add_pair(&d[lag], frame[i], frames[lag][i], middle);
    }
}

/* How much more than counts they scatter in the faint or the bright half; NAN: too few to tell. */
static double ratio_of(const dispersion *d, int half)
{
    return d->pairs[half] >= ENOUGH ? d->squares[half] / d->sums[half] : (double)NAN;
}

/* The worse half. In time, what changes slowly adds twice as much over twice the time: that is taken off. */
static double dispersion_of(const dispersion d[PAIRINGS], int pairing)
{
    double ratio[2];
    for (int k = 0; k < 2; k++) {
        double later = ratio_of(&d[TWO_APART], k);
        ratio[k] = ratio_of(&d[pairing], k);
        if (pairing == ONE_APART && later > ratio[k] && ratio[k] < 2)
            ratio[k] = 2 * ratio[k] - later;
    }
    if (isnan(ratio[0]) || isnan(ratio[1])) /* sparse frames: all of their light may be in one half */
        return isnan(ratio[0]) ? ratio[1] : ratio[0];
    return ratio[fabs(ratio[1] - 1) > fabs(ratio[0] - 1)];
}

static void take_photons(const dispersion d[PAIRINGS], bp_noise_model *m)
{
    static const char *const between[] = {"neighbouring pixels", "frames after each other"};
    for (int k = ONE_APART; k >= NEIGHBOURS && m->whole && d->whole; k--) {
        double ratio = dispersion_of(d, k);
        if (!(ratio > LEAST_DISPERSION && ratio < MOST_DISPERSION))
            continue;
        *m = (bp_noise_model){
            .known = true, .gain = 1, .whole = true, .photons = true, .low = m->low, .high = m->high};
        snprintf(m->text, sizeof m->text, "photons: %s differ as counts do (%.3g times), variance = value",
                 between[k], ratio);
        return;
    }
}

static bool agrees(const bp_noise_model *m, double value, double variance)
{
    double said = m->intercept + m->gain * value;
    return said < 2.25 * variance && said > variance / 2.25;
}

/* A line fitted through blocks full of edges has far too much noise. Then it is laid through what half of the
 * neighbouring pixels differ by, among the faint nine tenths and the bright tenth. */
static void mistrust(differences *d, bool in_time, bp_noise_model *m)
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
    /* less noise from frame to frame than between neighbours: the neighbours show another thing, as in
     * speckles */
    if (m->known && in_time && m->intercept + m->gain * high < above)
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
                      double most, differences *d, dispersion spread[PAIRINGS])
{
    size_t pixels = s->rows * s->columns;
    uint64_t count = s->frames < LOOKED_AT ? s->frames : LOOKED_AT;
    bp_labels none = {0};
    bp_status status = BP_OK;
    for (uint64_t i = 0; i < count && status == BP_OK; i++) {
        double *now = frames + i % 3 * pixels, *before = i ? frames + (i + 2) % 3 * pixels : NULL;
        const double *const last[] = {now, before, i > 1 ? frames + (i + 1) % 3 * pixels : NULL};
        status = s->read(ctx, s->user, i, 1, now);
        if (status == BP_OK)
            status = bp_noise_add(ctx, noise, BP_F64, now, before, &none, s->excluded);
        if (status == BP_OK) {
            add_differences(s, now, d);
            add_dispersion(s, last, most, spread);
        }
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
    double *frames = malloc(3 * stack->rows * stack->columns * sizeof *frames);
    differences d = {malloc(SAMPLES * sizeof *d.items), 0};
    dispersion spread[PAIRINGS] = {{.whole = true}};
    bool room = noise && frames && d.items;
    bp_status status = room ? look(ctx, stack, noise, frames, model->high, &d, spread)
                            : bp_fail(ctx, BP_E_MEMORY, "no memory to estimate the noise");
    if (status == BP_OK) {
        bp_noise_finish(noise, &estimate);
        take(&estimate, model);
        mistrust(&d, estimate.method && strstr(estimate.method, "frames"), model);
        take_photons(spread, model);
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

static double noisy(const bp_noise_model *m, bp_random *random, double value)
{
    double variance = m->intercept + m->gain * value, change;
    if (!(variance > 0) || !isfinite(value) || value > m->high)
        return value;
    double counts = m->gain > 0 ? variance / (m->gain * m->gain) : INFINITY;
    if (counts < INFINITY)
        change = m->gain * (bp_draw_counts(random, counts) - counts);
    else
        change = sqrt(variance) * bp_draw_normal(random);
    if (!m->whole)
        return value + change;
    return fmin(fmax(nearbyint(value + change), m->low), m->high);
}

static double ones(uint64_t bits)
{
    double count = 0;
    for (; bits; bits &= bits - 1)
        count++;
    return count;
}

/* Every photon is kept or not. */
static double half_of(bp_random *random, double count)
{
    double kept = 0, left = count;
    if (count > MANY)
        return fmin(fmax(nearbyint(count / 2 + sqrt(count) / 2 * bp_draw_normal(random)), 0), count);
    for (; left >= 64; left -= 64)
        kept += ones(bp_random_next(random));
    return left > 0 ? kept + ones(bp_random_next(random) >> (64 - (unsigned)left)) : kept;
}

static bp_status read_half(bp_context *ctx, void *user, uint64_t first, size_t count, double *values)
{
    const bp_realisation *r = user;
    size_t pixels = r->base->rows * r->base->columns;
    bp_status status = r->base->read(ctx, r->base->user, first, count, values);
    for (size_t f = 0; f < count && status == BP_OK; f++) {
        bp_random random;
        bp_random_init(&random, r->seed, first + f);
        for (size_t i = f * pixels; i < (f + 1) * pixels; i++)
            if (values[i] > 0 && values[i] <= r->model->high)
                values[i] = fmin(r->scale * half_of(&random, values[i]), r->model->high);
    }
    return status;
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
    *r = (bp_realisation){base, model, seed, 0, *base};
    r->stack.read = read_noisy;
    r->stack.side = read_side;
    r->stack.user = r;
}

void bp_realisation_half(bp_realisation *r, const bp_science_stack *base, const bp_noise_model *model,
                         uint64_t seed, bool counted)
{
    bp_realisation_init(r, base, model, seed);
    r->scale = counted ? 1 : 2;
    r->stack.read = read_half;
}
