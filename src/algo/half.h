/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BP_ALGO_HALF_H
#define BP_ALGO_HALF_H

#include <math.h>
#include <stdint.h>

/* The value of an IEEE 754 binary16 number, exactly. */
static inline double bp_half_to_double(uint16_t half)
{
    int exponent = half >> 10 & 31;
    double fraction = half & 1023, value;
    if (exponent == 31)
        value = fraction != 0 ? (double)NAN : (double)INFINITY;
    else
        value = exponent ? ldexp(1024 + fraction, exponent - 25) : ldexp(fraction, -24);
    return half & 0x8000 ? -value : value;
}

#endif
