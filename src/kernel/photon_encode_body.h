/* SPDX-License-Identifier: BSD-3-Clause
 * Encodes a band of photon, 32 lanes a vector, in the vectors of the file that includes this. Forwards
 * through the band every pixel becomes a symbol in a context; backwards these go through the rANS coders. */
#ifndef BP_KERNEL_PHOTON_ENCODE_BODY_H
#define BP_KERNEL_PHOTON_ENCODE_BODY_H

#include <string.h>

#include "kernel/kernel_c.h"
#include "kernel/photon_body.h"

#define BLOCK 32

typedef struct maker {
    model_lanes model;
    v16_contexts contexts;
    bool low; /* has any context low bits? Without them half of the memory for tokens is left alone */
} maker;

/* Symbols of one step. */
BP_ALWAYS void make_step(const maker *t, wave *s, const lines_above *above, ptrdiff_t step, v16 value,
                         const int kind, const bool weighted, const bool window, const lanes_at *at,
                         uint16_t *tokens)
{
    around a;
    v16 code, k;
    move(&t->model, s, above, step, at ? STEP_ANYWHERE : STEP_FULL, at, window, &a);
    v16 residual = v_sub(value, predict(&a, &t->model, kind, weighted, window, &code));
    v16 context = v_context(&t->contexts.map, code);
    residual = v_add(residual, v_pick(t->contexts.zero, context));
    k = v_pick(t->contexts.low, context);
    v16 symbol = v_least(v_shift_right_each(residual, k), v_set(BP_PHOTON_ESCAPE));
    symbol = v_or(symbol, v_only(v_equal(value, v_set(BP_PHOTON_LARGE)), v_set(BP_PHOTON_ESCAPE)));
    v16 token = v_or(symbol, v_shift_left(v_and(context, v_set(31)), 5));
    if (at)
        token = v_mix(v_lanes(at->active), v_set(BP_PHOTON_SKIP), token);
    v_store(tokens, token);
    if (t->low)
        v_store(tokens + 32, v_and(residual, v_pick(t->contexts.low_mask, context)));
    move_on(&t->model, s, seen(&t->model, value), at ? STEP_ANYWHERE : STEP_FULL, at, kind, window);
}

/* Column count values of a row of the band, or nothing for rows that are not there. */
static void copy_row(const bp_photon_source *s, ptrdiff_t row, size_t count, uint16_t *to)
{
    if (row < 0 || row >= (ptrdiff_t)s->height)
        return;
    memcpy(to, s->plane + row * (ptrdiff_t)s->stride, count * sizeof *to);
    to[count] = to[count - 1];
}

/* The lines of a group as the steps of a period see them: its rows, the begin of the next ones, and what is
 * above lane 0. */
static void fill_lines(const bp_photon_source *s, size_t group)
{
    size_t period = bp_photon_period(s->width), line = bp_photon_line(s->width);
    ptrdiff_t first = (ptrdiff_t)(group * BP_PHOTON_LANES);
    for (size_t l = 0; l < BP_PHOTON_LANES; l++) {
        uint16_t *at = s->lines + l * line + BP_PHOTON_PAD;
        ptrdiff_t row = first + (ptrdiff_t)l;
        copy_row(s, row, s->width, at + period);
        copy_row(s, row + BP_PHOTON_LANES, s->width < 96 ? s->width : 96, at + 2 * period);
        if (l < BP_PHOTON_LANES - 2)
            continue;
        copy_row(s, row - BP_PHOTON_LANES, s->width, at);
        at[period - 1] = s->plane[(row - 1 < (ptrdiff_t)s->height ? row - 1 : 0) * (ptrdiff_t)s->stride];
    }
}

typedef struct tokens_of {
    const maker *maker;
    wave *wave;
    uint16_t *last; /* long means of lane 31 */
} tokens_of;

/* Tokens of the steps of a group. */
BP_ALWAYS void make_group(const bp_photon_source *s, const tokens_of *o, size_t group, const int kind,
                          const bool weighted, const bool window)
{
    uint16_t values[BLOCK][BP_PHOTON_LANES] __attribute__((aligned(64)));
    ptrdiff_t width = (ptrdiff_t)s->width, period = (ptrdiff_t)bp_photon_period(s->width);
    ptrdiff_t line = (ptrdiff_t)bp_photon_line(s->width), to = period + BP_PHOTON_LEAD;
    const uint16_t *row0 = s->lines + BP_PHOTON_PAD + period, *first = row0 + 31 * line - period + 1;
    lines_above above = {first, first - line, o->last - period + BP_PHOTON_LEAD + 1};
    bool inner = group > 0 && s->height - group * BP_PHOTON_LANES >= BP_PHOTON_LANES;
    for (ptrdiff_t c = group > 0 ? BP_PHOTON_LEAD : 0; c < to; c += BLOCK) {
        ptrdiff_t end = to - c < BLOCK ? to : c + BLOCK;
        uint16_t *tokens = s->tokens + ((ptrdiff_t)group * period + c) * 2 * BP_PHOTON_LANES;
        bool full = inner && c >= BP_PHOTON_LEAD && end <= width;
        v_transpose(row0 + c, line - BP_PHOTON_SKEW, values[0], BP_PHOTON_LANES);
        for (ptrdiff_t i = 0; i < end - c; i++, tokens += 2 * BP_PHOTON_LANES) {
            v16 value = v_load(values[i]);
            if (full) {
                make_step(o->maker, o->wave, &above, c + i, value, kind, weighted, window, NULL, tokens);
            } else {
                lanes_at at = find_lanes(c + i, width, period, group, s->height);
                make_step(o->maker, o->wave, &above, c + i, value, kind, weighted, window, &at, tokens);
            }
            if (window)
                o->last[c + i] = v_top(o->wave->window);
        }
    }
}

