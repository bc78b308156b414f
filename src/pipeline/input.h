/* SPDX-License-Identifier: BSD-3-Clause
 * Frames of a file as what a pipeline works on. */
#ifndef BP_PIPELINE_INPUT_H
#define BP_PIPELINE_INPUT_H

#include "io/hdf5_stack.h"
#include "pipeline/pipeline.h"

typedef struct bp_pipeline_input {
    bp_stack *stack;
    bp_flow flow;
    uint8_t *mask, *keys;
    bp_beside beside;
    bp_pipeline_source source;
    /* XXH3 of every frame that was read, and which were */
    uint64_t *hashes;
    uint8_t *read;
    /* the frames that were read last, for a comparison with what becomes of them */
    uint64_t last_first;
    size_t last_count, last_room;
    uint8_t *last;
    bool keep_last;
} bp_pipeline_input;

/* dataset NULL: what the file is obviously about. Fini in every case. */
BP_MUST_CHECK bp_status bp_pipeline_input_open(bp_context *ctx, const char *file, const char *dataset,
                                               unsigned threads, bp_pipeline_input *input);
void bp_pipeline_input_fini(bp_pipeline_input *input);
/* Hash over the hashes of all frames; reads those that were not. */
BP_MUST_CHECK bp_status bp_pipeline_input_hash(bp_context *ctx, bp_pipeline_input *input, uint64_t *hash);
uint64_t bp_hash_of_hashes(const uint64_t *hashes, uint64_t count);
/* That of the frames of a dataset, as a record of a run has it. */
BP_MUST_CHECK bp_status bp_hash_frames(bp_context *ctx, const char *file, const char *dataset,
                                       unsigned threads, uint64_t *hash);

#endif
