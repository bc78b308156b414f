/* SPDX-License-Identifier: BSD-3-Clause
 * Binary decisions: adaptive probabilities of several contexts, mixed in the logistic domain (M. Mahoney,
 * "Adaptive weighing of context models for lossless data compression", 2005), then corrected by a table of
 * what the mix was worth so far. Integers only. */
#ifndef BP_ALGO_PHOTON_MAX_MIX_H
#define BP_ALGO_PHOTON_MAX_MIX_H

#include "algo/photon_max_coder.h"

#define BP_MAX_LEARN     16
#define BP_MAX_LEARN_FEW 17
#define BP_MAX_INPUTS    6    /* contexts of a decision */
#define BP_MAX_LOGIT     3071 /* of a probability, in 1/256 nat: 12 nats */
#define BP_MAX_COUNT     1023
#define BP_MAX_EXACT     600        /* counts above go up once in 32 sights, by chance of the low bits */
#define BP_MAX_HALF      (1u << 31) /* a slot that has seen nothing */

/* A slot is a probability of a 1 in 22 bits, and below it how often it was seen in 10. */
typedef struct bp_max_tables {
    int16_t stretch[3][4096]; /* below 1/64, middle, above 63/64 */
    uint16_t squash[2 * BP_MAX_LOGIT + 2];
    uint16_t rate[BP_MAX_COUNT + 1]; /* of the n-th sight, in 1/65536 */
} bp_max_tables;

void bp_max_tables_start(bp_max_tables *t);

static inline int32_t bp_max_stretch(const bp_max_tables *t, uint32_t p22)
{
    unsigned part = p22 < 65536 ? 0 : p22 >= (1u << 22) - 65536 ? 2 : 1;
    unsigned at = part == 1 ? p22 >> 10 : (p22 & 65535) >> 4;
    return t->stretch[part][at];
}

static inline void bp_max_slot_update(const bp_max_tables *t, uint32_t *slot, unsigned bit, unsigned limit)
{
    uint32_t s = *slot, n = s & 1023;
    int32_t p = (int32_t)(s >> 10), goal = bit ? (1 << 22) - 1 : 0;
    p += (int32_t)(((int64_t)(goal - p) * t->rate[n]) >> 16);
    n += n < limit && (n < BP_MAX_EXACT || (s >> 10 & 31) == 7);
    *slot = (uint32_t)p << 10 | n;
}

/* Codes one decision from the slots of its contexts and the weights w of its mix. fine: probabilities near 0
 * and 1 matter. Sums of int32_t may wrap: absurd weights cost bits, no more. */
static inline __attribute__((always_inline)) unsigned bp_max_mixed(const bp_max_tables *t, bp_max_coder *c,
                                                                   bool decoding, bool fine, unsigned inputs,
                                                                   uint32_t *const *slots, size_t node,
                                                                   int32_t *w, unsigned bit)
{
    const unsigned learn = fine ? BP_MAX_LEARN_FEW : BP_MAX_LEARN;
    int32_t st[BP_MAX_INPUTS];
    uint32_t sum = 0;
    for (unsigned i = 0; i < inputs; i++) {
        uint32_t s = slots[i][node];
        st[i] = fine ? bp_max_stretch(t, s >> 10) : t->stretch[1][s >> 20];
        sum += (uint32_t)st[i] * (uint32_t)w[i];
    }
    int32_t x = (int32_t)sum >> 14;
    x = x > BP_MAX_LOGIT ? BP_MAX_LOGIT : x < -BP_MAX_LOGIT ? -BP_MAX_LOGIT : x;
    uint32_t p = t->squash[x + BP_MAX_LOGIT];
    bit = bp_max_code(c, decoding, p, bit);
    int32_t error = ((int32_t)(bit << 16) - (int32_t)p) >> 2;
    for (unsigned i = 0; i < inputs; i++) {
        w[i] = (int32_t)((uint32_t)w[i] + (uint32_t)((st[i] * error + (1 << (learn - 1))) >> learn));
        uint32_t *slot = &slots[i][node];
        if (!fine && !(*slot & 1023)) /* seen for the first time: what the others think is a start */
            *slot = p << 16 | 3;
        bp_max_slot_update(t, slot, bit, fine ? 700 : 255);
    }
    return bit;
}

#endif
