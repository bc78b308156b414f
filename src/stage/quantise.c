/* SPDX-License-Identifier: BSD-3-Clause
 * quantise: steps of the noise (step=0.5sigma), of a stated size (abs, rel), or a number of levels over a
 * range (bits, levels). Laws, variance and when not to use it: docs/quantise.md. The reader gets values; with
 * dtype=code the whole numbers themselves. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "algo/quantise_plan.h"
#include "algo/stage_noise.h"
#include "algo/values.h"
#include "beampress/operation.h"
#include "beampress/stage.h"

enum {
    P_STEP,
    P_ABS,
    P_REL,
    P_BITS,
    P_LEVELS,
    P_LOW,
    P_HIGH,
    P_GAIN,
    P_READ_NOISE,
    P_OFFSET,
    P_DITHER,
    P_SEED,
    P_DTYPE,
    P_TRANSFORM,
    P_COUNT
};

enum { DTYPE_AUTO, DTYPE_SAME, DTYPE_CODE, DTYPE_F32, DTYPE_F64 };

#define HUGE_VALUE 1e30
#define SLACK      0x1p-12 /* of a bound on floats, for their own rounding */

static const char *const sigma[] = {"sigma", NULL}, *const values_unit[] = {"values", NULL},
                         *const adu_per_photon[] = {"ADU/photon", NULL}, *const adu[] = {"ADU", NULL},
                         *const dithers[] = {"none", "subtractive", NULL},
                         *const transforms[] = {"none", "wavelet", NULL},
                         *const dtypes[] = {"auto", "same", "code", "float32", "float64", NULL};

static const bp_param params_of_quantise[P_COUNT] = {
    [P_STEP] = {"step", "sigma", BP_PARAM_REAL, 1e-4, 100, NAN, sigma,
                "step in units of the counting noise, of bright and dark pixels alike"},
    [P_ABS] = {"abs", "values", BP_PARAM_REAL, 1e-300, HUGE_VALUE, NAN, values_unit,
               "largest error at any pixel"},
    [P_REL] = {"rel", "of the range", BP_PARAM_REAL, 1e-12, 0.5, NAN, NULL,
               "largest error as a share of high - low"},
    [P_BITS] = {"bits", "", BP_PARAM_INTEGER, 1, 16, NAN, NULL, "2^bits levels from low to high"},
    [P_LEVELS] = {"levels", "", BP_PARAM_INTEGER, 2, 65536, NAN, NULL, "levels from low to high"},
    [P_LOW] = {"low", "values", BP_PARAM_REAL, -HUGE_VALUE, HUGE_VALUE, NAN, values_unit,
               "lower end of the range; not given: the smallest value"},
    [P_HIGH] = {"high", "values", BP_PARAM_REAL, -HUGE_VALUE, HUGE_VALUE, NAN, values_unit,
                "upper end of the range; not given: the largest value"},
    [P_GAIN] = {"gain", "ADU/photon", BP_PARAM_REAL, 1e-12, 1e12, NAN, adu_per_photon,
                "of step: units of the values per photon; not given: the file's, or estimated"},
    [P_READ_NOISE] =
        {"read_noise", "ADU", BP_PARAM_REAL, 0, 1e12, NAN, adu,
         "of step: noise without photons; not given: the file's, or estimated with the gain, or 0"},
    [P_OFFSET] = {"offset", "ADU", BP_PARAM_REAL, -1e12, 1e12, NAN, adu,
                  "of step: value without photons; not given: the file's, or estimated with the gain, or 0"},
    [P_DITHER] =
        {"dither", "", BP_PARAM_CHOICE, 0, 1, 0, dithers,
         "subtractive: noise that is added before and taken away on reading, for data that will be averaged"},
    [P_SEED] = {"seed", "", BP_PARAM_INTEGER, 0, 0x1p53 - 1, 0, NULL, "of the dither"},
    [P_DTYPE] =
        {"dtype", "", BP_PARAM_CHOICE, 0, 4, 0, dtypes,
         "of the output; auto: code with bits, float32 for dithered integers, else that of the input"},
    [P_TRANSFORM] =
        {"transform", "", BP_PARAM_CHOICE, 0, 1, 0, transforms,
         "of step: wavelet: steps of its coefficients instead of pixels, for steps from 1 sigma on"},
};

typedef struct state {
    bp_operation_spec spec;
    bp_quantiser law;
    double most; /* with codes: the largest */
    bool code;
} state;

static bool given(const bp_stage_run *run, int param)
{
    return run->values[param].given;
}

static bool whole(bp_dtype dtype)
{
    return dtype != BP_F32 && dtype != BP_F64;
}

