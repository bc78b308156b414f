/* SPDX-License-Identifier: BSD-3-Clause
 * Decodes bands of photon, 32 lanes a vector and up to two bands side by side, for one step waits for the one
 * before. In the vectors of the file that includes this. */
#ifndef BP_KERNEL_PHOTON_DECODE_BODY_H
#define BP_KERNEL_PHOTON_DECODE_BODY_H

#include <string.h>

#include "kernel/kernel_c.h"
#include "kernel/photon_body.h"

#define BLOCK 32 /* steps between looks at the streams */

typedef struct lookup {
    model_lanes model;
    v16_contexts contexts;
    v16 bits, mask;
    const uint32_t *slots;
} lookup;

/* What changes at each step. */
typedef struct flow {
    wave wave;
    v16_states x;
    const uint8_t *words;
} flow;

typedef struct lanes {
    flow flow;
    const uint32_t *escapes;
    uint16_t *row0, *last; /* column 0 of the group in the line of lane 0, and among the means of lane 31 */
    uint16_t values[BLOCK][BP_PHOTON_LANES] __attribute__((aligned(64)));
} lanes;

/* A step between its parts. */
typedef struct pending {
    v16_states x;
    v16 value, k, context, slot;
} pending;

static v16 __attribute__((noinline)) take_escapes(lanes *s, v16 value, uint32_t escaped)
{
    uint16_t v[32];
    v_store(v, value);
    for (; escaped; escaped &= escaped - 1)
        v[__builtin_ctz(escaped)] = (uint16_t)bp_photon_within(*s->escapes++);
    return v_load(v);
}

/* What does not change from step to step. */
typedef struct model_variant {
    int kind;
    bool weighted, window, thin; /* thin: nearly all pixels are what is likely in their context */
} model_variant;

/* Up to the slots: what is predicted, in which context. */
BP_ALWAYS void begin_step(const lookup *t, flow *s, const lines_above *above, ptrdiff_t step,
                          const model_variant how, const int where, const lanes_at *at, pending *p)
{
    around a;
    v16 code;
    p->x = s->x;
    move(&t->model, &s->wave, above, step, where, at, how.window, &a);
    v16 value = predict(&a, &t->model, how.kind, how.weighted, how.window, &code);
    p->context = v_context(&t->contexts.map, code);
    v16 low = v_take_low(&t->contexts, p->context, &p->x, &p->k);
    p->slot = v_and(p->x.low, t->mask);
    p->value = v_sub(v_add(value, low), v_pick(t->contexts.zero, p->context));
}

/* Where nearly all is likely and 0 the branches are foreseen, and the next step waits for nothing. */
BP_ALWAYS v16_found find(const lookup *t, pending *p, const model_variant how, const int where,
                         const lanes_at *at)
{
    v16_found f;
    uint32_t pixels = where == STEP_FULL ? 0xffffffffu : at->active;
    if (!how.thin || !v_likely(&t->contexts, p->context, p->slot, pixels, &f))
        f = v_find(&t->contexts, t->slots, p->context, p->slot);
    else if (where == STEP_FULL && v_all_zero(v_add(p->value, v_shift_left_each(f.symbol, p->k))))
        f.symbol = p->value = p->k = v_set(0);
    return f;
}

/* From the slots on. */
BP_ALWAYS void end_step(const lookup *t, lanes *s, flow *o, const v16_found *f, const model_variant how,
                        const int where, const lanes_at *at, const pending *p, uint16_t *out)
{
    uint32_t pixels = where == STEP_FULL ? 0xffffffffu : at->active;
    v16_mask active = v_lanes(pixels);
    v16 value = v_add(p->value, v_shift_left_each(f->symbol, p->k));
    uint32_t escaped = v_bits(v_equal(f->symbol, v_set(BP_PHOTON_ESCAPE))) & pixels;
    if (__builtin_expect(escaped != 0, 0))
        value = take_escapes(s, value, escaped);
    v16 looks = move_on(&t->model, &o->wave, seen(&t->model, value), where, at, how.kind, how.window);
    v16_states x = v_advance(p->x, f->frequency, f->bias, t->bits);
    o->words += 2 * v_take_words(&x, active, o->words);
    if (where != STEP_FULL) {
        x.low = v_mix(active, o->x.low, x.low);
        x.high = v_mix(active, o->x.high, x.high);
        value = v_mix(active, v_shift_right_by(looks, t->model.shift), value);
    }
    o->x = x;
    v_store(out, value);
}

