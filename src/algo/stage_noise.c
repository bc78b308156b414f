/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>
#include <stdlib.h>

#include "algo/stage_noise.h"
#include "algo/stage_sample.h"
#include "algo/values.h"

#define FEW 2 /* frames show which values there are */

bool bp_stage_sample(const bp_frames_in *in, uint64_t n, uint64_t of, uint64_t *frame)
{
    uint64_t projections = 0, wanted, seen = 0;
    for (uint64_t i = 0; i < in->frames; i++)
        projections += !in->keys || in->keys[i] == 0;
    if (!projections)
        return false;
    wanted = of < 2 ? projections / 2 : n * (projections - 1) / (of - 1);
    for (uint64_t i = 0; i < in->frames; i++)
        if ((!in->keys || in->keys[i] == 0) && seen++ == wanted) {
            *frame = i;
            return true;
        }
    return false;
}

typedef struct refusal {
    bp_stage_run *run;
    double *values;
    double offset, least;
    int param;
    const char *hint;
} refusal;

static bp_status refuse_in_frame(bp_context *ctx, void *user, uint64_t frame, const void *raw,
                                 const uint8_t *labels)
{
    const refusal *r = user;
    size_t count = r->run->in.rows * r->run->in.columns, found = 0, first = 0;
    bp_values_to_double(r->run->in.dtype, raw, count, r->values);
    for (size_t i = 0; i < count; i++)
        if (r->values[i] < r->least && !labels[i])
            first = found++ ? first : i;
    return found == 0
               ? BP_OK
               : bp_stage_fail(ctx, r->run, r->param, BP_E_INPUT,
                               "%.6g in row %zu, column %zu of frame %llu is a negative count, below the "
                               "offset %.6g (as are %zu values of this frame): %s",
                               r->values[first], first / r->run->in.columns, first % r->run->in.columns,
                               (unsigned long long)frame, r->offset, found, r->hint);
}

bp_status bp_stage_refuse_negative(bp_context *ctx, bp_stage_run *run, const bp_frames_in *in, double offset,
                                   double least, int param, const char *hint)
{
    double smallest, largest;
    if (bp_dtype_range(run->in.dtype, &smallest, &largest) && smallest >= least)
        return BP_OK;
    uint64_t usable = 0, seen = 0;
    for (uint64_t f = 0; f < in->frames; f++)
        usable += !(in->keys && in->keys[f]);
    uint64_t wanted = usable < in->sample ? usable : in->sample;
    size_t taken = 0;
    uint64_t *frames = malloc((size_t)(wanted + 1) * sizeof *frames);
    refusal r = {run, malloc(run->in.rows * run->in.columns * sizeof *r.values), offset, least, param, hint};
    bp_status status = frames && r.values ? BP_OK : bp_fail(ctx, BP_E_MEMORY, "no memory for a sample frame");
    for (uint64_t f = 0; f < in->frames && status == BP_OK; f++)
        if (!(in->keys && in->keys[f]) && seen++ >= taken * usable / wanted)
            frames[taken++] = f;
    if (status == BP_OK)
        status = bp_stage_see_frames(ctx, run, in, frames, taken, refuse_in_frame, &r);
    free(frames);
    free(r.values);
    return status;
}

static double first_known(const bp_stage_run *run, int param, double known)
{
    return run->values[param].given ? run->values[param].number : known;
}

bool bp_stage_law_known(const bp_stage_run *run, bp_noise_params params, bp_anscombe *law)
{
    double gain = first_known(run, params.gain, run->in.gain);
    double noise = first_known(run, params.read_noise, run->in.read_noise);
    double offset = first_known(run, params.offset, run->in.offset);
    *law = (bp_anscombe){gain, isnan(noise) ? 0 : noise, isnan(offset) ? 0 : offset};
    return gain > 0;
}

typedef struct sampling {
    bp_quantise_sample *sample;
    bool follows[2 * BP_QUANTISE_PAIRS]; /* the frame before it was taken directly before */
    size_t count;
} sampling;

static bp_status sample_frame(bp_context *ctx, void *user, uint64_t frame, const void *values,
                              const uint8_t *labels)
{
    sampling *s = user;
    (void)frame;
    return bp_quantise_sample_add(ctx, s->sample, values, labels, s->follows[s->count++]);
}

bp_status bp_stage_sample_frames(bp_context *ctx, const bp_stage_run *run, const bp_frames_in *in, bool noise,
                                 bp_quantise_sample **sample)
{
    uint64_t frames[2 * BP_QUANTISE_PAIRS], seen = 0, usable = 0;
    size_t count = 0;
    sampling s = {0};
    s.sample = *sample = bp_quantise_sample_new(run->in.rows, run->in.columns, run->in.dtype, noise);
    if (!*sample)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for sample frames");
    for (uint64_t f = 0; f < in->frames; f++)
        usable += !(in->keys && in->keys[f]);
    uint64_t most = noise ? BP_QUANTISE_PAIRS : FEW;
    uint64_t pairs = usable < 2 * most ? (usable + 1) / 2 : most;
    for (uint64_t f = 0, pair = 0; f < in->frames && pair < pairs; f++) {
        if (in->keys && in->keys[f])
            continue;
        uint64_t start = pair * usable / pairs;
        if (seen == start || (noise && seen == start + 1)) {
            s.follows[count] = seen == start + 1;
            frames[count++] = f;
        }
        pair += seen++ == start + 1;
    }
    return bp_stage_see_frames(ctx, run, in, frames, count, sample_frame, &s);
}

/* Fills what is neither given nor known of the frames. */
static bp_status estimate(bp_context *ctx, bp_stage_run *run, const bp_frames_in *in,
                          bp_quantise_noise *noise)
{
    const char *why_not = NULL;
    bp_quantise_sample *sample;
    bp_status status = bp_stage_sample_frames(ctx, run, in, true, &sample);
    if (status == BP_OK && !bp_quantise_noise_fill(sample, noise, &why_not))
        status = bp_stage_fail(
            ctx, run, -1, BP_E_USAGE,
            "needs gain=: the noise of these frames is not known and could not be estimated (%s)", why_not);
    bp_quantise_sample_free(sample);
    return status;
}

bp_status bp_stage_law(bp_context *ctx, bp_stage_run *run, const bp_frames_in *in, bp_noise_params params,
                       bp_anscombe *law)
{
    if (bp_stage_law_known(run, params, law)) {
        bp_stage_resolved_text(run, "noise law", run->values[params.gain].given ? "given" : "of the frames");
    } else {
        bp_quantise_noise noise = {(double)NAN, first_known(run, params.read_noise, run->in.read_noise),
                                   first_known(run, params.offset, run->in.offset), NULL};
        bp_status status = estimate(ctx, run, in, &noise);
        if (status != BP_OK)
            return status;
        *law = (bp_anscombe){noise.gain, isnan(noise.read_noise) ? 0 : noise.read_noise,
                             isnan(noise.offset) ? 0 : noise.offset};
        bp_stage_resolved_text(run, "noise law", noise.from);
    }
    bp_stage_resolved(run, "gain", "values/count", law->gain);
    bp_stage_resolved(run, "read_noise", "values", law->read_noise);
    bp_stage_resolved(run, "offset", "values", law->offset);
    return BP_OK;
}
