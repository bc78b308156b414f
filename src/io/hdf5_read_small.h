/* SPDX-License-Identifier: BSD-3-Clause
 * Single texts and numbers out of HDF5 files. What is not there, or has another type, is no error. */
#ifndef BP_IO_HDF5_READ_SMALL_H
#define BP_IO_HDF5_READ_SMALL_H

#include <hdf5.h>
#include <stdbool.h>

/* The text of an attribute that is one string of any kind; NULL when it is none. The caller frees it. */
char *bp_h5_attribute_text(hid_t object, const char *name);
/* Text number index of an attribute that holds several (or one). */
char *bp_h5_attribute_text_at(hid_t object, const char *name, size_t index);
/* A number, or a text that is one; NAN when it is neither. */
double bp_h5_attribute_number(hid_t object, const char *name);
/* A numeric dataset below group that holds one number, or the same one everywhere; NAN otherwise. */
double bp_h5_dataset_number(hid_t group, const char *path);
/* Does the link exist and lead to an object? Works through every level of path. */
bool bp_h5_leads_to(hid_t group, const char *path);

#endif
