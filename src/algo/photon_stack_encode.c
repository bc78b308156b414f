/* SPDX-License-Identifier: BSD-3-Clause
 * Writes a chunk: map of the values, prediction in time, frames, index. */
#include <stdlib.h>
#include <string.h>

#include "algo/photon_bytes.h"
#include "algo/photon_chunk.h"
#include "algo/photon_stack.h"
#include "algo/photon_time.h"

#define INDEX_BYTES  16    /* at most, of a frame */
#define TRIAL_PIXELS 16384 /* of a frame, on which modes and maps are tried */
#define STRIPS       3     /* of a frame, on which modes are tried */
#define STRIP_ROWS   24    /* at least: fewer would not show what the rows above are worth */
#define TRIAL_FRAMES 5     /* on the last of which it is tried whether time is of use */
#define LEAST_PIXELS 256   /* of a frame, for which time is tried */
/* A mode that saves less than this part is not worth the work. */
#define LEAST_GAIN      256
#define LEAST_GAIN_FAST 32
#define NUMBER_BYTES    5
#define MAP_RAW_SLACK   16
#define MOST_OUTLIERS   16 /* one value of so many, where a scale was found */

/* Rows of a frame on which modes are tried: some strips, or all. */
typedef struct strips {
    size_t count, rows, first, between; /* first rows of the first strip, and from one to the next */
} strips;

typedef struct encoder {
    bp_context *ctx;
    const bp_photon_level *level;
    bp_frames frames;      /* as they came */
    bp_frames pixels;      /* as the level gets them */
    const uint8_t *values; /* of all pixels */
    uint8_t *owned;        /* these, when they were mapped */
    bp_photon_map map;
    bool mapped, timed;
    bp_photon_pixels form;
    uint8_t *raw; /* raw bits of all units, one behind the other */
    size_t *raw_bytes;
    size_t raw_total, units;
    bp_photon_time time;
    strips strips;
    uint8_t *remainder, *trial;
    unsigned mode;  /* of the current frame */
    uint64_t rough; /* of the frame for which it was chosen */
} encoder;

static void encoder_fini(encoder *e)
{
    free(e->owned);
    free(e->raw);
    free(e->raw_bytes);
    free(e->remainder);
    free(e->trial);
    bp_photon_map_fini(&e->map);
    bp_photon_time_fini(&e->time);
}

static bp_status no_memory(bp_context *ctx)
{
    return bp_fail(ctx, BP_E_MEMORY, "photon: no memory for a chunk");
}

/* Level fast tells fixed point from split patterns as well as balanced does, in a tenth of its time. */
static const bp_photon_level *trial_level(const encoder *e, const bp_photon_map *maps, size_t count)
{
    bool quick = e->level->number == bp_photon_level_at(BP_PHOTON_LEVEL_BALANCED)->number;
    for (size_t i = 0; i < count; i++)
        quick &= maps[i].kind == BP_PHOTON_KIND_FIXED || maps[i].kind == BP_PHOTON_KIND_SPLIT;
    return quick ? bp_photon_level_at(BP_PHOTON_LEVEL_FAST) : e->level;
}

/* What a map makes of a strip of rows in the middle, in bytes of a whole chunk. */
static bp_status try_map(encoder *e, const bp_photon_level *level, const bp_photon_map *map, uint64_t *cost)
{
    size_t rows = 1 + TRIAL_PIXELS / e->frames.width, height = e->frames.height;
    rows = rows < height ? rows : height;
    size_t count = rows * e->frames.width, total = e->frames.count * height * e->frames.width, coded = 0;
    size_t first = (e->frames.count / 2 * height + (height - rows) / 2) * e->frames.width;
    int32_t *numbers = malloc(count * sizeof *numbers);
    uint8_t *raw = malloc(count * e->frames.itemsize + MAP_RAW_SLACK), *pixels = malloc(count * 4);
    uint8_t *out = malloc(count * 4), *header = malloc(BP_PHOTON_MOST_RANKS * 10);
    bp_status status = numbers && raw && pixels && out && header ? BP_OK : no_memory(e->ctx);
    if (status == BP_OK) {
        bp_photon_bit_writer bits = {.at = raw};
        bp_photon_writer w = {.at = header, .end = header + BP_PHOTON_MOST_RANKS * 10};
        bp_photon_map_forward(map, e->values + first * e->frames.itemsize, count, numbers, &bits);
        bp_photon_pixels form = bp_photon_pixels_for(numbers, count);
        bp_photon_pixels_put(&form, numbers, count, pixels);
        bp_photon_map_write(&w, map);
        bp_frames strip = bp_photon_frames_as(&e->frames, form.dtype);
        strip.count = 1;
        strip.height = rows;
        strip.bytes = count * form.itemsize;
        status = level->encode(e->ctx, NULL, &strip, pixels, out, strip.bytes, &coded);
        coded = (coded ? coded : strip.bytes) + (size_t)(bits.at - raw);
        *cost = (uint64_t)coded * total / count + (uint64_t)(w.at - header);
    }
    free(numbers);
    free(raw);
    free(pixels);
    free(out);
    free(header);
    return status;
}

