/* SPDX-License-Identifier: BSD-3-Clause
 * An array that stands as it is in a file: what npy and raw bytes have in common. */
#ifndef BP_IO_PLAIN_H
#define BP_IO_PLAIN_H

#include "io/frame_format.h"
#include "io/input.h"

typedef struct bp_plain {
    bp_input input;
    uint64_t offset; /* of the first value */
    bool fortran;    /* the first axis is the fastest in the file */
    bp_frames_facts facts;
    uint8_t *cache; /* fortran: a run of frames, gathered in one pass over the file */
    uint64_t cache_first;
    size_t cache_count;
} bp_plain;

/* Sets facts for an array of this shape: a frame is what the last two axes span (fewer when that is huge). */
BP_MUST_CHECK bp_status bp_plain_set_shape(bp_context *ctx, bp_frames_facts *facts, size_t rank,
                                           const size_t *shape);
BP_MUST_CHECK bp_status bp_plain_read(bp_context *ctx, void *plain, uint64_t frame, void *values);
BP_MUST_CHECK bp_status bp_plain_read_part(bp_context *ctx, void *plain, uint64_t frame, size_t skip,
                                           size_t size, void *values);
/* Closes the file and frees plain. */
void bp_plain_close(void *plain);

#endif
