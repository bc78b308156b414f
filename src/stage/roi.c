/* SPDX-License-Identifier: BSD-3-Clause
 * roi: boxes around Bragg peaks as they are, everything else binned and quantised in steps of the noise of
 * the bins. Peaks are searched for here (peakfinder8), or the file has them (CXI). The reader gets whole
 * frames. */
#include "algo/roi.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "algo/roi_noise.h"
#include "algo/stage_noise.h"
#include "algo/values.h"
#include "beampress/stage.h"

enum {
    P_STEP,
    P_BIN,
    P_HALF,
    P_GAIN,
    P_READ_NOISE,
    P_OFFSET,
    P_THRESHOLD,
    P_MIN_SNR,
    P_MIN_PIXELS,
    P_MAX_PIXELS,
    P_BACKGROUND_RADIUS,
    P_MIN_RADIUS,
    P_MAX_RADIUS,
    P_CENTRE_X,
    P_CENTRE_Y,
    P_PEAKS,
    P_COUNT
};

#define SAMPLE 8 /* frames that the noise is estimated from */

static const char *const step_units[] = {"sigma", "values", NULL}, *const pixels_unit[] = {"pixels", NULL},
                         *const values_unit[] = {"values", NULL},
                         *const adu_per_photon[] = {"ADU/photon", NULL}, *const adu[] = {"ADU", NULL};

#define ROI_PARAM(index, name, unit, kind, min, max, fallback, units, help)                                  \
    [index] = {name, unit, kind, min, max, fallback, units, help}

static const bp_param params_of_roi[P_COUNT] = {
    ROI_PARAM(P_STEP, "step", "sigma", BP_PARAM_REAL, 1e-6, 1e12, 1, step_units,
              "of the background: in units of the noise of a bin, or of the values"),
    ROI_PARAM(P_BIN, "bin", "pixels", BP_PARAM_INTEGER, 1, 64, 2, NULL, "of the background, either way"),
    ROI_PARAM(P_HALF, "half", "pixels", BP_PARAM_INTEGER, 0, 1000, 8, NULL,
              "boxes are 2 half + 1 pixels either way"),
    ROI_PARAM(
        P_GAIN, "gain", "ADU/photon", BP_PARAM_REAL, 1e-12, 1e12, NAN, adu_per_photon,
        "units of the values per photon: the step grows with the counts; not given: the file's, or one step "
        "for all from the scatter of neighbouring bins"),
    ROI_PARAM(P_READ_NOISE, "read_noise", "ADU", BP_PARAM_REAL, 0, 1e12, NAN, adu,
              "with gain: noise of a pixel without photons"),
    ROI_PARAM(P_OFFSET, "offset", "ADU", BP_PARAM_REAL, -1e12, 1e12, NAN, adu,
              "with gain: value without photons"),
    ROI_PARAM(P_THRESHOLD, "threshold", "values", BP_PARAM_REAL, -1e9, 1e9, 800, values_unit,
              "no pixel at or below it belongs to a peak"),
    ROI_PARAM(P_MIN_SNR, "min_snr", "", BP_PARAM_REAL, 0, 1e6, 5, NULL,
              "pixels and peaks stand out by so many scatters of their background"),
    ROI_PARAM(P_MIN_PIXELS, "min_pixels", "pixels", BP_PARAM_INTEGER, 1, 1e6, 2, NULL, "of a peak"),
    ROI_PARAM(P_MAX_PIXELS, "max_pixels", "pixels", BP_PARAM_INTEGER, 1, 1e6, 200, NULL, "of a peak"),
    ROI_PARAM(P_BACKGROUND_RADIUS, "background_radius", "pixels", BP_PARAM_INTEGER, 1, 100, 3, NULL,
              "half of the radius of a peak's own background"),
    ROI_PARAM(P_MIN_RADIUS, "min_radius", "pixels", BP_PARAM_REAL, 0, 1e6, 0, pixels_unit,
              "peaks are farther from the beam"),
    ROI_PARAM(P_MAX_RADIUS, "max_radius", "pixels", BP_PARAM_REAL, 0, 1e6, 0, pixels_unit,
              "peaks are nearer to the beam; 0: no limit"),
    ROI_PARAM(P_CENTRE_X, "centre_x", "pixels", BP_PARAM_REAL, -1e6, 1e6, NAN, pixels_unit,
              "of the beam; not given: the file's, or the middle"),
    ROI_PARAM(P_CENTRE_Y, "centre_y", "pixels", BP_PARAM_REAL, -1e6, 1e6, NAN, pixels_unit,
              "of the beam; not given: the file's, or the middle"),
    [P_PEAKS] =
        {"peaks", "", BP_PARAM_TEXT, 0, 0, NAN, NULL,
         "group with nPeaks, peakXPosRaw and peakYPosRaw of every frame (CXI): peaks are not searched for"},
};

