/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "algo/noise.h"
#include "algo/quantise_plan.h"
#include "kernel/kernel.h"

#define BLOCK  1024
#define VALUES 4096

struct bp_quantise_sample {
    size_t rows, columns, item, held;
    bp_dtype dtype;
    bp_noise *noise;
    uint8_t *frames[2], *labels[2];
    int next;            /* of frames that is filled next */
    double some[VALUES]; /* values from all over the frames */
};

void bp_quantise_law(const double *p, bp_quantiser *quantiser)
{
    bp_quantiser_init(quantiser, (bp_law)p[BP_QUANTISE_P_LAW], p[BP_QUANTISE_P_STEP], p[BP_QUANTISE_P_OFFSET],
                      p[BP_QUANTISE_P_GAIN], p[BP_QUANTISE_P_NOISE], p[BP_QUANTISE_P_DITHER] != 0);
}

bp_quantise_sample *bp_quantise_sample_new(size_t rows, size_t columns, bp_dtype dtype, bool noise)
{
    bp_quantise_sample *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->rows = rows;
    s->columns = columns;
    s->dtype = dtype;
    s->item = bp_dtype_size(dtype);
    s->noise = noise ? bp_noise_new(rows, columns) : NULL;
    bool all = !noise || s->noise;
    for (int i = 0; i < 2; i++) {
        s->frames[i] = malloc(rows * columns * s->item + 1);
        s->labels[i] = malloc(rows * columns + 1);
        all = all && s->frames[i] && s->labels[i];
    }
    if (!all) {
        bp_quantise_sample_free(s);
        return NULL;
    }
    return s;
}

void bp_quantise_sample_free(bp_quantise_sample *s)
{
    if (!s)
        return;
    bp_noise_free(s->noise);
    for (int i = 0; i < 2; i++) {
        free(s->frames[i]);
        free(s->labels[i]);
    }
    free(s);
}

/* Every so many values, other pixels in every frame. */
static void take_some(bp_quantise_sample *s)
{
    size_t count = s->rows * s->columns, share = VALUES / (2 * BP_QUANTISE_PAIRS), step = count / share + 1;
    for (size_t i = s->held % step; i < count && s->held < VALUES; i += step) {
        double value;
        if (s->labels[s->next][i])
            continue;
        bp_values_to_double(s->dtype, s->frames[s->next] + i * s->item, 1, &value);
        s->some[s->held++] = value;
    }
}

bp_status bp_quantise_sample_add(bp_context *ctx, bp_quantise_sample *s, const void *values,
                                 const uint8_t *labels, bool follows)
{
    static const bp_labels none = {0};
    size_t count = s->rows * s->columns;
    uint8_t *frame = s->frames[s->next], *excluded = s->labels[s->next];
    const uint8_t *before = follows ? s->frames[!s->next] : NULL;
    memcpy(frame, values, count * s->item);
    memcpy(excluded, labels, count);
    take_some(s);
    for (size_t i = 0; follows && i < count; i++)
        excluded[i] |= s->labels[!s->next][i];
    bp_status status =
        !s->noise ? BP_OK : bp_noise_add(ctx, s->noise, s->dtype, frame, before, &none, excluded);
    s->next = !s->next;
    return status;
}

