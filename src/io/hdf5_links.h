/* SPDX-License-Identifier: BSD-3-Clause
 * Other files that a file points to: by external links, as sources of virtual datasets, as external raw
 * storage. They are kept exactly as stored; this is about whether they will be found, and about compressing
 * them too. */
#ifndef BP_IO_HDF5_LINKS_H
#define BP_IO_HDF5_LINKS_H

#include <stdbool.h>
#include <stddef.h>

#include "beampress/context.h"

typedef enum bp_h5_target_kind {
    BP_H5_TARGET_LINK,    /* an external link */
    BP_H5_TARGET_VIRTUAL, /* a source of a virtual dataset */
    BP_H5_TARGET_RAW      /* external raw storage: no HDF5 file */
} bp_h5_target_kind;

typedef struct bp_h5_target {
    bp_h5_target_kind kind;
    char *object;   /* path of the first link or dataset that says so */
    char *name;     /* of the file, as stored; a printf-style source ("%b") by each of the names that exist */
    char *resolved; /* where it is found, else where it was expected first */
    bool exists;
    bool beside; /* it exists and is found from the folder of the file that points to it: moving that file
                    elsewhere would lose it */
} bp_h5_target;

/* Sorted by kind and name, each file once per kind. */
typedef struct bp_h5_target_list {
    bp_h5_target *targets;
    size_t count, room;
} bp_h5_target_list;

/* Found as HDF5 does: absolute names as they are, then (the bare name, if it was absolute) in the folders of
 * HDF5_EXT_PREFIX, HDF5_VDS_PREFIX or HDF5_EXTFILE_PREFIX, beside the file, in the working folder, beside
 * what the file's name is a symbolic link to. List freed by bp_h5_target_list_fini in every case. */
BP_MUST_CHECK bp_status bp_h5_list_targets(bp_context *ctx, const char *path, bp_h5_target_list *list);
void bp_h5_target_list_fini(bp_h5_target_list *list);

/* The rule for one file that is written anew as output. A target that is not there: a warning. A target that
 * is found beside input and would not be found from output's folder: BP_E_LOSS, naming it, --follow and
 * --keep-links, unless keep_links or follow is set. */
BP_MUST_CHECK bp_status bp_h5_check_targets(bp_context *ctx, const char *input, const char *output,
                                            bool follow, bool keep_links);

/* A file to write beside the output of its master: source -> folder of the output + '/' + relative. */
typedef struct bp_h5_followed {
    char *source;
    char *relative; /* normal, never absolute, never leaving the folder */
    bool raw;       /* external raw storage, which is copied as it is */
} bp_h5_followed;

typedef struct bp_h5_followed_list {
    bp_h5_followed *files;
    size_t count, room;
} bp_h5_followed_list;

/* All files that input points to, directly or through others, each name once, without input itself; cycles
 * end. A target outside input's folder (an absolute name, or "..") is BP_E_LOSS and named: writing it "beside
 * the output" could overwrite anything. With keep_links it is left as it is, with a warning. Freed by
 * bp_h5_followed_list_fini in every case. */
BP_MUST_CHECK bp_status bp_h5_follow_targets(bp_context *ctx, const char *input, bool keep_links,
                                             bp_h5_followed_list *list);
void bp_h5_followed_list_fini(bp_h5_followed_list *list);

#endif
