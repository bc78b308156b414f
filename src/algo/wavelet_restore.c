/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "algo/quantise.h"
#include "algo/quantise_side.h"
#include "algo/roi_side.h"
#include "algo/wavelet.h"
#include "algo/wavelet_side.h"
#include "base/scratch.h"

bp_status bp_wavelet_coded(bp_context *ctx, const double *params, const uint8_t *side, size_t side_size,
                           const bp_array *values, bp_array *coded)
{
    (void)params;
    bp_wavelet_side s;
    bp_array numbers;
    bp_status status = bp_wavelet_side_read(ctx, side, side_size, values, &s);
    if (status == BP_OK)
        status = bp_array_init(&numbers, BP_F64, 0, values->rank, values->shape, NULL);
    return status == BP_OK ? bp_quantise_coded(ctx, s.at, s.quantised, &numbers, coded) : status;
}

/* Numbers to where their coefficients lie on average. */
static void shift(const bp_wavelet_side *s, double *numbers, size_t count)
{
    const double one = s->shifts[0] / BP_WAVELET_SHIFTS, more = s->shifts[1] / BP_WAVELET_SHIFTS;
    for (size_t i = 0; i < count; i++) {
        double n = numbers[i], size = n < 0 ? -n : n, by = size < 0.5 ? 0 : size < 1.5 ? one : more;
        numbers[i] = n < 0 ? n - by : n + by;
    }
}

/* What was kept: runs of one value each. */
static bp_status put_runs(bp_context *ctx, const bp_wavelet_side *s, const bp_array *values)
{
    const uint8_t *at = s->at + s->quantised, *end = at + s->runs;
    uint64_t gap, length, count = bp_array_elements(values), next = 0;
    size_t item = values->itemsize;
    while (at < end) {
        if (!bp_roi_get_number(&at, end, &gap) || !bp_roi_get_number(&at, end, &length) ||
            gap > count - next || length == 0 || length > count - next - gap || (size_t)(end - at) < item)
            return bp_fail(ctx, BP_E_DAMAGED, "wavelet: damaged list of values that are kept");
        uint8_t *to = (uint8_t *)values->data + (next + gap) * item;
        for (uint64_t i = 0; i < length; i++)
            memcpy(to + i * item, at, item);
        at += item;
        next += gap + length;
    }
    return BP_OK;
}

bp_status bp_wavelet_restore(bp_context *ctx, const double *params, const uint8_t *side, size_t side_size,
                             const bp_array *coded, const bp_array *values)
{
    size_t frames, rows, columns;
    bp_wavelet_side s;
    bp_quantiser law, whole;
    bp_array numbers;
    bp_status status = bp_wavelet_side_read(ctx, side, side_size, values, &s);
    if (status != BP_OK || !bp_wavelet_frames_of(values, &frames, &rows, &columns))
        return status;
    size_t pixels = rows * columns;
    double *t = bp_scratch_take(ctx, (frames * pixels + 1) * sizeof *t);
    double *room = bp_scratch_take(ctx, (bp_wavelet_room(rows, columns) + 1) * sizeof *room);
    if (!t || !room)
        status = bp_fail(ctx, BP_E_MEMORY, "no memory for coefficients");
    if (status == BP_OK)
        status = bp_array_init(&numbers, BP_F64, 0, values->rank, values->shape, t);
    const size_t high = bp_wavelet_rest(rows, s.levels), wide = bp_wavelet_rest(columns, s.levels);
    bp_wavelet_whole(&whole);
    bp_wavelet_law(params, &law);
    law.shift += law.square * (s.loss / BP_WAVELET_LOSSES - 1.0 / 12); /* the law's own is that of pixels */
    if (status == BP_OK)
        status = bp_quantise_restore(ctx, &whole, s.at, s.quantised, coded, &numbers);
    for (size_t f = 0; f < frames && status == BP_OK; f++) {
        double *frame = t + f * pixels;
        for (size_t y = 0; y < rows; y++) {
            size_t smooth = y < high ? wide : 0;
            shift(&s, frame + y * columns + smooth, columns - smooth);
        }
        bp_wavelet_inverse(frame, rows, columns, s.levels, room);
        for (size_t i = 0; i < pixels; i++)
            frame[i] += s.middle;
        bp_quantiser_restore(&law, frame, pixels, frame);
        bp_quantise_store(values->dtype, frame, pixels,
                          (uint8_t *)values->data + f * pixels * values->itemsize);
    }
    if (status == BP_OK)
        status = put_runs(ctx, &s, values);
    bp_scratch_give(ctx, room);
    bp_scratch_give(ctx, t);
    return status;
}
