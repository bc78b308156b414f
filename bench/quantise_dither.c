/* SPDX-License-Identifier: BSD-3-Clause
 * Subtractive dither over many pixels: bias and added variance of quantised counts against step^2 / 12
 * (lambda + 3/8), from 0.1 to 10,000 photons.
 *   quantise_dither [PIXELS (10^8)] [STEP (1)] */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "algo/poisson_sample.h"
#include "algo/quantiser.h"

#define BLOCK 1000

/* Errors of PIXELS counts of one mean. */
static void measure(const bp_poisson_sampler *sampler, double lambda, double step, size_t pixels)
{
    double x[BLOCK], t[BLOCK], u[BLOCK], sum = 0, square = 0;
    int32_t number[BLOCK];
    bp_quantiser law;
    bp_random random;
    bp_random_init(&random, 1, (uint64_t)(lambda * 10));
    bp_quantiser_init(&law, BP_LAW_COUNTS, step, 0, 1, 0, true);
    for (size_t at = 0; at < pixels; at += BLOCK) {
        double block_sum = 0, block_square = 0;
        for (size_t i = 0; i < BLOCK; i++)
            x[i] = bp_poisson_sample(sampler, (uint32_t)(lambda * BP_POISSON_ONE), &random);
        bp_quantiser_scale(&law, x, BLOCK, t);
        bp_quantiser_dither(77, at, BLOCK, u);
        for (size_t i = 0; i < BLOCK; i++)
            t[i] += u[i];
        bp_quantiser_round(t, BLOCK, number);
        for (size_t i = 0; i < BLOCK; i++)
            t[i] = (double)number[i] - u[i];
        bp_quantiser_restore(&law, t, BLOCK, t);
        for (size_t i = 0; i < BLOCK; i++) {
            block_sum += t[i] - x[i];
            block_square += (t[i] - x[i]) * (t[i] - x[i]);
        }
        sum += block_sum;
        square += block_square;
    }
    double n = (double)pixels, variance = square / n, expected = step * step / 12 * (lambda + 0.375);
    printf("%g,%g,%zu,%.3g,%.2g,%.2f,%.4f\n", lambda, step, pixels, sum / n, sqrt(variance / n),
           sum / n / sqrt(variance / n), variance / expected);
}

int main(int argc, char **argv)
{
    static const double lambdas[] = {0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000, 3000, 10000};
    size_t pixels = argc > 1 ? strtoul(argv[1], NULL, 10) : 100000000;
    double step = argc > 2 ? strtod(argv[2], NULL) : 1;
    bp_poisson_sampler *sampler = bp_poisson_sampler_new();
    printf("photons,step,pixels,bias,its sigma,bias / sigma,variance / theory\n");
    for (size_t i = 0; sampler && i < sizeof lambdas / sizeof lambdas[0]; i++)
        if (bp_poisson_sampler_prepare(NULL, sampler, (uint32_t)(lambdas[i] * BP_POISSON_ONE)) == BP_OK)
            measure(sampler, lambdas[i], step, pixels / BLOCK * BLOCK);
    bp_poisson_sampler_free(sampler);
    return 0;
}
