/* SPDX-License-Identifier: BSD-3-Clause
 * Questions about HDF5 datatypes. */
#ifndef BP_IO_HDF5_TYPE_H
#define BP_IO_HDF5_TYPE_H

#include <hdf5.h>
#include <stdbool.h>

#include "beampress/context.h"

#define BP_H5_MAX_TYPE_DEPTH 64 /* types inside types; real ones have fewer than five */

typedef struct bp_h5_type_facts {
    bool vlen;      /* holds sequences or strings of variable length */
    bool reference; /* holds object or region references */
} bp_h5_type_facts;

/* Looks through a type. BP_E_LOSS names a kind that we do not know how to copy. */
BP_MUST_CHECK bp_status bp_h5_type_look(bp_context *ctx, hid_t type, bp_h5_type_facts *facts);

#endif
