/* SPDX-License-Identifier: BSD-3-Clause
 * darkflat: transmission of projections, from flat and dark frames. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "algo/darkflat.h"
#include "algo/stage_map.h"
#include "algo/values.h"
#include "base/scratch.h"

enum { P_FLAT, P_DARK, P_AVERAGE, P_MINIMUM, P_AIR, P_CUT, P_LOG, P_LEAST, P_BAD, P_COUNT };
enum { KEY_FLAT = 1, KEY_DARK = 2 };
enum { BAD_STOP, BAD_LABEL };

static const char *const averages[] = {"mean", "median", NULL};
static const char *const bad_words[] = {"stop", "label", NULL};

static const bp_param params_of_darkflat[P_COUNT] = {
    [P_FLAT] =
        {"flat", "", BP_PARAM_TEXT, 0, 0, NAN, NULL,
         "flat frame or frames; not given: frames of image_key 1, else what stands beside the frames as "
         "flat"},
    [P_DARK] =
        {"dark", "", BP_PARAM_TEXT, 0, 0, NAN, NULL,
         "dark frame or frames; not given: frames of image_key 2, else what stands beside the frames as "
         "dark, else 0"},
    [P_AVERAGE] = {"average", "", BP_PARAM_CHOICE, 0, 0, 0, averages,
                   "of several flats, and of several darks"},
    [P_MINIMUM] = {"minimum", "values", BP_PARAM_REAL, 1e-300, 1e12, 1e-6, NULL,
                   "least difference of flat and dark that is divided by"},
    [P_AIR] = {"air", "pixels", BP_PARAM_INTEGER, 0, 1e6, 0, NULL,
               "at both ends of each row that see no sample: a line through their means becomes 1"},
    [P_CUT] = {"cut", "", BP_PARAM_REAL, 1e-9, 1e9, NAN, NULL, "transmissions above become this"},
    [P_LOG] = {"log", "", BP_PARAM_SWITCH, 0, 1, 0, NULL, "give line integrals, -ln of the transmission"},
    [P_LEAST] = {"least", "", BP_PARAM_REAL, 1e-12, 1, 1e-6, NULL,
                 "transmission that lower ones are raised to, for the logarithm"},
    [P_BAD] =
        {"bad", "", BP_PARAM_CHOICE, 0, 0, BAD_STOP, bad_words,
         "pixels whose flat or dark is not finite, or whose flat is not above the dark: an error, or labels"},
};

typedef struct state {
    bp_darkflat options;
    double *dark, *range;
    uint8_t *bad; /* pixels without a flat; NULL when there are none */
} state;

static bp_status keep(bp_context *ctx, const bp_stage_run *run, const bp_frame *in, bool *kept, double *score)
{
    (void)ctx;
    (void)run;
    *kept = in->key != KEY_FLAT && in->key != KEY_DARK;
    *score = in->key;
    return BP_OK;
}

static bp_status no_flat(bp_context *ctx, bp_stage_run *run)
{
    return bp_stage_fail(
        ctx, run, -1, BP_E_USAGE,
        "no flat: no frame has image_key 1, nothing stands beside the frames as flat, and flat= is "
        "not given");
}

static bp_status check(bp_context *ctx, bp_stage_run *run)
{
    const bp_value *v = run->values;
    for (int param = P_FLAT; param <= P_DARK; param++) {
        double *map;
        size_t planes;
        bp_status status = bp_stage_map(ctx, run, param, &map, &planes);
        bool found = map != NULL;
        free(map);
        if (status != BP_OK)
            return status;
        if (param == P_FLAT && !found && !run->in.keyed)
            return no_flat(ctx, run);
    }
    if (v[P_AIR].number * 2 > (double)run->in.columns)
        return bp_stage_fail(ctx, run, P_AIR, BP_E_USAGE, "rows of %zu pixels have no two ends of %.0f",
                             run->in.columns, v[P_AIR].number);
    bp_flow *out = &run->out;
    out->dtype = bp_stage_real_type(run->in.dtype);
    out->keyed = false;
    out->unit[0] = 0;
    out->gain = out->read_noise = out->offset = out->saturation = NAN;
    out->labelled |= v[P_BAD].number == BAD_LABEL;
    out->carry.used = "flat dark";
    run->by_number = true;
    snprintf(out->law, sizeof out->law, "%s(value - dark) / (flat - dark)",
             v[P_LOG].number != 0 ? "-ln of " : "");
    return BP_OK;
}

