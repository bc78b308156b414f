/* SPDX-License-Identifier: BSD-3-Clause
 * gain: pedestal and gain of every pixel, with gain switching. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "algo/gain.h"
#include "algo/stage_map.h"
#include "algo/values.h"
#include "base/scratch.h"

enum { P_PEDESTAL, P_GAIN, P_ADU, P_ENERGY, P_SWITCHING, P_BAD, P_COUNT };
enum { PLAIN, JUNGFRAU };
enum { BAD_STOP, BAD_LABEL };

static const char *const switchings[] = {"none", "jungfrau", NULL};
static const char *const bad_words[] = {"stop", "label", NULL};

static const bp_param params_of_gain[P_COUNT] = {
    [P_PEDESTAL] =
        {"pedestal", "", BP_PARAM_TEXT, 0, 0, NAN, NULL,
         "map of the values at no signal, a plane for each gain stage; not given: what stands beside "
         "the frames as pedestal, else 0"},
    [P_GAIN] =
        {"gain", "", BP_PARAM_TEXT, 0, 0, NAN, NULL,
         "map of the ADU per photon (with energy=: per keV), a plane for each gain stage; not given: what "
         "stands beside the frames as gain, unless adu= is given"},
    [P_ADU] = {"adu", "ADU", BP_PARAM_REAL, 1e-9, 1e9, NAN, NULL, "per photon, the same for all pixels"},
    [P_ENERGY] = {"energy", "keV", BP_PARAM_REAL, 1e-6, 1e6, NAN, NULL,
                  "of a photon, where the gain map is in ADU per keV"},
    [P_SWITCHING] = {"switching", "", BP_PARAM_CHOICE, 0, 0, PLAIN, switchings,
                     "jungfrau: the two highest of 16 bits say which of three gain stages a value is of"},
    [P_BAD] = {"bad", "", BP_PARAM_CHOICE, 0, 0, BAD_STOP, bad_words,
               "pixels whose pedestal or gain is not finite, or whose gain is 0: an error, or labels"},
};

typedef struct state {
    bp_gain_maps maps;
    float *room;  /* all maps */
    uint8_t *bad; /* pixels without a gain; NULL when there are none */
} state;

static size_t stages_of(const bp_stage_run *run)
{
    return run->values[P_SWITCHING].number == JUNGFRAU ? BP_GAIN_STAGES : 1;
}

/* Reads a map and compares its planes with the gain stages. NULL: there is none. */
static bp_status read_map(bp_context *ctx, bp_stage_run *run, int param, double **map)
{
    size_t planes;
    bp_status status = bp_stage_map(ctx, run, param, map, &planes);
    if (status != BP_OK || !*map || planes == stages_of(run))
        return status;
    free(*map);
    *map = NULL;
    return bp_stage_fail(ctx, run, param, BP_E_INPUT, "%s has %zu planes, %s needs %zu",
                         bp_stage_map_name(run, param), planes,
                         switchings[(int)run->values[P_SWITCHING].number], stages_of(run));
}

static bp_status read_both(bp_context *ctx, bp_stage_run *run, double **pedestal, double **gain)
{
    *pedestal = *gain = NULL;
    bp_status status = read_map(ctx, run, P_PEDESTAL, pedestal);
    if (status == BP_OK && !run->values[P_ADU].given)
        status = read_map(ctx, run, P_GAIN, gain);
    if (status == BP_OK && !*gain && !run->values[P_ADU].given)
        status =
            bp_stage_fail(ctx, run, -1, BP_E_USAGE,
                          "no gain: nothing stands beside the frames as gain, and neither gain= nor adu= is "
                          "given");
    return status;
}

static bp_status check(bp_context *ctx, bp_stage_run *run)
{
    const bp_value *v = run->values;
    if (v[P_GAIN].given && v[P_ADU].given)
        return bp_stage_fail(ctx, run, P_ADU, BP_E_USAGE, "gain= and adu= contradict each other");
    if (stages_of(run) > 1 && run->in.dtype != BP_U16)
        return bp_stage_fail(ctx, run, P_SWITCHING, BP_E_USAGE, "needs uint16 values, these are %s",
                             bp_dtype_name(run->in.dtype));
    if (stages_of(run) > 1 && v[P_ADU].given)
        return bp_stage_fail(ctx, run, P_ADU, BP_E_USAGE, "a gain for every stage is needed: gain=");
    if (strcmp(run->in.unit, "photons") == 0)
        return bp_stage_fail(ctx, run, -1, BP_E_USAGE, "the values are photons already");
    double *pedestal, *gain;
    bp_status status = read_both(ctx, run, &pedestal, &gain);
    free(pedestal);
    free(gain);
    if (status != BP_OK)
        return status;
    bp_flow *out = &run->out;
    out->dtype = BP_F32;
    strcpy(out->unit, "photons");
    out->gain = 1;
    out->offset = 0;
    out->read_noise = out->saturation = NAN;
    out->labelled |= v[P_BAD].number == BAD_LABEL || stages_of(run) > 1;
    out->carry.used = "pedestal gain";
    strcpy(out->law, "(value - pedestal) / gain of each pixel, in single precision");
    return BP_OK;
}

/* One map of the state; fallback where there is none. */
static void put_map(const double *from, double fallback, double scale, size_t count, float *to)
{
    for (size_t i = 0; i < count; i++)
        to[i] = (float)((from ? from[i] : fallback) * scale);
}

