/* SPDX-License-Identifier: BSD-3-Clause
 * hotpixel: pixels far from the median of their neighbourhood become that median. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "algo/common_mode.h"
#include "algo/denoise.h"
#include "algo/stage_map.h"
#include "algo/values.h"
#include "base/scratch.h"

enum { P_SIGMAS, P_NOISE, P_SIDE, P_COUNT };
enum { BOTH, ABOVE, BELOW };

static const char *const sides[] = {"both", "above", "below", NULL};

static const bp_param params_of_hotpixel[P_COUNT] = {
    [P_SIGMAS] = {"sigmas", "sigma", BP_PARAM_REAL, 0.5, 1e6, 5, NULL,
                  "a pixel further from the median of the 3 x 3 around it than this is replaced"},
    [P_NOISE] =
        {"noise", "values", BP_PARAM_REAL, 1e-12, 1e12, NAN, NULL,
         "sigma; not given: the counting noise at the median where gain and read noise are known, else the "
         "spread of the distances in each frame"},
    [P_SIDE] = {"side", "", BP_PARAM_CHOICE, 0, 0, BOTH, sides, "of the median: hot pixels are above"},
};

static bool law_known(const bp_stage_run *run)
{
    const bp_flow *in = &run->in;
    return isnan(run->values[P_NOISE].number) && in->gain > 0 && in->read_noise >= 0 && !isnan(in->offset);
}

static bp_status check(bp_context *ctx, bp_stage_run *run)
{
    (void)ctx;
    snprintf(run->out.law, sizeof run->out.law,
             "pixels beyond %.9g sigma of the median of 3 x 3 became the median",
             run->values[P_SIGMAS].number);
    return BP_OK;
}

static bp_status begin(bp_context *ctx, bp_stage_run *run, const bp_frames_in *in)
{
    (void)ctx;
    (void)in;
    if (law_known(run))
        bp_stage_resolved_text(run, "sigma", "counting noise at the median");
    else if (isnan(run->values[P_NOISE].number))
        bp_stage_resolved_text(run, "sigma", "spread of each frame");
    else
        bp_stage_resolved(run, "sigma", "values", run->values[P_NOISE].number);
    return BP_OK;
}

/* 1.4826 times the median distance between pixels and their medians. */
static double spread(const bp_frame *in, const double *values, const double *medians, double *work)
{
    size_t count = 0;
    for (size_t i = 0; i < in->rows * in->columns; i++)
        if (!in->labels || !in->labels[i])
            work[count++] = fabs(values[i] - medians[i]);
    return count ? 1.4826 * bp_median_of(work, count) : 0;
}

static bp_status frame(bp_context *ctx, const bp_stage_run *run, const bp_frame *in, bp_frame *out)
{
    size_t count = in->rows * in->columns;
    double *values = bp_stage_doubles(ctx, in, 2 * count + 9), k = run->values[P_SIGMAS].number;
    if (!values)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for a frame");
    double *medians = values + count, *work = medians + count, noise = run->values[P_NOISE].number;
    bp_image image = {in->rows, in->columns, values, in->labels};
    bp_median_image(&image, 3, medians, work + count);
    bool law = law_known(run);
    if (isnan(noise) && !law)
        noise = spread(in, values, medians, work);
    double side = run->values[P_SIDE].number;
    for (size_t i = 0; i < count; i++) {
        double away = values[i] - medians[i], read = run->in.read_noise;
        double signal = law ? run->in.gain * (medians[i] - run->in.offset) : 0;
        double sigma = law ? sqrt(read * read + (signal > 0 ? signal : 0)) : noise;
        bool far = (away > k * sigma && side != BELOW) || (away < -k * sigma && side != ABOVE);
        work[i] = far ? medians[i] : values[i];
    }
    bp_values_from_double(out->dtype, work, count, out->values);
    bp_scratch_give(ctx, values);
    return BP_OK;
}

const bp_stage bp_stage_hotpixel = {
    .name = "hotpixel",
    .summary = "pixels far from the median of their neighbourhood become that median",
    .source = "|value - median of 3 x 3| > sigmas sigma",
    .params = params_of_hotpixel,
    .param_count = P_COUNT,
    .scope = BP_SCOPE_FRAME,
    .traits = BP_STAGE_ALL_KEYS,
    .check = check,
    .begin = begin,
    .frame = frame,
};
