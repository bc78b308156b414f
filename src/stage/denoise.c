/* SPDX-License-Identifier: BSD-3-Clause
 * denoise: less noise in every frame, where noise is the same for all values. Counts are brought there by the
 * generalised Anscombe transform and come back by its exact unbiased inverse. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "algo/common_mode.h"
#include "algo/denoise.h"
#include "algo/stage_map.h"
#include "algo/stage_noise.h"
#include "algo/values.h"
#include "base/scratch.h"

enum {
    P_METHOD,
    P_STRENGTH,
    P_CALIBRATE,
    P_LAW,
    P_GAIN,
    P_READ_NOISE,
    P_OFFSET,
    P_NOISE,
    P_FRAMES,
    P_AVERAGE,
    P_PATCH,
    P_SEARCH,
    P_WAVELET,
    P_TYPE,
    P_COUNT
};
enum { TEMPORAL = BP_DENOISE_METHODS };
enum { LAW_AUTO, LAW_COUNTING, LAW_CONSTANT };
enum { TYPE_FLOAT, TYPE_KEEP };

#define MOST_FRAMES 33  /* of a temporal window */
#define TILE        256 /* side of what a calibration looks at */

static const char *const methods[] = {"median", "gaussian", "tv", "nlm", "wavelet", "temporal", NULL};
static const char *const laws[] = {"auto", "counting", "constant", NULL};
static const char *const averages[] = {"mean", "median", NULL};
static const char *const wavelets[] = {"db1", "db2", NULL};
static const char *const types[] = {"float", "keep", NULL};

static const bp_param params_of_denoise[P_COUNT] = {
    [P_METHOD] = {"method", "", BP_PARAM_CHOICE, 0, 0, BP_DENOISE_WAVELET, methods, "what smooths"},
    [P_STRENGTH] =
        {"strength", "", BP_PARAM_REAL, 0.01, 101, NAN, NULL,
         "median: side of the window, odd (3); gaussian: sigma in pixels (1); tv: weight (1.5) and nlm: h "
         "(0.8), both in units of the noise; wavelet: factor of BayesShrink's threshold (1)"},
    [P_CALIBRATE] =
        {"calibrate", "", BP_PARAM_SWITCH, 0, 1, 0, NULL,
         "find the strength (temporal: the frames) from the data, by pixels that the denoiser does not "
         "see"},
    [P_LAW] =
        {"law", "", BP_PARAM_CHOICE, 0, 0, LAW_AUTO, laws,
         "of the noise. counting: its variance grows with the value; constant: the same everywhere; auto: "
         "counting where the gain is known, and of integers"},
    [P_GAIN] =
        {"gain", "values", BP_PARAM_REAL, 1e-9, 1e12, NAN, NULL,
         "per count; not given: that of the frames where it is known, else estimated by photon transfer"},
    [P_READ_NOISE] = {"read_noise", "values", BP_PARAM_REAL, 0, 1e12, NAN, NULL,
                      "standard deviation at no signal"},
    [P_OFFSET] = {"offset", "values", BP_PARAM_REAL, -1e12, 1e12, NAN, NULL, "value at no signal"},
    [P_NOISE] = {"noise", "values", BP_PARAM_REAL, 1e-12, 1e12, NAN, NULL,
                 "standard deviation of constant noise; not given: estimated from wavelet coefficients"},
    [P_FRAMES] = {"frames", "", BP_PARAM_INTEGER, 1, MOST_FRAMES, 5, NULL,
                  "temporal: frames of the window, odd"},
    [P_AVERAGE] = {"average", "", BP_PARAM_CHOICE, 0, 0, 0, averages, "temporal: over the window"},
    [P_PATCH] = {"patch", "pixels", BP_PARAM_INTEGER, 1, 31, 5, NULL, "nlm: side of a patch, odd"},
    [P_SEARCH] = {"search", "pixels", BP_PARAM_INTEGER, 1, 64, 6, NULL,
                  "nlm: how far patches are looked for"},
    [P_WAVELET] = {"wavelet", "", BP_PARAM_CHOICE, 0, 0, 0, wavelets, "wavelet: db1 (Haar) or db2"},
    [P_TYPE] = {"type", "", BP_PARAM_CHOICE, 0, 0, TYPE_FLOAT, types,
                "float: means need not be whole; keep: the type of the frames, rounded"},
};

static const bp_noise_params law_params = {P_GAIN, P_READ_NOISE, P_OFFSET};

