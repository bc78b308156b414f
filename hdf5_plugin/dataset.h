/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BP_PLUGIN_DATASET_H
#define BP_PLUGIN_DATASET_H

#include "beampress/chunk.h"
#include "hdf5_calls.h"

/* What HDF5 says of a dataset that is being created: its chunk as an array (data NULL), and the byte order.
 */
BP_MUST_CHECK bp_status dataset_describe(bp_context *ctx, const hdf5_calls *h5, hid_t dcpl, hid_t type,
                                         bp_array *chunk, bp_byte_order *order);

#endif
