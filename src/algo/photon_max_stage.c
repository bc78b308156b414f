/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "algo/photon_max_stage.h"

#define VALUE_MASK ((1u << BP_MAX_STAGE_BITS) - 1)
#define FRACTION   8
#define JUMP       4096 /* between neighbours in different stages, at least */

bool bp_max_stages_init(bp_max_stages *t, size_t pixels)
{
    t->pixels = calloc(pixels, BP_MAX_STAGES * sizeof *t->pixels);
    t->values = calloc(pixels, sizeof *t->values);
    uint32_t *slots = t->slots[0][0];
    for (size_t i = 0; i < sizeof t->slots / sizeof *slots; i++)
        slots[i] = BP_MAX_HALF;
    for (size_t i = 0; i < BP_MAX_STAGES; i++)
        t->all[i] = (bp_max_pixel_stage){.mean = 1u << (BP_MAX_STAGE_BITS - 1 + FRACTION)};
    return t->pixels && t->values;
}

void bp_max_stages_fini(bp_max_stages *t)
{
    free(t->pixels);
    free(t->values);
}

static bool is_label(const bp_photon_grid *grid, uint32_t v)
{
    for (size_t i = 0; i < grid->label_count; i++)
        if (grid->labels[i] == v)
            return true;
    return false;
}

bool bp_max_stages_find(const bp_frames *frames, const void *values, bp_photon_grid *grid, unsigned *main)
{
    if (frames->dtype != BP_U16 || grid->label_count > 1)
        return false;
    const uint16_t *v = values;
    size_t width = frames->width, rows = frames->count * frames->height, in[4] = {0}, changes = 0, jumps = 0;
    uint32_t low[4] = {UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX}, high[4] = {0};
    for (size_t i = 0; i < rows * width; i++) {
        uint32_t now = v[i], stage = now >> BP_MAX_STAGE_BITS;
        if (is_label(grid, now))
            continue;
        in[stage]++;
        low[stage] = now < low[stage] ? now : low[stage];
        high[stage] = now > high[stage] ? now : high[stage];
        if (i % width == 0 || stage == v[i - 1] >> BP_MAX_STAGE_BITS || is_label(grid, v[i - 1]))
            continue;
        changes++;
        jumps += (now > v[i - 1] ? now - v[i - 1] : v[i - 1] - now) >= JUMP;
    }
    unsigned best = 0;
    for (unsigned s = 1; s < 4; s++)
        best = in[s] > in[best] ? s : best;
    if (changes == 0 || jumps < changes - changes / 4 || in[best] * 2 < rows * width)
        return false;
    *main = best;
    grid->offset = low[best];
    grid->step = 1;
    grid->most = high[best] - low[best];
    return true;
}

void bp_max_stages_classify(bp_max_stages *t, const uint32_t *keys, size_t count, unsigned labels,
                            uint8_t *kinds)
{
    for (size_t i = 0; i < count; i++) {
        unsigned stage = keys[i] >> BP_MAX_STAGE_BITS;
        if (kinds[i] || stage == t->main)
            continue;
        kinds[i] = (uint8_t)(labels + 1 + stage - (stage > t->main));
        t->values[i] = (uint16_t)(keys[i] & VALUE_MASK);
    }
}

uint32_t bp_max_stage_key(const bp_max_stages *t, size_t pixel, unsigned kind)
{
    unsigned stage = kind - 1;
    stage += stage >= t->main;
    return stage << BP_MAX_STAGE_BITS | t->values[pixel];
}

static unsigned bits_of(uint32_t v)
{
    return v ? 32 - (unsigned)__builtin_clz(v) : 0;
}

static void learn(bp_max_pixel_stage *p, uint32_t value, unsigned most)
{
    int64_t gap = (int64_t)(value << FRACTION) - (int64_t)p->mean, away = gap < 0 ? -gap : gap;
    p->seen += p->seen < most;
    p->mean = (uint32_t)((int64_t)p->mean + gap / (int64_t)p->seen);
    /* the first distance is none: nothing was known */
    int64_t times = p->seen > 1 ? (int64_t)p->seen - 1 : 1;
    if (p->seen > 1)
        p->spread = (uint32_t)((int64_t)p->spread + (away - (int64_t)p->spread) / times);
}

/* The distance from the mean of this pixel in this stage, or, the first time, from that of the stage. */
static uint32_t code_value(bp_max_stages *t, bp_max_state *s, bool decoding, bp_max_pixel_stage *own,
                           unsigned stage, uint32_t value)
{
    bp_max_pixel_stage *all = t->all + stage;
    uint32_t mean = own->seen ? own->mean : all->mean, spread = own->seen > 1 ? own->spread : all->spread;
    int32_t guess = (int32_t)(mean + (1u << (FRACTION - 1))) >> FRACTION, miss = (int32_t)value - guess;
    uint32_t size = (miss < 0 ? ~((uint32_t)miss << 1) : (uint32_t)miss << 1) + 1;
    uint32_t *slots = t->slots[stage][own->seen > 1 ? bits_of(spread) : 23];
    unsigned bits = decoding ? 0 : bits_of(size) - 1, n = 0;
    while (n < 16 && bp_max_slot_bit(s, decoding, slots + n, n < bits))
        n++;
    size = bp_max_plain(&s->coder, decoding, n, size & ((1u << n) - 1)) | 1u << n;
    if (decoding) {
        size--;
        int32_t found = guess + (int32_t)(size & 1 ? ~(size >> 1) : size >> 1);
        s->coder.failed |= found < 0 || found > (int32_t)VALUE_MASK;
        value = (uint32_t)found & VALUE_MASK;
    }
    learn(own, value, 16);
    learn(all, value, 16);
    return value;
}

void bp_max_code_stages(bp_max_stages *t, bp_max_state *s, bool decoding, size_t first, size_t width,
                        unsigned labels, const uint8_t *kinds)
{
    for (size_t c = 0; c < width; c++) {
        if (kinds[c] <= labels)
            continue;
        unsigned stage = kinds[c] - labels - 1;
        bp_max_pixel_stage *own = t->pixels + (first + c) * BP_MAX_STAGES + stage;
        t->values[first + c] = (uint16_t)code_value(t, s, decoding, own, stage, t->values[first + c]);
    }
}
