/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "algo/exact_pixels.h"
#include "algo/quantise.h"
#include "algo/roi.h"
#include "algo/roi_side.h"
#include "algo/values.h"
#include "base/scratch.h"

void bp_roi_law(const double *p, bp_quantiser *quantiser)
{
    bp_quantiser_init(quantiser, (bp_law)p[BP_ROI_P_LAW], p[BP_ROI_P_STEP], p[BP_ROI_P_OFFSET],
                      p[BP_ROI_P_GAIN], p[BP_ROI_P_NOISE], false);
}

bp_peakfinder8 *bp_roi_finder(const double *p, size_t rows, size_t columns, const uint8_t *excluded)
{
    bp_peakfinder8_params find = {.threshold = (float)p[BP_ROI_P_THRESHOLD],
                                  .min_snr = (float)p[BP_ROI_P_MIN_SNR],
                                  .min_pixels = (uint32_t)p[BP_ROI_P_MIN_PIXELS],
                                  .max_pixels = (uint32_t)p[BP_ROI_P_MAX_PIXELS],
                                  .background_radius = (uint32_t)p[BP_ROI_P_BACKGROUND_RADIUS],
                                  .min_radius = (float)p[BP_ROI_P_MIN_RADIUS],
                                  .max_radius = (float)p[BP_ROI_P_MAX_RADIUS],
                                  .centre_x = p[BP_ROI_P_CENTRE_X],
                                  .centre_y = p[BP_ROI_P_CENTRE_Y]};
    return bp_peakfinder8_new(rows, columns, &find, excluded);
}

typedef struct applier {
    bp_context *ctx;
    const double *params;
    const bp_operation_in *in;
    const bp_roi_prepared *prepared;
    bp_roi_frames frames;
    bp_peakfinder8 *finder; /* NULL: peaks are given */
    bp_peaks peaks;
    double *frame; /* NAN where a pixel is kept because it is no measurement */
    double *bins;  /* of all frames */
    uint8_t *kept, *exact, *boxes;
    uint8_t *list; /* of all frames */
    size_t list_size, list_room;
    bp_exact_coder *coder;
    uint8_t *plain, *coded;
    bool whole;
} applier;

static bool more_list(applier *a, size_t bytes)
{
    if (a->list_room - a->list_size >= bytes)
        return true;
    size_t room = 2 * a->list_room + bytes + 4096;
    uint8_t *list = realloc(a->list, room);
    if (!list)
        return false;
    a->list = list;
    a->list_room = room;
    return true;
}

static bool put(applier *a, uint64_t number)
{
    if (!more_list(a, 10))
        return false;
    a->list_size += bp_roi_put_number(number, a->list + a->list_size);
    return true;
}

static const void *frame_of(const applier *a, size_t index)
{
    return (const uint8_t *)a->in->values.data +
           index * a->frames.rows * a->frames.columns * a->in->values.itemsize;
}

/* Peaks of frame `index` of the array. */
static bool find_peaks(applier *a, size_t index)
{
    size_t pixels = a->frames.rows * a->frames.columns;
    if (a->finder)
        return bp_peakfinder8_find(a->finder, a->frame, BP_F64, &a->peaks);
    a->peaks.count = 0;
    if (!a->prepared || !pixels)
        return true;
    uint64_t frame = a->in->place / pixels + index;
    double count = frame < a->prepared->frames ? a->prepared->counts[frame] : 0;
    for (size_t i = 0; (double)i < count && i < a->prepared->room; i++) {
        double x = a->prepared->x[frame * a->prepared->room + i],
               y = a->prepared->y[frame * a->prepared->room + i];
        if (!(x >= 0 && y >= 0 && x < (double)a->frames.columns && y < (double)a->frames.rows))
            continue;
        if (!bp_peaks_add(&a->peaks, &(bp_peak){.x = (float)x, .y = (float)y}))
            return false;
    }
    return true;
}

static int by_size(const void *a, const void *b)
{
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return x < y ? -1 : x > y;
}

static size_t centre_of(const bp_peak *peak, size_t columns)
{
    return (size_t)peak->y * columns + (size_t)peak->x;
}

/* The middles of the boxes, in order, each once. */
static bool list_boxes(applier *a)
{
    size_t *centres = malloc((a->peaks.count + 1) * sizeof *centres), count = 0, last = 0;
    bool done = centres != NULL;
    for (size_t i = 0; done && i < a->peaks.count; i++)
        centres[i] = centre_of(&a->peaks.items[i], a->frames.columns);
    if (done)
        qsort(centres, a->peaks.count, sizeof *centres, by_size);
    for (size_t i = 0; done && i < a->peaks.count; i++)
        if (!count || centres[i] != centres[count - 1])
            centres[count++] = centres[i];
    done = done && put(a, count);
    for (size_t i = 0; done && i < count; i++) {
        done = put(a, centres[i] - last);
        last = centres[i];
    }
    free(centres);
    return done;
}

