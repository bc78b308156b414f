/* SPDX-License-Identifier: BSD-3-Clause
 * Decodes bands of photon with 16 lanes a vector. A row's values move one lane up and two steps on to become
 * the neighbours of the next row: one permute per row above, the rest is what earlier steps had. */
#include <string.h>

#include "kernel/kernel_c.h"

#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512VL__) && defined(__AVX512DQ__) &&       \
    defined(__AVX512VBMI__) && defined(__AVX512CD__)
#include "kernel/photon_avx512.h"

enum { LOW_NONE, LOW_JOINT, LOW_WIDE, LOW_KINDS };

#define BLOCK 16 /* steps between looks at the streams */

typedef struct lookup {
    __m512i low[2], zero[2], map[2], mask;
    const uint32_t *slots;
    __m128i bits;
} lookup;

typedef struct lanes {
    __m512i x, w, ww, ne, n, nne, nn; /* states; values of the last steps */
    const uint8_t *words;
    const uint32_t *escapes;
    const uint32_t *above, *second; /* rows above the group, column 0 */
    uint32_t *row0;
    __m512i values[BLOCK];
} lanes;

BP_ALWAYS void renormalise(lanes *s, __m512i *x, __mmask16 active)
{
    __mmask16 need = _mm512_mask_cmplt_epu32_mask(active, *x, _mm512_set1_epi32((int)BP_PHOTON_START));
    __m512i words = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)(const void *)s->words));
    s->words += 2 * (unsigned)__builtin_popcount(need);
    *x = _mm512_mask_or_epi32(*x, need, _mm512_slli_epi32(*x, 16), _mm512_maskz_expand_epi32(need, words));
}

/* Moves the neighbours on by one step. */
BP_ALWAYS void move(lanes *s, size_t step, bp_photon_around *a)
{
    const uint32_t *above = s->above + step - 14,
                   *second = s->second + step - 14; /* lane 15: column step + 1 */
    a->ne = _mm512_alignr_epi32(s->w, _mm512_loadu_si512(above), 15);
    a->n = s->ne;
    a->nw = s->n;
    a->nne = _mm512_alignr_epi32(a->nw, _mm512_loadu_si512(second), 15);
    a->nn = s->nne;
    a->nnw = s->nn;
    a->w = s->w;
    a->ww = s->ww;
    s->ne = a->ne;
    s->n = a->n;
    s->nne = a->nne;
    s->nn = a->nn;
}

/* The first two rows of a band have fewer rows above. */
BP_ALWAYS void at_top(bp_photon_around *a)
{
    a->ne = _mm512_mask_mov_epi32(a->ne, 1, a->w);
    a->n = _mm512_mask_mov_epi32(a->n, 1, a->w);
    a->nw = _mm512_mask_mov_epi32(a->nw, 1, a->w);
    a->nn = _mm512_mask_mov_epi32(a->nn, 3, a->n);
    a->nne = _mm512_mask_mov_epi32(a->nne, 3, a->ne);
    a->nnw = _mm512_mask_mov_epi32(a->nnw, 3, a->nw);
}

