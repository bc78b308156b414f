/* SPDX-License-Identifier: BSD-3-Clause
 * Values to codes. Numbers first, four bytes each (of integers of up to 16 bits through a table); then, when
 * their range is known, codes as narrow as they may be. */
#include <math.h>
#include <string.h>

#include "algo/quantise_side.h"
#include "algo/values.h"
#include "base/bits.h"
#include "base/scratch.h"
#include "kernel/kernel.h"

#define BLOCK   1024
#define NO_CODE INT32_MIN

typedef struct applier {
    bp_context *ctx;
    const bp_quantiser *q;
    double bound;
    const bp_operation_in *in;
    size_t count, item; /* values; bytes of one as the reader gets it */
    int32_t *numbers;   /* NO_CODE where the value is kept exactly */
    int32_t low, high;  /* of those that have one; low > high: none has */
    bp_quantise_side side;
    uint8_t labels[BP_QUANTISE_LABELS][8];
    uint8_t *raw; /* room for single values */
    size_t room;
} applier;

static size_t size_of_input(const applier *a)
{
    return bp_dtype_size(a->in->values.dtype);
}

/* Number t to NO_CODE where what comes back would miss the bound. */
static void keep_bound(const applier *a, const double *values, const double *t, size_t n, int32_t *numbers)
{
    double back[BLOCK];
    uint64_t stored[BLOCK]; /* room for any type */
    for (size_t i = 0; i < n; i++)
        back[i] = (double)numbers[i];
    for (size_t i = 0; t && i < n; i++)
        back[i] -= t[i];
    bp_quantiser_restore(a->q, back, n, back);
    bp_quantise_store(a->in->as, back, n, stored);
    bp_values_to_double(a->in->as, stored, n, back);
    for (size_t i = 0; i < n; i++)
        numbers[i] = fabs(values[i] - back[i]) <= a->bound ? numbers[i] : NO_CODE; /* NaN: no */
}

/* Numbers of n <= BLOCK values, the first of which is number `first` of the tile. */
static void number_block(const applier *a, const void *values, size_t first, size_t n, int32_t *numbers)
{
    double x[BLOCK], t[BLOCK], u[BLOCK];
    const int32_t limit = (int32_t)BP_QUANTISER_LIMIT;
    bp_values_to_double(a->in->values.dtype, values, n, x);
    bp_quantiser_scale(a->q, x, n, t);
    if (a->q->dither) {
        bp_quantiser_dither(a->side.key, first, n, u);
        for (size_t i = 0; i < n; i++)
            t[i] += u[i];
    }
    bp_quantiser_round(t, n, numbers);
    if (isfinite(a->bound))
        keep_bound(a, x, a->q->dither ? u : NULL, n, numbers);
    for (size_t i = 0; i < n; i++)
        numbers[i] = numbers[i] > -limit && numbers[i] < limit ? numbers[i] : NO_CODE;
}

static void widen_range(applier *a, const int32_t *numbers, size_t n)
{
    int32_t low = a->low, high = a->high;
    for (size_t i = 0; i < n; i++) {
        int32_t for_low = numbers[i] == NO_CODE ? INT32_MAX : numbers[i];
        low = for_low < low ? for_low : low;
        high = numbers[i] > high ? numbers[i] : high;
    }
    a->low = low;
    a->high = high;
}

static void number_all(applier *a)
{
    const uint8_t *values = a->in->values.data, *marks = a->in->marks;
    const bp_quantise_kernels *kernels = bp_kernels_get()->quantise;
    bp_dtype dtype = a->in->values.dtype;
    bool plain = dtype == BP_F32 && a->in->as == dtype && !a->q->dither &&
                 (a->q->law == BP_LAW_LINEAR || !isfinite(a->bound));
    bp_quantise_terms law;
    bp_quantiser_for_kernels(a->q, a->bound, &law);
    for (size_t at = 0; at < a->count; at += BLOCK) {
        size_t n = a->count - at < BLOCK ? a->count - at : BLOCK;
        int32_t *numbers = a->numbers + at;
        if (plain)
            kernels->numbers(&law, (const float *)(const void *)values + at, n, numbers);
        else
            number_block(a, values + at * size_of_input(a), at, n, numbers);
        for (size_t i = 0; marks && i < n; i++)
            numbers[i] = marks[at + i] ? NO_CODE : numbers[i];
        widen_range(a, numbers, n);
    }
}

/* The value as the reader will get it, little endian. */
static void raw_value(const applier *a, size_t index, uint8_t *raw)
{
    const uint8_t *from = (const uint8_t *)a->in->values.data + index * size_of_input(a);
    if (a->in->as == a->in->values.dtype) {
        memcpy(raw, from, a->item);
        return;
    }
    double value;
    bp_values_to_double(a->in->values.dtype, from, 1, &value);
    bp_quantise_store(a->in->as, &value, 1, raw);
}

