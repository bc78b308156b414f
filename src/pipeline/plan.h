/* SPDX-License-Identifier: BSD-3-Clause
 * What the parts of a plan share. Level i is what stage i gets: level 0 the source, level `count` the output.
 */
#ifndef BP_PIPELINE_PLAN_H
#define BP_PIPELINE_PLAN_H

#include <stdatomic.h>

#include "base/pool.h"
#include "pipeline/pipeline.h"

/* Frames of one level as they are while a plan is open. */
typedef struct bp_plan_level {
    uint64_t frames;
    uint8_t *keys; /* owned; NULL: all 0 */
    size_t pixels; /* of a frame */
    size_t bytes;  /* of its values */
    /* of a stage that drops, about what it gets: frames of level i that level i + 1 is made of */
    uint64_t *kept;
    uint8_t *keep;
    double *scores;
    /* of a level that a whole-stack stage reads: all its frames, in memory or in a file */
    uint8_t *values, *labels;
    int fd;
    bool stored;
    bp_frames_in reader;
} bp_plan_level;

/* What a level's reader knows. */
typedef struct bp_level_reader {
    bp_plan *plan;
    size_t level;
} bp_level_reader;

struct bp_plan {
    const bp_pipeline *pipeline;
    const bp_beside *beside;
    bp_stage_run runs[BP_PIPELINE_STAGES];
    size_t count;
    bool begun[BP_PIPELINE_STAGES];
    bp_flow in;
    uint8_t *masks[BP_PIPELINE_STAGES]; /* owned: masks of levels whose shape a stage changed */
    bp_plan_level levels[BP_PIPELINE_STAGES + 1];
    bp_level_reader readers[BP_PIPELINE_STAGES + 1];
    bp_pipeline_source source;
    const char *scratch;
    unsigned threads;
    bool looking, spent; /* frames are only looked at, and enough have been read */
    uint64_t budget;     /* bytes of the source that may still be read */
    atomic_uint faulty;  /* 1 + number of the stage that failed on a frame; 0: none */
    bp_pool *pool;
    uint8_t **rooms; /* two frames with labels for each thread of the pool */
    size_t room_bytes;
};

const bp_flow *bp_plan_flow(const bp_plan *plan, size_t level);

/* Frames number indices[0 ... count - 1] of a level, ascending. */
BP_MUST_CHECK bp_status bp_level_read(bp_context *ctx, bp_plan *plan, size_t level, const uint64_t *indices,
                                      size_t count, void *values, uint8_t *labels);
/* Puts all frames of a level where whole-stack stages read them. */
BP_MUST_CHECK bp_status bp_level_store(bp_context *ctx, bp_plan *plan, size_t level);
void bp_level_fini(bp_plan_level *level);
/* Labels of count frames of the source. */
void bp_labels_find(const bp_flow *flow, const void *values, size_t count, uint8_t *labels);

/* Runs work(job number) for all of 0 ... count - 1. */
typedef bp_status (*bp_each_work)(bp_context *ctx, unsigned thread, void *user, size_t index);
BP_MUST_CHECK bp_status bp_plan_each(bp_context *ctx, bp_plan *plan, size_t count, size_t bytes_each,
                                     bp_each_work work, void *user);

#endif
