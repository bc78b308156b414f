/* SPDX-License-Identifier: BSD-3-Clause
 * order: frames become sinograms, one for each detector row: axes (frame, row, column) become (row, frame,
 * column). The values stay. */
#include "beampress/stage.h"

#include <math.h>

enum { P_BY, P_COUNT };
enum { BY_SINOGRAM };

static const char *const orders[] = {"sinogram", NULL};

static const bp_param params_of_order[P_COUNT] = {
    [P_BY] = {"by", "", BP_PARAM_CHOICE, 0, 0, BY_SINOGRAM, orders,
              "sinogram: one for each row of the detector, all frames in each"},
};

static bp_status check(bp_context *ctx, bp_stage_run *run)
{
    bp_flow *out = &run->out;
    if (run->in.frames > SIZE_MAX / 16)
        return bp_stage_fail(ctx, run, -1, BP_E_UNSUPPORTED, "too many frames");
    out->carry.axes = BP_AXES_SINOGRAMS;
    out->frames = run->in.rows;
    out->rows = (size_t)run->in.frames;
    out->frames_known = true;
    out->keyed = false;
    out->time_ordered = false;
    out->mask = NULL; /* it is found in the frames' labels */
    return BP_OK;
}

static bp_status slice(bp_context *ctx, const bp_stage_run *run, const bp_frames_in *in, bp_frame *out)
{
    bool labelled = run->in.labelled;
    bp_status status = in->read(ctx, in, 0, (size_t)in->frames, (size_t)out->index, 1, out->values,
                                labelled ? out->label_room : NULL);
    out->labels = labelled ? out->label_room : NULL;
    return status;
}

const bp_stage bp_stage_order = {
    .name = "order",
    .summary = "frames become sinograms",
    .source = "",
    .params = params_of_order,
    .param_count = P_COUNT,
    .scope = BP_SCOPE_STACK,
    .traits = BP_STAGE_EXACT | BP_STAGE_ALL_KEYS | BP_STAGE_ONCE,
    .check = check,
    .slice = slice,
};