static bp_status find_bad(bp_context *ctx, bp_stage_run *run, state *s, size_t count)
{
    size_t bad = 0, first = 0;
    bool finite = true; /* the first bad one's pedestal */
    for (size_t k = 0; k < stages_of(run); k++)
        for (size_t i = 0; i < count; i++) {
            float pedestal = s->maps.pedestal[k][i], gain = s->maps.gain[k][i];
            bool fine = isfinite(pedestal) && isfinite(gain) && gain != 0;
            if (fine || s->bad[i] || (run->in.mask && run->in.mask[i]))
                continue;
            finite = bad ? finite : isfinite(pedestal);
            first = bad++ ? first : i;
            s->bad[i] = BP_LABEL_DEAD;
        }
    bp_stage_resolved(run, "bad pixels", "", (double)bad);
    if (bad && run->values[P_BAD].number == BAD_STOP)
        return bp_stage_fail(
            ctx, run, run->values[finite ? P_GAIN : P_PEDESTAL].given ? finite ? P_GAIN : P_PEDESTAL : -1,
            BP_E_INPUT,
            "no value can be had in %zu pixels, the first in row %zu, column %zu, where %s is %s: mask them, "
            "or say bad=label",
            bad, first / run->in.columns, first % run->in.columns,
            bp_stage_map_name(run, finite ? P_GAIN : P_PEDESTAL), finite ? "0 or not finite" : "not finite");
    if (!bad) {
        free(s->bad);
        s->bad = NULL;
    }
    return BP_OK;
}

static double mean_gain(const float *gain, size_t count)
{
    double sum = 0, used = 0;
    for (size_t i = 0; i < count; i++)
        if (isfinite(gain[i]) && gain[i] != 0) {
            sum += (double)gain[i];
            used++;
        }
    return used > 0 ? fabs(sum / used) : (double)NAN;
}

static bp_status begin(bp_context *ctx, bp_stage_run *run, const bp_frames_in *in)
{
    (void)in;
    size_t count = run->in.rows * run->in.columns, stages = stages_of(run);
    const bp_value *v = run->values;
    double *pedestal, *gain, energy = isnan(v[P_ENERGY].number) ? 1 : v[P_ENERGY].number;
    state *s = calloc(1, sizeof *s);
    run->state = s;
    bp_status status = read_both(ctx, run, &pedestal, &gain);
    if (status == BP_OK && s) {
        s->room = malloc(2 * stages * count * sizeof *s->room);
        s->bad = calloc(count, 1);
    }
    if (status == BP_OK && (!s || !s->room || !s->bad))
        status = bp_fail(ctx, BP_E_MEMORY, "no memory for the maps of gain");
    if (status == BP_OK) {
        for (size_t k = 0; k < stages; k++) {
            float *to = s->room + 2 * k * count;
            put_map(pedestal ? pedestal + k * count : NULL, 0, 1, count, to);
            put_map(gain ? gain + k * count : NULL, v[P_ADU].number, energy, count, to + count);
            s->maps.pedestal[k] = to;
            s->maps.gain[k] = to + count;
        }
        bp_stage_resolved_text(run, "pedestal", pedestal ? bp_stage_map_name(run, P_PEDESTAL) : "0");
        bp_stage_resolved(run, "mean gain", "ADU/photon", mean_gain(s->maps.gain[0], count));
        run->out.read_noise = run->in.read_noise / mean_gain(s->maps.gain[0], count);
        status = find_bad(ctx, run, s, count);
    }
    free(pedestal);
    free(gain);
    return status;
}

static void end(bp_stage_run *run)
{
    state *s = run->state;
    if (s) {
        free(s->room);
        free(s->bad);
    }
    free(s);
    run->state = NULL;
}

/* Labels of the frame, and DEAD where bad or off is not 0. */
static void put_labels(const bp_frame *in, const uint8_t *bad, const uint8_t *off, bp_frame *out)
{
    size_t count = in->rows * in->columns;
    for (size_t i = 0; i < count; i++) {
        uint8_t here = bad && bad[i] ? BP_LABEL_DEAD : off && off[i] ? BP_LABEL_SATURATED : BP_LABEL_NONE;
        out->label_room[i] = in->labels && in->labels[i] ? in->labels[i] : here;
    }
    out->labels = out->label_room;
}

static bp_status frame(bp_context *ctx, const bp_stage_run *run, const bp_frame *in, bp_frame *out)
{
    const state *s = run->state;
    size_t count = in->rows * in->columns;
    uint8_t *off = NULL;
    bool any = false;
    if (stages_of(run) > 1) {
        off = bp_scratch_take(ctx, count);
        if (!off)
            return bp_fail(ctx, BP_E_MEMORY, "no memory for a frame");
        any = bp_gain_switched(&s->maps, in->values, count, out->values, off);
    } else if (in->dtype == BP_U16) {
        bp_gain_u16(&s->maps, in->values, count, out->values);
    } else {
        double *values = bp_stage_doubles(ctx, in, 0);
        if (!values)
            return bp_fail(ctx, BP_E_MEMORY, "no memory for a frame");
        bp_values_from_double(BP_F32, values, count, out->values);
        bp_gain_float(&s->maps, out->values, count, out->values);
        bp_scratch_give(ctx, values);
    }
    if (any || s->bad)
        put_labels(in, s->bad, any ? off : NULL, out);
    bp_scratch_give(ctx, off);
    return BP_OK;
}

const bp_stage bp_stage_gain = {
    .name = "gain",
    .summary = "pedestal and gain of every pixel: ADU to photons",
    .source = "A. Mozzanica et al., J. Instrum. 9 (2014) C05010",
    .params = params_of_gain,
    .param_count = P_COUNT,
    .scope = BP_SCOPE_FRAME,
    .traits = BP_STAGE_ALL_KEYS | BP_STAGE_ONCE,
    .check = check,
    .begin = begin,
    .end = end,
    .frame = frame,
};
