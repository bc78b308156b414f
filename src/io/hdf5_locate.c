/* SPDX-License-Identifier: BSD-3-Clause
 * Where values stand in the file, for those that read it without HDF5. */
#include <string.h>

#include "io/hdf5_file.h"
#include "io/hdf5_source.h"

/* Below this, making and removing a mapping costs more than copying the values. */
#define WORTH_MAPPING ((size_t)1 << 20)

void bp_h5_source_allow_map(bp_h5_source *source)
{
    int *handle = NULL;
    hsize_t user_block = 1;
    hid_t file = H5Iget_file_id(source->dataset), access = H5Fget_access_plist(file);
    hid_t creation = H5Fget_create_plist(file);
    bool plain = !source->chunked || source->pipeline.count == 0;
    if (plain && H5Pget_driver(access) == H5FD_SEC2 && H5Pget_userblock(creation, &user_block) >= 0 &&
        user_block == 0 && H5Fget_vfd_handle(file, H5P_DEFAULT, (void **)&handle) >= 0 && handle)
        source->fd = *handle;
    H5Eclear2(H5E_DEFAULT);
    bp_h5_release(&creation);
    bp_h5_release(&access);
    bp_h5_release(&file);
}

/* Do the values of the box at offset follow each other in the order of the dataset? All axes behind the first
 * that is longer than one must be taken whole, and none may stick out. */
static bool one_run(const bp_h5_source *source, const hsize_t *offset, const size_t *cell)
{
    bool inside = false;
    for (size_t i = 0; i < source->rank; i++) {
        if (source->shape[i] - offset[i] < cell[i] || (inside && cell[i] != source->shape[i]))
            return false;
        inside = inside || cell[i] != 1;
    }
    return true;
}

static haddr_t find_chunk(const bp_h5_source *source, const hsize_t *offset, size_t bytes)
{
    unsigned mask = 0;
    haddr_t place = HADDR_UNDEF;
    hsize_t stored = 0;
    if (H5Dget_chunk_info_by_coord(source->dataset, offset, &mask, &place, &stored) < 0 || stored != bytes)
        return HADDR_UNDEF;
    return place;
}

static haddr_t find_run(const bp_h5_source *source, const hsize_t *offset)
{
    haddr_t place = H5Dget_offset(source->dataset), skip = 0;
    for (size_t i = 0; i < source->rank; i++)
        skip = skip * source->shape[i] + offset[i];
    return place == HADDR_UNDEF ? place : place + skip * source->itemsize;
}

bool bp_h5_source_locate(const bp_h5_source *source, const hsize_t *offset, const size_t *cell,
                         bp_h5_stored *stored)
{
    size_t bytes = source->itemsize;
    for (size_t i = 0; i < source->rank; i++)
        bytes *= cell[i];
    bool same_chunk = source->chunked && memcmp(cell, source->chunk.shape, source->rank * sizeof *cell) == 0;
    if (bytes < WORTH_MAPPING || (source->chunked ? !same_chunk : !one_run(source, offset, cell)))
        return false;
    haddr_t place = source->chunked ? find_chunk(source, offset, bytes) : find_run(source, offset);
    H5Eclear2(H5E_DEFAULT);
    if (place == HADDR_UNDEF)
        return false;
    memcpy(stored->offset, offset, source->rank * sizeof *offset);
    stored->kind = BP_H5_MAPPED;
    stored->mask = 0;
    stored->place = place;
    stored->size = bytes;
    return true;
}
