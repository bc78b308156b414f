/* SPDX-License-Identifier: BSD-3-Clause
 * What quantising does to counts, by direct sums over their distribution. */
#include <math.h>

#include "algo/quantiser.h"

#define NODES 601  /* of the read noise's distribution, from -6 to 6 sigma */
#define REACH 6.0  /* sigma */
#define BINS  4096 /* numbers that the entropy looks at */

typedef struct sums {
    double weight, value, square, error, error_square, restored, restored_square;
    double share[BINS]; /* of the numbers */
    int32_t first;
} sums;

static void add(const bp_quantiser *q, bool whole, double value, double weight, sums *s)
{
    double t, back;
    int32_t number;
    if (whole)
        value = rint(value);
    bp_quantiser_scale(q, &value, 1, &t);
    bp_quantiser_round(&t, 1, &number);
    t = (double)number;
    bp_quantiser_restore(q, &t, 1, &back);
    if (whole)
        back = rint(back);
    if (number >= s->first && number - s->first < BINS)
        s->share[number - s->first] += weight;
    s->weight += weight;
    s->value += weight * value;
    s->square += weight * value * value;
    s->error += weight * (back - value);
    s->error_square += weight * (back - value) * (back - value);
    s->restored += weight * back;
    s->restored_square += weight * back * back;
}

void bp_quantiser_predict(const bp_quantiser *quantiser, double lambda, bool whole,
                          bp_quantiser_theory *theory)
{
    sums s = {.weight = 0};
    bp_quantiser q = *quantiser;
    bp_quantiser_init(&q, q.law, q.step, q.offset, q.gain, q.noise, false);
    double spread = 12 * sqrt(lambda) + 30, low = floor(fmax(0, lambda - spread)), middle, t;
    middle = q.offset + q.gain * low - REACH * q.noise;
    bp_quantiser_scale(&q, &middle, 1, &t);
    s.first = (int32_t)fmax(floor(t) - 2, -BP_QUANTISER_LIMIT);
    for (double n = low; n <= lambda + spread; n++) {
        double chance = lambda > 0 ? exp(n * log(lambda) - lambda - lgamma(n + 1)) : n == 0;
        if (!(q.noise > 0)) {
            add(&q, whole, q.offset + q.gain * n, chance, &s);
            continue;
        }
        for (int i = 0; i < NODES; i++) {
            double z = REACH * ((2 * i + 1.0) / NODES - 1);
            double w = exp(-z * z / 2) * 2 * REACH / NODES / sqrt(2 * acos(-1.0));
            add(&q, whole, q.offset + q.gain * n + q.noise * z, chance * w, &s);
        }
    }
    double mean = s.value / s.weight, back = s.restored / s.weight;
    double variance = s.square / s.weight - mean * mean;
    theory->sigma = sqrt(variance);
    theory->bias = s.error / s.weight;
    theory->variance = s.error_square / s.weight / variance;
    theory->total = (s.restored_square / s.weight - back * back) / variance;
    theory->bits = 0;
    for (size_t i = 0; i < BINS; i++)
        if (s.share[i] > 0)
            theory->bits -= s.share[i] / s.weight * log2(s.share[i] / s.weight);
}
