/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>
#include <string.h>

#include "algo/stage_bin.h"
#include "base/scratch.h"

bp_dtype bp_stage_sum_type(bp_dtype dtype, size_t count)
{
    static const struct {
        bp_dtype from;
        double most;
        bool negative;
    } rows[] = {{BP_U8, 255, false}, {BP_U16, 65535, false}, {BP_U32, 4294967295.0, false},
                {BP_I8, 128, true},  {BP_I16, 32768, true},  {BP_I32, 2147483648.0, true}};
    if (dtype == BP_F32 || dtype == BP_F64)
        return dtype;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].from != dtype)
            continue;
        /* of detectors with 32 bits no count comes near the largest one: sums saturate there as labels */
        double most = rows[i].most * (double)count;
        if (rows[i].negative)
            return count == 1 ? dtype : most <= 32767 ? BP_I16 : BP_I32;
        return count == 1 ? dtype : most <= 65534 ? BP_U16 : BP_U32;
    }
    return BP_OPAQUE;
}

/* A line of sums, 32 or 64 bits wide or floating, and how many pixels each holds. */
#define ADD_ROW(TYPE, SUM)                                                                                   \
    static void add_row_##TYPE(const TYPE *x, const uint8_t *labels, size_t step, size_t count, SUM *sums,   \
                               uint32_t *held)                                                               \
    {                                                                                                        \
        if (!labels && step == 2) {                                                                          \
            for (size_t i = 0; i < count; i++)                                                               \
                sums[i] += (SUM)((SUM)x[2 * i] + (SUM)x[2 * i + 1]);                                         \
        } else if (!labels && step == 1) {                                                                   \
            for (size_t i = 0; i < count; i++)                                                               \
                sums[i] += (SUM)x[i];                                                                        \
        } else if (!labels) {                                                                                \
            for (size_t i = 0; i < count; i++)                                                               \
                for (size_t k = 0; k < step; k++)                                                            \
                    sums[i] += (SUM)x[i * step + k];                                                         \
        } else {                                                                                             \
            for (size_t i = 0; i < count; i++)                                                               \
                for (size_t k = 0; k < step; k++) {                                                          \
                    bool bad = labels[i * step + k] != 0;                                                    \
                    sums[i] += bad ? (SUM)0 : (SUM)x[i * step + k];                                          \
                    held[i] -= bad;                                                                          \
                }                                                                                            \
        }                                                                                                    \
    }

ADD_ROW(uint8_t, uint32_t)
ADD_ROW(uint16_t, uint32_t)
ADD_ROW(uint32_t, uint64_t)
ADD_ROW(int8_t, int64_t)
ADD_ROW(int16_t, int64_t)
ADD_ROW(int32_t, int64_t)
ADD_ROW(float, double)
ADD_ROW(double, double)

typedef union sums {
    uint32_t *u32;
    uint64_t *u64;
    int64_t *i64;
    double *f64;
    void *any;
} sums;

static void add_row(bp_dtype dtype, const void *x, const uint8_t *labels, size_t step, size_t count, sums s,
                    uint32_t *held)
{
    switch ((int)dtype) {
    case BP_U8:
        add_row_uint8_t(x, labels, step, count, s.u32, held);
        break;
    case BP_U16:
        add_row_uint16_t(x, labels, step, count, s.u32, held);
        break;
    case BP_U32:
        add_row_uint32_t(x, labels, step, count, s.u64, held);
        break;
    case BP_I8:
        add_row_int8_t(x, labels, step, count, s.i64, held);
        break;
    case BP_I16:
        add_row_int16_t(x, labels, step, count, s.i64, held);
        break;
    case BP_I32:
        add_row_int32_t(x, labels, step, count, s.i64, held);
        break;
    case BP_F32:
        add_row_float(x, labels, step, count, s.f64, held);
        break;
    case BP_F64:
        add_row_double(x, labels, step, count, s.f64, held);
        break;
    default:
        break;
    }
}

