/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BP_IO_HDF5_COMPARE_H
#define BP_IO_HDF5_COMPARE_H

#include <hdf5.h>
#include <stdbool.h>

#include "beampress/file.h"

/* Compares the values of two datasets of equal shape and type, of any layout: bit by bit, or within
 * options->bound when that is not negative and the type is a number (then a NaN agrees with a NaN only).
 * equal; first_offset[rank]: place of the first difference, when there is one; max_error: the largest
 * absolute difference of numbers up to there (0 when all bits agree). options->progress is not called.
 * BP_OK in both cases; a failure's message names the place, not the dataset. */
BP_MUST_CHECK bp_status bp_h5_compare(bp_context *ctx, hid_t a, hid_t b, const bp_verify_options *options,
                                      bool *equal, hsize_t *first_offset, double *max_error);

#endif
