/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>

#include "algo/anscombe.h"

#define ROOT_3_2 1.22474487139158905 /* sqrt(3/2) = 2 sqrt(3/8), the transform of 0 counts without noise */

void bp_anscombe_forward(const bp_anscombe *law, const double *in, size_t count, double *out)
{
    double g = law->gain, scale = 2 / g;
    double shift = 0.375 * g * g + law->read_noise * law->read_noise - g * law->offset;
    for (size_t i = 0; i < count; i++) {
        double inside = g * in[i] + shift;
        out[i] = scale * sqrt(inside > 0 ? inside : 0);
    }
}

void bp_anscombe_algebraic(const bp_anscombe *law, const double *in, size_t count, double *out)
{
    double g = law->gain, noise = law->read_noise / g;
    double shift = law->offset - g * (0.375 + noise * noise);
    for (size_t i = 0; i < count; i++)
        out[i] = in[i] * in[i] * (g / 4) + shift;
}

void bp_anscombe_unbiased(const bp_anscombe *law, const double *in, size_t count, double *out)
{
    double g = law->gain, noise = law->read_noise / g, below = 0.125 + noise * noise;
    for (size_t i = 0; i < count; i++) {
        double y = in[i] > ROOT_3_2 ? in[i] : ROOT_3_2, r = 1 / y;
        double counts = y * y / 4 + r * (ROOT_3_2 / 4 + r * (-1.375 + r * (0.625 * ROOT_3_2))) - below;
        out[i] = law->offset + g * (counts > 0 ? counts : 0);
    }
}
