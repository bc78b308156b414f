/* SPDX-License-Identifier: BSD-3-Clause
 * Rows of arrays as frames are dropped, moved and added, and maps as pixels are cropped and binned. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "io/hdf5_belongings.h"
#include "io/hdf5_file.h"

#define MOST_BYTES ((size_t)1 << 30)

void bp_h5_new_fini(bp_h5_new *made)
{
    if (made->lent) {
        hid_t space = H5Screate_simple(1, &made->lent_count, NULL);
        H5Dvlen_reclaim(made->type, space, H5P_DEFAULT, made->lent);
        bp_h5_release(&space);
    }
    free(made->lent);
    free(made->values);
    made->lent = made->values = NULL;
    bp_h5_release(&made->type);
}

/* Numbers whose sum over frames is what the sum of the frames has. */
static bool adds_up(const char *name)
{
    static const char *const words[] = {"count_time", "exposure", "frame_time", "monitor", NULL};
    for (size_t i = 0; words[i]; i++)
        if (strstr(name, words[i]))
            return true;
    return false;
}

/* One row out of several: numbers with fractions are averaged or added, others are those of the first. */
static bp_status merge_rows(bp_context *ctx, const bp_reframe *f, const char *name, size_t row,
                            const double *in, double *out)
{
    bool key = strcmp(name, "image_key") == 0 || strcmp(name, "image_key_control") == 0;
    for (uint64_t k = 0; k < f->out_frames; k++) {
        uint64_t first = f->starts[k], count = f->starts[k + 1] - first;
        for (size_t i = 0; i < row; i++) {
            double sum = 0, head = in[f->members[first] * row + i];
            for (uint64_t m = 0; m < count; m++) {
                double value = in[f->members[first + m] * row + i];
                if (key && !(value == head))
                    return bp_fail(ctx, BP_E_LOSS, "frames of different %s would be added up", name);
                sum += value;
            }
            out[k * row + i] = key ? head : adds_up(name) && f->frames_sum ? sum : sum / (double)count;
        }
    }
    return BP_OK;
}

typedef struct table {
    hid_t dataset;
    hid_t type; /* as it is read and written */
    size_t element, rank;
    hsize_t shape[BP_MAX_RANK];
    size_t count; /* elements */
    uint8_t *values;
} table;

static bp_status read_all(bp_context *ctx, table *t)
{
    size_t bytes, factors[BP_MAX_RANK + 1];
    hid_t space = H5Dget_space(t->dataset);
    int rank = H5Sget_simple_extent_ndims(space);
    bp_status status = BP_OK;
    if (rank < 0 || rank > BP_MAX_RANK || H5Sget_simple_extent_dims(space, t->shape, NULL) < 0)
        status = bp_h5_fail(ctx, BP_E_DAMAGED, "its shape cannot be read");
    bp_h5_release(&space);
    if (status != BP_OK)
        return status;
    t->rank = (size_t)rank;
    t->element = H5Tget_size(t->type);
    t->count = 1;
    for (size_t i = 0; i < t->rank; i++) {
        factors[i] = (size_t)t->shape[i];
        t->count *= factors[i];
    }
    factors[t->rank] = t->element;
    if (bp_product_overflows(factors, t->rank + 1, &bytes) || bytes > MOST_BYTES)
        return bp_fail(ctx, BP_E_UNSUPPORTED, "it is too large to be made anew; leave it out with --drop");
    t->values = malloc(bytes + 1);
    if (!t->values)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for %zu bytes", bytes);
    if (H5Dread(t->dataset, t->type, H5S_ALL, H5S_ALL, H5P_DEFAULT, t->values) < 0)
        return bp_h5_fail(ctx, BP_E_DAMAGED, "its values cannot be read");
    return BP_OK;
}

/* Gathers the first axis. */
static bp_status follow(bp_context *ctx, const bp_reframe *f, const char *name, table *t, void **lent)
{
    size_t row = t->count / (size_t)t->shape[0];
    uint8_t *out = malloc((size_t)f->out_frames * row * t->element + 1);
    if (!out)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for its rows");
    bp_status status = BP_OK;
    if (f->group > 1 && H5Tequal(t->type, H5T_NATIVE_DOUBLE) > 0)
        status =
            merge_rows(ctx, f, name, row, (const double *)(const void *)t->values, (double *)(void *)out);
    else
        for (uint64_t k = 0; k < f->out_frames; k++)
            memcpy(out + k * row * t->element, t->values + f->members[f->starts[k]] * row * t->element,
                   row * t->element);
    if (lent)
        *lent = t->values;
    else
        free(t->values);
    t->values = out;
    t->shape[0] = f->out_frames;
    t->count = (size_t)f->out_frames * row;
    return status;
}

