/* SPDX-License-Identifier: BSD-3-Clause
 * jpegls: JPEG-LS (ISO 14495-1), coded by CharLS and decoded by our own, one codestream per frame, lossless
 * or with a bound on the error of every pixel. The bit depth written is that of the frame's largest value:
 * JPEG-LS adapts its contexts to it.
 */
#include <charls/charls.h>
#include <stdio.h>
#include <stdlib.h>

#include "algo/frames.h"
#include "algo/jpegls_decode.h"
#include "codec/codec.h"

enum { P_NEAR, P_COUNT };

#define MAX_SIDE 65535 /* 16 bits in the frame header; CharLS refuses the oversize extension */

static const bp_param params_of_jpegls[P_COUNT] = {
    {"near", "counts", BP_PARAM_INTEGER, 0, 255, 0, NULL,
     "largest error of a pixel; 0: lossless; at most 127 for 8-bit types"},
};

/* Bit depth of a frame: at least 2 (CharLS), and wide enough for the bound (NEAR <= MAXVAL / 2, ISO 14495-1,
 * C.2.3). */
static int depth_of(const bp_frames *frame, const void *values, int near)
{
    int depth = (int)bp_frame_bits(frame, values);
    while (depth < 2 || (1 << depth) - 1 < 2 * near)
        depth++;
    return depth;
}

static charls_jpegls_errc encode_pixels(charls_jpegls_encoder *encoder, const bp_frames *frame, int depth,
                                        int near, const void *pixels, size_t bytes, uint8_t *out,
                                        size_t capacity, size_t *size)
{
    const charls_frame_info info = {(uint32_t)frame->width, (uint32_t)frame->height, depth, 1};
    charls_jpegls_errc error = charls_jpegls_encoder_set_frame_info(encoder, &info);
    if (!error)
        error = charls_jpegls_encoder_set_near_lossless(encoder, near);
    if (!error)
        error = charls_jpegls_encoder_set_destination_buffer(encoder, out, capacity);
    if (!error)
        error = charls_jpegls_encoder_encode_from_buffer(encoder, pixels, bytes, 0);
    if (!error)
        error = charls_jpegls_encoder_get_bytes_written(encoder, size);
    return error;
}

/* CharLS takes values of up to 8 bits as bytes, whatever type they came in. */
static uint8_t *narrowed(const bp_frames *frame, const void *values)
{
    size_t n = frame->height * frame->width;
    const uint16_t *wide = values;
    uint8_t *narrow = malloc(n);
    for (size_t i = 0; narrow && i < n; i++)
        narrow[i] = (uint8_t)wide[i];
    return narrow;
}

static bp_status encode_frame(bp_context *ctx, const double *params, const bp_frames *frame,
                              const void *values, uint8_t *out, size_t capacity, size_t *size)
{
    int near = (int)params[P_NEAR], depth = depth_of(frame, values, near);
    uint8_t *narrow = NULL;
    const void *pixels = values;
    size_t bytes = frame->bytes;
    if (depth <= 8 && frame->itemsize == 2) {
        pixels = narrow = narrowed(frame, values);
        bytes /= 2;
    }
    charls_jpegls_encoder *encoder = pixels ? charls_jpegls_encoder_create() : NULL;
    charls_jpegls_errc error = CHARLS_JPEGLS_ERRC_NOT_ENOUGH_MEMORY;
    if (encoder)
        error = encode_pixels(encoder, frame, depth, near, pixels, bytes, out, capacity, size);
    charls_jpegls_encoder_destroy(encoder);
    free(narrow);
    if (error == CHARLS_JPEGLS_ERRC_DESTINATION_BUFFER_TOO_SMALL) {
        *size = 0;
        return BP_OK;
    }
    if (error)
        return bp_fail(ctx, error == CHARLS_JPEGLS_ERRC_NOT_ENOUGH_MEMORY ? BP_E_MEMORY : BP_E_INTERNAL,
                       "jpegls: %s", charls_get_error_message(error));
    return BP_OK;
}

static bp_status decode_frame(bp_context *ctx, const double *params, const bp_frames *frame,
                              const uint8_t *in, size_t size, void *values)
{
    return bp_jpegls_decode(ctx, frame, (int)params[P_NEAR], in, size, values);
}

static const bp_frame_coder coder = {
    .name = "jpegls",
    .max_side = MAX_SIDE,
    .max_pixels = (size_t)MAX_SIDE * MAX_SIDE,
    .unsigned_only = true,
    .encode = encode_frame,
    .decode = decode_frame,
};

static bool lossless(const double *params)
{
    return params[P_NEAR] == 0;
}

static double error_bound(const double *params)
{
    return params[P_NEAR];
}

static bp_status check(bp_context *ctx, const double *params, const bp_array *in)
{
    if (in->itemsize == 1 && params[P_NEAR] > 127)
        return bp_fail(ctx, BP_E_USAGE, "jpegls: near=%g is above 127, the most for 8-bit types",
                       params[P_NEAR]);
    return bp_frames_check(ctx, &coder, in);
}

static size_t worst_size(const double *params, const bp_array *in)
{
    (void)params;
    return bp_frames_worst_size(in);
}

static bp_status encode(bp_context *ctx, const double *params, const bp_array *in, uint8_t *out,
                        size_t capacity, size_t *size)
{
    return bp_frames_encode(ctx, &coder, params, in, out, capacity, size);
}

static bp_status decode(bp_context *ctx, const double *params, const uint8_t *in, size_t size,
                        const bp_array *out)
{
    return bp_frames_decode(ctx, &coder, params, in, size, out);
}

static size_t library(char *text, size_t size)
{
    return (size_t)snprintf(text, size, "charls %s", charls_get_version_string());
}

const bp_codec bp_codec_jpegls = {
    .name = "jpegls",
    .summary = "JPEG-LS (CharLS): images of 8 and 16 bits, lossless or with a bound on every pixel",
    .number = 7,
    .version = 1,
    .dtypes = BP_DTYPES_8 | BP_DTYPES_16,
    .max_rank = BP_MAX_RANK,
    .params = params_of_jpegls,
    .param_count = P_COUNT,
    .library = library,
    .lossless = lossless,
    .error_bound = error_bound,
    .check = check,
    .worst_size = worst_size,
    .encode = encode,
    .decode = decode,
};
