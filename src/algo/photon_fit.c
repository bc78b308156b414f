/* SPDX-License-Identifier: BSD-3-Clause
 * Counts have a width that their mean tells, and there the estimate of the mean is all; cameras have
 * correlated values, and there the prediction is fitted. Costs are integers in 1/65536 bit; floats hold exact
 * integers or are products that every machine rounds alike. */
#include "algo/photon_fit.h"

#include <stdlib.h>
#include <string.h>

#include "algo/photon_log.h"
#include "algo/photon_sample.h"
#include "kernel/kernel.h"
#include "kernel/photon_model.h"

#define SAMPLE_FEW  4096 /* pixels of a small frame */
#define SAMPLE_MANY 32768
#define LARGE_FRAME (1u << 20)
#define CELLS       128   /* of residuals, four an octave, half of them for those below 0 */
#define UNIT        64.0F /* a distance of the usual size, in moments */
#define MOST_UNITS  2047.0F

/* Gains that a slower model must bring, in 1/1024 of the cost. */
#define GAIN_WEIGHTS 1
#define GAIN_WINDOW  3

typedef struct trial {
    bp_photon_sample sample;
    uint8_t by_mean[BP_PHOTON_SAMPLE_ROOM], by_rough[BP_PHOTON_SAMPLE_ROOM], by_both[BP_PHOTON_SAMPLE_ROOM];
    uint16_t level[BP_PHOTON_SAMPLE_ROOM]; /* predictions as the model sees them */
    int16_t distance[BP_PHOTON_WEIGHTS][BP_PHOTON_SAMPLE_ROOM];
    uint8_t by_window[BP_PHOTON_SAMPLE_ROOM];
    float scratch[BP_PHOTON_SAMPLE_ROOM];
    uint16_t cell[BP_PHOTON_SAMPLE_ROOM];
    uint16_t counts[BP_PHOTON_CODES / 2][CELLS];
    bool large; /* few pixels have neighbours of small counts */
    int64_t best;
    bp_photon_model model;
} trial;

/* bp_photon_code in a form that compilers make vectors of: exact, the float has all bits. */
static inline uint32_t quick_code(uint32_t v, unsigned m)
{
    float f = (float)(int32_t)(v + (1u << m));
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    return (bits >> (23 - m)) - ((127 + m) << m);
}

static void code_sample(trial *t)
{
    const bp_photon_sample *s = &t->sample;
    for (size_t i = 0; i < s->count; i++)
        t->by_mean[i] = (uint8_t)quick_code(s->mean[i], 3);
    for (size_t i = 0; i < s->count; i++)
        t->by_rough[i] = (uint8_t)quick_code(s->rough[i], 3);
    for (size_t i = 0; i < s->count; i++)
        t->by_both[i] = (uint8_t)(quick_code(s->mean[i], 2) + quick_code(s->rough[i], 2));
}

/* Sizes of residuals by code. */
typedef struct sums {
    uint32_t count[BP_PHOTON_CODES];
    uint64_t sum[BP_PHOTON_CODES];
} sums;

static void sum_codes(const trial *t, const uint8_t *code, sums *out)
{
    const bp_photon_sample *s = &t->sample;
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < s->count; i++) {
        out->count[code[i]]++;
        out->sum[code[i]] += bp_photon_distance(s->value[i], s->mean[i]);
    }
}

/* Bits, times BP_PHOTON_LOG_UNIT, of the residuals when each two codes have a distribution of their own.
 * Pixels whose mean is below small are coded as they are. What few pixels gain by chance is added, and once
 * more for what such a guess loses. */
