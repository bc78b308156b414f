/* SPDX-License-Identifier: BSD-3-Clause
 * lz4: LZ4 blocks in the framing of the registered HDF5 filter 32004
 * (https://github.com/HDFGroup/hdf5_plugins, LZ4/src/H5Zlz4.c), byte for byte. Big endian: decoded size (8
 * bytes), block size (4 bytes); then for each block the size of its data (4 bytes) and the data. A block
 * whose size equals its decoded size is stored as it is. */
#include <limits.h>
#include <lz4.h>
#include <lz4hc.h>
#include <stdio.h>
#include <string.h>

#include "algo/shuffled.h"
#include "base/bits.h"
#include "base/checked.h"
#include "codec/codec.h"

enum { P_BLOCK, P_LEVEL, P_SHUFFLE, P_COUNT };

#define HDF5_LZ4     32004
#define HEADER_BYTES 12
#define LENGTH_BYTES 4

static const bp_param params_of_lz4[P_COUNT] = {
    {"block", "bytes", BP_PARAM_INTEGER, 1024, LZ4_MAX_INPUT_SIZE, 1 << 30, NULL, "values coded at a time"},
    {"level", "", BP_PARAM_INTEGER, -64, LZ4HC_CLEVEL_MAX, 1, NULL,
     "below 0: faster; 1: LZ4; 2 and more: LZ4-HC, smaller and slower, same decoder"},
    BP_PARAM_ROW_SHUFFLE,
};

static size_t block_of(const double *params, size_t bytes)
{
    size_t block = (size_t)params[P_BLOCK];
    return block < bytes ? block : bytes;
}

/* Blocks that do not shrink are stored, but the coder needs its whole worst case to say so. */
static size_t worst_size(const double *params, const bp_array *in)
{
    size_t bytes = bp_array_bytes(in), block = block_of(params, bytes), lengths, size;
    if (bytes == 0)
        return HEADER_BYTES;
    size_t room = (size_t)LZ4_compressBound((int)block) - block;
    lengths = (bytes - 1) / block + 1;
    if (bp_mul_overflows(lengths, LENGTH_BYTES, &lengths) || bp_add_overflows(bytes, lengths, &size) ||
        bp_add_overflows(size, HEADER_BYTES + room, &size))
        return 0;
    return size;
}

static int compress_block(const uint8_t *in, size_t size, uint8_t *out, size_t room, int level)
{
    int capacity = room > INT_MAX ? INT_MAX : (int)room;
    if (level >= 2)
        return LZ4_compress_HC((const char *)in, (char *)out, (int)size, capacity, level);
    return LZ4_compress_fast((const char *)in, (char *)out, (int)size, capacity, level < 0 ? 1 - level : 1);
}

static bp_status encode_blocks(bp_context *ctx, const double *params, const uint8_t *in, size_t bytes,
                               uint8_t *out, size_t capacity, size_t *size)
{
    size_t block = block_of(params, bytes), at = HEADER_BYTES;
    bp_store_be32(out, (uint32_t)((uint64_t)bytes >> 32));
    bp_store_be32(out + 4, (uint32_t)bytes);
    bp_store_be32(out + 8, (uint32_t)block);
    for (size_t done = 0; done < bytes; done += block) {
        size_t part = bytes - done < block ? bytes - done : block;
        if (capacity - at < LENGTH_BYTES + (size_t)LZ4_compressBound((int)part))
            return bp_fail(ctx, BP_E_INTERNAL, "lz4: an output of %zu bytes is too small", capacity);
        int coded = compress_block(in + done, part, out + at + LENGTH_BYTES, capacity - at - LENGTH_BYTES,
                                   (int)params[P_LEVEL]);
        if (coded <= 0)
            return bp_fail(ctx, BP_E_MEMORY, "lz4: the library could not code a block of %zu bytes", part);
        size_t stored = (size_t)coded;
        if (stored >= part) {
            stored = part;
            memcpy(out + at + LENGTH_BYTES, in + done, part);
        }
        bp_store_be32(out + at, (uint32_t)stored);
        at += LENGTH_BYTES + stored;
    }
    *size = at;
    return BP_OK;
}

