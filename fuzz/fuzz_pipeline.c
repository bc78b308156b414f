/* SPDX-License-Identifier: BSD-3-Clause
 * Pipeline texts: no text crashes the parser; what it takes prints as a text that it takes again, the same; a
 * word that it blames lies in the text. What parses is checked, and run when that is quick. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/pipeline.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ROWS    12
#define COLUMNS 16
#define FRAMES  6
#define LONGEST 4096

static void must(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "%s\n", what);
    abort();
}

static void check_blame(const char *text, const bp_blame *blame)
{
    char out[512];
    must(blame->at <= strlen(text) && blame->length <= strlen(text) - blame->at + 1,
         "blame outside the text");
    bp_blame_print(text, blame, out, sizeof out);
}

static void try_run(bp_context *ctx, const bp_pipeline *pipeline, const char *text)
{
    static uint16_t values[FRAMES * ROWS * COLUMNS];
    static uint8_t keys[FRAMES] = {2, 1, 0, 0, 0, 3};
    bp_memory_stack in = {.values = values, .keys = keys}, out;
    bp_plan *plan;
    bp_blame blame = {0, 0};
    for (size_t i = 0; i < FRAMES * ROWS * COLUMNS; i++)
        values[i] = (uint16_t)(i % 97 == 5 ? 65535 : i * 2654435761u >> 9 & 127);
    bp_flow_init(&in.flow, BP_U16, FRAMES, ROWS, COLUMNS);
    in.flow.keyed = true;
    bp_status status = bp_plan_new(ctx, pipeline, 0, pipeline->count, &in.flow, NULL, 1, &plan, &blame);
    check_blame(text, &blame);
    must((status == BP_OK) == (plan != NULL), "a plan with a failure");
    bp_plan_free(plan);
    if (status != BP_OK || pipeline->count > 4 || strstr(text, "denoise"))
        return;
    status = bp_pipeline_run_memory(ctx, pipeline, 0, pipeline->count, &in, NULL, 1, &out);
    must(status != BP_OK || out.flow.frames > 0, "no frame and no failure");
    bp_memory_stack_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > LONGEST)
        return 0;
    char *text = calloc(1, size + 1), *once = calloc(1, 4 * LONGEST + 4096),
         *twice = calloc(1, 4 * LONGEST + 4096);
    bp_context *ctx = bp_context_new();
    bp_pipeline *pipeline, *again;
    bp_blame blame;
    must(text && once && twice && ctx, "no memory");
    memcpy(text, data, size);
    if (bp_pipeline_parse(ctx, text, &pipeline, &blame) != BP_OK) {
        must(!pipeline, "a pipeline with a failure");
        check_blame(text, &blame);
    } else {
        must(bp_pipeline_print(pipeline, once, 4 * LONGEST + 4096) < 4 * LONGEST + 4096, "a long text");
        must(bp_pipeline_parse(ctx, once, &again, NULL) == BP_OK, "what was printed does not parse");
        bp_pipeline_print(again, twice, 4 * LONGEST + 4096);
        must(strcmp(once, twice) == 0, "printed twice, differently");
        try_run(ctx, pipeline, text);
        bp_pipeline_free(again);
    }
    bp_pipeline_free(pipeline);
    bp_context_free(ctx);
    free(text);
    free(once);
    free(twice);
    return 0;
}
