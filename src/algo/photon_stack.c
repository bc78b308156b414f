/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "algo/photon.h"
#include "algo/photon_bytes.h"
#include "algo/photon_stack.h"
#include "base/checked.h"

#define MAX_PIXELS ((size_t)1 << 30)

/* The first byte. */
enum { HEADER_LEVEL = 7, LEVEL_STORED = 7 };

#define MOST_LENGTH_BYTES 5

enum { FRAME, CHUNK };

typedef bp_status (*encode_function)(bp_context *ctx, const double *params, const bp_frames *frame,
                                     const void *values, uint8_t *out, size_t capacity, size_t *size);
typedef bp_status (*decode_function)(bp_context *ctx, const double *params, const bp_frames *frame,
                                     const uint8_t *in, size_t size, void *values);

typedef struct level {
    unsigned number, scope;
    encode_function encode;
    decode_function decode;
} level;

static const level levels[] = {
#define PHOTON_LEVEL(name, word, number, scope, encode, decode) {number, scope, encode, decode},
#include "algo/photon_levels.def"
#undef PHOTON_LEVEL
};

bp_status bp_photon_check(bp_context *ctx, const bp_array *in)
{
    bp_frames frames = bp_frames_of(in);
    if (frames.count && frames.height > MAX_PIXELS / frames.width)
        return bp_fail(ctx, BP_E_UNSUPPORTED, "photon: a frame of %zu x %zu pixels is too large",
                       frames.height, frames.width);
    if (frames.count > 1 && frames.bytes > UINT32_MAX)
        return bp_fail(ctx, BP_E_UNSUPPORTED, "photon: several frames of %zu bytes are too large",
                       frames.bytes);
    return BP_OK;
}

/* Header, lengths and values as they are. */
size_t bp_photon_worst_size(const bp_array *in)
{
    size_t lengths, size;
    if (bp_mul_overflows(bp_frames_of(in).count, MOST_LENGTH_BYTES, &lengths) ||
        bp_add_overflows(lengths + 1, bp_array_bytes(in), &size))
        return 0;
    return size;
}

/* A frame that does not get smaller is stored as it is: its length says so. */
static bp_status encode_frames(bp_context *ctx, const level *l, const bp_frames *frames,
                               const uint8_t *values, uint8_t *out, size_t *size)
{
    uint8_t *const streams = out + (frames->count > 1 ? frames->count * MOST_LENGTH_BYTES : 0);
    uint8_t *at = streams;
    bp_photon_writer lengths = {.at = out, .end = streams};
    for (size_t i = 0; i < frames->count; i++, values += frames->bytes) {
        size_t coded = 0;
        bp_status status = l->encode(ctx, NULL, frames, values, at, frames->bytes - 1, &coded);
        if (status != BP_OK)
            return bp_fail_in(ctx, status, "frame %zu of %zu", i, frames->count);
        if (coded == 0) {
            memcpy(at, values, frames->bytes);
            coded = frames->bytes;
        }
        at += coded;
        if (frames->count > 1)
            bp_photon_put_number(&lengths, (uint32_t)(frames->bytes - coded));
    }
    memmove(lengths.at, streams, (size_t)(at - streams));
    *size = (size_t)(at - streams) + (size_t)(lengths.at - out);
    return BP_OK;
}

static bp_status decode_frames(bp_context *ctx, const level *l, const bp_frames *frames, const uint8_t *in,
                               size_t size, uint8_t *values)
{
    bp_photon_reader lengths = {.at = in, .end = in + size}, streams = lengths;
    for (size_t i = 0; frames->count > 1 && i < frames->count; i++)
        bp_photon_get_number(&streams);
    for (size_t i = 0; i < frames->count && !streams.bad; i++, values += frames->bytes) {
        size_t left = (size_t)(streams.end - streams.at);
        size_t saved = frames->count > 1 ? bp_photon_get_number(&lengths) : 0;
        size_t coded = frames->count > 1 ? frames->bytes - saved : left;
        if (saved >= frames->bytes || coded > left)
            return bp_fail(ctx, BP_E_DAMAGED, "photon: frame %zu is longer than its chunk", i);
        bp_status status = BP_OK;
        if (coded == frames->bytes)
            memcpy(values, streams.at, coded);
        else
            status = l->decode(ctx, NULL, frames, streams.at, coded, values);
        if (status != BP_OK)
            return bp_fail_in(ctx, status, "frame %zu of %zu", i, frames->count);
        streams.at += coded;
    }
    if (streams.bad || streams.at != streams.end)
        return bp_fail(ctx, BP_E_DAMAGED, "photon: a chunk of %zu frames is damaged", frames->count);
    return BP_OK;
}

bp_status bp_photon_encode(bp_context *ctx, size_t level_index, const bp_array *in, uint8_t *out,
                           size_t capacity, size_t *size)
{
    const level *l = &levels[level_index];
    bp_frames frames = bp_frames_of(in);
    size_t bytes = frames.count * frames.bytes, coded = 0;
    *size = 0;
    if (bytes == 0)
        return BP_OK;
    if (capacity < bp_photon_worst_size(in))
        return bp_fail(ctx, BP_E_INTERNAL, "photon: an output of %zu bytes is too small", capacity);
    out[0] = (uint8_t)l->number;
    bp_status status = l->scope == CHUNK ? l->encode(ctx, NULL, &frames, in->data, out + 1, bytes, &coded)
                                         : encode_frames(ctx, l, &frames, in->data, out + 1, &coded);
    if (status != BP_OK)
        return status;
    if (coded == 0 || coded >= bytes) {
        out[0] = LEVEL_STORED;
        memcpy(out + 1, in->data, bytes);
        coded = bytes;
    }
    *size = coded + 1;
    return BP_OK;
}

static bp_status decode_level(bp_context *ctx, unsigned number, const bp_frames *frames, const uint8_t *in,
                              size_t size, uint8_t *values)
{
    if (number == LEVEL_STORED) {
        if (size != frames->count * frames->bytes)
            return bp_fail(ctx, BP_E_DAMAGED, "photon: %zu bytes for %zu frames of %zu", size, frames->count,
                           frames->bytes);
        memcpy(values, in, size);
        return BP_OK;
    }
    for (size_t i = 0; i < BP_PHOTON_LEVELS; i++)
        if (levels[i].number == number)
            return levels[i].scope == CHUNK ? levels[i].decode(ctx, NULL, frames, in, size, values)
                                            : decode_frames(ctx, &levels[i], frames, in, size, values);
    return bp_fail(ctx, BP_E_DAMAGED, "photon: level number %u is unknown", number);
}

bp_status bp_photon_decode(bp_context *ctx, const uint8_t *in, size_t size, const bp_array *out)
{
    bp_frames frames = bp_frames_of(out);
    if (frames.count == 0)
        return size == 0 ? BP_OK : bp_fail(ctx, BP_E_DAMAGED, "photon: %zu bytes for no values", size);
    if (size == 0 || in[0] & ~(unsigned)HEADER_LEVEL)
        return bp_fail(ctx, BP_E_DAMAGED, "photon: the header of a chunk is damaged");
    return decode_level(ctx, in[0] & HEADER_LEVEL, &frames, in + 1, size - 1, out->data);
}
