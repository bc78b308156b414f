/* SPDX-License-Identifier: BSD-3-Clause */
#include "algo/multitau.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "algo/dot.h"

/* Frames of one level that later ones are still to be paired with. */
typedef struct level {
    double *frames; /* ring of `depth` frames, pixels in the order of groups */
    double *sums;   /* of each of them, per group */
    uint64_t count; /* frames that came by */
    double *half;   /* the first of two frames that make one of the next level */
    bool has_half;
    double *products, *befores, *afters; /* per delay and group */
    uint64_t *pairs;                     /* per delay */
} level;

struct bp_multitau {
    const bp_pixel_groups *groups;
    size_t group_count, pixel_count;
    unsigned first, last, level_count;
    level levels[BP_MULTITAU_MOST_LEVELS];
    size_t *lit; /* pixels that are not 0 */
    double *work;
};

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* The different positive labels, ascending. */
static size_t find_labels(const double *map, const uint8_t *excluded, size_t pixels, double *labels)
{
    size_t count = 0, different = 0;
    for (size_t i = 0; i < pixels; i++)
        if (!(excluded && excluded[i]) && (!map || map[i] > 0))
            labels[count++] = map ? map[i] : 1;
    qsort(labels, count, sizeof *labels, by_value);
    for (size_t i = 0; i < count; i++)
        if (different == 0 || labels[different - 1] != labels[i])
            labels[different++] = labels[i];
    return different;
}

static size_t region_of(const bp_pixel_groups *g, double label)
{
    const double *at = bsearch(&label, g->labels, g->regions, sizeof label, by_value);
    return at ? (size_t)(at - g->labels) : SIZE_MAX;
}

/* Pixels sorted by region, in the order of the frame; then each region cut into blocks. */
static void sort_pixels(bp_pixel_groups *g, size_t pixels, const double *map, const uint8_t *excluded,
                        size_t *place)
{
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < pixels; i++) {
            size_t region = excluded && excluded[i] ? SIZE_MAX : region_of(g, map ? map[i] : 1);
            if (region == SIZE_MAX)
                continue;
            if (pass == 0)
                place[region + 1]++;
            else
                g->pixels[place[region]++] = i;
        }
        for (size_t r = 0; pass == 0 && r < g->regions; r++)
            place[r + 1] += place[r];
    }
    /* place[r] is now the end of region r */
    for (size_t r = 0, begin = 0; r < g->regions; r++) {
        size_t size = place[r] - begin;
        for (size_t b = 0; b < g->blocks; b++)
            g->starts[r * g->blocks + b] = begin + size * b / g->blocks;
        begin = place[r];
    }
    g->starts[g->regions * g->blocks] = g->regions ? place[g->regions - 1] : 0;
}

bool bp_pixel_groups_init(bp_pixel_groups *g, size_t pixels, const double *map, const uint8_t *excluded,
                          size_t blocks)
{
    *g = (bp_pixel_groups){.blocks = blocks};
    g->labels = malloc((pixels + 1) * sizeof *g->labels);
    g->pixels = malloc((pixels + 1) * sizeof *g->pixels);
    if (!g->labels || !g->pixels)
        return false;
    g->regions = find_labels(map, excluded, pixels, g->labels);
    g->starts = calloc(g->regions * blocks + 1, sizeof *g->starts);
    size_t *place = calloc(g->regions + 2, sizeof *place);
    bool made = g->starts && place;
    if (made)
        sort_pixels(g, pixels, map, excluded, place);
    free(place);
    return made;
}

void bp_pixel_groups_fini(bp_pixel_groups *g)
{
    free(g->starts);
    free(g->pixels);
    free(g->labels);
    *g = (bp_pixel_groups){0};
}

/* The least delay of a level, in its own frames. */
static unsigned least_delay(const bp_multitau *m, unsigned l)
{
    return l == 0 ? m->first : m->first == 0 ? (m->last + 1) / 2 : m->last / 2 + 1;
}

static unsigned delay_count(const bp_multitau *m, unsigned l)
{
    return m->last - least_delay(m, l) + 1;
}

static bool level_init(const bp_multitau *m, level *v, unsigned l)
{
    size_t depth = m->last + 1, delays = delay_count(m, l);
    v->frames = calloc(depth * m->pixel_count + 1, sizeof *v->frames);
    v->half = calloc(m->pixel_count + 1, sizeof *v->half);
    v->sums = calloc(depth * m->group_count + 1, sizeof *v->sums);
    v->products = calloc(3 * delays * m->group_count + 1, sizeof *v->products);
    v->pairs = calloc(delays, sizeof *v->pairs);
    if (!v->frames || !v->half || !v->sums || !v->products || !v->pairs)
        return false;
    v->befores = v->products + delays * m->group_count;
    v->afters = v->befores + delays * m->group_count;
    return true;
}

bp_multitau *bp_multitau_new(const bp_pixel_groups *groups, unsigned first, unsigned last, unsigned levels)
{
    bp_multitau *m = calloc(1, sizeof *m);
    if (!m)
        return NULL;
    m->groups = groups;
    m->group_count = groups->regions * groups->blocks;
    m->pixel_count = groups->starts[m->group_count];
    m->first = first;
    m->last = last;
    m->level_count = levels < BP_MULTITAU_MOST_LEVELS ? levels : BP_MULTITAU_MOST_LEVELS;
    m->lit = malloc((m->pixel_count + 1) * sizeof *m->lit);
    m->work = malloc((m->pixel_count + 1) * sizeof *m->work);
    bool made = m->lit && m->work;
    for (unsigned l = 0; made && l < m->level_count; l++)
        made = level_init(m, &m->levels[l], l);
    if (!made) {
        bp_multitau_free(m);
        return NULL;
    }
    return m;
}

