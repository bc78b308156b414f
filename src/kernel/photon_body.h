/* SPDX-License-Identifier: BSD-3-Clause
 * The model of photon for 32 lanes, in the vectors of the file that includes this. A row's values move one
 * lane up and two steps on to become the neighbours of the next row: one move per row above, the rest is what
 * earlier steps had. */
#ifndef BP_KERNEL_PHOTON_BODY_H
#define BP_KERNEL_PHOTON_BODY_H

typedef struct around {
    v16 w, ww, n, ne, nw, nn, nne, nnw, window;
} around;

/* Of a model, in vectors. */
typedef struct model_lanes {
    v16_consts consts;
    v16 weight[BP_PHOTON_WEIGHTS];  /* << 11 */
    v16 limit;                      /* of values that are not cut off */
    v16 small, half, code_of_large; /* 6 << shift; 1 << shift >> 1; 57 - code_2(small) */
    v16 most;                       /* of what the long window sees */
    __m128i shift, up, line, rows;  /* shift; 11 - shift or 0; 2 + pace; 1 + pace */
} model_lanes;

/* What lanes remember: values of the last steps as the model sees them, long means. */
typedef struct wave {
    v16 w, ww, ne, n, nne, nn, window, line;
} wave;

/* Lanes at a step of a group: with a pixel, left of a row, right behind it, in the first two rows of a band.
 */
typedef struct lanes_at {
    uint32_t active, left, right, first, second;
} lanes_at;

/* Where steps are: no lane is anything else than full; all are within their rows, some without a pixel or at
 * the top; anywhere. */
enum { STEP_FULL, STEP_WITHIN, STEP_ANYWHERE };

/* What a step of lane 0 needs from the lines of lanes 30 and 31, a period before. */
typedef struct lines_above {
    const uint16_t *first, *second, *window;
} lines_above;

BP_ALWAYS model_lanes model_lanes_of(const bp_photon_model *m)
{
    model_lanes l = {.consts = v_consts(),
                     .limit = v_set(65535u >> m->shift),
                     .small = v_set((uint32_t)BP_PHOTON_SMALL << m->shift)};
    bool window = m->kind == BP_PHOTON_BY_WINDOW;
    for (size_t i = 0; i < BP_PHOTON_WEIGHTS; i++)
        l.weight[i] = v_set((uint32_t)m->weight[i] << 11);
    l.half = v_set(1u << m->shift >> 1);
    l.code_of_large = v_set(57 - bp_photon_code((uint32_t)BP_PHOTON_SMALL << m->shift, 2));
    l.most = v_set(window ? 31u << m->shift : 65535);
    l.shift = _mm_cvtsi32_si128(m->shift);
    l.up = _mm_cvtsi32_si128(window ? 11 - m->shift : 0);
    l.line = _mm_cvtsi32_si128(2 + m->pace);
    l.rows = _mm_cvtsi32_si128(1 + m->pace);
    return l;
}

/* Lanes whose column is at least c, when that of lane 0 is at. */
static inline uint32_t lanes_from(ptrdiff_t at, ptrdiff_t c)
{
    ptrdiff_t count = (at - c + BP_PHOTON_SKEW) >> 1;
    return count <= 0 ? 0 : count >= BP_PHOTON_LANES ? 0xffffffffu : (1u << count) - 1;
}

static inline uint32_t first_lanes(size_t count)
{
    return count >= BP_PHOTON_LANES ? 0xffffffffu : (1u << count) - 1;
}

static inline lanes_at find_lanes(ptrdiff_t at, ptrdiff_t width, ptrdiff_t period, size_t group,
                                  size_t height)
{
    size_t first = group * BP_PHOTON_LANES, next = first + BP_PHOTON_LANES;
    uint32_t begun = lanes_from(at, 0), ended = lanes_from(at, width), past = lanes_from(at, width + 1);
    uint32_t again = lanes_from(at, period), ended2 = lanes_from(at, period + width);
    uint32_t past2 = lanes_from(at, period + width + 1);
    lanes_at l = {.active = begun & ~ended & first_lanes(height - first)};
    if (next < height)
        l.active |= again & ~ended2 & first_lanes(height - next);
    l.left = ~begun | (past & ~again) | past2;
    l.right = (ended & ~past) | (ended2 & ~past2);
    if (group == 0) {
        l.first = begun & ~past & 1;
        l.second = begun & ~past & 3;
    }
    return l;
}

