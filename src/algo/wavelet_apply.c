/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "algo/quantise.h"
#include "algo/quantise_side.h"
#include "algo/roi_side.h"
#include "algo/values.h"
#include "algo/wavelet.h"
#include "algo/wavelet_side.h"
#include "base/scratch.h"

#define LARGEST   0x1p24 /* |t| beyond it is kept as it is */
#define ZERO      0.62   /* |coefficient| below it becomes 0; below 1 + it 1, and so on */
#define RUN_BYTES 28     /* of one run at most */
#define ROUNDER   0x1.8p52

typedef struct applier {
    bp_context *ctx;
    const bp_operation_in *in;
    size_t frames, rows, columns, item;
    double *t, *room;
    uint8_t *kept; /* not 0: the value is kept as it is */
    bp_wavelet_side side;
    uint8_t *runs;
    size_t run_room;
} applier;

static size_t count_of(const applier *a)
{
    return a->frames * a->rows * a->columns;
}

/* t of all values, and which have none. The middle of their range is taken off. */
static void stabilise(applier *a, const bp_quantiser *law)
{
    size_t count = count_of(a);
    const uint8_t *marks = a->in->marks;
    double low = LARGEST, high = -LARGEST, last;
    bp_values_to_double(a->in->values.dtype, a->in->values.data, count, a->t);
    bp_quantiser_scale(law, a->t, count, a->t);
    for (size_t i = 0; i < count; i++) {
        double t = a->t[i];
        a->kept[i] = !(t > -LARGEST && t < LARGEST) || (marks && marks[i]); /* NaN: kept */
        low = !a->kept[i] && t < low ? t : low;
        high = !a->kept[i] && t > high ? t : high;
    }
    double middle = low <= high ? ((low + high) / 2 + ROUNDER) - ROUNDER : 0;
    a->side.middle = (int32_t)middle;
    last = 0; /* gaps are filled with what stands before them */
    for (size_t i = 0; i < count; i++) {
        last = a->kept[i] ? last : a->t[i] - middle;
        a->t[i] = last;
    }
}

/* The value as the reader gets it, little endian. */
static void raw_value(const applier *a, size_t i, uint8_t *raw)
{
    const uint8_t *from = (const uint8_t *)a->in->values.data + i * bp_dtype_size(a->in->values.dtype);
    double value;
    if (a->in->as == a->in->values.dtype) {
        memcpy(raw, from, a->item);
        return;
    }
    bp_values_to_double(a->in->values.dtype, from, 1, &value);
    bp_quantise_store(a->in->as, &value, 1, raw);
}

static bp_status add_run(applier *a, size_t gap, size_t length, const uint8_t *raw)
{
    if (a->side.runs + RUN_BYTES > a->run_room) {
        size_t room = 2 * a->run_room + 1024;
        uint8_t *runs = realloc(a->runs, room);
        if (!runs)
            return bp_fail(a->ctx, BP_E_MEMORY, "no memory for values that are kept");
        a->runs = runs;
        a->run_room = room;
    }
    a->side.runs += bp_roi_put_number(gap, a->runs + a->side.runs);
    a->side.runs += bp_roi_put_number(length, a->runs + a->side.runs);
    memcpy(a->runs + a->side.runs, raw, a->item);
    a->side.runs += a->item;
    return BP_OK;
}

static bp_status list_kept(applier *a)
{
    size_t count = count_of(a), done = 0;
    bp_status status = BP_OK;
    for (size_t i = 0, end; i < count && status == BP_OK; i = end) {
        uint8_t first[8], other[8];
        end = i + 1;
        if (!a->kept[i])
            continue;
        raw_value(a, i, first);
        for (; end < count && a->kept[end]; end++) {
            raw_value(a, end, other);
            if (memcmp(first, other, a->item) != 0)
                break;
        }
        status = add_run(a, i - done, end - i, first);
        done = end;
    }
    return status;
}

/* The mean of what rounding took off, in units of the side's. */
static int16_t shift_of(double sum, size_t count)
{
    double shift = count ? sum / (double)count * BP_WAVELET_SHIFTS : 0;
    shift = shift < -32767 ? -32767 : shift > 32767 ? 32767 : shift;
    return (int16_t)((shift + ROUNDER) - ROUNDER);
}

typedef struct rounding {
    double sums[2]; /* of what was taken off numbers of 1, and of larger ones */
    size_t counts[2];
    double squares; /* of what was taken off all coefficients */
} rounding;