typedef struct state {
    bp_operation_spec spec;
    bp_roi_prepared prepared;
    bp_peakfinder8 *finder;
    double *x, *y, *counts;
} state;

static bool takes(bp_dtype dtype)
{
    return dtype != BP_OPAQUE && dtype != BP_U64 && dtype != BP_I64 && dtype != BP_F16;
}

/* One of the three lists. */
static bp_status read_list(bp_context *ctx, bp_stage_run *run, const char *name, double **values,
                           size_t *room)
{
    char path[512];
    size_t rank, shape[BP_MAX_RANK];
    snprintf(path, sizeof path, "%s/%s", run->values[P_PEAKS].text, name);
    bp_status status = bp_beside_read(ctx, run, path, values, &rank, shape);
    if (status == BP_OK && !*values)
        return bp_stage_fail(ctx, run, P_PEAKS, BP_E_INPUT, "there is no %s", path);
    if (status != BP_OK)
        return status;
    if (rank < 1 || rank > 2 || shape[0] != run->in.frames)
        return bp_stage_fail(ctx, run, P_PEAKS, BP_E_INPUT, "%s is of %zu frames, not of %llu", path,
                             rank ? shape[0] : 0, (unsigned long long)run->in.frames);
    *room = rank == 2 ? shape[1] : 1;
    return BP_OK;
}

static bp_status check(bp_context *ctx, bp_stage_run *run)
{
    const bp_value *v = run->values;
    if (!takes(run->in.dtype))
        return bp_stage_fail(ctx, run, -1, BP_E_UNSUPPORTED, "does not take %s",
                             bp_dtype_name(run->in.dtype));
    if (v[P_MIN_PIXELS].number > v[P_MAX_PIXELS].number)
        return bp_stage_fail(ctx, run, P_MIN_PIXELS, BP_E_USAGE, "is above max_pixels");
    if (v[P_MAX_RADIUS].number > 0 && v[P_MAX_RADIUS].number <= v[P_MIN_RADIUS].number)
        return bp_stage_fail(ctx, run, P_MAX_RADIUS, BP_E_USAGE, "is not above min_radius");
    for (int p = P_READ_NOISE; p <= P_OFFSET; p++)
        if (v[p].given && !v[P_GAIN].given && isnan(run->in.gain))
            return bp_stage_fail(ctx, run, p, BP_E_USAGE, "needs gain=");
    if (v[P_GAIN].given && v[P_STEP].unit == 1)
        return bp_stage_fail(ctx, run, P_GAIN, BP_E_USAGE, "is for steps in sigma");
    if (v[P_PEAKS].given && !run->in.frames_known)
        return bp_stage_fail(ctx, run, P_PEAKS, BP_E_USAGE,
                             "lists are by frame: no stage before roi may drop frames");
    run->out.loss = BP_LOSS_UNBOUNDED;
    run->out.bound = INFINITY;
    run->out.variance = NAN;
    snprintf(
        run->out.law, sizeof run->out.law,
        "boxes of %.0f pixels around peaks as they are; the rest is the mean of %.0fx%.0f pixels in steps of "
        "%.4g %s",
        2 * v[P_HALF].number + 1, v[P_BIN].number, v[P_BIN].number, v[P_STEP].number,
        v[P_STEP].unit == 1 ? "values" : "sigma");
    return BP_OK;
}

