/* SPDX-License-Identifier: BSD-3-Clause
 * The band coder of photon, the reference. */
#include <assert.h>
#include <string.h>

#include "base/bits.h"
#include "kernel/kernel_c.h"
#include "kernel/photon_model.h"

void bp_photon_predict_c(unsigned model, const bp_photon_rows *rows, size_t width, uint32_t *prediction,
                         uint8_t *code)
{
    for (size_t c = 0; c < width; c++) {
        uint32_t found;
        prediction[c] = bp_photon_predict(model, rows, (ptrdiff_t)c, &found);
        code[c] = (uint8_t)found;
    }
}

/* symbol | context << 5 | low bits << 10 */
static uint32_t token_of(const bp_photon_tables *t, const bp_photon_rows *rows, ptrdiff_t c)
{
    uint32_t code, residual = rows->w[c + 1] - bp_photon_predict(t->model, rows, c, &code);
    uint32_t context = t->map[code], k = t->low[context];
    uint32_t symbol = bp_photon_shift(residual, k) + t->zero[context];
    if (symbol >= BP_PHOTON_ESCAPE || t->freq[context][symbol] == 0)
        return BP_PHOTON_ESCAPE | context << 5;
    return symbol | context << 5 | (residual & ((1u << k) - 1)) << 10;
}

void bp_photon_tokens_c(const bp_photon_tables *t, const bp_photon_rows *rows, size_t width, uint32_t *tokens)
{
    for (size_t c = 0; c < width; c++)
        tokens[c] = token_of(t, rows, (ptrdiff_t)c);
}

static void push_word(bp_photon_sink *sink, uint32_t *state)
{
    *--sink->word = (uint16_t)*state;
    *state >>= 16;
}

/* Low bits that are renormalised by themselves. */
static void put_low(const bp_photon_tables *t, bp_photon_sink *sink, size_t lane, uint32_t token)
{
    uint32_t *state = &sink->state[lane], k = t->low[token >> 5 & 31];
    if (k && *state >> (32 - k))
        push_word(sink, state);
    *state = *state << k | token >> 10;
}

static void put_symbol(const bp_photon_tables *t, bp_photon_sink *sink, size_t lane, uint32_t token)
{
    uint32_t symbol = token & 31, context = token >> 5 & 31, *state = &sink->state[lane];
    uint32_t f = t->freq[context][symbol], k = t->wide ? 0 : t->low[context];
    if (*state >= (uint64_t)f << (32 - t->bits - k))
        push_word(sink, state);
    if (!t->wide)
        *state = *state << k | token >> 10;
    *state = ((*state / f) << t->bits) + *state % f + t->start[context][symbol];
}

/* One step of a group, lanes from the last to the first. */
static void put_step(const bp_photon_source *s, const uint32_t *group, size_t rows, size_t step,
                     bp_photon_sink *sink)
{
    size_t stride = bp_photon_stride(s->width);
    uint32_t token[BP_PHOTON_LANES];
    for (size_t l = rows; l-- > 0;) {
        size_t c = step - BP_PHOTON_SKEW * l;
        token[l] = c < s->width ? s->tokens[l * stride + c] : BP_PHOTON_SKIP; /* c: also when below 0 */
        if (token[l] != BP_PHOTON_SKIP && (token[l] & 31) == BP_PHOTON_ESCAPE)
            *--sink->escape = group[l * s->stride + c];
        if (token[l] != BP_PHOTON_SKIP && s->tables->wide)
            put_low(s->tables, sink, l, token[l]);
    }
    for (size_t l = rows; l-- > 0;)
        if (token[l] != BP_PHOTON_SKIP)
            put_symbol(s->tables, sink, l, token[l]);
}

void bp_photon_group_tokens(const bp_photon_source *s, size_t first, size_t rows,
                            bp_photon_tokens_function make)
{
    size_t stride = bp_photon_stride(s->width);
    for (size_t l = 0; l < rows; l++) {
        size_t row = first + l;
        bp_photon_rows r = bp_photon_rows_of(s->plane + row * s->stride, s->stride, row);
        uint32_t *tokens = s->tokens + l * stride;
        make(s->tables, &r, s->width, tokens);
        for (size_t c = 0; s->labels && c < s->width; c++)
            if (s->labels[row * s->width + c])
                tokens[c] = BP_PHOTON_SKIP;
    }
}

void bp_photon_encode_c(const bp_photon_source *s, bp_photon_sink *sink)
{
    for (size_t l = 0; l < BP_PHOTON_LANES; l++)
        sink->state[l] = BP_PHOTON_START;
    size_t groups = (s->height + BP_PHOTON_LANES - 1) / BP_PHOTON_LANES;
    for (size_t g = groups; g-- > 0;) {
        size_t first = g * BP_PHOTON_LANES;
        size_t rows = s->height - first < BP_PHOTON_LANES ? s->height - first : BP_PHOTON_LANES;
        bp_photon_group_tokens(s, first, rows, bp_photon_tokens_c);
        for (size_t step = bp_photon_steps(s->width); step-- > 0;)
            put_step(s, s->plane + first * s->stride, rows, step, sink);
    }
}

