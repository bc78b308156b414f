/* SPDX-License-Identifier: BSD-3-Clause
 * The same crystal measured again and again, made from one experiment. What is quadratic in the noise has its
 * true share in that; a jackknife counts it twice (B. Efron, C. Stein, Ann. Stat. 9 (1981) 586). */
#include <math.h>
#include <stdlib.h>

#include "algo/half_sets.h"
#include "base/random.h"

#define WORDS         4
#define REPEATS       (WORDS * 64)          /* the first only lends its reflections to the next */
#define LEAST_REPEATS (0.9 * (REPEATS - 1)) /* that must be defined */
#define SEED          UINT64_C(0x68616c76)

/* Noise of a reflection with two spots is known from their difference alone. Times 0 (four of ten) or +-this
 * it scatters as noise of a normal distribution does: its square exactly, its size within 5 %. */
#define PAIR_ZERO 0.4
#define PAIR_SIZE 1.2909944487358056 /* sqrt(1 / 0.6) */

/* A few spots tell little of a reflection's own noise, and what is quadratic in that would be too large: two
 * degrees of freedom more come from the reflections next to it in intensity. */
#define NEIGHBOURS 17
#define BORROWED   2.0

typedef struct ranked {
    double mean, square,
        size; /* square: sum of squares of the residuals; size: what noise goes by, squared */
    double freedom;
    size_t at;
} ranked;

typedef struct repeats {
    const bp_half_data *data;
    size_t shells;
    double *noise;     /* of each spot, as a part of the mean of its half */
    double *crystal;   /* of each reflection */
    double *now[2];    /* both halves of a repeat */
    double *before[2]; /* of the last one */
    double *mixed[2];  /* with reflections exchanged */
    uint64_t *signs;   /* WORDS for each shot */
    double *moments;   /* count, mean, sum of squares of each figure of each shell */
} repeats;

static int by_mean(const void *a, const void *b)
{
    const ranked *x = a, *y = b;
    return x->mean < y->mean ? -1 : x->mean > y->mean ? 1 : x->at < y->at ? -1 : x->at > y->at;
}

static void scale_noise(repeats *r, const ranked *one, double model)
{
    const bp_half_reflection *reflection = &r->data->list[one->at];
    double variance = (one->square + BORROWED * model) / (one->freedom + BORROWED);
    double factor = one->square > 0 ? sqrt(variance * one->freedom / one->square) : 1;
    for (size_t k = reflection->first; k < reflection->first + reflection->count; k++)
        r->noise[k] *= factor;
}

/* Variances lean on those of neighbours in intensity, some of them constant, some in proportion to it. */
static void borrow_noise(repeats *r, size_t first, size_t last, ranked *list)
{
    size_t n = last - first, window = n < NEIGHBOURS ? n : NEIGHBOURS;
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += list[i].mean * list[i].mean / (double)n;
    for (size_t i = 0; i < n; i++)
        list[i].size = sum + list[i].mean * list[i].mean;
    qsort(list, n, sizeof *list, by_mean);
    for (size_t i = 0; sum > 0 && i < n; i++) {
        size_t from = i < window / 2 ? 0 : i - window / 2;
        double above = 0, below = 0;
        from = from + window > n ? n - window : from;
        for (size_t k = from; k < from + window; k++) {
            above += list[k].square / list[k].size;
            below += list[k].freedom;
        }
        scale_noise(r, &list[i], above / below * list[i].size);
    }
}

/* Noise of the spots and the crystal without it, shell by shell; now holds the halves' means. */
static void part_noise(repeats *r, size_t first, size_t last, ranked *list)
{
    const bp_half_data *d = r->data;
    double n = (double)(last - first), mean[3] = {0, 0, 0}, shared = 0, scatter = 0;
    for (size_t i = first; i < last; i++) {
        const bp_half_spot *spot = d->spots + d->list[i].first;
        double spots[2] = {0, 0}, sum = 0, all = (double)d->list[i].count;
        for (size_t k = 0; k < d->list[i].count; k++) {
            spots[spot[k].half]++;
            sum += spot[k].intensity;
        }
        r->crystal[i] = sum / all;
        list[i - first] = (ranked){.mean = sum / all, .freedom = all - 1, .at = i};
        for (size_t k = 0; k < d->list[i].count; k++) {
            double residual = spot[k].intensity - sum / all;
            list[i - first].square += residual * residual;
            r->noise[d->list[i].first + k] = residual * sqrt(all / (all - 1)) / spots[spot[k].half];
        }
        mean[0] += r->now[0][i] / n;
        mean[1] += r->now[1][i] / n;
        mean[2] += r->crystal[i] / n;
    }
    for (size_t i = first; i < last; i++) {
        shared += (r->now[0][i] - mean[0]) * (r->now[1][i] - mean[1]);
        scatter += (r->crystal[i] - mean[2]) * (r->crystal[i] - mean[2]);
    }
    if (d->shots)
        borrow_noise(r, first, last, list);
    double keep = shared > 0 ? fmin(1, sqrt(shared / scatter)) : 0;
    for (size_t i = first; i < last; i++)
        r->crystal[i] = mean[2] + keep * (r->crystal[i] - mean[2]);
}