/* All but the law. */
static void spec_of(const bp_stage_run *run, bp_operation_spec *spec)
{
    static const int same[][2] = {{BP_ROI_P_BIN, P_BIN},
                                  {BP_ROI_P_HALF, P_HALF},
                                  {BP_ROI_P_THRESHOLD, P_THRESHOLD},
                                  {BP_ROI_P_MIN_SNR, P_MIN_SNR},
                                  {BP_ROI_P_MIN_PIXELS, P_MIN_PIXELS},
                                  {BP_ROI_P_MAX_PIXELS, P_MAX_PIXELS},
                                  {BP_ROI_P_BACKGROUND_RADIUS, P_BACKGROUND_RADIUS},
                                  {BP_ROI_P_MIN_RADIUS, P_MIN_RADIUS},
                                  {BP_ROI_P_MAX_RADIUS, P_MAX_RADIUS}};
    const bp_value *v = run->values;
    *spec = (bp_operation_spec){.operation = bp_operation_by_name("roi")};
    bp_param_defaults(spec->operation->params, spec->operation->param_count, spec->params);
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        spec->params[same[i][0]] = v[same[i][1]].number;
    double x = v[P_CENTRE_X].given ? v[P_CENTRE_X].number : run->in.beam_centre[1];
    double y = v[P_CENTRE_Y].given ? v[P_CENTRE_Y].number : run->in.beam_centre[0];
    spec->params[BP_ROI_P_CENTRE_X] = isfinite(x) && fabs(x) <= 1e6 ? x : (double)run->in.columns / 2;
    spec->params[BP_ROI_P_CENTRE_Y] = isfinite(y) && fabs(y) <= 1e6 ? y : (double)run->in.rows / 2;
}

static bp_status prepare(bp_context *ctx, bp_stage_run *run, state *s)
{
    bp_roi_prepared *p = &s->prepared;
    p->rows = run->in.rows;
    p->columns = run->in.columns;
    p->frames = run->in.frames;
    s->spec.prepared = p;
    if (!run->values[P_PEAKS].given) {
        p->finder = s->finder = bp_roi_finder(s->spec.params, p->rows, p->columns, NULL);
        return s->finder ? BP_OK : bp_fail(ctx, BP_E_MEMORY, "no memory for a frame");
    }
    size_t one = 0, room = 0;
    bp_status status = read_list(ctx, run, "nPeaks", &s->counts, &one);
    if (status == BP_OK)
        status = read_list(ctx, run, "peakXPosRaw", &s->x, &p->room);
    if (status == BP_OK)
        status = read_list(ctx, run, "peakYPosRaw", &s->y, &room);
    if (status == BP_OK && (one != 1 || room != p->room))
        status = bp_stage_fail(ctx, run, P_PEAKS, BP_E_INPUT, "the lists of x and y have other shapes");
    p->x = s->x;
    p->y = s->y;
    p->counts = s->counts;
    return status;
}

/* What sample frames say: peaks of each, share of pixels in boxes, noise of a bin. */
typedef struct sample {
    double peaks, share;
    size_t count;
    bp_roi_region *regions;
    size_t region_count;
    double *frame;
    uint8_t *values, *labels, *exact;
    bp_peaks found;
} sample;

