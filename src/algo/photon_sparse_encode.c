/* SPDX-License-Identifier: BSD-3-Clause */
#include <stddef.h>
#include <string.h>

#include "algo/photon_bits.h"
#include "algo/photon_sparse.h"
#include "base/pool.h"
#include "base/scratch.h"
#include "kernel/kernel.h"
#include "kernel/photon_log.h"
#include "kernel/photon_model.h"

#define BLOCK        4096 /* values that are looked at together */
#define SLACK        64
#define FEW          4096 /* events for which coarser frequencies do */
#define FEW_BITS     10
#define CONTEXT_BITS 140 /* about what a context takes in the tables */
#define MOST_COST    3   /* pixels to a bit: frames that take more are left to others */

/* Symbols: of gaps, by the one before; of values, by that of their gap. */
typedef struct counts {
    uint32_t gaps[32][32], values[32][32];
    uint64_t raw_bits;
} counts;

/* Begins of the classes of symbols that share a context. */
static const uint8_t gap_classes[] = {0, 6, 14, 32}, value_classes[] = {0, 2, 32}, one_class[] = {0, 32};

static uint32_t gap_symbol(uint32_t gap)
{
    return bp_photon_code(gap, 1);
}

/* Events of a block of values. False when there are too many. */
static bool take_events(const bp_frames *frame, const uint8_t *values, size_t from, size_t count,
                        const bp_photon_lattice *lattice, size_t *next, size_t most, bp_photon_sparse *s)
{
    uint64_t masks[BLOCK / 64];
    size_t size = frame->itemsize;
    bp_kernels_get()->photon_values->others(values + from * size, count, size, lattice->form.base,
                                            lattice->label_count ? lattice->labels : NULL, masks);
    for (size_t at = 0; at < count; at += 64)
        for (uint64_t mask = masks[at / 64]; mask; mask &= mask - 1) {
            size_t i = from + at + (size_t)__builtin_ctzll(mask);
            if (s->count == most)
                return false;
            s->gap[s->count] = (uint32_t)(i - *next);
            s->work[s->count++] = bp_photon_work_of(&lattice->form, bp_photon_value_at(values, size, i));
            *next = i + 1;
        }
    return true;
}

static void count_symbols(bp_photon_sparse *s, counts *c)
{
    uint32_t before = BP_PHOTON_ESCAPE;
    memset(c, 0, sizeof *c);
    for (size_t i = 0; i < s->count; i++) {
        uint32_t gap = s->gap[i];
        for (; gap >= BP_PHOTON_SPARSE_LONG; gap -= BP_PHOTON_SPARSE_LONG, s->skips++) {
            c->gaps[before][BP_PHOTON_ESCAPE]++;
            before = BP_PHOTON_ESCAPE;
        }
        uint32_t symbol = gap_symbol(gap), value = s->work[i] - 1;
        c->gaps[before][symbol]++;
        c->values[symbol][value < BP_PHOTON_ESCAPE ? value : BP_PHOTON_ESCAPE]++;
        c->raw_bits += symbol / 2 + (value < BP_PHOTON_ESCAPE ? 0 : s->most_bits);
        before = symbol;
    }
}

/* Counts of the symbols from one begin of a class to the next, and their cost in bits as one context. */
static uint64_t add_class(uint32_t counted[32][32], const uint8_t *class, uint32_t *sum)
{
    uint64_t all = 0, cost = 0;
    memset(sum, 0, 32 * sizeof *sum);
    for (size_t b = class[0]; b < class[1]; b++)
        for (size_t k = 0; k < 32; k++)
            sum[k] += counted[b][k];
    for (size_t k = 0; k < 32; k++)
        all += sum[k];
    for (size_t k = 0; k < 32; k++)
        if (sum[k])
            cost += sum[k] * (uint64_t)(bp_photon_log2(all) - bp_photon_log2(sum[k]));
    return (cost >> 16) + CONTEXT_BITS;
}

/* Contexts for the symbols whose codes begin at code, as many as pay. Returns their cost. */
static uint64_t add_contexts(uint32_t counted[32][32], const uint8_t *classes, size_t count, size_t code,
                             bp_photon_sparse *s)
{
    uint32_t sums[4][32], all[32];
    uint64_t cost = 0, together = add_class(counted, one_class, all);
    bp_photon_tables *t = s->tables;
    for (size_t i = 0; i < count; i++)
        cost += add_class(counted, classes + i, sums[i]);
    if (together <= cost) {
        memcpy(sums[0], all, sizeof all);
        classes = one_class;
        count = 1;
        cost = together;
    }
    for (size_t i = 0; i < count; i++, t->count++) {
        memset(t->map + code + classes[i], t->count, BP_PHOTON_CODES - code - classes[i]);
        uint32_t any = 0;
        for (size_t k = 0; k < 32; k++)
            any |= sums[i][k];
        sums[i][0] += any == 0;
        bp_photon_weigh(sums[i], t->bits, s->weights.weight[t->count]);
    }
    return cost;
}

/* Are there few enough events, and how do they cost? */
static bool find_events(const bp_frames *frame, const uint8_t *values, const bp_photon_lattice *lattice,
                        size_t most, bp_photon_sparse *s)
{
    size_t pixels = frame->height * frame->width, next = 0;
    for (size_t from = 0; from < pixels; from += BLOCK) {
        size_t count = pixels - from < BLOCK ? pixels - from : BLOCK;
        if (!take_events(frame, values, from, count, lattice, &next, most, s))
            return false;
    }
    counts c;
    s->most_bits = 32 - (unsigned)__builtin_clz(lattice->most);
    count_symbols(s, &c);
    memset(s->tables, 0, offsetof(bp_photon_tables, slots));
    s->tables->bits = s->count < FEW ? FEW_BITS : BP_PHOTON_MOST_BITS;
    uint64_t cost = add_contexts(c.gaps, gap_classes, sizeof gap_classes - 1, 0, s);
    cost += add_contexts(c.values, value_classes, sizeof value_classes - 1, BP_PHOTON_SPARSE_VALUE, s);
    return cost + c.raw_bits <= pixels / MOST_COST + 4 * CONTEXT_BITS;
}