BP_ALWAYS v16 seen(const model_lanes *m, v16 v)
{
    return v_shift_left_by(v_least(v, m->limit), m->shift);
}

/* A value as the long mean takes it. */
BP_ALWAYS v16 line_sees(const model_lanes *m, v16 looks, const int kind)
{
    return kind == BP_PHOTON_BY_WINDOW ? v_shift_left_by(v_least(looks, m->most), m->up) : looks;
}

/* The first two rows of a band have fewer rows above. */
BP_ALWAYS void at_top(around *a, const lanes_at *l)
{
    v16_mask first = v_lanes(l->first), second = v_lanes(l->second);
    a->ne = v_mix(first, a->ne, a->w);
    a->n = v_mix(first, a->n, a->w);
    a->nw = v_mix(first, a->nw, a->w);
    a->nn = v_mix(second, a->nn, a->n);
    a->nne = v_mix(second, a->nne, a->ne);
    a->nnw = v_mix(second, a->nnw, a->nw);
}

/* Moves the neighbours on by one step. */
BP_ALWAYS void move(const model_lanes *m, wave *s, const lines_above *above, ptrdiff_t step, const int where,
                    const lanes_at *at, const bool window, around *a)
{
    a->ne = v_up(&m->consts, s->w, seen(m, v_load(above->first + step)));
    a->n = s->ne;
    a->nw = s->n;
    a->nne = v_up(&m->consts, a->nw, seen(m, v_load(above->second + step)));
    a->nn = s->nne;
    a->nnw = s->nn;
    a->w = s->w;
    a->ww = s->ww;
    s->ne = a->ne;
    s->n = a->n;
    s->nne = a->nne;
    s->nn = a->nn;
    a->window = a->w;
    if (window) {
        v16 up = v_up(&m->consts, s->window, v_set(above->window[step]));
        if (where != STEP_FULL && at->first)
            up = v_mix(v_lanes(at->first), up, s->line);
        up = v_add(v_sub(up, v_shift_right_by(up, m->rows)), v_shift_right_by(s->line, m->rows));
        s->window = a->window = where == STEP_ANYWHERE ? v_mix(v_lanes(at->right), up, s->window) : up;
    }
    if (where != STEP_FULL && at->second)
        at_top(a, at);
}

/* Takes in the values of a step; returns what stands there for lanes without one, as the model sees it. */
BP_ALWAYS v16 move_on(const model_lanes *m, wave *s, v16 looks, const int where, const lanes_at *at,
                      const int kind, const bool window)
{
    v16 w = s->w;
    if (where == STEP_ANYWHERE)
        looks = v_mix(v_lanes(at->active), v_mix(v_lanes(at->left), w, s->ne), looks);
    if (window) {
        v16 sees = line_sees(m, looks, kind);
        v16 line = v_add(v_sub(s->line, v_shift_right_by(s->line, m->line)), v_shift_right_by(sees, m->line));
        s->line = where == STEP_ANYWHERE ? v_mix(v_lanes(at->left), line, sees) : line;
    }
    s->ww = w;
    s->w = looks;
    return looks;
}

BP_ALWAYS v16 mean_of(const around *a)
{
    v16 near = v_average(a->w, a->n), far = v_average(a->nne, a->nnw);
    v16 ring = v_average(v_average(a->ne, a->nw), v_average(a->ww, a->nn));
    return v_average(ring, v_average(near, v_average(near, far)));
}

