/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "base/bits.h"
#include "base/checked.h"
#include "base/hash.h"
#include "chunk/layout.h"

/* A byte above 127, the name, and line ends that text-mode transfers change: damage shows in the magic. */
static const uint8_t magic[BP_CHUNK_MAGIC_BYTES] = {0x89, 'B', 'P', 'C', '\r', '\n', 0x1a, '\n'};

bp_status bp_chunk_header_plan(bp_context *ctx, bp_chunk_header *header)
{
    bp_chunk_info *info = &header->info;
    if (!bp_chunk_count_tiles(info->rank, info->shape, info->tile_shape, &info->tile_count))
        return bp_fail(ctx, BP_E_USAGE, "the tile shape does not fit the shape of the chunk");
    if (info->itemsize > UINT32_MAX)
        return bp_fail(ctx, BP_E_UNSUPPORTED, "elements of %zu bytes", info->itemsize);
    header->index_position =
        BP_CHUNK_FIXED_BYTES + 16 * info->rank + BP_CHUNK_OP_BYTES + 8 * info->param_count;
    for (size_t i = 0; i < info->operation_count; i++)
        header->index_position += BP_CHUNK_OP_BYTES + 8 * info->operations[i].param_count;
    size_t index_bytes;
    if (bp_mul_overflows(info->tile_count, BP_CHUNK_TILE_BYTES, &index_bytes) ||
        bp_add_overflows(header->index_position + BP_CHUNK_HASH_BYTES, index_bytes, &info->header_bytes) ||
        info->header_bytes > UINT32_MAX)
        return bp_fail(ctx, BP_E_UNSUPPORTED, "%zu tiles in one chunk are too many", info->tile_count);
    return BP_OK;
}

static uint8_t *write_operation(const bp_chunk_operation *operation, unsigned flags, uint8_t *p)
{
    bp_store_le16(p, operation->number);
    bp_store_le16(p + 2, operation->version);
    bp_store_le16(p + 4, (uint16_t)operation->param_count);
    bp_store_le16(p + 6, (uint16_t)flags);
    p += BP_CHUNK_OP_BYTES;
    for (size_t i = 0; i < operation->param_count; i++, p += 8)
        bp_store_le_double(p, operation->params[i]);
    return p;
}

void bp_chunk_header_write(const bp_chunk_header *header, uint8_t *out)
{
    const bp_chunk_info *info = &header->info;
    memcpy(out, magic, sizeof magic);
    bp_store_le16(out + 8, BP_CHUNK_FORMAT_VERSION);
    bp_store_le16(out + 10, 0);
    bp_store_le32(out + 12, (uint32_t)info->header_bytes);
    bp_store_le64(out + 16, 0);
    out[24] = (uint8_t)info->dtype;
    out[25] = (uint8_t)info->order;
    out[26] = (uint8_t)info->rank;
    out[27] = (uint8_t)(1 + info->operation_count);
    bp_store_le32(out + 28, (uint32_t)info->itemsize);
    uint8_t *p = out + BP_CHUNK_FIXED_BYTES;
    for (size_t i = 0; i < info->rank; i++, p += 8)
        bp_store_le64(p, info->shape[i]);
    for (size_t i = 0; i < info->rank; i++, p += 8)
        bp_store_le64(p, info->tile_shape[i]);
    for (size_t i = 0; i < info->operation_count; i++)
        p = write_operation(&info->operations[i], BP_CHUNK_OP_FIXED, p);
    bp_chunk_operation codec = {info->codec_number, info->codec_version, info->param_count, {0}};
    memcpy(codec.params, info->params, sizeof codec.params);
    write_operation(&codec, header->exact ? BP_CHUNK_OP_EXACT : 0, p);
}

void bp_chunk_tile_write(const bp_chunk_header *header, uint8_t *out, size_t index, const bp_chunk_tile *tile)
{
    uint8_t *p = out + header->index_position + index * BP_CHUNK_TILE_BYTES;
    bp_store_le64(p, tile->size);
    bp_store_le32(p + 8, tile->mode);
    bp_store_le32(p + 12, 0);
    bp_store_le64(p + 16, tile->stored_hash);
    bp_store_le64(p + 24, tile->value_hash);
}

void bp_chunk_header_close(const bp_chunk_header *header, uint8_t *out, size_t payload_bytes)
{
    size_t hashed = header->info.header_bytes - BP_CHUNK_HASH_BYTES;
    bp_store_le64(out + 16, payload_bytes);
    bp_store_le64(out + hashed, bp_hash64(out, hashed));
}