/* The map of least cost. Not the first time: the one of the first time, which is no table, competes with
 * those for any values. */
static bp_status choose_map(encoder *e, bool first_time)
{
    bp_photon_map maps[BP_PHOTON_MAP_CANDIDATES + 1];
    size_t total = e->frames.count * e->frames.height * e->frames.width, best = 0;
    size_t count = bp_photon_map_find(e->frames.dtype, e->values, total, first_time, maps);
    uint64_t least = UINT64_MAX, cost = 0;
    bp_status status = count ? BP_OK : no_memory(e->ctx);
    if (!first_time && count)
        maps[count++] = e->map;
    const bp_photon_level *level = trial_level(e, maps, count);
    for (size_t i = 0; i < count && count > 1 && status == BP_OK; i++) {
        status = try_map(e, level, &maps[i], &cost);
        if (cost < least) {
            least = cost;
            best = i;
        }
    }
    for (size_t i = 0; i < count; i++)
        if (i == best && status == BP_OK)
            e->map = maps[i];
        else
            bp_photon_map_fini(&maps[i]);
    return status;
}

/* Numbers of all values, raw bits of each unit. */
static void forward(encoder *e, size_t total, int32_t *numbers)
{
    size_t unit = total / e->units;
    bp_photon_bit_writer bits = {.at = e->raw};
    for (size_t u = 0; u < e->units; u++) {
        const uint8_t *before = bits.at;
        bp_photon_map_forward(&e->map, e->values + u * unit * e->frames.itemsize, unit, numbers + u * unit,
                              &bits);
        bp_photon_bits_finish(&bits);
        e->raw_bytes[u] = (size_t)(bits.at - before);
    }
    e->raw_total = (size_t)(bits.at - e->raw);
}

/* Replaces the values by pixels and raw bits. */
static bp_status map_values(encoder *e)
{
    size_t total = e->frames.count * e->frames.height * e->frames.width;
    bp_status status = choose_map(e, true);
    if (status != BP_OK)
        return status;
    int32_t *numbers = malloc(total * sizeof *numbers);
    e->owned = malloc(total * bp_dtype_size(BP_U32));
    e->raw = malloc(total * e->frames.itemsize + e->units + MAP_RAW_SLACK);
    e->raw_bytes = calloc(e->units, sizeof *e->raw_bytes);
    if (!numbers || !e->owned || !e->raw || !e->raw_bytes) {
        free(numbers);
        return no_memory(e->ctx);
    }
    forward(e, total, numbers);
    bool scaled = e->map.kind == BP_PHOTON_KIND_SCALE || e->map.kind == BP_PHOTON_KIND_DIVIDE;
    if (scaled && e->raw_total > total * e->frames.itemsize / MOST_OUTLIERS) { /* the sample was unlucky */
        status = choose_map(e, false);
        if (status == BP_OK)
            forward(e, total, numbers);
    }
    if (status == BP_OK) {
        e->form = bp_photon_pixels_for(numbers, total);
        bp_photon_pixels_put(&e->form, numbers, total, e->owned);
        e->pixels = bp_photon_frames_as(&e->frames, e->form.dtype);
        e->values = e->owned;
        e->mapped = true;
    }
    free(numbers);
    return status;
}

