/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "io/frames.h"
#include "io/frames_sample.h"
#include "io/sample_plan.h"

/* Frames are the smallest unit here: a plan that cuts into them, or into one of several leading axes, is made
 * with the leading axes folded. */
static bp_status read_frames(bp_context *ctx, bp_frames *frames, size_t max_bytes, bp_sample *sample)
{
    const bp_frames_facts *facts = bp_frames_get_facts(frames);
    uint64_t shape[BP_MAX_RANK] = {facts->count};
    size_t rank = facts->frame_rank + 1;
    bp_sample_plan plan;
    if (rank > BP_MAX_RANK)
        return bp_fail(ctx, BP_E_UNSUPPORTED, "it has too many axes");
    for (size_t i = 1; i < rank; i++)
        shape[i] = facts->shape[facts->rank - rank + i];
    bp_sample_plan_make(&plan, bp_dtype_size(facts->dtype), rank, shape,
                        max_bytes > facts->frame_bytes ? max_bytes : facts->frame_bytes);
    bp_status status = bp_sample_allocate(ctx, &plan, facts->dtype, shape, sample);
    size_t bytes = facts->frame_bytes;
    for (size_t i = 0; status == BP_OK && bytes > 0 && plan.cut == 0 && i < plan.part[0]; i++)
        status = bp_frames_read(ctx, frames, plan.starts[i / plan.run_length] + i % plan.run_length,
                                (uint8_t *)sample->array.data + i * bytes);
    return status;
}

bp_status bp_frames_sample_read(bp_context *ctx, const char *file, size_t max_bytes, bp_sample *sample)
{
    bp_frames *frames;
    bp_status status = bp_frames_open(ctx, &file, 1, NULL, &frames);
    if (status != BP_OK)
        return status;
    status = read_frames(ctx, frames, max_bytes, sample);
    bp_frames_close(frames);
    return status;
}
