/* SPDX-License-Identifier: BSD-3-Clause
 * What stands before the blocks of a frame of level fast. */
#ifndef BP_ALGO_PHOTON_FAST_FRAME_H
#define BP_ALGO_PHOTON_FAST_FRAME_H

#include "algo/frames.h"
#include "kernel/photon_fast.h"

#define BP_FAST_PREDICTOR_BITS 3    /* of the first byte */
#define BP_FAST_MOVED          0x04 /* flag there: offset and turn follow */

/* Kernels see value - offset, turned right by `turn` bits: so signed values keep their order, and a step of
 * 2^turn is taken out. Nothing is lost whatever the values are. */
typedef struct bp_fast_move {
    uint32_t offset;
    unsigned turn;
} bp_fast_move;

/* Pixels between a pixel and the one above: whole rows, enough of them for a block. */
size_t bp_photon_fast_lag(size_t height, size_t width);
/* What a sample says of offset, base and top. */
void bp_photon_fast_look(const bp_frames *frame, const void *values, bp_photon_fast *f, bp_fast_move *move);
void bp_photon_fast_move(const bp_fast_move *move, size_t itemsize, size_t count, const void *from, void *to);
void bp_photon_fast_move_back(const bp_fast_move *move, size_t itemsize, size_t count, void *values);

/* Where the i-th of so many samples of n things is: in each equal part at another place, so that they do not
 * all fall into the same columns. */
static inline size_t bp_fast_place(size_t n, size_t samples, size_t i)
{
    size_t part = n / samples;
    return part * i + (size_t)((i + 1) * UINT64_C(0x9e3779b97f4a7c15) >> 40) % part;
}

static inline uint32_t bp_fast_ones(size_t itemsize)
{
    return UINT32_MAX >> (32 - 8 * itemsize);
}

#endif
