/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "io/chunk_shape.h"

#define LEAST_FRAME  ((uint64_t)16 << 10) /* smaller frames are not worth a chunk each */
#define LEAST_PIECE  ((uint64_t)64 << 10) /* smaller pieces of a frame are put together again */
#define GATHER_BYTES ((uint64_t)1 << 20)  /* small frames are put together up to this size */
#define MOST_BYTES   ((uint64_t)64 << 20) /* larger chunks are cut: memory, and HDF5 ends at 4 GiB */
#define CUT_BYTES    ((uint64_t)16 << 20) /* into parts of this size */

static uint64_t bytes_of(size_t itemsize, size_t rank, const size_t *chunk)
{
    uint64_t bytes = itemsize;
    for (size_t i = 0; i < rank; i++)
        if (__builtin_mul_overflow(bytes, chunk[i], &bytes))
            return UINT64_MAX;
    return bytes;
}

/* Cuts the slowest axes until the chunk is small enough. */
static void cut(size_t itemsize, size_t rank, size_t *chunk)
{
    if (bytes_of(itemsize, rank, chunk) <= MOST_BYTES)
        return;
    for (size_t i = 0; i < rank; i++) {
        size_t whole = chunk[i];
        chunk[i] = 1;
        uint64_t rest = bytes_of(itemsize, rank, chunk);
        if (rest > CUT_BYTES)
            continue;
        uint64_t fit = CUT_BYTES / rest;
        chunk[i] = fit < whole ? (size_t)fit : whole;
        return;
    }
}

/* Puts small frames together along the axes before them, the nearest first. */
static void gather(size_t itemsize, size_t rank, const uint64_t *shape, size_t first, size_t *chunk)
{
    for (size_t i = first; i-- > 0;) {
        uint64_t fit = GATHER_BYTES / bytes_of(itemsize, rank, chunk);
        if (fit < 2)
            return;
        chunk[i] = (size_t)(fit < shape[i] ? fit : shape[i]);
        if (chunk[i] < shape[i])
            return;
    }
}

static void frame(size_t itemsize, size_t rank, const uint64_t *shape, bool alone, size_t *chunk)
{
    size_t axes = rank < 2 ? rank : 2;
    for (size_t i = 0; i < rank; i++)
        chunk[i] = i + axes < rank ? 1 : (size_t)shape[i];
    if (rank == 1) {
        chunk[0] = 1;
        gather(itemsize, rank, shape, 1, chunk);
        return;
    }
    cut(itemsize, rank, chunk);
    if (!alone)
        gather(itemsize, rank, shape, rank - axes, chunk);
}

static bool is_small_frame(size_t itemsize, size_t rank, const uint64_t *shape)
{
    uint64_t bytes = itemsize;
    for (size_t i = rank < 2 ? 0 : rank - 2; i < rank; i++)
        if (__builtin_mul_overflow(bytes, shape[i], &bytes))
            return false;
    return bytes < LEAST_FRAME;
}

/* Does a reader of frames, or a codec that predicts in them, do badly with these chunks? */
static bool should_be_frames(size_t itemsize, size_t rank, const uint64_t *shape, const size_t *chunk)
{
    if (rank < 2 || is_small_frame(itemsize, rank, shape))
        return false;
    bool whole_rows = chunk[rank - 1] == shape[rank - 1];
    bool whole = whole_rows && chunk[rank - 2] == shape[rank - 2], several = false;
    for (size_t i = 0; i + 2 < rank; i++)
        several = several || chunk[i] > 1;
    if (whole)
        return several;
    if (several)
        return !(whole_rows && chunk[rank - 2] == 1); /* a sinogram was meant */
    return bytes_of(itemsize, rank, chunk) < LEAST_PIECE;
}

static void choose_default(size_t itemsize, size_t rank, const uint64_t *shape, const size_t *kept,
                           bp_chunk_taste taste, size_t *chunk)
{
    bool alone =
        taste == BP_TASTE_IMAGES || (taste == BP_TASTE_FRAMES && !is_small_frame(itemsize, rank, shape));
    if (kept && !(taste == BP_TASTE_FRAMES && should_be_frames(itemsize, rank, shape, kept)))
        memcpy(chunk, kept, rank * sizeof *chunk);
    else
        frame(itemsize, rank, shape, alone, chunk);
}

bp_chunk_taste bp_chunk_taste_of(const bp_codec *codec)
{
    if (codec->max_rank <= 2)
        return BP_TASTE_IMAGES;
    return strcmp(codec->name, BP_PREFERRED_CODEC) == 0 ? BP_TASTE_FRAMES : BP_TASTE_BYTES;
}

bp_status bp_chunk_shape_choose(bp_context *ctx, const bp_file_options *options, size_t itemsize, size_t rank,
                                const uint64_t *shape, const size_t *kept, bp_chunk_taste taste,
                                size_t *chunk)
{
    switch (options->chunking) {
    case BP_CHUNKING_EXACT:
        if (options->chunk_rank != rank)
            return bp_fail(ctx, BP_E_USAGE, "a chunk of %zu axes for data of %zu", options->chunk_rank, rank);
        for (size_t i = 0; i < rank; i++)
            chunk[i] = options->chunk_shape[i] < shape[i] ? options->chunk_shape[i] : (size_t)shape[i];
        break;
    case BP_CHUNKING_SINOGRAM:
        frame(itemsize, rank, shape, true, chunk);
        if (rank > 2) {
            chunk[0] = (size_t)shape[0];
            chunk[rank - 2] = 1;
            chunk[rank - 1] = (size_t)shape[rank - 1];
        }
        cut(itemsize, rank, chunk);
        break;
    case BP_CHUNKING_FRAME:
        frame(itemsize, rank, shape, true, chunk);
        break;
    default:
        choose_default(itemsize, rank, shape, kept, taste, chunk);
        break;
    }
    for (size_t i = 0; i < rank; i++)
        if (chunk[i] == 0)
            return bp_fail(ctx, BP_E_USAGE, "a chunk axis of length 0");
    return BP_OK;
}
