/* SPDX-License-Identifier: BSD-3-Clause
 * The frames of a file, as a technique reads them. */
#ifndef BP_EXPLORE_SOURCE_H
#define BP_EXPLORE_SOURCE_H

#include "beampress/science.h"
#include "io/hdf5_stack.h"

typedef struct bp_analyse_options {
    const char *dataset;  /* NULL: what the file is obviously about */
    const char *regions;  /* path of a map of regions in the file; NULL: what it has under a known name */
    const char *against;  /* a changed version of the file: what the two together tell; or NULL */
    const char *geometry; /* a .poni file; NULL: what NeXus states */
    bool no_mask;
    unsigned threads;
} bp_analyse_options;

typedef struct bp_source {
    const char *file;
    bp_stack *stack;
    uint8_t *mask;
    const bp_analyse_options *options;
    bp_geometry geometry; /* of the .poni file */
    bp_science_stack frames;
} bp_source;

/* file and options must outlive it. It is closed with bp_source_close in every case. */
BP_MUST_CHECK bp_status bp_source_open(bp_context *ctx, const char *file, const bp_analyse_options *options,
                                       bp_source *input);
void bp_source_close(bp_source *input);

#endif
