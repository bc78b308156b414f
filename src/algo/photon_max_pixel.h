/* SPDX-License-Identifier: BSD-3-Clause
 * A pixel as binary decisions. */
#ifndef BP_ALGO_PHOTON_MAX_PIXEL_H
#define BP_ALGO_PHOTON_MAX_PIXEL_H

#include "algo/photon_max_mix.h"
#include "algo/photon_max_model.h"

#define BP_MAX_SCALES      64
#define BP_MAX_CONTEXTS    1024 /* of an input */
#define BP_MAX_UNARY       16   /* sizes with decisions of their own */
#define BP_MAX_CLASSES     16
#define BP_MAX_SIDE_INPUTS 4
#define BP_MAX_SIZE_INPUTS 4

typedef struct bp_max_scale {
    uint64_t mean; /* distance from the prediction, 8 bits of fraction */
    uint32_t count;
} bp_max_scale;

/* Slots: few counts, which side of the guess, how far from it; and the weights of their mixes. */
typedef struct bp_max_slots {
    uint32_t few[BP_MAX_INPUTS][BP_MAX_CONTEXTS * BP_MAX_UNARY];
    uint32_t side[BP_MAX_SIDE_INPUTS][2 * BP_MAX_CONTEXTS];
    uint32_t size[BP_MAX_SIZE_INPUTS][BP_MAX_CONTEXTS * BP_MAX_UNARY];
    uint32_t escape[4][48];
    uint32_t slope[4][BP_MAX_UNARY];
    uint32_t weight[12];
    uint32_t flag[3];
    uint32_t repeat[2][64];   /* a pixel is as the one above, to the left */
    uint32_t same[2][64][16]; /* likewise, by value, where that is coded */
    uint32_t label[625][4];
} bp_max_slots;

typedef struct bp_max_state {
    bp_max_tables tables;
    bp_max_slots slots;
    int32_t few_mix[BP_MAX_CLASSES * BP_MAX_UNARY][BP_MAX_INPUTS];
    int32_t side_mix[BP_MAX_CLASSES][BP_MAX_INPUTS];
    int32_t size_mix[BP_MAX_CLASSES * BP_MAX_UNARY][BP_MAX_INPUTS];
    bp_max_scale scales[BP_MAX_SCALES * BP_MAX_SCALES];
    int16_t inverse[64]; /* 65536 / (64 + i) */
    bp_max_coder coder;
    bp_max_plane plane;
    bp_max_weights weights;
    bool second;   /* method 2: sets of weights, pixels under labels keep their statistics */
    uint32_t most; /* largest work value */
} bp_max_state;

/* One decision of a slot of its own. */
static inline __attribute__((always_inline)) unsigned bp_max_slot_bit(bp_max_state *s, bool decoding,
                                                                      uint32_t *slot, unsigned bit)
{
    uint32_t p = *slot >> 16;
    p = p < 16 ? 16 : p > 65535 - 16 ? 65535 - 16 : p;
    bit = bp_max_code(&s->coder, decoding, p, bit);
    bp_max_slot_update(&s->tables, slot, bit, 255);
    return bit;
}

void bp_max_state_start(bp_max_state *s);
/* Whether the frame has weights of its own (else s->weights stay), and these. */
void bp_max_code_weights(bp_max_state *s, bool decoding, bool own);
/* One row of the map of labels; before: the row of the frame before, or NULL. */
void bp_max_code_labels(bp_max_state *s, bool decoding, unsigned kinds, uint8_t *row, const uint8_t *above,
                        const uint8_t *before);
/* One row of work values: read when encoding, written when decoding (pixels under labels: in both). */
void bp_max_code_row(bp_max_state *s, bool decoding, size_t row, uint32_t *values, const uint8_t *labels);

#endif
