/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BP_IO_CHUNK_SHAPE_H
#define BP_IO_CHUNK_SHAPE_H

#include "beampress/file.h"

/* What a codec makes good use of. */
typedef enum bp_chunk_taste {
    BP_TASTE_BYTES,  /* any chunk */
    BP_TASTE_IMAGES, /* single images; several in one chunk badly */
    BP_TASTE_FRAMES  /* whole frames, which it predicts in; readers of single frames want one in a chunk */
} bp_chunk_taste;

#define BP_PREFERRED_CODEC "photon" /* the default for frames */

bp_chunk_taste bp_chunk_taste_of(const bp_codec *codec);

/* Chooses the shape of the chunks of a dataset of `rank` >= 1 axes, none of them 0 long. kept: the chunks
 * that it has, NULL when it has none; a taste for frames replaces chunks of several frames, and small pieces
 * of frames, unless a shape was asked for. BP_E_USAGE: an exact shape of another rank. */
BP_MUST_CHECK bp_status bp_chunk_shape_choose(bp_context *ctx, const bp_file_options *options,
                                              size_t itemsize, size_t rank, const uint64_t *shape,
                                              const size_t *kept, bp_chunk_taste taste, size_t *chunk);

#endif
