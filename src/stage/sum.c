/* SPDX-License-Identifier: BSD-3-Clause
 * sum: n frames that follow each other become one. A pixel that is a label in some of them is scaled to all,
 * in too many of them a label itself. */
#include <math.h>
#include <stdio.h>

#include "algo/stage_bin.h"

enum { P_FRAMES, P_MODE, P_LEAST, P_COUNT };
enum { MODE_SUM, MODE_MEAN };

static const char *const modes[] = {"sum", "mean", NULL};

static const bp_param params_of_sum[P_COUNT] = {
    [P_FRAMES] = {"frames", "frames", BP_PARAM_INTEGER, 1, 4096, 2, NULL, "frames that become one"},
    [P_MODE] = {"mode", "", BP_PARAM_CHOICE, 0, 0, MODE_SUM, modes,
                "sum: a wider type where it is needed; mean: float32 of integers"},
    [P_LEAST] = {"least", "", BP_PARAM_REAL, 0, 1, 0.5, NULL,
                 "share of the frames in which a pixel must be measured; below, it is a label"},
};

static bp_status check(bp_context *ctx, bp_stage_run *run)
{
    bp_flow *out = &run->out;
    size_t n = (size_t)run->values[P_FRAMES].number;
    bool sum = run->values[P_MODE].number == MODE_SUM;
    bool floats = run->in.dtype == BP_F32 || run->in.dtype == BP_F64;
    if (n > run->in.frames)
        return bp_stage_fail(ctx, run, P_FRAMES, BP_E_USAGE, "there are only %llu frames",
                             (unsigned long long)run->in.frames);
    out->dtype = sum || floats ? bp_stage_sum_type(run->in.dtype, n) : BP_F32;
    out->frames = run->in.frames / n; /* frames at the end that make no whole group are left out */
    out->carry.group = n;
    out->carry.frames_sum = sum;
    double scale = sum ? (double)n : 1;
    out->saturation *= scale;
    out->offset *= scale;
    out->gain *= sum ? 1 : 1 / (double)n;
    out->read_noise *= sum ? sqrt((double)n) : 1 / sqrt((double)n);
    out->count_time *= scale;
    out->angle_step *= (double)n;
    if (n > 1) /* what the frames were cannot be told any more */
        out->loss = BP_LOSS_UNBOUNDED;
    out->bound = run->in.bound * scale;
    if (n > 1)
        snprintf(out->law, sizeof out->law, "%s of %zu frames", modes[sum ? 0 : 1], n);
    return BP_OK;
}

static bp_status window(bp_context *ctx, const bp_stage_run *run, const bp_frame *in, size_t count,
                        size_t centre, bp_frame *out)
{
    (void)centre;
    for (size_t i = 1; i < count; i++)
        if (in[i].key != in[0].key)
            return bp_fail(ctx, BP_E_LOSS, "sum: frames %llu and %llu have different image_key",
                           (unsigned long long)in[0].index, (unsigned long long)in[i].index);
    return bp_stage_sum_frames(ctx, run->values[P_MODE].number == MODE_MEAN, run->values[P_LEAST].number, in,
                               count, out);
}

const bp_stage bp_stage_sum = {
    .name = "sum",
    .summary = "frames that follow each other become one",
    .source = "sum of those measured, times n / their number, rounded for integers",
    .params = params_of_sum,
    .param_count = P_COUNT,
    .scope = BP_SCOPE_WINDOW,
    .traits = BP_STAGE_ALL_KEYS,
    .check = check,
    .window = window,
};
