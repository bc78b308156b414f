/* SPDX-License-Identifier: BSD-3-Clause
 * rings: stripes of sinograms, which become rings in the slices. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "algo/stage_map.h"
#include "algo/stripes.h"
#include "algo/values.h"
#include "base/scratch.h"

enum { P_METHOD, P_SIZE, P_LARGE, P_SNR, P_DROP, P_SIGMA, P_CUTOFF, P_ORDER, P_LINES, P_COUNT };

static const char *const methods[] = {"sorting", "filtering", "fitting", "large",
                                      "dead",    "all",       "fourier", NULL};

static const bp_param params_of_rings[P_COUNT] = {
    [P_METHOD] = {"method", "", BP_PARAM_CHOICE, 0, 0, BP_STRIPES_ALL, methods,
                  "how stripes are found and removed"},
    [P_SIZE] = {"size", "pixels", BP_PARAM_INTEGER, 1, 1001, 21, NULL,
                "window of the median over columns: sorting, filtering, all"},
    [P_LARGE] = {"large", "pixels", BP_PARAM_INTEGER, 1, 1001, 51, NULL,
                 "window of the median where large and dead stripes are found: large, dead, all"},
    [P_SNR] = {"snr", "", BP_PARAM_REAL, 1, 1000, 3, NULL,
               "how far a large or dead stripe stands out: large, dead, all"},
    [P_DROP] = {"drop", "", BP_PARAM_REAL, 0, 0.8, 0.1, NULL,
                "part of the highest and lowest values that detection leaves out: large, all"},
    [P_SIGMA] = {"sigma", "", BP_PARAM_REAL, 0.1, 1e5, NAN, NULL,
                 "of the window over frequencies, in their steps: filtering 3, fitting 10"},
    [P_CUTOFF] = {"cutoff", "", BP_PARAM_REAL, 0.1, 1e5, 20, NULL,
                  "frequency that stripes begin at: fourier"},
    [P_ORDER] = {"order", "", BP_PARAM_INTEGER, 1, 64, 8, NULL, "steepness of that: fourier"},
    [P_LINES] = {"lines", "", BP_PARAM_INTEGER, 0, 1000, 1, NULL,
                 "frequencies over angle that are filtered, on each side of 0: fourier"},
};

static bp_stripes options_of(const bp_stage_run *run)
{
    const bp_value *v = run->values;
    bp_stripes s = bp_stripes_defaults((bp_stripe_method)v[P_METHOD].number);
    s.size = (size_t)v[P_SIZE].number;
    s.large_size = (size_t)v[P_LARGE].number;
    s.snr = v[P_SNR].number;
    s.drop = v[P_DROP].number;
    s.sigma = isnan(v[P_SIGMA].number) ? s.sigma : v[P_SIGMA].number;
    s.cutoff = v[P_CUTOFF].number;
    s.order = (int)v[P_ORDER].number;
    s.lines = (size_t)v[P_LINES].number;
    return s;
}

static bp_status check(bp_context *ctx, bp_stage_run *run)
{
    if (run->in.rows < 2 || run->in.columns < 4)
        return bp_stage_fail(ctx, run, -1, BP_E_USAGE, "frames of %zu x %zu pixels are no sinograms",
                             run->in.rows, run->in.columns);
    run->out.dtype = bp_stage_real_type(run->in.dtype);
    run->out.gain = run->out.read_noise = run->out.saturation = NAN;
    snprintf(run->out.law, sizeof run->out.law, "stripes of the sinogram were removed: %s",
             methods[(int)run->values[P_METHOD].number]);
    return BP_OK;
}

static bp_status begin(bp_context *ctx, bp_stage_run *run, const bp_frames_in *in)
{
    (void)ctx;
    (void)in;
    if (run->values[P_METHOD].number == BP_STRIPES_FILTERING ||
        run->values[P_METHOD].number == BP_STRIPES_FITTING)
        bp_stage_resolved(run, "sigma", "", options_of(run).sigma);
    return BP_OK;
}

static bp_status frame(bp_context *ctx, const bp_stage_run *run, const bp_frame *in, bp_frame *out)
{
    bp_stripes options = options_of(run);
    size_t count = in->rows * in->columns;
    double *values = bp_stage_doubles(ctx, in, 0);
    if (!values)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for a sinogram");
    for (size_t i = 0; in->labels && i < count; i++)
        values[i] = in->labels[i] ? (double)NAN : values[i]; /* bridged, and left as they are */
    bool done = bp_stripes_remove(&options, values, in->rows, in->columns);
    bp_values_from_double(out->dtype, values, count, out->values);
    bp_scratch_give(ctx, values);
    return done ? BP_OK : bp_fail(ctx, BP_E_MEMORY, "no memory for a sinogram");
}

const bp_stage bp_stage_rings = {
    .name = "rings",
    .summary = "removes stripes of sinograms, which become rings in slices",
    .source =
        "N. T. Vo, R. C. Atwood, M. Drakopoulos, Opt. Express 26 (2018) 28396, as algotom's prep/removal.py",
    .params = params_of_rings,
    .param_count = P_COUNT,
    .scope = BP_SCOPE_FRAME,
    .traits = 0,
    .check = check,
    .begin = begin,
    .frame = frame,
};
