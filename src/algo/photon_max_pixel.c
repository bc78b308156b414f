/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "algo/photon_max_pixel.h"

/* weights that mixes start from, in 1/16384 */
#define FEW_START  3500
#define SIDE_START 5700
#define SIZE_START 5700
#define ALWAYS     static inline __attribute__((always_inline))

static void start_mix(int32_t (*mix)[BP_MAX_INPUTS], size_t count, int32_t weight)
{
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < BP_MAX_INPUTS; k++)
            mix[i][k] = weight;
}

void bp_max_state_start(bp_max_state *s)
{
    bp_max_tables_start(&s->tables);
    uint32_t *slots = (uint32_t *)&s->slots;
    for (size_t i = 0; i < sizeof s->slots / sizeof *slots; i++)
        slots[i] = BP_MAX_HALF;
    start_mix(s->few_mix, BP_MAX_CLASSES * BP_MAX_UNARY, FEW_START);
    start_mix(s->side_mix, BP_MAX_CLASSES, SIDE_START);
    start_mix(s->size_mix, BP_MAX_CLASSES * BP_MAX_UNARY, SIZE_START);
    memset(s->scales, 0, sizeof s->scales);
    for (unsigned i = 0; i < 64; i++)
        s->inverse[i] = (int16_t)(65536 / (64 + i));
}

/* log2 in steps of 1/2, 1/4, 1/8 that are cut linearly; small values themselves. */
ALWAYS unsigned log_2(uint64_t v)
{
    if (v < 2)
        return (unsigned)v;
    unsigned top = 63 - (unsigned)__builtin_clzll(v);
    return top << 1 | (unsigned)(v >> (top - 1) & 1);
}

ALWAYS unsigned log_4(uint64_t v)
{
    if (v < 4)
        return (unsigned)v;
    unsigned top = 63 - (unsigned)__builtin_clzll(v);
    return (top - 1) << 2 | (unsigned)(v >> (top - 2) & 3);
}

ALWAYS unsigned log_8(uint64_t v)
{
    if (v < 8)
        return (unsigned)v;
    unsigned top = 63 - (unsigned)__builtin_clzll(v);
    return (top - 2) << 3 | (unsigned)(v >> (top - 3) & 7);
}

ALWAYS unsigned capped(unsigned v, unsigned most)
{
    return v < most ? v : most;
}

/* What is known of a pixel: neighbours and what was missed there; distances from the prediction. */
typedef struct view {
    int64_t mean;          /* prediction, fraction of 14 bits */
    uint64_t around, size; /* expected distance from it: of the errors around, of the context; 8 bits */
    const uint32_t *r, *n, *nn;
    int64_t inverse; /* of size, for quarters */
    unsigned inverse_shift, top;
    size_t column, at; /* at: in planes of frames */
    bp_max_scale *scale;
} view;

/* Quarters of the expected distance that d is away from the prediction, from -12 to 11, plus 12. */
ALWAYS unsigned quarters(const view *v, int64_t d)
{
    int64_t q = ((d - v->mean) >> (BP_MAX_FRACTION - 8)) * v->inverse >> v->inverse_shift;
    return (unsigned)((q < -12 ? -12 : q > 11 ? 11 : q) + 12);
}

/* -1.5, -0.25, 0.25 and 1.5 of the expected distance */
ALWAYS unsigned rank_5(const view *v, int64_t d)
{
    static const uint8_t ranks[24] = {0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 3, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4};
    return ranks[quarters(v, d)];
}

/* -2, -1, -0.25, 0.25, 1 and 2 of it */
ALWAYS unsigned rank_7(const view *v, int64_t d)
{
    static const uint8_t ranks[24] = {0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 3, 3, 4, 4, 4, 5, 5, 5, 5, 6, 6, 6, 6};
    return ranks[quarters(v, d)];
}

ALWAYS unsigned few(uint32_t v)
{
    return v < 2 ? v : 2;
}