/* Steps [from, to) of a group: the column of lane 0. */
typedef struct span {
    size_t group;
    ptrdiff_t from, to;
} span;

/* Where are these steps? */
static inline int place_of(const bp_photon_band *b, const span *n, ptrdiff_t width, ptrdiff_t period,
                           ptrdiff_t c, ptrdiff_t count)
{
    if (c < BP_PHOTON_LEAD || c + count > width)
        return STEP_ANYWHERE;
    const uint32_t *hidden = b->hidden ? b->hidden + (ptrdiff_t)n->group * period + c : NULL;
    uint32_t any = 0;
    for (ptrdiff_t i = 0; hidden && i < count; i++)
        any |= hidden[i];
    bool whole = n->group > 0 && b->height - n->group * BP_PHOTON_LANES >= BP_PHOTON_LANES;
    return whole && any == 0 ? STEP_FULL : STEP_WITHIN;
}

/* Lanes at a step. */
BP_ALWAYS lanes_at lanes_of(const bp_photon_band *b, const span *n, ptrdiff_t width, ptrdiff_t period,
                            ptrdiff_t step, const int where)
{
    lanes_at l;
    if (where == STEP_ANYWHERE)
        l = find_lanes(step, width, period, n->group, b->height);
    else
        l = (lanes_at){first_lanes(b->height - n->group * BP_PHOTON_LANES), 0, 0, n->group == 0,
                       n->group == 0 ? 3 : 0};
    if (b->hidden)
        l.active &= ~b->hidden[(ptrdiff_t)n->group * period + step];
    return l;
}

/* Steps from c on, at most BLOCK of them, at this place; where: code for all places but the full ones is one.
 */
BP_ALWAYS void decode_block(const bp_photon_target *t, const lookup *look, bp_photon_band *const *b, lanes *s,
                            const lines_above *above, const size_t count, const span *n, ptrdiff_t c,
                            ptrdiff_t end, const model_variant how, const int where, int place)
{
    ptrdiff_t width = (ptrdiff_t)t->width, period = (ptrdiff_t)bp_photon_period(t->width);
    flow o0 = s[0].flow, o1 = s[count - 1].flow;
    pending p0, p1;
    v16_found f0, f1;
    for (ptrdiff_t step = c; step < end; step++) {
        lanes_at at[2];
        for (size_t i = 0; i < count && where != STEP_FULL; i++)
            at[i] = lanes_of(b[i], n, width, period, step, place);
        begin_step(look, &o0, &above[0], step, how, where, &at[0], &p0);
        if (count > 1)
            begin_step(look, &o1, &above[1], step, how, where, &at[1], &p1);
        f0 = find(look, &p0, how, where, &at[0]);
        if (count > 1)
            f1 = find(look, &p1, how, where, &at[1]);
        end_step(look, &s[0], &o0, &f0, how, where, &at[0], &p0, s[0].values[step - c]);
        if (how.window)
            s[0].last[step] = v_top(o0.wave.window);
        if (count > 1)
            end_step(look, &s[1], &o1, &f1, how, where, &at[1], &p1, s[1].values[step - c]);
        if (count > 1 && how.window)
            s[1].last[step] = v_top(o1.wave.window);
    }
    s[0].flow = o0;
    if (count > 1)
        s[1].flow = o1;
}