typedef void (*group_function)(const bp_photon_source *, const tokens_of *, size_t);

#define MAKE(name, kind, weighted, window)                                                                   \
    static void make_##name(const bp_photon_source *s, const tokens_of *o, size_t group)                     \
    {                                                                                                        \
        make_group(s, o, group, kind, weighted, window);                                                     \
    }
BP_PHOTON_VARIANTS(MAKE)

#define MAKER(name, kind, weighted, window) make_##name,
static const group_function makers[] = {BP_PHOTON_VARIANTS(MAKER)};

/* Labels code nothing. */
static void skip_labels(const bp_photon_source *s)
{
    for (size_t r = 0; r < s->height; r++) {
        uint16_t *at = s->tokens + bp_photon_step_of(r, 0, s->width) * 64 + r % BP_PHOTON_LANES;
        const uint8_t *labels = s->labels + r * s->width;
        for (size_t c = 0; c < s->width; c++) {
            uint64_t eight = 1;
            if (c + 8 <= s->width)
                memcpy(&eight, labels + c, sizeof eight);
            if (eight == 0)
                c += 7;
            else if (labels[c])
                at[c * 64] = BP_PHOTON_SKIP;
        }
    }
}

static bool has_low(const bp_photon_tables *t)
{
    uint8_t any = 0;
    for (size_t c = 0; c < t->count; c++)
        any |= t->low[c];
    return any != 0;
}

static void make_tokens(const bp_photon_source *s)
{
    size_t period = bp_photon_period(s->width), line = bp_photon_line(s->width);
    const maker m = {model_lanes_of(&s->tables->model), v_contexts(s->tables), has_low(s->tables)};
    v16 zero = v_set(0);
    wave w = {zero, zero, zero, zero, zero, zero, zero, zero};
    const tokens_of o = {&m, &w, s->lines + BP_PHOTON_LANES * line + period};
    size_t variant = variant_of(&s->tables->model);
    memset(s->lines, 0, bp_photon_lines_size(s->width) * sizeof *s->lines);
    for (size_t g = 0; g < bp_photon_groups(s->height); g++) {
        fill_lines(s, g);
        makers[variant](s, &o, g);
        memmove(o.last - period, o.last, (line - period) * sizeof *o.last);
    }
    if (s->labels)
        skip_labels(s);
}

/* 1 / f such that the upper half of a product, shifted, is exact for all states: N. Robison, ARITH 2005. */
static uint64_t reciprocal_of(uint32_t f, unsigned bits)
{
    unsigned shift = 31 - (unsigned)__builtin_clz(f);
    uint64_t whole = UINT64_C(1) << (32 + shift), below = whole / f, most = ((uint64_t)f << (32 - bits)) - 1;
    uint64_t above = below + 1, error = above * f - whole;
    bool up = (f & (f - 1)) != 0 && most * error < whole;
    if ((f & (f - 1)) == 0)
        below = UINT32_MAX;
    return (up ? above : below) | (uint64_t)shift << 60 | (uint64_t)!up << 56;
}

static void make_entries(const bp_photon_tables *t, uint64_t *entries)
{
    memset(entries, 0, BP_PHOTON_CONTEXTS * BP_PHOTON_SYMBOLS * sizeof *entries);
    for (size_t c = 0; c < t->count; c++)
        for (size_t i = 0; i < BP_PHOTON_SYMBOLS; i++) {
            size_t s = t->freq[c][i] ? i : BP_PHOTON_ESCAPE;
            uint32_t f = t->freq[c][s];
            if (f)
                entries[c * BP_PHOTON_SYMBOLS + i] =
                    reciprocal_of(f, t->bits) | (uint64_t)((1u << t->bits) - f) << 32 |
                    (uint64_t)t->start[c][s] << 44 | (uint64_t)(s == BP_PHOTON_ESCAPE) << 57;
        }
}

/* Backwards through the tokens. */
BP_ALWAYS void code_tokens(const bp_photon_source *s, const v16_coder *coder, v16_states *x,
                           bp_photon_sink *sink, const bool low)
{
    uint16_t *word = sink->word;
    for (size_t step = bp_photon_steps(s->height, s->width); step-- > 0;) {
        uint32_t escapes = v_encode(coder, x, s->tokens + step * 64, &word, low);
        while (__builtin_expect(escapes != 0, 0)) {
            unsigned lane = 31 - (unsigned)__builtin_clz(escapes);
            escapes ^= 1u << lane;
            *--sink->escape = bp_photon_escaped(s, step, lane);
        }
    }
    sink->word = word;
}

BP_ALWAYS void encode_band(const bp_photon_source *s, bp_photon_sink *sink)
{
    uint64_t entries[BP_PHOTON_CONTEXTS * BP_PHOTON_SYMBOLS];
    uint32_t start[BP_PHOTON_LANES];
    make_entries(s->tables, entries);
    make_tokens(s);
    for (size_t l = 0; l < BP_PHOTON_LANES; l++)
        start[l] = BP_PHOTON_START;
    const v16_coder coder = v_coder(s->tables, entries);
    v16_states x = v_states(start);
    if (has_low(s->tables))
        code_tokens(s, &coder, &x, sink, true);
    else
        code_tokens(s, &coder, &x, sink, false);
    v_states_store(sink->state, x);
}

#endif
