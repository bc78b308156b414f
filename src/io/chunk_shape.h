/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BP_IO_CHUNK_SHAPE_H
#define BP_IO_CHUNK_SHAPE_H

#include "beampress/file.h"

/* Chooses the shape of the chunks of a dataset of `rank` >= 1 axes, none of them 0 long. kept: the chunks
 * that it has, NULL when it has none. images: the codec takes single images well, several in one chunk badly.
 * BP_E_USAGE: an exact shape of another rank. */
BP_MUST_CHECK bp_status bp_chunk_shape_choose(bp_context *ctx, const bp_file_options *options,
                                              size_t itemsize, size_t rank, const uint64_t *shape,
                                              const size_t *kept, bool images, size_t *chunk);

#endif
