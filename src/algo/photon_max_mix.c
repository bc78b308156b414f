/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "algo/photon_max_mix.h"

/* 1 / (1 + e^-x) for x = i / 256, by powers of e^(-1/256) in 40 bits. */
static void make_squash(bp_max_tables *t)
{
    uint64_t power = (uint64_t)1 << 40;
    const uint64_t factor = 1095225038175u; /* e^(-1/256) * 2^40 */
    for (int i = 0; i <= BP_MAX_LOGIT; i++) {
        uint64_t p = ((uint64_t)1 << 56) / (((uint64_t)1 << 40) + power);
        p = p > 65535 ? 65535 : p;
        t->squash[BP_MAX_LOGIT + i] = (uint16_t)p;
        t->squash[BP_MAX_LOGIT - i] = (uint16_t)(65536 - p);
        power = (power * (factor >> 20) >> 20) + ((power >> 20) * (factor & 0xfffff) >> 20);
    }
}

static void make_stretch(bp_max_tables *t)
{
    static const unsigned shift[3] = {4, 10, 4};
    static const uint32_t first[3] = {0, 0, (1u << 22) - 65536};
    for (unsigned part = 0; part < 3; part++) {
        int at = 0;
        for (unsigned i = 0; i < 4096; i++) {
            uint32_t p = first[part] + (i << shift[part]) + (1u << (shift[part] - 1));
            while (at < 2 * BP_MAX_LOGIT && (uint32_t)t->squash[at] << 6 < p)
                at++;
            t->stretch[part][i] = (int16_t)(at - BP_MAX_LOGIT);
        }
    }
}

void bp_max_tables_start(bp_max_tables *t)
{
    make_squash(t);
    make_stretch(t);
    for (unsigned n = 0; n <= BP_MAX_COUNT; n++) {
        unsigned seen = n < BP_MAX_EXACT ? n : BP_MAX_EXACT + 32 * (n - BP_MAX_EXACT);
        t->rate[n] = (uint16_t)(65536 * 2 / (2 * seen + 3));
    }
}
