/* SPDX-License-Identifier: BSD-3-Clause
 * The grid of tiles, and values between the reader's byte order and the machine's. */
#include "base/checked.h"
#include "chunk/layout.h"
#include "kernel/kernel.h"

/* The format is little endian, and so are the values that codecs of our own see as bytes. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "beampress runs on little-endian machines only");

static size_t tiles_along(size_t extent, size_t tile)
{
    return extent / tile + (extent % tile != 0);
}

bool bp_chunk_count_tiles(size_t rank, const size_t *shape, const size_t *tile_shape, size_t *count)
{
    size_t along[BP_MAX_RANK];
    for (size_t i = 0; i < rank; i++) {
        size_t longest = shape[i] ? shape[i] : 1;
        if (tile_shape[i] == 0 || tile_shape[i] > longest)
            return false;
        along[i] = tiles_along(shape[i], tile_shape[i]);
    }
    return !bp_product_overflows(along, rank, count);
}

void bp_chunk_tile_place(const bp_chunk_info *info, size_t index, size_t *offset, size_t *shape)
{
    for (size_t i = info->rank; i-- > 0;) {
        size_t along = tiles_along(info->shape[i], info->tile_shape[i]);
        offset[i] = index % along * info->tile_shape[i];
        index /= along;
        size_t left = info->shape[i] - offset[i];
        shape[i] = left < info->tile_shape[i] ? left : info->tile_shape[i];
    }
}

void bp_chunk_to_order(bp_dtype dtype, bp_byte_order order, void *values, size_t bytes)
{
    size_t size = bp_dtype_size(dtype);
    if (order == BP_BIG_ENDIAN && size > 1)
        bp_kernels_get()->byteswap(values, values, bytes / size, size);
}

bool bp_chunk_needs_copy(const bp_array *array, bp_byte_order order)
{
    size_t size = bp_dtype_size(array->dtype);
    if (!bp_array_contiguous(array))
        return true;
    return size > 1 && (order != BP_LITTLE_ENDIAN || (uintptr_t)array->data % size != 0);
}