/* What is above the unary sizes: the number of its bits, then the bits. */
ALWAYS uint64_t code_rest(bp_max_state *s, bool decoding, unsigned kind, uint64_t rest)
{
    unsigned bits = decoding ? 0 : 63 - (unsigned)__builtin_clzll(rest + 1), n = 0;
    while (n < 40 && bp_max_slot_bit(s, decoding, &s->slots.escape[kind][n], n < bits))
        n++;
    unsigned high = n > 32 ? n - 32 : 0;
    uint64_t low = bp_max_plain(&s->coder, decoding, n - high,
                                (uint32_t)((rest + 1) & (((uint64_t)1 << (n - high)) - 1)));
    uint64_t top =
        bp_max_plain(&s->coder, decoding, high, (uint32_t)((rest + 1) >> 32 & (((uint64_t)1 << high) - 1)));
    return (((uint64_t)1 << n) | top << 32 | low) - 1;
}

ALWAYS void look(bp_max_state *s, view *v, size_t row, size_t c)
{
    const bp_max_plane *p = &s->plane;
    int64_t mean = bp_max_predict(p, c, &s->weights), most = BP_MAX_SCALED(s->most);
    v->mean = mean < 0 ? 0 : mean > most ? most : mean;
    v->r = p->rows[0] + c;
    v->n = p->rows[1] + c;
    v->nn = p->rows[2] + c;
    v->column = c;
    v->at = (row + 1) * p->stride + BP_MAX_PAD + c;
    const uint32_t *e0 = p->error[0] + c, *e1 = p->error[1] + c, *e2 = p->error[2] + c;
    uint64_t around = (2 * ((uint64_t)e0[-1] + e1[0]) + e1[1] + e1[-1] + e0[-2] + e2[0]) << 1;
    if (p->frame)
        around = (around + 16 * (uint64_t)p->spread[v->at]) >> 1;
    v->around = around;
    v->scale = &s->scales[capped(log_2(around >> 2), BP_MAX_SCALES - 1) * BP_MAX_SCALES +
                          capped(log_2((uint64_t)v->mean >> 2), BP_MAX_SCALES - 1)];
    v->size = v->scale->count ? v->scale->mean : around + 1;
    v->top = 63 - (unsigned)__builtin_clzll(v->size);
    v->inverse = s->inverse[(v->top < 6 ? v->size << (6 - v->top) : v->size >> (v->top - 6)) & 63];
    v->inverse_shift = v->top + 8;
}

/* Few counts: the value itself, one decision for each step. */
ALWAYS uint32_t code_few(bp_max_state *s, bool decoding, const view *v, uint32_t value)
{
    const bp_max_plane *p = &s->plane;
    bp_max_slots *t = &s->slots;
    const uint32_t *r = v->r, *n = v->n, *nn = v->nn;
    const unsigned down = BP_MAX_FRACTION + 8 - 12;
    unsigned near = log_8((uint64_t)p->wide[1][v->column] >> down),
             far = log_8((uint64_t)p->wide[2][v->column] >> down);
    unsigned sum = few(r[-1]) + few(n[0]) + few(n[-1]) + few(n[1]);
    unsigned wider = few(nn[1]) + few(nn[-1]) + few(nn[0]) + few(n[2]) + few(n[-2]) + few(r[-2]) + few(r[-3]);
    unsigned at[BP_MAX_INPUTS];
    at[0] =
        ((((few(r[-1]) * 3 + few(n[0])) * 3 + few(n[-1])) * 3 + few(n[1])) * 3 + few(r[-2])) * 3 + few(nn[0]);
    at[1] = capped(log_8((uint64_t)v->mean >> 2), 127) * 8 +
            (p->frame ? capped(log_2(p->spread[v->at]), 7) : capped(wider, 7));
    at[2] = capped(far, 111) * 9 + sum;
    at[3] = capped(near >> 1, 31) * 32 + capped(log_4((uint64_t)p->left >> down), 31);
    at[4] = (capped(r[-1], 15) * 16 + capped(n[0], 15)) * 4 + (n[1] > 0) * 2u + (n[-1] > 0);
    at[5] = capped(wider + sum, 24) * 32 + capped(far >> 2, 31);
    unsigned class = capped(far >> 3, 7) + (sum > 0 ? 8 : 0);
    uint32_t *slots[BP_MAX_INPUTS];
    for (unsigned i = 0; i < BP_MAX_INPUTS; i++)
        slots[i] = t->few[i] + (size_t)at[i] * BP_MAX_UNARY;
    int32_t(*mix)[BP_MAX_INPUTS] = s->few_mix + (size_t) class * BP_MAX_UNARY;
    uint32_t k = 0;
    while (k < BP_MAX_UNARY && k < s->most &&
           bp_max_mixed(&s->tables, &s->coder, decoding, true, BP_MAX_INPUTS, slots, k, mix[k], k < value))
        k++;
    if (k == BP_MAX_UNARY && k < s->most) {
        uint64_t all = k + code_rest(s, decoding, 2, value - k);
        s->coder.failed |= all > s->most;
        return all > s->most ? s->most : (uint32_t)all;
    }
    return k;
}