static bool dithered(const bp_stage_run *run)
{
    return run->values[P_DITHER].number > 0;
}

static bool transformed(const bp_stage_run *run)
{
    return run->values[P_TRANSFORM].number > 0;
}

static int wanted_dtype(const bp_stage_run *run)
{
    int wanted = (int)run->values[P_DTYPE].number;
    if (wanted != DTYPE_AUTO)
        return wanted;
    if (given(run, P_BITS))
        return DTYPE_CODE;
    return dithered(run) && whole(run->in.dtype) ? DTYPE_F32 : DTYPE_SAME;
}

/* Levels of bits= and levels=; the last one is left to labels where codes are the output. */
static double levels_of(const bp_stage_run *run)
{
    double levels =
        given(run, P_BITS) ? (double)(1u << (int)run->values[P_BITS].number) : run->values[P_LEVELS].number;
    return levels - (wanted_dtype(run) == DTYPE_CODE && run->in.labelled);
}

/* ---- what cannot work ---- */

static bp_status check_choice(bp_context *ctx, bp_stage_run *run)
{
    int laws = 0, last = -1;
    for (int p = P_STEP; p <= P_LEVELS; p++)
        if (given(run, p)) {
            laws++;
            last = p;
        }
    if (laws != 1)
        return bp_stage_fail(ctx, run, last, BP_E_USAGE, "needs one of step=, abs=, rel=, bits=, levels=%s",
                             laws ? ", not several" : "");
    for (int p = P_LOW; p <= P_HIGH; p++)
        if (given(run, p) && (given(run, P_STEP) || given(run, P_ABS)))
            return bp_stage_fail(ctx, run, p, BP_E_USAGE, "is for rel=, bits= and levels=");
    for (int p = P_GAIN; p <= P_OFFSET; p++)
        if (given(run, p) && !given(run, P_STEP))
            return bp_stage_fail(ctx, run, p, BP_E_USAGE, "is for steps in sigma");
    if (given(run, P_LOW) && given(run, P_HIGH) && !(run->values[P_LOW].number < run->values[P_HIGH].number))
        return bp_stage_fail(ctx, run, P_HIGH, BP_E_USAGE, "is not above low");
    if (transformed(run) && !given(run, P_STEP))
        return bp_stage_fail(ctx, run, P_TRANSFORM, BP_E_USAGE, "is for steps in sigma: it keeps no bound");
    if (transformed(run) && dithered(run))
        return bp_stage_fail(ctx, run, P_DITHER, BP_E_USAGE, "is for pixels, not for transform=wavelet");
    if (given(run, P_SEED) && !dithered(run))
        return bp_stage_fail(ctx, run, P_SEED, BP_E_USAGE, "is of dither=subtractive");
    return BP_OK;
}

static bp_status check_dtype(bp_context *ctx, bp_stage_run *run)
{
    bp_dtype dtype = run->in.dtype;
    int wanted = wanted_dtype(run);
    if (dtype == BP_OPAQUE || dtype == BP_U64 || dtype == BP_I64 || dtype == BP_F16)
        return bp_stage_fail(ctx, run, -1, BP_E_UNSUPPORTED, "does not take %s", bp_dtype_name(dtype));
    if (wanted == DTYPE_CODE && !given(run, P_BITS) && !given(run, P_LEVELS))
        return bp_stage_fail(ctx, run, P_DTYPE, BP_E_USAGE, "code is for bits= and levels=");
    if (wanted == DTYPE_CODE && dithered(run))
        return bp_stage_fail(ctx, run, P_DITHER, BP_E_USAGE,
                             "is undone on reading, which code leaves to the reader: dtype=float32");
    if (wanted == DTYPE_F32 && dtype == BP_F64)
        return bp_stage_fail(ctx, run, P_DTYPE, BP_E_USAGE, "float32 for float64 would lose more than asked");
    if (wanted == DTYPE_CODE && levels_of(run) < 2)
        return bp_stage_fail(ctx, run, given(run, P_BITS) ? P_BITS : P_LEVELS, BP_E_USAGE,
                             "leaves no level beside that of labels");
    if (wanted == DTYPE_F32)
        run->out.dtype = BP_F32;
    if (wanted == DTYPE_F64)
        run->out.dtype = BP_F64;
    if (wanted == DTYPE_CODE) {
        run->out.dtype = levels_of(run) + run->in.labelled <= 256 ? BP_U8 : BP_U16;
        for (int i = 0; i < BP_LABEL_COUNT; i++)
            run->out.mark[i] = run->out.dtype == BP_U8 ? 255 : 65535;
        snprintf(run->out.unit, sizeof run->out.unit, "codes");
        run->out.gain = run->out.read_noise = run->out.offset = run->out.saturation = NAN;
    }
    return BP_OK;
}

