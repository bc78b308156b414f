/* SPDX-License-Identifier: BSD-3-Clause
 * The band coder of photon, the reference. */
#include <string.h>

#include "base/bits.h"
#include "kernel/kernel_c.h"
#include "kernel/photon_model.h"

void bp_photon_predict_c(const bp_photon_model *model, const bp_photon_rows *rows, size_t width,
                         uint16_t *prediction, uint8_t *code)
{
    for (size_t c = 0; c < width; c++) {
        uint32_t found;
        prediction[c] = (uint16_t)bp_photon_predict(model, rows, (ptrdiff_t)c, &found);
        code[c] = (uint8_t)found;
    }
}

/* The long means of a row; above: those of the row above it, NULL for the first one. They may be the same. */
static void window_row(const bp_photon_model *m, const uint16_t *seen, size_t width, const uint16_t *above,
                       uint16_t *window)
{
    uint32_t running = bp_photon_running_begin(m, seen[-1]);
    for (size_t c = 0; c < width; c++) {
        uint32_t up = above ? above[c + 1 < width ? c + 1 : c] : running;
        window[c] = (uint16_t)bp_photon_window(m, up, running);
        running = bp_photon_running_on(m, running, seen[c]);
    }
}

void bp_photon_windows_c(const bp_photon_model *m, const uint16_t *seen, const bp_photon_pieces *p,
                         uint16_t *windows)
{
    for (size_t i = 0; i < p->count; i++)
        for (size_t r = 0; r < p->height; r++) {
            uint16_t *to = windows + (i * p->height + r) * p->out_stride;
            window_row(m, seen + p->at[i] + r * p->stride, p->width, r > 0 ? to - p->out_stride : NULL, to);
        }
}

/* Symbol and context; the low bits apart. */
static uint16_t token_of(const bp_photon_tables *t, const bp_photon_rows *rows, uint32_t value, ptrdiff_t c,
                         uint16_t *low)
{
    uint32_t code, residual = value - bp_photon_predict(&t->model, rows, c, &code);
    uint32_t context = t->map[code], k = t->low[context];
    residual = (residual + ((uint32_t)t->zero[context] << k)) & 0xffff;
    uint32_t symbol = residual >> k;
    if (symbol >= BP_PHOTON_ESCAPE || value == BP_PHOTON_LARGE)
        symbol = BP_PHOTON_ESCAPE;
    *low = (uint16_t)(residual & ((1u << k) - 1));
    return (uint16_t)(symbol | context << 5);
}

/* Tokens of a band at the steps of their pixels. */
static void make_tokens(const bp_photon_source *s)
{
    const bp_photon_model *m = &s->tables->model;
    size_t line = bp_photon_line(s->width);
    uint16_t *window = s->lines + 3 * line;
    for (size_t i = 0; i < bp_photon_tokens_size(s->height, s->width); i++)
        s->tokens[i] = BP_PHOTON_SKIP;
    for (size_t r = 0; r < s->height; r++) {
        uint16_t *row = s->lines + r % 3 * line + BP_PHOTON_PAD;
        const uint16_t *above = s->lines + (r + 2) % 3 * line + BP_PHOTON_PAD;
        const uint16_t *second = s->lines + (r + 1) % 3 * line + BP_PHOTON_PAD;
        for (size_t c = 0; c <= s->width; c++)
            row[c] = bp_photon_seen(s->plane[r * s->stride + (c < s->width ? c : c - 1)], m->shift);
        row[-1] = r > 0 ? above[0] : 0;
        row[-2] = r > 0 ? above[-1] : 0;
        bp_photon_rows rows = bp_photon_rows_at(row, above, second, r);
        if (bp_photon_has_window(m)) {
            window_row(m, row, s->width, r > 0 ? window : NULL, window);
            rows.window = window;
        }
        for (size_t c = 0; c < s->width; c++) {
            uint16_t *at = s->tokens + bp_photon_step_of(r, c, s->width) * 64 + r % BP_PHOTON_LANES;
            if (!s->labels || !s->labels[r * s->width + c])
                at[0] = token_of(s->tables, &rows, s->plane[r * s->stride + c], (ptrdiff_t)c, at + 32);
        }
    }
}

static void push_word(bp_photon_sink *sink, uint32_t *state)
{
    *--sink->word = (uint16_t)*state;
    *state >>= 16;
}

