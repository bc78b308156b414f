/* SPDX-License-Identifier: BSD-3-Clause */
#include <float.h>
#include <math.h>
#include <string.h>

#include "algo/quantiser.h"

/* adding it leaves no room for binary places: rounds to even, as IEEE 754 does by default */
#define ROUNDER 0x1.8p52

void bp_quantiser_init(bp_quantiser *q, bp_law law, double step, double offset, double gain, double noise,
                       bool dither)
{
    memset(q, 0, sizeof *q);
    q->law = law;
    q->step = step;
    q->offset = offset;
    q->gain = gain;
    q->noise = noise;
    q->dither = dither;
    if (law == BP_LAW_LINEAR) {
        q->to_t = 1 / step;
        return;
    }
    double dark = 0.375 * gain * gain + noise * noise; /* variance at the offset */
    double bend = gain * step * step / 48;
    q->to_t = 2 / (gain * step);
    q->constant = dark - gain * offset;
    q->knee = q->to_t * sqrt(dark);
    q->dark_step = step * sqrt(dark);
    /* numbers whose bin reaches the offset are of the square law; roots of theirs are not negative */
    q->turn = q->knee - (0.5 + 0x1p-20);
    if (!dither && q->turn < 0)
        q->turn = 0;
    q->square = gain * step * step / 4;
    q->shift = offset - dark / gain + (dither ? -bend : bend);
}

void bp_quantiser_scale(const bp_quantiser *q, const double *values, size_t count, double *t)
{
    double offset = q->offset, to_t = q->to_t;
    if (q->law == BP_LAW_LINEAR) {
        for (size_t i = 0; i < count; i++)
            t[i] = (values[i] - offset) * to_t;
        return;
    }
    double gain = q->gain, constant = q->constant, knee = q->knee, per_step = 1 / q->dark_step;
    double least = gain * offset + constant;
    for (size_t i = 0; i < count; i++) {
        double x = values[i], under = gain * x + constant, below = (x - offset) * per_step;
        double root = to_t * __builtin_sqrt(under > least ? under : least);
        t[i] = x >= offset ? root : knee + below; /* NaN stays */
    }
}

void bp_quantiser_restore(const bp_quantiser *q, const double *t, size_t count, double *values)
{
    double offset = q->offset, step = q->step;
    if (q->law == BP_LAW_LINEAR) {
        for (size_t i = 0; i < count; i++)
            values[i] = offset + t[i] * step;
        return;
    }
    double knee = q->knee, dark_step = q->dark_step, square = q->square, shift = q->shift, turn = q->turn;
    /* where there is no read noise there are no values below the offset either */
    double least = q->noise > 0 || q->dither ? -DBL_MAX : offset;
    for (size_t i = 0; i < count; i++) {
        double above = square * (t[i] * t[i]) + shift, below = offset + (t[i] - knee) * dark_step;
        above = above > least ? above : least;
        values[i] = t[i] >= turn ? above : below;
    }
}

void bp_quantiser_for_kernels(const bp_quantiser *q, double bound, bp_quantise_terms *law)
{
    memset(law, 0, sizeof *law);
    law->counts = q->law == BP_LAW_COUNTS;
    law->offset = q->offset;
    law->to_t = q->to_t;
    law->step = q->step;
    law->bound = bound;
    law->gain = q->gain;
    law->constant = q->constant;
    law->least = q->gain * q->offset + q->constant;
    law->knee = q->knee;
    law->per_step = 1 / q->dark_step;
}

void bp_quantiser_round(const double *t, size_t count, int32_t *numbers)
{
    for (size_t i = 0; i < count; i++) {
        double v = t[i] > -BP_QUANTISER_LIMIT ? t[i] : -BP_QUANTISER_LIMIT; /* NaN goes here too */
        v = v < BP_QUANTISER_LIMIT ? v : BP_QUANTISER_LIMIT;
        numbers[i] = (int32_t)((v + ROUNDER) - ROUNDER);
    }
}

void bp_quantiser_dither(uint64_t key, uint64_t first, size_t count, double *u)
{
    for (size_t i = 0; i < count; i++) {
        /* the finishing steps of SplitMix64 on a counter */
        uint64_t z = key + (first + i) * UINT64_C(0x9e3779b97f4a7c15);
        z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
        z ^= z >> 31;
        u[i] = ((double)(int32_t)(uint32_t)(z >> 32) + 0.5) * 0x1p-32;
    }
}