/* Average of the frames that have this key; *map NULL when there are none. */
static bp_status average_keyed(bp_context *ctx, bp_stage_run *run, const bp_frames_in *in, uint8_t key,
                               double **map, size_t *planes)
{
    size_t count = run->in.rows * run->in.columns, size = count * bp_dtype_size(run->in.dtype), found = 0;
    *map = NULL;
    for (uint64_t i = 0; in->keys && i < in->frames; i++)
        found += in->keys[i] == key;
    *planes = found;
    if (!found)
        return BP_OK;
    bool median = run->values[P_AVERAGE].number != 0;
    double *frames = malloc((median ? found : 2) * count * sizeof *frames), *sum = calloc(count, sizeof *sum);
    void *raw = malloc(size);
    bp_status status =
        frames && sum && raw ? BP_OK : bp_fail(ctx, BP_E_MEMORY, "no memory for %zu flats", found);
    found = 0;
    for (uint64_t i = 0; i < in->frames && status == BP_OK; i++) {
        if (in->keys[i] != key)
            continue;
        double *here = frames + (median ? found : 0) * count;
        status = in->read(ctx, in, i, 1, 0, run->in.rows, raw, NULL);
        if (status == BP_OK)
            bp_values_to_double(run->in.dtype, raw, count, here);
        for (size_t p = 0; !median && status == BP_OK && p < count; p++)
            sum[p] += here[p];
        found++;
    }
    if (status == BP_OK && median)
        bp_stage_average(frames, found, count, 1, sum);
    for (size_t p = 0; !median && status == BP_OK && p < count; p++)
        sum[p] /= (double)found;
    free(frames);
    free(raw);
    if (status == BP_OK)
        *map = sum;
    else
        free(sum);
    return status;
}

/* The averaged flat or dark; *map NULL when there is none. */
static bp_status find_map(bp_context *ctx, bp_stage_run *run, const bp_frames_in *in, int param, double **map)
{
    static const char *const counted[] = {"flat frames", "dark frames"};
    size_t planes, count = run->in.rows * run->in.columns;
    bp_status status = BP_OK;
    *map = NULL;
    if (!run->values[param].given) {
        status = average_keyed(ctx, run, in, param == P_FLAT ? KEY_FLAT : KEY_DARK, map, &planes);
        if (status != BP_OK || *map) {
            bp_stage_resolved(run, counted[param], "", (double)planes);
            return status;
        }
    }
    double *all;
    status = bp_stage_map(ctx, run, param, &all, &planes);
    if (status == BP_OK && all) {
        *map = malloc(count * sizeof **map);
        if (*map)
            bp_stage_average(all, planes, count, run->values[P_AVERAGE].number != 0, *map);
        else
            status = bp_fail(ctx, BP_E_MEMORY, "no memory for a flat");
        bp_stage_resolved(run, counted[param], "", (double)planes);
        bp_stage_resolved_text(run, run->stage->params[param].name, bp_stage_map_name(run, param));
    }
    free(all);
    return status;
}

