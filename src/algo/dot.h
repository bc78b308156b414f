/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BP_ALGO_DOT_H
#define BP_ALGO_DOT_H

#include "kernel/kernel.h"

/* Sum of the products of n pairs, in eight lanes: a fixed order that vectors can follow. */
static inline double bp_dot(const double *a, const double *b, size_t n)
{
    return bp_kernels_get()->metric->dot(a, b, n);
}

#endif
