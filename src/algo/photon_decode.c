/* SPDX-License-Identifier: BSD-3-Clause */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "algo/photon.h"
#include "algo/photon_frame.h"
#include "algo/photon_sparse.h"
#include "algo/photon_tables.h"
#include "algo/photon_values.h"
#include "base/bits.h"
#include "base/checked.h"
#include "base/pool.h"
#include "base/scratch.h"
#include "kernel/kernel.h"

typedef struct decoder {
    const bp_frames *frame;
    uint8_t *values;
    bp_photon_reader reader;
    bp_photon_form form;
    size_t kinds;
    uint32_t labels[BP_PHOTON_MOST_LABELS]; /* as values */
    uint8_t *map;                           /* of labels; NULL: none */
    void *room;                             /* of what follows */
    uint32_t *hidden, *escapes;             /* lanes with labels, step by step, band by band */
    uint16_t *plane, *lines;
    uint8_t *tail;      /* words that have too little behind them where they are */
    const uint8_t *low; /* bits that are sent as they are */
    bp_photon_tables *tables;
    bp_photon_weights weights;
    size_t band_count;
    unsigned escape_bytes;
    bp_photon_band bands[BP_PHOTON_MOST_BANDS];
    size_t escape_counts[BP_PHOTON_MOST_BANDS];
    size_t together;    /* bands that one thread decodes at a time: two do not wait for each other */
    size_t lines_count; /* pairs of bands that have lines of their own */
} decoder;

static uint32_t get_natural(bp_photon_reader *r)
{
    uint32_t v = bp_photon_get_number(r);
    return v & 1 ? ~(v >> 1) : v >> 1;
}

static void store(const bp_frames *frame, uint8_t *values, size_t i, uint32_t value)
{
    uint16_t v2 = (uint16_t)value;
    if (frame->itemsize == 1)
        values[i] = (uint8_t)value;
    else
        memcpy(values + i * frame->itemsize, frame->itemsize == 2 ? (const void *)&v2 : (const void *)&value,
               frame->itemsize);
}

static bp_status read_labels(bp_context *ctx, decoder *d)
{
    size_t pixels = d->frame->height * d->frame->width;
    bp_photon_reader *r = &d->reader;
    d->kinds = bp_photon_get_byte(r);
    if (d->kinds == 0 || d->kinds > BP_PHOTON_MOST_LABELS)
        r->bad = true;
    for (size_t i = 0; i < d->kinds && !r->bad; i++)
        d->labels[i] = get_natural(r);
    if (r->bad)
        return BP_OK;
    d->map = bp_scratch_take(ctx, pixels);
    if (!d->map)
        return bp_fail(ctx, BP_E_MEMORY, "photon: no memory for %zu labels", pixels);
    bp_photon_labels_read(r, d->kinds, d->map, d->frame->height, d->frame->width);
    return BP_OK;
}

/* The next label at or behind i, or end. */
static size_t next_label(const uint8_t *map, size_t i, size_t end)
{
    uint64_t w[4];
    for (; i + sizeof w <= end; i += sizeof w) {
        memcpy(w, map + i, sizeof w);
        if (w[0] | w[1] | w[2] | w[3])
            break;
    }
    for (; i + 8 <= end; i += 8) {
        memcpy(w, map + i, 8);
        if (w[0])
            return i + (size_t)__builtin_ctzll(w[0]) / 8;
    }
    while (i < end && !map[i])
        i++;
    return i;
}

/* Where labels like that of i end. */
static size_t end_of_label(const uint8_t *map, size_t i, size_t end)
{
    const uint64_t all = map[i] * UINT64_C(0x0101010101010101);
    const uint8_t label = map[i];
    uint64_t eight;
    for (; i + 8 <= end; i += 8) {
        memcpy(&eight, map + i, sizeof eight);
        if (eight != all)
            return i + (size_t)__builtin_ctzll(eight ^ all) / 8;
    }
    while (i < end && map[i] == label)
        i++;
    return i;
}