/* ---- laws ---- */

/* Gain, read noise and offset as far as they are given or known; NAN where not. */
static void known_noise(const bp_stage_run *run, bp_quantise_noise *noise)
{
    const bp_value *v = run->values;
    noise->gain = given(run, P_GAIN) ? v[P_GAIN].number : run->in.gain;
    noise->read_noise = given(run, P_READ_NOISE) ? v[P_READ_NOISE].number : run->in.read_noise;
    noise->offset = given(run, P_OFFSET) ? v[P_OFFSET].number : run->in.offset;
}

static void spec_of(const bp_stage_run *run, bp_law law, double step, double offset, double bound,
                    const bp_quantise_noise *noise, bp_operation_spec *spec)
{
    double gain = noise ? noise->gain : 1, read_noise = noise ? noise->read_noise : 0;
    spec->operation = bp_operation_by_name(transformed(run) ? "wavelet" : "quantise");
    spec->params[BP_QUANTISE_P_LAW] = law;
    spec->params[BP_QUANTISE_P_STEP] = step;
    spec->params[BP_QUANTISE_P_OFFSET] = offset;
    spec->params[BP_QUANTISE_P_GAIN] = gain;
    spec->params[BP_QUANTISE_P_NOISE] = read_noise;
    spec->params[BP_QUANTISE_P_DITHER] = dithered(run);
    spec->params[BP_QUANTISE_P_BOUND] = bound;
    spec->params[BP_QUANTISE_P_SEED] = run->values[P_SEED].number;
}

/* A bound as a step. Whole values that stay whole are never half a step away. */
static double step_of_bound(const bp_stage_run *run, double bound)
{
    if (whole(run->out.dtype) && !dithered(run))
        return 2 * floor(bound) + 1;
    return 2 * bound * (1 - SLACK);
}

/* The law of everything but step=, with low and high resolved. */
static void linear_law(const bp_stage_run *run, double low, double high, bp_operation_spec *spec)
{
    double bound = 0, step, offset = low;
    if (given(run, P_ABS) || given(run, P_REL)) {
        bound = given(run, P_ABS) ? run->values[P_ABS].number : run->values[P_REL].number * (high - low);
        step = step_of_bound(run, bound);
        offset = whole(run->out.dtype) ? rint(offset) : offset;
    } else {
        step = (high - low) / (levels_of(run) - 1);
        bool values = wanted_dtype(run) != DTYPE_CODE;
        bound = step / 2 * (1 + SLACK) + (values && whole(run->out.dtype) ? 0.5 : 0);
    }
    spec_of(run, BP_LAW_LINEAR, step, offset, bound, NULL, spec);
}

static void say_linear(bp_stage_run *run, const bp_operation_spec *spec)
{
    const double *p = spec->params;
    double step = p[BP_QUANTISE_P_STEP];
    run->out.loss = run->in.loss == BP_LOSS_UNBOUNDED ? BP_LOSS_UNBOUNDED : BP_LOSS_BOUNDED;
    run->out.bound = run->in.bound + p[BP_QUANTISE_P_BOUND];
    if (wanted_dtype(run) == DTYPE_CODE) {
        run->out.scale = step;
        run->out.zero = p[BP_QUANTISE_P_OFFSET];
        if (given(run, P_LOW) || given(run, P_HIGH)) { /* what lies outside is cut off */
            run->out.loss = BP_LOSS_UNBOUNDED;
            run->out.bound = INFINITY;
        }
    }
    run->out.variance = NAN;
    snprintf(run->out.law, sizeof run->out.law, "%.9g + %.9g * whole number%s: adds the variance %.4g",
             p[BP_QUANTISE_P_OFFSET], step, dithered(run) ? ", subtractive dither" : "",
             step * step / 12 + (whole(run->in.dtype) && step <= 1 ? -1.0 / 12 : 0));
}

/* Of the noise's variance. The widest bin of coefficients, that of 0, has 1.24 steps. */
static double added_variance(const bp_stage_run *run, double q)
{
    return transformed(run) ? q * q / 8 : q * q / 12;
}

