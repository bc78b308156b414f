/* SPDX-License-Identifier: BSD-3-Clause
 * What chunks photon takes, and reading one. */
#include <stdlib.h>
#include <string.h>

#include "algo/photon_bytes.h"
#include "algo/photon_chunk.h"
#include "algo/photon_stack.h"
#include "algo/photon_time.h"
#include "base/checked.h"
#include "base/scratch.h"

#define MAX_PIXELS ((size_t)1 << 30)

bp_status bp_photon_check(bp_context *ctx, const bp_array *in)
{
    bp_frames frames = bp_frames_of(in);
    if (frames.count && frames.height > MAX_PIXELS / frames.width)
        return bp_fail(ctx, BP_E_UNSUPPORTED, "photon: a frame of %zu x %zu pixels is too large",
                       frames.height, frames.width);
    if (frames.count > 1 && frames.bytes > UINT32_MAX / 2)
        return bp_fail(ctx, BP_E_UNSUPPORTED, "photon: several frames of %zu bytes are too large",
                       frames.bytes);
    return BP_OK;
}

/* Header and the values as they are. */
size_t bp_photon_worst_size(const bp_array *in)
{
    size_t size;
    return bp_add_overflows(1, bp_array_bytes(in), &size) ? 0 : size;
}

typedef struct decoder {
    bp_context *ctx;
    const bp_photon_level *level;
    bp_frames frames; /* as they are */
    bp_frames pixels; /* as the level gives them */
    unsigned head;
    bp_photon_reader reader, index;
    const uint8_t *unit; /* the next one */
    bp_photon_map map;
    bp_photon_pixels form;
    size_t units;
    bp_photon_time time;
    uint8_t *buffer, *remainder; /* pixels of a unit, and before time was undone */
} decoder;

static void decoder_fini(decoder *d)
{
    bp_photon_map_fini(&d->map);
    bp_photon_time_fini(&d->time);
    bp_scratch_give(d->ctx, d->buffer);
    bp_scratch_give(d->ctx, d->remainder);
}

static bp_status no_memory(bp_context *ctx)
{
    return bp_fail(ctx, BP_E_MEMORY, "photon: no memory for a chunk");
}

static bp_status damaged(bp_context *ctx)
{
    return bp_fail(ctx, BP_E_DAMAGED, "photon: the header of a chunk is damaged");
}

static bp_status read_map(decoder *d)
{
    bp_photon_reader *r = &d->reader;
    if (!bp_photon_map_read(r, d->frames.dtype, &d->map))
        return no_memory(d->ctx);
    size_t itemsize = bp_photon_get_byte(r),
           unit = d->frames.height * d->frames.width * (d->units == 1 ? d->frames.count : 1);
    uint32_t least = bp_photon_get_number(r);
    if (r->bad || (itemsize != 1 && itemsize != 2 && itemsize != 4))
        return damaged(d->ctx);
    d->form = (bp_photon_pixels){itemsize == 1   ? BP_U8
                                 : itemsize == 2 ? BP_U16
                                                 : BP_U32,
                                 itemsize, (int32_t)(least & 1 ? ~(least >> 1) : least >> 1)};
    d->pixels = bp_photon_frames_as(&d->frames, d->form.dtype);
    d->buffer = bp_scratch_take(d->ctx, unit * itemsize);
    return d->buffer ? BP_OK : no_memory(d->ctx);
}

static bp_status read_time(decoder *d)
{
    if (d->units < 2 || !bp_photon_time_read(&d->reader, &d->pixels, &d->time))
        return d->units < 2 ? damaged(d->ctx) : no_memory(d->ctx);
    if (d->reader.bad)
        return damaged(d->ctx);
    d->remainder = bp_scratch_take(d->ctx, d->time.remainder.bytes);
    return d->remainder ? BP_OK : no_memory(d->ctx);
}

