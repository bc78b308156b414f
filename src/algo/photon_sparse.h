/* SPDX-License-Identifier: BSD-3-Clause
 * Frames in which nearly all pixels have the smallest value: the others, by the gaps between them. */
#ifndef BP_ALGO_PHOTON_SPARSE_H
#define BP_ALGO_PHOTON_SPARSE_H

#include "algo/photon_lattice.h"
#include "algo/photon_tables.h"

#define BP_PHOTON_SPARSE_SHARE 16 /* of so many pixels at most one is an event */

/* The events of a frame, in the order of memory. */
typedef struct bp_photon_sparse {
    size_t count, skips;  /* skips: symbols for long gaps, without an event */
    uint32_t *gap, *work; /* pixels between; work value */
    unsigned most_bits;   /* of work values */
    bp_photon_tables *tables;
    bp_photon_weights weights;
    void *room; /* of all that is pointed to */
} bp_photon_sparse;

/* Finds the events. *pays: few enough, and cheap? Then sparse is to be given back. */
BP_MUST_CHECK bp_status bp_photon_sparse_find(bp_context *ctx, const bp_frames *frame, const uint8_t *values,
                                              const bp_photon_lattice *lattice, bp_photon_sparse *sparse,
                                              bool *pays);
void bp_photon_sparse_give(bp_context *ctx, bp_photon_sparse *sparse);
BP_MUST_CHECK bp_status bp_photon_sparse_write(bp_context *ctx, const bp_photon_sparse *sparse,
                                               bp_photon_writer *w);

/* Reads the events of a frame of pixels values into values that have form->base everywhere, where map (of
 * labels, NULL: none) is 0. Sets r->bad for damage. */
BP_MUST_CHECK bp_status bp_photon_sparse_read(bp_context *ctx, bp_photon_reader *r,
                                              const bp_photon_form *form, const uint8_t *map, size_t pixels,
                                              uint8_t *values);

/* Gaps have two symbols an octave; the last one says that so many pixels pass without an event. */
#define BP_PHOTON_SPARSE_LONG 98302u

/* Contexts go by codes: that of the gap symbol before, or 32 and the symbol of the gap before a value. */
#define BP_PHOTON_SPARSE_VALUE 32

/* Of the smallest gap of a symbol: its size, and how many bits follow. */
static inline uint32_t bp_photon_sparse_gap(uint32_t symbol, unsigned *bits)
{
    *bits = symbol / 2;
    return ((2 + symbol % 2) << *bits) - 2;
}

#endif
