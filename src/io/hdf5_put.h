/* SPDX-License-Identifier: BSD-3-Clause
 * Small things written into an HDF5 file that we make ourselves: no object times, so that the same input
 * gives the same bytes. Failures are BP_E_OUTPUT and name the object. */
#ifndef BP_IO_HDF5_PUT_H
#define BP_IO_HDF5_PUT_H

#include <hdf5.h>

#include "beampress/array.h"
#include "beampress/context.h"

/* A new, empty file whose root has no times. */
BP_MUST_CHECK bp_status bp_h5_put_file(bp_context *ctx, const char *path, hid_t *file);
/* The type of one string of fixed length, UTF-8, as long as text. To be closed. */
hid_t bp_h5_put_text_type(const char *text);
/* An attribute of text. */
BP_MUST_CHECK bp_status bp_h5_put_text(bp_context *ctx, hid_t file, const char *object, const char *name,
                                       const char *text);
/* An attribute of one number. */
BP_MUST_CHECK bp_status bp_h5_put_number(bp_context *ctx, hid_t file, const char *object, const char *name,
                                         double number);
/* A group with its NX_class. */
BP_MUST_CHECK bp_status bp_h5_put_group(bp_context *ctx, hid_t file, const char *path, const char *class);
/* rank 0: one value. values NULL: nothing is written. The caller closes *made unless made is NULL. */
BP_MUST_CHECK bp_status bp_h5_put_dataset(bp_context *ctx, hid_t file, const char *path, hid_t type,
                                          size_t rank, const hsize_t *shape, const void *values, hid_t *made);

#endif
