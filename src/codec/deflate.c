/* SPDX-License-Identifier: BSD-3-Clause
 * deflate: one zlib stream (RFC 1950), as HDF5's own filter 1 ("gzip") writes it; coded by libdeflate. */
#include <libdeflate.h>
#include <stdio.h>

#include "algo/shuffled.h"
#include "codec/codec.h"

enum { P_LEVEL, P_SHUFFLE, P_COUNT };

#define HDF5_DEFLATE       1
#define HDF5_HIGHEST_LEVEL 9 /* zlib's */

static const bp_param params_of_deflate[P_COUNT] = {
    {"level", "", BP_PARAM_INTEGER, 1, 12, 6, NULL, "1: fastest; 12: smallest"},
    BP_PARAM_ROW_SHUFFLE,
};

static size_t worst_size(const double *params, const bp_array *in)
{
    (void)params;
    size_t bytes = bp_array_bytes(in), size = libdeflate_zlib_compress_bound(NULL, bytes);
    return size < bytes ? 0 : size;
}

static bp_status encode_stream(bp_context *ctx, int level, const bp_shuffled *values, uint8_t *out,
                               size_t capacity, size_t *size)
{
    struct libdeflate_compressor *compressor = libdeflate_alloc_compressor(level);
    if (!compressor)
        return bp_fail(ctx, BP_E_MEMORY, "deflate: no memory for the coder");
    /* an empty array has no address to give */
    const uint8_t nothing = 0, *bytes = values->size ? values->bytes : &nothing;
    size_t coded = libdeflate_zlib_compress(compressor, bytes, values->size, out, capacity);
    libdeflate_free_compressor(compressor);
    if (coded == 0)
        return bp_fail(ctx, BP_E_INTERNAL, "deflate: %zu bytes do not fit %zu", values->size, capacity);
    *size = coded;
    return BP_OK;
}

static bp_status encode(bp_context *ctx, const double *params, const bp_array *in, uint8_t *out,
                        size_t capacity, size_t *size)
{
    bp_shuffled values;
    bp_status status = bp_shuffled_from(ctx, in, params[P_SHUFFLE] != 0, &values);
    if (status == BP_OK)
        status = encode_stream(ctx, (int)params[P_LEVEL], &values, out, capacity, size);
    bp_shuffled_fini(&values);
    return status;
}

static bp_status decode_stream(bp_context *ctx, const uint8_t *in, size_t size, const bp_shuffled *values)
{
    struct libdeflate_decompressor *decompressor = libdeflate_alloc_decompressor();
    if (!decompressor)
        return bp_fail(ctx, BP_E_MEMORY, "deflate: no memory for the decoder");
    size_t used = 0, decoded = 0;
    uint8_t nothing = 0, *bytes = values->size ? values->bytes : &nothing;
    enum libdeflate_result result =
        libdeflate_zlib_decompress_ex(decompressor, in, size, bytes, values->size, &used, &decoded);
    libdeflate_free_decompressor(decompressor);
    if (result == LIBDEFLATE_INSUFFICIENT_SPACE)
        return bp_fail(ctx, BP_E_DAMAGED, "deflate: the stream holds more than %zu bytes", values->size);
    if (result != LIBDEFLATE_SUCCESS)
        return bp_fail(ctx, BP_E_DAMAGED, "deflate: the stream of %zu bytes is damaged", size);
    if (decoded != values->size || used != size)
        return bp_fail(ctx, BP_E_DAMAGED, "deflate: %zu of %zu bytes give %zu where %zu belong", used, size,
                       decoded, values->size);
    return BP_OK;
}

static bp_status decode(bp_context *ctx, const double *params, const uint8_t *in, size_t size,
                        const bp_array *out)
{
    bp_shuffled values;
    bp_status status = bp_shuffled_room(ctx, out, params[P_SHUFFLE] != 0, &values);
    if (status == BP_OK)
        status = decode_stream(ctx, in, size, &values);
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
    /* the stream says nothing of its level; a program that rewrites the chunk hands it to zlib */
    level = level < HDF5_HIGHEST_LEVEL ? level : HDF5_HIGHEST_LEVEL;
    bp_shuffled_standard(chunk, params[P_SHUFFLE] != 0, HDF5_DEFLATE, 1, &level, filters, count);
    return BP_OK;
}

static size_t library(char *text, size_t size)
{
    return (size_t)snprintf(text, size, "libdeflate %s", LIBDEFLATE_VERSION_STRING);
}

const bp_codec bp_codec_deflate = {
    .name = "deflate",
    .summary = "zlib stream after a byte shuffle: every HDF5 reads it; HDF5 filter 1",
    .number = 4,
    .version = 1,
    .dtypes = BP_DTYPES_ALL,
    .max_rank = BP_MAX_RANK,
    .params = params_of_deflate,
    .param_count = P_COUNT,
    .levels = {"level=1", "level=6", "level=12"},
    .library = library,
    .lossless = bp_codec_always_lossless,
    .worst_size = worst_size,
    .encode = encode,
    .decode = decode,
    .standard = standard,
};
