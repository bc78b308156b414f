/* SPDX-License-Identifier: BSD-3-Clause
 * Reading a header that may hold any bytes. Nothing is allocated, and no length is believed before it was
 * compared with the number of bytes that are there. */
#include <string.h>

#include "base/bits.h"
#include "base/checked.h"
#include "base/hash.h"
#include "chunk/layout.h"

static const uint8_t magic[BP_CHUNK_MAGIC_BYTES] = {0x89, 'B', 'P', 'C', '\r', '\n', 0x1a, '\n'};

/* Magic, version, sizes and the hash over the whole header. */
static bp_status check_frame(bp_context *ctx, const uint8_t *in, size_t size, bp_chunk_header *header)
{
    if (size < BP_CHUNK_FIXED_BYTES + BP_CHUNK_OP_BYTES + BP_CHUNK_HASH_BYTES)
        return bp_fail(ctx, BP_E_DAMAGED, "%zu bytes are too few for a beampress chunk", size);
    if (memcmp(in, magic, sizeof magic) != 0)
        return bp_fail(ctx, BP_E_DAMAGED, "no beampress chunk (wrong magic bytes)");
    size_t header_bytes = bp_load_le32(in + 12);
    uint64_t payload_bytes = bp_load_le64(in + 16);
    if (header_bytes < BP_CHUNK_FIXED_BYTES + BP_CHUNK_OP_BYTES + BP_CHUNK_HASH_BYTES ||
        header_bytes > size || payload_bytes != size - header_bytes)
        return bp_fail(ctx, BP_E_DAMAGED, "the chunk has %zu bytes, its header states %zu + %llu", size,
                       header_bytes, (unsigned long long)payload_bytes);
    size_t hashed = header_bytes - BP_CHUNK_HASH_BYTES;
    if (bp_hash64(in, hashed) != bp_load_le64(in + hashed))
        return bp_fail(ctx, BP_E_DAMAGED, "the chunk's header is damaged (its hash does not match)");
    if (bp_load_le16(in + 8) != BP_CHUNK_FORMAT_VERSION)
        return bp_fail(ctx, BP_E_UNSUPPORTED, "chunk format version %u, this build reads version %u",
                       bp_load_le16(in + 8), BP_CHUNK_FORMAT_VERSION);
    if (bp_load_le16(in + 10) != 0)
        return bp_fail(ctx, BP_E_UNSUPPORTED, "chunk format flags 0x%x are not known to this build",
                       bp_load_le16(in + 10));
    header->info.header_bytes = header_bytes;
    header->payload_bytes = (size_t)payload_bytes;
    return BP_OK;
}

/* Element type, shape and tile shape; what follows the shapes starts at *position. */
static bp_status read_shape(bp_context *ctx, const uint8_t *in, bp_chunk_info *info, size_t *position)
{
    unsigned dtype = in[24], order = in[25], rank = in[26];
    uint32_t itemsize = bp_load_le32(in + 28);
    if (dtype >= BP_DTYPE_COUNT || order > BP_BIG_ENDIAN || rank > BP_MAX_RANK)
        return bp_fail(ctx, BP_E_DAMAGED, "element type %u, byte order %u, rank %u", dtype, order, rank);
    if (info->header_bytes < BP_CHUNK_FIXED_BYTES + 16 * rank + BP_CHUNK_OP_BYTES + BP_CHUNK_HASH_BYTES)
        return bp_fail(ctx, BP_E_DAMAGED, "a header of %zu bytes has no room for rank %u", info->header_bytes,
                       rank);
    const uint8_t *p = in + BP_CHUNK_FIXED_BYTES;
    for (size_t i = 0; i < rank; i++)
        if (bp_size_from_u64(bp_load_le64(p + 8 * i), &info->shape[i]) ||
            bp_size_from_u64(bp_load_le64(p + 8 * (rank + i)), &info->tile_shape[i]))
            return bp_fail(ctx, BP_E_UNSUPPORTED, "an axis is too long for this machine");
    bp_array array;
    if (itemsize == 0 || bp_array_init(&array, (bp_dtype)dtype, itemsize, rank, info->shape, NULL) != BP_OK)
        return bp_fail(ctx, BP_E_DAMAGED, "type %s of %u bytes with the stated shape is no array",
                       bp_dtype_name((bp_dtype)dtype), itemsize);
    if (!bp_chunk_count_tiles(rank, info->shape, info->tile_shape, &info->tile_count))
        return bp_fail(ctx, BP_E_DAMAGED, "the tile shape does not fit the shape");
    info->dtype = (bp_dtype)dtype;
    info->order = (bp_byte_order)order;
    info->itemsize = itemsize;
    info->rank = rank;
    info->decoded_bytes = bp_array_bytes(&array);
    *position = BP_CHUNK_FIXED_BYTES + 16 * (size_t)rank;
    return BP_OK;
}