static double sum_at(bp_dtype dtype, sums s, size_t i)
{
    switch ((int)dtype) {
    case BP_U8:
    case BP_U16:
        return s.u32[i];
    case BP_U32:
        return (double)s.u64[i];
    case BP_F32:
    case BP_F64:
        return s.f64[i];
    default:
        return (double)s.i64[i];
    }
}

static void put(bp_dtype dtype, void *values, size_t i, double value)
{
    switch ((int)dtype) {
    case BP_U8:
        ((uint8_t *)values)[i] = (uint8_t)value;
        break;
    case BP_U16:
        ((uint16_t *)values)[i] = (uint16_t)value;
        break;
    case BP_U32:
        ((uint32_t *)values)[i] = (uint32_t)value;
        break;
    case BP_I8:
        ((int8_t *)values)[i] = (int8_t)value;
        break;
    case BP_I16:
        ((int16_t *)values)[i] = (int16_t)value;
        break;
    case BP_I32:
        ((int32_t *)values)[i] = (int32_t)value;
        break;
    case BP_F32:
        ((float *)values)[i] = (float)value;
        break;
    default:
        ((double *)values)[i] = value;
        break;
    }
}

/* Adds up groups of `step` sums. */
#define REDUCE(MEMBER)                                                                                       \
    for (size_t i = 0; i < count; i++)                                                                       \
        for (size_t k = 0; k < step; k++)                                                                    \
    to.MEMBER[i] += wide.MEMBER[i * step + k]

static void reduce(bp_dtype dtype, sums wide, size_t step, size_t count, sums to)
{
    switch ((int)dtype) {
    case BP_U8:
    case BP_U16:
        REDUCE(u32);
        break;
    case BP_U32:
        REDUCE(u64);
        break;
    case BP_F32:
    case BP_F64:
        REDUCE(f64);
        break;
    default:
        REDUCE(i64);
        break;
    }
}

typedef struct line {
    bp_dtype from;
    sums sums;
    const uint32_t *held;
    uint32_t whole; /* pixels of a block */
    bool mean;
    double least;
} line;

/* One line of results from row `at` of out on. *any: is one of them a label? */
static void finish_line(const line *l, bp_frame *out, size_t at, bool labelled, bool *any)
{
    double low = 0, high = 0;
    bool whole = bp_dtype_range(out->dtype, &low, &high);
    if (!labelled && !l->mean && out->dtype == BP_U32 && (l->from == BP_U16 || l->from == BP_U8)) {
        memcpy((uint32_t *)out->values + at * out->columns, l->sums.u32, out->columns * sizeof(uint32_t));
        return;
    }
    if (!labelled && !l->mean && out->dtype == BP_U16 && l->from == BP_U8) {
        uint16_t *to = (uint16_t *)out->values + at * out->columns;
        for (size_t i = 0; i < out->columns; i++)
            to[i] = (uint16_t)l->sums.u32[i];
        return;
    }
    if (!labelled && l->mean && out->dtype == BP_F32 && (l->from == BP_U16 || l->from == BP_U8)) {
        float *to = (float *)out->values + at * out->columns;
        for (size_t i = 0; i < out->columns; i++)
            to[i] = (float)((double)l->sums.u32[i] / (double)l->whole);
        return;
    }
    for (size_t i = 0; i < out->columns; i++) {
        double sum = sum_at(l->from, l->sums, i);
        uint32_t held = l->held[i];
        uint8_t label = held == 0 || (double)held < l->least * (double)l->whole ? BP_LABEL_GAP : 0;
        double value = label ? 0 : l->mean ? sum / (double)held : sum;
        if (!label && !l->mean && held != l->whole)
            value = sum * (double)l->whole / (double)held;
        if (whole) {
            value = floor(value + 0.5);
            if (value < low || value > high) {
                label = BP_LABEL_SATURATED;
                value = 0;
            }
        }
        put(out->dtype, out->values, at * out->columns + i, value);
        out->label_room[at * out->columns + i] = label;
        *any |= label != 0;
    }
}

