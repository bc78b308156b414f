/* SPDX-License-Identifier: BSD-3-Clause */
#include "algo/exact_pixels.h"

#include <string.h>

#define SEEN_MOST 30 /* then the probability moves by 1/32 */
#define LARGEST   2147483648.0

size_t bp_exact_room(size_t count)
{
    return 12 * count + 64;
}

static void fill(bp_exact_bit *bits, size_t count)
{
    for (size_t i = 0; i < count; i++)
        bits[i] = (bp_exact_bit){32768, 0};
}

void bp_exact_start(bp_exact_coder *c, bool decoding, bool whole)
{
    c->decoding = decoding;
    c->whole = whole;
    c->damaged = false;
    fill(c->classes[0], sizeof c->classes / sizeof(bp_exact_bit));
    fill(c->tops[0], sizeof c->tops / sizeof(bp_exact_bit));
    fill(c->exponents, BP_EXACT_EXPONENTS);
    fill(c->mantissas, 8);
    bp_max_coder_start(&c->coder, decoding);
}

/* Quick at first, then steady. */
static unsigned code_bit(bp_exact_coder *c, bp_exact_bit *b, unsigned bit)
{
    uint32_t one = b->one < 64 ? 64 : b->one > 65472 ? 65472 : b->one;
    bit = bp_max_code(&c->coder, c->decoding, one, bit);
    int32_t aim = bit ? 65535 : 0, step = (aim - (int32_t)b->one) / (int32_t)(b->seen + 2);
    b->one = (uint16_t)((int32_t)b->one + step);
    b->seen = (uint16_t)(b->seen < SEEN_MOST ? b->seen + 1 : SEEN_MOST);
    return bit;
}

/* `bits` bits through a tree of 2^bits adaptive ones. */
static uint32_t code_tree(bp_exact_coder *c, bp_exact_bit *tree, unsigned bits, uint32_t value)
{
    uint32_t node = 1;
    for (unsigned i = bits; i-- > 0;)
        node = node << 1 | code_bit(c, &tree[node], value >> i & 1u);
    return node & ((1u << bits) - 1u);
}

static uint64_t code_plain(bp_exact_coder *c, unsigned bits, uint64_t value)
{
    uint64_t high = 0;
    if (bits > 32) {
        high = bp_max_plain(&c->coder, c->decoding, bits - 32, (uint32_t)(value >> 32));
        bits = 32;
    }
    return high << 32 | bp_max_plain(&c->coder, c->decoding, bits, (uint32_t)value);
}

static unsigned bit_length(uint64_t v)
{
    return v ? 64u - (unsigned)__builtin_clzll(v) : 0;
}

/* ---- integers ---- */

static int64_t load_whole(bp_dtype dtype, const void *frame, size_t i)
{
    switch (dtype) {
    case BP_U8:
        return ((const uint8_t *)frame)[i];
    case BP_I8:
        return ((const int8_t *)frame)[i];
    case BP_U16:
        return ((const uint16_t *)frame)[i];
    case BP_I16:
        return ((const int16_t *)frame)[i];
    case BP_U32:
        return ((const uint32_t *)frame)[i];
    case BP_I32:
        return ((const int32_t *)frame)[i];
    case BP_F32:
        return (int64_t)((const float *)frame)[i];
    default:
        return (int64_t)((const double *)frame)[i];
    }
}

/* False when the type has no such value. */
static bool store_whole(bp_dtype dtype, void *frame, size_t i, int64_t v)
{
    switch (dtype) {
    case BP_U8:
        ((uint8_t *)frame)[i] = (uint8_t)v;
        return v == (uint8_t)v;
    case BP_I8:
        ((int8_t *)frame)[i] = (int8_t)v;
        return v == (int8_t)v;
    case BP_U16:
        ((uint16_t *)frame)[i] = (uint16_t)v;
        return v == (uint16_t)v;
    case BP_I16:
        ((int16_t *)frame)[i] = (int16_t)v;
        return v == (int16_t)v;
    case BP_U32:
        ((uint32_t *)frame)[i] = (uint32_t)v;
        return v == (uint32_t)v;
    case BP_I32:
        ((int32_t *)frame)[i] = (int32_t)v;
        return v == (int32_t)v;
    case BP_F32:
        ((float *)frame)[i] = (float)v;
        return v >= -(int64_t)LARGEST && v <= (int64_t)LARGEST;
    default:
        ((double *)frame)[i] = (double)v;
        return v >= -(int64_t)LARGEST && v <= (int64_t)LARGEST;
    }
}

typedef struct around {
    int64_t expected;
    unsigned activity;
} around;

