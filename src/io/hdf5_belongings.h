/* SPDX-License-Identifier: BSD-3-Clause
 * What belongs to frames, as arrays with new values. */
#ifndef BP_IO_HDF5_BELONGINGS_H
#define BP_IO_HDF5_BELONGINGS_H

#include <hdf5.h>

#include "io/hdf5_reframe.h"

/* A dataset that gets other values. */
typedef struct bp_h5_new {
    haddr_t address;
    hid_t type;
    size_t rank;
    hsize_t shape[BP_MAX_RANK];
    void *values;
    void *lent; /* the values that were read, when their sequences are memory of HDF5's that values share */
    hsize_t lent_count;
    /* Or only attributes change, once it is copied; address is HADDR_UNDEF then. */
    bool moved, turned; /* module_offset gets this offset; an NXdata has other axes */
    double offset[3];
} bp_h5_new;

/* New values of an array of `rank` axes that follow the frames and, when mapped, of its last two axes that
 * follow the pixels (hdf5_regroup.c). *made is filled. */
BP_MUST_CHECK bp_status bp_h5_regroup(bp_context *ctx, hid_t dataset, const char *name,
                                      const bp_reframe *reframe, bool follows, bool mapped, bp_h5_new *made);
void bp_h5_new_fini(bp_h5_new *made);

#endif