static strips strips_of(const bp_frames *frame)
{
    size_t rows = 1 + TRIAL_PIXELS / STRIPS / frame->width, height = frame->height;
    rows = rows > STRIP_ROWS ? rows : STRIP_ROWS;
    if (rows * STRIPS >= height)
        return (strips){1, height, 0, 0};
    size_t between = (height - rows) / STRIPS;
    return (strips){STRIPS, rows, between / 2, between};
}

static size_t strip_top(const strips *s, size_t i)
{
    return s->first + i * s->between;
}

/* Bytes of the strips of the current frame, each coded by itself in a mode. */
static bp_status try_mode(encoder *e, unsigned mode, const uint8_t *values, size_t *size)
{
    strips s = e->strips;
    bp_frames part = mode ? e->time.remainder : e->time.frame;
    size_t row = e->pixels.width * part.itemsize;
    bp_status status = BP_OK;
    part.height = s.rows;
    part.bytes = part.height * row;
    *size = 0;
    for (size_t i = 0; i < s.count && status == BP_OK; i++) {
        size_t top = strip_top(&s, i), coded = 0;
        if (mode)
            bp_photon_time_forward(&e->time, mode, top, s.rows, e->remainder);
        const uint8_t *from = mode ? e->remainder : values + top * row;
        status = e->level->encode(e->ctx, NULL, &part, from, e->trial, part.bytes, &coded);
        *size += coded ? coded : part.bytes;
    }
    return status;
}

/* The mode of least cost for the current frame. */
static bp_status choose_mode(encoder *e, const uint8_t *values)
{
    size_t least, size;
    e->mode = BP_PHOTON_TIME_NONE;
    bp_status status = try_mode(e, BP_PHOTON_TIME_NONE, values, &least);
    if (status == BP_OK)
        least -=
            least / (e->level->number == bp_photon_level_at(BP_PHOTON_LEVEL_FAST)->number ? LEAST_GAIN_FAST
                                                                                          : LEAST_GAIN);
    for (unsigned m = 1; m < BP_PHOTON_TIME_MODES && status == BP_OK; m++) {
        status = try_mode(e, m, values, &size);
        if (size < least) {
            least = size;
            e->mode = m;
        }
    }
    return status;
}

static bp_status encode_unit(encoder *e, const bp_frames *frame, const uint8_t *values, uint8_t *at,
                             size_t room, size_t *size)
{
    bp_status status = BP_OK;
    size_t bytes = frame->count * frame->bytes;
    *size = 0;
    if (room)
        status = e->level->encode(e->ctx, NULL, frame, values, at, room < bytes ? room : bytes - 1, size);
    if (status == BP_OK && *size == 0 && room >= bytes) {
        memcpy(at, values, bytes);
        *size = bytes;
    }
    return status;
}

/* The current frame in the mode that was chosen last. */
static bp_status encode_in_mode(encoder *e, const uint8_t *values, uint8_t *at, size_t room, size_t *size)
{
    if (!e->mode)
        return encode_unit(e, &e->time.frame, values, at, room, size);
    bp_photon_time_forward(&e->time, e->mode, 0, e->pixels.height, e->remainder);
    return encode_unit(e, &e->time.remainder, e->remainder, at, room, size);
}

/* How rough the current frame is in its mode, in 1/256 of how rough it is as it came. */
static uint64_t roughness(const encoder *e)
{
    return bp_photon_time_roughness(&e->time, e->mode) * 256 /
           (bp_photon_time_roughness(&e->time, BP_PHOTON_TIME_NONE) + 1);
}

/* One frame, after what time says of it. The mode is chosen at frames 1, 2, 4, 8, ..., and where it is
 * clearly of less use than when it was chosen. */
static bp_status encode_timed(encoder *e, size_t u, const uint8_t *values, uint8_t *at, size_t room,
                              size_t *size)
{
    if (!bp_photon_time_load(&e->time, values))
        return bp_fail(e->ctx, BP_E_INTERNAL, "photon: a frame left its grid");
    bool turn = u > 0 && (u & (u - 1)) == 0, worse = e->mode && roughness(e) > e->rough + e->rough / 8;
    bp_status status = turn || worse ? choose_mode(e, values) : BP_OK;
    if (turn || worse)
        e->rough = roughness(e);
    if (status == BP_OK)
        status = encode_in_mode(e, values, at, room, size);
    bp_photon_time_add(&e->time);
    return status;
}

