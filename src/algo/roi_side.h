/* SPDX-License-Identifier: BSD-3-Clause
 * What stands beside the codes of the binned frames. */
#ifndef BP_ALGO_ROI_SIDE_H
#define BP_ALGO_ROI_SIDE_H

#include "beampress/array.h"
#include "beampress/context.h"

#define BP_ROI_HEAD 20

typedef struct bp_roi_side {
    bool whole;                    /* exact values are whole numbers */
    size_t list, quantised, plain; /* bytes of the lists, of the quantiser's side, of plain bits */
    const uint8_t *at;             /* behind the head: lists, quantiser's, plain bits, coded bits */
    size_t coded;
} bp_roi_side;

void bp_roi_side_write(const bp_roi_side *side, uint8_t *out);
BP_MUST_CHECK bp_status bp_roi_side_read(bp_context *ctx, const uint8_t *in, size_t size, bp_roi_side *side);

/* Frames of an array: its last two axes. */
typedef struct bp_roi_frames {
    size_t frames, rows, columns, bin, bin_rows, bin_columns;
} bp_roi_frames;
/* False for less than two axes. */
bool bp_roi_frames_of(const bp_array *values, size_t bin, bp_roi_frames *frames);
/* The shape of the binned frames, of type dtype. */
BP_MUST_CHECK bp_status bp_roi_bins_of(const bp_array *values, size_t bin, bp_dtype dtype, void *data,
                                       bp_array *bins);

/* Numbers of 7 bits a byte, the lowest first. */
size_t bp_roi_put_number(uint64_t value, uint8_t *out); /* at most 10 bytes */
/* False at the end of the bytes. */
bool bp_roi_get_number(const uint8_t **in, const uint8_t *end, uint64_t *value);

/* The exact pixels of a frame from its lists; *in moves on. False when they are damaged. */
bool bp_roi_read_list(const uint8_t **in, const uint8_t *end, size_t rows, size_t columns, size_t half,
                      uint8_t *exact);

#endif
