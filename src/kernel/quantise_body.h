/* SPDX-License-Identifier: BSD-3-Clause
 * The loops of kernel/quantise.h, for a compiler that may use what a level offers. */
#ifndef BP_KERNEL_QUANTISE_BODY_H
#define BP_KERNEL_QUANTISE_BODY_H

#include "kernel/quantise.h"

#define ROUNDER 0x1.8p52
#define LIMIT   0x1p30

static void numbers_linear(const bp_quantise_terms *law, const float *restrict x, size_t count,
                           int32_t *restrict numbers)
{
    const double offset = law->offset, to_t = law->to_t, step = law->step, bound = law->bound;
    for (size_t i = 0; i < count; i++) {
        double value = (double)x[i], t = (value - offset) * to_t;
        double number = (t + ROUNDER) - ROUNDER;
        double error = value - (double)(float)(offset + number * step);
        error = error < 0 ? -error : error;
        bool good = error <= bound && number > -LIMIT && number < LIMIT; /* NaN: no */
        numbers[i] = (int32_t)(good ? number : -2 * LIMIT);
    }
}

static void numbers_counts(const bp_quantise_terms *law, const float *restrict x, size_t count,
                           int32_t *restrict numbers)
{
    const double offset = law->offset, to_t = law->to_t, gain = law->gain, constant = law->constant;
    const double least = law->least, knee = law->knee, per_step = law->per_step;
    for (size_t i = 0; i < count; i++) {
        double value = (double)x[i], under = gain * value + constant, below = (value - offset) * per_step;
        double root = to_t * __builtin_sqrt(under > least ? under : least);
        double t = value >= offset ? root : knee + below, number = (t + ROUNDER) - ROUNDER;
        bool good = number > -LIMIT && number < LIMIT;
        numbers[i] = (int32_t)(good ? number : -2 * LIMIT);
    }
}

static void quantise_numbers(const bp_quantise_terms *law, const float *x, size_t count, int32_t *numbers)
{
    if (law->counts)
        numbers_counts(law, x, count, numbers);
    else
        numbers_linear(law, x, count, numbers);
}

static void quantise_codes(const bp_quantise_terms *law, double most, const float *restrict x, size_t count,
                           uint8_t *restrict codes)
{
    const double offset = law->offset, to_t = law->to_t;
    for (size_t i = 0; i < count; i++) {
        double t = ((double)x[i] - offset) * to_t;
        t = t > 0 ? t : 0; /* NaN: 0 */
        t = t < most ? t : most;
        codes[i] = (uint8_t)(int32_t)((t + ROUNDER) - ROUNDER);
    }
}

#endif