static int64_t cost_of(trial *t, const uint8_t *code, const uint16_t *level, uint32_t small)
{
    const bp_photon_sample *s = &t->sample;
    unsigned shift = t->model.shift, half = 1u << shift >> 1;
    uint32_t within = 0; /* bits of places within cells */
    for (size_t i = 0; i < s->count; i++) {
        uint32_t from = s->mean[i] < small ? 0 : (level[i] + half) >> shift,
                 value = (uint32_t)s->value[i] >> shift;
        uint32_t residual = value - from, negative = 0u - (residual >> 31);
        uint32_t cell = quick_code(residual ^ negative, 2);
        within += cell >> 2;
        t->cell[i] = (uint16_t)(((uint32_t)code[i] >> 1) * CELLS + (cell ^ (negative & (CELLS - 1))));
    }
    uint16_t *counts = (uint16_t *)t->counts; /* all codes in a row */
    memset(t->counts, 0, sizeof t->counts);
    for (size_t i = 0; i < s->count; i++)
        counts[t->cell[i]]++;
    int64_t cost = (int64_t)within * (int64_t)BP_PHOTON_LOG_UNIT;
    for (size_t c = 0; c < BP_PHOTON_CODES / 2; c++) {
        int32_t all = 0, sum = 0, used = 0;
        for (size_t i = 0; i < CELLS; i++)
            all += t->counts[c][i];
        if (!all)
            continue;
        for (size_t i = 0; i < CELLS; i++) {
            sum += bp_photon_weighted_log(t->counts[c][i]);
            used += t->counts[c][i] != 0;
        }
        cost += bp_photon_weighted_log((uint32_t)all) - sum + used * BP_PHOTON_CHANCE / 32;
    }
    return cost;
}

/* Takes the model when it is better than the best so far by that many 1/1024. */
static void offer(trial *t, const bp_photon_model *m, int64_t cost, unsigned gain)
{
    if (cost >= t->best - t->best / 1024 * gain)
        return;
    t->best = cost;
    t->model = *m;
}

static void try_kind(trial *t, const bp_photon_model *model, unsigned kind, const uint16_t *level,
                     unsigned gain)
{
    bp_photon_model m = *model;
    const uint8_t *code = kind == BP_PHOTON_BY_MEAN        ? t->by_mean
                          : kind == BP_PHOTON_BY_ROUGHNESS ? t->by_rough
                                                           : t->by_both;
    m.kind = (uint8_t)kind;
    uint32_t small = kind == BP_PHOTON_BY_MEAN ? (uint32_t)BP_PHOTON_SMALL << m.shift : 0;
    offer(t, &m, cost_of(t, code, level, small), gain);
}

static void try_windows(const bp_photon_plane *p, size_t pixels, trial *t)
{
    uint32_t small = (uint32_t)BP_PHOTON_SMALL << p->shift, above = 57 - bp_photon_code(small, 2);
    const uint16_t *window = t->sample.near[BP_PHOTON_WINDOW];
    for (uint8_t pace = 0; pace <= BP_PHOTON_MOST_PACE; pace++) {
        bp_photon_model m = {.kind = BP_PHOTON_BY_WINDOW, .shift = p->shift, .pace = pace};
        bp_photon_sample_windows(p, pixels, &m, &t->sample);
        for (size_t i = 0; i < t->sample.count; i++) {
            bool far = t->sample.mean[i] < small;
            uint32_t code = quick_code(far ? window[i] : t->sample.mean[i], 2);
            t->by_window[i] = (uint8_t)(far ? code : code + above);
        }
        offer(t, &m, cost_of(t, t->by_window, t->sample.mean, small),
              t->model.kind == BP_PHOTON_BY_WINDOW ? 0 : GAIN_WINDOW);
    }
}

