/* SPDX-License-Identifier: BSD-3-Clause
 * Working points of registered HDF5 filters that are worth measuring. */
#ifndef BP_IO_HDF5_PEER_SETTINGS_H
#define BP_IO_HDF5_PEER_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "beampress/array.h"

#define BP_PEER_MAX_WORDS 12

typedef struct bp_peer_setting {
    unsigned id;
    bool shuffle; /* HDF5's shuffle runs first */
    bool common;  /* what people use, and what a short bench measures */
    const char *name;
    unsigned dtypes; /* bit (1u << bp_dtype) */
    size_t word_count;
    unsigned words[BP_PEER_MAX_WORDS]; /* what a user passes to H5Pset_filter */
} bp_peer_setting;

/* The index-th setting of a filter for a type, of the common ones alone if so wished; NULL past the last. */
const bp_peer_setting *bp_peer_setting_at(unsigned id, bp_dtype dtype, bool common, size_t index);
/* What a registered filter is called, NULL when we do not know it. */
const char *bp_peer_registered_name(unsigned id);

#endif
