/* SPDX-License-Identifier: BSD-3-Clause
 * jpegxl: one bare JPEG XL codestream (ISO 18181-1) per frame by libjxl, lossless or with a visual distance.
 */
#include <jxl/decode.h>
#include <jxl/encode.h>
#include <stdio.h>
#include <string.h>

#include "algo/frames.h"
#include "algo/jxl_header.h"
#include "base/bits.h"
#include "codec/codec.h"

enum { P_DISTANCE, P_EFFORT, P_COUNT };

/* libjxl knows 8 and 9 too; 0.7 with assertions, as Debian builds it, then ends the process on constant
 * frames. */
#define MAX_EFFORT 7

static const bp_param params_of_jpegxl[P_COUNT] = {
    {"distance", "JND", BP_PARAM_REAL, 0, 15, 0, NULL,
     "lossy: visual distance, 1 is hardly seen; 0: lossless"},
    {"effort", "", BP_PARAM_INTEGER, 1, MAX_EFFORT, 5, NULL, "1: fastest; 7: smallest"},
};

static JxlPixelFormat format_of(const bp_frames *frame)
{
    return (JxlPixelFormat){1, frame->itemsize == 1 ? JXL_TYPE_UINT8 : JXL_TYPE_UINT16, JXL_NATIVE_ENDIAN, 0};
}

/* Single-threaded: no parallel runner is set. What would add hidden frames or frames of another size is off.
 */
static bool set_up(JxlEncoder *encoder, const double *params, const bp_frames *frame, const void *values)
{
    const struct {
        JxlEncoderFrameSettingId id;
        int64_t value;
    } options[] = {
        {JXL_ENC_FRAME_SETTING_EFFORT, (int64_t)params[P_EFFORT]},
        {JXL_ENC_FRAME_SETTING_PATCHES, 0},
        {JXL_ENC_FRAME_SETTING_DOTS, 0},
        {JXL_ENC_FRAME_SETTING_NOISE, 0},
        {JXL_ENC_FRAME_SETTING_RESAMPLING, 1},
        {JXL_ENC_FRAME_SETTING_PROGRESSIVE_DC, 0},
    };
    const JxlPixelFormat format = format_of(frame);
    bool lossless = params[P_DISTANCE] == 0, ok;
    JxlBasicInfo info;
    JxlColorEncoding colour;
    JxlEncoderInitBasicInfo(&info);
    info.xsize = (uint32_t)frame->width;
    info.ysize = (uint32_t)frame->height;
    info.bits_per_sample = (uint32_t)(8 * frame->itemsize);
    info.num_color_channels = 1;
    info.uses_original_profile = lossless;
    JxlColorEncodingSetToSRGB(&colour, JXL_TRUE);
    JxlEncoderFrameSettings *settings = JxlEncoderFrameSettingsCreate(encoder, NULL);
    ok = settings && JxlEncoderSetBasicInfo(encoder, &info) == JXL_ENC_SUCCESS &&
         JxlEncoderSetColorEncoding(encoder, &colour) == JXL_ENC_SUCCESS;
    for (size_t i = 0; ok && i < sizeof options / sizeof options[0]; i++)
        ok = JxlEncoderFrameSettingsSetOption(settings, options[i].id, options[i].value) == JXL_ENC_SUCCESS;
    if (ok && lossless)
        ok = JxlEncoderSetFrameLossless(settings, JXL_TRUE) == JXL_ENC_SUCCESS;
    else if (ok)
        ok = JxlEncoderSetFrameDistance(settings, (float)params[P_DISTANCE]) == JXL_ENC_SUCCESS;
    ok = ok && JxlEncoderAddImageFrame(settings, &format, values, frame->bytes) == JXL_ENC_SUCCESS;
    JxlEncoderCloseInput(encoder);
    return ok;
}

/* Above 8 bits libjxl puts the codestream into a container of boxes (big-endian size, name): takes it out. */
static size_t strip_container(uint8_t *out, size_t size)
{
    static const uint8_t container[8] = {0, 0, 0, 12, 'J', 'X', 'L', ' '};
    if (size < 12 || memcmp(out, container, sizeof container) != 0)
        return size;
    for (size_t at = 0; size - at >= 8;) {
        size_t length = bp_load_be32(out + at);
        if (memcmp(out + at + 4, "jxlc", 4) == 0) {
            length = length ? length : size - at;
            if (length < 8 || length > size - at)
                return 0;
            memmove(out, out + at + 8, length - 8);
            return length - 8;
        }
        if (length < 8 || length > size - at)
            return 0;
        at += length;
    }
    return 0;
}

static bp_status encode_frame(bp_context *ctx, const double *params, const bp_frames *frame,
                              const void *values, uint8_t *out, size_t capacity, size_t *size)
{
    JxlEncoder *encoder = JxlEncoderCreate(NULL);
    if (!encoder)
        return bp_fail(ctx, BP_E_MEMORY, "jpegxl: no memory for the encoder");
    uint8_t *next = out;
    size_t left = capacity;
    JxlEncoderStatus status = JXL_ENC_ERROR;
    if (set_up(encoder, params, frame, values))
        status = JxlEncoderProcessOutput(encoder, &next, &left);
    JxlEncoderError error = JxlEncoderGetError(encoder);
    JxlEncoderDestroy(encoder);
    if (status == JXL_ENC_ERROR)
        return bp_fail(ctx, error == JXL_ENC_ERR_OOM ? BP_E_MEMORY : BP_E_INTERNAL,
                       "jpegxl: libjxl cannot encode a frame of %zu x %zu (its error %d)", frame->height,
                       frame->width, (int)error);
    *size = status == JXL_ENC_SUCCESS ? strip_container(out, capacity - left) : 0;
    return BP_OK;
}

