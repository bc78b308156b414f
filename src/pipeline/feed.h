/* SPDX-License-Identifier: BSD-3-Clause
 * Frames of an open plan as the writer of the file asks for them. */
#ifndef BP_PIPELINE_FEED_H
#define BP_PIPELINE_FEED_H

#include "io/hdf5_transcode.h"
#include "pipeline/plan.h"
#include "pipeline/run.h"

typedef struct bp_feeder {
    bp_run *run;
    bp_plan *plan;
    size_t batch, bytes, pixels; /* frames at a time; of one frame */
    uint64_t first;
    size_t count;
    uint8_t *values;
    uint8_t *marks;    /* of frames for an operation, which are those before the last stage */
    bp_dtype dtype;    /* of values */
    size_t pixel;      /* bytes */
    uint64_t *hashes;  /* of what a reader gets; not of frames for an operation */
    bool compare;      /* with the input's frames, which have the same shape and type */
    bool compare_back; /* only what is read back can be compared */
    uint8_t **was;     /* of each frame of a batch that of the input, or NULL; NULL: nothing is compared */
    uint8_t *before;   /* room for them, to compare what is read back */
    double *errors;
    uint64_t done;
} bp_feeder;

BP_MUST_CHECK bp_status bp_feeder_init(bp_context *ctx, bp_feeder *f, bp_run *run);
void bp_feeder_fini(bp_feeder *f);
/* A box of the output: leading axes count frames, the last two are rows and columns. user: the feeder. */
bp_status bp_feeder_read(bp_context *ctx, void *user, const hsize_t *offset, const size_t *shape,
                         uint8_t *values);
/* Flats and darks go without the operation. */
bool bp_feeder_without_chain(void *user, const hsize_t *offset);
/* Hashes of the first frames in f->values (hashes NULL: none), and their largest change from f->was. */
BP_MUST_CHECK bp_status bp_feeder_weigh(bp_context *ctx, bp_feeder *f, size_t count, size_t bytes,
                                        uint64_t *hashes);
/* Lets f->was be the input's frames that frames first ... of the output are made of, where they are compared.
 */
BP_MUST_CHECK bp_status bp_feeder_read_back(bp_context *ctx, bp_feeder *f, uint64_t first, size_t count);

#endif
