/* SPDX-License-Identifier: BSD-3-Clause
 * mask: pixels of a mask, and those beyond the range of the detector, become labels: they get the value that
 * marks a label in their type, and no stage counts them. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "beampress/stage.h"

enum { P_FILE, P_SATURATION, P_LOWEST, P_VALUE, P_COUNT };

static const bp_param params_of_mask[P_COUNT] = {
    [P_FILE] = {"file", "", BP_PARAM_TEXT, 0, 0, NAN, NULL,
                "path of a mask in the input, or FILE:/path; pixels that are not 0 (NaN, too) are left out. "
                "Not given: "
                "the detector's own, when the file has one"},
    [P_SATURATION] = {"saturation", "values", BP_PARAM_REAL, -1e12, 1e12, NAN, NULL,
                      "values above are saturated; not given: what the file says"},
    [P_LOWEST] = {"lowest", "values", BP_PARAM_REAL, -1e12, 1e12, NAN, NULL, "values below are not valid"},
    [P_VALUE] =
        {"value", "values", BP_PARAM_REAL, -1e12, 1e12, NAN, NULL,
         "written at all labels; not given: the mark of the type at those that are new (largest value of "
         "unsigned types, -1 of signed ones, NaN)"},
};

typedef struct state {
    uint8_t *mask; /* or NULL */
    bool limited;
    double low, high;
} state;

static bp_status read_mask(bp_context *ctx, bp_stage_run *run, uint8_t **mask)
{
    double *values;
    size_t rank, shape[BP_MAX_RANK], pixels = run->in.rows * run->in.columns;
    *mask = NULL;
    if (!run->values[P_FILE].given)
        return BP_OK;
    bp_status status = bp_beside_read(ctx, run, run->values[P_FILE].text, &values, &rank, shape);
    if (status != BP_OK || !values) {
        run->blame = P_FILE;
        return status != BP_OK
                   ? status
                   : bp_stage_fail(ctx, run, P_FILE, BP_E_INPUT, "there is no %s", run->values[P_FILE].text);
    }
    size_t count = 1;
    for (size_t i = 0; i < rank; i++)
        count *= shape[i];
    bool fits = rank >= 2 && count == pixels && shape[rank - 1] == run->in.columns;
    *mask = fits ? calloc(pixels, 1) : NULL;
    for (size_t i = 0; *mask && i < pixels; i++)
        (*mask)[i] = values[i] != 0 ? BP_LABEL_GAP : 0;
    free(values);
    if (!fits)
        return bp_stage_fail(ctx, run, P_FILE, BP_E_INPUT,
                             "the mask has another shape than the frames (%zu x %zu)", run->in.rows,
                             run->in.columns);
    return *mask ? BP_OK : bp_fail(ctx, BP_E_MEMORY, "no memory for a mask");
}

static bp_status check(bp_context *ctx, bp_stage_run *run)
{
    uint8_t *mask;
    bp_flow *out = &run->out;
    bp_status status = read_mask(ctx, run, &mask);
    free(mask);
    if (status != BP_OK)
        return status;
    bool limits = run->values[P_SATURATION].given || run->values[P_LOWEST].given;
    if (!run->in.labelled && !run->values[P_FILE].given && !limits)
        return bp_stage_fail(ctx, run, -1, BP_E_USAGE,
                             "the file has no mask, and neither file= nor saturation= is given");
    out->labelled = true;
    if (run->values[P_SATURATION].given)
        out->saturation = run->values[P_SATURATION].number;
    out->loss = BP_LOSS_UNBOUNDED; /* of the pixels that become labels */
    snprintf(out->law, sizeof out->law, "masked and saturated pixels became labels");
    out->bound = run->in.bound;
    if (run->values[P_VALUE].given) {
        for (size_t i = 1; i < BP_LABEL_COUNT; i++)
            out->mark[i] = run->values[P_VALUE].number;
        double value = run->values[P_VALUE].number, least, most;
        if (bp_dtype_range(run->in.dtype, &least, &most) &&
            (value != floor(value) || value < least || value > most))
            return bp_stage_fail(ctx, run, P_VALUE, BP_E_USAGE, "is no value of %s",
                                 bp_dtype_name(run->in.dtype));
        snprintf(out->law, sizeof out->law, "labels became %.9g", run->values[P_VALUE].number);
    }
    return BP_OK;
}