/* Runs of pixels that are kept and in no box. */
static bool list_kept(applier *a)
{
    size_t pixels = a->frames.rows * a->frames.columns, runs = 0, at = 0;
    for (size_t i = 0; i < pixels; i++)
        runs += a->kept[i] && !a->boxes[i] && !(i && a->kept[i - 1] && !a->boxes[i - 1]);
    bool done = put(a, runs);
    for (size_t i = 0; done && runs && i < pixels; i++) {
        if (!a->kept[i] || a->boxes[i])
            continue;
        size_t end = i;
        while (end < pixels && a->kept[end] && !a->boxes[end])
            end++;
        done = put(a, i - at) && put(a, end - i);
        at = i = end;
        runs--;
    }
    return done;
}

void bp_roi_mark_above(const bp_peakfinder8 *finder, size_t pixels, uint8_t *marks)
{
    const uint64_t *above = bp_peakfinder8_above(finder);
    for (size_t word = 0; word < pixels / 64 + 1; word++)
        for (uint64_t bits = above[word]; bits; bits &= bits - 1)
            marks[word * 64 + (size_t)__builtin_ctzll(bits)] = 1;
}

void bp_roi_mark_boxes(const bp_peaks *peaks, size_t half, size_t rows, size_t columns, uint8_t *exact)
{
    for (size_t i = 0; i < peaks->count; i++) {
        size_t cx = (size_t)peaks->items[i].x, cy = (size_t)peaks->items[i].y;
        size_t first = cx > half ? cx - half : 0, last = cx + half < columns ? cx + half : columns - 1;
        for (size_t y = cy > half ? cy - half : 0; y <= cy + half && y < rows; y++)
            memset(exact + y * columns + first, 1, last - first + 1);
    }
}

/* A row of bins: mean of the pixels that are not exact; that of the bin before it where there are none. */
void bp_roi_bin(const double *frame, const uint8_t *exact, size_t rows, size_t columns, size_t bin,
                double *bins)
{
    size_t bin_columns = (columns + bin - 1) / bin;
    double last = 0;
    for (size_t y = 0; y < rows; y += bin)
        for (size_t x = 0; x < columns; x += bin) {
            double sum = 0, count = 0;
            for (size_t j = y; j < y + bin && j < rows; j++)
                for (size_t i = x; i < x + bin && i < columns; i++)
                    if (!exact[j * columns + i]) {
                        sum += frame[j * columns + i];
                        count++;
                    }
            last = count > 0 ? sum / count : last;
            bins[y / bin * bin_columns + x / bin] = last;
        }
}

/* Everything of one frame but its exact values. */
static bp_status look_at_frame(applier *a, size_t index)
{
    const bp_roi_frames *f = &a->frames;
    size_t pixels = f->rows * f->columns, half = (size_t)a->params[BP_ROI_P_HALF];
    const uint8_t *marks = a->in->marks ? a->in->marks + index * pixels : NULL;
    const void *values = frame_of(a, index);
    bp_values_to_double(a->in->values.dtype, values, pixels, a->frame);
    for (size_t i = 0; i < pixels; i++) {
        a->kept[i] = (marks && marks[i]) || !isfinite(a->frame[i]);
        a->frame[i] = a->kept[i] ? (double)NAN : a->frame[i];
    }
    if (!find_peaks(a, index) || !list_boxes(a))
        return bp_fail(a->ctx, BP_E_MEMORY, "no memory for boxes");
    if (a->finder)
        bp_roi_mark_above(a->finder, pixels, a->kept);
    memset(a->boxes, 0, pixels);
    bp_roi_mark_boxes(&a->peaks, half, f->rows, f->columns, a->boxes);
    if (!list_kept(a))
        return bp_fail(a->ctx, BP_E_MEMORY, "no memory for boxes");
    uint8_t *exact = a->exact + index * pixels;
    for (size_t i = 0; i < pixels; i++)
        exact[i] = a->boxes[i] || a->kept[i];
    bp_roi_bin(a->frame, exact, f->rows, f->columns, f->bin, a->bins + index * f->bin_rows * f->bin_columns);
    bool floats = a->in->values.dtype == BP_F32 || a->in->values.dtype == BP_F64;
    a->whole = a->whole && floats && bp_exact_whole(a->in->values.dtype, exact, pixels, values);
    return BP_OK;
}

static bp_status code_exact(applier *a, bp_roi_side *side)
{
    const bp_roi_frames *f = &a->frames;
    size_t pixels = f->rows * f->columns, count = 0;
    for (size_t i = 0; i < f->frames * pixels; i++)
        count += a->exact[i];
    size_t room = bp_exact_room(count);
    a->plain = malloc(room);
    a->coded = malloc(room);
    a->coder = malloc(sizeof *a->coder);
    if (!a->plain || !a->coded || !a->coder)
        return bp_fail(a->ctx, BP_E_MEMORY, "no memory for boxes");
    a->coder->coder = (bp_max_coder){
        .out = a->coded, .out_end = a->coded + room, .plain_out = a->plain, .plain_end = a->plain + room};
    bp_exact_start(a->coder, false, a->whole);
    for (size_t i = 0; i < f->frames; i++)
        bp_exact_frame(a->coder, a->in->values.dtype, a->exact + i * pixels, f->rows, f->columns,
                       (void *)(uintptr_t)frame_of(a, i)); /* an encoder only reads it */
    if (!bp_exact_finish(a->coder))
        return bp_fail(a->ctx, BP_E_INTERNAL, "boxes larger than expected");
    side->plain = (size_t)(a->coder->coder.plain_out - a->plain);
    side->coded = (size_t)(a->coder->coder.out - a->coded);
    return BP_OK;
}

