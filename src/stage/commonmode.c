/* SPDX-License-Identifier: BSD-3-Clause
 * commonmode: the offset that rows, columns or ASICs have in common in one frame. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "algo/common_mode.h"
#include "algo/stage_map.h"
#include "algo/values.h"
#include "base/scratch.h"

enum { P_BY, P_WIDTH, P_HEIGHT, P_ROUNDS, P_SIGMAS, P_NOISE, P_COUNT };
enum { ROWS, COLUMNS, ASICS };

static const char *const groups[] = {"row", "column", "asic", NULL};

static const bp_param params_of_commonmode[P_COUNT] = {
    [P_BY] = {"by", "", BP_PARAM_CHOICE, 0, 0, ROWS, groups, "pixels that share an offset"},
    [P_WIDTH] = {"width", "pixels", BP_PARAM_INTEGER, 0, 1e6, 0, NULL, "of an ASIC; 0: of the frame"},
    [P_HEIGHT] = {"height", "pixels", BP_PARAM_INTEGER, 0, 1e6, 0, NULL, "of an ASIC; 0: of the frame"},
    [P_ROUNDS] = {"rounds", "", BP_PARAM_INTEGER, 0, 100, 5, NULL,
                  "medians after the first, over the pixels without photons; 0: the plain median"},
    [P_SIGMAS] = {"sigmas", "sigma", BP_PARAM_REAL, 0.5, 100, 3, NULL,
                  "a pixel further from the median than this holds a photon"},
    [P_NOISE] =
        {"noise", "values", BP_PARAM_REAL, 1e-12, 1e12, NAN, NULL,
         "standard deviation without photons; not given: the read noise of the frames where it is known, "
         "else from the values of each row, column or ASIC"},
};

static bp_common_mode options_of(const bp_stage_run *run)
{
    const bp_value *v = run->values;
    size_t height = v[P_HEIGHT].number > 0 ? (size_t)v[P_HEIGHT].number : run->in.rows;
    size_t width = v[P_WIDTH].number > 0 ? (size_t)v[P_WIDTH].number : run->in.columns;
    double noise =
        isnan(v[P_NOISE].number) && run->in.read_noise > 0 ? run->in.read_noise : v[P_NOISE].number;
    return (bp_common_mode){.rows = v[P_BY].number == ROWS ? 1 : height,
                            .columns = v[P_BY].number == COLUMNS ? 1 : width,
                            .rounds = (size_t)v[P_ROUNDS].number,
                            .noise = noise,
                            .sigmas = v[P_SIGMAS].number};
}

static bp_status check(bp_context *ctx, bp_stage_run *run)
{
    const bp_value *v = run->values;
    if (run->in.columns % options_of(run).columns || v[P_WIDTH].number > (double)run->in.columns)
        return bp_stage_fail(ctx, run, P_WIDTH, BP_E_USAGE,
                             "%zu columns are no whole number of ASICs of %.0f", run->in.columns,
                             v[P_WIDTH].number);
    if (run->in.rows % options_of(run).rows || v[P_HEIGHT].number > (double)run->in.rows)
        return bp_stage_fail(ctx, run, P_HEIGHT, BP_E_USAGE, "%zu rows are no whole number of ASICs of %.0f",
                             run->in.rows, v[P_HEIGHT].number);
    bp_flow *out = &run->out;
    out->dtype = bp_stage_real_type(run->in.dtype);
    out->offset = 0;
    out->saturation = NAN;
    snprintf(out->law, sizeof out->law, "the median of each %s was taken from its pixels",
             groups[(int)v[P_BY].number]);
    return BP_OK;
}

static bp_status begin(bp_context *ctx, bp_stage_run *run, const bp_frames_in *in)
{
    (void)ctx;
    (void)in;
    double noise = options_of(run).noise;
    if (isnan(noise))
        bp_stage_resolved_text(run, "noise", "from the values");
    else
        bp_stage_resolved(run, "noise", "values", noise);
    return BP_OK;
}

static bp_status frame(bp_context *ctx, const bp_stage_run *run, const bp_frame *in, bp_frame *out)
{
    bp_common_mode options = options_of(run);
    size_t count = in->rows * in->columns;
    double *values = bp_stage_doubles(ctx, in, 2 * options.rows * options.columns);
    if (!values)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for a frame");
    (void)bp_common_mode_remove(&options, in->rows, in->columns, in->labels, values, values + count);
    bp_values_from_double(out->dtype, values, count, out->values);
    bp_scratch_give(ctx, values);
    return BP_OK;
}

const bp_stage bp_stage_commonmode = {
    .name = "commonmode",
    .summary = "takes off the offset that rows, columns or ASICs of a frame have in common",
    .source = "median of the pixels without photons, repeated",
    .params = params_of_commonmode,
    .param_count = P_COUNT,
    .scope = BP_SCOPE_FRAME,
    .traits = BP_STAGE_ALL_KEYS,
    .check = check,
    .begin = begin,
    .frame = frame,
};
