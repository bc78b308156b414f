/* SPDX-License-Identifier: BSD-3-Clause
 * photon: our own lossless codec for detector frames: a model of the local rate, contexts, interleaved rANS
 * (docs/photon.md, docs/photon-chunk.md). */
#include "algo/photon_stack.h"
#include "codec/codec.h"

enum { P_LEVEL, P_COUNT };

static const char *const words[] = {
#define PHOTON_LEVEL(name, word, number, scope, encode, decode) word,
#include "algo/photon_levels.def"
#undef PHOTON_LEVEL
    NULL,
};

static const bp_param params_of_photon[P_COUNT] = {
    [P_LEVEL] = {.name = "level",
                 .unit = "",
                 .kind = BP_PARAM_CHOICE,
                 .max = BP_PHOTON_LEVELS - 1,
                 .fallback = BP_PHOTON_LEVEL_BALANCED,
                 .choices = words,
                 .help = "speed against size; a payload says itself which one wrote it"},
};

static bp_status check(bp_context *ctx, const double *params, const bp_array *in)
{
    (void)params;
    return bp_photon_check(ctx, in);
}

static size_t worst_size(const double *params, const bp_array *in)
{
    (void)params;
    return bp_photon_worst_size(in);
}

static bp_status encode(bp_context *ctx, const double *params, const bp_array *in, uint8_t *out,
                        size_t capacity, size_t *size)
{
    return bp_photon_encode(ctx, (size_t)params[P_LEVEL], in, out, capacity, size);
}

static bp_status decode(bp_context *ctx, const double *params, const uint8_t *in, size_t size,
                        const bp_array *out)
{
    (void)params;
    return bp_photon_decode(ctx, in, size, out);
}

static bp_status decode_frames(bp_context *ctx, const double *params, const uint8_t *in, size_t size,
                               const bp_array *whole, size_t first, size_t count, void *values)
{
    (void)params;
    return bp_photon_decode_frames(ctx, in, size, whole, first, count, values);
}

const bp_codec bp_codec_photon = {
    .name = "photon",
    .summary = "detector frames near the limit of counting noise",
    .number = 11,
    .version = 1,
    .dtypes = BP_DTYPES_8 | BP_DTYPES_16 | BP_BIT(BP_U32) | BP_BIT(BP_I32) | BP_BIT(BP_U64) | BP_BIT(BP_I64) |
              BP_BIT(BP_F32) | BP_BIT(BP_F64),
    .max_rank = BP_MAX_RANK,
    .params = params_of_photon,
    .param_count = P_COUNT,
    .levels =
        {
#define PHOTON_LEVEL(name, word, number, scope, encode, decode) [BP_LEVEL_##name] = "level=" word,
#include "algo/photon_levels.def"
#undef PHOTON_LEVEL
        },
    .lossless = bp_codec_always_lossless,
    .check = check,
    .worst_size = worst_size,
    .encode = encode,
    .decode = decode,
    .decode_frames = decode_frames,
};
