/* SPDX-License-Identifier: BSD-3-Clause
 * Codes to values: through a table where codes are short and nothing was dithered. */
#include <string.h>

#include "algo/quantise_side.h"
#include "base/scratch.h"

#define BLOCK 1024

bp_status bp_quantise_coded(bp_context *ctx, const uint8_t *side, size_t side_size, const bp_array *values,
                            bp_array *coded)
{
    bp_quantise_side s;
    bp_status status = bp_quantise_side_read(ctx, side, side_size, values->itemsize, &s);
    if (status != BP_OK)
        return status;
    return bp_array_init(coded,
                         s.code_size == 1   ? BP_U8
                         : s.code_size == 2 ? BP_U16
                                            : BP_U32,
                         0, values->rank, values->shape, NULL);
}

static uint32_t code_at(const bp_array *coded, size_t index)
{
    const void *codes = coded->data;
    if (coded->itemsize == 1)
        return ((const uint8_t *)codes)[index];
    return coded->itemsize == 2 ? ((const uint16_t *)codes)[index] : ((const uint32_t *)codes)[index];
}

/* Values of codes from `first` on, as if all were numbers; u: the dither, or NULL. */
static void number_values(const bp_quantiser *q, const bp_quantise_side *side, const uint32_t *codes,
                          const double *u, size_t n, bp_dtype dtype, void *out)
{
    double t[BLOCK];
    double base = (double)side->base;
    for (size_t i = 0; i < n; i++)
        t[i] = base + (double)(int32_t)(codes[i] & INT32_MAX);
    for (size_t i = 0; u && i < n; i++)
        t[i] -= u[i];
    bp_quantiser_restore(q, t, n, t);
    bp_quantise_store(dtype, t, n, out);
}

#define LOOK_UP(code, type)                                                                                  \
    do {                                                                                                     \
        const code *from = coded->data;                                                                      \
        const type *look = (const void *)table;                                                              \
        type *to = values->data;                                                                             \
        for (size_t i = 0; i < count; i++)                                                                   \
            to[i] = look[from[i]];                                                                           \
    } while (0)

#define LOOK_UP_ALL(code)                                                                                    \
    do {                                                                                                     \
        if (values->itemsize == 1)                                                                           \
            LOOK_UP(code, uint8_t);                                                                          \
        else if (values->itemsize == 2)                                                                      \
            LOOK_UP(code, uint16_t);                                                                         \
        else if (values->itemsize == 4)                                                                      \
            LOOK_UP(code, uint32_t);                                                                         \
        else                                                                                                 \
            LOOK_UP(code, uint64_t);                                                                         \
    } while (0)

static bp_status by_table(bp_context *ctx, const bp_quantiser *q, const bp_quantise_side *side,
                          const bp_array *coded, const bp_array *values)
{
    size_t entries = (size_t)bp_quantise_top(side->code_size) + 1, item = values->itemsize;
    size_t count = bp_array_elements(values);
    uint8_t *table = bp_scratch_take(ctx, entries * item);
    if (!table)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for a table");
    size_t numbers = (size_t)side->span + 1;
    memset(table + numbers * item, 0, (entries - numbers) * item); /* what no encoder writes */
    for (size_t at = 0; at < numbers; at += BLOCK) {
        uint32_t codes[BLOCK];
        size_t n = numbers - at < BLOCK ? numbers - at : BLOCK;
        for (size_t i = 0; i < n; i++)
            codes[i] = (uint32_t)(at + i);
        number_values(q, side, codes, NULL, n, values->dtype, table + at * item);
    }
    for (size_t i = 0; i < side->labels; i++)
        memcpy(table + (entries - 1 - i) * item, side->raw + i * item, item);
    if (side->code_size == 1)
        LOOK_UP_ALL(uint8_t);
    else
        LOOK_UP_ALL(uint16_t);
    bp_scratch_give(ctx, table);
    return BP_OK;
}

static void by_law(const bp_quantiser *q, const bp_quantise_side *side, const bp_array *coded,
                   const bp_array *values)
{
    size_t count = bp_array_elements(values);
    for (size_t at = 0; at < count; at += BLOCK) {
        uint32_t codes[BLOCK];
        double u[BLOCK];
        size_t n = count - at < BLOCK ? count - at : BLOCK;
        for (size_t i = 0; i < n; i++)
            codes[i] = code_at(coded, at + i);
        if (q->dither)
            bp_quantiser_dither(side->key, at, n, u);
        number_values(q, side, codes, q->dither ? u : NULL, n, values->dtype,
                      (uint8_t *)values->data + at * values->itemsize);
    }
}

/* Values that were kept exactly: all of them after by_law, those without a label of their own after a table.
 */
static bp_status put_exact(bp_context *ctx, const bp_quantise_side *side, const bp_array *coded,
                           const bp_array *values)
{
    size_t count = bp_array_elements(values), item = values->itemsize, used = 0;
    uint32_t top = bp_quantise_top(side->code_size), single = top - BP_QUANTISE_LABELS;
    for (size_t i = 0; i < count; i++) {
        uint32_t code = code_at(coded, i);
        if (code <= side->span)
            continue;
        size_t from = code == single ? side->labels + used++ : top - code;
        if (code < single || (code == single ? used > side->exact : from >= side->labels))
            return bp_fail(ctx, BP_E_DAMAGED, "quantise: code %u belongs to no value", code);
        memcpy((uint8_t *)values->data + i * item, side->raw + from * item, item);
    }
    return used == side->exact
               ? BP_OK
               : bp_fail(ctx, BP_E_DAMAGED, "quantise: %zu values beside the codes, %zu of them used",
                         side->exact, used);
}

bp_status bp_quantise_restore(bp_context *ctx, const bp_quantiser *quantiser, const uint8_t *side,
                              size_t side_size, const bp_array *coded, const bp_array *values)
{
    bp_quantise_side s;
    bp_status status = bp_quantise_side_read(ctx, side, side_size, values->itemsize, &s);
    if (status != BP_OK)
        return status;
    bool table = s.code_size < 4 && !quantiser->dither;
    if (table)
        status = by_table(ctx, quantiser, &s, coded, values);
    else
        by_law(quantiser, &s, coded, values);
    if (status != BP_OK || (table && s.exact == 0))
        return status;
    return put_exact(ctx, &s, coded, values);
}