static bp_status begin(bp_context *ctx, bp_stage_run *run, const bp_frames_in *in)
{
    (void)in;
    state *s = calloc(1, sizeof *s);
    run->state = s;
    if (!s)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for a mask");
    const bp_value *low = &run->values[P_LOWEST], *high = &run->values[P_SATURATION];
    double least = -INFINITY, most = INFINITY;
    s->limited = low->given || high->given;
    bool whole = bp_dtype_range(run->in.dtype, &least, &most);
    s->low = !low->given ? least : whole ? fmin(fmax(ceil(low->number), least), most) : low->number;
    s->high = !high->given ? most : whole ? fmin(fmax(floor(high->number), least), most) : high->number;
    bp_status status = read_mask(ctx, run, &s->mask);
    size_t count = 0;
    for (size_t i = 0; s->mask && i < run->in.rows * run->in.columns; i++)
        count += s->mask[i] != 0;
    if (s->mask)
        bp_stage_resolved(run, "masked", "pixels", (double)count);
    return status;
}

static void end(bp_stage_run *run)
{
    state *s = run->state;
    if (s)
        free(s->mask);
    free(s);
}

#define LIMIT(TYPE)                                                                                          \
    do {                                                                                                     \
        const TYPE *x = in->values, low = (TYPE)s->low, high = (TYPE)s->high;                                \
        for (size_t i = 0; i < count; i++) {                                                                 \
            uint8_t label = x[i] > high ? BP_LABEL_SATURATED : x[i] < low ? BP_LABEL_DEAD : 0;               \
            labels[i] = labels[i] ? labels[i] : label;                                                       \
        }                                                                                                    \
    } while (0)

/* low and high are values of the type (begin sees to it). */
static void limit(const state *s, const bp_frame *in, size_t count, uint8_t *labels)
{
    switch ((int)in->dtype) {
    case BP_U8:
        LIMIT(uint8_t);
        break;
    case BP_I8:
        LIMIT(int8_t);
        break;
    case BP_U16:
        LIMIT(uint16_t);
        break;
    case BP_I16:
        LIMIT(int16_t);
        break;
    case BP_U32:
        LIMIT(uint32_t);
        break;
    case BP_I32:
        LIMIT(int32_t);
        break;
    case BP_F32:
        LIMIT(float);
        break;
    case BP_F64:
        LIMIT(double);
        break;
    default:
        break;
    }
}

static bp_status frame(bp_context *ctx, const bp_stage_run *run, const bp_frame *in, bp_frame *out)
{
    (void)ctx;
    const state *s = run->state;
    size_t count = in->rows * in->columns;
    uint8_t *labels = out->label_room;
    if (in->labels)
        memcpy(labels, in->labels, count);
    else
        memset(labels, 0, count);
    for (size_t i = 0; s->mask && i < count; i++)
        labels[i] = labels[i] ? labels[i] : s->mask[i];
    if (s->limited)
        limit(s, in, count, labels);
    memcpy(out->values, in->values, count * bp_dtype_size(in->dtype));
    out->labels = labels;
    return BP_OK;
}

const bp_stage bp_stage_mask = {
    .name = "mask",
    .summary = "pixels that are no measurement become labels, which nothing averages",
    .source = "",
    .params = params_of_mask,
    .param_count = P_COUNT,
    .scope = BP_SCOPE_FRAME,
    .traits = BP_STAGE_ALL_KEYS,
    .check = check,
    .begin = begin,
    .end = end,
    .frame = frame,
};
