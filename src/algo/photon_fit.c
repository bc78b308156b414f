/* SPDX-License-Identifier: BSD-3-Clause
 * Counts have a width that their mean tells, and there the estimate of the mean is all; cameras have
 * correlated values, and there the prediction is fitted. Costs are integers in 1/65536 bit; floats hold exact
 * integers or are products that every machine rounds alike. */
#include "algo/photon_fit.h"

#include <string.h>

#include "algo/photon_sample.h"
#include "base/scratch.h"
#include "kernel/kernel.h"
#include "kernel/photon_log.h"
#include "kernel/photon_model.h"

#define SAMPLE_FEW  4096 /* pixels of a small frame */
#define SAMPLE_MANY 32768
#define LARGE_FRAME (1u << 20)
#define GROUPS      (BP_PHOTON_CODES / 2) /* of codes that share a distribution */
#define UNIT        64.0F                 /* a distance of the usual size, in moments */

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
    uint16_t counts[BP_PHOTON_COPIES][GROUPS * BP_PHOTON_CELLS];
    bool large; /* few pixels have neighbours of small counts */
    int64_t best;
    bp_photon_model model;
} trial;

static const bp_photon_choice *kernels(void)
{
    return bp_kernels_get()->photon_choice;
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

static void count_cells(trial *t)
{
    size_t count = t->sample.count, whole = count & ~(size_t)(BP_PHOTON_COPIES - 1);
    const uint16_t *cell = t->cell;
    memset(t->counts, 0, sizeof t->counts);
    for (size_t i = 0; i < whole; i += BP_PHOTON_COPIES)
        for (size_t k = 0; k < BP_PHOTON_COPIES; k++)
            t->counts[k][cell[i + k]]++;
    for (size_t i = whole; i < count; i++)
        t->counts[0][cell[i]]++;
}

/* Bits, times BP_PHOTON_LOG_UNIT, of the residuals when each two codes have a distribution of their own.
 * Pixels whose mean is below small are coded as they are. What few pixels gain by chance is added, and once
 * more for what such a guess loses. */
static int64_t cost_of(trial *t, const uint8_t *code, const uint16_t *level, uint32_t small)
{
    const bp_photon_sample *s = &t->sample;
    uint32_t within =
        kernels()->cells(s->value, s->mean, level, code, s->count, t->model.shift, small, t->cell);
    int64_t cost = (int64_t)within * (int64_t)BP_PHOTON_LOG_UNIT;
    count_cells(t);
    for (size_t c = 0; c < GROUPS; c++) {
        uint32_t row[BP_PHOTON_CELLS];
        int32_t used, sum;
        uint32_t all =
            kernels()->add_copies(t->counts[0] + c * BP_PHOTON_CELLS, GROUPS * BP_PHOTON_CELLS, row);
        if (!all)
            continue;
        sum = kernels()->logs(row, BP_PHOTON_CELLS, &used);
        cost += bp_photon_weighted_log(all) - sum + used * BP_PHOTON_CHANCE / 32;
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
        kernels()->window_codes(t->sample.mean, window, t->sample.count, small, above, t->by_window);
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
        kernels()->distances(s->near[k], s->value, each, s->count, t->distance[k]);
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

/* The weights' prediction, as the model sees it. */
static void predict(trial *t, const int8_t *weight, size_t count)
{
    const bp_photon_sample *s = &t->sample;
    const uint16_t *near[BP_PHOTON_WEIGHTS];
    for (size_t k = 0; k < BP_PHOTON_WEIGHTS; k++)
        near[k] = s->near[k];
    kernels()->level(near, weight, count, s->count, t->scratch, t->level);
}

static void try_weights(const bp_photon_plane *p, size_t pixels, bool rough, trial *t)
{
    const bp_photon_model far = {.shift = p->shift, .pace = 1, .weighted = true};
    int64_t moments[BP_PHOTON_WEIGHTS][BP_PHOTON_WEIGHTS];
    bp_photon_sample_windows(p, pixels, &far, &t->sample);
    scale_distances(t, rough ? t->by_rough : t->by_mean, BP_PHOTON_WEIGHTS);
    for (size_t i = 0; i < BP_PHOTON_WEIGHTS; i++)
        for (size_t j = 0; j <= i; j++)
            moments[i][j] = moments[j][i] =
                kernels()->product(t->distance[i], t->distance[j], t->sample.count);
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
    kernels()->codes(t->sample.mean, t->sample.rough, t->sample.count, t->by_mean, t->by_rough, t->by_both);
    t->large = small_count(t) < t->sample.count / 4;
    const bp_photon_model plain = t->model;
    try_kind(t, &plain, BP_PHOTON_BY_MEAN, t->sample.mean, 0);
}

bool bp_photon_model_choose(bp_context *ctx, const bp_photon_plane *p, bp_photon_model *model, bool *sparse)
{
    size_t pixels = p->height * p->width < LARGE_FRAME ? SAMPLE_FEW : SAMPLE_MANY;
    trial *t = bp_scratch_take(ctx, sizeof *t);
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
    bp_scratch_give(ctx, t);
    return true;
}