/* The same value from pixel i to end. */
static void fill(const bp_frames *frame, uint8_t *values, size_t i, size_t end, uint32_t value)
{
    if (frame->itemsize == 1)
        memset(values + i, (int)(uint8_t)value, end - i);
    else if ((uintptr_t)values % frame->itemsize)
        for (; i < end; i++)
            store(frame, values, i, value);
    else if (frame->itemsize == 2)
        for (uint16_t *v = (uint16_t *)(void *)values; i < end; i++)
            v[i] = (uint16_t)value;
    else
        for (uint32_t *v = (uint32_t *)(void *)values; i < end; i++)
            v[i] = value;
}

/* Pixels from i to end. */
static void put_labels(const decoder *d, size_t i, size_t end)
{
    const uint8_t *map = d->map;
    size_t stop;
    for (i = map ? next_label(map, i, end) : end; i < end; i = next_label(map, stop, end)) {
        stop = end_of_label(map, i, end);
        fill(d->frame, d->values, i, stop, d->labels[map[i] - 1]);
    }
}

static void put_flat(const decoder *d)
{
    size_t pixels = d->frame->height * d->frame->width;
    fill(d->frame, d->values, 0, pixels, d->form.base);
    put_labels(d, 0, pixels);
}

/* Lanes with labels, step by step. */
static void fill_hidden(const decoder *d, size_t band)
{
    size_t width = d->frame->width, height = d->bands[band].height;
    size_t top = bp_photon_band_row(d->frame->height, d->band_count, band);
    uint32_t *hidden = d->hidden + (d->bands[band].hidden - d->hidden);
    memset(hidden, 0, bp_photon_steps(height, width) * sizeof *hidden);
    for (size_t r = 0; r < height; r++) {
        uint32_t *at = hidden + bp_photon_step_of(r, 0, width), lane = 1u << r % BP_PHOTON_LANES;
        const uint8_t *map = d->map + (top + r) * width;
        for (size_t c = next_label(map, 0, width); c < width; c = next_label(map, c, width))
            for (size_t stop = end_of_label(map, c, width); c < stop; c++)
                at[c] |= lane;
    }
}

static void read_escapes(const decoder *d, const uint8_t *in, size_t count, uint32_t *out)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t v = 0;
        for (unsigned b = 0; b < d->escape_bytes; b++)
            v |= (uint32_t)in[i * d->escape_bytes + b] << 8 * b;
        out[i] = v;
    }
}

/* Reads lengths and states of a band; its streams stay where they are. Returns how many escapes it has. */
static size_t read_band(decoder *d, bp_photon_band *band)
{
    bp_photon_reader *r = &d->reader;
    size_t words = bp_photon_get_number(r), escapes = bp_photon_get_number(r);
    size_t lanes = band->height < BP_PHOTON_LANES ? band->height : BP_PHOTON_LANES;
    size_t states = (escapes & 1) * lanes * 4, left = (size_t)(r->end - r->at);
    escapes >>= 1;
    if (r->bad || states > left || words > (left - states) / 2 ||
        escapes > (left - states - 2 * words) / d->escape_bytes) {
        r->bad = true;
        return 0;
    }
    for (size_t l = 0; l < BP_PHOTON_LANES; l++)
        band->state[l] = states && l < lanes ? bp_load_le32(r->at + 4 * l) : BP_PHOTON_START;
    for (size_t l = 0; l < BP_PHOTON_LANES; l++)
        r->bad |= band->state[l] < BP_PHOTON_START;
    r->at += states;
    band->words = r->at;
    band->words_end = band->words + 2 * words;
    r->at += 2 * words;
    return escapes;
}

/* Kernels read beyond the words. */
static uint8_t *keep_slack(const decoder *d, bp_photon_band *band, uint8_t *tail)
{
    size_t size = (size_t)(band->words_end - band->words);
    if ((size_t)(d->reader.end - band->words_end) >= BP_PHOTON_WORD_SLACK)
        return tail;
    memcpy(tail, band->words, size);
    memset(tail + size, 0, BP_PHOTON_WORD_SLACK);
    band->words = tail;
    band->words_end = tail + size;
    return tail + size + BP_PHOTON_WORD_SLACK;
}

/* Where a part of the room begins; base NULL: only counts. */
static void *carve(uint8_t *base, size_t *at, size_t count, size_t size)
{
    size_t bytes;
    void *part = base ? base + *at : NULL;
    if (bp_mul_overflows(count, size, &bytes) || bp_add_overflows(*at, bytes, at) || *at > SIZE_MAX - 128)
        *at = SIZE_MAX - 128;
    *at = (*at + 63) / 64 * 64;
    return part;
}

