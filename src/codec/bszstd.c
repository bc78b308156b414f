/* SPDX-License-Identifier: BSD-3-Clause
 * bszstd: bitshuffle and Zstandard, byte for byte the registered HDF5 filter 32008 in its zstd mode. Readers
 * older than version 0.4 of that filter (Debian 12 has one) do not know the mode. */
#include <stdio.h>
#include <zstd.h>

#include "algo/bitshuffle.h"
#include "base/bits.h"
#include "codec/codec.h"

enum { BLOCK, LEVEL };

static const bp_param params_of_bszstd[] = {
    [BLOCK] = {.name = "block",
               .unit = "elements",
               .kind = BP_PARAM_INTEGER,
               .min = 0,
               .max = 1 << 27,
               .help = "elements that are packed together, a multiple of 8; 0: 8 KiB worth"},
    [LEVEL] = {.name = "level",
               .unit = "",
               .kind = BP_PARAM_INTEGER,
               .min = 1,
               .max = 19,
               .fallback = 3,
               .help = "effort of zstd"},
};

/* One context serves all blocks of a chunk: making one costs more than packing a block. */
typedef struct encoder {
    ZSTD_CCtx *context;
    int level;
} encoder;

static size_t pack(void *state, const uint8_t *in, size_t bytes, uint8_t *out)
{
    const encoder *e = state;
    size_t got = ZSTD_compressCCtx(e->context, out, ZSTD_compressBound(bytes), in, bytes, e->level);
    return ZSTD_isError(got) ? 0 : got;
}

/* Frames of today's format only: the library may also read those of its first versions. */
static bool unpack(void *state, const uint8_t *in, size_t size, uint8_t *out, size_t bytes)
{
    if (size < 4 || bp_load_le32(in) != ZSTD_MAGICNUMBER)
        return false;
    return ZSTD_decompressDCtx(state, out, bytes, in, size) == bytes;
}

static const bp_bitshuffle_packer packer = {
    .name = "bszstd", .bound = ZSTD_compressBound, .pack = pack, .unpack = unpack};

static bp_status check(bp_context *ctx, const double *params, const bp_array *in)
{
    return bp_bitshuffle_check(ctx, params[BLOCK], in);
}

static size_t worst_size(const double *params, const bp_array *in)
{
    return bp_bitshuffle_worst_size(&packer, in, (size_t)params[BLOCK]);
}

static bp_status encode(bp_context *ctx, const double *params, const bp_array *in, uint8_t *out,
                        size_t capacity, size_t *size)
{
    encoder e = {.context = ZSTD_createCCtx(), .level = (int)params[LEVEL]};
    if (!e.context)
        return bp_fail(ctx, BP_E_MEMORY, "bszstd: no memory for zstd");
    bp_status status = bp_bitshuffle_encode(ctx, &packer, &e, in, (size_t)params[BLOCK], out, capacity, size);
    ZSTD_freeCCtx(e.context);
    return status;
}

static bp_status decode(bp_context *ctx, const double *params, const uint8_t *in, size_t size,
                        const bp_array *out)
{
    (void)params;
    ZSTD_DCtx *context = ZSTD_createDCtx();
    if (!context)
        return bp_fail(ctx, BP_E_MEMORY, "bszstd: no memory for zstd");
    bp_status status = bp_bitshuffle_decode(ctx, &packer, context, in, size, out);
    ZSTD_freeDCtx(context);
    return status;
}

static bp_status standard(bp_context *ctx, const double *params, const bp_array *chunk, bp_filter *filters,
                          size_t *count)
{
    *count = 1;
    return bp_bitshuffle_filter(ctx, chunk, (size_t)params[BLOCK], BP_BITSHUFFLE_ZSTD, (int)params[LEVEL],
                                &filters[0]);
}

static size_t library(char *text, size_t size)
{
    return (size_t)snprintf(text, size, "zstd %s", ZSTD_versionString());
}

const bp_codec bp_codec_bszstd = {
    .name = "bszstd",
    .summary = "bitshuffle and Zstandard, as HDF5 filter 32008 from version 0.4; Debian 12 cannot read it",
    .number = 6,
    .version = 1,
    .dtypes = BP_DTYPES_ALL,
    .max_rank = BP_MAX_RANK,
    .params = params_of_bszstd,
    .param_count = sizeof params_of_bszstd / sizeof params_of_bszstd[0],
    .levels = {"level=1", "level=3", "level=12"},
    .library = library,
    .lossless = bp_codec_always_lossless,
    .check = check,
    .worst_size = worst_size,
    .encode = encode,
    .decode = decode,
    .standard = standard,
};