ALWAYS unsigned code_side(bp_max_state *s, bool decoding, const view *v, unsigned class, unsigned part,
                          unsigned bit)
{
    const bp_max_plane *p = &s->plane;
    bp_max_slots *t = &s->slots;
    const uint32_t *r = v->r, *n = v->n, *nn = v->nn;
    size_t c = v->column;
    unsigned at[BP_MAX_SIDE_INPUTS];
    at[0] = capped(log_8(v->size >> 4), 63) * 8 + part;
    at[1] = ((rank_7(v, BP_MAX_SCALED(r[-1])) * 7 + rank_7(v, BP_MAX_SCALED(n[0]))) * 5 +
             rank_5(v, BP_MAX_SCALED(n[1]))) *
                4 +
            capped(class >> 1, 3);
    at[2] = ((rank_5(v, BP_MAX_SCALED(n[-1])) * 5 + rank_5(v, (p->wide[1][c] >> 8))) * 5 +
             rank_5(v, (p->wide[2][c] >> 8))) *
                5 +
            rank_5(v, (p->left >> 8));
    if (p->frame)
        at[3] = ((rank_5(v, BP_MAX_SCALED(p->last[v->at])) * 5 + rank_5(v, (p->mean[v->at] >> 4))) * 5 +
                 rank_5(v, BP_MAX_SCALED(p->last[v->at + p->stride]))) *
                    5 +
                rank_5(v, BP_MAX_SCALED(p->last[v->at + 1]));
    else
        at[3] = ((rank_5(v, (p->wide[0][c] >> 8)) * 5 + rank_5(v, BP_MAX_SCALED(nn[0]))) * 5 +
                 rank_5(v, BP_MAX_SCALED(r[-2]))) *
                    5 +
                rank_5(v, BP_MAX_SCALED(nn[1]));
    uint32_t *slots[BP_MAX_SIDE_INPUTS];
    for (unsigned i = 0; i < BP_MAX_SIDE_INPUTS; i++)
        slots[i] = t->side[i] + (size_t)at[i];
    return bp_max_mixed(&s->tables, &s->coder, decoding, false, BP_MAX_SIDE_INPUTS, slots, 0,
                        s->side_mix[class], bit);
}

/* The distance from the guess: its multiple of 2^shift, one decision for each step, and the bits below. */
ALWAYS uint64_t code_size(bp_max_state *s, bool decoding, const view *v, unsigned class, unsigned part,
                          unsigned shift, unsigned up, uint64_t size)
{
    bp_max_slots *t = &s->slots;
    unsigned at[BP_MAX_SIZE_INPUTS];
    unsigned phase = log_8(v->size >> 4);
    at[0] = (shift ? 448 + (phase & 7) * 2 : (capped(phase, 55) * 4 + (part >> 1)) * 2) + up;
    at[1] = capped(log_8((uint64_t)v->mean >> 2), 199) * 5 +
            (unsigned)((2 * v->around > v->size * 8) + (v->around > v->size * 8) +
                       (v->around > v->size * 12) + (v->around > v->size * 16));
    at[2] =
        ((rank_5(v, BP_MAX_SCALED(v->r[-1])) * 5 + rank_5(v, BP_MAX_SCALED(v->n[0]))) * 16 + class) * 2 + up;
    at[3] = (((rank_5(v, BP_MAX_SCALED(v->n[1])) * 5 + rank_5(v, BP_MAX_SCALED(v->n[-1]))) * 5 +
              rank_5(v, s->plane.wide[2][v->column] >> 8)) *
                 2 +
             up) *
                4 +
            (class >> 2);
    uint32_t *slots[BP_MAX_SIZE_INPUTS];
    for (unsigned i = 0; i < BP_MAX_SIZE_INPUTS; i++)
        slots[i] = t->size[i] + (size_t)at[i] * BP_MAX_UNARY;
    int32_t(*mix)[BP_MAX_INPUTS] = s->size_mix + (size_t) class * BP_MAX_UNARY;
    uint64_t goal = decoding ? 0 : size >> shift, k = 0;
    while (k < BP_MAX_UNARY && bp_max_mixed(&s->tables, &s->coder, decoding, false, BP_MAX_SIZE_INPUTS, slots,
                                            k, mix[k], k < goal))
        k++;
    unsigned node = (unsigned)(k < BP_MAX_UNARY ? k : BP_MAX_UNARY - 1);
    if (k == BP_MAX_UNARY)
        k += code_rest(s, decoding, up, goal - k);
    if (shift) {
        shift--;
        k = k << 1 | bp_max_slot_bit(s, decoding, &t->slope[(shift ? 2 : 0) + up][node],
                                     (unsigned)(size >> shift & 1));
    }
    return k << shift |
           bp_max_plain(&s->coder, decoding, shift, (uint32_t)(size & (((uint64_t)1 << shift) - 1)));
}

