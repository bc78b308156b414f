/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>
#include <stdlib.h>

#include "algo/noise.h"
#include "algo/stage_noise.h"

#define PLACES 8 /* where two consecutive frames are looked at */

double bp_four_digits(double value)
{
    double size = fabs(value), scale = 1;
    if (!(size > 0) || !isfinite(value))
        return value;
    while (size * scale < 1000)
        scale *= 10;
    while (size * scale >= 10000)
        scale /= 10;
    return rint(value * scale) / scale;
}

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

/* Adds what two consecutive frames say. room: 2 frames, labels: of both, then either. */
static bp_status add_pair(bp_context *ctx, bp_stage_run *run, const bp_frames_in *in, uint64_t frame,
                          bp_noise *noise, uint8_t *room, uint8_t *labels)
{
    const bp_flow *flow = &run->in;
    size_t count = flow->rows * flow->columns, size = count * bp_dtype_size(flow->dtype);
    bool pair = frame + 1 < in->frames && (!in->keys || in->keys[frame + 1] == 0);
    bp_status status = in->read(ctx, in, frame, pair ? 2 : 1, 0, flow->rows, room, labels);
    for (size_t i = 0; status == BP_OK && pair && i < count; i++)
        labels[i] |= labels[count + i];
    static const bp_labels none = {0};
    if (status == BP_OK)
        status = bp_noise_add(ctx, noise, flow->dtype, pair ? room + size : room, pair ? room : NULL, &none,
                              labels);
    return status;
}

static bp_status estimate(bp_context *ctx, bp_stage_run *run, const bp_frames_in *in,
                          bp_noise_estimate *found)
{
    const bp_flow *flow = &run->in;
    size_t count = flow->rows * flow->columns;
    bp_noise *noise = bp_noise_new(flow->rows, flow->columns);
    uint8_t *room = malloc(2 * count * bp_dtype_size(flow->dtype)), *labels = malloc(2 * count);
    bp_status status =
        noise && room && labels ? BP_OK : bp_fail(ctx, BP_E_MEMORY, "no memory to estimate the noise");
    uint64_t frame, before = UINT64_MAX;
    for (uint64_t n = 0; n < PLACES && status == BP_OK && bp_stage_sample(in, n, PLACES, &frame); n++) {
        if (frame != before)
            status = add_pair(ctx, run, in, frame, noise, room, labels);
        before = frame;
    }
    if (status == BP_OK)
        bp_noise_finish(noise, found);
    bp_noise_free(noise);
    free(room);
    free(labels);
    return status;
}

bp_status bp_stage_law(bp_context *ctx, bp_stage_run *run, const bp_frames_in *in, bp_noise_params params,
                       bp_anscombe *law)
{
    if (bp_stage_law_known(run, params, law)) {
        bp_stage_resolved_text(run, "noise law", run->values[params.gain].given ? "given" : "of the frames");
    } else {
        bp_noise_estimate found;
        bp_status status = estimate(ctx, run, in, &found);
        if (status != BP_OK)
            return status;
        if (!found.gain_known)
            return bp_stage_fail(
                ctx, run, -1, BP_E_USAGE,
                "needs gain=: the noise of these frames is not known and could not be estimated "
                "(%s)",
                found.why_not ? found.why_not : "no reason");
        law->gain = bp_four_digits(found.gain);
        law->read_noise =
            run->values[params.read_noise].given ? law->read_noise : bp_four_digits(found.noise);
        law->offset = run->values[params.offset].given ? law->offset : bp_four_digits(found.offset);
        bp_stage_resolved_text(run, "noise law", found.method);
    }
    bp_stage_resolved(run, "gain", "values/count", law->gain);
    bp_stage_resolved(run, "read_noise", "values", law->read_noise);
    bp_stage_resolved(run, "offset", "values", law->offset);
    return BP_OK;
}
