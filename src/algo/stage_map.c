/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "algo/stage_map.h"
#include "algo/values.h"
#include "base/scratch.h"

const char *bp_stage_map_name(const bp_stage_run *run, int param)
{
    const char *text = run->values[param].text;
    return run->values[param].given && text && *text ? text : run->stage->params[param].name;
}

bp_status bp_stage_map(bp_context *ctx, bp_stage_run *run, int param, double **values, size_t *planes)
{
    const char *name = bp_stage_map_name(run, param);
    size_t rank, shape[BP_MAX_RANK];
    *planes = 0;
    bp_status status = bp_beside_read(ctx, run, name, values, &rank, shape);
    run->blame = param;
    if (status != BP_OK || !*values)
        return status;
    size_t rows = run->in.rows, columns = run->in.columns;
    bool fits = (rank == 2 || rank == 3) && shape[rank - 2] == rows && shape[rank - 1] == columns;
    *planes = rank == 3 ? shape[0] : 1;
    if (fits && *planes > 0)
        return BP_OK;
    char text[120] = "";
    int length = 0;
    for (size_t i = 0; i < rank && length < 100; i++)
        length += snprintf(text + length, sizeof text - (size_t)length, i ? " x %zu" : "%zu", shape[i]);
    free(*values);
    *values = NULL;
    return bp_stage_fail(ctx, run, param, BP_E_INPUT,
                         "%s has shape %s, the frames have %zu x %zu pixels: it is of another detector", name,
                         rank ? text : "()", rows, columns);
}

static int by_size(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

#define MOST_SORTED 256 /* planes of which a median is taken; of more, the first ones */

void bp_stage_average(const double *planes, size_t plane_count, size_t count, int median, double *map)
{
    double sorted[MOST_SORTED];
    size_t most = plane_count < MOST_SORTED ? plane_count : MOST_SORTED;
    for (size_t i = 0; i < count; i++) {
        double sum = 0;
        for (size_t k = 0; !median && k < plane_count; k++)
            sum += planes[k * count + i];
        if (median) {
            for (size_t k = 0; k < most; k++)
                sorted[k] = planes[k * count + i];
            qsort(sorted, most, sizeof *sorted, by_size);
            map[i] = (sorted[most / 2] + sorted[(most - 1) / 2]) / 2;
        } else {
            map[i] = sum / (double)plane_count;
        }
    }
}

size_t bp_stage_bad_pixels(const double *map, const uint8_t *labels, size_t count, int above_zero,
                           size_t *first)
{
    size_t bad = 0;
    for (size_t i = 0; i < count; i++)
        if (!(labels && labels[i]) && (!isfinite(map[i]) || (above_zero && !(map[i] > 0)))) {
            *first = bad ? *first : i;
            bad++;
        }
    return bad;
}

double *bp_stage_doubles(bp_context *ctx, const bp_frame *in, size_t extra)
{
    size_t count = in->rows * in->columns;
    double *values = bp_scratch_take(ctx, (count + extra) * sizeof *values);
    if (values)
        bp_values_to_double(in->dtype, in->values, count, values);
    return values;
}

bp_dtype bp_stage_real_type(bp_dtype dtype)
{
    bool wide = dtype == BP_F64 || bp_dtype_size(dtype) > 4;
    return wide || dtype == BP_U32 || dtype == BP_I32 ? BP_F64 : BP_F32;
}