/* Distances of neighbours from their pixel, in units of what is usual for the code of the pixel. */
static void scale_distances(trial *t, const uint8_t *code, size_t count)
{
    bp_photon_sample *s = &t->sample;
    sums usual;
    float scale[BP_PHOTON_CODES];
    sum_codes(t, code, &usual);
    uint64_t least = (1u << t->model.shift) / 4 + 1;
    for (size_t c = 0; c < BP_PHOTON_CODES; c++) {
        uint64_t n = usual.count[c], sum = usual.sum[c] + n * least;
        scale[c] = n ? UNIT * (float)n / (float)sum : 0.0F;
    }
    float *each = t->scratch;
    for (size_t i = 0; i < s->count; i++) { /* far from all that is usual, a pixel says nothing */
        float off = scale[code[i]] * (float)bp_photon_distance(s->value[i], s->mean[i]);
        each[i] = off < 4 * UNIT ? scale[code[i]] : 0.0F;
    }
    for (size_t k = 0; k < count; k++)
        for (size_t i = 0; i < s->count; i++) {
            float d = (float)(s->near[k][i] - s->value[i]) * each[i];
            d = d < MOST_UNITS ? d : MOST_UNITS;
            t->distance[k][i] = (int16_t)(d > -MOST_UNITS ? d : -MOST_UNITS);
        }
}

static int64_t product(const int16_t *a, const int16_t *b, size_t n)
{
    int64_t sum = 0;
    for (size_t from = 0; from < n; from += 256) { /* a part fits into 32 bits */
        int32_t part = 0;
        size_t end = from + 256 < n ? from + 256 : n;
        for (size_t i = from; i < end; i++)
            part += a[i] * b[i];
        sum += part;
    }
    return sum;
}

/* What moving step sixteenths from neighbour j to i changes. */
static int64_t change(int64_t m[BP_PHOTON_WEIGHTS][BP_PHOTON_WEIGHTS], const int64_t *slope, size_t i,
                      size_t j, int step)
{
    return 2 * step * (slope[i] - slope[j]) + step * step * (m[i][i] + m[j][j] - 2 * m[i][j]);
}

/* Those that are added last are not negative, so that no sum before saturates where values are near 0. */
static int least_weight(size_t i)
{
    return i == BP_PHOTON_W || i == BP_PHOTON_N || i == BP_PHOTON_NE || i == BP_PHOTON_WINDOW
               ? 0
               : -BP_PHOTON_MOST_WEIGHING;
}

static bool improve(int64_t m[BP_PHOTON_WEIGHTS][BP_PHOTON_WEIGHTS], size_t count, int step, int64_t *slope,
                    int8_t *weight)
{
    int64_t best = 0;
    size_t from = 0, to = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < count && weight[i] + step <= BP_PHOTON_MOST_WEIGHING; j++) {
            if (i == j || weight[j] - step < least_weight(j))
                continue;
            int64_t d = change(m, slope, i, j, step);
            if (d < best)
                best = d, to = i, from = j;
        }
    if (best == 0)
        return false;
    weight[to] = (int8_t)(weight[to] + step);
    weight[from] = (int8_t)(weight[from] - step);
    for (size_t k = 0; k < count; k++)
        slope[k] += step * (m[k][to] - m[k][from]);
    return true;
}

void bp_photon_weights_fit(int64_t m[BP_PHOTON_WEIGHTS][BP_PHOTON_WEIGHTS], size_t count, int8_t *weight)
{
    int64_t slope[BP_PHOTON_WEIGHTS] = {0};
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < count; j++)
            slope[i] += m[i][j] * weight[j];
    unsigned moves = 0;
    for (int step = 4; step > 0; step /= 2)
        while (moves < 64 && improve(m, count, step, slope, weight))
            moves++;
}

/* The weights' prediction, as the model sees it; sums are exact in floats. */
static void predict(trial *t, const int8_t *weight, size_t count)
{
    const bp_photon_sample *s = &t->sample;
    float *sum = t->scratch;
    for (size_t i = 0; i < s->count; i++)
        sum[i] = 8.0F;
    for (size_t k = 0; k < count; k++) {
        float w = weight[k];
        for (size_t i = 0; i < s->count && weight[k]; i++)
            sum[i] += w * s->near[k][i];
    }
    for (size_t i = 0; i < s->count; i++) {
        float level = sum[i] < 0.0F ? 0.0F : sum[i] < 1048560.0F ? sum[i] : 1048560.0F; /* 16 * 65535 */
        t->level[i] = (uint16_t)((int32_t)level >> 4);
    }
}

