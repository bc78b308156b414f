/* SPDX-License-Identifier: BSD-3-Clause
 * What the parts of the comparison of two files share. A difference is reported by bp_fail with BP_E_DIFFERS;
 * the place is put before it on the way up. */
#ifndef BP_IO_HDF5_VERIFIER_H
#define BP_IO_HDF5_VERIFIER_H

#include "beampress/file.h"
#include "io/hdf5_tree.h"
#include "io/hdf5_type.h"

/* [0] is the first file, [1] the second. The copy field of an object is the address of its counterpart. */
typedef struct bp_h5_verifier {
    bp_context *ctx;
    const bp_verify_options *options;
    bp_verify_report *report;
    const char *paths[2];
    hid_t files[2];
    bp_h5_tree trees[2];
    uint64_t total_bytes; /* for progress */
} bp_h5_verifier;

/* Says that the object at address a of the first file is the one at b of the second. BP_E_DIFFERS when one of
 * them already is another. */
BP_MUST_CHECK bp_status bp_h5_verify_pair(bp_h5_verifier *v, haddr_t a, haddr_t b);

/* Types: all that H5Tequal looks at, and which committed type it is (hdf5_verify_object.c). */
BP_MUST_CHECK bp_status bp_h5_verify_type(bp_h5_verifier *v, hid_t a, hid_t b);
/* Class, shape and largest shape. */
BP_MUST_CHECK bp_status bp_h5_verify_space(bp_context *ctx, hid_t a, hid_t b);
BP_MUST_CHECK bp_status bp_h5_verify_attributes(bp_h5_verifier *v, hid_t a, hid_t b);
/* Everything about a dataset but its attributes (hdf5_verify_dataset.c). */
BP_MUST_CHECK bp_status bp_h5_verify_dataset(bp_h5_verifier *v, const char *path, hid_t a, hid_t b);

/* `count` values of one type in memory (hdf5_verify_values.c): references by what they lead to, sequences by
 * their elements, compounds by their members, numbers within the bound when that is not negative. *first is
 * the number of the value that differs; the message says how. */
BP_MUST_CHECK bp_status bp_h5_verify_values(bp_h5_verifier *v, hid_t type, const void *a, const void *b,
                                            size_t count, double bound, size_t *first);

/* Text for messages, cut to size bytes (hdf5_text.c). */
void bp_h5_type_text(hid_t type, char *text, size_t size);
void bp_h5_value_text(hid_t type, const void *value, char *text, size_t size);
void bp_h5_shape_text(int rank, const hsize_t *shape, char *text, size_t size);

#endif
