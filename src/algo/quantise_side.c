/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "algo/quantise_side.h"
#include "base/bits.h"
#include "base/checked.h"

void bp_quantise_side_write(const bp_quantise_side *side, uint8_t *out)
{
    out[0] = (uint8_t)side->code_size;
    out[1] = (uint8_t)side->labels;
    bp_store_le16(out + 2, 0);
    bp_store_le32(out + 4, (uint32_t)side->base);
    bp_store_le32(out + 8, side->span);
    bp_store_le32(out + 12, 0);
    bp_store_le64(out + 16, side->key);
    bp_store_le64(out + 24, side->exact);
}

bp_status bp_quantise_side_read(bp_context *ctx, const uint8_t *in, size_t size, size_t itemsize,
                                bp_quantise_side *side)
{
    size_t raw;
    if (size < BP_QUANTISE_SIDE)
        return bp_fail(ctx, BP_E_DAMAGED, "quantise: %zu bytes beside the codes", size);
    side->code_size = in[0];
    side->labels = in[1];
    side->base = (int32_t)bp_load_le32(in + 4);
    side->span = bp_load_le32(in + 8);
    side->key = bp_load_le64(in + 16);
    side->raw = in + BP_QUANTISE_SIDE;
    if ((in[0] != 1 && in[0] != 2 && in[0] != 4) || side->labels > BP_QUANTISE_LABELS ||
        bp_load_le16(in + 2) || bp_load_le32(in + 12) ||
        side->span > bp_quantise_top(side->code_size) - BP_QUANTISE_ABOVE || side->span > INT32_MAX)
        return bp_fail(ctx, BP_E_DAMAGED, "quantise: codes of %u bytes up to %u with %u labels", in[0],
                       side->span, in[1]);
    if (bp_size_from_u64(bp_load_le64(in + 24), &side->exact) ||
        bp_add_overflows(side->labels, side->exact, &raw) || bp_mul_overflows(raw, itemsize, &raw) ||
        raw != size - BP_QUANTISE_SIDE)
        return bp_fail(ctx, BP_E_DAMAGED, "quantise: %zu bytes for %zu values beside the codes",
                       size - BP_QUANTISE_SIDE, side->exact);
    return BP_OK;
}

#define ROUNDER 0x1.8p52

#define STORE(type, low, high)                                                                               \
    do {                                                                                                     \
        type *to = out;                                                                                      \
        for (size_t i = 0; i < count; i++) {                                                                 \
            double v = values[i] > (low) ? values[i] : (low);                                                \
            v = v < (high) ? v : (high);                                                                     \
            to[i] = (type)((v + ROUNDER) - ROUNDER);                                                         \
        }                                                                                                    \
    } while (0)

void bp_quantise_store(bp_dtype dtype, const double *values, size_t count, void *out)
{
    float *singles = out;
    switch (dtype) {
    case BP_U8:
        STORE(uint8_t, 0.0, UINT8_MAX);
        break;
    case BP_I8:
        STORE(int8_t, INT8_MIN, INT8_MAX);
        break;
    case BP_U16:
        STORE(uint16_t, 0.0, UINT16_MAX);
        break;
    case BP_I16:
        STORE(int16_t, INT16_MIN, INT16_MAX);
        break;
    case BP_U32:
        STORE(uint32_t, 0.0, UINT32_MAX);
        break;
    case BP_I32:
        STORE(int32_t, INT32_MIN, INT32_MAX);
        break;
    case BP_F32:
        for (size_t i = 0; i < count; i++)
            singles[i] = (float)values[i];
        break;
    default:
        memcpy(out, values, count * sizeof *values);
        break;
    }
}