/* One step; with part, only lanes of active have a value, those of left have not begun. */
BP_ALWAYS __m512i decode_step(const lookup *t, lanes *s, size_t step, const int model, const int kind,
                              const bool part, bool top, __mmask16 active, __mmask16 left)
{
    bp_photon_around a;
    __m512i code, context, x = s->x;
    move(s, step, &a);
    if (part && top)
        at_top(&a);
    __m512i value = bp_predict_16(model, &a, &code);
    context = _mm512_and_si512(_mm512_permutex2var_epi8(t->map[0], code, t->map[1]), _mm512_set1_epi32(31));
    __m512i index = _mm512_or_si512(_mm512_sll_epi32(context, t->bits), _mm512_and_si512(x, t->mask));
    __m512i slot = _mm512_i32gather_epi32(index, t->slots, 4);
    __m512i symbol = _mm512_and_si512(slot, _mm512_set1_epi32(31));
    __m512i frequency = _mm512_and_si512(_mm512_srli_epi32(slot, 5), _mm512_set1_epi32(8191));
    x = _mm512_add_epi32(_mm512_mullo_epi32(frequency, _mm512_srl_epi32(x, t->bits)),
                         _mm512_srli_epi32(slot, 18));
    if (kind == LOW_WIDE)
        renormalise(s, &x, active);
    __m512i residual = _mm512_sub_epi32(symbol, _mm512_permutex2var_epi32(t->zero[0], context, t->zero[1]));
    if (kind != LOW_NONE) {
        __m512i k = _mm512_permutex2var_epi32(t->low[0], context, t->low[1]);
        __m512i low = _mm512_andnot_si512(_mm512_sllv_epi32(_mm512_set1_epi32(-1), k), x);
        x = _mm512_srlv_epi32(x, k);
        residual = _mm512_or_si512(_mm512_sllv_epi32(residual, k), low);
    }
    renormalise(s, &x, active);
    value = _mm512_add_epi32(value, residual);
    __mmask16 escaped = _mm512_mask_cmpeq_epi32_mask(active, symbol, _mm512_set1_epi32(BP_PHOTON_ESCAPE));
    if (__builtin_expect(escaped != 0, 0)) {
        value = _mm512_mask_expandloadu_epi32(value, escaped, s->escapes);
        s->escapes += __builtin_popcount(escaped);
    }
    if (part) {
        x = _mm512_mask_mov_epi32(s->x, active, x);
        value = _mm512_mask_mov_epi32(_mm512_mask_mov_epi32(a.w, left, a.ne), active, value);
    }
    s->x = x;
    s->ww = a.w;
    s->w = value;
    return value;
}

/* Writes a block of steps to the rows of the group: row l has its columns from first - 2 l on. */
BP_ALWAYS void write_block(lanes *s, size_t first, size_t width, size_t stride)
{
    bp_transpose_16(s->values);
    for (size_t l = 0; l < BP_PHOTON_LANES; l++) {
        ptrdiff_t c = (ptrdiff_t)first - (ptrdiff_t)(BP_PHOTON_SKEW * l);
        if (c < (ptrdiff_t)width)
            _mm512_storeu_si512(s->row0 + l * stride + c, s->values[l]); /* pads take what is outside */
    }
}

static void start_group(lanes *s, size_t width, bool top)
{
    __m512i zero = _mm512_setzero_si512();
    size_t stride = bp_photon_stride(width);
    s->above = s->row0 - stride;
    s->second = s->row0 - 2 * stride;
    s->w = s->ww = s->ne = s->n = s->nne = s->nn = zero;
    for (size_t i = 0; i < 2; i++) { /* columns -2 and -1 of lane 0 */
        bp_photon_around a;
        s->above -= 2;
        s->second -= 2;
        move(s, i, &a);
        s->above += 2;
        s->second += 2;
        s->ww = s->w;
        s->w = top ? zero : a.ne;
    }
}

/* Values on their grid, 16 at a time. */
static void put_row(const bp_photon_target *t, const uint32_t *row, uint8_t *out)
{
    const __m512i step = _mm512_set1_epi32((int)t->step), offset = _mm512_set1_epi32((int)t->offset);
    for (size_t c = 0; c < t->width; c += 16) {
        __mmask16 in = t->width - c < 16 ? (__mmask16)((1u << (t->width - c)) - 1) : 0xffff;
        __m512i v = _mm512_add_epi32(_mm512_mullo_epi32(_mm512_loadu_si512(row + c), step), offset);
        if (t->itemsize == 1)
            _mm_mask_storeu_epi8(out + c, in, _mm512_cvtepi32_epi8(v));
        else if (t->itemsize == 2)
            _mm256_mask_storeu_epi16(out + 2 * c, in, _mm512_cvtepi32_epi16(v));
        else
            _mm512_mask_storeu_epi32(out + 4 * c, in, v);
    }
}

