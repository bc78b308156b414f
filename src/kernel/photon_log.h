/* SPDX-License-Identifier: BSD-3-Clause
 * Logarithms for the costs of a choice: in steps that compilers make vectors of, and that all machines round
 * alike. */
#ifndef BP_KERNEL_PHOTON_LOG_H
#define BP_KERNEL_PHOTON_LOG_H

#include <stdint.h>
#include <string.h>

#define BP_PHOTON_LOG_UNIT 16.0F
/* What a sample makes a distribution look better than it is: log2(e) / 2 bits for each value that occurs, and
 * the same again for the wrong guess; in 1/16 units. */
#define BP_PHOTON_CHANCE 370

/* n log2 n in units, to about 1/7000 of n: the logarithm of the mantissa is a polynomial. */
static inline int32_t bp_photon_weighted_log(uint32_t n)
{
    float f = (float)(int32_t)n, m;
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    float e = (float)((int32_t)(bits >> 23) - 127);
    bits = (bits & 0x7fffff) | 0x3f800000;
    memcpy(&m, &bits, sizeof m);
    m -= 1.0F;
    m += m * (1.0F - m) * (0.438073245F + m * (-0.236693417F + m * 0.080307304F));
    return (int32_t)(f * BP_PHOTON_LOG_UNIT * (e + m));
}

#endif
