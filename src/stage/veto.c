/* SPDX-License-Identifier: BSD-3-Clause
 * veto: which frames are worth keeping. Every condition that is given must hold. Frames that are no
 * projections (image_key not 0) are judged by key=, frames= and every= alone. The score of every frame, that
 * of the first condition in the text, and the numbers of those that are left stay with the output. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "algo/veto_score.h"
#include "beampress/stage.h"

enum {
    P_PEAKS,
    P_LIT,
    P_ABOVE,
    P_TOTAL,
    P_ROI,
    P_BOX,
    P_KEY,
    P_FRAMES,
    P_EVERY,
    P_MODE,
    /* of peaks */
    P_THRESHOLD,
    P_MIN_SNR,
    P_MIN_PIXELS,
    P_MAX_PIXELS,
    P_BACKGROUND_RADIUS,
    P_MIN_RADIUS,
    P_MAX_RADIUS,
    P_CENTRE_X,
    P_CENTRE_Y,
    P_COUNT
};
enum { MODE_DROP, MODE_MARK };

#define MOST 1e18

static const char *const modes[] = {"drop", "mark", NULL};

#define OF_PEAKS(index, name, unit, kind, min, max, fallback, help)                                          \
    [index] = {name, unit, kind, min, max, fallback, NULL, "of peaks: " help}

static const bp_param params_of_veto[P_COUNT] = {
    [P_PEAKS] = {"peaks", "", BP_PARAM_COMPARISON, 0, MOST, NAN, NULL, "Bragg peaks found by peakfinder8"},
    [P_LIT] = {"lit", "pixels", BP_PARAM_COMPARISON, 0, MOST, NAN, NULL, "pixels with a value above above="},
    [P_ABOVE] = {"above", "values", BP_PARAM_REAL, -MOST, MOST, 0, NULL, "when a pixel is lit"},
    [P_TOTAL] = {"total", "values", BP_PARAM_COMPARISON, -MOST, MOST, NAN, NULL,
                 "sum of all pixels but labels"},
    [P_ROI] = {"roi", "values", BP_PARAM_COMPARISON, -MOST, MOST, NAN, NULL, "sum of the pixels in box="},
    [P_BOX] = {"box", "pixels", BP_PARAM_TEXT, 0, 0, NAN, NULL, "x,y,width,height"},
    [P_KEY] = {"key", "", BP_PARAM_TEXT, 0, 0, NAN, NULL,
               "image_key of the frames that are kept, such as 0,1,2"},
    [P_FRAMES] =
        {"frames", "", BP_PARAM_TEXT, 0, 0, NAN, NULL,
         "numbers of the frames that are kept, from 0: 3,7,10:20 (20 is not), or the path of an array "
         "of numbers"},
    [P_EVERY] = {"every", "frames", BP_PARAM_INTEGER, 1, 1e9, NAN, NULL, "one frame of so many is kept"},
    [P_MODE] = {"mode", "", BP_PARAM_CHOICE, 0, 0, MODE_DROP, modes,
                "drop frames, or only write down which would be dropped"},
    OF_PEAKS(P_THRESHOLD, "threshold", "values", BP_PARAM_REAL, -1e9, 1e9, 800,
             "no pixel at or below it belongs to one"),
    OF_PEAKS(P_MIN_SNR, "min_snr", "", BP_PARAM_REAL, 0, 1e6, 5,
             "they stand out by so many scatters of their background"),
    OF_PEAKS(P_MIN_PIXELS, "min_pixels", "pixels", BP_PARAM_INTEGER, 1, 1e6, 2, "smallest size"),
    OF_PEAKS(P_MAX_PIXELS, "max_pixels", "pixels", BP_PARAM_INTEGER, 1, 1e6, 200, "largest size"),
    OF_PEAKS(P_BACKGROUND_RADIUS, "background_radius", "pixels", BP_PARAM_INTEGER, 1, 100, 3,
             "half of the radius of their own background"),
    OF_PEAKS(P_MIN_RADIUS, "min_radius", "pixels", BP_PARAM_REAL, 0, 1e6, 0,
             "they are farther from the beam"),
    OF_PEAKS(P_MAX_RADIUS, "max_radius", "pixels", BP_PARAM_REAL, 0, 1e6, 0,
             "they are nearer to the beam; 0: no limit"),
    OF_PEAKS(P_CENTRE_X, "centre_x", "pixels", BP_PARAM_REAL, -1e6, 1e6, NAN,
             "place of the beam; not given: the file's, or the middle"),
    OF_PEAKS(P_CENTRE_Y, "centre_y", "pixels", BP_PARAM_REAL, -1e6, 1e6, NAN,
             "place of the beam; not given: the file's, or the middle"),
};

