/* SPDX-License-Identifier: BSD-3-Clause
 * crop: a rectangle of every frame. */
#include <string.h>

#include "beampress/stage.h"

enum { P_X, P_Y, P_WIDTH, P_HEIGHT, P_COUNT };

#define SIDE 1e9

static const bp_param params_of_crop[P_COUNT] = {
    [P_X] = {"x", "pixels", BP_PARAM_INTEGER, 0, SIDE, 0, NULL, "first column that is kept"},
    [P_Y] = {"y", "pixels", BP_PARAM_INTEGER, 0, SIDE, 0, NULL, "first row that is kept"},
    [P_WIDTH] = {"width", "pixels", BP_PARAM_INTEGER, 0, SIDE, 0, NULL,
                 "columns that are kept; 0: up to the last"},
    [P_HEIGHT] = {"height", "pixels", BP_PARAM_INTEGER, 0, SIDE, 0, NULL,
                  "rows that are kept; 0: up to the last"},
};

static bp_status check_side(bp_context *ctx, bp_stage_run *run, int first, int extent, size_t have,
                            const char *what, size_t *begin, size_t *size)
{
    double from = run->values[first].number, count = run->values[extent].number;
    if (from >= (double)have)
        return bp_stage_fail(ctx, run, first, BP_E_USAGE, "%s %.0f is outside frames of %zu %s",
                             params_of_crop[first].name, from, have, what);
    if (from + count > (double)have)
        return bp_stage_fail(ctx, run, extent, BP_E_USAGE, "%s %.0f from %.0f on sticks out of %zu %s",
                             params_of_crop[extent].name, count, from, have, what);
    *begin = (size_t)from;
    *size = count > 0 ? (size_t)count : have - *begin;
    return BP_OK;
}

static bp_status check(bp_context *ctx, bp_stage_run *run)
{
    bp_flow *out = &run->out;
    bp_status status =
        check_side(ctx, run, P_X, P_WIDTH, run->in.columns, "columns", &out->carry.column, &out->columns);
    if (status != BP_OK)
        return status;
    return check_side(ctx, run, P_Y, P_HEIGHT, run->in.rows, "rows", &out->carry.row, &out->rows);
}

static bp_status frame(bp_context *ctx, const bp_stage_run *run, const bp_frame *in, bp_frame *out)
{
    (void)ctx;
    const bp_carry *carry = &run->out.carry;
    size_t size = bp_dtype_size(in->dtype);
    for (size_t r = 0; r < out->rows; r++) {
        size_t from = (carry->row + r) * in->columns + carry->column;
        memcpy((char *)out->values + r * out->columns * size, (const char *)in->values + from * size,
               out->columns * size);
        if (in->labels)
            memcpy(out->label_room + r * out->columns, in->labels + from, out->columns);
    }
    out->labels = in->labels ? out->label_room : NULL;
    return BP_OK;
}

const bp_stage bp_stage_crop = {
    .name = "crop",
    .summary = "a rectangle of every frame",
    .source = "",
    .params = params_of_crop,
    .param_count = P_COUNT,
    .scope = BP_SCOPE_FRAME,
    .traits = BP_STAGE_EXACT | BP_STAGE_ALL_KEYS,
    .check = check,
    .frame = frame,
};