void bp_multitau_free(bp_multitau *m)
{
    if (!m)
        return;
    for (unsigned l = 0; l < m->level_count; l++) {
        free(m->levels[l].frames);
        free(m->levels[l].half);
        free(m->levels[l].sums);
        free(m->levels[l].products);
        free(m->levels[l].pairs);
    }
    free(m->lit);
    free(m->work);
    free(m);
}

static double *ring_frame(const bp_multitau *m, const level *v, uint64_t number)
{
    return v->frames + number % (m->last + 1) * m->pixel_count;
}

static double *ring_sums(const bp_multitau *m, const level *v, uint64_t number)
{
    return v->sums + number % (m->last + 1) * m->group_count;
}

/* Of the lit pixels only, while they are few. */
static double sparse_dot(const double *a, const double *b, const size_t *lit, size_t from, size_t to)
{
    double sum = 0;
    for (size_t i = from; i < to; i++)
        sum += a[lit[i]] * b[lit[i]];
    return sum;
}

/* Pairs the newest frame of a level with one that was `delay` frames earlier. */
static void pair(bp_multitau *m, level *v, unsigned slot, unsigned delay, size_t lit_count)
{
    uint64_t now = v->count - 1;
    const double *after = ring_frame(m, v, now), *before = ring_frame(m, v, now - delay);
    const double *sums_after = ring_sums(m, v, now), *sums_before = ring_sums(m, v, now - delay);
    size_t at = slot * m->group_count, lit = 0;
    bool sparse = lit_count < m->pixel_count / 4;
    for (size_t g = 0; g < m->group_count; g++) {
        size_t begin = m->groups->starts[g], end = m->groups->starts[g + 1], from = lit;
        while (sparse && lit < lit_count && m->lit[lit] < end)
            lit++;
        v->products[at + g] += sparse ? sparse_dot(after, before, m->lit, from, lit)
                                      : bp_dot(after + begin, before + begin, end - begin);
        v->befores[at + g] += sums_before[g];
        v->afters[at + g] += sums_after[g];
    }
    v->pairs[slot]++;
}

/* The frame stands in the ring already, as number count - 1. */
static void take(bp_multitau *m, unsigned l)
{
    level *v = &m->levels[l];
    uint64_t now = v->count - 1;
    const double *frame = ring_frame(m, v, now);
    double *sums = ring_sums(m, v, now);
    size_t lit_count = 0;
    for (size_t g = 0; g < m->group_count; g++) {
        sums[g] = 0;
        for (size_t i = m->groups->starts[g]; i < m->groups->starts[g + 1]; i++) {
            sums[g] += frame[i];
            m->lit[lit_count] = i;
            lit_count += frame[i] != 0;
        }
    }
    unsigned least = least_delay(m, l);
    for (unsigned delay = least; delay <= m->last && delay <= now; delay++)
        pair(m, v, delay - least, delay, lit_count);
    if (l + 1 >= m->level_count)
        return;
    if (!v->has_half) {
        memcpy(v->half, frame, m->pixel_count * sizeof *frame);
    } else {
        level *next = &m->levels[l + 1];
        double *mean = ring_frame(m, next, next->count++);
        for (size_t i = 0; i < m->pixel_count; i++)
            mean[i] = (v->half[i] + frame[i]) / 2;
        v->has_half = false;
        take(m, l + 1);
        return;
    }
    v->has_half = true;
}

void bp_multitau_add(bp_multitau *m, const double *frame)
{
    level *v = &m->levels[0];
    double *at = ring_frame(m, v, v->count++);
    for (size_t i = 0; i < m->pixel_count; i++)
        at[i] = frame[m->groups->pixels[i]];
    take(m, 0);
}

size_t bp_multitau_room(const bp_multitau *m)
{
    size_t room = 0;
    for (unsigned l = 0; l < m->level_count; l++)
        room += delay_count(m, l);
    return room;
}

/* Delay number i of those with pairs. */
static const level *find(const bp_multitau *m, size_t i, unsigned *slot)
{
    for (unsigned l = 0; l < m->level_count; l++)
        for (*slot = 0; *slot < delay_count(m, l); ++*slot)
            if (m->levels[l].pairs[*slot] > 0 && i-- == 0)
                return &m->levels[l];
    return NULL;
}

size_t bp_multitau_delays(const bp_multitau *m, double *delays)
{
    size_t count = 0;
    for (unsigned l = 0; l < m->level_count; l++)
        for (unsigned slot = 0; slot < delay_count(m, l); slot++)
            if (m->levels[l].pairs[slot] > 0)
                delays[count++] = ldexp(least_delay(m, l) + slot, (int)l);
    return count;
}

double bp_multitau_g2(const bp_multitau *m, size_t region, size_t i, size_t without_block)
{
    unsigned slot = 0;
    const level *v = find(m, i, &slot);
    double product = 0, before = 0, after = 0, pixels = 0;
    if (!v)
        return NAN;
    for (size_t b = 0; b < m->groups->blocks; b++) {
        size_t g = region * m->groups->blocks + b, at = slot * m->group_count + g;
        if (b == without_block)
            continue;
        product += v->products[at];
        before += v->befores[at];
        after += v->afters[at];
        pixels += (double)(m->groups->starts[g + 1] - m->groups->starts[g]);
    }
    double n = pixels * (double)v->pairs[slot];
    return before > 0 && after > 0 ? product * n / (before * after) : NAN;
}
