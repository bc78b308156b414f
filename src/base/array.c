/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "base/checked.h"
#include "beampress/array.h"

static const struct {
    const char *name;
    size_t size;
} dtypes[BP_DTYPE_COUNT] = {
#define ENTRY(name, number, text, size) [number] = {text, size},
    BP_DTYPE_LIST(ENTRY)
#undef ENTRY
};

const char *bp_dtype_name(bp_dtype dtype)
{
    return (unsigned)dtype < BP_DTYPE_COUNT ? dtypes[dtype].name : NULL;
}

size_t bp_dtype_size(bp_dtype dtype)
{
    return (unsigned)dtype < BP_DTYPE_COUNT ? dtypes[dtype].size : 0;
}

bool bp_dtype_range(bp_dtype dtype, double *low, double *high)
{
    static const struct {
        bp_dtype dtype;
        double low, high;
    } rows[] = {{BP_U8, 0, 255},    {BP_U16, 0, 65535},      {BP_U32, 0, 4294967295.0},
                {BP_I8, -128, 127}, {BP_I16, -32768, 32767}, {BP_I32, -2147483648.0, 2147483647.0}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].dtype == dtype) {
            *low = rows[i].low;
            *high = rows[i].high;
            return true;
        }
    return false;
}

bp_status bp_dtype_parse(const char *text, bp_dtype *dtype)
{
    for (unsigned i = 0; i < BP_DTYPE_COUNT; i++)
        if (strcmp(text, dtypes[i].name) == 0) {
            *dtype = (bp_dtype)i;
            return BP_OK;
        }
    return BP_E_USAGE;
}

bp_status bp_array_init(bp_array *array, bp_dtype dtype, size_t itemsize, size_t rank, const size_t *shape,
                        void *data)
{
    memset(array, 0, sizeof *array);
    size_t known = bp_dtype_size(dtype), bytes;
    if ((unsigned)dtype >= BP_DTYPE_COUNT || rank > BP_MAX_RANK || (known && itemsize && itemsize != known) ||
        (!known && !itemsize))
        return BP_E_USAGE;
    array->dtype = dtype;
    array->itemsize = known ? known : itemsize;
    array->rank = rank;
    array->data = data;
    /* strides are bytes; an empty axis must not let the others overflow them */
    bytes = array->itemsize;
    for (size_t i = rank; i-- > 0;) {
        array->shape[i] = shape[i];
        array->strides[i] = (ptrdiff_t)bytes;
        size_t extent = shape[i] ? shape[i] : 1;
        if (bp_mul_overflows(bytes, extent, &bytes) || bytes > PTRDIFF_MAX)
            return BP_E_USAGE;
    }
    return BP_OK;
}

size_t bp_array_elements(const bp_array *array)
{
    size_t elements = 1;
    for (size_t i = 0; i < array->rank; i++)
        elements *= array->shape[i];
    return elements;
}

size_t bp_array_bytes(const bp_array *array)
{
    return bp_array_elements(array) * array->itemsize;
}

bool bp_array_contiguous(const bp_array *array)
{
    ptrdiff_t expected = (ptrdiff_t)array->itemsize;
    if (bp_array_elements(array) == 0)
        return true;
    for (size_t i = array->rank; i-- > 0;) {
        if (array->shape[i] != 1 && array->strides[i] != expected)
            return false;
        expected *= (ptrdiff_t)array->shape[i];
    }
    return true;
}

/* Copies axis by axis; runs that are contiguous in both views go in one memcpy. */
static void copy_axis(const bp_array *from, const bp_array *to, size_t axis, const uint8_t *source,
                      uint8_t *target, size_t flat_axis, size_t flat_bytes)
{
    if (axis == flat_axis) {
        memcpy(target, source, flat_bytes);
        return;
    }
    for (size_t i = 0; i < from->shape[axis]; i++) {
        copy_axis(from, to, axis + 1, source, target, flat_axis, flat_bytes);
        source += from->strides[axis];
        target += to->strides[axis];
    }
}

bp_status bp_array_copy(const bp_array *from, const bp_array *to)
{
    if (from->dtype != to->dtype || from->itemsize != to->itemsize || from->rank != to->rank ||
        memcmp(from->shape, to->shape, from->rank * sizeof from->shape[0]) != 0)
        return BP_E_USAGE;
    if (bp_array_elements(from) == 0)
        return BP_OK;
    size_t flat = from->rank, bytes = from->itemsize;
    while (flat > 0 && from->strides[flat - 1] == (ptrdiff_t)bytes &&
           to->strides[flat - 1] == (ptrdiff_t)bytes)
        bytes *= from->shape[--flat];
    copy_axis(from, to, 0, from->data, to->data, flat, bytes);
    return BP_OK;
}

bp_status bp_array_part(const bp_array *array, const size_t *offset, const size_t *shape, bp_array *part)
{
    *part = *array;
    uint8_t *data = array->data;
    for (size_t i = 0; i < array->rank; i++) {
        if (offset[i] > array->shape[i] || shape[i] > array->shape[i] - offset[i])
            return BP_E_USAGE;
        part->shape[i] = shape[i];
        if (data)
            data += (ptrdiff_t)offset[i] * array->strides[i];
    }
    part->data = data;
    return BP_OK;
}
