/* SPDX-License-Identifier: BSD-3-Clause
 * jpeg2000: one JPEG 2000 codestream (ISO 15444-1) per frame by OpenJPEG: lossless with the 5/3 wavelet, or
 * with the 9/7 wavelet cut to a size or a quality. The depth written is what the frame's values need. */
#include <openjpeg.h>
#include <stdio.h>
#include <string.h>

#include "algo/frames.h"
#include "algo/j2k_header.h"
#include "codec/codec.h"

enum { P_RATIO, P_PSNR, P_COUNT };

#define STREAM_BUFFER 65536
/* Below, the rounding of the 5/3 wavelet does not fit OpenJPEG's two guard bits: values come back changed. */
#define MIN_DEPTH 8

static const bp_param params_of_jpeg2000[P_COUNT] = {
    {"ratio", "", BP_PARAM_REAL, 0, 10000, 0, NULL, "lossy: raw bytes per stored byte to aim at; 0: off"},
    {"psnr", "dB", BP_PARAM_REAL, 0, 200, 0, NULL,
     "lossy: peak signal (the frame's highest power of 2) to noise to aim at; 0: off"},
};

/* Memory that OpenJPEG reads from or writes to, and what it complained of. */
typedef struct memory {
    const uint8_t *in;
    uint8_t *out;
    size_t size, at;
    bool full;
    char message[160];
} memory;

static OPJ_SIZE_T read_memory(void *to, OPJ_SIZE_T bytes, void *user)
{
    memory *m = user;
    size_t left = m->size - m->at;
    if (left == 0)
        return (OPJ_SIZE_T)-1;
    bytes = bytes < left ? bytes : left;
    memcpy(to, m->in + m->at, bytes);
    m->at += bytes;
    return bytes;
}

static OPJ_SIZE_T write_memory(void *from, OPJ_SIZE_T bytes, void *user)
{
    memory *m = user;
    if (bytes > m->size - m->at) {
        m->full = true;
        return (OPJ_SIZE_T)-1;
    }
    memcpy(m->out + m->at, from, bytes);
    m->at += bytes;
    return bytes;
}

static OPJ_BOOL seek_memory(OPJ_OFF_T position, void *user)
{
    memory *m = user;
    if (position < 0 || (uint64_t)position > m->size)
        return OPJ_FALSE;
    m->at = (size_t)position;
    return OPJ_TRUE;
}

static OPJ_OFF_T skip_memory(OPJ_OFF_T bytes, void *user)
{
    memory *m = user;
    return seek_memory((OPJ_OFF_T)m->at + bytes, user) ? bytes : -1;
}

static void keep_message(const char *text, void *user)
{
    memory *m = user;
    snprintf(m->message, sizeof m->message, "%.*s", (int)strcspn(text, "\n"), text);
}

static void drop_message(const char *text, void *user)
{
    (void)text;
    (void)user;
}

static opj_stream_t *open_memory(memory *m, bool input)
{
    opj_stream_t *stream = opj_stream_create(STREAM_BUFFER, input);
    if (!stream)
        return NULL;
    opj_stream_set_user_data(stream, m, NULL);
    opj_stream_set_user_data_length(stream, input ? m->size : 0);
    opj_stream_set_read_function(stream, read_memory);
    opj_stream_set_write_function(stream, write_memory);
    opj_stream_set_seek_function(stream, seek_memory);
    opj_stream_set_skip_function(stream, skip_memory);
    return stream;
}

/* One thread, messages kept, nothing printed. */
static bool prepare(opj_codec_t *codec, memory *m)
{
    return codec && opj_set_info_handler(codec, drop_message, NULL) &&
           opj_set_warning_handler(codec, drop_message, NULL) &&
           opj_set_error_handler(codec, keep_message, m) && opj_codec_set_threads(codec, 0);
}