bp_status bp_photon_sparse_find(bp_context *ctx, const bp_frames *frame, const uint8_t *values,
                                const bp_photon_lattice *lattice, bp_photon_sparse *sparse, bool *pays)
{
    size_t most = frame->height * frame->width / BP_PHOTON_SPARSE_SHARE;
    size_t tables = (sizeof(bp_photon_tables) + SLACK - 1) / SLACK * SLACK;
    *sparse = (bp_photon_sparse){.count = 0};
    *pays = false;
    sparse->room = bp_scratch_take(ctx, tables + 2 * most * sizeof(uint32_t));
    if (!sparse->room)
        return bp_fail(ctx, BP_E_MEMORY, "photon: no memory for a frame");
    sparse->tables = sparse->room;
    sparse->gap = (uint32_t *)(void *)((uint8_t *)sparse->room + tables);
    sparse->work = sparse->gap + most;
    *pays = find_events(frame, values, lattice, most, sparse) &&
            bp_photon_tables_build(sparse->tables, &sparse->weights, false);
    if (!*pays)
        bp_photon_sparse_give(ctx, sparse);
    return BP_OK;
}

void bp_photon_sparse_give(bp_context *ctx, bp_photon_sparse *sparse)
{
    bp_scratch_give(ctx, sparse->room);
    sparse->room = NULL;
}

/* One symbol, backwards. */
static uint32_t code_symbol(const bp_photon_tables *t, uint32_t code, uint32_t symbol, uint32_t x,
                            uint16_t **word)
{
    uint32_t c = t->map[code], f = t->freq[c][symbol];
    if (x >> (32 - t->bits) >= f) {
        *--*word = (uint16_t)x;
        x >>= 16;
    }
    return ((x / f) << t->bits) + x % f + t->start[c][symbol];
}

/* The events backwards, gaps and values each with a state of their own. */
static uint16_t *code_events(const bp_photon_sparse *s, uint16_t *word, uint32_t *states)
{
    uint32_t x = BP_PHOTON_START, y = BP_PHOTON_START;
    uint32_t symbol = s->count ? gap_symbol(s->gap[s->count - 1] % BP_PHOTON_SPARSE_LONG) : 0, before;
    for (size_t i = s->count; i-- > 0; symbol = before) {
        uint32_t value = s->work[i] - 1, skips = s->gap[i] / BP_PHOTON_SPARSE_LONG;
        before = i ? gap_symbol(s->gap[i - 1] % BP_PHOTON_SPARSE_LONG) : BP_PHOTON_ESCAPE;
        y = code_symbol(s->tables, BP_PHOTON_SPARSE_VALUE + symbol,
                        value < BP_PHOTON_ESCAPE ? value : BP_PHOTON_ESCAPE, y, &word);
        x = code_symbol(s->tables, skips ? BP_PHOTON_ESCAPE : before, symbol, x, &word);
        for (; skips; skips--)
            x = code_symbol(s->tables, skips > 1 ? BP_PHOTON_ESCAPE : before, BP_PHOTON_ESCAPE, x, &word);
    }
    states[0] = x;
    states[1] = y;
    return word;
}

static size_t put_raw(const bp_photon_sparse *s, uint8_t *out)
{
    bp_photon_bit_writer w = {.at = out};
    for (size_t i = 0; i < s->count; i++) {
        unsigned bits;
        uint32_t gap = s->gap[i] % BP_PHOTON_SPARSE_LONG;
        uint32_t least = bp_photon_sparse_gap(gap_symbol(gap), &bits);
        bp_photon_bits_put(&w, gap - least, bits);
        if (s->work[i] > BP_PHOTON_ESCAPE)
            bp_photon_bits_put(&w, s->work[i], s->most_bits);
    }
    bp_photon_bits_finish(&w);
    return (size_t)(w.at - out);
}

bp_status bp_photon_sparse_write(bp_context *ctx, const bp_photon_sparse *s, bp_photon_writer *w)
{
    size_t most = 2 * s->count + s->skips, raw_room = 6 * s->count + SLACK;
    uint16_t *words = bp_scratch_take(ctx, most * sizeof *words + raw_room);
    if (!words)
        return bp_fail(ctx, BP_E_MEMORY, "photon: no memory for a frame");
    uint8_t *raw = (uint8_t *)(words + most);
    uint32_t states[2];
    const uint16_t *word = code_events(s, words + most, states);
    size_t count = (size_t)(words + most - word), raw_bytes = put_raw(s, raw);
    bp_photon_put_number(w, (uint32_t)s->count);
    bp_photon_put_byte(w, s->most_bits);
    bp_photon_tables_write(w, s->tables, &s->weights);
    bp_photon_put_number(w, (uint32_t)count);
    if (w->full || (size_t)(w->end - w->at) < 8 + 2 * count + raw_bytes) {
        w->full = true;
    } else {
        bp_store_le32(w->at, states[0]);
        bp_store_le32(w->at + 4, states[1]);
        w->at += 8;
        for (size_t i = 0; i < count; i++)
            bp_store_le16(w->at + 2 * i, word[i]);
        memcpy(w->at + 2 * count, raw, raw_bytes);
        w->at += 2 * count + raw_bytes;
    }
    bp_scratch_give(ctx, words);
    return BP_OK;
}
