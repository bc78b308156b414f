/* SPDX-License-Identifier: BSD-3-Clause
 * Level fast of photon: blocks of 64 pixels as bit planes, rare large values apart (docs/photon-fast.md). */
#ifndef BP_KERNEL_PHOTON_FAST_H
#define BP_KERNEL_PHOTON_FAST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BP_FAST_BLOCK       64 /* pixels */
#define BP_FAST_BLOCKS      8  /* in a group */
#define BP_FAST_GROUP       (BP_FAST_BLOCK * BP_FAST_BLOCKS)
#define BP_FAST_GROUP_BYTES (1 + BP_FAST_BLOCKS * 524) /* at most */
#define BP_FAST_REACH       2                          /* columns that a prediction looks to either side */
#define BP_FAST_MIN_LAG     (BP_FAST_BLOCK + BP_FAST_REACH) /* all that predicts a block is coded before it */

typedef enum bp_fast_predictor {
    BP_FAST_ABOVE,  /* the pixel above */
    BP_FAST_MEAN_3, /* of the three above */
    BP_FAST_MEAN_5, /* of the five above */
    BP_FAST_LEVEL,  /* the same for all pixels */
    BP_FAST_PREDICTORS
} bp_fast_predictor;

/* Values are unsigned as far as kernels know. */
typedef struct bp_photon_fast {
    size_t itemsize; /* 1, 2 or 4 */
    size_t count;    /* pixels of the frame */
    size_t lag;      /* pixel i - lag is the one above pixel i; at least BP_FAST_MIN_LAG */
    uint32_t base;   /* stands above the first row, and is what a pixel is without light */
    uint32_t level;  /* of noise without a picture */
    uint32_t top;    /* larger values are marks: they go on downwards, and means leave them out */
    bp_fast_predictor predictor;
} bp_photon_fast;

#endif
