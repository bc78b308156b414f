/* SPDX-License-Identifier: BSD-3-Clause */
#include "algo/wavelet_side.h"

#include "algo/wavelet.h"
#include "base/bits.h"

void bp_wavelet_side_write(const bp_wavelet_side *s, uint8_t *out)
{
    bp_store_le16(out, (uint16_t)s->levels);
    bp_store_le16(out + 2, s->loss);
    bp_store_le16(out + 4, (uint16_t)s->shifts[0]);
    bp_store_le16(out + 6, (uint16_t)s->shifts[1]);
    bp_store_le32(out + 8, (uint32_t)s->middle);
    bp_store_le32(out + 12, (uint32_t)s->quantised);
}

bp_status bp_wavelet_side_read(bp_context *ctx, const uint8_t *in, size_t size, const bp_array *values,
                               bp_wavelet_side *s)
{
    size_t frames, rows, columns;
    if (!bp_wavelet_frames_of(values, &frames, &rows, &columns) || size < BP_WAVELET_HEAD)
        return bp_fail(ctx, BP_E_DAMAGED, "wavelet: no frames, or no head");
    s->levels = bp_load_le16(in);
    s->loss = bp_load_le16(in + 2);
    s->shifts[0] = (int16_t)bp_load_le16(in + 4);
    s->shifts[1] = (int16_t)bp_load_le16(in + 6);
    s->middle = (int32_t)bp_load_le32(in + 8);
    s->quantised = bp_load_le32(in + 12);
    s->at = in + BP_WAVELET_HEAD;
    if (s->levels > bp_wavelet_levels(rows, columns) || s->quantised > size - BP_WAVELET_HEAD)
        return bp_fail(ctx, BP_E_DAMAGED, "wavelet: %u levels, lengths that do not add up", s->levels);
    s->runs = size - BP_WAVELET_HEAD - s->quantised;
    return BP_OK;
}

bool bp_wavelet_frames_of(const bp_array *values, size_t *frames, size_t *rows, size_t *columns)
{
    if (values->rank < 2)
        return false;
    *frames = 1;
    for (size_t i = 0; i + 2 < values->rank; i++)
        *frames *= values->shape[i];
    *rows = values->shape[values->rank - 2];
    *columns = values->shape[values->rank - 1];
    return true;
}

void bp_wavelet_law(const double *p, bp_quantiser *quantiser)
{
    bp_quantiser_init(quantiser, p[BP_WAVELET_P_LAW] != 0 ? BP_LAW_COUNTS : BP_LAW_LINEAR,
                      p[BP_WAVELET_P_STEP], p[BP_WAVELET_P_OFFSET], p[BP_WAVELET_P_GAIN],
                      p[BP_WAVELET_P_NOISE], false);
}

void bp_wavelet_whole(bp_quantiser *quantiser)
{
    bp_quantiser_init(quantiser, BP_LAW_LINEAR, 1, 0, 1, 0, false);
}
