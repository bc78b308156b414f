/* SPDX-License-Identifier: BSD-3-Clause
 * What each frame format provides: one static const descriptor in a file of its own, listed in frames.c. */
#ifndef BP_IO_FRAME_FORMAT_H
#define BP_IO_FRAME_FORMAT_H

#include "io/frames.h"

/* Bytes of a file's start that are shown to `is`. */
#define BP_FRAME_SNIFF 4096

typedef struct bp_frame_format {
    const char *name;
    /* Does a file that starts so have this format? NULL: only when asked for. */
    bool (*is)(const uint8_t *start, size_t size);
    /* Files of a series are joined along the first axis; otherwise they get a new axis in front. */
    bool stacks;
    /* Opens a file and fills facts (all but format) for it alone. Checks every header in it, reads no values.
     * On failure nothing stays open. Messages need not name the file. */
    bp_status (*open)(bp_context *ctx, const char *path, const bp_frames_raw *raw, bp_frames_facts *facts,
                      void **state);
    bp_status (*read)(bp_context *ctx, void *state, uint64_t frame, void *values);
    /* Bytes `skip` to `skip + size` of a frame; NULL when only whole frames can be read. */
    bp_status (*read_part)(bp_context *ctx, void *state, uint64_t frame, size_t skip, size_t size,
                           void *values);
    /* NULL when the format has no text. *text starts as NULL. */
    bp_status (*header)(bp_context *ctx, void *state, uint64_t frame, char **text);
    void (*close)(void *state);
} bp_frame_format;

extern const bp_frame_format bp_frame_format_tiff;
extern const bp_frame_format bp_frame_format_cbf;
extern const bp_frame_format bp_frame_format_edf;
extern const bp_frame_format bp_frame_format_npy;
extern const bp_frame_format bp_frame_format_csv;
extern const bp_frame_format bp_frame_format_raw;

/* Fills rank, shape, frame_rank, frame_bytes and count from a shape. BP_E_DAMAGED when a frame or the whole
 * does not fit into memory's or the file's sizes. */
BP_MUST_CHECK bp_status bp_frames_set_shape(bp_context *ctx, bp_frames_facts *facts, size_t rank,
                                            const size_t *shape, size_t frame_rank);

#endif