/* Averages, or adds, or for masks: a label where every pixel is one. */
static double bin_of(const bp_reframe *f, const double *in, size_t r, size_t c, bool mask)
{
    double sum = 0, last = 0;
    size_t count = 0;
    bool all = true;
    for (size_t i = 0; i < f->row_step; i++)
        for (size_t k = 0; k < f->column_step; k++) {
            size_t row = f->row + r * f->row_step + i, column = f->column + c * f->column_step + k;
            if (row >= f->rows || column >= f->columns)
                continue;
            double value = in[row * f->columns + column];
            all = all && value != 0;
            last = value;
            sum += value;
            count++;
        }
    if (mask)
        return all ? last : 0;
    return f->pixels_sum || count == 0 ? sum : sum / (double)count;
}

static bp_status map(bp_context *ctx, const bp_reframe *f, const char *name, table *t)
{
    size_t pixels = f->rows * f->columns, out_pixels = f->out_rows * f->out_columns;
    size_t pages = t->count / pixels;
    bool binned = f->row_step > 1 || f->column_step > 1, mask = strstr(name, "mask") != NULL;
    uint8_t *out = malloc(pages * out_pixels * t->element + 1);
    if (!out)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for a map");
    for (size_t p = 0; p < pages; p++)
        for (size_t r = 0; r < f->out_rows; r++)
            for (size_t c = 0; c < f->out_columns; c++) {
                uint8_t *to = out + (p * out_pixels + r * f->out_columns + c) * t->element;
                const uint8_t *page = t->values + p * pixels * t->element;
                if (binned)
                    *(double *)(void *)to = bin_of(f, (const double *)(const void *)page, r, c, mask);
                else
                    memcpy(to, page + ((f->row + r) * f->columns + f->column + c) * t->element, t->element);
            }
    free(t->values);
    t->values = out;
    t->shape[t->rank - 2] = f->out_rows;
    t->shape[t->rank - 1] = f->out_columns;
    t->count = pages * out_pixels;
    return BP_OK;
}

/* Back to the type of the file where that was only left for the calculation. */
static bp_status finish(bp_context *ctx, table *t, hid_t own, bool keep_double, bp_h5_new *made)
{
    hid_t to = keep_double ? H5T_NATIVE_DOUBLE : own;
    made->type = H5Tcopy(to);
    made->rank = t->rank;
    memcpy(made->shape, t->shape, sizeof made->shape);
    size_t element = H5Tget_size(to) > t->element ? H5Tget_size(to) : t->element;
    made->values = realloc(t->values, t->count * element + 1);
    t->values = made->values ? NULL : t->values;
    if (!made->values || made->type < 0)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for its values");
    if (H5Tequal(t->type, to) <= 0 && H5Tconvert(t->type, to, t->count, made->values, NULL, H5P_DEFAULT) < 0)
        return bp_h5_fail(ctx, BP_E_UNSUPPORTED, "its values cannot be converted");
    return BP_OK;
}

bp_status bp_h5_regroup(bp_context *ctx, hid_t dataset, const char *name, const bp_reframe *f, bool follows,
                        bool mapped, bp_h5_new *made)
{
    hid_t own = H5Dget_type(dataset);
    H5T_class_t kind = H5Tget_class(own);
    bool numbers = kind == H5T_INTEGER || kind == H5T_FLOAT;
    bool sequences = H5Tdetect_class(own, H5T_VLEN) > 0 || H5Tis_variable_str(own) > 0;
    bool binned = mapped && (f->row_step > 1 || f->column_step > 1);
    bool key = strstr(name, "image_key") != NULL;
    bool merged = follows && f->group > 1 && (kind == H5T_FLOAT || key || (numbers && adds_up(name)));
    bp_status status = BP_OK;
    *made = (bp_h5_new){.type = H5I_INVALID_HID};
    if (H5Tdetect_class(own, H5T_REFERENCE) > 0 || (sequences && mapped))
        status = bp_fail(ctx, BP_E_LOSS, "references and sequences cannot be made anew");
    else if (binned && !numbers)
        status = bp_fail(ctx, BP_E_LOSS, "what is no number cannot be binned");
    bool as_double = merged || binned;
    made->lent_count = 0;
    table t = {.dataset = dataset, .type = as_double ? H5T_NATIVE_DOUBLE : own};
    if (status == BP_OK)
        status = read_all(ctx, &t);
    made->lent_count = t.count;
    if (status == BP_OK && follows)
        status = follow(ctx, f, name, &t, sequences ? &made->lent : NULL);
    if (status == BP_OK && mapped)
        status = map(ctx, f, name, &t);
    bool widen = binned && kind == H5T_INTEGER && !strstr(name, "mask");
    if (status == BP_OK)
        status = finish(ctx, &t, own, widen, made);
    free(t.values);
    bp_h5_release(&own);
    return status;
}
