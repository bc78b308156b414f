/* SPDX-License-Identifier: BSD-3-Clause
 * What the parts of the copy engine share. */
#ifndef BP_IO_HDF5_COPIER_H
#define BP_IO_HDF5_COPIER_H

#include "io/hdf5_copy.h"
#include "io/hdf5_tree.h"
#include "io/hdf5_type.h"

#define BP_H5_PIECE_BYTES  ((size_t)4 << 20)  /* of plain values moved at once */
#define BP_H5_LENGTH_BYTES ((size_t)64 << 20) /* of sequences of variable length held at once */

/* Filters that HDF5 does not know, that we decode ourselves, or whose plug-in would change the words that we
 * write are stood in for while datasets of plain values are made. Nothing is ever put through a stand-in. */
#define BP_H5_MAX_STANDINS 64
#define BP_H5_MAX_WORDS    256 /* cd_values of a filter that HDF5 lets one look at */
typedef struct bp_h5_standins {
    H5Z_filter_t ids[BP_H5_MAX_STANDINS];
    size_t count;
} bp_h5_standins;

typedef struct bp_h5_copier {
    bp_context *ctx;
    hid_t source, target;
    const bp_h5_payload *payload;
    bp_h5_tree tree;
    hid_t lcpl[2];            /* link creation properties, by H5T_cset_t */
    H5F_libver_t old, modern; /* format bounds for objects with headers of version 1 and 2 */
    bool bounds_modern;
    bool shares_messages; /* between objects of the file */
    bp_h5_standins standins;
    uint64_t dangling; /* references to objects that do not exist any more */
    void *buffer;      /* grows to the largest piece */
    size_t buffer_size;
} bp_h5_copier;

/* copier->buffer of at least so many bytes. */
BP_MUST_CHECK bp_status bp_h5_copier_reserve(bp_h5_copier *copier, size_t bytes);

/* Everything that would stop the copy, found before there is a target (hdf5_preflight.c). Adds the committed
 * types without a link to the tree. */
BP_MUST_CHECK bp_status bp_h5_preflight(bp_h5_copier *copier);

/* The target's type for a type of the source: the copy of a committed one, otherwise the type itself. Closed
 * by the caller. */
BP_MUST_CHECK bp_status bp_h5_copy_type(bp_h5_copier *copier, hid_t type, hid_t *copy);

/* All attributes of one object (hdf5_attribute.c). */
BP_MUST_CHECK bp_status bp_h5_copy_attributes(bp_h5_copier *copier, hid_t source, hid_t target);

/* A dataset and, unless *deferred, its values (hdf5_copy_dataset.c). Deferred values follow by
 * bp_h5_copy_values once all objects exist. */
BP_MUST_CHECK bp_status bp_h5_copy_dataset(bp_h5_copier *copier, const char *path, hid_t source,
                                           hid_t target_group, const bp_h5_link *link, hid_t *target);
BP_MUST_CHECK bp_status bp_h5_copy_values(bp_h5_copier *copier, size_t index, hid_t source, hid_t target);

/* The properties to create the copy of a dataset with (hdf5_properties.c). Closed by the caller on BP_OK. */
BP_MUST_CHECK bp_status bp_h5_creation_properties(bp_h5_copier *copier, hid_t dataset, hid_t *dcpl);
/* Those of a group, or of a file's root group, into a fresh list. */
BP_MUST_CHECK bp_status bp_h5_group_properties(bp_context *ctx, hid_t from, hid_t to);

/* The same shape or type without ties to a file; invalid on failure. */
hid_t bp_h5_fresh_space(hid_t space);
hid_t bp_h5_fresh_type(hid_t type);

/* How a dataset's values are moved. */
typedef struct bp_h5_dataset_facts {
    bp_h5_type_facts type;
    H5D_layout_t layout;
    bool external;
    bool empty; /* null space or a dimension of 0 */
    bool filtered;
} bp_h5_dataset_facts;
BP_MUST_CHECK bp_status bp_h5_dataset_look(bp_context *ctx, hid_t dataset, bp_h5_dataset_facts *facts);

/* References in `count` values of a type that stand in memory (hdf5_reference.c): rewrite makes them point
 * into the target, scan only refuses those that no target could have. */
BP_MUST_CHECK bp_status bp_h5_references_rewrite(bp_h5_copier *copier, hid_t type, void *values,
                                                 size_t count);
BP_MUST_CHECK bp_status bp_h5_references_scan(bp_h5_copier *copier, hid_t type, void *values, size_t count);

/* Makes HDF5 accept every filter of dcpl; all: without any plug-in. */
BP_MUST_CHECK bp_status bp_h5_standins_add(bp_context *ctx, bp_h5_standins *standins, hid_t dcpl, bool all);
void bp_h5_standins_remove(bp_h5_standins *standins);
/* Do two property lists hold the same filters with the same words? */
bool bp_h5_filters_equal(hid_t dcpl_a, hid_t dcpl_b);

#endif