/* Conditions on the values of a frame: the score of each, in the order of the rows. A new one is a row of
 * parameters and a row here. */
static const struct {
    int param;
    bp_veto_score score;
} scores[] = {{P_PEAKS, BP_VETO_PEAKS}, {P_LIT, BP_VETO_LIT}, {P_TOTAL, BP_VETO_TOTAL}, {P_ROI, BP_VETO_ROI}};

#define SCORE_COUNT (sizeof scores / sizeof scores[0])

typedef struct state {
    size_t box[4];          /* x, y, width, height */
    uint8_t *chosen;        /* by frames=; or NULL */
    bool keys[256];         /* by key= */
    bp_peakfinder8 *finder; /* by peaks; or NULL */
} state;

/* A whole number and what follows it; false when there is none. */
static bool read_count(const char **text, uint64_t *value)
{
    char *end;
    if (**text < '0' || **text > '9')
        return false;
    *value = strtoull(*text, &end, 10);
    *text = end;
    return true;
}

static bp_status read_box(bp_context *ctx, bp_stage_run *run, size_t *box)
{
    const char *text = run->values[P_BOX].text;
    if (run->values[P_ROI].given != run->values[P_BOX].given)
        return bp_stage_fail(ctx, run, run->values[P_ROI].given ? P_ROI : P_BOX, BP_E_USAGE,
                             "roi and box= go together");
    for (int i = 0; run->values[P_BOX].given && i < 4; i++) {
        uint64_t value;
        if (!read_count(&text, &value) || (*text != (i < 3 ? ',' : 0)))
            return bp_stage_fail(ctx, run, P_BOX, BP_E_USAGE, "x,y,width,height is expected");
        box[i] = (size_t)value;
        text += i < 3;
    }
    if (run->values[P_BOX].given &&
        (box[2] == 0 || box[3] == 0 || box[0] >= run->in.columns || box[1] >= run->in.rows ||
         box[2] > run->in.columns - box[0] || box[3] > run->in.rows - box[1]))
        return bp_stage_fail(ctx, run, P_BOX, BP_E_USAGE, "is not inside frames of %zu x %zu",
                             run->in.columns, run->in.rows);
    return BP_OK;
}

static bp_status read_keys(bp_context *ctx, bp_stage_run *run, bool *keys)
{
    const char *text = run->values[P_KEY].text;
    memset(keys, 0, 256 * sizeof *keys);
    if (!run->values[P_KEY].given)
        return BP_OK;
    if (!run->in.keyed)
        return bp_stage_fail(ctx, run, P_KEY, BP_E_USAGE, "the frames have no image_key");
    for (;;) {
        uint64_t value;
        if (!read_count(&text, &value) || value > 255 || (*text && *text != ','))
            return bp_stage_fail(ctx, run, P_KEY, BP_E_USAGE, "a list of keys such as 0,1,2 is expected");
        keys[value] = true;
        if (!*text)
            return BP_OK;
        text++;
    }
}

static bp_status choose(bp_context *ctx, bp_stage_run *run, uint64_t first, uint64_t end, uint8_t *chosen)
{
    if (first >= end || end > run->in.frames)
        return bp_stage_fail(ctx, run, P_FRAMES, BP_E_USAGE, "%llu:%llu is not among %llu frames",
                             (unsigned long long)first, (unsigned long long)end,
                             (unsigned long long)run->in.frames);
    memset(chosen + first, 1, end - first);
    return BP_OK;
}

