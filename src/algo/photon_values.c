/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "algo/photon_values.h"

#define SIGN 0x80000000u

static void widen_1(const uint8_t *in, size_t count, bool negative, uint32_t *keys)
{
    for (size_t i = 0; i < count; i++)
        keys[i] = negative ? (uint32_t)(int8_t)in[i] ^ SIGN : in[i];
}

static void widen_2(const uint8_t *in, size_t count, bool negative, uint32_t *keys)
{
    for (size_t i = 0; i < count; i++) {
        uint16_t v;
        memcpy(&v, in + 2 * i, 2);
        keys[i] = negative ? (uint32_t)(int16_t)v ^ SIGN : v;
    }
}

static void widen_4(const uint8_t *in, size_t count, bool negative, uint32_t *keys)
{
    memcpy(keys, in, 4 * count);
    for (size_t i = 0; negative && i < count; i++)
        keys[i] ^= SIGN;
}

void bp_photon_keys(const bp_frames *frame, const uint8_t *values, size_t count, uint32_t *keys)
{
    bool negative = bp_photon_is_signed(frame->dtype);
    if (frame->itemsize == 1)
        widen_1(values, count, negative, keys);
    else if (frame->itemsize == 2)
        widen_2(values, count, negative, keys);
    else
        widen_4(values, count, negative, keys);
}

/* What detectors mark pixels with: -1 (gap) and -2 (dead), or the largest values of the type. */
static size_t candidates_of(const bp_frames *frame, uint32_t *candidates)
{
    unsigned bits = (unsigned)(8 * frame->itemsize);
    uint32_t top = UINT32_MAX >> (32 - bits);
    if (!bp_photon_is_signed(frame->dtype)) {
        candidates[0] = top, candidates[1] = top - 1, candidates[2] = top - 2;
        return 3;
    }
    candidates[0] = SIGN - 1, candidates[1] = SIGN - 2;
    candidates[2] = SIGN + top / 2, candidates[3] = SIGN - top / 2 - 1;
    return 4;
}

typedef struct scan {
    uint32_t low, high; /* of what is no candidate; low > high: nothing is */
    size_t counts[BP_PHOTON_MOST_LABELS];
} scan;

static void scan_row(const uint32_t *row, size_t width, const uint32_t *candidates, size_t count, scan *s)
{
    uint32_t low = UINT32_MAX, high = 0, any = 0;
    for (size_t c = 0; c < width; c++) {
        low = row[c] < low ? row[c] : low;
        high = row[c] > high ? row[c] : high;
    }
    for (size_t i = 0; i < count; i++)
        any |= candidates[i] >= low && candidates[i] <= high;
    if (any) {
        low = UINT32_MAX, high = 0;
        for (size_t i = 0; i < count; i++) {
            size_t found = 0;
            for (size_t c = 0; c < width; c++)
                found += row[c] == candidates[i];
            s->counts[i] += found;
        }
        uint32_t a = candidates[0], b = candidates[1], d = candidates[2], e = candidates[count - 1];
        for (size_t c = 0; c < width; c++) {
            uint32_t v = row[c], mark = 0u - (uint32_t)((v == a) | (v == b) | (v == d) | (v == e));
            low = (v | mark) < low ? v | mark : low;
            high = (v & ~mark) > high ? v & ~mark : high;
        }
    }
    s->low = low < s->low ? low : s->low;
    s->high = high > s->high ? high : s->high;
}

/* A candidate within or next to the other values is a value like them. */
static void choose_labels(const uint32_t *candidates, size_t count, bool negative, scan *s,
                          bp_photon_grid *grid)
{
    bool none = s->low > s->high;
    uint32_t low = s->low, high = s->high;
    for (size_t i = 0; i < count; i++) {
        uint32_t v = candidates[i];
        bool apart = none || (negative && i < 2 ? low > v : v > high ? v - high > 4 : low - v > 4 && v < low);
        if (s->counts[i] && apart) {
            grid->labels[grid->label_count++] = v;
        } else if (s->counts[i]) {
            s->low = v < s->low ? v : s->low;
            s->high = v > s->high ? v : s->high;
        }
    }
    grid->empty = none;
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

static bool is_label(const bp_photon_grid *grid, uint32_t key)
{
    bool found = false;
    for (size_t i = 0; i < grid->label_count; i++)
        found |= key == grid->labels[i];
    return found;
}

static uint32_t find_step(const bp_frames *frame, const uint8_t *values, uint32_t *row,
                          const bp_photon_grid *grid)
{
    uint32_t step = 0;
    for (size_t r = 0; r < frame->height && step != 1; r++) {
        bp_photon_keys(frame, values + r * frame->width * frame->itemsize, frame->width, row);
        for (size_t c = 0; c < frame->width && step != 1; c++)
            if (!is_label(grid, row[c]) && (step == 0 || (row[c] - grid->offset) % step))
                step = divisor(step, row[c] - grid->offset);
    }
    return step ? step : 1;
}

void bp_photon_grid_find(const bp_frames *frame, const uint8_t *values, uint32_t *row, bp_photon_grid *grid)
{
    uint32_t candidates[BP_PHOTON_MOST_LABELS];
    size_t count = candidates_of(frame, candidates);
    scan s = {.low = UINT32_MAX};
    for (size_t r = 0; r < frame->height; r++) {
        bp_photon_keys(frame, values + r * frame->width * frame->itemsize, frame->width, row);
        scan_row(row, frame->width, candidates, count, &s);
    }
    *grid = (bp_photon_grid){.step = 1};
    choose_labels(candidates, count, bp_photon_is_signed(frame->dtype), &s, grid);
    if (grid->empty)
        return;
    grid->offset = s.low;
    if (s.high > s.low)
        grid->step = find_step(frame, values, row, grid);
    grid->most = (s.high - s.low) / grid->step;
}

void bp_photon_grid_classify(const bp_photon_grid *grid, const uint32_t *keys, size_t count, uint8_t *labels)
{
    memset(labels, 0, count);
    for (size_t i = 0; i < grid->label_count; i++)
        for (size_t c = 0; c < count; c++)
            if (keys[c] == grid->labels[i])
                labels[c] = (uint8_t)(i + 1);
}