BP_ALWAYS bool decode_span(const bp_photon_target *t, const lookup *look, bp_photon_band *const *b, lanes *s,
                           const size_t count, const span *n, const model_variant how)
{
    ptrdiff_t width = (ptrdiff_t)t->width, period = (ptrdiff_t)bp_photon_period(t->width);
    ptrdiff_t line = (ptrdiff_t)bp_photon_line(t->width);
    lines_above above[2];
    for (size_t i = 0; i < count; i++) {
        above[i].first = s[i].row0 + 31 * line - period + 1;
        above[i].second = above[i].first - line;
        above[i].window = s[i].last - period + BP_PHOTON_LEAD + 1;
    }
    for (ptrdiff_t c = n->from; c < n->to; c += BLOCK) {
        ptrdiff_t end = n->to - c < BLOCK ? n->to : c + BLOCK;
        int where = STEP_FULL;
        bool good = true;
        for (size_t i = 0; i < count; i++) {
            int place = place_of(b[i], n, width, period, c, end - c);
            where = place > where ? place : where;
        }
        if (where == STEP_FULL)
            decode_block(t, look, b, s, above, count, n, c, end, how, STEP_FULL, where);
        else
            decode_block(t, look, b, s, above, count, n, c, end, how, STEP_ANYWHERE, where);
        for (size_t i = 0; i < count; i++) {
            v_transpose(s[i].values[0], BP_PHOTON_LANES, s[i].row0 + c, line - BP_PHOTON_SKEW);
            good &= s[i].flow.words <= b[i]->words_end && s[i].escapes <= b[i]->escapes_end;
        }
        if (!good)
            return false;
    }
    return true;
}

typedef bool (*span_function)(const bp_photon_target *, const lookup *, bp_photon_band *const *, lanes *,
                              const span *);

#define SPAN(name, kind, weighted, window)                                                                   \
    static bool span_##name(const bp_photon_target *t, const lookup *look, bp_photon_band *const *b,         \
                            lanes *s, const span *n)                                                         \
    {                                                                                                        \
        return decode_span(t, look, b, s, 1, n, (model_variant){kind, weighted, window, false});             \
    }                                                                                                        \
    static bool pair_##name(const bp_photon_target *t, const lookup *look, bp_photon_band *const *b,         \
                            lanes *s, const span *n)                                                         \
    {                                                                                                        \
        return decode_span(t, look, b, s, 2, n, (model_variant){kind, weighted, window, false});             \
    }                                                                                                        \
    static bool one_thin_##name(const bp_photon_target *t, const lookup *look, bp_photon_band *const *b,     \
                                lanes *s, const span *n)                                                     \
    {                                                                                                        \
        return decode_span(t, look, b, s, 1, n, (model_variant){kind, weighted, window, true});              \
    }                                                                                                        \
    static bool both_thin_##name(const bp_photon_target *t, const lookup *look, bp_photon_band *const *b,    \
                                 lanes *s, const span *n)                                                    \
    {                                                                                                        \
        return decode_span(t, look, b, s, 2, n, (model_variant){kind, weighted, window, true});              \
    }
BP_PHOTON_VARIANTS(SPAN)

