/* SPDX-License-Identifier: BSD-3-Clause */
#include "algo/stage_sample.h"

#include <stdlib.h>

#define SOME_BYTES ((size_t)4 << 20)   /* at a time, or a frame for each thread */
#define MOST_BYTES ((size_t)256 << 20) /* but no more than that */

static size_t batch_of(const bp_stage_run *run, size_t bytes, size_t count)
{
    size_t batch = SOME_BYTES / bytes, most = MOST_BYTES / bytes;
    if (batch < run->threads)
        batch = run->threads;
    if (batch > most)
        batch = most;
    if (batch > count)
        batch = count;
    return batch ? batch : 1;
}

bp_status bp_stage_see_frames(bp_context *ctx, const bp_stage_run *run, const bp_frames_in *in,
                              const uint64_t *frames, size_t count, bp_stage_see see, void *user)
{
    size_t pixels = run->in.rows * run->in.columns, bytes = pixels * bp_dtype_size(run->in.dtype);
    size_t batch = batch_of(run, bytes + pixels, count);
    uint8_t *values = malloc(batch * bytes), *labels = malloc(batch * pixels);
    bp_status status =
        values && labels ? BP_OK : bp_fail(ctx, BP_E_MEMORY, "no memory for %zu sample frames", batch);
    for (size_t at = 0; at < count && status == BP_OK; at += batch) {
        size_t n = count - at < batch ? count - at : batch;
        status = in->several(ctx, in, frames + at, n, values, labels);
        for (size_t i = 0; i < n && status == BP_OK; i++)
            status = see(ctx, user, frames[at + i], values + i * bytes, labels + i * pixels);
    }
    free(values);
    free(labels);
    return status;
}
