/* SPDX-License-Identifier: BSD-3-Clause */
#include "algo/plain_trig.h"

#include <math.h>

#define TURN  6.28318530717958648 /* 2 pi */
#define TERMS 9                   /* of each series; the next one is below 1e-18 up to an eighth of a turn */

/* Taylor series of both, for |x| <= pi / 4. */
static void series(double x, double *cosine, double *sine)
{
    double x2 = x * x, c = 0, s = 0;
    for (int i = TERMS; i > 0; i--) {
        c = (1 + c) * (-x2 / ((2 * i) * (2 * i - 1)));
        s = (1 + s) * (-x2 / ((2 * i) * (2 * i + 1)));
    }
    *cosine = 1 + c;
    *sine = x + x * s;
}

void bp_plain_trig(double turns, double *cosine, double *sine)
{
    double quarters = rint(turns * 4), c, s;
    series((turns - quarters / 4) * TURN, &c, &s); /* the difference is exact */
    switch ((int)(quarters - 4 * floor(quarters / 4))) {
    case 0:
        *cosine = c;
        *sine = s;
        break;
    case 1:
        *cosine = -s;
        *sine = c;
        break;
    case 2:
        *cosine = -c;
        *sine = -s;
        break;
    default:
        *cosine = s;
        *sine = -c;
        break;
    }
}