BP_ALWAYS v16 roughness_of(const around *a)
{
    v16 near = v_average(v_average(v_distance(a->w, a->nw), v_distance(a->n, a->nw)),
                         v_average(v_distance(a->n, a->ne), v_distance(a->w, a->ww)));
    v16 far = v_average(v_distance(a->n, a->nn), v_distance(a->ne, a->nne));
    return v_add_within(near, v_shift_right(far, 1));
}

BP_ALWAYS v16 weighted_of(const around *a, const model_lanes *m, const bool window)
{
    const v16 middle = v_set(32768), *weight = m->weight;
    v16 acc = v_share(v_xor(a->nnw, middle), weight[BP_PHOTON_NNW]);
    acc = v_add_signed(acc, v_share(v_xor(a->nne, middle), weight[BP_PHOTON_NNE]));
    acc = v_add_signed(acc, v_share(v_xor(a->nn, middle), weight[BP_PHOTON_NN]));
    acc = v_add_signed(acc, v_share(v_xor(a->ww, middle), weight[BP_PHOTON_WW]));
    acc = v_add_signed(acc, v_share(v_xor(a->nw, middle), weight[BP_PHOTON_NW]));
    acc = v_add_signed(acc, v_share(v_xor(a->w, middle), weight[BP_PHOTON_W]));
    acc = v_add_signed(acc, v_share(v_xor(a->n, middle), weight[BP_PHOTON_N]));
    acc = v_add_signed(acc, v_share(v_xor(a->ne, middle), weight[BP_PHOTON_NE]));
    if (window)
        acc = v_add_signed(acc, v_share(v_xor(a->window, middle), weight[BP_PHOTON_WINDOW]));
    return v_xor(acc, middle);
}

/* The prediction, and the code of what is around. What a model does not use the compiler drops. */
BP_ALWAYS v16 predict(const around *a, const model_lanes *m, const int kind, const bool weighted,
                      const bool window, v16 *code)
{
    v16 mean = mean_of(a), level = weighted ? weighted_of(a, m, window) : mean;
    v16_mask large = v_at_least(mean, m->small);
    level = v_shift_right_by(v_add_within(level, m->half), m->shift);
    if (kind == BP_PHOTON_BY_MEAN)
        *code = v_code(mean, 3);
    else if (kind == BP_PHOTON_BY_ROUGHNESS)
        *code = v_code(roughness_of(a), 3);
    else if (kind == BP_PHOTON_BY_BOTH)
        *code = v_add(v_code(mean, 2), v_code(roughness_of(a), 2));
    else
        *code = v_add(v_code(v_mix(large, a->window, mean), 2), v_only(large, m->code_of_large));
    return kind == BP_PHOTON_BY_MEAN || kind == BP_PHOTON_BY_WINDOW ? v_only(large, level) : level;
}

/* One function for each model: what(name, kind, weighted, window). */
#define BP_PHOTON_VARIANTS(what)                                                                             \
    what(level, BP_PHOTON_BY_MEAN, 0, 0) what(level_w, BP_PHOTON_BY_MEAN, 1, 0)                              \
        what(level_v, BP_PHOTON_BY_MEAN, 1, 1) what(rough, BP_PHOTON_BY_ROUGHNESS, 0, 0)                     \
            what(rough_w, BP_PHOTON_BY_ROUGHNESS, 1, 0) what(rough_v, BP_PHOTON_BY_ROUGHNESS, 1, 1)          \
                what(both, BP_PHOTON_BY_BOTH, 0, 0) what(both_w, BP_PHOTON_BY_BOTH, 1, 0)                    \
                    what(both_v, BP_PHOTON_BY_BOTH, 1, 1) what(window, BP_PHOTON_BY_WINDOW, 0, 1)            \
                        what(window_w, BP_PHOTON_BY_WINDOW, 1, 1)

static inline size_t variant_of(const bp_photon_model *m)
{
    size_t kind = m->kind < BP_PHOTON_KINDS ? m->kind : 0;
    bool window = kind != BP_PHOTON_BY_WINDOW && m->weight[BP_PHOTON_WINDOW] != 0;
    return 3 * kind + (m->weighted ? 1 + (size_t)window : 0);
}

#endif