static bp_status look(bp_context *ctx, const bp_stage_run *run, const state *s, const bp_frames_in *in,
                      uint64_t index, sample *a)
{
    size_t rows = run->in.rows, columns = run->in.columns, pixels = rows * columns, inside = 0, more = 0;
    bp_status status = in->read(ctx, in, index, 1, 0, rows, a->values, a->labels);
    if (status != BP_OK)
        return status;
    bp_values_to_double(run->in.dtype, a->values, pixels, a->frame);
    for (size_t i = 0; i < pixels; i++)
        a->frame[i] = a->labels[i] || !isfinite(a->frame[i]) ? (double)NAN : a->frame[i];
    a->found.count = 0;
    if (s->finder && !bp_peakfinder8_find(s->finder, a->frame, BP_F64, &a->found))
        return bp_fail(ctx, BP_E_MEMORY, "no memory for peaks");
    memset(a->exact, 0, pixels);
    bp_roi_mark_boxes(&a->found, (size_t)run->values[P_HALF].number, rows, columns, a->exact);
    if (s->finder)
        bp_roi_mark_above(s->finder, pixels, a->exact);
    for (size_t i = 0; i < pixels; i++) {
        inside += a->exact[i];
        a->exact[i] = a->exact[i] || isnan(a->frame[i]);
    }
    if (!bp_roi_regions(a->frame, a->exact, rows, columns, (size_t)run->values[P_BIN].number,
                        a->regions + a->region_count, &more))
        return bp_fail(ctx, BP_E_MEMORY, "no memory for a frame");
    a->region_count += more;
    a->peaks += (double)a->found.count;
    a->share += (double)inside / (double)pixels;
    a->count++;
    return BP_OK;
}

static bp_status look_at_sample(bp_context *ctx, const bp_stage_run *run, const state *s,
                                const bp_frames_in *in, sample *a)
{
    size_t pixels = run->in.rows * run->in.columns;
    size_t regions =
        SAMPLE * bp_roi_regions_most(run->in.rows, run->in.columns, (size_t)run->values[P_BIN].number);
    a->frame = malloc((pixels + 1) * sizeof *a->frame);
    a->values = malloc(pixels * bp_dtype_size(run->in.dtype) + 1);
    a->labels = malloc(2 * pixels + 1);
    a->exact = a->labels ? a->labels + pixels : NULL;
    a->regions = malloc((regions + 1) * sizeof *a->regions);
    if (!a->frame || !a->values || !a->labels || !a->regions)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for a frame");
    bp_status status = BP_OK;
    uint64_t usable = 0, frame = 0;
    for (uint64_t f = 0; f < in->frames; f++)
        usable += !(in->keys && in->keys[f]);
    uint64_t count = usable < SAMPLE ? usable : SAMPLE;
    for (uint64_t n = 0; status == BP_OK && n < count; n++)
        if (bp_stage_sample(in, n, count, &frame))
            status = look(ctx, run, s, in, frame, a);
    return status;
}

static double known(const bp_stage_run *run, int param, double of_flow)
{
    double value = run->values[param].given ? run->values[param].number : of_flow;
    return isnan(value) ? 0 : value;
}

/* The law of the bins: of counts where the gain is given or known or shows in the background, else one step.
 */