/* Everything before the index; finds where the units begin. */
static bp_status read_header(decoder *d)
{
    bool takes = bp_photon_map_takes(d->frames.dtype), mapped = d->head & BP_PHOTON_HEAD_MAPPED;
    d->level = bp_photon_level_by_number(d->head & BP_PHOTON_HEAD_LEVEL);
    if (!d->level || d->head & ~(unsigned)BP_PHOTON_HEAD_ALL || takes != mapped ||
        (d->head & BP_PHOTON_HEAD_RAW && !mapped))
        return damaged(d->ctx);
    d->units = d->level->whole ? 1 : d->frames.count;
    bp_status status = mapped ? read_map(d) : BP_OK;
    if (status == BP_OK && d->head & BP_PHOTON_HEAD_TIME)
        status = read_time(d);
    if (status != BP_OK)
        return status;
    d->index = d->reader;
    size_t per_unit = (size_t)(d->units > 1) + (d->head & BP_PHOTON_HEAD_RAW ? 1 : 0);
    for (size_t i = 0; i < d->units * per_unit && !d->reader.bad; i++)
        bp_photon_get_number(&d->reader);
    d->unit = d->reader.at;
    return d->reader.bad ? damaged(d->ctx) : BP_OK;
}

typedef struct unit_place {
    const uint8_t *coded, *raw;
    size_t coded_bytes, raw_bytes;
    unsigned mode;
} unit_place;

/* Where the next unit stands. */
static bool next_unit(decoder *d, unit_place *place)
{
    size_t left = (size_t)(d->reader.end - d->unit);
    bool alone = d->units == 1;
    *place = (unit_place){.coded = d->unit};
    uint32_t length = alone ? 0 : bp_photon_get_number(&d->index);
    if (d->head & BP_PHOTON_HEAD_RAW)
        place->raw_bytes = bp_photon_get_number(&d->index);
    if (d->head & BP_PHOTON_HEAD_TIME) {
        place->mode = length & ((1u << BP_PHOTON_TIME_BITS) - 1);
        length >>= BP_PHOTON_TIME_BITS;
    }
    if (place->raw_bytes > left || length > left - place->raw_bytes)
        return false;
    place->coded_bytes = alone ? left - place->raw_bytes : length;
    place->raw = place->coded + place->coded_bytes;
    d->unit = place->raw + place->raw_bytes;
    return place->coded_bytes > 0 && place->mode < BP_PHOTON_TIME_MODES;
}

static bp_status decode_pixels(decoder *d, const bp_frames *unit, const unit_place *place, uint8_t *out)
{
    size_t bytes = unit->count * unit->bytes;
    if (place->coded_bytes == bytes)
        memcpy(out, place->coded, bytes);
    else if (place->coded_bytes > bytes)
        return bp_fail(d->ctx, BP_E_DAMAGED, "photon: %zu bytes for a frame of %zu", place->coded_bytes,
                       bytes);
    else
        return d->level->decode(d->ctx, NULL, unit, place->coded, place->coded_bytes, out);
    return BP_OK;
}

static bp_status decode_timed(decoder *d, const unit_place *place, uint8_t *out)
{
    const bp_frames *frame = place->mode ? &d->time.remainder : &d->time.frame;
    bp_status status = decode_pixels(d, frame, place, place->mode ? d->remainder : out);
    if (status != BP_OK)
        return status;
    bool good = place->mode ? bp_photon_time_back(&d->time, place->mode, d->remainder, out)
                            : bp_photon_time_load(&d->time, out);
    bp_photon_time_add(&d->time);
    return good ? BP_OK : bp_fail(d->ctx, BP_E_DAMAGED, "photon: a value is not on the grid of its chunk");
}

/* Pixels through the map, so many at a time that their numbers stay in the nearest cache. */
static bool map_back(const decoder *d, size_t count, uint8_t *values, bp_photon_bit_reader *raw)
{
    enum { PIECE = 2048 };
    int32_t numbers[PIECE];
    for (size_t at = 0; at < count; at += PIECE) {
        size_t n = count - at < PIECE ? count - at : PIECE;
        bp_photon_pixels_get(&d->form, d->buffer + at * d->form.itemsize, n, numbers);
        if (!bp_photon_map_back(&d->map, numbers, n, values + at * d->frames.itemsize, raw))
            return false;
    }
    return true;
}

/* The next unit, to values. */
static bp_status decode_unit(decoder *d, const unit_place *place, uint8_t *values)
{
    bool mapped = d->head & BP_PHOTON_HEAD_MAPPED;
    bp_frames unit = d->pixels;
    unit.count = d->units == 1 ? d->frames.count : 1;
    uint8_t *pixels = mapped ? d->buffer : values;
    bp_status status = d->head & BP_PHOTON_HEAD_TIME ? decode_timed(d, place, pixels)
                                                     : decode_pixels(d, &unit, place, pixels);
    if (status != BP_OK || !mapped)
        return status;
    size_t count = unit.count * unit.height * unit.width;
    bp_photon_bit_reader raw = {.at = place->raw, .end = place->raw + place->raw_bytes};
    if (!map_back(d, count, values, &raw) || !bp_photon_bits_done(&raw))
        return bp_fail(d->ctx, BP_E_DAMAGED, "photon: raw bits do not fit their frame");
    return BP_OK;
}