static void say_counts(bp_stage_run *run, double q, const bp_quantise_noise *noise)
{
    char sigmas[128] = "";
    run->out.loss = BP_LOSS_UNBOUNDED; /* in units of the values: it grows with the noise */
    run->out.bound = INFINITY;
    run->out.step = q;
    run->out.variance = added_variance(run, q);
    if (noise && !isnan(noise->gain))
        snprintf(sigmas, sizeof sigmas, ", sigma^2 = %.6g^2 + %.6g (x - %.6g)", noise->read_noise,
                 noise->gain, noise->offset);
    snprintf(run->out.law, sizeof run->out.law, "steps of %.4g sigma%s%s: adds %s%.4g sigma^2%s", q,
             transformed(run) ? " of wavelet coefficients" : "", sigmas, transformed(run) ? "at most " : "",
             run->out.variance, whole(run->out.dtype) ? " + 1/12" : "");
}

static bp_status check(bp_context *ctx, bp_stage_run *run)
{
    bp_status status = check_choice(ctx, run);
    if (status == BP_OK)
        status = check_dtype(ctx, run);
    if (status != BP_OK)
        return status;
    bp_operation_spec spec;
    bp_quantise_noise noise;
    known_noise(run, &noise);
    if (given(run, P_STEP)) {
        if (isnan(noise.read_noise))
            noise.read_noise = 0;
        if (isnan(noise.offset))
            noise.offset = 0;
        say_counts(run, run->values[P_STEP].number, &noise);
        if (!isnan(noise.gain) && !transformed(run))
            bp_quantise_warn(ctx, run->values[P_STEP].number, &noise, whole(run->out.dtype), NULL);
        return BP_OK;
    }
    if (given(run, P_ABS) || (given(run, P_LOW) && given(run, P_HIGH))) {
        linear_law(run, given(run, P_LOW) ? run->values[P_LOW].number : 0, run->values[P_HIGH].number, &spec);
        say_linear(run, &spec);
        return BP_OK;
    }
    run->out.loss = BP_LOSS_BOUNDED;
    run->out.bound = NAN;
    snprintf(run->out.law, sizeof run->out.law, "linear, over the range of the data");
    return BP_OK;
}

/* ---- with the data ---- */

/* Smallest and largest value that is not a label, over all frames. */
static bp_status data_range(bp_context *ctx, bp_stage_run *run, const bp_frames_in *in, double *low,
                            double *high)
{
    size_t pixels = run->in.rows * run->in.columns, item = bp_dtype_size(run->in.dtype);
    uint8_t *values = malloc(pixels * item + 1), *labels = malloc(pixels + 1);
    bp_status status = values && labels ? BP_OK : bp_fail(ctx, BP_E_MEMORY, "no memory for a frame");
    *low = INFINITY;
    *high = -INFINITY;
    for (uint64_t f = 0; status == BP_OK && f < in->frames; f++) {
        if (in->keys && in->keys[f])
            continue;
        status = in->read(ctx, in, f, 1, 0, run->in.rows, values, labels);
        if (status == BP_OK)
            bp_quantise_range(run->in.dtype, values, labels, pixels, low, high);
    }
    free(values);
    free(labels);
    if (status == BP_OK && !(*low <= *high))
        status = bp_stage_fail(ctx, run, -1, BP_E_INPUT, "no pixel of any frame has a value");
    return status;
}

static bp_status begin_linear(bp_context *ctx, bp_stage_run *run, const bp_frames_in *in, state *s)
{
    double low = run->values[P_LOW].number, high = run->values[P_HIGH].number, least, most;
    bool range = !given(run, P_ABS);
    if (!range)
        low = high = 0;
    if (range && !(given(run, P_LOW) && given(run, P_HIGH))) {
        bp_status status = data_range(ctx, run, in, &least, &most);
        if (status != BP_OK)
            return status;
        low = given(run, P_LOW) ? low : least;
        high = given(run, P_HIGH) ? high : most;
    }
    if (range && !(low < high)) {
        if (low > high)
            return bp_stage_fail(ctx, run, -1, BP_E_USAGE, "low %.9g is above high %.9g", low, high);
        high = low + fmax(1, fabs(low)); /* all values are the same: any step will do */
    }
    linear_law(run, low, high, &s->spec);
    say_linear(run, &s->spec);
    if (range) {
        bp_stage_resolved(run, "low", "values", low);
        bp_stage_resolved(run, "high", "values", high);
    }
    s->most = s->code ? levels_of(run) - 1 : 0;
    bp_stage_resolved(run, "scaling_factor", "values", s->spec.params[BP_QUANTISE_P_STEP]);
    bp_stage_resolved(run, "offset", "values", s->spec.params[BP_QUANTISE_P_OFFSET]);
    bp_stage_resolved(run, "bound", "values", s->spec.params[BP_QUANTISE_P_BOUND]);
    bp_stage_resolved(run, "added_variance", "values^2",
                      s->spec.params[BP_QUANTISE_P_STEP] * s->spec.params[BP_QUANTISE_P_STEP] / 12);
    return BP_OK;
}