static void round_details(double *c, size_t count, rounding *r)
{
    for (size_t i = 0; i < count; i++) {
        double size = c[i] < 0 ? -c[i] : c[i], number = (double)(int64_t)(size + (1 - ZERO));
        r->squares += (size - number) * (size - number);
        if (number > 0) {
            size_t more = number > 1.5;
            r->sums[more] += size - number;
            r->counts[more]++;
        }
        c[i] = c[i] < 0 ? -number : number;
    }
}

/* The smooth rest of a frame is rounded plainly: its errors are those of means over many pixels. */
static void round_all(applier *a)
{
    rounding r = {{0, 0}, {0, 0}, 0};
    size_t high = bp_wavelet_rest(a->rows, a->side.levels),
           wide = bp_wavelet_rest(a->columns, a->side.levels);
    for (size_t y = 0; y < a->frames * a->rows; y++) {
        double *row = a->t + y * a->columns;
        size_t smooth = y % a->rows < high ? wide : 0;
        for (size_t x = 0; x < smooth; x++)
            row[x] = (row[x] + ROUNDER) - ROUNDER;
        round_details(row + smooth, a->columns - smooth, &r);
    }
    for (size_t k = 0; k < 2; k++) {
        a->side.shifts[k] = shift_of(r.sums[k], r.counts[k]);
        double shift = a->side.shifts[k] / BP_WAVELET_SHIFTS;
        r.squares += shift * ((double)r.counts[k] * shift - 2 * r.sums[k]);
    }
    double loss = count_of(a) ? r.squares / (double)count_of(a) * BP_WAVELET_LOSSES : 0;
    a->side.loss = (uint16_t)(loss > 0 ? loss < UINT16_MAX ? (loss + ROUNDER) - ROUNDER : UINT16_MAX : 0);
}

/* The quantiser's side bytes in out become a part of ours. */
static bp_status write_side(applier *a, bp_operation_out *out)
{
    a->side.quantised = out->side_size;
    size_t size = BP_WAVELET_HEAD + out->side_size + a->side.runs;
    uint8_t *bytes = out->side_size > UINT32_MAX ? NULL : bp_scratch_take(a->ctx, size);
    if (!bytes)
        return bp_fail(a->ctx, BP_E_MEMORY, "no memory for values that are kept");
    bp_wavelet_side_write(&a->side, bytes);
    memcpy(bytes + BP_WAVELET_HEAD, out->side, out->side_size);
    if (a->side.runs)
        memcpy(bytes + BP_WAVELET_HEAD + out->side_size, a->runs, a->side.runs);
    bp_scratch_give(a->ctx, out->side);
    out->side = bytes;
    out->side_size = size;
    return BP_OK;
}

static bp_status work(applier *a, const double *params, bp_operation_out *out)
{
    bp_quantiser law, whole;
    bp_operation_in numbers = {.as = BP_F64};
    size_t pixels = a->rows * a->columns;
    bp_wavelet_law(params, &law);
    bp_wavelet_whole(&whole);
    stabilise(a, &law);
    a->side.levels = bp_wavelet_levels(a->rows, a->columns);
    bp_status status = list_kept(a);
    for (size_t f = 0; f < a->frames; f++)
        bp_wavelet_forward(a->t + f * pixels, a->rows, a->columns, a->side.levels, a->room);
    round_all(a);
    if (status == BP_OK)
        status = bp_array_init(&numbers.values, BP_F64, 0, a->in->values.rank, a->in->values.shape, a->t);
    if (status == BP_OK)
        status = bp_quantise_apply(a->ctx, &whole, (double)INFINITY, 0, &numbers, out);
    return status == BP_OK ? write_side(a, out) : status;
}

bp_status bp_wavelet_apply(bp_context *ctx, const double *params, const bp_operation_in *in,
                           bp_operation_out *out)
{
    applier a = {.ctx = ctx, .in = in, .item = bp_dtype_size(in->as)};
    if (!bp_wavelet_frames_of(&in->values, &a.frames, &a.rows, &a.columns))
        return bp_fail(ctx, BP_E_USAGE, "wavelet works on frames: arrays of two axes and more");
    a.t = bp_scratch_take(ctx, (count_of(&a) + 1) * sizeof *a.t);
    a.room = bp_scratch_take(ctx, (bp_wavelet_room(a.rows, a.columns) + 1) * sizeof *a.room);
    a.kept = bp_scratch_take(ctx, count_of(&a) + 1);
    bp_status status = a.t && a.room && a.kept ? work(&a, params, out)
                                               : bp_fail(ctx, BP_E_MEMORY, "no memory for coefficients");
    free(a.runs);
    bp_scratch_give(ctx, a.kept);
    bp_scratch_give(ctx, a.room);
    bp_scratch_give(ctx, a.t);
    return status;
}
