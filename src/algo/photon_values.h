/* SPDX-License-Identifier: BSD-3-Clause
 * From values to work values and back: labels taken out, offset and step of the grid removed. */
#ifndef BP_ALGO_PHOTON_VALUES_H
#define BP_ALGO_PHOTON_VALUES_H

#include "algo/frames.h"
#include "algo/photon_bytes.h"

#define BP_PHOTON_MOST_LABELS 4
#define BP_PHOTON_WORK_LIMIT  (1u << 26) /* sixteen work values add up in 31 bits */

/* Values are seen as keys: 32 bits in their order, for signed types with the sign bit flipped. */
typedef struct bp_photon_grid {
    uint32_t offset, step, most; /* keys; largest work value */
    size_t label_count;
    uint32_t labels[BP_PHOTON_MOST_LABELS]; /* keys */
    bool empty;                             /* nothing but labels */
} bp_photon_grid;

void bp_photon_keys(const bp_frames *frame, const uint8_t *values, size_t count, uint32_t *keys);
/* Finds the grid of a frame; row is scratch of one row. */
void bp_photon_grid_find(const bp_frames *frame, const uint8_t *values, uint32_t *row, bp_photon_grid *grid);
/* Which label each of count keys is, from 1 on; 0: none. */
void bp_photon_grid_classify(const bp_photon_grid *grid, const uint32_t *keys, size_t count, uint8_t *labels);

/* The map of labels: runs of what stands in the row above, and runs of something else. */
void bp_photon_labels_write(bp_photon_writer *w, const uint8_t *labels, size_t height, size_t width);
void bp_photon_labels_read(bp_photon_reader *r, size_t kinds, uint8_t *labels, size_t height, size_t width);

static inline bool bp_photon_is_signed(bp_dtype dtype)
{
    return dtype == BP_I8 || dtype == BP_I16 || dtype == BP_I32;
}

#endif
