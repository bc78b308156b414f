/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "algo/frames.h"
#include "base/hash.h"
#include "base/scratch.h"
#include "chunk/layout.h"

/* The codec with its parameters that a header names. */
static bp_status find_spec(bp_context *ctx, const bp_chunk_info *info, bp_codec_spec *spec)
{
    const bp_codec *codec = bp_codec_by_number(info->codec_number);
    if (!codec) {
        const char *name = bp_codec_reserved_name(info->codec_number);
        return name ? bp_fail(ctx, BP_E_UNSUPPORTED, "needs codec %s, which this build leaves out", name)
                    : bp_fail(ctx, BP_E_UNSUPPORTED, "needs operation %u, which this version does not know",
                              info->codec_number);
    }
    if (info->codec_version == 0 || info->codec_version > codec->version)
        return bp_fail(ctx, BP_E_UNSUPPORTED, "needs version %u of codec %s, this build has version %u",
                       info->codec_version, codec->name, codec->version);
    if (info->param_count > codec->param_count ||
        (info->codec_version == codec->version && info->param_count != codec->param_count))
        return bp_fail(ctx, BP_E_DAMAGED, "%zu parameters for codec %s, which has %zu", info->param_count,
                       codec->name, codec->param_count);
    memset(spec, 0, sizeof *spec);
    spec->codec = codec;
    bp_param_defaults(codec->params, codec->param_count, spec->params);
    if (info->param_count)
        memcpy(spec->params, info->params, info->param_count * sizeof info->params[0]);
    return BP_OK;
}

/* What is to be undone. */
typedef struct inverse {
    bp_codec_spec codec;
    bp_chunk_chain chain; /* before the codec */
} inverse;

static bp_status find_inverse(bp_context *ctx, const bp_chunk_info *info, inverse *spec)
{
    bp_status status = find_spec(ctx, info, &spec->codec);
    return status == BP_OK ? bp_chunk_chain_find(ctx, info, &spec->chain) : status;
}

/* Values of a tile that went through operations before the codec. */
static bp_status decode_chain(bp_context *ctx, const inverse *spec, const uint8_t *stored, size_t size,
                              const bp_array *tile)
{
    bp_chunk_chain chain = spec->chain;
    bp_status status = bp_chunk_chain_read(ctx, &chain, tile, &stored, &size);
    if (status != BP_OK)
        return status;
    bp_array coded = chain.coded[chain.count - 1];
    coded.data = bp_scratch_take(ctx, bp_array_bytes(&coded));
    if (!coded.data)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for %zu bytes", bp_array_bytes(&coded));
    status = bp_codec_decode(ctx, &spec->codec, stored, size, &coded);
    if (status == BP_OK)
        status = bp_chunk_chain_restore(ctx, &chain, &coded, tile);
    bp_scratch_give(ctx, coded.data);
    return status;
}

/* Undoes what was done to one tile: *tile holds values in the order of the machine afterwards. */
static bp_status decode_values(bp_context *ctx, const bp_chunk_header *header, const inverse *spec,
                               const bp_chunk_tile *entry, const uint8_t *stored, const bp_array *tile)
{
    size_t size = (size_t)entry->size, bytes = bp_array_bytes(tile);
    bool exact = header->fixed;
    if (bp_hash64(stored, size) != entry->stored_hash)
        return bp_fail(ctx, BP_E_DAMAGED, "the stored bytes are damaged (their hash does not match)");
    if (entry->mode == BP_CHUNK_STORED) {
        exact = true;
        if (size != bytes)
            return bp_fail(ctx, BP_E_DAMAGED, "%zu bytes stored where %zu belong", size, bytes);
        memcpy(tile->data, stored, bytes);
    } else {
        bp_status status = spec->chain.count ? decode_chain(ctx, spec, stored, size, tile)
                                             : bp_codec_decode(ctx, &spec->codec, stored, size, tile);
        if (status == BP_E_USAGE) /* parameters that no encoder accepts */
            status = BP_E_DAMAGED;
        if (status != BP_OK)
            return status;
    }
    if (exact && bp_hash64(tile->data, bytes) != entry->value_hash)
        return bp_fail(ctx, BP_E_DAMAGED, "the decoded values are not those that were encoded");
    return BP_OK;
}

/* Decodes in place where the tile's values stand side by side in the order of the machine. */
static bp_status decode_tile(bp_context *ctx, const bp_chunk_header *header, const inverse *spec,
                             const bp_chunk_tile *entry, const uint8_t *stored, const bp_array *tile)
{
    bp_byte_order order = header->info.order;
    if (!bp_chunk_needs_copy(tile, order))
        return decode_values(ctx, header, spec, entry, stored, tile);
    bp_array copy;
    size_t bytes = bp_array_bytes(tile);
    uint8_t *memory = malloc(bytes);
    if (!memory)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for %zu bytes", bytes);
    bp_status status = bp_array_init(&copy, tile->dtype, tile->itemsize, tile->rank, tile->shape, memory);
    if (status == BP_OK)
        status = decode_values(ctx, header, spec, entry, stored, &copy);
    if (status == BP_OK) {
        bp_chunk_to_order(tile->dtype, order, memory, bytes);
        status = bp_array_copy(&copy, tile);
    }
    free(memory);
    return status;
}