static int32_t load_value(const bp_frames *frame, const void *values, size_t i)
{
    switch (frame->dtype) {
    case BP_U8:
        return ((const uint8_t *)values)[i];
    case BP_I8:
        return ((const int8_t *)values)[i];
    case BP_U16:
        return ((const uint16_t *)values)[i];
    default:
        return ((const int16_t *)values)[i];
    }
}

static bool has_sign(const bp_frames *frame)
{
    return frame->dtype == BP_I8 || frame->dtype == BP_I16;
}

/* A frame as OpenJPEG takes it; NULL when there is no memory. */
static opj_image_t *make_image(const bp_frames *frame, const void *values)
{
    opj_image_cmptparm_t component = {
        .dx = 1, .dy = 1, .w = (OPJ_UINT32)frame->width, .h = (OPJ_UINT32)frame->height, .prec = 16};
    opj_image_t *image = opj_image_create(1, &component, OPJ_CLRSPC_GRAY);
    if (!image)
        return NULL;
    image->x1 = component.w;
    image->y1 = component.h;
    int32_t any = 0, *data = image->comps[0].data;
    for (size_t i = 0; i < frame->height * frame->width; i++) {
        data[i] = load_value(frame, values, i);
        any |= data[i] < 0 ? ~data[i] : data[i];
    }
    OPJ_UINT32 depth = has_sign(frame);
    for (; any; any >>= 1)
        depth++;
    image->comps[0].prec = depth > MIN_DEPTH ? depth : MIN_DEPTH;
    image->comps[0].sgnd = has_sign(frame);
    return image;
}

static void set_parameters(const double *params, const bp_frames *frame, unsigned depth, opj_cparameters_t *p)
{
    opj_set_default_encoder_parameters(p);
    p->tcp_numlayers = 1;
    p->tcp_rates[0] = 0;
    p->cp_disto_alloc = 1;
    p->numresolution = bp_j2k_resolutions(frame->height, frame->width);
    if (params[P_PSNR] > 0) {
        p->cp_disto_alloc = 0;
        p->cp_fixed_quality = 1;
        p->tcp_distoratio[0] = (float)params[P_PSNR];
    } else if (params[P_RATIO] > 0) {
        /* OpenJPEG counts raw bits by the depth, we by the type */
        p->tcp_rates[0] = (float)(params[P_RATIO] * depth / (8 * (double)frame->itemsize));
    }
    p->irreversible = params[P_PSNR] > 0 || params[P_RATIO] > 0;
}

static bp_status encode_frame(bp_context *ctx, const double *params, const bp_frames *frame,
                              const void *values, uint8_t *out, size_t capacity, size_t *size)
{
    memory m = {.out = out, .size = capacity};
    opj_cparameters_t parameters;
    opj_image_t *image = make_image(frame, values);
    opj_codec_t *codec = opj_create_compress(OPJ_CODEC_J2K);
    opj_stream_t *stream = open_memory(&m, false);
    bool ready = image && stream && prepare(codec, &m), started = false, done = false;
    if (ready) {
        char no_comment[1] = ""; /* else every frame would name the version */
        set_parameters(params, frame, image->comps[0].prec, &parameters);
        parameters.cp_comment = no_comment;
        started = opj_setup_encoder(codec, &parameters, image) && opj_start_compress(codec, image, stream);
        done = started && opj_encode(codec, stream) && opj_end_compress(codec, stream);
    }
    opj_stream_destroy(stream);
    opj_destroy_codec(codec);
    opj_image_destroy(image);
    if (!ready)
        return bp_fail(ctx, BP_E_MEMORY, "jpeg2000: no memory for a frame of %zu bytes", frame->bytes);
    if (!started)
        return bp_fail(ctx, BP_E_INTERNAL, "jpeg2000: %s", *m.message ? m.message : "the coder failed");
    /* the output or OpenJPEG's own buffer, of the raw size and a little, was full: noise */
    *size = done && !m.full ? m.at : 0;
    return BP_OK;
}

