/* SPDX-License-Identifier: BSD-3-Clause
 * reconstruct: slices from projections, by filtered back-projection. Sixteen neighbouring slices are made at
 * once, because that costs little more than making one; those made last are kept for whoever asks next. */
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "algo/attenuation.h"
#include "algo/fbp.h"
#include "algo/rotation_centre.h"
#include "algo/values.h"
#include "beampress/stage.h"

enum { P_CENTRE, P_FILTER, P_FROM, P_ANGLES, P_RANGE, P_SINOGRAMS, P_COUNT };
enum { FROM_TRANSMISSION, FROM_ATTENUATION };

static const char *const filters[] = BP_FBP_FILTER_WORDS;
static const char *const froms[] = {"transmission", "attenuation", NULL};

static const bp_param params_of_reconstruct[P_COUNT] = {
    [P_CENTRE] = {"centre", "pixels", BP_PARAM_REAL, 0, 1e6, NAN, NULL,
                  "column of the axis, counted from 0; not given: found by Vo's method in the middle row"},
    [P_FILTER] = {"filter", "", BP_PARAM_CHOICE, 0, 0, BP_FBP_RAMP, filters, "of the back-projection"},
    [P_FROM] = {"from", "", BP_PARAM_CHOICE, 0, 0, FROM_TRANSMISSION, froms,
                "what the frames hold: transmissions (darkflat), or -ln of them (darkflat log=1)"},
    [P_ANGLES] = {"angles", "degrees", BP_PARAM_TEXT, 0, 0, NAN, NULL,
                  "an angle for each frame; not given: rotation_angle or angles beside the frames"},
    [P_RANGE] = {"range", "degrees", BP_PARAM_REAL, 0.1, 36000, NAN, NULL,
                 "covered by the frames in equal steps, its end left out; instead of angles"},
    [P_SINOGRAMS] = {"sinograms", "", BP_PARAM_SWITCH, 0, 1, 0, NULL,
                     "frames are sinograms: a detector row each, their rows angles"},
};

#define AT_ONCE   16
#define KEPT      2  /* batches of slices */
#define LEAST     16 /* columns */
#define BESIDE    8  /* the axis */
#define HALF_TURN 180.0

typedef struct batch {
    uint64_t number; /* slices from AT_ONCE * number on */
    uint64_t used;   /* the last time it was asked for; 0: it holds nothing */
    float *slices;
    bool empty[AT_ONCE]; /* rows without a pixel that can be used: no slice */
} batch;

typedef struct state {
    pthread_mutex_t mutex;
    bool locked_once;
    const bp_frames_in *in;
    bp_fbp fbp;
    double *angles;
    uint64_t *projections; /* frames that are; NULL where frames are sinograms */
    size_t rows;           /* of the detector */
    uint64_t clock;
    batch kept[KEPT];
} state;

static bp_status check(bp_context *ctx, bp_stage_run *run)
{
    const bp_flow *in = &run->in;
    bp_flow *out = &run->out;
    bool sinograms = run->values[P_SINOGRAMS].number != 0;
    if (in->columns < LEAST)
        return bp_stage_fail(ctx, run, -1, BP_E_USAGE, "frames of %zu columns are too narrow for a slice",
                             in->columns);
    if (in->dtype != BP_F32 && in->dtype != BP_F64)
        return bp_stage_fail(ctx, run, -1, BP_E_USAGE,
                             "slices are made of transmissions; put darkflat in front");
    if (run->values[P_CENTRE].given && (run->values[P_CENTRE].number < BESIDE ||
                                        run->values[P_CENTRE].number > (double)(in->columns - 1 - BESIDE)))
        return bp_stage_fail(ctx, run, P_CENTRE, BP_E_USAGE, "the axis has to lie between columns %d and %zu",
                             BESIDE, in->columns - 1 - BESIDE);
    out->dtype = BP_F32;
    out->frames = sinograms ? in->frames : in->rows;
    out->frames_known = !sinograms || in->frames_known;
    out->rows = out->columns = in->columns;
    out->keyed = out->time_ordered = false;
    out->mask = NULL;
    out->labelled = in->labelled;
    out->gain = out->read_noise = out->offset = out->saturation = NAN;
    out->carry.axes = BP_AXES_OTHER;
    strcpy(out->unit, "1/pixel");
    strcpy(out->law, "filtered back-projection");
    return BP_OK;
}