/* A symbol without a frequency goes as an escape, its low bits stay. */
static bool put_symbol(const bp_photon_tables *t, bp_photon_sink *sink, size_t lane, uint32_t token,
                       uint32_t low)
{
    uint32_t symbol = token & 31, context = token >> 5 & 31, k = t->low[context];
    uint32_t *state = &sink->state[lane];
    if (t->freq[context][symbol] == 0)
        symbol = BP_PHOTON_ESCAPE;
    uint32_t f = t->freq[context][symbol];
    if (*state >= f << (32 - t->bits - k))
        push_word(sink, state);
    *state = ((*state / f) << t->bits) + *state % f + t->start[context][symbol];
    *state = *state << k | low;
    return symbol == BP_PHOTON_ESCAPE;
}

uint32_t bp_photon_escaped(const bp_photon_source *s, size_t step, size_t lane)
{
    size_t place = step - BP_PHOTON_SKEW * lane, period = bp_photon_period(s->width);
    size_t row = place / period * BP_PHOTON_LANES + lane, c = place % period;
    uint32_t value = s->plane[row * s->stride + c];
    if (value < BP_PHOTON_LARGE)
        return value;
    const uint8_t *at = s->raw + (row * s->width + c) * s->form.itemsize;
    uint32_t raw = s->form.itemsize == 4 ? bp_load_le32(at) : s->form.itemsize == 2 ? bp_load_le16(at) : *at;
    return bp_photon_work_of(&s->form, raw);
}

void bp_photon_encode_c(const bp_photon_source *s, bp_photon_sink *sink)
{
    for (size_t l = 0; l < BP_PHOTON_LANES; l++)
        sink->state[l] = BP_PHOTON_START;
    make_tokens(s);
    for (size_t step = bp_photon_steps(s->height, s->width); step-- > 0;)
        for (size_t l = BP_PHOTON_LANES; l-- > 0;) {
            const uint16_t *token = s->tokens + step * 64 + l;
            if (token[0] != BP_PHOTON_SKIP && put_symbol(s->tables, sink, l, token[0], token[32]))
                *--sink->escape = bp_photon_escaped(s, step, l);
        }
}

static bool renormalise(bp_photon_band *b, uint32_t *state)
{
    if (*state >= BP_PHOTON_START)
        return true;
    if (b->words == b->words_end)
        return false;
    *state = *state << 16 | bp_load_le16(b->words);
    b->words += 2;
    return true;
}

static bool get_pixel(const bp_photon_tables *t, bp_photon_band *b, size_t lane, const bp_photon_rows *rows,
                      uint16_t *value)
{
    uint32_t code, x = b->state[lane];
    uint32_t prediction = bp_photon_predict(&t->model, rows, 0, &code);
    uint32_t context = t->map[code], k = t->low[context], low = x & ((1u << k) - 1);
    x >>= k;
    uint32_t slot = t->slots[(context << t->bits) + (x & ((1u << t->bits) - 1))];
    uint32_t symbol = (slot >> 12 & 15) | (slot >> 28 << 4);
    b->state[lane] = (slot & 4095) * (x >> t->bits) + (slot >> 16 & 4095);
    if (!renormalise(b, &b->state[lane]))
        return false;
    *value = (uint16_t)(prediction + (symbol << k) + low - ((uint32_t)t->zero[context] << k));
    if (symbol != BP_PHOTON_ESCAPE)
        return true;
    if (b->escapes == b->escapes_end)
        return false;
    *value = (uint16_t)bp_photon_within(*b->escapes++);
    return true;
}

/* Where a lane is in a group: c columns from the begin of the row, which is negative before the first row and
 * beyond the period in the row of the next group. */
typedef struct place {
    size_t row;
    ptrdiff_t c;
} place;

/* What the lanes remember of their lines. */
typedef struct memory {
    uint16_t window[BP_PHOTON_LANES];
    uint32_t running[BP_PHOTON_LANES];
} memory;

static place place_at(size_t group, size_t lane, ptrdiff_t c, size_t period)
{
    bool next = c >= (ptrdiff_t)period;
    return (place){(group + next) * BP_PHOTON_LANES + lane, next ? c - (ptrdiff_t)period : c};
}

