/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BP_ALGO_DOT_H
#define BP_ALGO_DOT_H

#include <stddef.h>

/* Sum of the products of n pairs, in eight lanes: a fixed order that vectors can follow. */
static inline double bp_dot(const double *a, const double *b, size_t n)
{
    double lanes[8] = {0}, sum = 0;
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (size_t k = 0; k < 8; k++)
            lanes[k] += a[i + k] * b[i + k];
    for (; i < n; i++)
        sum += a[i] * b[i];
    for (size_t k = 0; k < 8; k++)
        sum += lanes[k];
    return sum;
}

#endif