static bp_status read_file(bp_context *ctx, bp_stage_run *run, uint8_t *chosen)
{
    double *values;
    size_t rank, shape[BP_MAX_RANK], count = 1;
    bp_status status = bp_beside_read(ctx, run, run->values[P_FRAMES].text, &values, &rank, shape);
    run->blame = P_FRAMES;
    if (status == BP_OK && !values)
        return bp_stage_fail(ctx, run, P_FRAMES, BP_E_INPUT, "there is no %s", run->values[P_FRAMES].text);
    for (size_t i = 0; i < rank; i++)
        count *= shape[i];
    for (size_t i = 0; status == BP_OK && i < count; i++) {
        bool fits = values[i] >= 0 && values[i] < (double)run->in.frames && values[i] == floor(values[i]);
        status =
            fits ? choose(ctx, run, (uint64_t)values[i], (uint64_t)values[i] + 1, chosen)
                 : bp_stage_fail(ctx, run, P_FRAMES, BP_E_USAGE, "%.9g is no number of a frame", values[i]);
    }
    free(values);
    return status;
}

/* *chosen is NULL without frames=. */
static bp_status read_frames(bp_context *ctx, bp_stage_run *run, uint8_t **chosen)
{
    const char *text = run->values[P_FRAMES].text;
    *chosen = NULL;
    if (!run->values[P_FRAMES].given)
        return BP_OK;
    *chosen = calloc(run->in.frames, 1);
    if (!*chosen)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for %llu frames", (unsigned long long)run->in.frames);
    if (strchr(text, '/'))
        return read_file(ctx, run, *chosen);
    for (;;) {
        uint64_t first = 0, end;
        bool number = read_count(&text, &first);
        end = first + 1;
        if (number && *text == ':') {
            text++;
            number = read_count(&text, &end);
        }
        if (!number || (*text && *text != ','))
            return bp_stage_fail(ctx, run, P_FRAMES, BP_E_USAGE, "a list such as 3,7,10:20 is expected");
        bp_status status = choose(ctx, run, first, end, *chosen);
        if (status != BP_OK || !*text)
            return status;
        text++;
    }
}

/* Parameters of the search for peaks. */
static bp_status check_peaks(bp_context *ctx, bp_stage_run *run)
{
    const bp_value *v = run->values;
    bool wanted = v[P_PEAKS].given;
    for (int p = P_THRESHOLD; p <= P_CENTRE_Y && !wanted; p++)
        if (v[p].given)
            return bp_stage_fail(ctx, run, p, BP_E_USAGE, "belongs to peaks, which is not given");
    if (wanted && (run->in.dtype == BP_F16 || run->in.dtype == BP_U64 || run->in.dtype == BP_I64))
        return bp_stage_fail(ctx, run, P_PEAKS, BP_E_UNSUPPORTED, "are not searched for in %s",
                             bp_dtype_name(run->in.dtype));
    if (v[P_MIN_PIXELS].number > v[P_MAX_PIXELS].number)
        return bp_stage_fail(ctx, run, P_MIN_PIXELS, BP_E_USAGE, "is above max_pixels");
    if (v[P_MAX_RADIUS].number > 0 && v[P_MAX_RADIUS].number <= v[P_MIN_RADIUS].number)
        return bp_stage_fail(ctx, run, P_MAX_RADIUS, BP_E_USAGE, "is not above min_radius");
    return BP_OK;
}

static bp_status make_finder(bp_context *ctx, bp_stage_run *run, state *s)
{
    const bp_value *v = run->values;
    double x = v[P_CENTRE_X].given ? v[P_CENTRE_X].number : run->in.beam_centre[1];
    double y = v[P_CENTRE_Y].given ? v[P_CENTRE_Y].number : run->in.beam_centre[0];
    if (!v[P_PEAKS].given)
        return BP_OK;
    bp_peakfinder8_params find = {
        .threshold = (float)v[P_THRESHOLD].number,
        .min_snr = (float)v[P_MIN_SNR].number,
        .min_pixels = (uint32_t)v[P_MIN_PIXELS].number,
        .max_pixels = (uint32_t)v[P_MAX_PIXELS].number,
        .background_radius = (uint32_t)v[P_BACKGROUND_RADIUS].number,
        .min_radius = (float)v[P_MIN_RADIUS].number,
        .max_radius = (float)v[P_MAX_RADIUS].number,
        .centre_x = isfinite(x) && fabs(x) <= 1e6 ? x : (double)run->in.columns / 2,
        .centre_y = isfinite(y) && fabs(y) <= 1e6 ? y : (double)run->in.rows / 2,
    };
    s->finder = bp_peakfinder8_new(run->in.rows, run->in.columns, &find, NULL);
    bp_stage_resolved(run, "centre_x", "pixels", find.centre_x);
    bp_stage_resolved(run, "centre_y", "pixels", find.centre_y);
    return s->finder ? BP_OK : bp_fail(ctx, BP_E_MEMORY, "no memory to search for peaks");
}