static bool is_expected(const JxlDecoder *decoder, const bp_frames *frame, bool *xyb)
{
    JxlBasicInfo info;
    if (JxlDecoderGetBasicInfo(decoder, &info) != JXL_DEC_SUCCESS)
        return false;
    *xyb = !info.uses_original_profile;
    return info.xsize == frame->width && info.ysize == frame->height &&
           info.bits_per_sample == 8 * frame->itemsize && info.exponent_bits_per_sample == 0 &&
           info.num_color_channels == 1 && info.num_extra_channels == 0 && !info.have_preview &&
           !info.have_animation;
}

/* Decodes the headers; *used is where the frame starts. */
static bool read_headers(JxlDecoder *decoder, const bp_frames *frame, const uint8_t *in, size_t size,
                         size_t *used, bool *xyb)
{
    if (JxlDecoderSubscribeEvents(decoder, JXL_DEC_BASIC_INFO | JXL_DEC_COLOR_ENCODING |
                                               JXL_DEC_FULL_IMAGE) != JXL_DEC_SUCCESS ||
        JxlDecoderSetInput(decoder, in, size) != JXL_DEC_SUCCESS ||
        JxlDecoderProcessInput(decoder) != JXL_DEC_BASIC_INFO || !is_expected(decoder, frame, xyb) ||
        JxlDecoderProcessInput(decoder) != JXL_DEC_COLOR_ENCODING)
        return false;
    *used = size - JxlDecoderReleaseInput(decoder);
    return true;
}

static bool decode_pixels(JxlDecoder *decoder, const bp_frames *frame, const uint8_t *in, size_t size,
                          void *values)
{
    const JxlPixelFormat format = format_of(frame);
    size_t bytes;
    if (JxlDecoderSetInput(decoder, in, size) != JXL_DEC_SUCCESS)
        return false;
    JxlDecoderCloseInput(decoder);
    return JxlDecoderProcessInput(decoder) == JXL_DEC_NEED_IMAGE_OUT_BUFFER &&
           JxlDecoderImageOutBufferSize(decoder, &format, &bytes) == JXL_DEC_SUCCESS &&
           bytes == frame->bytes &&
           JxlDecoderSetImageOutBuffer(decoder, &format, values, bytes) == JXL_DEC_SUCCESS &&
           JxlDecoderProcessInput(decoder) == JXL_DEC_FULL_IMAGE && JxlDecoderReleaseInput(decoder) == 0;
}

static bp_status decode_frame(bp_context *ctx, const double *params, const bp_frames *frame,
                              const uint8_t *in, size_t size, void *values)
{
    (void)params;
    bp_status status = bp_jxl_check_image(ctx, frame, in, size);
    if (status != BP_OK)
        return status;
    JxlDecoder *decoder = JxlDecoderCreate(NULL);
    if (!decoder)
        return bp_fail(ctx, BP_E_MEMORY, "jpegxl: no memory for the decoder");
    size_t used = 0;
    bool xyb = false;
    if (!read_headers(decoder, frame, in, size, &used, &xyb))
        status = bp_fail(ctx, BP_E_DAMAGED, "jpegxl: the header of the codestream is damaged");
    if (status == BP_OK)
        status = bp_jxl_check_frame(ctx, xyb, in + used, size - used);
    if (status == BP_OK && !decode_pixels(decoder, frame, in + used, size - used, values))
        status = bp_fail(ctx, BP_E_DAMAGED, "jpegxl: the codestream of %zu bytes is damaged", size);
    JxlDecoderDestroy(decoder);
    return status;
}

static const bp_frame_coder coder = {
    .name = "jpegxl",
    .max_side = 1 << 18, /* level 5 of the standard */
    .max_pixels = 1 << 26,
    .unsigned_only = true,
    .encode = encode_frame,
    .decode = decode_frame,
};

static bool lossless(const double *params)
{
    return params[P_DISTANCE] == 0;
}

static bp_status check(bp_context *ctx, const double *params, const bp_array *in)
{
    (void)params;
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
    unsigned version = JxlEncoderVersion(); /* major * 1000000 + minor * 1000 + patch */
    return (size_t)snprintf(text, size, "libjxl %u.%u.%u", version / 1000000, version / 1000 % 1000,
                            version % 1000);
}

const bp_codec bp_codec_jpegxl = {
    .name = "jpegxl",
    .summary = "JPEG XL (libjxl): images of 8 and 16 bits, lossless, or lossy by a visual distance",
    .number = 9,
    .version = 1,
    .dtypes = BP_DTYPES_8 | BP_DTYPES_16,
    .max_rank = BP_MAX_RANK,
    .params = params_of_jpegxl,
    .param_count = P_COUNT,
    .levels = {"effort=3", "effort=5", "effort=7"},
    .library = library,
    .lossless = lossless,
    .check = check,
    .worst_size = worst_size,
    .encode = encode,
    .decode = decode,
};
