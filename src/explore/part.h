/* SPDX-License-Identifier: BSD-3-Clause
 * A part of the frames of a file in memory, with what stands beside them: what working points are tried on,
 * and what they are confirmed on. Rows are those of every frame, frames all that follow each other. */
#ifndef BP_EXPLORE_PART_H
#define BP_EXPLORE_PART_H

#include <pthread.h>

#include "explore/source.h"
#include "pipeline/pipeline.h"

typedef struct bp_side_memo bp_side_memo;

typedef struct bp_part {
    const bp_source *source;
    uint64_t first; /* frame */
    size_t row;
    bp_memory_stack stack;
    uint8_t *excluded;    /* or NULL */
    uint64_t hash;        /* XXH3 of values, type and shape */
    bp_beside beside;     /* for stages */
    pthread_mutex_t lock; /* of what is beside: files are read by one thread at a time */
    bp_side_memo *memos;
} bp_part;

/* Reads frames first ... first + frames - 1, of each the rows row ... row + rows - 1. source must outlive it.
 * It is freed with bp_part_fini in every case, and must not move in between. */
BP_MUST_CHECK bp_status bp_part_read(bp_context *ctx, const bp_source *source, uint64_t first,
                                     uint64_t frames, size_t row, size_t rows, bp_part *part);
void bp_part_fini(bp_part *part);
uint64_t bp_part_bytes(const bp_part *part);

/* The part as a technique reads it, or what a pipeline made of it (stack; NULL: the part itself). Numbers
 * beside the frames follow frames that were dropped; maps of another size are not there. Any thread. */
typedef struct bp_part_view {
    bp_part *part;
    const bp_memory_stack *stack;
    bp_science_stack science;
    bp_geometry geometry; /* of frames whose pixels were binned */
    bool decoded;         /* codes are read as the values that they stand for */
} bp_part_view;
void bp_part_view_init(bp_part_view *view, bp_part *part, const bp_memory_stack *stack);

#endif