static bp_status encode(bp_context *ctx, const double *params, const bp_array *in, uint8_t *out,
                        size_t capacity, size_t *size)
{
    bp_shuffled values;
    if (capacity < HEADER_BYTES)
        return bp_fail(ctx, BP_E_INTERNAL, "lz4: an output of %zu bytes is too small", capacity);
    bp_status status = bp_shuffled_from(ctx, in, params[P_SHUFFLE] != 0, &values);
    if (status == BP_OK)
        status = encode_blocks(ctx, params, values.bytes, values.size, out, capacity, size);
    bp_shuffled_fini(&values);
    return status;
}

static bp_status decode_block(bp_context *ctx, const uint8_t *in, size_t stored, uint8_t *out, size_t part)
{
    if (stored == part) {
        memcpy(out, in, part);
        return BP_OK;
    }
    if (stored > INT_MAX || part > INT_MAX ||
        LZ4_decompress_safe((const char *)in, (char *)out, (int)stored, (int)part) != (int)part)
        return bp_fail(ctx, BP_E_DAMAGED, "lz4: a block of %zu bytes does not decode to %zu", stored, part);
    return BP_OK;
}

static bp_status decode_blocks(bp_context *ctx, const uint8_t *in, size_t size, uint8_t *out, size_t bytes)
{
    if (size < HEADER_BYTES || bp_load_be64(in) != bytes)
        return bp_fail(ctx, BP_E_DAMAGED, "lz4: the data do not start as %zu decoded bytes do", bytes);
    size_t block = bp_load_be32(in + 8), at = HEADER_BYTES;
    if (bytes && block == 0)
        return bp_fail(ctx, BP_E_DAMAGED, "lz4: a block size of 0");
    for (size_t done = 0; done < bytes; done += block) {
        size_t part = bytes - done < block ? bytes - done : block;
        if (size - at < LENGTH_BYTES)
            return bp_fail(ctx, BP_E_DAMAGED, "lz4: the data end after %zu of %zu bytes", done, bytes);
        size_t stored = bp_load_be32(in + at);
        at += LENGTH_BYTES;
        if (stored > size - at)
            return bp_fail(ctx, BP_E_DAMAGED, "lz4: a block of %zu bytes where %zu are left", stored,
                           size - at);
        bp_status status = decode_block(ctx, in + at, stored, out + done, part);
        if (status != BP_OK)
            return status;
        at += stored;
        if (part < block)
            break;
    }
    return at == size ? BP_OK : bp_fail(ctx, BP_E_DAMAGED, "lz4: %zu bytes too many", size - at);
}

static bp_status decode(bp_context *ctx, const double *params, const uint8_t *in, size_t size,
                        const bp_array *out)
{
    bp_shuffled values;
    bp_status status = bp_shuffled_room(ctx, out, params[P_SHUFFLE] != 0, &values);
    if (status == BP_OK)
        status = decode_blocks(ctx, in, size, values.bytes, values.size);
    if (status == BP_OK)
        bp_shuffled_to_array(&values, out);
    bp_shuffled_fini(&values);
    return status;
}

static bp_status standard(bp_context *ctx, const double *params, const bp_array *chunk, bp_filter *filters,
                          size_t *count)
{
    uint32_t block = (uint32_t)params[P_BLOCK];
    if (bp_array_bytes(chunk) > INT32_MAX)
        return bp_fail(ctx, BP_E_UNSUPPORTED, "lz4: the registered filter ends at chunks of 2 GiB");
    bp_shuffled_standard(chunk, params[P_SHUFFLE] != 0, HDF5_LZ4, 1, &block, filters, count);
    return BP_OK;
}

static size_t library(char *text, size_t size)
{
    return (size_t)snprintf(text, size, "lz4 %s", LZ4_versionString());
}

const bp_codec bp_codec_lz4 = {
    .name = "lz4",
    .summary = "LZ4 after a byte shuffle: very fast, moderate ratio; HDF5 filter 32004",
    .number = 2,
    .version = 1,
    .dtypes = BP_DTYPES_ALL,
    .max_rank = BP_MAX_RANK,
    .params = params_of_lz4,
    .param_count = P_COUNT,
    .levels = {"level=-3", "level=1", "level=9"},
    .library = library,
    .lossless = bp_codec_always_lossless,
    .worst_size = worst_size,
    .encode = encode,
    .decode = decode,
    .standard = standard,
};
