/* SPDX-License-Identifier: BSD-3-Clause
 * Which pixels of the source are labels: those of the mask, values above saturation, the largest value of
 * 16-bit and 32-bit unsigned types, and what is not finite. */
#include <math.h>
#include <string.h>

#include "pipeline/plan.h"

#define ABOVE(TYPE, LIMIT)                                                                                   \
    do {                                                                                                     \
        const TYPE *x = values, limit = (TYPE)(LIMIT);                                                       \
        for (size_t i = 0; i < count; i++)                                                                   \
            labels[i] = x[i] > limit ? BP_LABEL_SATURATED : 0;                                               \
    } while (0)

#define FLOATS(TYPE)                                                                                         \
    do {                                                                                                     \
        const TYPE *x = values;                                                                              \
        TYPE limit = isnan(flow->saturation) ? (TYPE)INFINITY : (TYPE)flow->saturation;                      \
        for (size_t i = 0; i < count; i++)                                                                   \
            labels[i] = (uint8_t)(!(x[i] - x[i] == 0) ? BP_LABEL_NOT_FINITE                                  \
                                                      : (x[i] > limit ? BP_LABEL_SATURATED : 0));            \
    } while (0)

static double limit_of(const bp_flow *flow, double largest)
{
    return flow->saturation >= 0 && flow->saturation < largest ? floor(flow->saturation) : largest;
}

static void find(const bp_flow *flow, const void *values, size_t count, uint8_t *labels)
{
    switch ((int)flow->dtype) {
    case BP_U8:
        ABOVE(uint8_t, limit_of(flow, 255));
        break;
    case BP_U16:
        ABOVE(uint16_t, limit_of(flow, 65534));
        break;
    case BP_U32:
        ABOVE(uint32_t, limit_of(flow, 4294967294.0));
        break;
    case BP_I8:
        ABOVE(int8_t, limit_of(flow, 127));
        break;
    case BP_I16:
        ABOVE(int16_t, limit_of(flow, 32767));
        break;
    case BP_I32:
        ABOVE(int32_t, limit_of(flow, 2147483647.0));
        break;
    case BP_F32:
        FLOATS(float);
        break;
    case BP_F64:
        FLOATS(double);
        break;
    default:
        memset(labels, 0, count);
        break;
    }
}

void bp_labels_find(const bp_flow *flow, const void *values, size_t count, uint8_t *labels)
{
    size_t pixels = flow->rows * flow->columns, bytes = pixels * bp_dtype_size(flow->dtype);
    for (size_t k = 0; k < count; k++) {
        uint8_t *here = labels + k * pixels;
        find(flow, (const uint8_t *)values + k * bytes, pixels, here);
        for (size_t i = 0; flow->mask && i < pixels; i++)
            here[i] = flow->mask[i] ? flow->mask[i] : here[i];
    }
}
