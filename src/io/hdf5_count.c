/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/hdf5_file.h"
#include "io/hdf5_run.h"

static herr_t count_one(hid_t file, const char *name, const H5O_info_t *info, void *user)
{
    uint64_t *total = user;
    if (info->type != H5O_TYPE_DATASET)
        return 0;
    hid_t dataset = H5Dopen2(file, name, H5P_DEFAULT);
    hid_t space = dataset >= 0 ? H5Dget_space(dataset) : H5I_INVALID_HID;
    hid_t type = dataset >= 0 ? H5Dget_type(dataset) : H5I_INVALID_HID;
    hssize_t elements = space >= 0 ? H5Sget_simple_extent_npoints(space) : 0;
    if (elements > 0 && type >= 0)
        *total += (uint64_t)elements * H5Tget_size(type);
    bp_h5_release(&type);
    bp_h5_release(&space);
    bp_h5_release(&dataset);
    return 0;
}

uint64_t bp_h5_count_bytes(hid_t file)
{
    uint64_t total = 0;
    /* what cannot be visited is told by the copy; here it only matters to the progress bar */
    if (H5Ovisit2(file, H5_INDEX_NAME, H5_ITER_NATIVE, count_one, &total, H5O_INFO_BASIC) < 0)
        H5Eclear2(H5E_DEFAULT);
    return total;
}
