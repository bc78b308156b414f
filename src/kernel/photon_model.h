/* SPDX-License-Identifier: BSD-3-Clause
 * The model of photon for one pixel, in modular arithmetic of 32 bits: any values, no overflow. */
#ifndef BP_KERNEL_PHOTON_MODEL_H
#define BP_KERNEL_PHOTON_MODEL_H

#include "kernel/photon.h"

/* Logarithm with two bits behind its leading one: 0, 1, 2, 3, 4, 5, 6, 7, 8 (8 and 9), 9 (10 and 11) ... */
static inline uint32_t bp_photon_code(uint32_t v)
{
    if (v < 4)
        return v;
    uint32_t e = 31 - (uint32_t)__builtin_clz(v);
    return 4 * e - 8 + (v >> (e - 2));
}

static inline uint32_t bp_photon_distance(uint32_t a, uint32_t b)
{
    uint32_t d = a - b;
    return (int32_t)d < 0 ? 0 - d : d;
}

/* Arithmetic shift: both compilers and every machine that we build on have it. */
static inline uint32_t bp_photon_shift(uint32_t v, uint32_t k)
{
    return (uint32_t)((int32_t)v >> k);
}

static inline uint32_t bp_photon_predict(unsigned model, const bp_photon_rows *r, ptrdiff_t c, uint32_t *code)
{
    uint32_t w = r->w[c], ww = r->ww[c], n = r->n[c], ne = r->ne[c], nw = r->nw[c], nn = r->nn[c];
    uint32_t sum = 3 * (w + n) + 2 * (ne + nw + ww + nn) + r->nne[c] + r->nnw[c];
    uint32_t mean = bp_photon_shift(sum + 8, 4), slope = bp_photon_shift(2 * (w + n) + ne - nw + 2, 2);
    if (model < 2) {
        *code = bp_photon_code(sum);
        return (int32_t)sum < (int32_t)BP_PHOTON_SMALL ? 0 : model == 0 ? mean : slope;
    }
    *code = bp_photon_code(bp_photon_distance(w, nw) + bp_photon_distance(n, nw) + bp_photon_distance(n, ne) +
                           bp_photon_distance(w, ww) + bp_photon_distance(n, nn) +
                           bp_photon_distance(ne, r->nne[c]));
    return model == 2 ? mean : model == 3 ? slope : bp_photon_shift(mean + slope + 1, 1);
}

#endif