static void try_weights(const bp_photon_plane *p, size_t pixels, bool rough, trial *t)
{
    const bp_photon_model far = {.shift = p->shift, .pace = 1, .weighted = true};
    int64_t moments[BP_PHOTON_WEIGHTS][BP_PHOTON_WEIGHTS];
    bp_photon_sample_windows(p, pixels, &far, &t->sample);
    scale_distances(t, rough ? t->by_rough : t->by_mean, BP_PHOTON_WEIGHTS);
    for (size_t i = 0; i < BP_PHOTON_WEIGHTS; i++)
        for (size_t j = 0; j <= i; j++)
            moments[i][j] = moments[j][i] = product(t->distance[i], t->distance[j], t->sample.count);
    for (size_t count = BP_PHOTON_WEIGHTS - 1; count <= BP_PHOTON_WEIGHTS; count++) {
        bp_photon_model m = far;
        memcpy(m.weight, (const int8_t[BP_PHOTON_WEIGHTS]){4, 4, 4, 0, 1, 1, 1, 1}, sizeof m.weight);
        bp_photon_weights_fit(moments, count, m.weight);
        if (count == BP_PHOTON_WEIGHTS && !m.weight[BP_PHOTON_WINDOW])
            break;
        predict(t, m.weight, count);
        unsigned kind = t->model.kind == BP_PHOTON_BY_WINDOW ? BP_PHOTON_BY_MEAN : t->model.kind;
        try_kind(t, &m, kind, t->level, count == BP_PHOTON_WEIGHTS ? GAIN_WINDOW : GAIN_WEIGHTS);
        if (count < BP_PHOTON_WEIGHTS && kind != BP_PHOTON_BY_BOTH)
            try_kind(t, &m, BP_PHOTON_BY_BOTH, t->level, 0);
    }
}

static size_t small_count(const trial *t)
{
    size_t n = 0;
    for (size_t i = 0; i < t->sample.count; i++)
        n += t->sample.mean[i] < (uint32_t)BP_PHOTON_SMALL << t->model.shift;
    return n;
}

/* Do pixels take less than half a bit? */
static bool is_sparse(const trial *t)
{
    return t->best < (int64_t)t->sample.count * (int64_t)BP_PHOTON_LOG_UNIT / 2;
}

static void start_trial(const bp_photon_plane *p, size_t pixels, trial *t)
{
    t->best = INT64_MAX;
    t->model = (bp_photon_model){.shift = p->shift};
    bp_photon_sample_take(p, pixels, &t->sample);
    code_sample(t);
    t->large = small_count(t) < t->sample.count / 4;
    const bp_photon_model plain = t->model;
    try_kind(t, &plain, BP_PHOTON_BY_MEAN, t->sample.mean, 0);
}

bool bp_photon_model_choose(const bp_photon_plane *p, bp_photon_model *model, bool *sparse)
{
    size_t pixels = p->height * p->width < LARGE_FRAME ? SAMPLE_FEW : SAMPLE_MANY;
    trial *t = malloc(sizeof *t);
    if (!t)
        return false;
    const bp_photon_model plain = {.shift = p->shift};
    start_trial(p, pixels, t);
    if (is_sparse(t)) /* little is to be seen in few pixels */
        start_trial(p, pixels = SAMPLE_MANY, t);
    try_kind(t, &plain, BP_PHOTON_BY_ROUGHNESS, t->sample.mean, 0);
    bool rough = t->model.kind == BP_PHOTON_BY_ROUGHNESS;
    if (!t->large)
        try_windows(p, pixels, t);
    if (small_count(t) < t->sample.count / 2)
        try_weights(p, pixels, rough, t);
    *model = t->model;
    *sparse = is_sparse(t);
    free(t);
    return true;
}