typedef struct state {
    bool counting, estimated;
    bp_anscombe law;
    bp_denoise how; /* noise: 1 in the domain of a counting law */
    size_t half;    /* frames on each side of the middle one */
} state;

static bool is_temporal(const bp_stage_run *run)
{
    return run->values[P_METHOD].number == TEMPORAL;
}

static bool is_counting(const bp_stage_run *run)
{
    bp_anscombe law;
    double asked = run->values[P_LAW].number;
    bool real = run->in.dtype == BP_F32 || run->in.dtype == BP_F64;
    if (asked != LAW_AUTO)
        return asked == LAW_COUNTING;
    return isnan(run->values[P_NOISE].number) && (bp_stage_law_known(run, law_params, &law) || !real);
}

static bool odd(double number)
{
    return number == floor(number) && floor(number / 2) * 2 != number;
}

static bp_status check_numbers(bp_context *ctx, bp_stage_run *run)
{
    const bp_value *v = run->values;
    if (v[P_METHOD].number == BP_DENOISE_MEDIAN && v[P_STRENGTH].given && !odd(v[P_STRENGTH].number))
        return bp_stage_fail(ctx, run, P_STRENGTH, BP_E_USAGE, "the side of a median's window is odd");
    if (is_temporal(run) && v[P_STRENGTH].given)
        return bp_stage_fail(ctx, run, P_STRENGTH, BP_E_USAGE,
                             "the window of a temporal mean is set by frames=");
    if (!odd(v[P_FRAMES].number))
        return bp_stage_fail(ctx, run, P_FRAMES, BP_E_USAGE, "the frames of a window are odd in number");
    if (!odd(v[P_PATCH].number))
        return bp_stage_fail(ctx, run, P_PATCH, BP_E_USAGE, "the side of a patch is odd");
    if (v[P_STRENGTH].given && v[P_CALIBRATE].number != 0)
        return bp_stage_fail(ctx, run, P_STRENGTH, BP_E_USAGE,
                             "strength= and calibrate=1 contradict each other");
    if (is_temporal(run) && !run->in.time_ordered)
        return bp_stage_fail(ctx, run, P_METHOD, BP_E_USAGE, "needs frames in the order of time");
    if (is_counting(run) && v[P_NOISE].given)
        return bp_stage_fail(ctx, run, P_NOISE, BP_E_USAGE,
                             "a counting law has no constant noise: say law=constant, or read_noise=");
    if (!is_counting(run) && v[P_GAIN].given)
        return bp_stage_fail(ctx, run, P_GAIN, BP_E_USAGE, "constant noise has no gain");
    return BP_OK;
}

static bp_status check(bp_context *ctx, bp_stage_run *run)
{
    const bp_value *v = run->values;
    bp_status status = check_numbers(ctx, run);
    if (status != BP_OK)
        return status;
    if (is_temporal(run))
        run->before = run->after = v[P_CALIBRATE].number != 0 ? 8 : (size_t)v[P_FRAMES].number / 2;
    bp_flow *out = &run->out;
    if (v[P_TYPE].number == TYPE_FLOAT)
        out->dtype = bp_stage_real_type(run->in.dtype);
    if (is_counting(run)) {
        bp_anscombe law;
        if (bp_stage_law_known(run, law_params, &law)) {
            out->gain = law.gain;
            out->read_noise = law.read_noise;
            out->offset = law.offset;
        }
    }
    snprintf(out->law, sizeof out->law, "denoised: %s%s", methods[(int)v[P_METHOD].number],
             is_counting(run) ? ", in 2/g sqrt(g x + 3/8 g^2 + s^2 - g o)" : "");
    return BP_OK;
}

/* ---- what begin finds out ---- */

/* A tile from the middle of a projection, as the denoiser sees it. */
typedef struct tile {
    size_t rows, columns;
    double *values;
    uint8_t *labels;
} tile;

static void cut(const double *from, const uint8_t *labels, size_t width, const bp_flow *flow, tile *t)
{
    size_t y0 = (flow->rows - t->rows) / 2, x0 = (flow->columns - t->columns) / 2;
    for (size_t y = 0; y < t->rows; y++) {
        size_t at = (y0 + y) * width + x0;
        memcpy(t->values + y * t->columns, from + at, t->columns * sizeof *from);
        memcpy(t->labels + y * t->columns, labels + at, t->columns);
    }
}

static void tile_fini(tile *t)
{
    free(t->values);
    free(t->labels);
}