/* Is the image what was expected? It must have data when it is decoded. */
static bool is_expected(const bp_frames *frame, const opj_image_t *image, bool decoded)
{
    const opj_image_comp_t *c = image->comps;
    return image->numcomps == 1 && image->x0 == 0 && image->y0 == 0 && image->x1 == frame->width &&
           image->y1 == frame->height && c->w == frame->width && c->h == frame->height &&
           c->prec <= 8 * frame->itemsize && (c->sgnd != 0) == has_sign(frame) && (c->data || !decoded);
}

static void store_values(const bp_frames *frame, const int32_t *data, void *values)
{
    size_t n = frame->height * frame->width;
    if (frame->itemsize == 1)
        for (size_t i = 0; i < n; i++)
            ((uint8_t *)values)[i] = (uint8_t)data[i];
    else
        for (size_t i = 0; i < n; i++)
            ((uint16_t *)values)[i] = (uint16_t)data[i];
}

static bp_status decode_frame(bp_context *ctx, const double *params, const bp_frames *frame,
                              const uint8_t *in, size_t size, void *values)
{
    bool irreversible = params[P_PSNR] > 0 || params[P_RATIO] > 0;
    bp_status status = bp_j2k_check(ctx, frame, irreversible, in, size);
    if (status != BP_OK)
        return status;
    memory m = {.in = in, .size = size};
    opj_dparameters_t parameters;
    opj_image_t *image = NULL;
    opj_codec_t *codec = opj_create_decompress(OPJ_CODEC_J2K);
    opj_stream_t *stream = open_memory(&m, true);
    opj_set_default_decoder_parameters(&parameters);
    bool ready = stream && prepare(codec, &m);
    bool done = ready && opj_setup_decoder(codec, &parameters) && opj_read_header(stream, codec, &image) &&
                is_expected(frame, image, false) && opj_decode(codec, stream, image) &&
                is_expected(frame, image, true);
    if (done)
        store_values(frame, image->comps[0].data, values);
    opj_stream_destroy(stream);
    opj_destroy_codec(codec);
    opj_image_destroy(image);
    if (!ready)
        return bp_fail(ctx, BP_E_MEMORY, "jpeg2000: no memory for the decoder");
    if (!done)
        return bp_fail(ctx, BP_E_DAMAGED, "jpeg2000: %s",
                       *m.message ? m.message : "the codestream is not of this frame");
    return BP_OK;
}

static const bp_frame_coder coder = {
    .name = "jpeg2000",
    .max_side = 1 << 27,
    .max_pixels = 1 << 27,
    .encode = encode_frame,
    .decode = decode_frame,
};

static bool lossless(const double *params)
{
    return params[P_RATIO] == 0 && params[P_PSNR] == 0;
}

static bp_status check(bp_context *ctx, const double *params, const bp_array *in)
{
    if (params[P_RATIO] > 0 && params[P_PSNR] > 0)
        return bp_fail(ctx, BP_E_USAGE, "jpeg2000: ratio and psnr exclude each other");
    if (params[P_RATIO] > 0 && params[P_RATIO] < 1)
        return bp_fail(ctx, BP_E_USAGE, "jpeg2000: ratio=%g is below 1", params[P_RATIO]);
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
    return (size_t)snprintf(text, size, "openjpeg %s", opj_version());
}

const bp_codec bp_codec_jpeg2000 = {
    .name = "jpeg2000",
    .summary = "JPEG 2000 (OpenJPEG): images of 8 and 16 bits, lossless, or lossy to a size or a quality",
    .number = 8,
    .version = 1,
    .dtypes = BP_DTYPES_8 | BP_DTYPES_16,
    .max_rank = BP_MAX_RANK,
    .params = params_of_jpeg2000,
    .param_count = P_COUNT,
    .library = library,
    .lossless = lossless,
    .check = check,
    .worst_size = worst_size,
    .encode = encode,
    .decode = decode,
};
