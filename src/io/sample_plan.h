/* SPDX-License-Identifier: BSD-3-Clause
 * Which part of an array a sample takes. */
#ifndef BP_IO_SAMPLE_PLAN_H
#define BP_IO_SAMPLE_PLAN_H

#include "io/hdf5_sample.h"

#define BP_SAMPLE_MAX_RUNS 8

/* One axis is cut: whole axes behind it, index 0 of those before it, runs of indices on it. */
typedef struct bp_sample_plan {
    size_t rank, cut;
    size_t part[BP_MAX_RANK]; /* shape of the sample */
    size_t run_count, run_length;
    uint64_t starts[BP_SAMPLE_MAX_RUNS];
} bp_sample_plan;

/* rank is at least 1. */
void bp_sample_plan_make(bp_sample_plan *plan, size_t itemsize, size_t rank, const uint64_t *shape,
                         size_t max_bytes);
/* Fills all of sample but the values, for which it makes room. */
BP_MUST_CHECK bp_status bp_sample_allocate(bp_context *ctx, const bp_sample_plan *plan, bp_dtype dtype,
                                           const uint64_t *shape, bp_sample *sample);

#endif
