/* SPDX-License-Identifier: BSD-3-Clause */
#include "algo/gain.h"

#define BLOCK 16 /* values that are seen to be in the first stage together */

void bp_gain_u16(const bp_gain_maps *maps, const uint16_t *restrict in, size_t count, float *restrict out)
{
    const float *restrict pedestal = maps->pedestal[0], *restrict gain = maps->gain[0];
    for (size_t i = 0; i < count; i++)
        out[i] = ((float)in[i] - pedestal[i]) / gain[i];
}

void bp_gain_float(const bp_gain_maps *maps, const float *in, size_t count, float *out)
{
    const float *pedestal = maps->pedestal[0], *gain = maps->gain[0];
    for (size_t i = 0; i < count; i++)
        out[i] = (in[i] - pedestal[i]) / gain[i];
}

static bool one(const bp_gain_maps *maps, uint16_t value, size_t i, float *out, uint8_t *bad)
{
    static const int stages[4] = {0, 1, -1, 2};
    int stage = stages[value >> 14];
    *bad = stage < 0 || value == 0xc000 || value == 0xffff;
    *out = *bad ? 0 : ((float)(value & 0x3fff) - maps->pedestal[stage][i]) / maps->gain[stage][i];
    return *bad;
}

bool bp_gain_switched(const bp_gain_maps *maps, const uint16_t *in, size_t count, float *out, uint8_t *bad)
{
    bool any = false;
    for (size_t first = 0; first < count; first += BLOCK) {
        size_t size = count - first < BLOCK ? count - first : BLOCK;
        unsigned bits = 0;
        for (size_t k = 0; k < size; k++)
            bits |= in[first + k];
        if (bits < 0x4000 && size == BLOCK) {
            const float *pedestal = maps->pedestal[0] + first, *gain = maps->gain[0] + first;
            for (size_t k = 0; k < BLOCK; k++) {
                out[first + k] = ((float)in[first + k] - pedestal[k]) / gain[k];
                bad[first + k] = 0;
            }
        } else {
            for (size_t i = first; i < first + size; i++)
                any |= one(maps, in[i], i, &out[i], &bad[i]);
        }
    }
    return any;
}
