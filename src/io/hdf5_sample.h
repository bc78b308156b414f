/* SPDX-License-Identifier: BSD-3-Clause
 * A bounded part of a dataset in memory, for statistics and benches: always the first frames, so the same
 * file gives the same figures. HDF5 files, and whatever else can be read as frames. */
#ifndef BP_IO_HDF5_SAMPLE_H
#define BP_IO_HDF5_SAMPLE_H

#include "beampress/array.h"
#include "beampress/context.h"

typedef struct bp_sample {
    bp_array array;                    /* C-contiguous, machine byte order; rank is the dataset's */
    uint64_t whole_shape[BP_MAX_RANK]; /* of the dataset that it was taken from */
    bool complete;                     /* the sample is the whole dataset */
} bp_sample;

typedef struct bp_names {
    char **items;
    size_t count;
} bp_names;

/* Paths of the numeric datasets of at least min_bytes in file, in the order of their names. A file that is no
 * HDF5 has one, "/". The caller frees them with bp_names_fini, also after a failure. */
BP_MUST_CHECK bp_status bp_sample_datasets(bp_context *ctx, const char *file, uint64_t min_bytes,
                                           bp_names *names);
void bp_names_fini(bp_names *names);

/* Reads the first frames of a dataset, at most max_bytes. */
BP_MUST_CHECK bp_status bp_sample_read(bp_context *ctx, const char *file, const char *dataset,
                                       size_t max_bytes, unsigned threads, bp_sample *sample);
void bp_sample_fini(bp_sample *sample);

#endif