/* Marks what no transmission can be had of. */
static bp_status find_bad(bp_context *ctx, bp_stage_run *run, state *s, const double *flat)
{
    size_t count = run->in.rows * run->in.columns, bad = 0, first = 0;
    for (size_t i = 0; i < count; i++) {
        if (run->in.mask && run->in.mask[i])
            continue;
        bool finite = isfinite(flat[i]) && isfinite(s->dark[i]);
        if (finite && flat[i] > s->dark[i])
            continue;
        first = bad++ ? first : i;
        s->bad[i] = BP_LABEL_DEAD;
    }
    bp_stage_resolved(run, "bad pixels", "", (double)bad);
    if (bad && run->values[P_BAD].number == BAD_STOP) {
        int param = isfinite(s->dark[first]) ? P_FLAT : P_DARK;
        bool finite = isfinite(flat[first]) && isfinite(s->dark[first]);
        return bp_stage_fail(
            ctx, run, run->values[param].given ? param : -1, BP_E_INPUT,
            "no transmission can be had in %zu pixels, the first in row %zu, column %zu, where "
            "%s is not %s: mask them, or say bad=label",
            bad, first / run->in.columns, first % run->in.columns, bp_stage_map_name(run, param),
            finite ? "above the dark" : "finite");
    }
    if (!bad) {
        free(s->bad);
        s->bad = NULL;
    }
    return BP_OK;
}

static bp_status begin(bp_context *ctx, bp_stage_run *run, const bp_frames_in *in)
{
    size_t count = run->in.rows * run->in.columns;
    const bp_value *v = run->values;
    double *flat = NULL;
    state *s = calloc(1, sizeof *s);
    run->state = s;
    if (!s)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for a flat");
    s->options =
        (bp_darkflat){v[P_CUT].number, (size_t)v[P_AIR].number, v[P_LOG].number != 0, v[P_LEAST].number};
    bp_status status = find_map(ctx, run, in, P_FLAT, &flat);
    if (status == BP_OK && !flat)
        status = no_flat(ctx, run);
    if (status == BP_OK)
        status = find_map(ctx, run, in, P_DARK, &s->dark);
    if (status == BP_OK && !s->dark)
        s->dark = calloc(count, sizeof *s->dark);
    s->range = malloc(count * sizeof *s->range);
    s->bad = calloc(count, 1);
    if (status == BP_OK && (!s->dark || !s->range || !s->bad))
        status = bp_fail(ctx, BP_E_MEMORY, "no memory for a flat");
    if (status == BP_OK && flat)
        status = find_bad(ctx, run, s, flat);
    if (status == BP_OK && flat)
        bp_darkflat_range(flat, s->dark, count, v[P_MINIMUM].number, s->range);
    free(flat);
    return status;
}

static void end(bp_stage_run *run)
{
    state *s = run->state;
    if (s) {
        free(s->dark);
        free(s->range);
        free(s->bad);
    }
    free(s);
    run->state = NULL;
}

static bp_status frame(bp_context *ctx, const bp_stage_run *run, const bp_frame *in, bp_frame *out)
{
    const state *s = run->state;
    size_t count = in->rows * in->columns;
    double *values = bp_stage_doubles(ctx, in, 0);
    if (!values)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for a frame");
    bp_darkflat_run(&s->options, s->dark, s->range, in->rows, in->columns, values);
    bp_values_from_double(out->dtype, values, count, out->values);
    bp_scratch_give(ctx, values);
    if (s->bad) {
        for (size_t i = 0; i < count; i++)
            out->label_room[i] = in->labels && in->labels[i] ? in->labels[i] : s->bad[i];
        out->labels = out->label_room;
    }
    return BP_OK;
}

const bp_stage bp_stage_darkflat = {
    .name = "darkflat",
    .summary = "transmission of projections, from flat and dark frames",
    .source = "(value - dark) / (flat - dark), as tomopy's prep/normalize.py",
    .params = params_of_darkflat,
    .param_count = P_COUNT,
    .scope = BP_SCOPE_FRAME,
    .traits = BP_STAGE_ALL_KEYS | BP_STAGE_DROPS | BP_STAGE_ONCE,
    .check = check,
    .begin = begin,
    .end = end,
    .keep = keep,
    .frame = frame,
};
