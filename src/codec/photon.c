/* SPDX-License-Identifier: BSD-3-Clause
 * photon: our own lossless codec for detector frames: a model of the local rate, contexts, interleaved rANS
 * (docs/photon.md). */
#include "algo/photon.h"
#include "codec/codec.h"

enum { P_LEVEL, P_COUNT };

#define MAX_PIXELS ((size_t)1 << 30)

static const char *const levels[] = {"balanced", NULL};

static const bp_param params_of_photon[P_COUNT] = {
    [P_LEVEL] = {.name = "level",
                 .unit = "",
                 .kind = BP_PARAM_CHOICE,
                 .choices = levels,
                 .help = "speed against size: balanced is what there is so far"},
};

static const bp_frame_coder coder = {
    .name = "photon",
    .max_side = MAX_PIXELS,
    .max_pixels = MAX_PIXELS,
    .encode = bp_photon_encode_frame,
    .decode = bp_photon_decode_frame,
};

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

const bp_codec bp_codec_photon = {
    .name = "photon",
    .summary = "detector frames near the limit of counting noise; on trial: its bytes may change",
    .number = 11,
    .version = 1,
    .dtypes = BP_DTYPES_8 | BP_DTYPES_16 | BP_BIT(BP_U32) | BP_BIT(BP_I32),
    .max_rank = BP_MAX_RANK,
    .params = params_of_photon,
    .param_count = P_COUNT,
    .lossless = bp_codec_always_lossless,
    .check = check,
    .worst_size = worst_size,
    .encode = encode,
    .decode = decode,
};
