/* SPDX-License-Identifier: BSD-3-Clause
 * Reading the attributes of an object. */
#ifndef BP_IO_HDF5_ATTRIBUTE_H
#define BP_IO_HDF5_ATTRIBUTE_H

#include "io/hdf5_type.h"

typedef struct bp_h5_attribute {
    hid_t id, type, space;
    bp_h5_type_facts facts;
    size_t element; /* bytes of one value in memory, by its own type */
    size_t count;   /* values; 0 for a null space */
    size_t bytes;
} bp_h5_attribute;

/* Closed by the caller on BP_OK only. */
BP_MUST_CHECK bp_status bp_h5_attribute_open(bp_context *ctx, hid_t object, const char *name,
                                             bp_h5_attribute *attribute);
void bp_h5_attribute_close(bp_h5_attribute *attribute);
/* Reads into attribute->bytes bytes; reclaim gives back what HDF5 allocated behind them. */
BP_MUST_CHECK bp_status bp_h5_attribute_read(bp_context *ctx, const bp_h5_attribute *attribute, void *values);
void bp_h5_attribute_reclaim(const bp_h5_attribute *attribute, void *values);

/* Visits all attributes, in the order of their creation where the object keeps it, otherwise by name. */
typedef bp_status (*bp_h5_attribute_visit)(bp_context *ctx, void *user, hid_t object, const char *name);
BP_MUST_CHECK bp_status bp_h5_attributes_walk(bp_context *ctx, hid_t object, bp_h5_attribute_visit visit,
                                              void *user);
bool bp_h5_attributes_ordered(hid_t object);

#endif
