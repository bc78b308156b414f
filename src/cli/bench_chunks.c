/* SPDX-License-Identifier: BSD-3-Clause
 * A sample cut into chunks, as HDF5 would store it. */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "cli/bench.h"

void bp_bench_chunks_fini(bp_bench_chunks *chunks)
{
    free(chunks->chunk.data);
    memset(chunks, 0, sizeof *chunks);
}

/* Chunk shape for an array: leading axes that the caller's shape does not name are 1; one number alone is a
 * number of frames. */
static bp_status chunk_shape(bp_context *ctx, const bp_array *sample, bp_chunking chunking, size_t rank,
                             const size_t *asked, size_t *shape)
{
    size_t n = sample->rank;
    for (size_t i = 0; i < n; i++)
        shape[i] = 1;
    if (chunking == BP_CHUNKING_EXACT && rank == 1 && n > 2) {
        shape[n - 3] = asked[0] < sample->shape[n - 3] ? asked[0] : sample->shape[n - 3];
        shape[n - 2] = sample->shape[n - 2];
        shape[n - 1] = sample->shape[n - 1];
    } else if (chunking == BP_CHUNKING_EXACT) {
        if (rank != n)
            return bp_fail(ctx, BP_E_USAGE, "--chunk has %zu axes, the dataset has %zu", rank, n);
        for (size_t i = 0; i < n; i++)
            shape[i] = asked[i] < sample->shape[i] ? asked[i] : sample->shape[i];
    } else if (chunking == BP_CHUNKING_SINOGRAM) {
        if (n < 3)
            return bp_fail(ctx, BP_E_USAGE, "--chunk sinogram needs a dataset of at least 3 axes");
        shape[0] = sample->shape[0];
        shape[n - 1] = sample->shape[n - 1];
    } else {
        for (size_t i = n > 2 ? n - 2 : 0; i < n; i++)
            shape[i] = sample->shape[i];
    }
    return BP_OK;
}

/* Position of the next chunk; false behind the last. */
static bool next_position(const bp_array *sample, const size_t *shape, size_t *offset)
{
    for (size_t i = sample->rank; i-- > 0;) {
        offset[i] += shape[i];
        if (offset[i] < sample->shape[i])
            return true;
        offset[i] = 0;
    }
    return false;
}

static bp_status copy_chunk(const bp_array *sample, const bp_array *chunk, const size_t *offset)
{
    bp_array from, to;
    size_t shape[BP_MAX_RANK], zero[BP_MAX_RANK] = {0};
    for (size_t i = 0; i < sample->rank; i++) {
        size_t left = sample->shape[i] - offset[i];
        shape[i] = left < chunk->shape[i] ? left : chunk->shape[i];
    }
    bp_status status = bp_array_part(sample, offset, shape, &from);
    if (status == BP_OK)
        status = bp_array_part(chunk, zero, shape, &to);
    return status == BP_OK ? bp_array_copy(&from, &to) : status;
}

bp_status bp_bench_cut(bp_context *ctx, const bp_array *sample, bp_chunking chunking, size_t rank,
                       const size_t *asked, bp_bench_chunks *chunks)
{
    size_t shape[BP_MAX_RANK], offset[BP_MAX_RANK] = {0}, count = 1, bytes;
    memset(chunks, 0, sizeof *chunks);
    bp_status status = chunk_shape(ctx, sample, chunking, rank, asked, shape);
    if (status != BP_OK)
        return status;
    for (size_t i = 0; i < sample->rank; i++)
        if (bp_mul_overflows(count, (sample->shape[i] - 1) / shape[i] + 1, &count))
            return bp_fail(ctx, BP_E_UNSUPPORTED, "too many chunks");
    status = bp_array_init(&chunks->chunk, sample->dtype, sample->itemsize, sample->rank, shape, NULL);
    if (status != BP_OK || bp_mul_overflows(count, bp_array_bytes(&chunks->chunk), &bytes))
        return bp_fail(ctx, BP_E_UNSUPPORTED, "the chunks do not fit memory");
    chunks->count = count;
    chunks->raw_bytes = bp_array_bytes(sample);
    chunks->chunk.data = calloc(bytes, 1);
    if (!chunks->chunk.data)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for %zu bytes", bytes);
    bp_array chunk = chunks->chunk;
    do {
        status = copy_chunk(sample, &chunk, offset);
        chunk.data = (uint8_t *)chunk.data + bp_array_bytes(&chunk);
    } while (status == BP_OK && next_position(sample, shape, offset));
    if (status != BP_OK)
        bp_bench_chunks_fini(chunks);
    return status;
}
