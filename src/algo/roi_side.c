/* SPDX-License-Identifier: BSD-3-Clause */
#include "algo/roi_side.h"

#include <string.h>

#include "base/bits.h"

void bp_roi_side_write(const bp_roi_side *s, uint8_t *out)
{
    bp_store_le32(out, s->whole);
    bp_store_le32(out + 4, (uint32_t)s->list);
    bp_store_le32(out + 8, (uint32_t)s->quantised);
    bp_store_le32(out + 12, (uint32_t)s->plain);
    bp_store_le32(out + 16, (uint32_t)s->coded);
}

bp_status bp_roi_side_read(bp_context *ctx, const uint8_t *in, size_t size, bp_roi_side *s)
{
    if (size < BP_ROI_HEAD || bp_load_le32(in) > 1)
        return bp_fail(ctx, BP_E_DAMAGED, "roi: damaged head");
    s->whole = bp_load_le32(in) != 0;
    s->list = bp_load_le32(in + 4);
    s->quantised = bp_load_le32(in + 8);
    s->plain = bp_load_le32(in + 12);
    s->coded = bp_load_le32(in + 16);
    s->at = in + BP_ROI_HEAD;
    uint64_t all = (uint64_t)s->list + s->quantised + s->plain + s->coded;
    return all == size - BP_ROI_HEAD ? BP_OK : bp_fail(ctx, BP_E_DAMAGED, "roi: lengths do not add up");
}

bool bp_roi_frames_of(const bp_array *values, size_t bin, bp_roi_frames *f)
{
    if (values->rank < 2)
        return false;
    *f = (bp_roi_frames){.frames = 1, .bin = bin};
    for (size_t i = 0; i + 2 < values->rank; i++)
        f->frames *= values->shape[i];
    f->rows = values->shape[values->rank - 2];
    f->columns = values->shape[values->rank - 1];
    f->bin_rows = (f->rows + bin - 1) / bin;
    f->bin_columns = (f->columns + bin - 1) / bin;
    return true;
}

bp_status bp_roi_bins_of(const bp_array *values, size_t bin, bp_dtype dtype, void *data, bp_array *bins)
{
    size_t shape[BP_MAX_RANK];
    memcpy(shape, values->shape, values->rank * sizeof *shape);
    for (size_t i = values->rank - 2; i < values->rank; i++)
        shape[i] = (shape[i] + bin - 1) / bin;
    return bp_array_init(bins, dtype, 0, values->rank, shape, data);
}

size_t bp_roi_put_number(uint64_t value, uint8_t *out)
{
    size_t n = 0;
    for (; value >= 128; value >>= 7)
        out[n++] = (uint8_t)(value | 128);
    out[n++] = (uint8_t)value;
    return n;
}

bool bp_roi_get_number(const uint8_t **in, const uint8_t *end, uint64_t *value)
{
    *value = 0;
    for (unsigned shift = 0; *in < end && shift < 63; shift += 7) {
        uint8_t byte = *(*in)++;
        *value |= (uint64_t)(byte & 127) << shift;
        if (byte < 128)
            return true;
    }
    return false;
}

static void mark_box(size_t centre, size_t half, size_t rows, size_t columns, uint8_t *exact)
{
    size_t cy = centre / columns, cx = centre % columns;
    size_t first = cx > half ? cx - half : 0, last = cx + half < columns ? cx + half : columns - 1;
    for (size_t y = cy > half ? cy - half : 0; y <= cy + half && y < rows; y++)
        memset(exact + y * columns + first, 1, last - first + 1);
}

bool bp_roi_read_list(const uint8_t **in, const uint8_t *end, size_t rows, size_t columns, size_t half,
                      uint8_t *exact)
{
    uint64_t count, step, length, pixels = rows * columns, at = 0;
    memset(exact, 0, pixels);
    if (!bp_roi_get_number(in, end, &count) || count > pixels)
        return false;
    for (uint64_t i = 0; i < count; i++) {
        if (!bp_roi_get_number(in, end, &step) || step >= pixels - at || (i && !step))
            return false;
        at += step;
        mark_box(at, half, rows, columns, exact);
    }
    if (!bp_roi_get_number(in, end, &count) || count > pixels)
        return false;
    at = 0;
    for (uint64_t i = 0; i < count; i++) {
        if (!bp_roi_get_number(in, end, &step) || !bp_roi_get_number(in, end, &length) ||
            step > pixels - at || length == 0 || length > pixels - at - step)
            return false;
        memset(exact + at + step, 1, length);
        at += step + length;
    }
    return true;
}
