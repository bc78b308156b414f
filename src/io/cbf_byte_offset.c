/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "base/bits.h"
#include "io/cbf_byte_offset.h"

/* Takes one difference from *in; false when the bytes end within it. */
static inline bool take(const uint8_t **in, const uint8_t *end, uint64_t *value)
{
    const uint8_t *p = *in;
    if (p == end)
        return false;
    int64_t step = (int8_t)p[0];
    p += 1;
    if (step == INT8_MIN) {
        if (end - p < 2)
            return false;
        step = (int16_t)bp_load_le16(p);
        p += 2;
        if (step == INT16_MIN) {
            if (end - p < 4)
                return false;
            step = (int32_t)bp_load_le32(p);
            p += 4;
            if (step == INT32_MIN) {
                if (end - p < 8)
                    return false;
                step = (int64_t)bp_load_le64(p);
                p += 8;
            }
        }
    }
    *in = p;
    *value += (uint64_t)step;
    return true;
}

/* One loop per type: the sum is kept in 64 bits, so that a value that leaves the type is seen. */
#define DECODE(type)                                                                                         \
    for (size_t i = 0; i < count; i++) {                                                                     \
        if (!take(&p, end, &value))                                                                          \
            return bp_fail(ctx, BP_E_DAMAGED, "the compressed data end after %zu of %zu values", i, count);  \
        type v = (type)value;                                                                                \
        if (!wrap && (uint64_t)v != value)                                                                   \
            return bp_fail(ctx, BP_E_DAMAGED, "value %zu does not fit its type", i);                         \
        memcpy((uint8_t *)values + i * sizeof v, &v, sizeof v);                                              \
    }                                                                                                        \
    break

bp_status bp_cbf_byte_offset_decode(bp_context *ctx, const uint8_t *in, size_t size, bp_dtype dtype,
                                    bool wrap, void *values, size_t count)
{
    const uint8_t *p = in, *end = in + size;
    uint64_t value = 0;
    switch (dtype) {
    case BP_U8:
        DECODE(uint8_t);
    case BP_U16:
        DECODE(uint16_t);
    case BP_U32:
        DECODE(uint32_t);
    case BP_U64:
        DECODE(uint64_t);
    case BP_I8:
        DECODE(int8_t);
    case BP_I16:
        DECODE(int16_t);
    case BP_I32:
        DECODE(int32_t);
    case BP_I64:
        DECODE(int64_t);
    default:
        return bp_fail(ctx, BP_E_DAMAGED, "byte-offset compression of values that are no integers");
    }
    if (p != end)
        return bp_fail(ctx, BP_E_DAMAGED, "%zu compressed bytes are left after the last value",
                       (size_t)(end - p));
    return BP_OK;
}