/* The operation at *position, which moves behind it. */
static bp_status read_operation(bp_context *ctx, const uint8_t *in, size_t header_bytes, size_t *position,
                                bp_chunk_operation *operation, unsigned *flags)
{
    if (header_bytes - *position < BP_CHUNK_OP_BYTES + BP_CHUNK_HASH_BYTES)
        return bp_fail(ctx, BP_E_DAMAGED, "a header of %zu bytes has no room for its operations",
                       header_bytes);
    const uint8_t *p = in + *position;
    operation->number = bp_load_le16(p);
    operation->version = bp_load_le16(p + 2);
    operation->param_count = bp_load_le16(p + 4);
    *flags = bp_load_le16(p + 6);
    if (operation->param_count > BP_MAX_PARAMS || *flags & ~(BP_CHUNK_OP_EXACT | BP_CHUNK_OP_FIXED))
        return bp_fail(ctx, BP_E_UNSUPPORTED, "operation %u with %zu parameters and flags 0x%x",
                       operation->number, operation->param_count, *flags);
    *position += BP_CHUNK_OP_BYTES + 8 * operation->param_count;
    if (*position > header_bytes - BP_CHUNK_HASH_BYTES)
        return bp_fail(ctx, BP_E_DAMAGED, "a header of %zu bytes does not hold %zu parameters", header_bytes,
                       operation->param_count);
    for (size_t i = 0; i < operation->param_count; i++)
        operation->params[i] = bp_load_le_double(p + BP_CHUNK_OP_BYTES + 8 * i);
    return BP_OK;
}

/* The operations to invert, the codec last. */
static bp_status read_operations(bp_context *ctx, const uint8_t *in, bp_chunk_header *header, size_t position)
{
    bp_chunk_info *info = &header->info;
    bp_chunk_operation codec = {0};
    if (in[27] == 0 || in[27] > 1 + BP_MAX_OPERATIONS)
        return bp_fail(ctx, BP_E_UNSUPPORTED, "%u operations to invert, this build knows chunks of 1 to %d",
                       in[27], 1 + BP_MAX_OPERATIONS);
    info->operation_count = in[27] - 1u;
    header->fixed = true;
    for (size_t i = 0; i <= info->operation_count; i++) {
        unsigned flags = 0;
        bp_status status = read_operation(ctx, in, info->header_bytes, &position,
                                          i < info->operation_count ? &info->operations[i] : &codec, &flags);
        if (status != BP_OK)
            return status;
        header->exact = (flags & BP_CHUNK_OP_EXACT) != 0; /* of the last one at the end */
        header->fixed = header->fixed && flags != 0;
    }
    info->codec_number = codec.number;
    info->codec_version = codec.version;
    info->param_count = codec.param_count;
    memcpy(info->params, codec.params, sizeof info->params);
    header->index_position = position;
    size_t index_bytes, expected;
    if (bp_mul_overflows(info->tile_count, BP_CHUNK_TILE_BYTES, &index_bytes) ||
        bp_add_overflows(header->index_position + BP_CHUNK_HASH_BYTES, index_bytes, &expected) ||
        expected != info->header_bytes)
        return bp_fail(ctx, BP_E_DAMAGED, "a header of %zu bytes does not hold %zu parameters and %zu tiles",
                       info->header_bytes, info->param_count, info->tile_count);
    header->index = in + header->index_position;
    return BP_OK;
}

/* The tiles fill the payload exactly; a stored one has the size of its values. */
static bp_status check_index(bp_context *ctx, const bp_chunk_header *header)
{
    const bp_chunk_info *info = &header->info;
    uint64_t left = header->payload_bytes;
    for (size_t i = 0; i < info->tile_count; i++) {
        bp_chunk_tile tile;
        bp_chunk_tile_read(header, i, &tile);
        if (tile.mode > BP_CHUNK_CODED || bp_load_le32(header->index + i * BP_CHUNK_TILE_BYTES + 12) != 0)
            return bp_fail(ctx, BP_E_UNSUPPORTED, "tile %zu: mode %u is not known to this build", i,
                           tile.mode);
        if (tile.size > left)
            return bp_fail(ctx, BP_E_DAMAGED, "tile %zu: %llu bytes where %llu are left", i,
                           (unsigned long long)tile.size, (unsigned long long)left);
        left -= tile.size;
    }
    if (left != 0)
        return bp_fail(ctx, BP_E_DAMAGED, "%llu bytes behind the last tile", (unsigned long long)left);
    return BP_OK;
}

void bp_chunk_tile_read(const bp_chunk_header *header, size_t index, bp_chunk_tile *tile)
{
    const uint8_t *p = header->index + index * BP_CHUNK_TILE_BYTES;
    tile->size = bp_load_le64(p);
    tile->mode = bp_load_le32(p + 8);
    tile->stored_hash = bp_load_le64(p + 16);
    tile->value_hash = bp_load_le64(p + 24);
}

bp_status bp_chunk_header_read(bp_context *ctx, const uint8_t *in, size_t size, bp_chunk_header *header)
{
    size_t position = 0;
    memset(header, 0, sizeof *header);
    bp_status status = check_frame(ctx, in, size, header);
    if (status == BP_OK)
        status = read_shape(ctx, in, &header->info, &position);
    if (status == BP_OK)
        status = read_operations(ctx, in, header, position);
    if (status == BP_OK)
        status = check_index(ctx, header);
    return status;
}

bp_status bp_chunk_read_info(bp_context *ctx, const uint8_t *in, size_t size, bp_chunk_info *info)
{
    bp_chunk_header header;
    bp_status status = bp_chunk_header_read(ctx, in, size, &header);
    *info = header.info;
    return status;
}
