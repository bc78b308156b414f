/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "algo/photon_time.h"

#define FRACTION   5          /* binary digits of the mean behind the point */
#define MOST       (1u << 24) /* of y: four quarters of a mean fit 32 bits */
#define WINDOW     16         /* frames, after which the mean forgets */
#define RECIPROCAL 9          /* binary digits of 1 / frames */
#define NARROW     (1u << 16) /* of y: a change of the mean times a share fits 32 bits */

static bool is_signed(bp_dtype dtype)
{
    return dtype == BP_I8 || dtype == BP_I16 || dtype == BP_I32;
}

static uint32_t sign_of(const bp_frames *frame)
{
    return is_signed(frame->dtype) ? 1u << (8 * frame->itemsize - 1) : 0;
}

/* Values as unsigned numbers in their order. */
static void keys_of(const bp_frames *frame, const uint8_t *values, size_t count, uint32_t *keys)
{
    uint32_t sign = sign_of(frame);
    if (frame->itemsize == 1)
        for (size_t i = 0; i < count; i++)
            keys[i] = values[i] ^ sign;
    else if (frame->itemsize == 2)
        for (size_t i = 0; i < count; i++) {
            uint16_t v;
            memcpy(&v, values + 2 * i, 2);
            keys[i] = v ^ sign;
        }
    else
        for (size_t i = 0; i < count; i++) {
            uint32_t v;
            memcpy(&v, values + 4 * i, 4);
            keys[i] = v ^ sign;
        }
}

static void put_keys(const bp_frames *frame, const uint32_t *keys, size_t count, uint8_t *values)
{
    uint32_t sign = sign_of(frame);
    if (frame->itemsize == 1)
        for (size_t i = 0; i < count; i++)
            values[i] = (uint8_t)(keys[i] ^ sign);
    else if (frame->itemsize == 2)
        for (size_t i = 0; i < count; i++) {
            uint16_t v = (uint16_t)(keys[i] ^ sign);
            memcpy(values + 2 * i, &v, 2);
        }
    else
        for (size_t i = 0; i < count; i++) {
            uint32_t v = keys[i] ^ sign;
            memcpy(values + 4 * i, &v, 4);
        }
}

#define MARKS 4

/* What detectors mark pixels with: the largest values of an unsigned type; -1, -2 and both ends of a signed
 * one. */
static size_t marks_of(const bp_frames *frame, uint32_t *marks)
{
    uint32_t top = UINT32_MAX >> (32 - 8 * frame->itemsize), zero = top / 2 + 1;
    if (!is_signed(frame->dtype)) {
        marks[0] = top, marks[1] = top - 1, marks[2] = top - 2, marks[3] = top;
        return 3;
    }
    marks[0] = zero - 1, marks[1] = zero - 2, marks[2] = top, marks[3] = 0;
    return 4;
}

typedef struct scan {
    uint32_t low, high, step; /* of what is no mark; step 0: at most one value */
    bool seen[MARKS];
} scan;