void bp_photon_put_row(const bp_photon_target *t, const uint32_t *row, uint8_t *out)
{
    uint32_t step = t->step, offset = t->offset;
    if (t->itemsize == 1) {
        for (size_t c = 0; c < t->width; c++)
            out[c] = (uint8_t)(row[c] * step + offset);
    } else if (t->itemsize == 2) {
        for (size_t c = 0; c < t->width; c++) {
            uint16_t v = (uint16_t)(row[c] * step + offset);
            memcpy(out + 2 * c, &v, 2);
        }
    } else {
        for (size_t c = 0; c < t->width; c++) {
            uint32_t v = row[c] * step + offset;
            memcpy(out + 4 * c, &v, 4);
        }
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

/* A pixel between its symbol and its low bits. */
typedef struct pixel {
    uint32_t *value; /* NULL: none */
    uint32_t prediction, context, symbol;
} pixel;

static bool get_symbol(const bp_photon_tables *t, bp_photon_band *b, size_t lane, const bp_photon_rows *rows,
                       ptrdiff_t c, pixel *p)
{
    uint32_t code, x = b->state[lane];
    p->prediction = bp_photon_predict(t->model, rows, c, &code);
    p->context = t->map[code];
    uint32_t slot = t->slots[(p->context << t->bits) + (x & ((1u << t->bits) - 1))];
    p->symbol = slot & 31;
    b->state[lane] = (slot >> 5 & 8191) * (x >> t->bits) + (slot >> 18);
    return !t->wide || renormalise(b, &b->state[lane]);
}

static bool get_low(const bp_photon_tables *t, bp_photon_band *b, size_t lane, const pixel *p)
{
    uint32_t k = t->low[p->context], low = b->state[lane] & ((1u << k) - 1);
    b->state[lane] >>= k;
    if (!renormalise(b, &b->state[lane]))
        return false;
    *p->value = p->prediction + ((p->symbol - t->zero[p->context]) << k) + low;
    if (p->symbol != BP_PHOTON_ESCAPE)
        return true;
    if (b->escapes == b->escapes_end)
        return false;
    *p->value = *b->escapes++;
    return true;
}

/* One step of a group; row 0 is the group's first. */
static bool get_step(const bp_photon_target *t, bp_photon_band *b, uint32_t *row0, size_t first, size_t step,
                     uint32_t active)
{
    size_t stride = bp_photon_stride(t->width), rows = b->height - first;
    pixel pixels[BP_PHOTON_LANES] = {{0}};
    for (size_t l = 0; l < BP_PHOTON_LANES && l < rows; l++) {
        size_t c = step - BP_PHOTON_SKEW * l; /* beyond the width also when below 0 */
        uint32_t *row = row0 + l * stride;
        if (c == 0)
            bp_photon_pad_left(row, stride, first + l);
        if (c >= t->width || !(active >> l & 1))
            continue;
        bp_photon_rows r = bp_photon_rows_of(row, stride, first + l);
        pixels[l].value = &row[c];
        if (!get_symbol(t->tables, b, l, &r, (ptrdiff_t)c, &pixels[l]))
            return false;
    }
    for (size_t l = 0; l < BP_PHOTON_LANES && l < rows; l++) {
        size_t c = step - BP_PHOTON_SKEW * l;
        uint32_t *row = row0 + l * stride;
        if (c >= t->width)
            continue;
        if (!pixels[l].value)
            row[c] = row[(ptrdiff_t)c - 1]; /* a label stands for the value to its left */
        else if (!get_low(t->tables, b, l, &pixels[l]))
            return false;
        row[c + 1] = row[c]; /* right of the last column its value goes on */
    }
    return true;
}

static bool decode_band(const bp_photon_target *t, bp_photon_band *b)
{
    size_t stride = bp_photon_stride(t->width), steps = bp_photon_steps(t->width);
    uint32_t *row0 = t->rows + 2 * stride + BP_PHOTON_PAD;
    const uint16_t *active = b->active;
    assert(t->rows);
    for (size_t first = 0; first < b->height; first += BP_PHOTON_LANES) {
        for (size_t step = 0; step < steps; step++)
            if (!get_step(t, b, row0, first, step, active ? *active++ : 0xffff))
                return false;
        for (size_t l = 0; l < BP_PHOTON_LANES && l < b->height - first; l++)
            bp_photon_put_row(t, row0 + l * stride, b->out + (first + l) * t->width * t->itemsize);
        memmove(t->rows, t->rows + BP_PHOTON_LANES * stride, 2 * stride * sizeof *t->rows);
    }
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
    for (size_t i = 0; i < count; i++)
        if (!decode_band(t, &bands[i]) || !bp_photon_band_ended(&bands[i]))
            return false;
    return true;
}
