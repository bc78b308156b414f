/* SPDX-License-Identifier: BSD-3-Clause
 * threshold: zero suppression. Values at or below a level become a constant; what that takes from sums is the
 * bias, which is stated. */
#include <math.h>
#include <stdio.h>

#include "beampress/stage.h"

enum { P_LEVEL, P_TO, P_COUNT };

static const char *const level_units[] = {"values", "sigma", NULL};

static const bp_param params_of_threshold[P_COUNT] = {
    [P_LEVEL] =
        {"level", "values", BP_PARAM_REAL, -1e12, 1e12, NAN, level_units,
         "values at or below are suppressed; in sigma: of the noise above the offset, without signal"},
    [P_TO] = {"to", "values", BP_PARAM_REAL, -1e12, 1e12, NAN, NULL,
              "what they become; not given: 0, and with a level in sigma the offset"},
};

typedef struct state {
    double level, to;
} state;

/* Level and replacement in values of the frames. */
static state levels_of(const bp_stage_run *run)
{
    const bp_value *level = &run->values[P_LEVEL], *to = &run->values[P_TO];
    state s = {level->number, to->given ? to->number : 0};
    if (level->unit == 1) {
        double offset = isnan(run->in.offset) ? 0 : run->in.offset;
        s.level = offset + level->number * run->in.read_noise;
        if (!to->given)
            s.to = offset;
    }
    return s;
}

static bp_status check(bp_context *ctx, bp_stage_run *run)
{
    bp_dtype dtype = run->in.dtype;
    double low = 0, high = 0;
    bool whole = bp_dtype_range(dtype, &low, &high);
    if (!run->values[P_LEVEL].given)
        return bp_stage_fail(ctx, run, -1, BP_E_USAGE, "needs level=");
    if (!whole && dtype != BP_F32 && dtype != BP_F64)
        return bp_stage_fail(ctx, run, -1, BP_E_UNSUPPORTED, "does not take %s", bp_dtype_name(dtype));
    if (run->values[P_LEVEL].unit == 1 && !(run->in.read_noise > 0))
        return bp_stage_fail(ctx, run, P_LEVEL, BP_E_USAGE,
                             "a level in sigma needs the read noise, which is not known here");
    state s = levels_of(run);
    if (whole && (s.to != floor(s.to) || s.to < low || s.to > high))
        return bp_stage_fail(ctx, run, P_TO, BP_E_USAGE, "%.9g is no value of %s", s.to,
                             bp_dtype_name(dtype));
    /* signed values may lie anywhere below the level */
    bool bounded = low >= 0 && whole && run->in.loss != BP_LOSS_UNBOUNDED;
    double most = fmax(fabs(s.level - s.to), fabs(s.to));
    run->out.loss = bounded ? BP_LOSS_BOUNDED : BP_LOSS_UNBOUNDED;
    run->out.bound = bounded ? run->in.bound + most : INFINITY;
    snprintf(run->out.law, sizeof run->out.law,
             "values up to %.9g became %.9g: a pixel's mean is lower by the mean of what was below", s.level,
             s.to);
    return BP_OK;
}

static bp_status begin(bp_context *ctx, bp_stage_run *run, const bp_frames_in *in)
{
    (void)ctx;
    (void)in;
    state s = levels_of(run);
    bp_stage_resolved(run, "level", "values", s.level);
    bp_stage_resolved(run, "to", "values", s.to);
    return BP_OK;
}

/* Integers: compared with the whole part, which no conversion can change. */
#define SUPPRESS(TYPE)                                                                                       \
    do {                                                                                                     \
        const TYPE *x = in->values;                                                                          \
        TYPE *y = out->values, limit = (TYPE)level, to = (TYPE)s.to;                                         \
        for (size_t i = 0; i < count; i++)                                                                   \
            y[i] = x[i] <= limit ? to : x[i];                                                                \
    } while (0)

static bp_status frame(bp_context *ctx, const bp_stage_run *run, const bp_frame *in, bp_frame *out)
{
    (void)ctx;
    state s = levels_of(run);
    size_t count = in->rows * in->columns;
    double low = 0, high = 0, level = s.level;
    if (bp_dtype_range(in->dtype, &low, &high)) {
        level = floor(fmin(level, high));
        if (level < low) { /* nothing is that low */
            level = low;
            s.to = low;
        }
    }
    switch ((int)in->dtype) {
    case BP_U8:
        SUPPRESS(uint8_t);
        break;
    case BP_I8:
        SUPPRESS(int8_t);
        break;
    case BP_U16:
        SUPPRESS(uint16_t);
        break;
    case BP_I16:
        SUPPRESS(int16_t);
        break;
    case BP_U32:
        SUPPRESS(uint32_t);
        break;
    case BP_I32:
        SUPPRESS(int32_t);
        break;
    case BP_F32:
        SUPPRESS(float);
        break;
    case BP_F64:
        SUPPRESS(double);
        break;
    default:
        break;
    }
    return BP_OK;
}

const bp_stage bp_stage_threshold = {
    .name = "threshold",
    .summary = "zero suppression with stated bias",
    .source = "y = x > level ? x : to",
    .params = params_of_threshold,
    .param_count = P_COUNT,
    .scope = BP_SCOPE_FRAME,
    .check = check,
    .begin = begin,
    .frame = frame,
};
