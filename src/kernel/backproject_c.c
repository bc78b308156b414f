/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernel/kernel_c.h"

#define V            float
#define WIDE         1
#define PARTS        BP_BACKPROJECT_LANES
#define SPAN         1
#define LOAD(at)     (*(at))
#define STORE(at, v) (*(at) = (v))
#define SAME(x)      (x)
#define ADD(a, b)    ((a) + (b))
#define SUB(a, b)    ((a) - (b))
#define MUL(a, b)    ((a) * (b))
#include "kernel/backproject_body.h"

void bp_backproject_c(const bp_backproject *b, float *sums)
{
    backproject(b, sums);
}