/* What left, upper and upper left pixel of the set say; `last` where there is neither. */
static around look(bp_dtype dtype, const uint8_t *set, size_t columns, const void *frame, size_t i,
                   int64_t last)
{
    size_t x = i % columns;
    bool west = x > 0 && set[i - 1], north = i >= columns && set[i - columns];
    bool corner = x > 0 && i >= columns && set[i - columns - 1];
    int64_t w = west ? load_whole(dtype, frame, i - 1) : 0,
            n = north ? load_whole(dtype, frame, i - columns) : 0,
            nw = corner ? load_whole(dtype, frame, i - columns - 1) : 0;
    if (!west || !north || !corner)
        return (around){west ? w : north ? n : last, BP_EXACT_ACTIVITIES - 1};
    int64_t most = w > n ? w : n, least = w > n ? n : w;
    uint64_t change = (uint64_t)(w > nw ? w - nw : nw - w) + (uint64_t)(n > nw ? n - nw : nw - n);
    unsigned activity = bit_length(change);
    return (around){nw >= most    ? least
                    : nw <= least ? most
                                  : w + n - nw,
                    activity < BP_EXACT_ACTIVITIES - 2 ? activity : BP_EXACT_ACTIVITIES - 2};
}

/* A residual: its bit length by activity, the two bits below the leading one by length, the rest plain. */
static void code_whole(bp_exact_coder *c, bp_dtype dtype, const around *a, void *frame, size_t i,
                       int64_t *last)
{
    uint64_t code = 0;
    if (!c->decoding) {
        int64_t residual = load_whole(dtype, frame, i) - a->expected;
        code = (uint64_t)residual << 1 ^ (residual < 0 ? UINT64_MAX : 0);
    }
    unsigned length = code_tree(c, c->classes[a->activity], 6, bit_length(code));
    if (length > 36) {
        c->damaged = true;
        return;
    }
    if (length > 1) {
        unsigned left = length - 1, top = left < 2 ? left : 2, rest = left - top;
        uint32_t head = code_tree(c, c->tops[length], top, (uint32_t)(code >> rest) & ((1u << top) - 1u));
        uint64_t tail = code_plain(c, rest, code & ((UINT64_C(1) << rest) - 1));
        code = UINT64_C(1) << left | (uint64_t)head << rest | tail;
    } else
        code = length;
    if (c->decoding)
        c->damaged |=
            !store_whole(dtype, frame, i, a->expected + (int64_t)(code >> 1 ^ (code & 1 ? UINT64_MAX : 0)));
    *last = load_whole(dtype, frame, i);
}

/* ---- other floats ---- */

static void code_float(bp_exact_coder *c, bp_dtype dtype, void *frame, size_t i)
{
    bool single = dtype == BP_F32;
    unsigned bits = single ? 32 : 64, head_bits = single ? 9 : 12, rest = bits - head_bits - 3;
    uint64_t value = single ? ((const uint32_t *)frame)[i] : ((const uint64_t *)frame)[i];
    uint64_t head = code_tree(c, c->exponents, head_bits, (uint32_t)(value >> (rest + 3)));
    uint64_t middle = code_tree(c, c->mantissas, 3, (uint32_t)(value >> rest) & 7u);
    uint64_t tail = code_plain(c, rest, value & ((UINT64_C(1) << rest) - 1));
    value = head << (rest + 3) | middle << rest | tail;
    if (!c->decoding)
        return;
    if (single)
        ((uint32_t *)frame)[i] = (uint32_t)value;
    else
        ((uint64_t *)frame)[i] = value;
}

void bp_exact_frame(bp_exact_coder *c, bp_dtype dtype, const uint8_t *set, size_t rows, size_t columns,
                    void *frame)
{
    bool floats = (dtype == BP_F32 || dtype == BP_F64) && !c->whole;
    int64_t last = 0;
    for (size_t i = 0; i < rows * columns && !c->damaged && !c->coder.failed; i++) {
        if (!set[i])
            continue;
        if (floats) {
            code_float(c, dtype, frame, i);
            continue;
        }
        around a = look(dtype, set, columns, frame, i, last);
        code_whole(c, dtype, &a, frame, i, &last);
    }
}

bool bp_exact_finish(bp_exact_coder *c)
{
    bp_max_coder_finish(&c->coder, c->decoding);
    return !c->coder.failed && !c->damaged;
}

bool bp_exact_whole(bp_dtype dtype, const uint8_t *set, size_t count, const void *frame)
{
    const float *singles = frame;
    const double *doubles = frame;
    for (size_t i = 0; i < count; i++) {
        if (!set[i])
            continue;
        double v = dtype == BP_F32 ? (double)singles[i] : doubles[i], back;
        if (!(v > -LARGEST && v < LARGEST))
            return false;
        back = (double)(int64_t)v;
        if (memcmp(&v, &back, sizeof v) != 0) /* -0 is not 0 */
            return false;
    }
    return true;
}