bool bp_quantise_noise_fill(bp_quantise_sample *s, bp_quantise_noise *noise, const char **why_not)
{
    if (isnan(noise->gain)) {
        bp_noise_estimate found;
        bp_noise_finish(s->noise, &found);
        if (!found.gain_known || !(found.gain > 0)) {
            *why_not = found.why_not ? found.why_not : "the variance does not grow with the signal";
            return false;
        }
        noise->gain = found.gain;
        noise->from = found.method;
        /* the line says intercept = read noise^2 - gain * offset: one of them from the other, if given */
        if (isnan(noise->offset))
            noise->offset = isnan(noise->read_noise)
                                ? fmax(0, -found.intercept / found.gain)
                                : (noise->read_noise * noise->read_noise - found.intercept) / found.gain;
        if (isnan(noise->read_noise))
            noise->read_noise = sqrt(fmax(0, found.intercept + found.gain * noise->offset));
    }
    if (isnan(noise->offset))
        noise->offset = 0;
    if (isnan(noise->read_noise))
        noise->read_noise = 0;
    return true;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Is theory left at this many photons? */
static bool leaves_theory(const bp_quantiser *law, double lambda, bool whole, double *variance, double *bias)
{
    bp_quantiser_theory t;
    double q = law->step;
    bp_quantiser_predict(law, lambda, whole, &t);
    /* rounding to whole values adds what is published beside */
    double rounding = whole ? 1.0 / 12 / (t.sigma * t.sigma) : 0;
    *variance = (t.variance - rounding) / (q * q / 12) - 1;
    *bias = t.bias / t.sigma;
    return fabs(t.variance / (q * q / 12 + rounding) - 1) > 0.02 || fabs(*bias) > 0.01;
}

void bp_quantise_warn(bp_context *ctx, double q, const bp_quantise_noise *noise, bool whole,
                      const bp_quantise_sample *sample)
{
    static const double levels[] = {0.3, 1, 3, 10, 30, 100, 300, 1000};
    bp_quantiser law;
    double variance, bias, from = 0;
    bp_quantiser_init(&law, BP_LAW_COUNTS, q, noise->offset, noise->gain, noise->read_noise, false);
    if (sample && sample->held) {
        double values[VALUES];
        memcpy(values, sample->some, sample->held * sizeof values[0]);
        qsort(values, sample->held, sizeof values[0], by_value);
        double lambda = (values[sample->held / 2] - noise->offset) / noise->gain;
        if (lambda < 0.05)
            lambda = 0.05;
        if (leaves_theory(&law, lambda, whole, &variance, &bias))
            bp_log(ctx, BP_LOG_WARNING,
                   "quantise: at %.3g photons, the median, the added variance is %+.1f %% from step^2/12 and "
                   "the bias %.3f sigma: dither=subtractive has neither",
                   lambda, 100 * variance, bias);
        return;
    }
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++)
        if (leaves_theory(&law, levels[i], whole, &variance, &bias))
            from = levels[i];
    if (from > 0)
        bp_log(
            ctx, BP_LOG_WARNING,
            "quantise: up to some %.3g photons the added variance leaves step^2/12 by more than 2 %% or the "
            "bias is above 0.01 sigma: dither=subtractive has neither",
            from);
}

void bp_quantise_range(bp_dtype dtype, const void *values, const uint8_t *labels, size_t count, double *low,
                       double *high)
{
    double x[BLOCK], least = *low, most = *high;
    size_t item = bp_dtype_size(dtype);
    for (size_t at = 0; at < count; at += BLOCK) {
        size_t n = count - at < BLOCK ? count - at : BLOCK;
        bp_values_to_double(dtype, (const uint8_t *)values + at * item, n, x);
        for (size_t i = 0; i < n; i++) {
            bool usable = !labels[at + i] && fabs(x[i]) < (double)INFINITY;
            least = usable && x[i] < least ? x[i] : least;
            most = usable && x[i] > most ? x[i] : most;
        }
    }
    *low = least;
    *high = most;
}

void bp_quantise_codes(const bp_quantiser *quantiser, double most, bp_dtype from, const void *values,
                       size_t count, bp_dtype dtype, void *codes)
{
    double t[BLOCK];
    int32_t numbers[BLOCK], top = (int32_t)most;
    uint8_t *narrow = codes;
    uint16_t *wide = codes;
    size_t item = bp_dtype_size(from);
    if (from == BP_F32 && dtype == BP_U8 && quantiser->law == BP_LAW_LINEAR) {
        bp_quantise_terms law;
        bp_quantiser_for_kernels(quantiser, 0, &law);
        bp_kernels_get()->quantise->codes(&law, most, values, count, codes);
        return;
    }
    for (size_t at = 0; at < count; at += BLOCK) {
        size_t n = count - at < BLOCK ? count - at : BLOCK;
        bp_values_to_double(from, (const uint8_t *)values + at * item, n, t);
        bp_quantiser_scale(quantiser, t, n, t);
        bp_quantiser_round(t, n, numbers);
        for (size_t i = 0; i < n; i++) {
            int32_t number = numbers[i] > 0 ? numbers[i] : 0;
            numbers[i] = number < top ? number : top;
        }
        for (size_t i = 0; dtype == BP_U8 && i < n; i++)
            narrow[at + i] = (uint8_t)numbers[i];
        for (size_t i = 0; dtype != BP_U8 && i < n; i++)
            wide[at + i] = (uint16_t)numbers[i];
    }
}