/* The code of a value that is kept exactly. */
static bp_status keep_exactly(applier *a, size_t index, uint32_t *code)
{
    uint8_t raw[8];
    uint32_t top = bp_quantise_top(a->side.code_size);
    bp_quantise_side *side = &a->side;
    raw_value(a, index, raw);
    for (size_t i = 0; i < side->labels; i++)
        if (memcmp(raw, a->labels[i], a->item) == 0) {
            *code = top - (uint32_t)i;
            return BP_OK;
        }
    if (side->labels < BP_QUANTISE_LABELS) {
        memcpy(a->labels[side->labels], raw, a->item);
        *code = top - (uint32_t)side->labels++;
        return BP_OK;
    }
    if (side->exact == a->room) {
        size_t room = a->room ? 4 * a->room : 1024;
        uint8_t *more = bp_scratch_take(a->ctx, room * a->item);
        if (!more)
            return bp_fail(a->ctx, BP_E_MEMORY, "no memory for %zu single values", room);
        if (a->raw)
            memcpy(more, a->raw, side->exact * a->item);
        bp_scratch_give(a->ctx, a->raw);
        a->raw = more;
        a->room = room;
    }
    memcpy(a->raw + side->exact++ * a->item, raw, a->item);
    *code = top - BP_QUANTISE_LABELS;
    return BP_OK;
}

static void store_code(void *codes, size_t size, size_t index, uint32_t code)
{
    if (size == 1)
        ((uint8_t *)codes)[index] = (uint8_t)code;
    else if (size == 2)
        ((uint16_t *)codes)[index] = (uint16_t)code;
    else
        ((uint32_t *)codes)[index] = code;
}

#define NARROW(type)                                                                                         \
    do {                                                                                                     \
        type *to = codes;                                                                                    \
        for (size_t i = 0; i < n; i++) {                                                                     \
            to[at + i] = (type)((uint32_t)a->numbers[at + i] - base);                                        \
            without |= a->numbers[at + i] == NO_CODE;                                                        \
        }                                                                                                    \
    } while (0)

static bp_status narrow(applier *a, void *codes)
{
    uint32_t base = (uint32_t)a->side.base, code = 0;
    for (size_t at = 0; at < a->count; at += BLOCK) {
        size_t n = a->count - at < BLOCK ? a->count - at : BLOCK;
        int without = 0;
        if (a->side.code_size == 1)
            NARROW(uint8_t);
        else if (a->side.code_size == 2)
            NARROW(uint16_t);
        else
            NARROW(uint32_t);
        for (size_t i = at; without && i < at + n; i++) {
            if (a->numbers[i] != NO_CODE)
                continue;
            bp_status status = keep_exactly(a, i, &code);
            if (status != BP_OK)
                return status;
            store_code(codes, a->side.code_size, i, code);
        }
    }
    return BP_OK;
}

/* Base, span and size of the codes, from the range of the numbers. */
static void choose_codes(applier *a)
{
    bp_quantise_side *side = &a->side;
    side->base = a->low <= a->high ? a->low : 0;
    side->span = a->low <= a->high ? (uint32_t)a->high - (uint32_t)a->low : 0;
    side->code_size = 4;
    for (size_t size = 2; size; size--)
        if (side->span <= bp_quantise_top(size) - BP_QUANTISE_ABOVE)
            side->code_size = size;
}

/* ---- types of 16 bits: each value once, then a table ---- */

#define RANGE(type)                                                                                          \
    do {                                                                                                     \
        const type *x = a->in->values.data;                                                                  \
        for (size_t i = 0; !marks && i < a->count; i++) {                                                    \
            low = x[i] < low ? x[i] : low;                                                                   \
            high = x[i] > high ? x[i] : high;                                                                \
        }                                                                                                    \
        for (size_t i = 0; marks && i < a->count; i++) {                                                     \
            low = !marks[i] && x[i] < low ? x[i] : low;                                                      \
            high = !marks[i] && x[i] > high ? x[i] : high;                                                   \
        }                                                                                                    \
    } while (0)

/* Numbers of all values between those that occur, at the places that their bits say. False when one of them
 * has none, or when all values are marked. */
static bool number_table(applier *a, int32_t *table)
{
    const uint8_t *marks = a->in->marks;
    int32_t low = INT32_MAX, high = INT32_MIN, numbers[BLOCK], none = 0;
    uint16_t values[BLOCK];
    if (a->in->values.dtype == BP_U16)
        RANGE(uint16_t);
    else
        RANGE(int16_t);
    for (int32_t at = low; at <= high; at += BLOCK) {
        int32_t n = high - at < BLOCK ? high - at + 1 : BLOCK;
        for (int32_t i = 0; i < n; i++)
            values[i] = (uint16_t)(at + i);
        number_block(a, values, 0, (size_t)n, numbers);
        widen_range(a, numbers, (size_t)n);
        for (int32_t i = 0; i < n; i++) {
            none |= numbers[i] == NO_CODE;
            table[values[i]] = numbers[i];
        }
    }
    return low <= high && !none;
}

