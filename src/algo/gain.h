/* SPDX-License-Identifier: BSD-3-Clause
 * Pedestal and gain of each pixel, in single precision: (value - pedestal) / gain. */
#ifndef BP_ALGO_GAIN_H
#define BP_ALGO_GAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BP_GAIN_STAGES 3

/* Of each gain stage; count values each. With plain detectors only the first is used. */
typedef struct bp_gain_maps {
    const float *pedestal[BP_GAIN_STAGES], *gain[BP_GAIN_STAGES];
} bp_gain_maps;

void bp_gain_u16(const bp_gain_maps *maps, const uint16_t *in, size_t count, float *out);
/* out may be in */
void bp_gain_float(const bp_gain_maps *maps, const float *in, size_t count, float *out);

/* Pixels that switch their gain (JUNGFRAU: A. Mozzanica et al., J. Instrum. 9 (2014) C05010): the two highest
 * bits say the stage (00 high, 01 medium, 11 low), the other 14 are the value. bad[i] is 1 and out[i] 0 where
 * the bits are 10, which no stage has, or in[i] is what an overflow of the lowest gain reads as (0xc000 and
 * 0xffff). Returns whether any is bad. */
bool bp_gain_switched(const bp_gain_maps *maps, const uint16_t *in, size_t count, float *out, uint8_t *bad);

#endif