/* The quantiser's side bytes in out become a part of ours. */
static bp_status write_side(applier *a, bp_roi_side *side, bp_operation_out *out)
{
    side->whole = a->whole;
    side->list = a->list_size;
    side->quantised = out->side_size;
    size_t size = BP_ROI_HEAD + side->list + side->quantised + side->plain + side->coded;
    if (side->list > UINT32_MAX || side->plain > UINT32_MAX || side->coded > UINT32_MAX ||
        side->quantised > UINT32_MAX)
        return bp_fail(a->ctx, BP_E_UNSUPPORTED, "roi: a chunk has more than 4 GB of boxes");
    uint8_t *bytes = bp_scratch_take(a->ctx, size);
    if (!bytes)
        return bp_fail(a->ctx, BP_E_MEMORY, "no memory for boxes");
    uint8_t *to = bytes + BP_ROI_HEAD;
    bp_roi_side_write(side, bytes);
    if (side->list)
        memcpy(to, a->list, side->list);
    to += side->list;
    if (side->quantised)
        memcpy(to, out->side, side->quantised);
    to += side->quantised;
    memcpy(to, a->plain, side->plain);
    memcpy(to + side->plain, a->coded, side->coded);
    bp_scratch_give(a->ctx, out->side);
    out->side = bytes;
    out->side_size = size;
    return BP_OK;
}

static bp_status quantise_bins(applier *a, bp_operation_out *out)
{
    bp_quantiser quantiser;
    bp_operation_in bins = {.as = BP_F64};
    bp_roi_law(a->params, &quantiser);
    bp_status status = bp_roi_bins_of(&a->in->values, a->frames.bin, BP_F64, a->bins, &bins.values);
    return status == BP_OK ? bp_quantise_apply(a->ctx, &quantiser, INFINITY, 0, &bins, out) : status;
}

static bp_status make_room(applier *a)
{
    const bp_roi_frames *f = &a->frames;
    size_t pixels = f->rows * f->columns;
    bool given = a->prepared && a->prepared->counts;
    if (!given)
        a->finder = a->prepared && a->prepared->finder ? bp_peakfinder8_share(a->prepared->finder)
                                                       : bp_roi_finder(a->params, f->rows, f->columns, NULL);
    a->frame = bp_scratch_take(a->ctx, (pixels + 1) * sizeof *a->frame);
    a->bins = bp_scratch_take(a->ctx, (f->frames * f->bin_rows * f->bin_columns + 1) * sizeof *a->bins);
    a->kept = bp_scratch_take(a->ctx, pixels + 1);
    a->boxes = bp_scratch_take(a->ctx, pixels + 1);
    a->exact = bp_scratch_take(a->ctx, f->frames * pixels + 1);
    return (given || a->finder) && a->frame && a->bins && a->kept && a->boxes && a->exact
               ? BP_OK
               : bp_fail(a->ctx, BP_E_MEMORY, "no memory for boxes");
}

static void clean_up(applier *a)
{
    bp_peakfinder8_free(a->finder);
    bp_peaks_fini(&a->peaks);
    bp_scratch_give(a->ctx, a->exact);
    bp_scratch_give(a->ctx, a->boxes);
    bp_scratch_give(a->ctx, a->kept);
    bp_scratch_give(a->ctx, a->bins);
    bp_scratch_give(a->ctx, a->frame);
    free(a->list);
    free(a->plain);
    free(a->coded);
    free(a->coder);
}

bp_status bp_roi_apply(bp_context *ctx, const double *params, const bp_operation_in *in,
                       bp_operation_out *out)
{
    applier a = {.ctx = ctx, .params = params, .in = in, .prepared = in->prepared, .whole = true};
    bp_roi_side side = {0};
    if (!bp_roi_frames_of(&in->values, (size_t)params[BP_ROI_P_BIN], &a.frames))
        return bp_fail(ctx, BP_E_USAGE, "roi works on frames: arrays of two axes and more");
    if (a.prepared && (a.prepared->rows != a.frames.rows || a.prepared->columns != a.frames.columns))
        return bp_fail(ctx, BP_E_USAGE, "roi needs chunks of whole frames, of %zux%zu", a.prepared->rows,
                       a.prepared->columns);
    bp_status status = make_room(&a);
    for (size_t i = 0; status == BP_OK && i < a.frames.frames; i++)
        status = look_at_frame(&a, i);
    if (status == BP_OK)
        status = code_exact(&a, &side);
    if (status == BP_OK)
        status = quantise_bins(&a, out);
    if (status == BP_OK)
        status = write_side(&a, &side, out);
    clean_up(&a);
    return status;
}