static size_t sum_size(bp_dtype dtype)
{
    return dtype == BP_U8 || dtype == BP_U16 ? 4 : 8;
}

bp_status bp_stage_bin_frame(bp_context *ctx, const bp_binning *bin, const bp_frame *in, bp_frame *out)
{
    size_t size = bp_dtype_size(in->dtype), bytes = out->columns * sum_size(in->dtype);
    sums s = {.any = bp_scratch_take(ctx, bytes)};
    uint32_t *held = bp_scratch_take(ctx, out->columns * sizeof *held);
    /* without labels: down the columns first, which is quick, then along the row */
    sums wide = {.any = in->labels ? NULL : bp_scratch_take(ctx, bytes * bin->columns)};
    bool any = false;
    bp_status status =
        s.any && held && (in->labels || wide.any) ? BP_OK : bp_fail(ctx, BP_E_MEMORY, "no memory for sums");
    uint32_t whole = (uint32_t)(bin->rows * bin->columns);
    line l = {in->dtype, s, held, whole, bin->mean, bin->least};
    memset(out->label_room, 0, out->rows * out->columns);
    for (size_t r = 0; r < out->rows && status == BP_OK; r++) {
        memset(s.any, 0, bytes);
        for (size_t i = 0; i < out->columns; i++)
            held[i] = whole;
        if (wide.any)
            memset(wide.any, 0, bytes * bin->columns);
        for (size_t k = 0; k < bin->rows; k++) {
            size_t at = (r * bin->rows + k) * in->columns;
            if (wide.any)
                add_row(in->dtype, (const char *)in->values + at * size, NULL, 1, out->columns * bin->columns,
                        wide, held);
            else
                add_row(in->dtype, (const char *)in->values + at * size, in->labels + at, bin->columns,
                        out->columns, s, held);
        }
        if (wide.any)
            reduce(in->dtype, wide, bin->columns, out->columns, s);
        finish_line(&l, out, r, in->labels != NULL, &any);
    }
    out->labels = any ? out->label_room : NULL;
    bp_scratch_give(ctx, wide.any);
    bp_scratch_give(ctx, held);
    bp_scratch_give(ctx, s.any);
    return status;
}

bp_status bp_stage_sum_frames(bp_context *ctx, bool mean, double least, const bp_frame *in, size_t count,
                              bp_frame *out)
{
    size_t size = bp_dtype_size(in->dtype), bytes = out->columns * sum_size(in->dtype);
    sums s = {.any = bp_scratch_take(ctx, bytes)};
    uint32_t *held = bp_scratch_take(ctx, out->columns * sizeof *held);
    bool any = false, labelled = false;
    bp_status status = s.any && held ? BP_OK : bp_fail(ctx, BP_E_MEMORY, "no memory for sums");
    line l = {in->dtype, s, held, (uint32_t)count, mean, least};
    for (size_t k = 0; k < count; k++)
        labelled = labelled || in[k].labels;
    memset(out->label_room, 0, out->rows * out->columns);
    for (size_t r = 0; r < out->rows && status == BP_OK; r++) {
        memset(s.any, 0, bytes);
        for (size_t i = 0; i < out->columns; i++)
            held[i] = (uint32_t)count;
        for (size_t k = 0; k < count; k++) {
            size_t at = r * out->columns;
            add_row(in->dtype, (const char *)in[k].values + at * size,
                    in[k].labels ? in[k].labels + at : NULL, 1, out->columns, s, held);
        }
        finish_line(&l, out, r, labelled, &any);
    }
    out->labels = any ? out->label_room : NULL;
    bp_scratch_give(ctx, held);
    bp_scratch_give(ctx, s.any);
    return status;
}
