/* SPDX-License-Identifier: BSD-3-Clause
 * zstd: one Zstandard frame that states its decoded size, as the registered HDF5 filter 32015 writes it
 * (https://github.com/aparamon/HDF5Plugin-Zstandard). */
#include <stdio.h>
#include <zstd.h>

#include "algo/shuffled.h"
#include "base/bits.h"
#include "codec/codec.h"

enum { P_LEVEL, P_SHUFFLE, P_COUNT };

#define HDF5_ZSTD 32015

static const bp_param params_of_zstd[P_COUNT] = {
    {"level", "", BP_PARAM_INTEGER, 1, 22, 3, NULL, "1: fastest; 22: smallest, much time and memory"},
    BP_PARAM_ROW_SHUFFLE,
};

static size_t worst_size(const double *params, const bp_array *in)
{
    (void)params;
    size_t size = ZSTD_compressBound(bp_array_bytes(in));
    return ZSTD_isError(size) ? 0 : size;
}

static bp_status encode(bp_context *ctx, const double *params, const bp_array *in, uint8_t *out,
                        size_t capacity, size_t *size)
{
    bp_shuffled values;
    bp_status status = bp_shuffled_from(ctx, in, params[P_SHUFFLE] != 0, &values);
    if (status == BP_OK) {
        size_t coded = ZSTD_compress(out, capacity, values.bytes, values.size, (int)params[P_LEVEL]);
        if (ZSTD_isError(coded))
            status = bp_fail(ctx, BP_E_INTERNAL, "zstd: %s (%zu bytes into %zu)", ZSTD_getErrorName(coded),
                             values.size, capacity);
        else
            *size = coded;
    }
    bp_shuffled_fini(&values);
    return status;
}

/* Exactly one frame of today's format: the library would also take older ones and several in a row. */
static bp_status decode_frame(bp_context *ctx, const uint8_t *in, size_t size, uint8_t *out, size_t bytes)
{
    if (size < 4 || bp_load_le32(in) != ZSTD_MAGICNUMBER)
        return bp_fail(ctx, BP_E_DAMAGED, "zstd: the data are no Zstandard frame");
    unsigned long long stated = ZSTD_getFrameContentSize(in, size);
    if (stated == ZSTD_CONTENTSIZE_ERROR || (stated != ZSTD_CONTENTSIZE_UNKNOWN && stated != bytes))
        return bp_fail(ctx, BP_E_DAMAGED, "zstd: the frame does not state %zu decoded bytes", bytes);
    if (ZSTD_findFrameCompressedSize(in, size) != size)
        return bp_fail(ctx, BP_E_DAMAGED, "zstd: the frame is not as long as its %zu bytes", size);
    size_t decoded = ZSTD_decompress(out, bytes, in, size);
    if (ZSTD_isError(decoded))
        return bp_fail(ctx, BP_E_DAMAGED, "zstd: %s", ZSTD_getErrorName(decoded));
    if (decoded != bytes)
        return bp_fail(ctx, BP_E_DAMAGED, "zstd: %zu bytes where %zu belong", decoded, bytes);
    return BP_OK;
}

static bp_status decode(bp_context *ctx, const double *params, const uint8_t *in, size_t size,
                        const bp_array *out)
{
    bp_shuffled values;
    bp_status status = bp_shuffled_room(ctx, out, params[P_SHUFFLE] != 0, &values);
    if (status == BP_OK)
        status = decode_frame(ctx, in, size, values.bytes, values.size);
    if (status == BP_OK)
        bp_shuffled_to_array(&values, out);
    bp_shuffled_fini(&values);
    return status;
}

static bp_status standard(bp_context *ctx, const double *params, const bp_array *chunk, bp_filter *filters,
                          size_t *count)
{
    (void)ctx;
    uint32_t level = (uint32_t)params[P_LEVEL];
    bp_shuffled_standard(chunk, params[P_SHUFFLE] != 0, HDF5_ZSTD, 1, &level, filters, count);
    return BP_OK;
}

static size_t library(char *text, size_t size)
{
    return (size_t)snprintf(text, size, "zstd %s", ZSTD_versionString());
}

const bp_codec bp_codec_zstd = {
    .name = "zstd",
    .summary = "Zstandard after a byte shuffle: good ratio, fast decoding; HDF5 filter 32015",
    .number = 3,
    .version = 1,
    .dtypes = BP_DTYPES_ALL,
    .max_rank = BP_MAX_RANK,
    .params = params_of_zstd,
    .param_count = P_COUNT,
    .levels = {"level=1", "level=3", "level=19"},
    .library = library,
    .lossless = bp_codec_always_lossless,
    .worst_size = worst_size,
    .encode = encode,
    .decode = decode,
    .standard = standard,
};