/* Frames whose key says projection. */
static bp_status find_projections(bp_context *ctx, bp_stage_run *run, state *st, const bp_frames_in *in)
{
    if (run->values[P_SINOGRAMS].number != 0) {
        st->fbp.angle_count = run->in.rows;
        return BP_OK;
    }
    st->projections = malloc(((size_t)in->frames + 1) * sizeof *st->projections);
    if (!st->projections)
        return bp_fail(ctx, BP_E_MEMORY, "no memory");
    for (uint64_t f = 0; f < in->frames; f++)
        if (!in->keys || in->keys[f] == 0)
            st->projections[st->fbp.angle_count++] = f;
    return st->fbp.angle_count > 1
               ? BP_OK
               : bp_stage_fail(ctx, run, -1, BP_E_INPUT, "no slice can be made of %zu projections",
                               st->fbp.angle_count);
}

/* Angles of the projections out of `count` values: one for each of them, or one for each frame of the input,
 * of which image_key says which are projections. */
static bp_status choose_angles(bp_context *ctx, bp_stage_run *run, state *st, const double *values,
                               size_t count)
{
    double *keys = NULL;
    size_t rank, shape[BP_MAX_RANK], n = st->fbp.angle_count, used = 0, key_count = 1;
    bp_status status = BP_OK;
    if (count != n)
        status = bp_beside_read(ctx, run, "image_key", &keys, &rank, shape);
    if (status != BP_OK)
        return status;
    for (size_t i = 0; keys && i < rank; i++)
        key_count *= shape[i];
    for (size_t i = 0; i < count && (count == n || (keys && key_count == count)); i++)
        if (!keys || keys[i] == 0) {
            if (used < n)
                st->angles[used] = values[i];
            used++;
        }
    free(keys);
    if (used != n)
        return bp_stage_fail(ctx, run, P_ANGLES, BP_E_INPUT, "there are %zu angles for %zu projections",
                             count, n);
    for (size_t i = 0; i < n; i++)
        if (!(fabs(st->angles[i]) < 1e9))
            return bp_stage_fail(ctx, run, P_ANGLES, BP_E_INPUT, "the angle of projection %zu is %g", i,
                                 st->angles[i]);
    return BP_OK;
}

static bp_status find_angles(bp_context *ctx, bp_stage_run *run, state *st)
{
    static const char *const names[] = {"rotation_angle", "angles", "theta"};
    const bp_value *v = run->values;
    size_t n = st->fbp.angle_count, rank = 0, shape[BP_MAX_RANK], count = 1;
    double *values = NULL;
    bp_status status = BP_OK;
    st->angles = calloc(n + 2, sizeof *st->angles);
    if (!st->angles)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for angles");
    for (size_t i = 0; v[P_RANGE].given && i < n; i++)
        st->angles[i] = v[P_RANGE].number * (double)i / (double)n;
    if (v[P_RANGE].given)
        return BP_OK;
    if (v[P_ANGLES].given)
        status = bp_beside_read(ctx, run, v[P_ANGLES].text, &values, &rank, shape);
    for (size_t i = 0; !v[P_ANGLES].given && i < 3 && status == BP_OK && !values; i++)
        status = bp_beside_read(ctx, run, names[i], &values, &rank, shape);
    for (size_t i = 0; values && i < rank; i++)
        count *= shape[i];
    if (status == BP_OK && !values)
        status =
            bp_stage_fail(ctx, run, -1, BP_E_INPUT,
                          "there are no angles beside the frames (rotation_angle, in degrees); range=180 "
                          "says that they cover half a turn in equal steps");
    if (status == BP_OK)
        status = choose_angles(ctx, run, st, values, count);
    free(values);
    return status;
}