/* The neighbours of a place of a line; above lane 0 is lane 31 of a period before. */
static bp_photon_rows neighbours(const bp_photon_target *t, size_t lane, const uint16_t *at, const place *p)
{
    size_t line = bp_photon_line(t->width), period = bp_photon_period(t->width);
    const uint16_t *back = at + (BP_PHOTON_LANES * line - period); /* lane 32 + lane */
    const uint16_t *above = lane > 0 ? at - line : back - line;
    const uint16_t *second = lane > 1 ? at - 2 * line : back - 2 * line;
    bool left = p->c < 0 || p->c > (ptrdiff_t)t->width;
    return bp_photon_rows_at(at, above, second, left ? 2 : p->row);
}

/* One step of one lane; above: the long mean of the row above, one column on. */
static bool get_place(const bp_photon_target *t, bp_photon_band *b, size_t lane, uint16_t *at, const place *p,
                      bool hidden, uint32_t above, memory *mem)
{
    const bp_photon_model *m = &t->tables->model;
    bp_photon_rows r = neighbours(t, lane, at, p);
    uint16_t value;
    if (p->c < 0 || p->c > (ptrdiff_t)t->width) {
        *at = r.ne[0]; /* left of a row: the first values of the rows above */
        mem->running[lane] = bp_photon_running_begin(m, *at);
        return true;
    }
    if (p->c == (ptrdiff_t)t->width) { /* right of a row its last value goes on */
        *at = r.w[0];
        return true;
    }
    uint32_t running = mem->running[lane];
    mem->window[lane] = (uint16_t)bp_photon_window(m, p->row == 0 ? running : above, running);
    r.window = bp_photon_has_window(m) ? &mem->window[lane] : NULL;
    *at = r.w[0]; /* a label stands for the value to its left */
    if (!hidden && p->row < b->height) {
        if (!get_pixel(t->tables, b, lane, &r, &value))
            return false;
        b->out[p->row * t->stride + (size_t)p->c] = value;
        *at = bp_photon_seen(value, m->shift);
    }
    mem->running[lane] = bp_photon_running_on(m, running, *at);
    return true;
}

static bool decode_group(const bp_photon_target *t, bp_photon_band *b, size_t group, memory *mem)
{
    size_t period = bp_photon_period(t->width), line = bp_photon_line(t->width);
    const uint32_t *hidden = b->hidden ? b->hidden + group * period : NULL;
    uint16_t *last = t->lines + BP_PHOTON_LANES * line; /* long means of lane 31 */
    for (size_t step = group ? BP_PHOTON_LEAD : 0; step < period + BP_PHOTON_LEAD; step++) {
        memory before = *mem;
        for (size_t l = 0; l < BP_PHOTON_LANES; l++) {
            ptrdiff_t c = (ptrdiff_t)step - (ptrdiff_t)(BP_PHOTON_SKEW * l);
            place p = place_at(group, l, c, period);
            uint16_t *at = t->lines + l * line + BP_PHOTON_PAD + period + c;
            uint32_t above = l > 0 ? before.window[l - 1] : last[step + BP_PHOTON_LEAD + 1];
            if (!get_place(t, b, l, at, &p, hidden && hidden[step] >> l & 1, above, mem))
                return false;
        }
        last[period + step] = mem->window[BP_PHOTON_LANES - 1];
    }
    for (size_t l = 0; l <= BP_PHOTON_LANES; l++)
        memmove(t->lines + l * line, t->lines + l * line + period, (line - period) * sizeof *t->lines);
    return true;
}

bool bp_photon_band_ended(const bp_photon_band *b)
{
    bool good = b->words == b->words_end && b->escapes == b->escapes_end;
    for (size_t l = 0; l < BP_PHOTON_LANES; l++)
        good &= b->state[l] == BP_PHOTON_START;
    return good;
}

bool bp_photon_decode_c(const bp_photon_target *t, bp_photon_band *bands, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        memory mem = {{0}, {0}};
        memset(t->lines, 0, bp_photon_lines_size(t->width) * sizeof *t->lines);
        for (size_t g = 0; g < bp_photon_groups(bands[i].height); g++)
            if (!decode_group(t, &bands[i], g, &mem))
                return false;
        if (!bp_photon_band_ended(&bands[i]))
            return false;
        for (size_t r = 0; t->take && r < bands[i].height; r++)
            t->take(t->user, &bands[i], r, bands[i].out + r * t->stride);
    }
    return true;
}