static uint32_t divisor(uint32_t a, uint32_t b)
{
    while (b) {
        uint32_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static bool is_mark(uint32_t v, const uint32_t *marks)
{
    return (v == marks[0]) | (v == marks[1]) | (v == marks[2]) | (v == marks[3]);
}

static void scan_bounds(const uint32_t *row, size_t width, const uint32_t *marks, scan *s)
{
    uint32_t low = UINT32_MAX, high = 0;
    bool any = false;
    for (size_t c = 0; c < width; c++) {
        low = row[c] < low ? row[c] : low;
        high = row[c] > high ? row[c] : high;
    }
    for (size_t m = 0; m < MARKS; m++)
        any |= marks[m] >= low && marks[m] <= high;
    if (any) {
        low = UINT32_MAX, high = 0;
        for (size_t m = 0; m < MARKS; m++) {
            uint32_t found = 0;
            for (size_t c = 0; c < width; c++)
                found |= row[c] == marks[m];
            s->seen[m] |= found;
        }
        for (size_t c = 0; c < width; c++) {
            uint32_t v = row[c], mark = 0u - (uint32_t)is_mark(v, marks);
            low = (v | mark) < low ? v | mark : low;
            high = (v & ~mark) > high ? v & ~mark : high;
        }
    }
    s->low = low < s->low ? low : s->low;
    s->high = high > s->high ? high : s->high;
}

static void scan_row(const uint32_t *row, size_t width, const uint32_t *marks, uint32_t base, scan *s)
{
    scan_bounds(row, width, marks, s);
    for (size_t c = 0; c < width && s->step != 1; c++) {
        uint32_t distance = row[c] > base ? row[c] - base : base - row[c];
        if (!is_mark(row[c], marks) && (s->step ? distance % s->step : distance))
            s->step = divisor(s->step, distance);
    }
}

static bool scan_all(const bp_frames *frames, const uint8_t *values, const uint32_t *marks, scan *s)
{
    uint32_t *row = malloc(frames->width * sizeof *row), base = 0;
    bool based = false;
    for (size_t r = 0; row && r < frames->count * frames->height; r++) {
        keys_of(frames, values + r * frames->width * frames->itemsize, frames->width, row);
        for (size_t c = 0; !based && c < frames->width; c++) {
            based = !is_mark(row[c], marks);
            base = row[c];
        }
        scan_row(row, frames->width, marks, base, s);
    }
    free(row);
    return row != NULL;
}

/* A mark next to the other values or among them is a value like them. */
static bool choose_labels(const uint32_t *marks, size_t count, scan *s, bp_photon_time *time)
{
    uint32_t low = s->low, high = s->high;
    for (size_t m = 0; m < count; m++) {
        if (!s->seen[m])
            continue;
        if (marks[m] >= low && marks[m] <= high) {
            s->step = 1;
        } else if (marks[m] < low ? low - marks[m] <= 4 && marks[m] == 0 : marks[m] - high <= 4) {
            s->low = marks[m] < s->low ? marks[m] : s->low;
            s->high = marks[m] > s->high ? marks[m] : s->high;
            s->step = 1;
        } else if (time->label_count < BP_PHOTON_TIME_LABELS) {
            time->labels[time->label_count++] = marks[m];
        } else {
            return false;
        }
    }
    return true;
}

/* The smallest unsigned type for -most to most and marks at its upper end. */
static void set_frames(const bp_frames *frames, bp_photon_time *time)
{
    uint32_t range = 2 * time->most + 8;
    time->frame = *frames;
    time->frame.count = 1;
    time->remainder = time->frame;
    time->remainder.dtype = range < 1u << 8 ? BP_U8 : range < 1u << 16 ? BP_U16 : BP_U32;
    time->remainder.itemsize = bp_dtype_size(time->remainder.dtype);
    time->remainder.bytes = frames->height * frames->width * time->remainder.itemsize;
}

static bool reserve(bp_photon_time *time)
{
    size_t pixels = time->frame.height * time->frame.width;
    time->mean = calloc(pixels, sizeof *time->mean);
    time->previous = calloc(pixels, sizeof *time->previous);
    time->current = calloc(pixels, sizeof *time->current);
    time->kinds = calloc(pixels, 1);
    return time->mean && time->previous && time->current && time->kinds;
}

void bp_photon_time_fini(bp_photon_time *time)
{
    free(time->mean);
    free(time->previous);
    free(time->current);
    free(time->kinds);
    *time = (bp_photon_time){.step = 1};
}

bool bp_photon_time_find(const bp_frames *frames, const void *values, bp_photon_time *time)
{
    uint32_t marks[MARKS];
    size_t count = marks_of(frames, marks);
    scan s = {.low = UINT32_MAX};
    *time = (bp_photon_time){.step = 1};
    if (!scan_all(frames, values, marks, &s) || s.low > s.high || !choose_labels(marks, count, &s, time))
        return false;
    time->offset = s.low;
    time->step = s.step ? s.step : 1;
    time->most = (s.high - s.low) / time->step;
    if (time->most == 0 || time->most >= MOST)
        return false;
    set_frames(frames, time);
    return reserve(time);
}

void bp_photon_time_write(bp_photon_writer *w, const bp_photon_time *time)
{
    bp_photon_put_byte(w, (unsigned)time->label_count);
    bp_photon_put_number(w, time->offset);
    bp_photon_put_number(w, time->step - 1);
    bp_photon_put_number(w, time->most);
    for (size_t i = 0; i < time->label_count; i++)
        bp_photon_put_number(w, time->labels[i]);
}

bool bp_photon_time_read(bp_photon_reader *r, const bp_frames *frames, bp_photon_time *time)
{
    *time = (bp_photon_time){.label_count = bp_photon_get_byte(r)};
    time->offset = bp_photon_get_number(r);
    time->step = bp_photon_get_number(r) + 1;
    time->most = bp_photon_get_number(r);
    if (time->label_count > BP_PHOTON_TIME_LABELS || time->most >= MOST || time->step == 0)
        r->bad = true;
    if (r->bad)
        return true;
    for (size_t i = 0; i < time->label_count; i++)
        time->labels[i] = bp_photon_get_number(r);
    set_frames(frames, time);
    return reserve(time);
}

static uint32_t rounded(uint32_t mean)
{
    return (mean + (1u << (FRACTION - 1))) >> FRACTION;
}

bool bp_photon_time_load(bp_photon_time *time, const void *values)
{
    size_t pixels = time->frame.height * time->frame.width;
    uint32_t *y = time->current, offset = time->offset, step = time->step;
    keys_of(&time->frame, values, pixels, y);
    if (time->label_count)
        memset(time->kinds, 0, pixels);
    for (size_t l = 0; l < time->label_count; l++)
        for (size_t i = 0; i < pixels; i++)
            time->kinds[i] = y[i] == time->labels[l] ? (uint8_t)(l + 1) : time->kinds[i];
    for (size_t i = 0; i < pixels; i++)
        y[i] -= offset;
    for (size_t i = 0; step > 1 && i < pixels; i++)
        y[i] /= step;
    for (size_t i = 0; time->label_count && i < pixels; i++)
        y[i] = time->kinds[i] ? rounded(time->mean[i]) : y[i];
    uint32_t bad = 0;
    for (size_t i = 0; i < pixels; i++) {
        bad |= y[i] > time->most;
        y[i] = y[i] > time->most ? time->most : y[i];
    }
    return !bad;
}

#define BLOCK 1024 /* pixels at a time, so that they stay in the first cache */

/* What mode takes off count pixels from first on. */
static const uint32_t *expected(const bp_photon_time *time, unsigned mode, size_t first, size_t count,
                                uint32_t *block)
{
    if (mode == BP_PHOTON_TIME_PREVIOUS)
        return time->previous + first;
    for (size_t i = 0; i < count; i++)
        block[i] = (time->mean[first + i] * mode + (2u << FRACTION)) >> (FRACTION + 2);
    return block;
}

void bp_photon_time_forward(const bp_photon_time *time, unsigned mode, size_t top, size_t rows,
                            void *remainder)
{
    size_t first = top * time->frame.width, end = first + rows * time->frame.width;
    uint32_t limit = UINT32_MAX >> (32 - 8 * time->remainder.itemsize), most = time->most, block[BLOCK];
    uint8_t *out = remainder;
    for (size_t at = first; at < end; at += BLOCK) {
        size_t count = end - at < BLOCK ? end - at : BLOCK;
        const uint32_t *y = time->current + at, *off = expected(time, mode, at, count, block);
        const uint8_t *kinds = time->kinds + at;
        for (size_t i = 0; i < count; i++)
            block[i] = y[i] + most - off[i];
        for (size_t i = 0; time->label_count && i < count; i++)
            block[i] = kinds[i] ? limit - kinds[i] + 1 : block[i];
        put_keys(&time->remainder, block, count, out);
        out += count * time->remainder.itemsize;
    }
}

uint64_t bp_photon_time_roughness(const bp_photon_time *time, unsigned mode)
{
    size_t width = time->frame.width, height = time->frame.height;
    uint64_t sum = 0;
    for (size_t r = height / 32; r < height; r += height / 16 + 1)
        for (size_t at = r * width, end = at + width; at < end; at += BLOCK) {
            size_t count = end - at < BLOCK ? end - at : BLOCK;
            uint32_t block[BLOCK];
            uint64_t rough = 0;
            const uint32_t *off = mode ? expected(time, mode, at, count, block) : NULL;
            for (size_t i = 0; i < count; i++)
                block[i] = time->current[at + i] - (off ? off[i] : 0);
            for (size_t i = 1; i < count; i++) {
                uint32_t distance = block[i] - block[i - 1];
                rough += distance >> 31 ? 0 - distance : distance;
            }
            sum += rough;
        }
    return sum;
}

/* Pixels first to first + count: work values, kinds, and the keys of the values in block. */
static bool back_block(bp_photon_time *time, unsigned mode, size_t first, size_t count, uint32_t *block)
{
    uint32_t limit = UINT32_MAX >> (32 - 8 * time->remainder.itemsize), most = time->most, bad = 0;
    uint32_t scratch[BLOCK], *y = time->current + first;
    uint32_t offset = time->offset, step = time->step, marks = (uint32_t)time->label_count;
    const uint32_t *off = expected(time, mode, first, count, scratch), *mean = time->mean + first;
    uint8_t *kinds = time->kinds + first;
    for (size_t i = 0; i < count; i++)
        y[i] = block[i] - most + off[i];
    for (size_t i = 0; marks && i < count; i++) {
        bool label = block[i] > limit - marks;
        kinds[i] = label ? (uint8_t)(limit - block[i] + 1) : 0;
        y[i] = label ? rounded(mean[i]) : y[i];
    }
    for (size_t i = 0; i < count; i++) {
        bad |= y[i] > most;
        y[i] = y[i] > most ? most : y[i];
        block[i] = y[i] * step + offset;
    }
    for (size_t i = 0; marks && i < count; i++)
        if (kinds[i])
            block[i] = time->labels[kinds[i] - 1];
    return !bad;
}

bool bp_photon_time_back(bp_photon_time *time, unsigned mode, const void *remainder, void *values)
{
    size_t pixels = time->frame.height * time->frame.width;
    const uint8_t *in = remainder;
    uint8_t *out = values;
    uint32_t block[BLOCK];
    bool good = true;
    for (size_t at = 0; at < pixels; at += BLOCK) {
        size_t count = pixels - at < BLOCK ? pixels - at : BLOCK;
        keys_of(&time->remainder, in + at * time->remainder.itemsize, count, block);
        good &= back_block(time, mode, at, count, block);
        put_keys(&time->frame, block, count, out + at * time->frame.itemsize);
    }
    return good;
}

void bp_photon_time_add(bp_photon_time *time)
{
    size_t pixels = time->frame.height * time->frame.width;
    uint32_t *mean = time->mean, *y = time->current;
    time->seen += time->seen < WINDOW;
    int32_t share = (int32_t)(((1u << RECIPROCAL) + time->seen / 2) / time->seen);
    if (time->most < NARROW)
        for (size_t i = 0; i < pixels; i++) {
            /* halves up; the bias keeps what is shifted above 0 */
            int32_t change = ((int32_t)(y[i] << FRACTION) - (int32_t)mean[i]) * share;
            uint32_t shifted = ((uint32_t)change + (1u << 31) + (1u << (RECIPROCAL - 1))) >> RECIPROCAL;
            mean[i] += shifted - (1u << (31 - RECIPROCAL));
        }
    else
        for (size_t i = 0; i < pixels; i++) {
            int64_t change = ((int64_t)y[i] * (1 << FRACTION) - (int64_t)mean[i]) * share;
            uint64_t shifted =
                ((uint64_t)change + (UINT64_C(1) << 48) + (1u << (RECIPROCAL - 1))) >> RECIPROCAL;
            mean[i] += (uint32_t)(shifted - (UINT64_C(1) << (48 - RECIPROCAL)));
        }
    time->current = time->previous;
    time->previous = y;
}