static bp_status check(bp_context *ctx, bp_stage_run *run)
{
    state s;
    bool any = run->values[P_KEY].given || run->values[P_FRAMES].given || run->values[P_EVERY].given;
    for (size_t i = 0; i < SCORE_COUNT; i++)
        any = any || run->values[scores[i].param].given;
    if (!any)
        return bp_stage_fail(ctx, run, -1, BP_E_USAGE, "no condition is given");
    if (run->values[P_ABOVE].given && !run->values[P_LIT].given)
        return bp_stage_fail(ctx, run, P_ABOVE, BP_E_USAGE, "above= belongs to lit, which is not given");
    bp_status status = check_peaks(ctx, run);
    if (status == BP_OK)
        status = read_box(ctx, run, s.box);
    if (status == BP_OK)
        status = read_keys(ctx, run, s.keys);
    if (status == BP_OK) {
        status = read_frames(ctx, run, &s.chosen);
        free(s.chosen);
    }
    run->marks_only = run->values[P_MODE].number == MODE_MARK;
    run->by_number = true;
    for (size_t i = 0; i < SCORE_COUNT; i++)
        run->by_number = run->by_number && !run->values[scores[i].param].given;
    if (!run->marks_only)
        run->out.angle_step = NAN;
    return status;
}

static bp_status begin(bp_context *ctx, bp_stage_run *run, const bp_frames_in *in)
{
    (void)in;
    state *s = calloc(1, sizeof *s);
    run->state = s;
    if (!s)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for a veto");
    bp_status status = read_box(ctx, run, s->box);
    if (status == BP_OK)
        status = read_keys(ctx, run, s->keys);
    if (status == BP_OK)
        status = make_finder(ctx, run, s);
    return status == BP_OK ? read_frames(ctx, run, &s->chosen) : status;
}

static void end(bp_stage_run *run)
{
    state *s = run->state;
    if (s) {
        free(s->chosen);
        bp_peakfinder8_free(s->finder);
    }
    free(s);
}

static bool holds(const bp_value *value, double score)
{
    switch (value->compare) {
    case BP_COMPARE_AT_LEAST:
        return score >= value->number;
    case BP_COMPARE_AT_MOST:
        return score <= value->number;
    case BP_COMPARE_ABOVE:
        return score > value->number;
    case BP_COMPARE_BELOW:
        return score < value->number;
    default:
        return score == value->number;
    }
}

static bp_status keep(bp_context *ctx, const bp_stage_run *run, const bp_frame *in, bool *kept, double *score)
{
    const state *s = run->state;
    const bp_value *v = run->values;
    size_t first = SIZE_MAX;
    *kept = !v[P_KEY].given || s->keys[in->key];
    if (s->chosen)
        *kept = *kept && s->chosen[in->index];
    if (v[P_EVERY].given)
        *kept = *kept && in->index % (uint64_t)v[P_EVERY].number == 0;
    *score = *kept;
    for (size_t i = 0; in->key == 0 && i < SCORE_COUNT; i++) {
        const bp_value *value = &v[scores[i].param];
        if (!value->given)
            continue;
        double found;
        if (scores[i].score != BP_VETO_PEAKS)
            found = bp_veto_score_of(scores[i].score, in, v[P_ABOVE].number, s->box);
        else if (!bp_veto_peaks(s->finder, in, &found))
            return bp_fail(ctx, BP_E_MEMORY, "no memory to search for peaks");
        if (value->at < first) {
            first = value->at;
            *score = found;
        }
        *kept = *kept && holds(value, found);
    }
    return BP_OK;
}

const bp_stage bp_stage_veto = {
    .name = "veto",
    .summary = "frames that are not worth keeping are dropped or marked",
    .source = "",
    .params = params_of_veto,
    .param_count = P_COUNT,
    .scope = BP_SCOPE_FRAME,
    .traits = BP_STAGE_EXACT | BP_STAGE_DROPS | BP_STAGE_ALL_KEYS,
    .check = check,
    .begin = begin,
    .end = end,
    .keep = keep,
};