ALWAYS uint32_t code_many(bp_max_state *s, bool decoding, const view *v, uint32_t value)
{
    const int64_t half = 1 << (BP_MAX_FRACTION - 1);
    uint64_t guess = (uint64_t)(v->mean + half) >> BP_MAX_FRACTION;
    unsigned part = (unsigned)((v->mean + half) >> (BP_MAX_FRACTION - 3) & 7);
    unsigned shift = v->top < 9 ? 0 : v->top - 8;
    unsigned phase = log_4(v->size >> 4),
             class = shift ? 8 + (phase & 3) + (shift > 1 ? 4 : 0) : capped(phase >> 1, 7);
    unsigned up = guess == 0 ? 1 : code_side(s, decoding, v, class, part, value >= guess);
    uint64_t size = code_size(s, decoding, v, class, part, shift, up, up ? value - guess : guess - 1 - value);
    if (decoding) {
        uint64_t result = up ? guess + size : guess - 1 - size;
        s->coder.failed |= result > s->most;
        value = result > s->most ? s->most : (uint32_t)result;
    }
    return value;
}

/* Where neighbours repeat each other so often that the pixel mostly does too: one decision for that. */
ALWAYS uint32_t code_repeat(bp_max_state *s, bool decoding, const view *v, uint32_t value)
{
    uint32_t w = v->r[-1], n = v->n[0], nw = v->n[-1];
    unsigned pattern = (unsigned)((w == n) | (n == nw) << 1 | (w == nw) << 2 | (n == v->n[1]) << 3 |
                                  (n == v->nn[0]) << 4 | (w == v->r[-2]) << 5);
    uint32_t *above = &s->slots.repeat[0][pattern], *left = &s->slots.repeat[1][pattern];
    bool from_left = *left > *above, hit = false;
    if ((from_left ? *left : *above) > BP_MAX_HALF + 1023) {
        uint32_t same = from_left ? w : n;
        hit =
            bp_max_slot_bit(s, decoding, &s->slots.same[from_left][pattern][capped(same, 15)], value == same);
        value = hit ? same : value;
    }
    if (!hit)
        value = code_many(s, decoding, v, value);
    bp_max_slot_update(&s->tables, above, value == n, 60);
    bp_max_slot_update(&s->tables, left, value == w, 60);
    return value;
}

static void learn(bp_max_state *s, const view *v, uint32_t value)
{
    int64_t miss = BP_MAX_SCALED(value) - v->mean;
    miss = miss < 0 ? -miss : miss;
    uint64_t error = (uint64_t)miss >> (BP_MAX_FRACTION - 4), size = (uint64_t)miss >> (BP_MAX_FRACTION - 8);
    s->plane.error[0][v->column] = error < 1u << 28 ? (uint32_t)error : 1u << 28;
    bp_max_scale *scale = v->scale;
    if (!scale->count)
        scale->mean = size;
    scale->count += scale->count < 250;
    int64_t gap = (int64_t)size - (int64_t)scale->mean;
    scale->mean = (uint64_t)((int64_t)scale->mean + ((gap * s->tables.rate[scale->count - 1]) >> 16));
    scale->mean += scale->mean == 0;
}

