/* SPDX-License-Identifier: BSD-3-Clause
 * bslz4: bitshuffle and LZ4, byte for byte the registered HDF5 filter 32008 in its LZ4 mode. The LZ4 coder is
 * our own, so every build has this codec. */
#include "algo/bitshuffle.h"
#include "codec/codec.h"
#include "kernel/kernel.h"

enum { BLOCK };

static const bp_param params_of_bslz4[] = {
    [BLOCK] = {.name = "block",
               .unit = "elements",
               .kind = BP_PARAM_INTEGER,
               .min = 0,
               .max = 1 << 27,
               .help = "elements that are packed together, a multiple of 8; 0: 8 KiB worth"},
};

static size_t pack(void *state, const uint8_t *in, size_t bytes, uint8_t *out)
{
    return bp_kernels_get()->lz4_encode(state, in, bytes, out);
}

static bool unpack(void *state, const uint8_t *in, size_t size, uint8_t *out, size_t bytes)
{
    (void)state;
    return bp_kernels_get()->lz4_decode(in, size, out, bytes);
}

static const bp_bitshuffle_packer packer = {
    .name = "bslz4", .bound = bp_lz4_bound, .pack = pack, .unpack = unpack};

_Static_assert(BP_BITSHUFFLE_SLACK >= BP_LZ4_SLACK, "the blocks give LZ4 the room it needs");

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
    bp_lz4_table table;
    return bp_bitshuffle_encode(ctx, &packer, &table, in, (size_t)params[BLOCK], out, capacity, size);
}

static bp_status decode(bp_context *ctx, const double *params, const uint8_t *in, size_t size,
                        const bp_array *out)
{
    (void)params;
    return bp_bitshuffle_decode(ctx, &packer, NULL, in, size, out);
}

static bp_status standard(bp_context *ctx, const double *params, const bp_array *chunk, bp_filter *filters,
                          size_t *count)
{
    *count = 1;
    return bp_bitshuffle_filter(ctx, chunk, (size_t)params[BLOCK], BP_BITSHUFFLE_LZ4, -1, &filters[0]);
}

const bp_codec bp_codec_bslz4 = {
    .name = "bslz4",
    .summary = "bitshuffle and LZ4, as HDF5 filter 32008",
    .number = 5,
    .version = 1,
    .dtypes = BP_DTYPES_ALL,
    .max_rank = BP_MAX_RANK,
    .params = params_of_bslz4,
    .param_count = sizeof params_of_bslz4 / sizeof params_of_bslz4[0],
    .lossless = bp_codec_always_lossless,
    .check = check,
    .worst_size = worst_size,
    .encode = encode,
    .decode = decode,
    .standard = standard,
};
