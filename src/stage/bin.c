/* SPDX-License-Identifier: BSD-3-Clause
 * bin: blocks of pixels become one. Labels take no part; a block in which more than a stated share of the
 * pixels are labels is one itself. Where some are missing, a sum is scaled to the whole block. */
#include <math.h>
#include <stdio.h>

#include "algo/stage_bin.h"

enum { P_X, P_Y, P_MODE, P_LEAST, P_COUNT };
enum { MODE_SUM, MODE_MEAN };

static const char *const modes[] = {"sum", "mean", NULL};

static const bp_param params_of_bin[P_COUNT] = {
    [P_X] = {"x", "pixels", BP_PARAM_INTEGER, 1, 4096, 2, NULL, "columns that become one"},
    [P_Y] = {"y", "pixels", BP_PARAM_INTEGER, 1, 4096, 2, NULL, "rows that become one"},
    [P_MODE] = {"mode", "", BP_PARAM_CHOICE, 0, 0, MODE_SUM, modes,
                "sum: a wider type where it is needed; mean: float32 of integers"},
    [P_LEAST] = {"least", "", BP_PARAM_REAL, 0, 1, 0.5, NULL,
                 "share of a block that must be measured; below, it is a label"},
};

static bp_status check(bp_context *ctx, bp_stage_run *run)
{
    bp_flow *out = &run->out;
    size_t x = (size_t)run->values[P_X].number, y = (size_t)run->values[P_Y].number;
    bool sum = run->values[P_MODE].number == MODE_SUM;
    if (x > run->in.columns)
        return bp_stage_fail(ctx, run, P_X, BP_E_USAGE, "frames have %zu columns", run->in.columns);
    if (y > run->in.rows)
        return bp_stage_fail(ctx, run, P_Y, BP_E_USAGE, "frames have %zu rows", run->in.rows);
    bool floats = run->in.dtype == BP_F32 || run->in.dtype == BP_F64;
    out->dtype = sum || floats ? bp_stage_sum_type(run->in.dtype, x * y) : BP_F32;
    if (sum && out->dtype == BP_OPAQUE)
        return bp_stage_fail(ctx, run, -1, BP_E_UNSUPPORTED, "sums of %zu pixels of %s fit no type", x * y,
                             bp_dtype_name(run->in.dtype));
    out->columns = run->in.columns / x;
    out->rows = run->in.rows / y;
    out->carry.column_step = x;
    out->carry.row_step = y;
    out->carry.pixels_sum = sum;
    double n = (double)(x * y), scale = sum ? n : 1;
    out->saturation *= scale;
    out->offset *= scale;
    out->gain *= sum ? 1 : 1 / n;
    out->read_noise *= sum ? sqrt(n) : 1 / sqrt(n);
    out->bound = run->in.bound * scale;
    if (x * y > 1) /* what the pixels were cannot be told any more */
        out->loss = BP_LOSS_UNBOUNDED;
    if (x * y > 1)
        snprintf(out->law, sizeof out->law, "%s of %zu x %zu pixels", modes[sum ? 0 : 1], y, x);
    for (int i = 0; i < 2; i++) {
        double step = i == 0 ? (double)y : (double)x;
        out->pixel_size[i] *= step;
        out->beam_centre[i] = out->beam_centre[i] / step;
    }
    return BP_OK;
}

static bp_status frame(bp_context *ctx, const bp_stage_run *run, const bp_frame *in, bp_frame *out)
{
    const bp_carry *c = &run->out.carry;
    const bp_binning bin = {c->row_step, c->column_step, run->values[P_MODE].number == MODE_MEAN,
                            run->values[P_LEAST].number};
    return bp_stage_bin_frame(ctx, &bin, in, out);
}

const bp_stage bp_stage_bin = {
    .name = "bin",
    .summary = "blocks of pixels become one; labels take no part",
    .source = "sum of n pixels: sum of those measured, times n / their number, rounded for integers",
    .params = params_of_bin,
    .param_count = P_COUNT,
    .scope = BP_SCOPE_FRAME,
    .traits = BP_STAGE_ALL_KEYS,
    .check = check,
    .frame = frame,
};