/* Row l + 1 and l + 2 of the next group see these rows above them. */
static void end_group(const bp_photon_target *t, const bp_photon_band *b, lanes *s, size_t first)
{
    size_t stride = bp_photon_stride(t->width), rows = b->height - first;
    for (size_t l = 0; l < BP_PHOTON_LANES && l < rows; l++)
        put_row(t, s->row0 + l * stride, b->out + (first + l) * t->width * t->itemsize);
    if (rows <= BP_PHOTON_LANES)
        return;
    for (size_t l = 0; l < 2; l++) {
        uint32_t *to = s->row0 - (2 - l) * stride, *from = s->row0 + (BP_PHOTON_LANES - 2 + l) * stride;
        memcpy(to, from, t->width * sizeof *to);
        to[t->width] = to[t->width - 1];
        /* the pads of the group's last rows: the first values of the rows above them */
        to[-1] = from[-(ptrdiff_t)stride];
        to[-2] = from[-2 * (ptrdiff_t)stride];
    }
}

BP_ALWAYS bool block_is_full(const bp_photon_band *b, size_t first, size_t done, size_t steps, size_t width)
{
    if (first == 0 || b->height - first < BP_PHOTON_LANES || done < 2 * BP_PHOTON_LANES ||
        done + BLOCK > width)
        return false;
    if (!b->active)
        return true;
    const uint16_t *active = b->active + first / BP_PHOTON_LANES * steps + done;
    __m256i all = _mm256_loadu_si256((const __m256i *)(const void *)active);
    return _mm256_cmpeq_epi16_mask(all, _mm256_set1_epi16(-1)) == 0xffff;
}

BP_ALWAYS void decode_part(const lookup *t, const bp_photon_band *b, lanes *s, size_t first, size_t done,
                           size_t width, const int model, const int kind)
{
    size_t steps = bp_photon_steps(width);
    for (size_t i = 0; i < BLOCK; i++) {
        uint32_t left = 0, active = done + i < steps
                                        ? bp_photon_lanes_at(done + i, width, b->height - first, &left)
                                        : 0;
        if (active && b->active)
            active &= b->active[first / BP_PHOTON_LANES * steps + done + i];
        s->values[i] =
            decode_step(t, s, done + i, model, kind, true, first == 0, (__mmask16)active, (__mmask16)left);
    }
}

/* The group that starts at row first, in count bands at once. */
BP_ALWAYS bool decode_group(const bp_photon_target *t, const lookup *look, bp_photon_band *b, lanes *s,
                            const size_t count, size_t first, const int model, const int kind)
{
    size_t width = t->width, steps = bp_photon_steps(width), stride = bp_photon_stride(width);
    for (size_t i = 0; i < count; i++)
        start_group(&s[i], width, first == 0);
    for (size_t done = 0; done < steps; done += BLOCK) {
        bool full = true;
        for (size_t i = 0; i < count; i++)
            full &= block_is_full(&b[i], first, done, steps, width);
        for (size_t step = 0; full && step < BLOCK; step++)
            for (size_t i = 0; i < count; i++)
                s[i].values[step] =
                    decode_step(look, &s[i], done + step, model, kind, false, false, 0xffff, 0);
        for (size_t i = 0; i < count; i++) {
            if (!full)
                decode_part(look, &b[i], &s[i], first, done, width, model, kind);
            write_block(&s[i], done, width, stride);
            if (s[i].words > b[i].words_end || s[i].escapes > b[i].escapes_end)
                return false;
        }
    }
    for (size_t i = 0; i < count; i++)
        end_group(t, &b[i], &s[i], first);
    return true;
}

typedef bool (*group_function)(const bp_photon_target *, const lookup *, bp_photon_band *, lanes *, size_t);

