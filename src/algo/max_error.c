/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>
#include <string.h>

#include "algo/half.h"
#include "algo/max_error.h"

#define INTEGER_ERROR(type, wide)                                                                            \
    do {                                                                                                     \
        const type *a = reference->data, *b = test->data;                                                    \
        for (size_t i = 0; i < n; i++) {                                                                     \
            uint64_t d = a[i] > b[i] ? (uint64_t)(wide)a[i] - (uint64_t)(wide)b[i]                           \
                                     : (uint64_t)(wide)b[i] - (uint64_t)(wide)a[i];                          \
            largest = d > largest ? d : largest;                                                             \
        }                                                                                                    \
    } while (0)

static double integer_error(const bp_array *reference, const bp_array *test, size_t n)
{
    uint64_t largest = 0;
    switch (reference->dtype) {
    case BP_U8:
        INTEGER_ERROR(uint8_t, uint64_t);
        break;
    case BP_I8:
        INTEGER_ERROR(int8_t, int64_t);
        break;
    case BP_U16:
        INTEGER_ERROR(uint16_t, uint64_t);
        break;
    case BP_I16:
        INTEGER_ERROR(int16_t, int64_t);
        break;
    case BP_U32:
        INTEGER_ERROR(uint32_t, uint64_t);
        break;
    case BP_I32:
        INTEGER_ERROR(int32_t, int64_t);
        break;
    case BP_U64:
        INTEGER_ERROR(uint64_t, uint64_t);
        break;
    default:
        INTEGER_ERROR(int64_t, int64_t);
        break;
    }
    double error = (double)largest;
    return largest > (uint64_t)1 << 53 ? nextafter(error, INFINITY) : error;
}

static double one_error(double a, double b)
{
    if (isnan(a) || isnan(b))
        return isnan(a) && isnan(b) ? 0 : INFINITY;
    return a == b ? 0 : fabs(a - b);
}

double bp_max_error(const bp_array *reference, const bp_array *test)
{
    size_t n = bp_array_elements(reference);
    double largest = 0, error;
    if (reference->dtype == BP_F64) {
        const double *a = reference->data, *b = test->data;
        for (size_t i = 0; i < n; i++)
            if ((error = one_error(a[i], b[i])) > largest)
                largest = error;
    } else if (reference->dtype == BP_F32) {
        const float *a = reference->data, *b = test->data;
        for (size_t i = 0; i < n; i++)
            if ((error = one_error((double)a[i], (double)b[i])) > largest)
                largest = error;
    } else if (reference->dtype == BP_F16) {
        const uint16_t *a = reference->data, *b = test->data;
        for (size_t i = 0; i < n; i++)
            if ((error = one_error(bp_half_to_double(a[i]), bp_half_to_double(b[i]))) > largest)
                largest = error;
    } else {
        largest = integer_error(reference, test, n);
    }
    return largest;
}