static bp_status decode_tiles(bp_context *ctx, const bp_chunk_header *header, const inverse *spec,
                              const uint8_t *payload, const bp_array *whole)
{
    for (size_t i = 0; i < header->info.tile_count; i++) {
        size_t offset[BP_MAX_RANK], shape[BP_MAX_RANK];
        bp_chunk_tile entry;
        bp_array tile;
        if (bp_context_cancelled(ctx))
            return bp_fail(ctx, BP_E_INTERRUPTED, "stopped while decoding");
        bp_chunk_tile_read(header, i, &entry);
        bp_chunk_tile_place(&header->info, i, offset, shape);
        bp_status status = bp_array_part(whole, offset, shape, &tile);
        if (status == BP_OK)
            status = decode_tile(ctx, header, spec, &entry, payload, &tile);
        if (status != BP_OK)
            return header->info.tile_count > 1 ? bp_fail_in(ctx, status, "tile %zu", i) : status;
        payload += entry.size;
    }
    return BP_OK;
}

bp_status bp_chunk_decode(bp_context *ctx, const uint8_t *in, size_t size, void *out, size_t out_size)
{
    bp_chunk_header header;
    inverse spec;
    bp_array whole;
    bp_status status = bp_chunk_header_read(ctx, in, size, &header);
    if (status != BP_OK)
        return status;
    const bp_chunk_info *info = &header.info;
    if (info->decoded_bytes != out_size)
        return bp_fail(ctx, BP_E_DAMAGED, "the chunk decodes to %zu bytes where %zu belong",
                       info->decoded_bytes, out_size);
    status = find_inverse(ctx, info, &spec);
    if (status == BP_OK)
        status = bp_array_init(&whole, info->dtype, info->itemsize, info->rank, info->shape, out);
    if (status == BP_OK)
        status = decode_tiles(ctx, &header, &spec, in + info->header_bytes, &whole);
    return status;
}

static bp_status decode_and_cut(bp_context *ctx, const uint8_t *in, size_t size, size_t decoded_bytes,
                                size_t from, void *out, size_t out_size)
{
    uint8_t *all = malloc(decoded_bytes ? decoded_bytes : 1);
    if (!all)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for %zu bytes", decoded_bytes);
    bp_status status = bp_chunk_decode(ctx, in, size, all, decoded_bytes);
    if (status == BP_OK && out_size)
        memcpy(out, all + from, out_size);
    free(all);
    return status;
}

bp_status bp_chunk_decode_frames(bp_context *ctx, const uint8_t *in, size_t size, size_t first, size_t count,
                                 void *out, size_t out_size)
{
    bp_chunk_header header;
    bp_codec_spec spec = {.codec = NULL};
    bp_array whole;
    bp_chunk_tile entry;
    bp_status status = bp_chunk_header_read(ctx, in, size, &header);
    if (status != BP_OK)
        return status;
    const bp_chunk_info *info = &header.info;
    const uint8_t *stored = in + info->header_bytes;
    status = bp_array_init(&whole, info->dtype, info->itemsize, info->rank, info->shape, NULL);
    if (status != BP_OK)
        return status;
    bp_frames frames = bp_frames_of(&whole);
    if (first > frames.count || count > frames.count - first || out_size != count * frames.bytes)
        return bp_fail(ctx, BP_E_USAGE, "%zu bytes for frames %zu to %zu of %zu of %zu bytes", out_size,
                       first, first + count, frames.count, frames.bytes);
    status = find_spec(ctx, info, &spec);
    if (status != BP_OK)
        return status;
    if (!spec.codec || !spec.codec->decode_frames || info->tile_count != 1 || info->operation_count ||
        count == frames.count)
        return decode_and_cut(ctx, in, size, info->decoded_bytes, first * frames.bytes, out, out_size);
    bp_chunk_tile_read(&header, 0, &entry);
    if (entry.mode != BP_CHUNK_CODED)
        return decode_and_cut(ctx, in, size, info->decoded_bytes, first * frames.bytes, out, out_size);
    if (bp_hash64(stored, (size_t)entry.size) != entry.stored_hash)
        return bp_fail(ctx, BP_E_DAMAGED, "the stored bytes are damaged (their hash does not match)");
    status = bp_codec_check(ctx, &spec, &whole);
    if (status == BP_OK)
        status = spec.codec->decode_frames(ctx, spec.params, stored, (size_t)entry.size, &whole, first, count,
                                           out);
    if (status == BP_OK)
        bp_chunk_to_order(info->dtype, info->order, out, out_size);
    return status == BP_E_USAGE ? BP_E_DAMAGED : status;
}