/* Units to at, their lengths to index. *end is NULL when they did not fit. */
static bp_status encode_units(encoder *e, bp_photon_writer *index, uint8_t *at, const uint8_t *limit,
                              uint8_t **end)
{
    bp_frames unit = e->pixels;
    const uint8_t *raw = e->raw;
    unit.count = e->pixels.count / e->units;
    *end = NULL;
    for (size_t u = 0; u < e->units; u++) {
        size_t bytes = unit.count * unit.bytes, size = 0, more = e->raw_total ? e->raw_bytes[u] : 0;
        size_t room = (size_t)(limit - at);
        if (more > room)
            return BP_OK;
        const uint8_t *values = e->values + u * bytes;
        bp_status status = e->timed ? encode_timed(e, u, values, at, room - more, &size)
                                    : encode_unit(e, &unit, values, at, room - more, &size);
        if (status != BP_OK)
            return bp_fail_in(e->ctx, status, "frame %zu of %zu", u, e->units);
        if (size == 0)
            return BP_OK;
        if (e->units > 1)
            bp_photon_put_number(index, (uint32_t)(e->timed ? size << BP_PHOTON_TIME_BITS | e->mode : size));
        if (e->raw_total)
            bp_photon_put_number(index, (uint32_t)more);
        at += size;
        if (more && raw) {
            memcpy(at, raw, more);
            raw += more;
            at += more;
        }
    }
    *end = at;
    return BP_OK;
}

static void write_header(const encoder *e, bp_photon_writer *w)
{
    bp_photon_put_byte(w, e->level->number | (e->mapped ? BP_PHOTON_HEAD_MAPPED : 0u) |
                              (e->timed ? BP_PHOTON_HEAD_TIME : 0u) |
                              (e->raw_total ? BP_PHOTON_HEAD_RAW : 0u));
    if (e->mapped) {
        uint32_t least = (uint32_t)e->form.least;
        bp_photon_map_write(w, &e->map);
        bp_photon_put_byte(w, (unsigned)e->form.itemsize);
        bp_photon_put_number(w, e->form.least < 0 ? ~(least << 1) : least << 1);
    }
    if (e->timed)
        bp_photon_time_write(w, &e->time);
}

static bp_status write_chunk(encoder *e, uint8_t *out, size_t capacity, size_t *size)
{
    bp_photon_writer head = {.at = out, .end = out + capacity};
    write_header(e, &head);
    if (head.full)
        return BP_OK;
    uint8_t *lengths = malloc(e->units * INDEX_BYTES), *end;
    if (!lengths)
        return no_memory(e->ctx);
    bp_photon_writer index = {.at = lengths, .end = lengths + e->units * INDEX_BYTES};
    bp_status status = encode_units(e, &index, head.at, head.end, &end);
    size_t index_bytes = (size_t)(index.at - lengths);
    if (status == BP_OK && end && index_bytes <= (size_t)(head.end - end)) {
        memmove(head.at + index_bytes, head.at, (size_t)(end - head.at));
        memcpy(head.at, lengths, index_bytes);
        *size = (size_t)(end - out) + index_bytes;
    }
    free(lengths);
    return status;
}

static bp_status find_time(encoder *e)
{
    if (!bp_photon_time_find(&e->pixels, e->values, &e->time))
        return BP_OK;
    size_t most = e->time.remainder.bytes > e->pixels.bytes ? e->time.remainder.bytes : e->pixels.bytes;
    e->remainder = malloc(most);
    e->trial = malloc(most);
    e->timed = true;
    return e->remainder && e->trial ? BP_OK : no_memory(e->ctx);
}