/* Tile of the n-th of `of` sample frames, or of `next` frames after it. */
static bp_status tile_read(bp_context *ctx, const bp_stage_run *run, const bp_frames_in *in, uint64_t frame,
                           tile *t)
{
    const bp_flow *flow = &run->in;
    const state *s = run->state;
    size_t count = flow->rows * flow->columns;
    *t = (tile){.rows = flow->rows < TILE ? flow->rows : TILE,
                .columns = flow->columns < TILE ? flow->columns : TILE};
    t->values = malloc(t->rows * t->columns * sizeof *t->values);
    t->labels = malloc(t->rows * t->columns);
    void *raw = malloc(count * bp_dtype_size(flow->dtype));
    double *values = malloc(count * sizeof *values);
    uint8_t *labels = malloc(count);
    bool room = t->values && t->labels && raw && values && labels;
    bp_status status = room ? in->read(ctx, in, frame, 1, 0, flow->rows, raw, labels)
                            : bp_fail(ctx, BP_E_MEMORY, "no memory for a frame");
    if (status == BP_OK) {
        bp_values_to_double(flow->dtype, raw, count, values);
        cut(values, labels, flow->columns, flow, t);
        if (s->counting)
            bp_anscombe_forward(&s->law, t->values, t->rows * t->columns, t->values);
    }
    free(raw);
    free(values);
    free(labels);
    return status;
}

#define NOISE_FRAMES 5

/* 0 where nothing but rounding is seen. */
static double noise_of(const bp_image *image, double *scratch)
{
    double most = 0;
    for (size_t i = 0; i < image->rows * image->columns; i++)
        if (!image->labels[i])
            most = fabs(image->values[i]) > most ? fabs(image->values[i]) : most;
    double noise = bp_wavelet_noise(image, scratch);
    return noise > 1e-12 * most ? noise : 0;
}

/* Constant noise: the median over some frames. */
static bp_status estimate_constant(bp_context *ctx, bp_stage_run *run, const bp_frames_in *in, double *noise)
{
    double found[NOISE_FRAMES];
    size_t count = 0;
    bp_status status = BP_OK;
    uint64_t frame;
    for (uint64_t n = 0; n < NOISE_FRAMES && status == BP_OK && bp_stage_sample(in, n, NOISE_FRAMES, &frame);
         n++) {
        tile t;
        status = tile_read(ctx, run, in, frame, &t);
        double *scratch = malloc(bp_wavelet_scratch(t.rows, t.columns) * sizeof *scratch);
        bp_image image = {t.rows, t.columns, t.values, t.labels};
        if (status == BP_OK && !scratch)
            status = bp_fail(ctx, BP_E_MEMORY, "no memory to estimate the noise");
        if (status == BP_OK)
            found[count++] = noise_of(&image, scratch);
        free(scratch);
        tile_fini(&t);
    }
    if (status != BP_OK)
        return status;
    *noise = count ? bp_median_of(found, count) : 0;
    if (*noise > 0)
        return BP_OK;
    return bp_stage_fail(ctx, run, -1, BP_E_USAGE, "needs noise=: no noise is seen in these frames");
}

static bp_status calibrate_image(bp_context *ctx, bp_stage_run *run, const bp_frames_in *in, state *s)
{
    uint64_t frame = 0;
    tile t;
    if (!bp_stage_sample(in, 0, 1, &frame))
        return BP_OK;
    bp_denoise_method method = (bp_denoise_method)run->values[P_METHOD].number;
    bp_status status = tile_read(ctx, run, in, frame, &t);
    double *scratch =
        malloc(bp_denoise_calibrate_scratch(method, &s->how, t.rows, t.columns) * sizeof *scratch);
    if (status == BP_OK && !scratch)
        status = bp_fail(ctx, BP_E_MEMORY, "no memory for a calibration");
    if (status == BP_OK) {
        bp_image image = {t.rows, t.columns, t.values, t.labels};
        double loss;
        s->how.strength = bp_denoise_calibrate(method, &s->how, &image, &loss, scratch);
        bp_stage_resolved(run, "loss at pixels not seen", "noise^2", loss);
    }
    free(scratch);
    tile_fini(&t);
    return status;
}