/* Only counts without weights are thin. */
#define ENTRY(name, kind, weighted, window)                                                                  \
    {{span_##name, pair_##name},                                                                             \
     {!V_LIKELY || (weighted) ? span_##name : one_thin_##name,                                               \
      !V_LIKELY || (weighted) ? pair_##name : both_thin_##name}},
static const span_function spans[][2][2] = {BP_PHOTON_VARIANTS(ENTRY)};

/* Of these bits a pixel and less nearly all steps hold nothing unlikely. */
#define THIN_BITS 0.4

static bool is_thin(const bp_photon_target *t, const bp_photon_band *b)
{
    return (double)(b->words_end - b->words) * 8 < THIN_BITS * (double)(b->height * t->width);
}

/* Rows of a finished group go out, what the next one needs moves to where it looks for it. */
static void end_group(const bp_photon_target *t, const bp_photon_band *b, uint16_t *lines, size_t group)
{
    size_t period = bp_photon_period(t->width), line = bp_photon_line(t->width);
    size_t first = group * BP_PHOTON_LANES,
           keep = BP_PHOTON_PAD + period - 4; /* the last lines are kept whole */
    for (size_t l = 0; l <= BP_PHOTON_LANES; l++) {
        uint16_t *at = lines + l * line;
        if (l < BP_PHOTON_LANES && first + l < b->height && t->take)
            t->take(t->user, b, first + l, at + BP_PHOTON_PAD + period);
        else if (l < BP_PHOTON_LANES && first + l < b->height)
            memcpy(b->out + (first + l) * t->stride, at + BP_PHOTON_PAD + period, t->width * sizeof *at);
        size_t from = l < BP_PHOTON_LANES - 2 ? keep + period : period;
        memmove(at + from - period, at + from, (line - from) * sizeof *at);
    }
}

static span span_of(const bp_photon_target *t, const bp_photon_band *b, size_t group)
{
    ptrdiff_t period = (ptrdiff_t)bp_photon_period(t->width);
    span n = {group, group > 0 ? BP_PHOTON_LEAD : 0, period + BP_PHOTON_LEAD};
    if (group + 1 == bp_photon_groups(b->height)) /* nothing is left to do after the last pixel */
        n.to = (ptrdiff_t)(t->width + BP_PHOTON_SKEW * (b->height - 1 - group * BP_PHOTON_LANES));
    return n;
}

static void begin_band(const bp_photon_target *t, const bp_photon_band *b, lanes *s, uint16_t *lines)
{
    size_t period = bp_photon_period(t->width), line = bp_photon_line(t->width);
    v16 zero = v_set(0);
    memset(lines, 0, bp_photon_lines_size(t->width) * sizeof *lines);
    memset(s->values, 0, sizeof s->values);
    s->flow.wave = (wave){zero, zero, zero, zero, zero, zero, zero, zero};
    s->flow.x = v_states(b->state);
    s->flow.words = b->words;
    s->escapes = b->escapes;
    s->row0 = lines + BP_PHOTON_PAD + period;
    s->last = lines + BP_PHOTON_LANES * line + period;
}

/* Groups of count bands, as long as all of them have one, and then of the first. */
static bool decode_bands(const bp_photon_target *t, const lookup *look, bp_photon_band *const *b,
                         size_t count)
{
    lanes s[2];
    size_t variant = variant_of(&t->tables->model), size = bp_photon_lines_size(t->width);
    bool thin = is_thin(t, b[0]);
    for (size_t i = 0; i < count; i++)
        begin_band(t, b[i], &s[i], t->lines + i * size);
    for (size_t g = 0; g < bp_photon_groups(b[0]->height); g++) {
        size_t together = count > 1 && g < bp_photon_groups(b[1]->height) ? 2 : 1;
        span n = span_of(t, b[0], g);
        if (together > 1 && span_of(t, b[1], g).to > n.to)
            n = span_of(t, b[1], g);
        if (!spans[variant][thin][together - 1](t, look, b, s, &n))
            return false;
        for (size_t i = 0; i < together; i++)
            end_group(t, b[i], t->lines + i * size, g);
    }
    bool good = true;
    for (size_t i = 0; i < count; i++) {
        v_states_store(b[i]->state, s[i].flow.x);
        b[i]->words = s[i].flow.words;
        b[i]->escapes = s[i].escapes;
        good &= bp_photon_band_ended(b[i]);
    }
    return good;
}

BP_ALWAYS bool decode_all(const bp_photon_target *t, bp_photon_band *bands, size_t count)
{
    const bp_photon_tables *tables = t->tables;
    lookup look = {.model = model_lanes_of(&tables->model), .contexts = v_contexts(tables)};
    look.bits = v_set(tables->bits);
    look.mask = v_set((1u << tables->bits) - 1);
    look.slots = tables->slots;
    for (size_t i = 0; i < count; i += 2) {
        bp_photon_band *pair[2] = {&bands[i], i + 1 < count ? &bands[i + 1] : &bands[i]};
        bool swap = bp_photon_groups(pair[1]->height) > bp_photon_groups(pair[0]->height);
        if (swap)
            pair[0] = &bands[i + 1], pair[1] = &bands[i];
        if (!decode_bands(t, &look, pair, i + 1 < count ? 2 : 1))
            return false;
    }
    return true;
}

#endif
