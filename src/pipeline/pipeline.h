/* SPDX-License-Identifier: BSD-3-Clause
 * Pipelines: `stage key=value ... | stage | codec key=value`. Text becomes a pipeline (parse), a pipeline on
 * frames of known shape becomes a plan (check), a plan on frames themselves gives frames (open, read). */
#ifndef BP_PIPELINE_PIPELINE_H
#define BP_PIPELINE_PIPELINE_H

#include "beampress/codec.h"
#include "beampress/operation.h"
#include "beampress/stage.h"

#define BP_PIPELINE_STAGES 16

/* The word of the text that a failure is about; length 0: none. */
typedef struct bp_blame {
    size_t at, length;
} bp_blame;

typedef struct bp_stage_spec {
    const bp_stage *stage;
    bp_value values[BP_MAX_PARAMS];
    size_t at, length;
} bp_stage_spec;

typedef struct bp_pipeline {
    char *text;  /* as given */
    char *words; /* texts of parameters */
    bp_stage_spec stages[BP_PIPELINE_STAGES];
    size_t count;
    bp_codec_spec codec; /* codec.codec NULL: the text names none */
    bp_blame codec_at;
} bp_pipeline;

/* Reads a pipeline. Line ends are blanks,
 * # begins a comment. *pipeline is NULL on failure, and blame (may be NULL) the word at fault. */
BP_MUST_CHECK bp_status bp_pipeline_parse(bp_context *ctx, const char *text, bp_pipeline **pipeline,
                                          bp_blame *blame);
void bp_pipeline_free(bp_pipeline *pipeline);
/* Canonical text: every parameter that was given, in the order of the rows. Returns its
 * whole length. */
size_t bp_pipeline_print(const bp_pipeline *pipeline, char *text, size_t size);
size_t bp_stage_spec_print(const bp_stage_spec *spec, char *text, size_t size);
/* The line of the text with a caret below the word; returns the whole length. */
size_t bp_blame_print(const char *text, const bp_blame *blame, char *out, size_t size);

/* Frames that nothing is known of but shape and type. */
void bp_flow_init(bp_flow *flow, bp_dtype dtype, uint64_t frames, size_t rows, size_t columns);
/* The values that labels have by default in a type. */
void bp_flow_default_marks(bp_flow *flow);
/* The same, where a stage changed the type and left the marks alone. */
void bp_flow_settle_marks(const bp_flow *in, bp_flow *out);

/* Frames that a plan reads. */
typedef struct bp_pipeline_source {
    /* Typed values of frames first ... first + count - 1; on the thread that calls the plan. */
    bp_status (*read)(bp_context *ctx, void *user, uint64_t first, size_t count, void *values);
    void *user;
    const uint8_t *keys; /* image_key of each frame, or NULL */
    const bp_beside *beside;
    /* Told of every frame that was read, on any thread; NULL: nobody is. */
    void (*seen)(void *user, uint64_t frame, const void *values);
} bp_pipeline_source;

typedef struct bp_plan bp_plan;

/* Lets dtype, shape, noise and bound flow through the stages first ... first + count - 1. pipeline and
 * in->mask outlive the plan. *plan NULL on failure. threads 0: one per core. */
BP_MUST_CHECK bp_status bp_plan_new(bp_context *ctx, const bp_pipeline *pipeline, size_t first, size_t count,
                                    const bp_flow *in, const bp_beside *beside, unsigned threads,
                                    bp_plan **plan, bp_blame *blame);
void bp_plan_free(bp_plan *plan);
size_t bp_plan_count(const bp_plan *plan);
const bp_stage_run *bp_plan_stage(const bp_plan *plan, size_t index);
/* What goes into the codec. */
const bp_flow *bp_plan_out(const bp_plan *plan);

/* Resolves all parameters and decides which frames are kept; may read frames. scratch: folder for what
 * whole-stack stages need, NULL: memory. */
BP_MUST_CHECK bp_status bp_plan_open(bp_context *ctx, bp_plan *plan, const bp_pipeline_source *source,
                                     const char *scratch, bp_blame *blame);
/* For check: opens the plan as far as it goes without reading all frames of a large input, and puts one frame
 * through it. *opened: so many stages have seen frames; all of them only when the output's frames are known,
 * too. */
BP_MUST_CHECK bp_status bp_plan_look(bp_context *ctx, bp_plan *plan, const bp_pipeline_source *source,
                                     size_t *opened, bp_blame *blame);
/* The stage that failed on a frame; blame stays as it is when none did. */
void bp_plan_fault(const bp_plan *plan, bp_blame *blame);
/* Frames of the output, after open. */
uint64_t bp_plan_frames(const bp_plan *plan);
/* For each output frame the input frame that it is made of, or the first of them; UINT64_MAX where frames are
 * something else. */
uint64_t bp_plan_origin(const bp_plan *plan, uint64_t frame);
/* Score of every frame that stage `index` got, NULL when it drops none; kept: a byte for each. */
const double *bp_plan_scores(const bp_plan *plan, size_t index, const uint8_t **kept, uint64_t *count);
/* Output frames first ... first + count - 1. labels: NULL, or a byte per pixel. */
BP_MUST_CHECK bp_status bp_plan_read(bp_context *ctx, bp_plan *plan, uint64_t first, size_t count,
                                     void *values, uint8_t *labels);
/* The last stage's operation, after open. */
BP_MUST_CHECK bp_status bp_plan_operation(bp_context *ctx, const bp_plan *plan, bp_operation_spec *operation);
/* The same of what the last stage gets, for its operation. */
BP_MUST_CHECK bp_status bp_plan_read_before(bp_context *ctx, bp_plan *plan, uint64_t first, size_t count,
                                            void *values, uint8_t *labels);

/* A stack in memory. flow: what is known of it; values: C order. */
typedef struct bp_memory_stack {
    bp_flow flow;
    void *values;
    uint8_t *keys;    /* or NULL */
    uint8_t *mask;    /* rows * columns labels, or NULL */
    uint64_t *origin; /* of out: bp_plan_origin of each frame */
} bp_memory_stack;

/* Runs the stages first ... first + count - 1 over a stack; what they give has the same form, so that a run
 * can be continued from it: pipelines with a common beginning share its result. beside may be NULL. *out is
 * freed with bp_memory_stack_fini in every case; its flow says what was lost. */
BP_MUST_CHECK bp_status bp_pipeline_run_memory(bp_context *ctx, const bp_pipeline *pipeline, size_t first,
                                               size_t count, const bp_memory_stack *in,
                                               const bp_beside *beside, unsigned threads,
                                               bp_memory_stack *out);
void bp_memory_stack_fini(bp_memory_stack *stack);

#endif
