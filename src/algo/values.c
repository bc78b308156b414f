/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>
#include <string.h>

#include "algo/half.h"
#include "algo/values.h"
#include "kernel/kernel.h"

#define CONVERT(type)                                                                                        \
    do {                                                                                                     \
        const type *values = in;                                                                             \
        for (size_t i = 0; i < count; i++)                                                                   \
            out[i] = (double)values[i];                                                                      \
    } while (0)

void bp_values_to_double(bp_dtype dtype, const void *in, size_t count, double *out)
{
    const uint16_t *halves = in;
    switch (dtype) {
    case BP_U8:
        CONVERT(uint8_t);
        break;
    case BP_I8:
        CONVERT(int8_t);
        break;
    case BP_U16:
        bp_kernels_get()->metric->from_u16(in, count, out);
        break;
    case BP_I16:
        CONVERT(int16_t);
        break;
    case BP_U32:
        CONVERT(uint32_t);
        break;
    case BP_I32:
        CONVERT(int32_t);
        break;
    case BP_U64:
        CONVERT(uint64_t);
        break;
    case BP_I64:
        CONVERT(int64_t);
        break;
    case BP_F32:
        bp_kernels_get()->metric->from_f32(in, count, out);
        break;
    case BP_F64:
        CONVERT(double);
        break;
    default:
        for (size_t i = 0; i < count; i++)
            out[i] = bp_half_to_double(halves[i]);
        break;
    }
}

/* The nearest whole number, to even in the middle, of a number below 2^51: what the sum loses its fraction in
 * (a loop of it becomes vectors, one of rint calls does not). */
#define WHOLE 6755399441055744.0 /* 3 * 2^51 */

#define ROUND(type, low, high)                                                                               \
    do {                                                                                                     \
        type *values = out;                                                                                  \
        for (size_t i = 0; i < count; i++) {                                                                 \
            double v = in[i] > (low) ? in[i] : in[i] == in[i] ? (low) : 0; /* of NaN: 0 */                   \
            v = v < (high) ? v : (high);                                                                     \
            values[i] = (type)((v + WHOLE) - WHOLE);                                                         \
        }                                                                                                    \
    } while (0)

void bp_values_from_double(bp_dtype dtype, const double *in, size_t count, void *out)
{
    float *singles = out;
    switch ((int)dtype) {
    case BP_U8:
        ROUND(uint8_t, 0.0, 255.0);
        break;
    case BP_I8:
        ROUND(int8_t, -128.0, 127.0);
        break;
    case BP_U16:
        ROUND(uint16_t, 0.0, 65535.0);
        break;
    case BP_I16:
        ROUND(int16_t, -32768.0, 32767.0);
        break;
    case BP_U32:
        ROUND(uint32_t, 0.0, 4294967295.0);
        break;
    case BP_I32:
        ROUND(int32_t, -2147483648.0, 2147483647.0);
        break;
    case BP_F32:
        for (size_t i = 0; i < count; i++)
            singles[i] = (float)in[i];
        break;
    default:
        memcpy(out, in, count * sizeof *in);
        break;
    }
}

void bp_values_blank(double *values, size_t count, const bp_labels *labels, const uint8_t *excluded)
{
    for (size_t k = 0; k < labels->count; k++)
        for (size_t i = 0; i < count; i++)
            if (values[i] == labels->values[k])
                values[i] = (double)NAN;
    for (size_t i = 0; excluded && i < count; i++)
        if (excluded[i])
            values[i] = (double)NAN;
}

/* Side by side, so that the loops become vectors. */
#define RANGE_LANES 32
#define RANGE(type, finite)                                                                                  \
    do {                                                                                                     \
        const type *values = in;                                                                             \
        type low[RANGE_LANES], high[RANGE_LANES];                                                            \
        size_t whole = count - count % RANGE_LANES, bad = 0;                                                 \
        for (size_t k = 0; k < RANGE_LANES; k++)                                                             \
            low[k] = high[k] = values[k < count ? k : 0];                                                    \
        for (size_t i = 0; i < whole; i += RANGE_LANES)                                                      \
            for (size_t k = 0; k < RANGE_LANES; k++) {                                                       \
                type v = values[i + k];                                                                      \
                low[k] = v < low[k] ? v : low[k];                                                            \
                high[k] = v > high[k] ? v : high[k];                                                         \
            }                                                                                                \
        for (size_t i = whole; i < count; i++) {                                                             \
            low[0] = values[i] < low[0] ? values[i] : low[0];                                                \
            high[0] = values[i] > high[0] ? values[i] : high[0];                                             \
        }                                                                                                    \
        for (size_t k = 1; k < RANGE_LANES; k++) {                                                           \
            low[0] = low[k] < low[0] ? low[k] : low[0];                                                      \
            high[0] = high[k] > high[0] ? high[k] : high[0];                                                 \
        }                                                                                                    \
        for (size_t i = 0; (finite) && i < count; i++)                                                       \
            bad += !(values[i] - values[i] == 0);                                                            \
        *min = (double)low[0];                                                                               \
        *max = (double)high[0];                                                                              \
        return bad == 0;                                                                                     \
    } while (0)

bool bp_values_range(bp_dtype dtype, const void *in, size_t count, double *min, double *max)
{
    switch ((int)dtype) {
    case BP_U8:
        RANGE(uint8_t, false);
    case BP_I8:
        RANGE(int8_t, false);
    case BP_U16:
        RANGE(uint16_t, false);
    case BP_I16:
        RANGE(int16_t, false);
    case BP_U32:
        RANGE(uint32_t, false);
    case BP_I32:
        RANGE(int32_t, false);
    case BP_U64:
        RANGE(uint64_t, false);
    case BP_I64:
        RANGE(int64_t, false);
    case BP_F32:
        RANGE(float, true);
    case BP_F64:
        RANGE(double, true);
    default:
        return false;
    }
}