static size_t lay_out(decoder *d, uint8_t *base)
{
    size_t left = (size_t)(d->reader.end - d->reader.at), width = d->frame->width, height = d->frame->height,
           at = 0;
    size_t steps =
        bp_photon_steps(height, width) + d->band_count * (BP_PHOTON_LEAD + bp_photon_period(width));
    d->tables = carve(base, &at, 1, sizeof *d->tables);
    d->plane = carve(base, &at, height * width + 64, sizeof *d->plane);
    d->lines = carve(base, &at, d->lines_count * 2 * bp_photon_lines_size(width), sizeof *d->lines);
    d->escapes = carve(base, &at, left / d->escape_bytes + BP_PHOTON_ESCAPE_SLACK, sizeof *d->escapes);
    d->tail = carve(base, &at, left + d->band_count * BP_PHOTON_WORD_SLACK, 1);
    d->hidden = d->map ? carve(base, &at, steps + 64, sizeof *d->hidden) : NULL;
    return at;
}

static void read_bands(decoder *d)
{
    size_t height = d->frame->height, width = d->frame->width, done = 0;
    uint8_t *tail = d->tail;
    uint32_t *hidden = d->hidden;
    for (size_t i = 0; i < d->band_count && !d->reader.bad; i++) {
        bp_photon_band *band = &d->bands[i];
        size_t top = bp_photon_band_row(height, d->band_count, i);
        band->height = bp_photon_band_row(height, d->band_count, i + 1) - top;
        band->out = d->plane + top * width;
        size_t escapes = read_band(d, band);
        if (d->reader.bad)
            break;
        tail = keep_slack(d, band, tail);
        band->escapes = d->escapes + done;
        band->escapes_end = band->escapes + escapes;
        d->escape_counts[i] = escapes;
        read_escapes(d, d->reader.at, escapes, d->escapes + done);
        done += escapes;
        d->reader.at += escapes * d->escape_bytes;
        if (hidden) {
            band->hidden = hidden;
            hidden += bp_photon_steps(band->height, width);
        }
    }
    memset(d->escapes + done, 0, BP_PHOTON_ESCAPE_SLACK * sizeof *d->escapes);
}

typedef struct large_pixel {
    uint64_t when; /* step and lane */
    size_t pixel;
} large_pixel;

static int compare_large(const void *a, const void *b)
{
    const large_pixel *x = a, *y = b;
    return x->when < y->when ? -1 : x->when > y->when;
}

/* The next large work value at or behind i, or end. */
static size_t next_large(const uint16_t *plane, size_t i, size_t end)
{
    for (; i + 32 <= end; i += 32) {
        uint16_t most = 0;
        for (size_t j = i; j < i + 32; j++)
            most = plane[j] > most ? plane[j] : most;
        if (most == BP_PHOTON_LARGE)
            break;
    }
    while (i < end && plane[i] != BP_PHOTON_LARGE)
        i++;
    return i;
}

/* Pixels of a band with large values, in the order of their escapes; *count 0: none. */
static bp_status find_large(bp_context *ctx, const decoder *d, size_t band, large_pixel **found,
                            size_t *count)
{
    size_t width = d->frame->width, top = bp_photon_band_row(d->frame->height, d->band_count, band);
    size_t pixels = d->bands[band].height * width, room = 0;
    const uint16_t *plane = d->plane + top * width;
    for (size_t i = next_large(plane, 0, pixels); i < pixels; i = next_large(plane, i + 1, pixels)) {
        if (d->map && d->map[top * width + i])
            continue;
        if (*count == room) {
            room = 2 * room + 64;
            large_pixel *more = realloc(*found, room * sizeof *more);
            if (!more)
                return bp_fail(ctx, BP_E_MEMORY, "photon: no memory for large values");
            *found = more;
        }
        size_t row = i / width, lane = row % BP_PHOTON_LANES;
        uint64_t when = bp_photon_step_of(row, i % width, width) * BP_PHOTON_LANES + lane;
        (*found)[(*count)++] = (large_pixel){when, top * width + i};
    }
    if (*count)
        qsort(*found, *count, sizeof **found, compare_large);
    return BP_OK;
}

