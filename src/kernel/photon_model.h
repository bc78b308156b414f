/* SPDX-License-Identifier: BSD-3-Clause
 * The model of photon for one pixel. */
#ifndef BP_KERNEL_PHOTON_MODEL_H
#define BP_KERNEL_PHOTON_MODEL_H

#include "kernel/photon.h"

/* Logarithmic, 2^m codes an octave, linear up to 2^m: of 16 bits 0 to 104 for m = 3, 0 to 56 for m = 2. */
static inline uint32_t bp_photon_code(uint32_t v, unsigned m)
{
    uint32_t t = v + (1u << m), e = 31 - (uint32_t)__builtin_clz(t);
    return ((e - m) << m) + (t >> (e - m)) - (1u << m);
}

static inline uint32_t bp_photon_least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static inline uint32_t bp_photon_average(uint32_t a, uint32_t b)
{
    return (a + b + 1) >> 1;
}

static inline uint32_t bp_photon_distance(uint32_t a, uint32_t b)
{
    return a < b ? b - a : a - b;
}

static inline uint32_t bp_photon_within(uint32_t v)
{
    return v < 65535 ? v : 65535;
}

/* Local mean of the eight neighbours. */
static inline uint32_t bp_photon_mean(const bp_photon_rows *r, ptrdiff_t c)
{
    uint32_t a = bp_photon_average(r->w[c], r->n[c]), far = bp_photon_average(r->nne[c], r->nnw[c]);
    uint32_t b =
        bp_photon_average(bp_photon_average(r->ne[c], r->nw[c]), bp_photon_average(r->ww[c], r->nn[c]));
    return bp_photon_average(b, bp_photon_average(a, bp_photon_average(a, far)));
}

/* How rough it is around. */
static inline uint32_t bp_photon_roughness(const bp_photon_rows *r, ptrdiff_t c)
{
    uint32_t w = r->w[c], n = r->n[c], ne = r->ne[c], nw = r->nw[c];
    uint32_t near =
        bp_photon_average(bp_photon_average(bp_photon_distance(w, nw), bp_photon_distance(n, nw)),
                          bp_photon_average(bp_photon_distance(n, ne), bp_photon_distance(w, r->ww[c])));
    uint32_t far = bp_photon_average(bp_photon_distance(n, r->nn[c]), bp_photon_distance(ne, r->nne[c]));
    return bp_photon_within(near + far / 2);
}

/* acc + neighbour * weight / 16, signed about 32768 and saturated, each product rounded. */
static inline int32_t bp_photon_weigh_in(int32_t acc, uint32_t value, int32_t weight)
{
    acc += (((int32_t)value - 32768) * weight + 8) >> 4;
    return acc < -32768 ? -32768 : acc > 32767 ? 32767 : acc;
}

static inline uint32_t bp_photon_weighted(const int8_t *weight, const bp_photon_rows *r, ptrdiff_t c,
                                          uint32_t window)
{
    int32_t acc = bp_photon_weigh_in(0, r->nnw[c], weight[BP_PHOTON_NNW]);
    acc = bp_photon_weigh_in(acc, r->nne[c], weight[BP_PHOTON_NNE]);
    acc = bp_photon_weigh_in(acc, r->nn[c], weight[BP_PHOTON_NN]);
    acc = bp_photon_weigh_in(acc, r->ww[c], weight[BP_PHOTON_WW]);
    acc = bp_photon_weigh_in(acc, r->nw[c], weight[BP_PHOTON_NW]);
    acc = bp_photon_weigh_in(acc, r->w[c], weight[BP_PHOTON_W]);
    acc = bp_photon_weigh_in(acc, r->n[c], weight[BP_PHOTON_N]);
    acc = bp_photon_weigh_in(acc, r->ne[c], weight[BP_PHOTON_NE]);
    acc = bp_photon_weigh_in(acc, window, weight[BP_PHOTON_WINDOW]);
    return (uint32_t)(acc + 32768);
}

/* Prediction and code of the pixel at column c; window: its long mean, when the model has one. */
static inline uint32_t bp_photon_predict(const bp_photon_model *m, const bp_photon_rows *r, ptrdiff_t c,
                                         uint32_t *code)
{
    uint32_t window = r->window ? r->window[c] : 0;
    uint32_t mean = bp_photon_mean(r, c), small = (uint32_t)BP_PHOTON_SMALL << m->shift;
    uint32_t level = m->weighted ? bp_photon_weighted(m->weight, r, c, window) : mean;
    level = bp_photon_within(level + (1u << m->shift >> 1)) >> m->shift;
    if (m->kind == BP_PHOTON_BY_MEAN)
        *code = bp_photon_code(mean, 3);
    else if (m->kind == BP_PHOTON_BY_ROUGHNESS)
        *code = bp_photon_code(bp_photon_roughness(r, c), 3);
    else if (m->kind == BP_PHOTON_BY_BOTH)
        *code = bp_photon_code(mean, 2) + bp_photon_code(bp_photon_roughness(r, c), 2);
    else
        *code = mean < small ? bp_photon_code(window, 2)
                             : 57 + bp_photon_code(mean, 2) - bp_photon_code(small, 2);
    bool counts = m->kind == BP_PHOTON_BY_MEAN || m->kind == BP_PHOTON_BY_WINDOW;
    return counts && mean < small ? 0 : level;
}

/* A value as the long mean takes it: counts up to 31, times 2048, or all of it. */
static inline uint32_t bp_photon_window_sees(const bp_photon_model *m, uint32_t seen)
{
    uint32_t most = 31u << m->shift;
    if (m->kind != BP_PHOTON_BY_WINDOW)
        return seen;
    return (seen < most ? seen : most) << (11 - m->shift);
}

/* The long mean: above is that of the row above one column to the right (of the first row of a band: line).
 */
static inline uint32_t bp_photon_window(const bp_photon_model *m, uint32_t above, uint32_t line)
{
    unsigned shift = 1u + m->pace;
    return above - (above >> shift) + (line >> shift);
}

/* What the running mean of a row begins with: left is the value to the left of its column 0. */
static inline uint32_t bp_photon_running_begin(const bp_photon_model *m, uint32_t left)
{
    return bp_photon_window_sees(m, left);
}

/* The running mean along the row, after the pixel that is seen. */
static inline uint32_t bp_photon_running_on(const bp_photon_model *m, uint32_t line, uint32_t seen)
{
    unsigned shift = 2u + m->pace;
    return line - (line >> shift) + (bp_photon_window_sees(m, seen) >> shift);
}

#endif
