/* SPDX-License-Identifier: BSD-3-Clause
 * Boxes of a series of frames, for whoever walks it chunk by chunk. Frames are kept, whole or as bands of
 * rows, so that a walk in row-major order decodes each as seldom as memory allows. */
#ifndef BP_IO_FRAMES_BOX_H
#define BP_IO_FRAMES_BOX_H

#include "io/frames.h"

typedef struct bp_frames_box bp_frames_box;

/* frames (rank >= 1, nothing empty) must outlive the box. memory: bytes that may be kept. */
BP_MUST_CHECK bp_status bp_frames_box_new(bp_context *ctx, bp_frames *frames, size_t memory,
                                          bp_frames_box **box);
void bp_frames_box_free(bp_frames_box *box);

/* Fills values, C-contiguous and of the given shape, with the box that begins at offset. What sticks out of
 * the series is 0. */
BP_MUST_CHECK bp_status bp_frames_box_read(bp_context *ctx, bp_frames_box *box, const uint64_t *offset,
                                           const size_t *shape, void *values);

#endif