static void draw_signs(repeats *r)
{
    for (size_t shot = 0; shot < r->data->shots; shot++) {
        bp_random random;
        bp_random_init(&random, SEED, shot);
        for (size_t w = 0; w < WORDS; w++)
            r->signs[WORDS * shot + w] = bp_random_next(&random);
    }
}

static void measure_shots(repeats *r, size_t repeat)
{
    const bp_half_data *d = r->data;
    const uint64_t *word = r->signs + repeat / 64;
    for (size_t i = 0; i < d->count; i++) {
        double noise[2] = {0, 0};
        for (size_t k = d->list[i].first; k < d->list[i].first + d->list[i].count; k++) {
            bool turned = word[WORDS * d->spots[k].shot] >> repeat % 64 & 1;
            noise[d->spots[k].half] += turned ? -r->noise[k] : r->noise[k];
        }
        r->now[0][i] = r->crystal[i] + noise[0];
        r->now[1][i] = r->crystal[i] + noise[1];
    }
}

static double pair_factor(bp_random *random)
{
    double draw = bp_random_uniform(random);
    return draw < PAIR_ZERO ? 0 : draw < (1 + PAIR_ZERO) / 2 ? PAIR_SIZE : -PAIR_SIZE;
}

/* The sum of the two and their difference have noise of their own. */
static void measure_pairs(repeats *r, bp_random *random)
{
    const bp_half_data *d = r->data;
    for (size_t i = 0; i < d->count; i++) {
        double half = r->noise[d->list[i].first] / sqrt(2);
        double sum = half * pair_factor(random), difference = half * pair_factor(random);
        r->now[0][i] = r->crystal[i] + sum + difference;
        r->now[1][i] = r->crystal[i] + sum - difference;
    }
}

/* In another experiment some reflections are not seen, and others that were not. The one that comes is like
 * any other of its shell, which leaves each exchange with twice the scatter that one going alone has. */
static void exchange(repeats *r, size_t first, size_t last, bp_random *random)
{
    double share = (1 - (1 - r->data->lost) * (1 - r->data->lost)) / 2;
    for (size_t i = first; i < last; i++) {
        bool goes = share > 0 && bp_random_uniform(random) < share;
        size_t other = goes ? first + (size_t)(bp_random_uniform(random) * (double)(last - first)) : i;
        for (size_t half = 0; half < 2; half++)
            r->mixed[half][i] = goes ? r->before[half][other] : r->now[half][i];
    }
}

static void add_figures(repeats *r, size_t shell, size_t first, size_t last)
{
    double figures[BP_HALF_COUNT];
    bp_half_sets(r->mixed[0] + first, r->mixed[1] + first, last - first, figures);
    for (size_t k = 0; k < BP_HALF_COUNT; k++) {
        double *m = r->moments + 3 * (k * r->shells + shell);
        if (!isfinite(figures[k]))
            continue;
        double away = figures[k] - m[1];
        m[1] += away / ++m[0];
        m[2] += away * (figures[k] - m[1]);
    }
}

static void repeat_once(repeats *r, size_t repeat)
{
    bp_random random;
    bp_random_init(&random, SEED + 1, repeat);
    if (r->data->shots)
        measure_shots(r, repeat);
    else
        measure_pairs(r, &random);
    for (size_t shell = 0; repeat > 0 && shell < r->shells; shell++) {
        size_t first = bp_half_shell(r->data, r->shells, shell);
        size_t last = bp_half_shell(r->data, r->shells, shell + 1);
        exchange(r, first, last, &random);
        add_figures(r, shell, first, last);
    }
    for (size_t half = 0; half < 2; half++) {
        double *now = r->now[half];
        r->now[half] = r->before[half];
        r->before[half] = now;
    }
}

bool bp_half_repeat(const bp_half_data *data, size_t shells, double *sigmas)
{
    size_t n = data->count, figures = BP_HALF_COUNT * shells;
    repeats r = {.data = data, .shells = shells};
    double *room = r.noise = calloc(data->spot_count + 7 * n + 3 * figures + 1, sizeof *room);
    r.signs = malloc((WORDS * data->shots + 1) * sizeof *r.signs);
    ranked *list = calloc(n + 1, sizeof *list);
    bool done = room && r.signs && list;
    if (done) {
        r.crystal = room + data->spot_count;
        for (size_t half = 0; half < 2; half++) {
            r.now[half] = r.crystal + (1 + half) * n;
            r.before[half] = r.crystal + (3 + half) * n;
            r.mixed[half] = r.crystal + (5 + half) * n;
        }
        r.moments = r.crystal + 7 * n;
        bp_half_means(data, SIZE_MAX, r.now[0], r.now[1]);
        for (size_t shell = 0; shell < shells; shell++)
            part_noise(&r, bp_half_shell(data, shells, shell), bp_half_shell(data, shells, shell + 1), list);
        draw_signs(&r);
        for (size_t repeat = 0; repeat < REPEATS; repeat++)
            repeat_once(&r, repeat);
    }
    for (size_t i = 0; done && i < figures; i++) {
        const double *m = r.moments + 3 * i;
        sigmas[i] = m[0] > LEAST_REPEATS ? sqrt(m[2] / (m[0] - 1)) : NAN;
    }
    free(list);
    free(r.signs);
    free(room);
    return done;
}
