/* SPDX-License-Identifier: BSD-3-Clause
 * From values to work values: which are labels, offset and step of the grid of the others. */
#ifndef BP_ALGO_PHOTON_LATTICE_H
#define BP_ALGO_PHOTON_LATTICE_H

#include "algo/photon_values.h"
#include "kernel/photon.h"

typedef struct bp_photon_lattice {
    bp_photon_form form; /* but for the low bits */
    uint32_t most;       /* the largest work value */
    size_t label_count;
    uint32_t labels[BP_PHOTON_MOST_LABELS]; /* as values; the last one fills the rest */
    bool empty;                             /* nothing but labels */
} bp_photon_lattice;

/* Finds the lattice of a frame. */
BP_MUST_CHECK bp_status bp_photon_lattice_find(bp_context *ctx, const bp_frames *frame, const uint8_t *values,
                                               bp_photon_lattice *lattice);
uint32_t bp_photon_value_at(const uint8_t *values, size_t itemsize, size_t i);
bool bp_photon_is_label(const bp_photon_lattice *lattice, uint32_t value);

#endif
