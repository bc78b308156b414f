/* SPDX-License-Identifier: BSD-3-Clause
 * From values to work values: which are labels, offset and step of the grid of the others. */
#ifndef BP_ALGO_PHOTON_VALUES_H
#define BP_ALGO_PHOTON_VALUES_H

#include "algo/frames.h"
#include "algo/photon_bytes.h"
#include "kernel/photon.h"

#define BP_PHOTON_MOST_LABELS 4

typedef struct bp_photon_grid {
    bp_photon_form form; /* but for the low bits */
    uint32_t most;       /* the largest work value */
    size_t label_count;
    uint32_t labels[BP_PHOTON_MOST_LABELS]; /* as values; the last one fills the rest */
    bool empty;                             /* nothing but labels */
} bp_photon_grid;

/* Finds the grid of a frame. */
void bp_photon_grid_find(const bp_frames *frame, const uint8_t *values, bp_photon_grid *grid);
uint32_t bp_photon_value_at(const uint8_t *values, size_t itemsize, size_t i);
bool bp_photon_is_label(const bp_photon_grid *grid, uint32_t value);

/* The map of labels: runs of what stands in the row above, and runs of something else. */
void bp_photon_labels_write(bp_photon_writer *w, const uint8_t *labels, size_t height, size_t width);
void bp_photon_labels_read(bp_photon_reader *r, size_t kinds, uint8_t *labels, size_t height, size_t width);

static inline bool bp_photon_is_signed(bp_dtype dtype)
{
    return dtype == BP_I8 || dtype == BP_I16 || dtype == BP_I32;
}

#endif