static bp_status settle_law(bp_context *ctx, bp_stage_run *run, state *s, const sample *a)
{
    const bp_value *v = run->values;
    double *p = s->spec.params, bin = v[P_BIN].number, gain = known(run, P_GAIN, run->in.gain);
    bp_roi_noise noise = {gain / (bin * bin), known(run, P_READ_NOISE, run->in.read_noise) / bin,
                          known(run, P_OFFSET, run->in.offset)};
    p[BP_ROI_P_STEP] = v[P_STEP].number;
    p[BP_ROI_P_LAW] = BP_LAW_LINEAR;
    if (v[P_STEP].unit == 1)
        return BP_OK;
    bp_stage_resolved_text(run, "noise_of_a_bin_from", gain > 0 ? "gain" : "scatter of neighbouring bins");
    if (!(gain > 0) && !bp_roi_noise_of(a->regions, a->region_count, &noise))
        return bp_stage_fail(
            ctx, run, P_STEP, BP_E_INPUT,
            "the noise of the background cannot be told from the frames: give gain= or a step "
            "in values");
    bp_stage_resolved(run, "gain_of_a_bin", "ADU/photon", noise.gain);
    bp_stage_resolved(run, "read_noise_of_a_bin", "ADU", noise.read_noise);
    bp_stage_resolved(run, "offset", "ADU", noise.offset);
    if (noise.gain > 0) {
        p[BP_ROI_P_LAW] = BP_LAW_COUNTS;
        p[BP_ROI_P_GAIN] = noise.gain;
        p[BP_ROI_P_NOISE] = noise.read_noise;
        p[BP_ROI_P_OFFSET] = noise.offset;
    } else
        p[BP_ROI_P_STEP] *= noise.read_noise;
    return BP_OK;
}

static bp_status begin(bp_context *ctx, bp_stage_run *run, const bp_frames_in *in)
{
    sample a = {0};
    state *s = calloc(1, sizeof *s);
    if (!s)
        return bp_fail(ctx, BP_E_MEMORY, "no memory");
    run->state = s;
    spec_of(run, &s->spec);
    bp_status status = prepare(ctx, run, s);
    if (status == BP_OK)
        status = look_at_sample(ctx, run, s, in, &a);
    if (status == BP_OK)
        status = settle_law(ctx, run, s, &a);
    if (status == BP_OK) {
        bp_stage_resolved(run, "centre_x", "pixels", s->spec.params[BP_ROI_P_CENTRE_X]);
        bp_stage_resolved(run, "centre_y", "pixels", s->spec.params[BP_ROI_P_CENTRE_Y]);
        if (s->finder && a.count) {
            bp_stage_resolved(run, "sample_frames", "", (double)a.count);
            bp_stage_resolved(run, "peaks_per_sample_frame", "", a.peaks / (double)a.count);
            bp_stage_resolved(run, "share_of_pixels_kept", "", a.share / (double)a.count);
        }
    }
    bp_peaks_fini(&a.found);
    free(a.frame);
    free(a.values);
    free(a.labels);
    free(a.regions);
    return status;
}

static void end(bp_stage_run *run)
{
    state *s = run->state;
    if (!s)
        return;
    bp_peakfinder8_free(s->finder);
    free(s->x);
    free(s->y);
    free(s->counts);
    free(s);
    run->state = NULL;
}

static bp_status operation(bp_context *ctx, const bp_stage_run *run, bp_operation_spec *spec)
{
    (void)ctx;
    *spec = ((const state *)run->state)->spec;
    return BP_OK;
}

static bp_status frame(bp_context *ctx, const bp_stage_run *run, const bp_frame *in, bp_frame *out)
{
    const state *s = run->state;
    size_t shape[2] = {in->rows, in->columns};
    bp_operation_in values = {
        .marks = in->labels, .as = in->dtype, .place = in->index * in->rows * in->columns};
    bp_array restored;
    bp_status status = bp_array_init(&values.values, in->dtype, 0, 2, shape, in->values);
    if (status == BP_OK)
        status = bp_array_init(&restored, out->dtype, 0, 2, shape, out->values);
    return status == BP_OK ? bp_operation_round_trip(ctx, &s->spec, &values, &restored) : status;
}

const bp_stage bp_stage_roi = {
    .name = "roi",
    .summary = "boxes around Bragg peaks as they are, the rest binned and quantised",
    .source = "R. Underwood et al., ROIBIN-SZ, Synchrotron Radiation News 36 (2023) 4",
    .params = params_of_roi,
    .param_count = P_COUNT,
    .scope = BP_SCOPE_FRAME,
    .check = check,
    .begin = begin,
    .end = end,
    .frame = frame,
    .operation = operation,
};
