/* SPDX-License-Identifier: BSD-3-Clause
 * Detectors that switch their gain (JUNGFRAU): two bits of gain above 14 bits of value. The stage that most
 * pixels are in is what the model sees; values of the other stages have a mean and a spread for each pixel
 * and stage. */
#ifndef BP_ALGO_PHOTON_MAX_STAGE_H
#define BP_ALGO_PHOTON_MAX_STAGE_H

#include "algo/photon_max_pixel.h"
#include "algo/photon_values.h"

#define BP_MAX_STAGE_BITS 14
#define BP_MAX_STAGES     3 /* beside the main one */

typedef struct bp_max_pixel_stage {
    uint32_t mean, spread; /* of the value, of its distance from the mean; 8 bits of fraction */
    uint32_t seen;
} bp_max_pixel_stage;

typedef struct bp_max_stages {
    unsigned main;              /* the stage of most pixels */
    bp_max_pixel_stage *pixels; /* BP_MAX_STAGES for each; NULL: the values have no stages */
    bp_max_pixel_stage all[BP_MAX_STAGES];
    uint16_t *values; /* of the present frame, where a pixel is not in the main stage */
    uint32_t slots[BP_MAX_STAGES][24][18];
} bp_max_stages;

bool bp_max_stages_init(bp_max_stages *t, size_t pixels);
void bp_max_stages_fini(bp_max_stages *t);
/* Do the values (of 16 bits, count x height rows) have stages, and which is the main one? A jump of the value
 * tells them from the upper bits of a picture. Then the grid is that of the main stage. */
bool bp_max_stages_find(const bp_frames *frames, const void *values, bp_photon_grid *grid, unsigned *main);
/* Kinds of pixels that had none: behind `labels` kinds of labels the other stages. Values go to t->values. */
void bp_max_stages_classify(bp_max_stages *t, const uint32_t *keys, size_t count, unsigned labels,
                            uint8_t *kinds);
/* The value that t->values and a kind less the labels stand for. */
uint32_t bp_max_stage_key(const bp_max_stages *t, size_t pixel, unsigned kind);
/* The values of one row that are not in the main stage. */
void bp_max_code_stages(bp_max_stages *t, bp_max_state *s, bool decoding, size_t first, size_t width,
                        unsigned labels, const uint8_t *kinds);

#endif