ALWAYS uint32_t code_pixel(bp_max_state *s, bool decoding, size_t row, size_t c, uint32_t value)
{
    view v;
    look(s, &v, row, c);
    int zeros = (v.r[-1] == 0) + (v.n[0] == 0) + (v.n[-1] == 0) + (v.n[1] == 0);
    if (v.mean < 3 << (BP_MAX_FRACTION - 1) || zeros > 2)
        value = code_few(s, decoding, &v, value);
    else
        value = code_repeat(s, decoding, &v, value);
    learn(s, &v, value);
    return value;
}

ALWAYS void code_row(bp_max_state *s, bool decoding, size_t row, uint32_t *values, const uint8_t *labels)
{
    bp_max_plane *p = &s->plane;
    bp_max_plane_start_row(p, row);
    bp_max_plane_predict(p, row, &s->weights);
    for (size_t c = 0; c < p->width; c++) {
        if (labels && labels[c]) {
            values[c] = s->second ? bp_max_plane_stand_in(p, row, c, s->most) : p->rows[0][(ptrdiff_t)c - 1];
            p->error[0][c] = p->error[0][(ptrdiff_t)c - 1];
        } else {
            values[c] = code_pixel(s, decoding, row, c, values[c]);
        }
        bp_max_plane_set(p, row, c, values[c]);
    }
    if (p->spread)
        bp_max_plane_spread(p, row, s->second, labels);
    bp_max_plane_end_row(p, row);
}

void bp_max_code_row(bp_max_state *s, bool decoding, size_t row, uint32_t *values, const uint8_t *labels)
{
    if (decoding)
        code_row(s, true, row, values, labels);
    else
        code_row(s, false, row, values, labels);
}

static int32_t code_weight(bp_max_state *s, bool decoding, int32_t weight)
{
    bp_max_coder *c = &s->coder;
    uint32_t size = (uint32_t)(weight < 0 ? -weight : weight) + 1;
    unsigned bits = decoding ? 0 : 31 - (unsigned)__builtin_clz(size), n = 0;
    while (n < 10 && bp_max_slot_bit(s, decoding, &s->slots.weight[n], n < bits))
        n++;
    size = bp_max_plain(c, decoding, n, size & ((1u << n) - 1)) | 1u << n;
    if (size > 1 && bp_max_plain(c, decoding, 1, weight < 0))
        return 1 - (int32_t)size;
    return (int32_t)size - 1;
}

void bp_max_code_weights(bp_max_state *s, bool decoding, bool own)
{
    bp_max_weights *w = &s->weights;
    if (!bp_max_slot_bit(s, decoding, &s->slots.flag[0], own))
        return;
    if (s->second)
        w->sets = bp_max_plain(&s->coder, decoding, 2, w->sets - 1) + 1;
    for (size_t k = 0; k < w->sets; k++) {
        if (k)
            w->limit[k - 1] = bp_max_plain(&s->coder, decoding, 7, w->limit[k - 1]);
        if (k && w->limit[k - 1] >= BP_MAX_LIMITS) {
            s->coder.failed = true;
            w->limit[k - 1] = 0;
        }
        for (size_t i = 0; i < bp_max_input_count(&s->plane); i++)
            w->of[k][i] = code_weight(s, decoding, w->of[k][i]);
    }
}

void bp_max_code_labels(bp_max_state *s, bool decoding, unsigned kinds, uint8_t *row, const uint8_t *above,
                        const uint8_t *before)
{
    size_t width = s->plane.width;
    bool same = !decoding && memcmp(row, above, width) == 0;
    if (bp_max_slot_bit(s, decoding, &s->slots.flag[1], same)) {
        memcpy(row, above, width);
        return;
    }
    for (size_t c = 0; c < width; c++) {
        unsigned w = c ? row[c - 1] : 0, n = above[c], ne = above[c + (c + 1 < width)],
                 b = before ? before[c] : 0;
        uint32_t *slot = s->slots.label[((w * 5 + n) * 5 + ne) * 5 + b];
        unsigned kind = 0;
        while (kind < kinds && bp_max_slot_bit(s, decoding, slot + kind, kind < row[c]))
            kind++;
        row[c] = (uint8_t)kind;
    }
}
