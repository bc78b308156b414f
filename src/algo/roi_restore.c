/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "algo/exact_pixels.h"
#include "algo/quantise.h"
#include "algo/quantise_side.h"
#include "algo/roi.h"
#include "algo/roi_side.h"
#include "base/scratch.h"

bp_status bp_roi_coded(bp_context *ctx, const double *params, const uint8_t *side, size_t side_size,
                       const bp_array *values, bp_array *coded)
{
    bp_roi_side s;
    bp_roi_frames frames;
    bp_array bins;
    size_t bin = (size_t)params[BP_ROI_P_BIN];
    bp_status status = bp_roi_side_read(ctx, side, side_size, &s);
    if (status == BP_OK && !bp_roi_frames_of(values, bin, &frames))
        status = bp_fail(ctx, BP_E_DAMAGED, "roi: no frames");
    if (status == BP_OK)
        status = bp_roi_bins_of(values, bin, BP_F64, NULL, &bins);
    return status == BP_OK ? bp_quantise_coded(ctx, s.at + s.list, s.quantised, &bins, coded) : status;
}

/* Every pixel gets the value of its bin. */
static void spread(const bp_roi_frames *f, const double *bins, double *row, bp_dtype dtype, uint8_t *frame)
{
    size_t bytes = f->columns * bp_dtype_size(dtype);
    for (size_t y = 0; y < f->rows; y++) {
        if (y % f->bin == 0) {
            const double *from = bins + y / f->bin * f->bin_columns;
            for (size_t x = 0; x < f->columns; x++)
                row[x] = from[x / f->bin];
            bp_quantise_store(dtype, row, f->columns, frame + y * bytes);
        } else
            memcpy(frame + y * bytes, frame + (y - 1) * bytes, bytes);
    }
}

typedef struct restorer {
    const double *params;
    bp_roi_side side;
    bp_roi_frames frames;
    double *bins, *row;
    uint8_t *exact;
    bp_exact_coder *coder;
} restorer;

static bp_status fill(bp_context *ctx, restorer *r, const bp_array *values)
{
    const bp_roi_side *s = &r->side;
    const bp_roi_frames *f = &r->frames;
    const uint8_t *list = s->at, *end = s->at + s->list, *plain = end + s->quantised;
    r->coder->coder = (bp_max_coder){.in = plain + s->plain,
                                     .in_end = plain + s->plain + s->coded,
                                     .plain_in = plain,
                                     .plain_in_end = plain + s->plain};
    bp_exact_start(r->coder, true, s->whole);
    for (size_t i = 0; i < f->frames; i++) {
        uint8_t *frame = (uint8_t *)values->data + i * f->rows * f->columns * values->itemsize;
        if (!bp_roi_read_list(&list, end, f->rows, f->columns, (size_t)r->params[BP_ROI_P_HALF], r->exact))
            return bp_fail(ctx, BP_E_DAMAGED, "roi: damaged list of boxes");
        spread(f, r->bins + i * f->bin_rows * f->bin_columns, r->row, values->dtype, frame);
        bp_exact_frame(r->coder, values->dtype, r->exact, f->rows, f->columns, frame);
    }
    if (!bp_exact_finish(r->coder) || list != end)
        return bp_fail(ctx, BP_E_DAMAGED, "roi: damaged values");
    return BP_OK;
}

bp_status bp_roi_restore(bp_context *ctx, const double *params, const uint8_t *side, size_t side_size,
                         const bp_array *coded, const bp_array *values)
{
    restorer r = {.params = params};
    bp_quantiser quantiser;
    bp_array bins;
    bp_roi_law(params, &quantiser);
    bp_status status = bp_roi_side_read(ctx, side, side_size, &r.side);
    if (status == BP_OK && !bp_roi_frames_of(values, (size_t)params[BP_ROI_P_BIN], &r.frames))
        status = bp_fail(ctx, BP_E_DAMAGED, "roi: no frames");
    if (status != BP_OK)
        return status;
    const bp_roi_frames *f = &r.frames;
    r.bins = bp_scratch_take(ctx, (f->frames * f->bin_rows * f->bin_columns + 1) * sizeof *r.bins);
    r.row = bp_scratch_take(ctx, (f->columns + 1) * sizeof *r.row);
    r.exact = bp_scratch_take(ctx, f->rows * f->columns + 1);
    r.coder = bp_scratch_take(ctx, sizeof *r.coder);
    if (!r.bins || !r.row || !r.exact || !r.coder)
        status = bp_fail(ctx, BP_E_MEMORY, "no memory for boxes");
    if (status == BP_OK)
        status = bp_roi_bins_of(values, f->bin, BP_F64, r.bins, &bins);
    if (status == BP_OK)
        status =
            bp_quantise_restore(ctx, &quantiser, r.side.at + r.side.list, r.side.quantised, coded, &bins);
    if (status == BP_OK)
        status = fill(ctx, &r, values);
    bp_scratch_give(ctx, r.coder);
    bp_scratch_give(ctx, r.exact);
    bp_scratch_give(ctx, r.row);
    bp_scratch_give(ctx, r.bins);
    return status;
}
