/* SPDX-License-Identifier: BSD-3-Clause */
#include <stddef.h>
#include <string.h>

#include "algo/photon_bits.h"
#include "algo/photon_sparse.h"
#include "base/scratch.h"

typedef struct streams {
    const bp_photon_tables *tables;
    const uint8_t *word, *words_end;
    bp_photon_bit_reader raw;
    bool bad;
} streams;

static uint32_t next_symbol(streams *s, uint32_t code, uint32_t *state)
{
    const bp_photon_tables *t = s->tables;
    uint32_t x = *state, slot = x & ((1u << t->bits) - 1);
    uint32_t entry = t->slots[((size_t)t->map[code] << t->bits) + slot];
    x = (entry & 4095) * (x >> t->bits) + (entry >> 16 & 4095);
    if (x < BP_PHOTON_START) {
        if (s->word == s->words_end) {
            s->bad = true;
            return BP_PHOTON_ESCAPE;
        }
        x = x << 16 | bp_load_le16(s->word);
        s->word += 2;
    }
    *state = x;
    return (entry >> 12 & 15) | (entry >> 28) << 4;
}

static void store(uint8_t *values, size_t itemsize, size_t i, uint32_t value)
{
    uint16_t v2 = (uint16_t)value;
    if (itemsize == 1)
        values[i] = (uint8_t)value;
    else
        memcpy(values + i * itemsize, itemsize == 2 ? (const void *)&v2 : (const void *)&value, itemsize);
}

static void place_events(streams *s, uint32_t *states, size_t count, unsigned most_bits,
                         const bp_photon_form *form, const uint8_t *map, size_t pixels, uint8_t *values)
{
    size_t at = 0;
    uint32_t before = BP_PHOTON_ESCAPE;
    for (size_t i = 0; i < count; i++) {
        uint32_t symbol;
        unsigned bits;
        while ((symbol = next_symbol(s, before, &states[0])) == BP_PHOTON_ESCAPE && !s->bad && at < pixels) {
            at += BP_PHOTON_SPARSE_LONG;
            before = BP_PHOTON_ESCAPE;
        }
        uint32_t least = bp_photon_sparse_gap(symbol, &bits);
        at += least + bp_photon_bits_get(&s->raw, bits);
        uint32_t work = next_symbol(s, BP_PHOTON_SPARSE_VALUE + symbol, &states[1]) + 1;
        if (work > BP_PHOTON_ESCAPE)
            work = bp_photon_bits_get(&s->raw, most_bits);
        if (s->bad || at >= pixels || (map && map[at]) || work == 0) {
            s->bad = true;
            return;
        }
        store(values, form->itemsize, at++, work * form->step + form->base);
        before = symbol;
    }
}

static bool read_events(bp_photon_reader *r, bp_photon_tables *t, const bp_photon_form *form,
                        const uint8_t *map, size_t pixels, uint8_t *values)
{
    bp_photon_weights weights;
    size_t count = bp_photon_get_number(r);
    unsigned most_bits = bp_photon_get_byte(r);
    memset(t, 0, offsetof(bp_photon_tables, slots)); /* of the slots those in use are filled later */
    bp_photon_tables_read(r, t, &weights);
    size_t words = bp_photon_get_number(r);
    if (r->bad || count > pixels || most_bits > 32 || !bp_photon_tables_build(t, &weights, true) ||
        (size_t)(r->end - r->at) < 8 || words > ((size_t)(r->end - r->at) - 8) / 2)
        return false;
    uint32_t states[2] = {bp_load_le32(r->at), bp_load_le32(r->at + 4)};
    const uint8_t *word = r->at + 8, *raw = word + 2 * words;
    streams s = {.tables = t, .word = word, .words_end = raw, .raw = {.at = raw, .end = r->end}};
    if (states[0] < BP_PHOTON_START || states[1] < BP_PHOTON_START)
        return false;
    place_events(&s, states, count, most_bits, form, map, pixels, values);
    r->at = r->end;
    return !s.bad && s.word == s.words_end && bp_photon_bits_done(&s.raw) && states[0] == BP_PHOTON_START &&
           states[1] == BP_PHOTON_START;
}

bp_status bp_photon_sparse_read(bp_context *ctx, bp_photon_reader *r, const bp_photon_form *form,
                                const uint8_t *map, size_t pixels, uint8_t *values)
{
    bp_photon_tables *tables = bp_scratch_take(ctx, sizeof *tables);
    if (!tables)
        return bp_fail(ctx, BP_E_MEMORY, "photon: no memory for a frame of %zu pixels", pixels);
    r->bad |= !read_events(r, tables, form, map, pixels, values);
    bp_scratch_give(ctx, tables);
    return BP_OK;
}