/* Mean square between the middle of 2 half + 1 tiles and the average of the others. */
static double temporal_loss(const tile *tiles, size_t middle, size_t half, int median, double *out)
{
    bp_image others[MOST_FRAMES] = {{0}};
    size_t count = 0, pixels = tiles->rows * tiles->columns;
    for (size_t k = middle - half; k <= middle + half; k++)
        if (k != middle)
            others[count++] = (bp_image){tiles->rows, tiles->columns, tiles[k].values, tiles[k].labels};
    bp_temporal_image(others, count, median, 0, out);
    double sum = 0, used = 0;
    for (size_t i = 0; i < pixels; i++) {
        if (tiles[middle].labels[i] || tiles[middle - half].labels[i])
            continue;
        double d = out[i] - tiles[middle].values[i];
        sum += d * d;
        used++;
    }
    return used > 0 ? sum / used : (double)INFINITY;
}

/* Frames of the window: the middle frame of the input is predicted from those around it. */
static bp_status calibrate_temporal(bp_context *ctx, bp_stage_run *run, const bp_frames_in *in, state *s)
{
    tile tiles[17] = {{0}};
    uint64_t middle = 0;
    size_t most = run->before;
    bp_status status = BP_OK;
    bool around = bp_stage_sample(in, 0, 1, &middle) && middle >= most && middle + most < in->frames;
    for (uint64_t k = middle - most; around && in->keys && k <= middle + most; k++)
        around = in->keys[k] == 0;
    if (!around)
        return bp_stage_fail(ctx, run, P_CALIBRATE, BP_E_USAGE, "needs %zu projections around the middle one",
                             2 * most);
    for (size_t k = 0; k <= 2 * most && status == BP_OK; k++)
        status = tile_read(ctx, run, in, middle - most + k, &tiles[k]);
    double *out = malloc(tiles->rows * tiles->columns * sizeof *out), least = (double)INFINITY;
    if (status == BP_OK && !out)
        status = bp_fail(ctx, BP_E_MEMORY, "no memory for a calibration");
    for (size_t half = 1; half <= most && status == BP_OK; half *= 2) {
        double loss = temporal_loss(tiles, most, half, run->values[P_AVERAGE].number != 0, out);
        s->half = loss < least ? half : s->half;
        least = loss < least ? loss : least;
    }
    if (status == BP_OK)
        bp_stage_resolved(run, "loss at frames not seen", "noise^2", least / (s->how.noise * s->how.noise));
    free(out);
    for (size_t k = 0; k < 17; k++)
        tile_fini(&tiles[k]);
    return status;
}

static void set_how(bp_stage_run *run, state *s, double noise)
{
    const bp_value *v = run->values;
    s->half = (size_t)v[P_FRAMES].number / 2;
    if (is_temporal(run)) {
        s->how = (bp_denoise){.noise = noise};
        return;
    }
    bp_denoise_method method = (bp_denoise_method)v[P_METHOD].number;
    s->how = bp_denoise_defaults(method, noise);
    s->how.search = (size_t)v[P_SEARCH].number;
    s->how.size = method == BP_DENOISE_NLM ? (size_t)v[P_PATCH].number : 1 + (size_t)v[P_WAVELET].number;
    if (v[P_STRENGTH].given)
        s->how.strength = v[P_STRENGTH].number;
}

/* No fluctuation of the law's noise explains values below. */
static double least_of(const bp_anscombe *law)
{
    return law->offset - 6 * law->read_noise - 0.375 * law->gain;
}

static bp_status begin(bp_context *ctx, bp_stage_run *run, const bp_frames_in *in)
{
    state *s = calloc(1, sizeof *s);
    const bp_value *v = run->values;
    run->state = s;
    if (!s)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for a stage");
    double noise = 1;
    bp_status status = BP_OK;
    if (is_counting(run)) {
        s->estimated = !bp_stage_law_known(run, law_params, &s->law);
        status = bp_stage_law(ctx, run, in, law_params, &s->law);
        s->counting = true;
        run->out.gain = s->law.gain;
        run->out.read_noise = s->law.read_noise;
        run->out.offset = s->law.offset;
    } else {
        noise = v[P_NOISE].number;
        if (isnan(noise))
            status = estimate_constant(ctx, run, in, &noise);
        bp_stage_resolved(run, "noise", "values", noise);
    }
    if (status != BP_OK)
        return status;
    if (s->counting && !s->estimated)
        status = bp_stage_refuse_negative(ctx, run, in, s->law.offset, least_of(&s->law),
                                          v[P_OFFSET].given ? P_OFFSET : P_GAIN,
                                          "give offset=, or read_noise= when that explains it");
    if (status != BP_OK)
        return status;
    set_how(run, s, noise);
    if (v[P_CALIBRATE].number != 0)
        status = is_temporal(run) ? calibrate_temporal(ctx, run, in, s) : calibrate_image(ctx, run, in, s);
    if (is_temporal(run))
        bp_stage_resolved(run, "frames", "", 2 * (double)s->half + 1);
    else
        bp_stage_resolved(run, "strength", "", s->how.strength);
    return status;
}