/* The frames [first, first + count) x rows [row, row + rows) as they come, as doubles; labels become NAN. */
static bp_status read_values(bp_context *ctx, const bp_stage_run *run, const state *st, uint64_t first,
                             size_t count, size_t row, size_t rows, double *values)
{
    size_t n = count * rows * run->in.columns;
    uint8_t *labels = calloc(n, 1 + bp_dtype_size(run->in.dtype));
    if (!labels)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for sinograms");
    bp_status status = st->in->read(ctx, st->in, first, count, row, rows, labels + n, labels);
    if (status == BP_OK)
        bp_values_to_double(run->in.dtype, labels + n, n, values);
    for (size_t i = 0; i < n && status == BP_OK; i++)
        if (labels[i])
            values[i] = NAN;
    free(labels);
    return status;
}

/* Attenuations of one detector row: angles x columns. *empty: some line of it has no pixel that is one. */
static bp_status read_sinogram(bp_context *ctx, const bp_stage_run *run, const state *st, size_t row,
                               double *sinogram, bool *empty)
{
    size_t n = run->in.columns;
    uint64_t filled = 0, clipped = 0;
    bp_status status = BP_OK;
    *empty = false;
    if (!st->projections)
        status = read_values(ctx, run, st, row, 1, 0, run->in.rows, sinogram);
    for (size_t a = 0; a < st->fbp.angle_count && status == BP_OK; a++) {
        double *line = sinogram + a * n;
        if (st->projections)
            status = read_values(ctx, run, st, st->projections[a], 1, row, 1, line);
        if (status == BP_OK && bp_fill_gaps(NULL, line, n, &filled) != BP_OK) {
            *empty = true;
            memset(line, 0, n * sizeof *line);
        } else if (status == BP_OK && run->values[P_FROM].number == FROM_TRANSMISSION) {
            bp_attenuation(line, n, &clipped);
        }
    }
    return status;
}

static bp_status find_centre(bp_context *ctx, bp_stage_run *run, state *st)
{
    const bp_centre_search search = {.start = 1, .stop = 0, .radius = 4, .step = 0.25};
    size_t n = run->in.columns, half = st->fbp.angle_count;
    double found, refined = run->values[P_CENTRE].number;
    while (half > 2 && fabs(st->angles[half - 1] - st->angles[0]) > HALF_TURN + 1e-6)
        half--;
    if (!run->values[P_CENTRE].given) {
        bool empty;
        double step = fabs(st->angles[half - 1] - st->angles[half - 2]);
        if (fabs(st->angles[half - 1] - st->angles[0]) + 1.5 * step < HALF_TURN)
            return bp_stage_fail(
                ctx, run, -1, BP_E_INPUT,
                "the angles do not cover half a turn, so the axis cannot be found; say centre=");
        double *sinogram = malloc(st->fbp.angle_count * n * sizeof *sinogram);
        if (!sinogram)
            return bp_fail(ctx, BP_E_MEMORY, "no memory for a sinogram");
        bp_status status = read_sinogram(ctx, run, st, st->rows / 2, sinogram, &empty);
        if (status == BP_OK && !bp_centre_vo(sinogram, half, n, &search, &found, &refined))
            status = bp_fail(ctx, BP_E_MEMORY, "no memory for the axis");
        free(sinogram);
        if (status != BP_OK)
            return status;
        refined = rint(refined * 16) / 16; /* the last digits are not the same on every machine */
    }
    st->fbp.centre = refined;
    bp_stage_resolved(run, "centre", "pixels", refined);
    return BP_OK;
}

