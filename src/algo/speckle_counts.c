/* SPDX-License-Identifier: BSD-3-Clause */
#include "algo/speckle_counts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct level {
    double *half; /* the first of two exposures that make one of the next level */
    bool has_half;
    double *sums, *squares; /* per group */
    uint64_t exposures;
} level;

struct bp_speckle_counts {
    const bp_pixel_groups *groups;
    size_t group_count, pixel_count;
    unsigned level_count;
    level levels[BP_SPECKLE_LEVELS];
    double *now;        /* the exposure at hand, pixels in the order of groups */
    double *histograms; /* per group */
    bool whole;
    size_t most;
};

static bool level_init(level *v, size_t groups, size_t pixels)
{
    v->half = malloc((pixels + 1) * sizeof *v->half);
    v->sums = calloc(2 * groups + 1, sizeof *v->sums);
    v->squares = v->sums ? v->sums + groups : NULL;
    return v->half && v->sums;
}

bp_speckle_counts *bp_speckle_counts_new(const bp_pixel_groups *groups, unsigned levels)
{
    bp_speckle_counts *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->groups = groups;
    c->group_count = groups->regions * groups->blocks;
    c->pixel_count = groups->starts[c->group_count];
    c->level_count = levels < BP_SPECKLE_LEVELS ? levels : BP_SPECKLE_LEVELS;
    c->whole = true;
    c->now = malloc((c->pixel_count + 1) * sizeof *c->now);
    c->histograms = calloc(c->group_count * BP_SPECKLE_COUNTS + 1, sizeof *c->histograms);
    bool made = c->now && c->histograms;
    for (unsigned l = 0; made && l < c->level_count; l++)
        made = level_init(&c->levels[l], c->group_count, c->pixel_count);
    if (made)
        return c;
    bp_speckle_counts_free(c);
    return NULL;
}

void bp_speckle_counts_free(bp_speckle_counts *c)
{
    if (!c)
        return;
    for (unsigned l = 0; l < c->level_count; l++) {
        free(c->levels[l].half);
        free(c->levels[l].sums);
    }
    free(c->now);
    free(c->histograms);
    free(c);
}

static void take_moments(const bp_speckle_counts *c, level *v)
{
    for (size_t g = 0; g < c->group_count; g++)
        for (size_t i = c->groups->starts[g]; i < c->groups->starts[g + 1]; i++) {
            v->sums[g] += c->now[i];
            v->squares[g] += c->now[i] * c->now[i];
        }
    v->exposures++;
}

static void take_histogram(bp_speckle_counts *c)
{
    for (size_t g = 0; g < c->group_count; g++) {
        double *histogram = c->histograms + g * BP_SPECKLE_COUNTS;
        for (size_t i = c->groups->starts[g]; i < c->groups->starts[g + 1]; i++) {
            double value = c->now[i];
            if (!(value >= 0 && value == floor(value))) {
                c->whole = false;
                return;
            }
            size_t k = value < BP_SPECKLE_COUNTS ? (size_t)value : BP_SPECKLE_COUNTS;
            if (k < BP_SPECKLE_COUNTS)
                histogram[k]++;
            c->most = k > c->most ? k : c->most;
        }
    }
}

void bp_speckle_counts_add(bp_speckle_counts *c, const double *frame)
{
    for (size_t i = 0; i < c->pixel_count; i++)
        c->now[i] = frame[c->groups->pixels[i]];
    if (c->whole)
        take_histogram(c);
    for (unsigned l = 0; l < c->level_count; l++) {
        level *v = &c->levels[l];
        take_moments(c, v);
        v->has_half = !v->has_half;
        if (v->has_half) {
            memcpy(v->half, c->now, c->pixel_count * sizeof *c->now);
            return;
        }
        for (size_t i = 0; i < c->pixel_count; i++)
            c->now[i] += v->half[i];
    }
}

bool bp_speckle_counts_whole(const bp_speckle_counts *c)
{
    return c->whole;
}

size_t bp_speckle_counts_most(const bp_speckle_counts *c)
{
    return c->most < BP_SPECKLE_COUNTS ? c->most : BP_SPECKLE_COUNTS - 1;
}

static double pixels_of(const bp_speckle_counts *c, size_t g)
{
    return (double)(c->groups->starts[g + 1] - c->groups->starts[g]);
}

void bp_speckle_counts_moments(const bp_speckle_counts *c, size_t region, unsigned l, size_t without,
                               double *mean, double *contrast)
{
    const level *v = &c->levels[l];
    double sum = 0, squares = 0, n = 0;
    for (size_t b = 0; b < c->groups->blocks; b++) {
        size_t g = region * c->groups->blocks + b;
        if (b == without)
            continue;
        sum += v->sums[g];
        squares += v->squares[g];
        n += pixels_of(c, g) * (double)v->exposures;
    }
    *mean = n > 0 ? sum / n : (double)NAN;
    double variance = squares / n - *mean * *mean;
    *contrast = *mean > 0 ? (variance - *mean) / (*mean * *mean) : (double)NAN;
}

void bp_speckle_counts_shares(const bp_speckle_counts *c, size_t region, size_t without, double *shares)
{
    double n = 0;
    memset(shares, 0, BP_SPECKLE_COUNTS * sizeof *shares);
    for (size_t b = 0; b < c->groups->blocks; b++) {
        size_t g = region * c->groups->blocks + b;
        if (b == without)
            continue;
        n += pixels_of(c, g) * (double)c->levels[0].exposures;
        for (size_t k = 0; k < BP_SPECKLE_COUNTS; k++)
            shares[k] += c->histograms[g * BP_SPECKLE_COUNTS + k];
    }
    for (size_t k = 0; k < BP_SPECKLE_COUNTS; k++)
        shares[k] = n > 0 ? shares[k] / n : (double)NAN;
}

double bp_low_count_contrast(const double *shares)
{
    return shares[1] > 0 ? 2 * shares[2] * (1 - shares[1]) / (shares[1] * shares[1]) - 1 : (double)NAN;
}

double bp_negative_binomial(unsigned k, double mean, double modes)
{
    double p = exp(-modes * log1p(mean / modes)), ratio = mean / (mean + modes);
    for (unsigned i = 1; i <= k; i++)
        p *= (modes + i - 1) / i * ratio;
    return p;
}
