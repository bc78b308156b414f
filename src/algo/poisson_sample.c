/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>
#include <stdlib.h>

#include "algo/poisson_sample.h"

#define DIGITS 4
#define BASE   256

typedef struct table {
    uint32_t first, count; /* counts that have a probability: first ... first + count - 1 */
    uint32_t guide[BASE];  /* where the search for words with this first byte begins */
    uint64_t below[];      /* probability of at most first + k, in 2^-64; the last one is 2^64 and not used */
} table;

struct bp_poisson_sampler {
    table *tables[DIGITS][BASE];
};

bp_poisson_sampler *bp_poisson_sampler_new(void)
{
    return calloc(1, sizeof(bp_poisson_sampler));
}

void bp_poisson_sampler_free(bp_poisson_sampler *sampler)
{
    if (!sampler)
        return;
    for (int d = 0; d < DIGITS; d++)
        for (int i = 0; i < BASE; i++)
            free(sampler->tables[d][i]);
    free(sampler);
}

/* p(k) / p(mode) for k = first ... first + count - 1; returns their sum, smallest ones first. */
static double fill_weights(double mean, uint32_t first, uint32_t count, uint32_t mode, double *weights)
{
    double above = 0, below = 0;
    weights[mode - first] = 1;
    for (uint32_t k = mode; k > first; k--)
        weights[k - 1 - first] = weights[k - first] * k / mean;
    for (uint32_t k = mode; k + 1 < first + count; k++)
        weights[k + 1 - first] = weights[k - first] * mean / (k + 1);
    for (uint32_t k = first; k < mode; k++)
        below += weights[k - first];
    for (uint32_t k = first + count - 1; k > mode; k--)
        above += weights[k - first];
    return below + above + 1;
}

/* In units of 2^-64; what rounding leaves is the mode's, so that the sum is 2^64, which wraps to 0. */
static void fill_probabilities(const double *weights, double sum, uint32_t count, uint32_t mode, uint64_t *p)
{
    uint64_t total = 0;
    for (uint32_t i = 0; i < count; i++) {
        p[i] = (uint64_t)(weights[i] / sum * 0x1p64);
        total += p[i];
    }
    p[mode] -= total;
}

static table *finish(uint32_t first, uint32_t count, const uint64_t *p)
{
    while (count > 1 && p[count - 1] == 0)
        count--;
    uint32_t skip = 0;
    while (skip + 1 < count && p[skip] == 0)
        skip++;
    count -= skip;
    table *t = malloc(sizeof *t + count * sizeof t->below[0]);
    if (!t)
        return NULL;
    t->first = first + skip;
    t->count = count;
    uint64_t sum = 0;
    for (uint32_t i = 0; i < count; i++)
        t->below[i] = sum += p[skip + i];
    for (uint64_t byte = 0, i = 0; byte < BASE; byte++) {
        while (i + 1 < count && t->below[i] <= byte << 56)
            i++;
        t->guide[byte] = (uint32_t)i;
    }
    return t;
}

static table *make_table(double mean)
{
    double reach = 12 * sqrt(mean) + 30;
    uint32_t mode = (uint32_t)mean, first = mean > reach ? (uint32_t)(mean - reach) : 0;
    uint32_t count = (uint32_t)(mean + reach) + 1 - first;
    double *weights = calloc(count, sizeof *weights);
    uint64_t *p = calloc(count, sizeof *p);
    table *made = NULL;
    if (weights && p) {
        double sum = fill_weights(mean, first, count, mode, weights);
        fill_probabilities(weights, sum, count, mode - first, p);
        made = finish(first, count, p);
    }
    free(weights);
    free(p);
    return made;
}

bp_status bp_poisson_sampler_prepare(bp_context *ctx, bp_poisson_sampler *sampler, uint32_t mean)
{
    double unit = 1.0 / BP_POISSON_ONE;
    for (int d = 0; d < DIGITS; d++, unit *= BASE) {
        uint32_t digit = mean >> 8 * d & 0xff;
        table **slot = &sampler->tables[d][digit];
        if (digit && !*slot && !(*slot = make_table(digit * unit)))
            return bp_fail(ctx, BP_E_MEMORY, "no memory for tables of probabilities");
    }
    return BP_OK;
}

uint32_t bp_poisson_sample(const bp_poisson_sampler *sampler, uint32_t mean, bp_random *random)
{
    uint32_t sum = 0;
    for (int d = 0; d < DIGITS; d++) {
        uint32_t digit = mean >> 8 * d & 0xff;
        if (digit == 0)
            continue;
        const table *t = sampler->tables[d][digit];
        uint64_t word = bp_random_next(random);
        uint32_t k = t->guide[word >> 56];
        while (k + 1 < t->count && word >= t->below[k])
            k++;
        sum += t->first + k;
    }
    return sum;
}

uint32_t bp_poisson_sample_most(const bp_poisson_sampler *sampler, uint32_t mean)
{
    uint32_t sum = 0;
    for (int d = 0; d < DIGITS; d++) {
        const table *t = sampler->tables[d][mean >> 8 * d & 0xff];
        if (t)
            sum += t->first + t->count - 1;
    }
    return sum;
}