#define LOOK_UP(code)                                                                                        \
    do {                                                                                                     \
        code *to = codes;                                                                                    \
        for (size_t i = 0; i < a->count; i++)                                                                \
            to[i] = (code)table[x[i]];                                                                       \
    } while (0)

static bp_status look_up(applier *a, const uint16_t *table, void *codes)
{
    const uint16_t *x = a->in->values.data;
    const uint8_t *marks = a->in->marks;
    bp_status status = BP_OK;
    if (a->side.code_size == 1)
        LOOK_UP(uint8_t);
    else
        LOOK_UP(uint16_t);
    for (size_t i = 0; marks && status == BP_OK && i < a->count; i++)
        if (marks[i]) {
            uint32_t code = 0;
            status = keep_exactly(a, i, &code);
            store_code(codes, a->side.code_size, i, code);
        }
    return status;
}

static bp_status new_codes(applier *a, bp_operation_out *out)
{
    static const bp_dtype types[] = {BP_OPAQUE, BP_U8, BP_U16, BP_OPAQUE, BP_U32};
    void *codes = bp_scratch_take(a->ctx, a->count * a->side.code_size);
    if (!codes)
        return bp_fail(a->ctx, BP_E_MEMORY, "no memory to quantise");
    return bp_array_init(&out->coded, types[a->side.code_size], 0, a->in->values.rank, a->in->values.shape,
                         codes);
}

/* *done: false where a table would not do. */
static bp_status apply_by_table(applier *a, bp_operation_out *out, bool *done)
{
    enum { ENTRIES = 65536 };
    bp_dtype dtype = a->in->values.dtype;
    *done = false;
    if ((dtype != BP_U16 && dtype != BP_I16) || a->q->dither || a->count < ENTRIES / 8)
        return BP_OK;
    int32_t *numbers = bp_scratch_take(a->ctx, ENTRIES * (sizeof *numbers + sizeof(uint16_t)));
    if (!numbers)
        return bp_fail(a->ctx, BP_E_MEMORY, "no memory for a table");
    uint16_t *table = (uint16_t *)(void *)(numbers + ENTRIES);
    bp_status status = BP_OK;
    memset(numbers, 0, ENTRIES * sizeof *numbers); /* what only marked values look up */
    *done = number_table(a, numbers);
    choose_codes(a);
    *done = *done && a->side.code_size < 4;
    if (*done) {
        for (size_t i = 0; i < ENTRIES; i++)
            table[i] = (uint16_t)((uint32_t)numbers[i] - (uint32_t)a->side.base);
        status = new_codes(a, out);
        if (status == BP_OK)
            status = look_up(a, table, out->coded.data);
    }
    bp_scratch_give(a->ctx, numbers);
    return status;
}

/* One number after the other. */
static bp_status apply_by_law(applier *a, bp_operation_out *out)
{
    a->low = INT32_MAX;
    a->high = INT32_MIN;
    a->numbers = bp_scratch_take(a->ctx, a->count * sizeof *a->numbers);
    if (!a->numbers)
        return bp_fail(a->ctx, BP_E_MEMORY, "no memory to quantise");
    number_all(a);
    choose_codes(a);
    bp_status status = new_codes(a, out);
    if (status == BP_OK)
        status = narrow(a, out->coded.data);
    bp_scratch_give(a->ctx, a->numbers);
    return status;
}

static bp_status write_side(applier *a, bp_operation_out *out)
{
    bp_quantise_side *side = &a->side;
    out->side_size = BP_QUANTISE_SIDE + (side->labels + side->exact) * a->item;
    out->side = bp_scratch_take(a->ctx, out->side_size);
    if (!out->side)
        return bp_fail(a->ctx, BP_E_MEMORY, "no memory for %zu bytes", out->side_size);
    bp_quantise_side_write(side, out->side);
    uint8_t *to = out->side + BP_QUANTISE_SIDE;
    for (size_t i = 0; i < side->labels; i++, to += a->item)
        memcpy(to, a->labels[i], a->item);
    if (side->exact)
        memcpy(to, a->raw, side->exact * a->item);
    return BP_OK;
}

bp_status bp_quantise_apply(bp_context *ctx, const bp_quantiser *quantiser, double bound, uint64_t seed,
                            const bp_operation_in *in, bp_operation_out *out)
{
    applier a = {.ctx = ctx, .q = quantiser, .bound = bound, .in = in, .low = INT32_MAX, .high = INT32_MIN};
    a.count = bp_array_elements(&in->values);
    a.item = bp_dtype_size(in->as);
    if (quantiser->dither)
        a.side.key = (seed ^ UINT64_C(0x6a09e667f3bcc909)) * UINT64_C(0x9fb21c651e98df25) +
                     in->place * UINT64_C(0x9e3779b97f4a7c15);
    bool done = false;
    bp_status status = apply_by_table(&a, out, &done);
    if (status == BP_OK && !done)
        status = apply_by_law(&a, out);
    if (status == BP_OK)
        status = write_side(&a, out);
    bp_scratch_give(ctx, a.raw);
    return status;
}