#define GROUP(model, kind, count)                                                                            \
    static bool group_##model##kind##count(const bp_photon_target *t, const lookup *look, bp_photon_band *b, \
                                           lanes *s, size_t first)                                           \
    {                                                                                                        \
        return decode_group(t, look, b, s, count, first, model, kind);                                       \
    }
#define KINDS(model)                                                                                         \
    GROUP(model, 0, 1)                                                                                       \
    GROUP(model, 0, 2) GROUP(model, 1, 1) GROUP(model, 1, 2) GROUP(model, 2, 1) GROUP(model, 2, 2)
KINDS(0)
KINDS(1)
KINDS(2)
KINDS(3)
KINDS(4)

#define ENTRIES(model)                                                                                       \
    {                                                                                                        \
        {group_##model##01, group_##model##02}, {group_##model##11, group_##model##12},                      \
        {                                                                                                    \
            group_##model##21, group_##model##22                                                             \
        }                                                                                                    \
    }
static const group_function groups[BP_PHOTON_MODELS][LOW_KINDS][BP_PHOTON_TOGETHER] = {
    ENTRIES(0), ENTRIES(1), ENTRIES(2), ENTRIES(3), ENTRIES(4)};

static int fill_lookup(const bp_photon_tables *t, lookup *look)
{
    uint32_t low[BP_PHOTON_CONTEXTS] = {0}, zero[BP_PHOTON_CONTEXTS] = {0}, any = 0;
    for (size_t c = 0; c < t->count; c++) {
        low[c] = t->low[c];
        zero[c] = t->zero[c];
        any |= low[c];
    }
    for (size_t i = 0; i < 2; i++) {
        look->low[i] = _mm512_loadu_si512(low + 16 * i);
        look->zero[i] = _mm512_loadu_si512(zero + 16 * i);
        look->map[i] = _mm512_loadu_si512(t->map + 64 * i);
    }
    look->mask = _mm512_set1_epi32((1 << t->bits) - 1);
    look->slots = t->slots;
    look->bits = _mm_cvtsi32_si128(t->bits);
    return t->wide ? LOW_WIDE : any ? LOW_JOINT : LOW_NONE;
}

static bool decode_bands(const bp_photon_target *t, const lookup *look, int kind, bp_photon_band *b,
                         size_t count)
{
    lanes s[BP_PHOTON_TOGETHER];
    size_t stride = bp_photon_stride(t->width), least = b[0].height;
    for (size_t i = 0; i < count; i++) {
        s[i].x = _mm512_loadu_si512(b[i].state);
        s[i].words = b[i].words;
        s[i].escapes = b[i].escapes;
        s[i].row0 = t->rows + (i * (BP_PHOTON_LANES + 2) + 2) * stride + BP_PHOTON_PAD;
        least = b[i].height < least ? b[i].height : least;
    }
    size_t first = 0;
    for (; first < least; first += BP_PHOTON_LANES)
        if (!groups[t->tables->model][kind][count - 1](t, look, b, s, first))
            return false;
    for (size_t i = 0; i < count; i++) {
        for (size_t row = first; row < b[i].height; row += BP_PHOTON_LANES)
            if (!groups[t->tables->model][kind][0](t, look, &b[i], &s[i], row))
                return false;
        _mm512_storeu_si512(b[i].state, s[i].x);
        b[i].words = s[i].words;
        b[i].escapes = s[i].escapes;
        if (!bp_photon_band_ended(&b[i]))
            return false;
    }
    return true;
}

bool bp_photon_decode_avx512(const bp_photon_target *t, bp_photon_band *bands, size_t count)
{
    lookup look;
    int kind = fill_lookup(t->tables, &look);
    for (size_t i = 0; i < count; i += BP_PHOTON_TOGETHER)
        if (!decode_bands(t, &look, kind, bands + i,
                          count - i < BP_PHOTON_TOGETHER ? count - i : BP_PHOTON_TOGETHER))
            return false;
    return true;
}
#endif
