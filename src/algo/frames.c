/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "algo/frames.h"
#include "base/bits.h"
#include "base/checked.h"

#define LENGTH_BYTES 4

static bool is_signed(bp_dtype dtype)
{
    return dtype == BP_I8 || dtype == BP_I16;
}

bp_frames bp_frames_of(const bp_array *in)
{
    bp_frames frames = {.count = 1, .height = 1, .width = 1, .dtype = in->dtype, .itemsize = in->itemsize};
    size_t found = 0;
    for (size_t i = in->rank; i-- > 0;) {
        if (in->shape[i] == 1)
            continue;
        size_t *extent = found == 0 ? &frames.width : found == 1 ? &frames.height : &frames.count;
        *extent *= in->shape[i];
        found++;
    }
    if (bp_array_elements(in) == 0)
        frames.count = 0;
    else
        frames.bytes = frames.height * frames.width * frames.itemsize;
    return frames;
}

static bp_frames frames_of(const bp_frame_coder *coder, const bp_array *in)
{
    bp_frames frames = bp_frames_of(in);
    if (coder->unsigned_only && is_signed(in->dtype))
        frames.dtype = in->dtype == BP_I8 ? BP_U8 : BP_U16;
    return frames;
}

bp_status bp_frames_check(bp_context *ctx, const bp_frame_coder *coder, const bp_array *in)
{
    bp_frames frames = frames_of(coder, in);
    if (frames.count == 0)
        return BP_OK;
    if (frames.height > coder->max_side || frames.width > coder->max_side ||
        frames.height > coder->max_pixels / frames.width)
        return bp_fail(ctx, BP_E_UNSUPPORTED,
                       "%s: a frame of %zu x %zu pixels is too large (a side of %zu, %zu in all)",
                       coder->name, frames.height, frames.width, coder->max_side, coder->max_pixels);
    if (frames.count > 1 && frames.bytes > UINT32_MAX)
        return bp_fail(ctx, BP_E_UNSUPPORTED, "%s: a frame of %zu bytes is too large", coder->name,
                       frames.bytes);
    return BP_OK;
}

static size_t table_bytes(const bp_frames *frames)
{
    return frames->count > 1 ? frames->count * LENGTH_BYTES : 0;
}

/* No frame takes more than its values; the table counts elements at most. */
size_t bp_frames_worst_size(const bp_array *in)
{
    size_t table, size;
    if (bp_mul_overflows(bp_array_elements(in), LENGTH_BYTES, &table) ||
        bp_add_overflows(table, bp_array_bytes(in), &size))
        return 0;
    return size;
}

static void flip_signs(const bp_frames *frame, const uint8_t *from, uint8_t *to)
{
    /* values are little or big endian as the machine is: find the byte with the sign */
    const uint16_t probe = 0x8000;
    uint8_t mask[2];
    memcpy(mask, &probe, 2);
    if (frame->itemsize == 1)
        mask[0] = mask[1] = 0x80;
    for (size_t i = 0; i < frame->bytes; i++)
        to[i] = from[i] ^ mask[i & 1];
}

static bp_status encode_frame(bp_context *ctx, const bp_frame_coder *coder, const double *params,
                              const bp_frames *frame, const uint8_t *values, uint8_t *flipped, uint8_t *out,
                              size_t *size)
{
    const uint8_t *pixels = values;
    if (flipped) {
        flip_signs(frame, values, flipped);
        pixels = flipped;
    }
    *size = 0;
    bp_status status = coder->encode(ctx, params, frame, pixels, out, frame->bytes - 1, size);
    if (status == BP_OK && *size == 0) {
        memcpy(out, values, frame->bytes);
        *size = frame->bytes;
    }
    return status;
}

bp_status bp_frames_encode(bp_context *ctx, const bp_frame_coder *coder, const double *params,
                           const bp_array *in, uint8_t *out, size_t capacity, size_t *size)
{
    bp_frames frames = frames_of(coder, in);
    size_t at = table_bytes(&frames);
    if (capacity < at + frames.count * frames.bytes)
        return bp_fail(ctx, BP_E_INTERNAL, "%s: an output of %zu bytes is too small", coder->name, capacity);
    uint8_t *flipped = NULL;
    if (frames.count && frames.dtype != in->dtype && !(flipped = malloc(frames.bytes)))
        return bp_fail(ctx, BP_E_MEMORY, "%s: no memory for a frame of %zu bytes", coder->name, frames.bytes);
    bp_status status = BP_OK;
    for (size_t i = 0; i < frames.count && status == BP_OK; i++) {
        const uint8_t *values = (const uint8_t *)in->data + i * frames.bytes;
        size_t coded = 0;
        status = encode_frame(ctx, coder, params, &frames, values, flipped, out + at, &coded);
        if (frames.count > 1)
            bp_store_le32(out + i * LENGTH_BYTES, (uint32_t)coded);
        at += coded;
    }
    free(flipped);
    if (status == BP_OK)
        *size = at;
    return status;
}

static bp_status decode_frame(bp_context *ctx, const bp_frame_coder *coder, const double *params,
                              const bp_frames *frame, bool flipped, const uint8_t *in, size_t size,
                              uint8_t *values)
{
    if (size == frame->bytes) {
        memcpy(values, in, size);
        return BP_OK;
    }
    if (size == 0 || size > frame->bytes)
        return bp_fail(ctx, BP_E_DAMAGED, "%s: %zu bytes for a frame of %zu", coder->name, size,
                       frame->bytes);
    bp_status status = coder->decode(ctx, params, frame, in, size, values);
    if (status == BP_OK && flipped)
        flip_signs(frame, values, values);
    return status;
}

bp_status bp_frames_decode(bp_context *ctx, const bp_frame_coder *coder, const double *params,
                           const uint8_t *in, size_t size, const bp_array *out)
{
    bp_frames frames = frames_of(coder, out);
    size_t at = table_bytes(&frames);
    if (size < at)
        return bp_fail(ctx, BP_E_DAMAGED, "%s: %zu bytes for %zu frames", coder->name, size, frames.count);
    for (size_t i = 0; i < frames.count; i++) {
        size_t coded = frames.count > 1 ? bp_load_le32(in + i * LENGTH_BYTES) : size;
        if (coded > size - at)
            return bp_fail(ctx, BP_E_DAMAGED, "%s: frame %zu claims %zu bytes where %zu are left",
                           coder->name, i, coded, size - at);
        bp_status status = decode_frame(ctx, coder, params, &frames, frames.dtype != out->dtype, in + at,
                                        coded, (uint8_t *)out->data + i * frames.bytes);
        if (status != BP_OK)
            return bp_fail_in(ctx, status, "frame %zu of %zu", i, frames.count);
        at += coded;
    }
    return at == size ? BP_OK : bp_fail(ctx, BP_E_DAMAGED, "%s: %zu bytes too many", coder->name, size - at);
}

unsigned bp_frame_bits(const bp_frames *frame, const void *values)
{
    size_t n = frame->height * frame->width;
    unsigned any = 1, bits = 0;
    if (frame->itemsize == 1)
        for (size_t i = 0; i < n; i++)
            any |= ((const uint8_t *)values)[i];
    else
        for (size_t i = 0; i < n; i++)
            any |= ((const uint16_t *)values)[i];
    for (; any; any >>= 1)
        bits++;
    return bits;
}