static bp_status decode_stored(decoder *d, size_t first, size_t count, uint8_t *values)
{
    if (d->head != BP_PHOTON_LEVEL_STORED ||
        (size_t)(d->reader.end - d->reader.at) != d->frames.count * d->frames.bytes)
        return damaged(d->ctx);
    memcpy(values, d->reader.at + first * d->frames.bytes, count * d->frames.bytes);
    return BP_OK;
}

/* Does any frame from first to end say what it is by those before it? */
static bool leans_on_others(const decoder *d, size_t first, size_t end)
{
    decoder look = *d;
    unit_place place;
    for (size_t u = 0; d->head & BP_PHOTON_HEAD_TIME && u < end; u++)
        if (!next_unit(&look, &place) || (u >= first && place.mode != BP_PHOTON_TIME_NONE))
            return true;
    return false;
}

/* Units first to end; of others only the place, or what is to be known of time. */
static bp_status decode_units(decoder *d, size_t first, size_t end, uint8_t *values)
{
    size_t bytes = d->units == 1 ? d->frames.count * d->frames.bytes : d->frames.bytes;
    bool all = leans_on_others(d, first, end);
    for (size_t u = 0; u < d->units; u++) {
        unit_place place;
        bp_status status = next_unit(d, &place) ? BP_OK : damaged(d->ctx);
        if (status == BP_OK && u >= first && u < end)
            status = decode_unit(d, &place, values + (u - first) * bytes);
        else if (status == BP_OK && all && u < first)
            status = decode_timed(d, &place, d->buffer);
        if (status != BP_OK)
            return bp_fail_in(d->ctx, status, "frame %zu of %zu", u, d->frames.count);
    }
    return d->unit == d->reader.end ? BP_OK : damaged(d->ctx);
}

/* All frames, then those asked for. */
static bp_status decode_and_cut(decoder *d, size_t first, size_t count, uint8_t *values)
{
    uint8_t *all = malloc(d->frames.count * d->frames.bytes);
    if (!all)
        return no_memory(d->ctx);
    bp_status status = decode_units(d, 0, d->units, all);
    if (status == BP_OK)
        memcpy(values, all + first * d->frames.bytes, count * d->frames.bytes);
    free(all);
    return status;
}

static bp_status decode_coded(decoder *d, size_t first, size_t count, uint8_t *values)
{
    bool part = count < d->frames.count;
    bp_status status = read_header(d);
    if (status == BP_OK && part && d->units == 1)
        return decode_and_cut(d, first, count, values);
    if (status == BP_OK && part && !d->buffer)
        d->buffer = bp_scratch_take(d->ctx, d->pixels.bytes);
    if (status == BP_OK && part && !d->buffer)
        return no_memory(d->ctx);
    return status == BP_OK ? decode_units(d, first, d->units == 1 ? 1 : first + count, values) : status;
}

bp_status bp_photon_decode_frames(bp_context *ctx, const uint8_t *in, size_t size, const bp_array *whole,
                                  size_t first, size_t count, void *values)
{
    decoder d = {.ctx = ctx, .time = {.step = 1}, .reader = {.at = in, .end = in + size}};
    d.frames = d.pixels = bp_frames_of(whole);
    if (first > d.frames.count || count > d.frames.count - first)
        return bp_fail(ctx, BP_E_USAGE, "photon: frames %zu to %zu of %zu", first, first + count,
                       d.frames.count);
    if (d.frames.count == 0)
        return size == 0 ? BP_OK : bp_fail(ctx, BP_E_DAMAGED, "photon: %zu bytes for no values", size);
    d.head = bp_photon_get_byte(&d.reader);
    bp_status status;
    if (d.reader.bad)
        status = damaged(ctx);
    else if ((d.head & BP_PHOTON_HEAD_LEVEL) == BP_PHOTON_LEVEL_STORED)
        status = decode_stored(&d, first, count, values);
    else
        status = decode_coded(&d, first, count, values);
    decoder_fini(&d);
    return status;
}

bp_status bp_photon_decode(bp_context *ctx, const uint8_t *in, size_t size, const bp_array *out)
{
    return bp_photon_decode_frames(ctx, in, size, out, 0, bp_frames_of(out).count, out->data);
}
