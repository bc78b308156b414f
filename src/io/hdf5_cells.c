/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/hdf5_cells.h"

#define SLAB_BYTES ((uint64_t)4 << 20)

bp_status bp_h5_cells_check(bp_context *ctx, const bp_h5_source *source)
{
    if (H5Tdetect_class(source->type, H5T_VLEN) > 0 || H5Tdetect_class(source->type, H5T_REFERENCE) > 0 ||
        H5Tis_variable_str(source->type) > 0)
        return bp_fail(ctx, BP_E_UNSUPPORTED, "its elements are no plain values");
    return BP_OK;
}

void bp_h5_cells_of(const bp_h5_source *source, size_t *cell)
{
    uint64_t left = SLAB_BYTES / source->itemsize;
    for (size_t i = source->rank; i-- > 0;) {
        if (source->chunked) {
            cell[i] = source->chunk.shape[i];
            continue;
        }
        uint64_t along = source->shape[i] < left ? source->shape[i] : left;
        cell[i] = along ? (size_t)along : 1;
        left /= cell[i];
    }
}

bool bp_h5_cell_clip(const bp_h5_source *source, const size_t *cell, const hsize_t *offset, size_t *shape)
{
    bool whole = true;
    for (size_t i = 0; i < source->rank; i++) {
        hsize_t left = source->shape[i] - offset[i];
        shape[i] = left < cell[i] ? (size_t)left : cell[i];
        whole = whole && shape[i] == cell[i];
    }
    return whole;
}

bp_status bp_h5_cell_compact(const bp_array *cell, const uint8_t *values, const size_t *shape, uint8_t *out)
{
    bp_array from = *cell, to, part;
    size_t zero[BP_MAX_RANK] = {0};
    from.data = (void *)(uintptr_t)values; /* only read */
    bp_status status = bp_array_part(&from, zero, shape, &part);
    if (status == BP_OK)
        status = bp_array_init(&to, cell->dtype, cell->itemsize, cell->rank, shape, out);
    return status == BP_OK ? bp_array_copy(&part, &to) : status;
}