static void end(bp_stage_run *run)
{
    free(run->state);
    run->state = NULL;
}

/* ---- frames ---- */

static bp_status refuse_negative(bp_context *ctx, const state *s, const bp_frame *in, const double *values)
{
    double least = least_of(&s->law);
    for (size_t i = 0; i < in->rows * in->columns; i++)
        if (values[i] < least && !(in->labels && in->labels[i]))
            return bp_fail(
                ctx, BP_E_INPUT,
                "denoise: %.9g in row %zu, column %zu of frame %llu is a negative count: it lies below "
                "offset=%.9g by more than read_noise=%.9g explains",
                values[i], i / in->columns, i % in->columns, (unsigned long long)in->index, s->law.offset,
                s->law.read_noise);
    return BP_OK;
}

static bp_status take_frame(bp_context *ctx, const state *s, const bp_frame *in, double *values)
{
    size_t count = in->rows * in->columns;
    bp_values_to_double(in->dtype, in->values, count, values);
    bp_status status = s->counting && !s->estimated ? refuse_negative(ctx, s, in, values) : BP_OK;
    if (status == BP_OK && s->counting)
        bp_anscombe_forward(&s->law, values, count, values);
    return status;
}

static void give_frame(const state *s, double *values, bp_frame *out)
{
    size_t count = out->rows * out->columns;
    if (s->counting)
        bp_anscombe_unbiased(&s->law, values, count, values);
    bp_values_from_double(out->dtype, values, count, out->values);
}

static bp_status smooth_one(bp_context *ctx, const bp_stage_run *run, const bp_frame *in, bp_frame *out)
{
    const state *s = run->state;
    bp_denoise_method method = (bp_denoise_method)run->values[P_METHOD].number;
    size_t count = in->rows * in->columns, need = bp_denoise_scratch(method, &s->how, in->rows, in->columns);
    double *values = bp_scratch_take(ctx, (2 * count + need) * sizeof *values);
    if (!values)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for a frame");
    bp_status status = take_frame(ctx, s, in, values);
    if (status == BP_OK) {
        bp_image image = {in->rows, in->columns, values, in->labels};
        bp_denoise_run(method, &s->how, &image, values + count, values + 2 * count);
        give_frame(s, values + count, out);
    }
    bp_scratch_give(ctx, values);
    return status;
}

static bp_status smooth_frames(bp_context *ctx, const bp_stage_run *run, const bp_frame *in, size_t count,
                               size_t centre, bp_frame *out)
{
    const state *s = run->state;
    size_t pixels = in->rows * in->columns, used = 0, middle = 0;
    bp_image images[MOST_FRAMES];
    double *values = bp_scratch_take(ctx, (2 * s->half + 2) * pixels * sizeof *values);
    if (!values)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for %zu frames", 2 * s->half + 1);
    bp_status status = BP_OK;
    for (size_t k = 0; k < count && status == BP_OK; k++) {
        if (k + s->half < centre || k > centre + s->half || in[k].key != 0)
            continue;
        middle = k == centre ? used : middle;
        double *here = values + (used + 1) * pixels;
        images[used++] = (bp_image){in->rows, in->columns, here, in[k].labels};
        status = take_frame(ctx, s, &in[k], here);
    }
    if (status == BP_OK) {
        bp_temporal_image(images, used, run->values[P_AVERAGE].number != 0, middle, values);
        give_frame(s, values, out);
    }
    bp_scratch_give(ctx, values);
    return status;
}

static bp_status window(bp_context *ctx, const bp_stage_run *run, const bp_frame *in, size_t count,
                        size_t centre, bp_frame *out)
{
    return is_temporal(run) ? smooth_frames(ctx, run, in, count, centre, out)
                            : smooth_one(ctx, run, &in[centre], out);
}

const bp_stage bp_stage_denoise = {
    .name = "denoise",
    .summary = "less noise, in the domain where it is the same for all values",
    .source = "M. Makitalo, A. Foi, IEEE Trans. Image Process. 22 (2013) 91; methods as scipy.ndimage and "
              "skimage.restoration",
    .params = params_of_denoise,
    .param_count = P_COUNT,
    .scope = BP_SCOPE_WINDOW,
    .traits = 0,
    .check = check,
    .begin = begin,
    .end = end,
    .window = window,
};
