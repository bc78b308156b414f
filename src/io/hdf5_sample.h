/* SPDX-License-Identifier: BSD-3-Clause
 * A bounded part of a dataset in memory, for statistics and benches: runs of consecutive frames, spread
 * evenly over the dataset and always the same ones, so the same file gives the same figures. HDF5 files, and
 * whatever else can be read as frames (which counts as one dataset, "/"). */
#ifndef BP_IO_HDF5_SAMPLE_H
#define BP_IO_HDF5_SAMPLE_H

#include "beampress/array.h"
#include "beampress/context.h"

typedef struct bp_sample {
    bp_array array; /* C-contiguous, machine byte order; the rank is the dataset's; owned */
    uint64_t whole_shape[BP_MAX_RANK]; /* of the dataset that it was taken from */
    bool complete;                     /* the sample is the whole dataset */
    size_t run;                        /* frames (leading axes folded) that are consecutive in the dataset */
} bp_sample;

/* Reads at most max_bytes of a dataset. The message of a failure names file and dataset. */
BP_MUST_CHECK bp_status bp_sample_read(bp_context *ctx, const char *file, const char *dataset,
                                       size_t max_bytes, bp_sample *sample);
void bp_sample_fini(bp_sample *sample);

#endif