/* Does the last of the first few frames take less when time is used? Their strips tell. */
static bp_status try_time(const encoder *e, bool *pays)
{
    strips s = e->strips;
    size_t row = e->pixels.width * e->pixels.itemsize;
    encoder t = {.ctx = e->ctx, .level = e->level, .pixels = e->pixels, .time = {.step = 1}};
    t.strips = (strips){s.count, s.rows, 0, s.rows};
    t.pixels.count = e->pixels.count < TRIAL_FRAMES ? e->pixels.count : TRIAL_FRAMES;
    t.pixels.height = s.rows * s.count;
    t.pixels.bytes = t.pixels.height * row;
    uint8_t *copy = malloc(t.pixels.count * t.pixels.bytes);
    if (!copy)
        return no_memory(e->ctx);
    t.values = copy;
    for (size_t u = 0; u < t.pixels.count; u++)
        for (size_t i = 0; i < s.count; i++)
            memcpy(copy + u * t.pixels.bytes + i * s.rows * row,
                   e->values + u * e->pixels.bytes + strip_top(&s, i) * row, s.rows * row);
    bp_status status = find_time(&t);
    for (size_t u = 0; status == BP_OK && t.timed && u < t.pixels.count; u++) {
        const uint8_t *values = copy + u * t.pixels.bytes;
        bool fits = bp_photon_time_load(&t.time, values);
        if (fits && u + 1 == t.pixels.count)
            status = choose_mode(&t, values);
        bp_photon_time_add(&t.time);
    }
    *pays = t.mode != BP_PHOTON_TIME_NONE;
    encoder_fini(&t);
    free(copy);
    return status;
}

static bp_status prepare_time(encoder *e)
{
    bool pays = false;
    if (e->units < 2 || e->pixels.bytes > UINT32_MAX >> (BP_PHOTON_TIME_BITS + 1) ||
        e->pixels.height * e->pixels.width < LEAST_PIXELS)
        return BP_OK;
    e->strips = strips_of(&e->pixels);
    bp_status status = try_time(e, &pays);
    return status == BP_OK && pays ? find_time(e) : status;
}

/* The chunk as one level makes it; *size 0: not smaller than the values. */
static bp_status encode_level(bp_context *ctx, size_t level_index, const bp_array *in, uint8_t *out,
                              size_t capacity, size_t *size)
{
    encoder e = {
        .ctx = ctx, .level = bp_photon_level_at(level_index), .values = in->data, .time = {.step = 1}};
    e.frames = e.pixels = bp_frames_of(in);
    e.units = e.level->whole ? 1 : e.frames.count;
    *size = 0;
    bp_status status = bp_photon_map_takes(in->dtype) ? map_values(&e) : BP_OK;
    if (status == BP_OK)
        status = prepare_time(&e);
    if (status == BP_OK)
        status = write_chunk(&e, out, capacity, size);
    encoder_fini(&e);
    return status;
}

/* A model that learns can be worse than tables on small frames: max is never larger than balanced. */
static bp_status or_balanced(bp_context *ctx, const bp_array *in, uint8_t *out, size_t capacity, size_t *size)
{
    size_t room = *size && *size < capacity ? *size : capacity, other;
    uint8_t *trial = malloc(room);
    if (!trial)
        return no_memory(ctx);
    bp_status status = encode_level(ctx, BP_PHOTON_LEVEL_BALANCED, in, trial, room, &other);
    if (status == BP_OK && other && (*size == 0 || other < *size)) {
        memcpy(out, trial, other);
        *size = other;
    }
    free(trial);
    return status;
}

bp_status bp_photon_encode(bp_context *ctx, size_t level_index, const bp_array *in, uint8_t *out,
                           size_t capacity, size_t *size)
{
    bp_frames frames = bp_frames_of(in);
    size_t bytes = frames.count * frames.bytes;
    *size = 0;
    if (bytes == 0)
        return BP_OK;
    if (capacity <= bytes)
        return bp_fail(ctx, BP_E_INTERNAL, "photon: an output of %zu bytes is too small", capacity);
    bp_status status = encode_level(ctx, level_index, in, out, bytes, size);
    if (status == BP_OK && level_index == BP_PHOTON_LEVEL_MAX)
        status = or_balanced(ctx, in, out, bytes, size);
    if (status == BP_OK && *size == 0) {
        out[0] = BP_PHOTON_LEVEL_STORED;
        memcpy(out + 1, in->data, bytes);
        *size = bytes + 1;
    }
    return status;
}