static void put_large(const decoder *d, size_t i, uint32_t work)
{
    uint32_t low = 0;
    for (unsigned b = 0; b < d->form.low; b++)
        low |= (uint32_t)(d->low[(i / 32 * d->form.low + b) * 4 + i % 32 / 8] >> i % 8 & 1) << b;
    store(d->frame, d->values, i, (work << d->form.low | low) * d->form.step + d->form.base);
}

static bp_status put_large_of(bp_context *ctx, const decoder *d, size_t band, const uint32_t *escapes)
{
    size_t count = 0, at = 0, escape_count = d->escape_counts[band];
    large_pixel *large = NULL;
    bool any = false;
    for (size_t i = 0; i < escape_count; i++)
        any |= escapes[i] >= BP_PHOTON_LARGE;
    bp_status status = any ? find_large(ctx, d, band, &large, &count) : BP_OK;
    for (size_t i = 0; status == BP_OK && i < escape_count && at < count; i++)
        if (escapes[i] >= BP_PHOTON_LARGE)
            put_large(d, large[at++].pixel, escapes[i]);
    free(large);
    return status;
}

/* Work values of a band back to their grid. */
static bp_status put_band(bp_context *ctx, const decoder *d, size_t band)
{
    size_t width = d->frame->width, from = bp_photon_band_row(d->frame->height, d->band_count, band) * width;
    size_t pixels = d->bands[band].height * width;
    const uint32_t *escapes = d->escapes;
    for (size_t b = 0; b < band; b++)
        escapes += d->escape_counts[b];
    if ((uintptr_t)d->values % d->frame->itemsize == 0)
        bp_kernels_get()->photon_values->put(&d->form, d->plane + from, d->low + from / 8 * d->form.low,
                                             pixels, d->values + from * d->frame->itemsize);
    else
        for (size_t i = from; i < from + pixels; i++)
            put_large(d, i, d->plane[i]);
    bp_status status = put_large_of(ctx, d, band, escapes);
    put_labels(d, from, from + pixels);
    return status;
}

/* A row of work values without low bits, while it is in the nearest cache. */
static void put_row(void *user, const bp_photon_band *band, size_t row, const uint16_t *work)
{
    const decoder *d = user;
    size_t width = d->frame->width, from = (size_t)(band->out - d->plane) + row * width;
    bp_kernels_get()->photon_values->put(&d->form, work, NULL, width, d->values + from * d->frame->itemsize);
    put_labels(d, from, from + width);
}

/* Can rows of these bands be put as they come? Large values are known only at the end. */
static bool is_direct(const decoder *d, size_t first, size_t count)
{
    const bp_photon_band *end = &d->bands[first + count - 1];
    bool direct = d->form.low == 0 && (uintptr_t)d->values % d->frame->itemsize == 0;
    for (const uint32_t *e = d->bands[first].escapes; direct && e < end->escapes_end; e++)
        direct = *e < BP_PHOTON_LARGE;
    return direct;
}

/* The bands of one thread, to values. */
static bp_status decode_together(bp_context *ctx, void *user, size_t index)
{
    decoder *d = user;
    size_t first = index * d->together, left = d->band_count - first;
    size_t count = left < d->together ? left : d->together;
    size_t lines = d->lines_count > 1 ? index * 2 * bp_photon_lines_size(d->frame->width) : 0;
    bool direct = is_direct(d, first, count);
    const bp_photon_target target = {.tables = d->tables,
                                     .width = d->frame->width,
                                     .stride = d->frame->width,
                                     .lines = d->lines + lines,
                                     .take = direct ? put_row : NULL,
                                     .user = d};
    for (size_t b = first; b < first + count && d->hidden; b++)
        fill_hidden(d, b);
    if (!bp_kernels_get()->photon_decode(&target, d->bands + first, count))
        return bp_fail(ctx, BP_E_DAMAGED, "photon: the payload of a frame of %zu x %zu pixels is damaged",
                       d->frame->height, d->frame->width);
    bp_status status = BP_OK;
    for (size_t b = first; b < first + count && !direct && status == BP_OK; b++)
        status = put_band(ctx, d, b);
    return status;
}

