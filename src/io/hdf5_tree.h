/* SPDX-License-Identifier: BSD-3-Clause
 * All objects of a file that links reach, each once, found by its address. */
#ifndef BP_IO_HDF5_TREE_H
#define BP_IO_HDF5_TREE_H

#include <hdf5.h>
#include <stdbool.h>
#include <stdint.h>

#include "beampress/context.h"

#define BP_H5_NOWHERE SIZE_MAX

typedef struct bp_h5_object {
    haddr_t address;
    haddr_t copy; /* address of its copy in another file; HADDR_UNDEF as long as there is none */
    hid_t held;   /* an open identifier of the copy that must outlive its creation, or invalid */
    size_t
        parent; /* index of the group that first led here; BP_H5_NOWHERE for the root and what has no link */
    char *name; /* of the link in that group; NULL when parent is BP_H5_NOWHERE */
    H5O_type_t type;
    bool modern; /* object header of version 2 */
} bp_h5_object;

/* objects[0] is the root group; groups stand before what was found in them. */
typedef struct bp_h5_tree {
    bp_h5_object *objects;
    size_t count, room;
    size_t *slots; /* open addressing: index + 1 */
    size_t slot_count;
} bp_h5_tree;

typedef struct bp_h5_link {
    char *name;
    H5L_type_t type;
    H5T_cset_t cset;
    haddr_t address;   /* hard links */
    size_t value_size; /* bytes of the value of the others */
} bp_h5_link;

typedef struct bp_h5_links {
    bp_h5_link *links;
    size_t count, room;
    bool ordered; /* in the order of their creation, which the group keeps; otherwise by name */
} bp_h5_links;

/* Walks all groups without recursion. Refuses names that no program could have asked for. */
BP_MUST_CHECK bp_status bp_h5_tree_read(bp_context *ctx, hid_t file, bp_h5_tree *tree);
void bp_h5_tree_fini(bp_h5_tree *tree);
/* Index of the object at an address, BP_H5_NOWHERE when links lead to none. */
size_t bp_h5_tree_find(const bp_h5_tree *tree, haddr_t address);
/* Adds an object that no link reaches. */
BP_MUST_CHECK bp_status bp_h5_tree_add(bp_context *ctx, bp_h5_tree *tree, const H5O_info_t *info,
                                       size_t parent, const char *name);
/* Absolute path, to be freed; NULL when there is no memory. */
char *bp_h5_tree_path(const bp_h5_tree *tree, size_t index);

/* Records "path: message". */
bp_status bp_h5_tree_fail_in(bp_context *ctx, bp_status status, const bp_h5_tree *tree, size_t index);

/* The links of one group; by_name: by name even where the group keeps their order. Freed in every case by
 * bp_h5_links_fini. */
BP_MUST_CHECK bp_status bp_h5_links_read(bp_context *ctx, hid_t group, bool by_name, bp_h5_links *links);
void bp_h5_links_fini(bp_h5_links *links);

#endif
