/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "algo/photon_lattice.h"
#include "base/pool.h"
#include "kernel/kernel.h"

#define SCANNED 4096  /* values at a time: they stay in the nearest cache */
#define PART    65536 /* values that are worth a thread */
#define PARTS   16

/* A frame in parts of whole blocks, for threads. */
typedef struct parts {
    const uint8_t *values;
    size_t itemsize, pixels, count, each;
    uint32_t flip;
    const uint32_t *candidates;
    bp_photon_scan scans[PARTS];
} parts;

uint32_t bp_photon_value_at(const uint8_t *values, size_t itemsize, size_t i)
{
    uint16_t v2;
    uint32_t v4;
    if (itemsize == 1)
        return values[i];
    memcpy(itemsize == 2 ? (void *)&v2 : (void *)&v4, values + i * itemsize, itemsize);
    return itemsize == 2 ? v2 : v4;
}

/* What detectors mark pixels with: -1 (gap) and -2 (dead), or the largest values of the type. */
static size_t candidates_of(const bp_frames *frame, uint32_t top, uint32_t *candidates)
{
    candidates[0] = top, candidates[1] = top - 1, candidates[2] = candidates[3] = top - 2;
    if (!bp_photon_is_signed(frame->dtype))
        return 3;
    candidates[2] = top / 2, candidates[3] = top / 2 + 1;
    return 4;
}

/* A candidate within or next to the other values is a value like them. All are compared with the sign bit
 * flipped. */
static void choose_labels(const uint32_t *candidates, size_t count, uint32_t flip, bp_photon_scan *s,
                          bp_photon_lattice *lattice)
{
    bool none = s->low > s->high;
    uint32_t low = s->low, high = s->high;
    for (size_t i = 0; i < count; i++) {
        uint32_t v = candidates[i] ^ flip;
        bool apart = none || (flip && i < 2 ? low > v : v > high ? v - high > 4 : low - v > 4 && v < low);
        if (s->counts[i] && apart) {
            lattice->labels[lattice->label_count++] = candidates[i];
        } else if (s->counts[i]) {
            s->low = v < s->low ? v : s->low;
            s->high = v > s->high ? v : s->high;
        }
    }
    for (size_t i = lattice->label_count; i > 0 && i < BP_PHOTON_MOST_LABELS; i++)
        lattice->labels[i] = lattice->labels[i - 1];
    lattice->empty = none;
}

static uint32_t divisor(uint32_t a, uint32_t b)
{
    while (b) {
        uint32_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

bool bp_photon_is_label(const bp_photon_lattice *lattice, uint32_t value)
{
    bool found = false;
    for (size_t i = 0; i < lattice->label_count; i++)
        found |= value == lattice->labels[i];
    return found;
}

/* The inverse of an odd number modulo 2^32: each round doubles the bits that are right. */
static void set_step(bp_photon_form *f, uint32_t step)
{
    f->step = step;
    f->shift = (unsigned)__builtin_ctz(step);
    uint32_t odd = step >> f->shift;
    f->inverse = odd;
    for (unsigned i = 0; i < 4; i++)
        f->inverse *= 2 - odd * f->inverse;
}

/* The greatest common divisor of the distances from the base; what a step fits is skipped in vectors. */
static uint32_t find_step(const bp_frames *frame, const uint8_t *values, const bp_photon_lattice *lattice)
{
    size_t pixels = frame->height * frame->width, size = frame->itemsize;
    uint32_t step = 0, mask = UINT32_MAX >> (32 - 8 * size);
    bp_photon_form form = lattice->form;
    for (size_t at = 0; at < pixels && step != 1; at += SCANNED) {
        size_t count = pixels - at < SCANNED ? pixels - at : SCANNED;
        if (step && bp_kernels_get()->photon_values->divisible(&form, values + at * size, count))
            continue;
        for (size_t i = at; i < at + count && step != 1; i++) {
            uint32_t value = bp_photon_value_at(values, size, i), d = (value - lattice->form.base) & mask;
            if (!bp_photon_is_label(lattice, value) && (step == 0 || d % step))
                step = divisor(step, d);
        }
        if (step)
            set_step(&form, step);
    }
    return step ? step : 1;
}

static bp_status scan_part(bp_context *ctx, void *user, size_t index)
{
    parts *p = user;
    bp_photon_scan *s = &p->scans[index];
    size_t from = index * p->each, end = p->pixels - from < p->each ? p->pixels : from + p->each;
    (void)ctx;
    *s = (bp_photon_scan){.low = UINT32_MAX};
    for (size_t at = from; at < end; at += SCANNED) {
        size_t n = end - at < SCANNED ? end - at : SCANNED;
        bp_kernels_get()->photon_values->scan(p->values + at * p->itemsize, n, p->itemsize, p->flip,
                                              p->candidates, s);
    }
    return BP_OK;
}

static bp_status scan(bp_context *ctx, parts *p, bp_photon_scan *all)
{
    p->count = p->pixels / PART;
    p->count = p->count < 1 ? 1 : p->count < PARTS ? p->count : PARTS;
    p->each = (p->pixels / p->count + SCANNED - 1) / SCANNED * SCANNED;
    p->count = (p->pixels + p->each - 1) / p->each;
    bp_status status = bp_pool_split(ctx, p->count, scan_part, p);
    *all = (bp_photon_scan){.low = UINT32_MAX};
    for (size_t i = 0; i < p->count && status == BP_OK; i++) {
        const bp_photon_scan *s = &p->scans[i];
        all->low = s->low < all->low ? s->low : all->low;
        all->high = s->high > all->high ? s->high : all->high;
        for (size_t k = 0; k < BP_PHOTON_MOST_LABELS; k++)
            all->counts[k] += s->counts[k];
    }
    return status;
}

bp_status bp_photon_lattice_find(bp_context *ctx, const bp_frames *frame, const uint8_t *values,
                                 bp_photon_lattice *lattice)
{
    size_t pixels = frame->height * frame->width, size = frame->itemsize;
    uint32_t top = UINT32_MAX >> (32 - 8 * size), flip = bp_photon_is_signed(frame->dtype) ? top / 2 + 1 : 0;
    uint32_t candidates[BP_PHOTON_MOST_LABELS];
    size_t count = candidates_of(frame, top, candidates);
    bp_photon_scan s;
    parts p = {.values = values, .itemsize = size, .pixels = pixels, .flip = flip, .candidates = candidates};
    bp_status status = scan(ctx, &p, &s);
    *lattice = (bp_photon_lattice){.form = {.itemsize = size}};
    set_step(&lattice->form, 1);
    if (status != BP_OK)
        return status;
    choose_labels(candidates, count, flip, &s, lattice);
    if (lattice->empty)
        return BP_OK;
    lattice->form.base = s.low ^ flip;
    if (s.high > s.low)
        set_step(&lattice->form, find_step(frame, values, lattice));
    lattice->most = (s.high - s.low) / lattice->form.step;
    return BP_OK;
}