/* What stands before the tables. */
static void read_coded_header(decoder *d)
{
    bp_photon_reader *r = &d->reader;
    size_t groups = bp_photon_groups(d->frame->height),
           blocks = (d->frame->height * d->frame->width + 31) / 32;
    d->form.low = bp_photon_get_byte(r);
    d->low = r->at;
    if (d->form.low > 31 || blocks * 4 > (size_t)(r->end - r->at) / (d->form.low ? d->form.low : 1))
        r->bad = d->form.low != 0;
    if (r->bad)
        return;
    r->at += blocks * 4 * d->form.low;
    d->band_count = bp_photon_get_byte(r);
    d->escape_bytes = bp_photon_get_byte(r);
    if (d->band_count == 0 || d->band_count > BP_PHOTON_MOST_BANDS || d->band_count > groups ||
        d->escape_bytes == 0 || d->escape_bytes > 4)
        r->bad = true;
}

/* Pairs of bands for each thread, or single ones where these are too few. */
static void share_out(bp_context *ctx, decoder *d)
{
    size_t width = bp_pool_width(ctx);
    d->together = d->band_count < 2 * width ? 1 : 2;
    d->lines_count = width > 1 ? (d->band_count + d->together - 1) / d->together : 1;
}

static bp_status read_coded(bp_context *ctx, decoder *d)
{
    bp_photon_reader *r = &d->reader;
    read_coded_header(d);
    if (r->bad)
        return BP_OK;
    share_out(ctx, d);
    d->room = bp_scratch_take(ctx, lay_out(d, NULL));
    if (!d->room)
        return bp_fail(ctx, BP_E_MEMORY, "photon: no memory for a frame of %zu bytes", d->frame->bytes);
    lay_out(d, d->room);
    memset(d->tables, 0, offsetof(bp_photon_tables, slots)); /* of the slots those in use are filled later */
    bp_photon_tables_read(r, d->tables, &d->weights);
    const bool slots = bp_kernels_get()->photon_decode_slots;
    if (r->bad || !bp_photon_tables_build(d->tables, &d->weights, slots)) {
        r->bad = true;
        return BP_OK;
    }
    read_bands(d);
    if (r->bad)
        return BP_OK;
    return bp_pool_split(ctx, (d->band_count + d->together - 1) / d->together, decode_together, d);
}

static bp_status read_frame(bp_context *ctx, decoder *d)
{
    bp_photon_reader *r = &d->reader;
    unsigned method = bp_photon_get_byte(r), flags = bp_photon_get_byte(r);
    bool sparse = method == BP_PHOTON_METHOD_SPARSE;
    if ((method != BP_PHOTON_METHOD_BANDS && !sparse) || flags > BP_PHOTON_FLAGS)
        return bp_fail(ctx, BP_E_DAMAGED, "photon: method %u with flags %u is unknown", method, flags);
    d->form.itemsize = d->frame->itemsize;
    d->form.base = get_natural(r);
    d->form.step = bp_photon_get_number(r) + 1;
    bp_status status = BP_OK;
    if (flags & BP_PHOTON_HAS_LABELS)
        status = read_labels(ctx, d);
    if (status != BP_OK)
        return status;
    bool flat = flags & BP_PHOTON_FLAT;
    if ((flat || sparse) && !r->bad)
        put_flat(d);
    if (sparse && !flat && !r->bad)
        status =
            bp_photon_sparse_read(ctx, r, &d->form, d->map, d->frame->height * d->frame->width, d->values);
    else if (!flat && !r->bad)
        status = read_coded(ctx, d);
    if (status != BP_OK)
        return status;
    if (r->bad || r->at != r->end)
        return bp_fail(ctx, BP_E_DAMAGED, "photon: the payload of a frame of %zu x %zu pixels is damaged",
                       d->frame->height, d->frame->width);
    return BP_OK;
}

bp_status bp_photon_decode_frame(bp_context *ctx, const double *params, const bp_frames *frame,
                                 const uint8_t *in, size_t size, void *values)
{
    (void)params;
    decoder d = {.frame = frame, .values = values, .reader = {.at = in, .end = in + size}};
    bp_status status = read_frame(ctx, &d);
    bp_scratch_give(ctx, d.map);
    bp_scratch_give(ctx, d.room);
    return status;
}