static bp_status begin_counts(bp_context *ctx, bp_stage_run *run, const bp_frames_in *in, state *s)
{
    double q = run->values[P_STEP].number;
    const char *why_not = NULL;
    bp_quantise_noise noise;
    bp_quantise_sample *sample;
    known_noise(run, &noise);
    bool estimated = isnan(noise.gain);
    bp_status status = bp_stage_sample_frames(ctx, run, in, estimated, &sample);
    if (status == BP_OK && !bp_quantise_noise_fill(sample, &noise, &why_not))
        status =
            bp_stage_fail(ctx, run, -1, BP_E_INPUT, "the gain cannot be estimated (%s): give gain=", why_not);
    if (status == BP_OK && noise.read_noise <= 0)
        status =
            bp_stage_refuse_negative(ctx, run, in, noise.offset, noise.offset - 0.5 * noise.gain,
                                     given(run, P_OFFSET) ? P_OFFSET : P_STEP, "give offset= or read_noise=");
    if (status == BP_OK) {
        spec_of(run, BP_LAW_COUNTS, q, noise.offset, 0, &noise, &s->spec);
        say_counts(run, q, &noise);
        if (!transformed(run))
            bp_quantise_warn(ctx, q, &noise, whole(run->out.dtype), sample);
        bp_stage_resolved(run, "gain", "ADU/photon", noise.gain);
        bp_stage_resolved(run, "read_noise", "ADU", noise.read_noise);
        bp_stage_resolved(run, "offset", "ADU", noise.offset);
        bp_stage_resolved_text(run, "noise_from", estimated ? noise.from : "given");
        bp_stage_resolved(run, "added_variance", "sigma^2", run->out.variance);
        bp_stage_resolved(run, "added_by_rounding", "values^2", whole(run->out.dtype) ? 1.0 / 12 : 0);
    }
    bp_quantise_sample_free(sample);
    return status;
}

static bp_status begin(bp_context *ctx, bp_stage_run *run, const bp_frames_in *in)
{
    state *s = calloc(1, sizeof *s);
    if (!s)
        return bp_fail(ctx, BP_E_MEMORY, "no memory");
    run->state = s;
    s->code = wanted_dtype(run) == DTYPE_CODE;
    bp_status status = given(run, P_STEP) ? begin_counts(ctx, run, in, s) : begin_linear(ctx, run, in, s);
    if (status != BP_OK)
        return status;
    bp_quantise_law(s->spec.params, &s->law);
    bp_stage_resolved_text(run, "dtype", bp_dtype_name(run->out.dtype));
    return BP_OK;
}

static void end(bp_stage_run *run)
{
    free(run->state);
    run->state = NULL;
}

static bp_status operation(bp_context *ctx, const bp_stage_run *run, bp_operation_spec *spec)
{
    (void)ctx;
    const state *s = run->state;
    if (!s->code)
        *spec = s->spec;
    return BP_OK;
}

static bp_status frame(bp_context *ctx, const bp_stage_run *run, const bp_frame *in, bp_frame *out)
{
    const state *s = run->state;
    size_t shape[2] = {in->rows, in->columns}, pixels = in->rows * in->columns;
    if (s->code) {
        bp_quantise_codes(&s->law, s->most, in->dtype, in->values, pixels, out->dtype, out->values);
        return BP_OK;
    }
    bp_operation_in values = {.marks = in->labels, .as = out->dtype, .place = in->index * pixels};
    bp_array restored;
    bp_status status = bp_array_init(&values.values, in->dtype, 0, 2, shape, in->values);
    if (status == BP_OK)
        status = bp_array_init(&restored, out->dtype, 0, 2, shape, out->values);
    return status == BP_OK ? bp_operation_round_trip(ctx, &s->spec, &values, &restored) : status;
}

const bp_stage bp_stage_quantise = {
    .name = "quantise",
    .summary = "steps of the noise, of a stated size, or levels over a range",
    .source = "generalised Anscombe transform (Anscombe 1948; Starck, Murtagh, Bijaoui 1998); subtractive "
              "dither (Roberts 1962); 9/7 wavelet (Cohen, Daubechies, Feauveau 1992)",
    .params = params_of_quantise,
    .param_count = P_COUNT,
    .scope = BP_SCOPE_FRAME,
    .traits = BP_STAGE_ONCE,
    .check = check,
    .begin = begin,
    .end = end,
    .frame = frame,
    .operation = operation,
};
