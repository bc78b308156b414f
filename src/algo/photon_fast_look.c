/* SPDX-License-Identifier: BSD-3-Clause
 * One cheap look at a frame before level fast codes it. Nothing here has to be true of the whole frame: what
 * the sample misses costs bits, never a value. */
#include <stddef.h>
#include <string.h>

#include "algo/photon_fast_frame.h"
#include "algo/photon_values.h"

#define SEGMENT       128 /* pixels in a row that are looked at */
#define MOST_SEGMENTS 32
#define SPARING       4096 /* pixels of a frame for each segment */
#define KEPT          256
#define LENGTHS       33 /* lengths of a number in bits */

typedef struct sample {
    size_t lengths[LENGTHS]; /* how many values have this length, without marks */
    size_t seen, marks;
    size_t below; /* signed, below -2 */
    size_t other; /* differ from the first */
    size_t kept;
    uint32_t first, differ; /* one value; bits in which any other differs from it */
    uint32_t least;
    uint32_t values[KEPT]; /* some of those seen */
} sample;

static unsigned length_of(uint32_t v)
{
    return v ? 32 - (unsigned)__builtin_clz(v) : 0;
}

/* Marks are the largest values as unsigned: -1 and -2, or the end of an unsigned type. */
static void look_at(const uint8_t *values, size_t itemsize, size_t count, bool negative, sample *s)
{
    uint32_t ones = bp_fast_ones(itemsize);
    for (size_t i = 0; i < count; i++) {
        uint32_t v = 0;
        uint16_t half;
        if (itemsize == 1) {
            v = values[i];
        } else if (itemsize == 2) {
            memcpy(&half, values + 2 * i, 2);
            v = half;
        } else {
            memcpy(&v, values + 4 * i, 4);
        }
        if (v >= ones - 2 + negative) {
            s->marks++;
            continue;
        }
        if (s->seen++ == 0)
            s->first = s->least = v;
        if (s->kept < KEPT && i % 8 == 0)
            s->values[s->kept++] = v;
        s->lengths[length_of(v)]++;
        s->below += negative && v > ones / 2;
        s->other += v != s->first;
        s->differ |= v ^ s->first;
        s->least = v < s->least ? v : s->least;
    }
}

static void look(const bp_frames *frame, const uint8_t *values, bool negative, sample *s)
{
    size_t n = frame->height * frame->width, segments = n / SPARING + 1;
    segments = segments > MOST_SEGMENTS ? MOST_SEGMENTS : segments;
    for (size_t i = 0; i < segments; i++) {
        size_t from = bp_fast_place(n, segments, i);
        size_t count = n - from < SEGMENT ? n - from : SEGMENT;
        look_at(values + from * frame->itemsize, frame->itemsize, count, negative, s);
    }
}

/* The length above which values stand apart: three lengths that do not occur, above the median. */
static unsigned longest_of(const sample *s)
{
    size_t sum = 0;
    unsigned last = 0, length = 0;
    for (; length < LENGTHS; length++) {
        sum += s->lengths[length];
        if (s->lengths[length])
            last = length;
        if (2 * sum > s->seen && length >= last + 3)
            break;
    }
    return last;
}

/* The median of n values, bit by bit from the highest. */
static uint32_t median_of(const uint32_t *values, size_t n, unsigned bits)
{
    uint32_t median = 0;
    for (unsigned bit = bits; bit-- > 0;) {
        uint32_t wish = median | (uint32_t)1 << bit;
        size_t below = 0;
        for (size_t i = 0; i < n; i++)
            below += values[i] < wish;
        if (2 * below <= n)
            median = wish;
    }
    return median;
}

size_t bp_photon_fast_lag(size_t height, size_t width)
{
    if (height == 1)
        return BP_FAST_MIN_LAG;
    return (BP_FAST_MIN_LAG + width - 1) / width * width;
}

void bp_photon_fast_look(const bp_frames *frame, const void *values, bp_photon_fast *f, bp_fast_move *move)
{
    bool negative = bp_photon_is_signed(frame->dtype);
    uint32_t ones = bp_fast_ones(frame->itemsize);
    sample s;
    memset(&s, 0, offsetof(sample, values));
    look(frame, values, negative, &s);
    *move = (bp_fast_move){0, 0};
    f->base = 0;
    f->top = ones;
    if (s.below > s.seen / 256) { /* noise about zero: the sign bit turned over keeps the order */
        move->offset = ones / 2 + 1;
        f->base = ones / 2 + 1; /* zero */
    } else {
        unsigned longest = longest_of(&s);
        if (longest + 2 < 8 * frame->itemsize)
            f->top = (1u << (longest + 2)) - 1;
        if (length_of(s.least) + 1 >= longest) /* far from 0 */
            f->base = s.least;
    }
    if (s.other > SEGMENT / 4 && !(s.differ & 1)) {
        move->turn = (unsigned)__builtin_ctz(s.differ);
        move->offset += s.first & ((1u << move->turn) - 1);
        f->base = ((f->base - (s.first & ((1u << move->turn) - 1))) & ones) >> move->turn;
        f->top = f->top == ones ? ones : f->top >> move->turn;
    }
    for (size_t i = 0; i < s.kept; i++)
        s.values[i] = ((s.values[i] - move->offset) & ones) >> move->turn;
    f->level = median_of(s.values, s.kept, (unsigned)frame->itemsize * 8);
}

#define MOVE(type, bits)                                                                                     \
    static void move_##bits(const type *restrict from, type *restrict to, size_t count, type offset,         \
                            unsigned turn)                                                                   \
    {                                                                                                        \
        for (size_t i = 0; i < count; i++) {                                                                 \
            type v = (type)(from[i] - offset);                                                               \
            to[i] = (type)(v >> turn | v << ((bits - turn) & (bits - 1)));                                   \
        }                                                                                                    \
    }                                                                                                        \
    static void move_back_##bits(type *values, size_t count, type offset, unsigned turn)                     \
    {                                                                                                        \
        for (size_t i = 0; i < count; i++) {                                                                 \
            type v = values[i];                                                                              \
            values[i] = (type)((type)(v << turn | v >> ((bits - turn) & (bits - 1))) + offset);              \
        }                                                                                                    \
    }

MOVE(uint8_t, 8)
MOVE(uint16_t, 16)
MOVE(uint32_t, 32)

void bp_photon_fast_move(const bp_fast_move *move, size_t itemsize, size_t count, const void *from, void *to)
{
    if (itemsize == 1)
        move_8(from, to, count, (uint8_t)move->offset, move->turn);
    else if (itemsize == 2)
        move_16(from, to, count, (uint16_t)move->offset, move->turn);
    else
        move_32(from, to, count, move->offset, move->turn);
}

void bp_photon_fast_move_back(const bp_fast_move *move, size_t itemsize, size_t count, void *values)
{
    if (itemsize == 1)
        move_back_8(values, count, (uint8_t)move->offset, move->turn);
    else if (itemsize == 2)
        move_back_16(values, count, (uint16_t)move->offset, move->turn);
    else
        move_back_32(values, count, move->offset, move->turn);
}