static bp_status begin(bp_context *ctx, bp_stage_run *run, const bp_frames_in *in)
{
    state *st = run->state = calloc(1, sizeof *st);
    if (!st || pthread_mutex_init(&st->mutex, NULL) != 0)
        return bp_fail(ctx, BP_E_MEMORY, "no memory");
    st->locked_once = true;
    st->in = in;
    st->rows = run->values[P_SINOGRAMS].number != 0 ? (size_t)run->in.frames : run->in.rows;
    bp_fbp_init(&st->fbp, run->in.columns, 0, NULL, true);
    st->fbp.filter = (bp_fbp_filter)run->values[P_FILTER].number;
    bp_status status = find_projections(ctx, run, st, in);
    if (status == BP_OK)
        status = find_angles(ctx, run, st);
    st->fbp.angles = st->angles;
    return status == BP_OK ? find_centre(ctx, run, st) : status;
}

static void end(bp_stage_run *run)
{
    state *st = run->state;
    if (!st)
        return;
    if (st->locked_once)
        pthread_mutex_destroy(&st->mutex);
    for (size_t i = 0; i < KEPT; i++)
        free(st->kept[i].slices);
    free(st->angles);
    free(st->projections);
    free(st);
}

static bp_status make_batch(bp_context *ctx, const bp_stage_run *run, const state *st, uint64_t number,
                            batch *b)
{
    size_t first = (size_t)number * AT_ONCE, pixels = st->fbp.side * st->fbp.side;
    size_t count = st->rows - first < AT_ONCE ? st->rows - first : AT_ONCE;
    size_t values = st->fbp.angle_count * st->fbp.columns;
    double *sinogram = malloc(values * sizeof *sinogram);
    float *sinograms = malloc(count * values * sizeof *sinograms);
    if (!b->slices)
        b->slices = malloc(AT_ONCE * pixels * sizeof *b->slices);
    bp_status status = sinogram && sinograms && b->slices
                           ? BP_OK
                           : bp_fail(ctx, BP_E_MEMORY, "no memory for %zu slices", count);
    for (size_t r = 0; r < count && status == BP_OK; r++) {
        status = read_sinogram(ctx, run, st, first + r, sinogram, &b->empty[r]);
        for (size_t i = 0; i < values && status == BP_OK; i++)
            sinograms[r * values + i] = (float)sinogram[i];
    }
    if (status == BP_OK)
        status = bp_fbp_fast(ctx, &st->fbp, 1, count, sinograms, b->slices);
    free(sinogram);
    free(sinograms);
    return status;
}

static bp_status slice(bp_context *ctx, const bp_stage_run *run, const bp_frames_in *in, bp_frame *out)
{
    state *st = run->state;
    uint64_t number = out->index / AT_ONCE;
    size_t pixels = st->fbp.side * st->fbp.side, at = (size_t)(out->index % AT_ONCE);
    bp_status status = BP_OK;
    (void)in;
    pthread_mutex_lock(&st->mutex);
    batch *b = &st->kept[0];
    for (size_t i = 0; i < KEPT; i++)
        if (st->kept[i].used < b->used)
            b = &st->kept[i];
    for (size_t i = 0; i < KEPT; i++)
        if (st->kept[i].used && st->kept[i].number == number)
            b = &st->kept[i];
    if (!b->used || b->number != number) {
        b->used = 0;
        b->number = number;
        status = make_batch(ctx, run, st, number, b);
    }
    if (status == BP_OK) {
        b->used = ++st->clock;
        memcpy(out->values, b->slices + at * pixels, pixels * sizeof *b->slices);
        if (b->empty[at]) {
            memset(out->label_room, BP_LABEL_DEAD, pixels);
            out->labels = out->label_room;
        }
    }
    pthread_mutex_unlock(&st->mutex);
    return status;
}

const bp_stage bp_stage_reconstruct = {
    .name = "reconstruct",
    .summary = "slices from projections: parallel-beam filtered back-projection",
    .source =
        "A. Kak, M. Slaney, Principles of Computerized Tomographic Imaging (1988), as scikit-image's iradon",
    .params = params_of_reconstruct,
    .param_count = P_COUNT,
    .scope = BP_SCOPE_STACK,
    .traits = BP_STAGE_ONCE,
    .check = check,
    .begin = begin,
    .end = end,
    .slice = slice,
};
