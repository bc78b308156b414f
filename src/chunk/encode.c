/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/hash.h"
#include "chunk/layout.h"

/* Memory that grows when a tile needs more. */
typedef struct scratch {
    uint8_t *data;
    size_t size;
} scratch;

typedef struct encoder {
    bp_context *ctx;
    const bp_codec_spec *spec;
    bp_chunk_header header;
    uint8_t *out;
    size_t capacity;
    size_t position; /* of the next tile's payload */
    scratch values;  /* a tile in the order of the machine, side by side */
    scratch coded;   /* where out has no room for the codec's worst case */
    scratch back;    /* decoded again, of lossy codecs */
} encoder;

static bp_status scratch_need(bp_context *ctx, scratch *memory, size_t size)
{
    if (memory->data && memory->size >= size)
        return BP_OK;
    free(memory->data);
    memory->size = size ? size : 1;
    memory->data = malloc(memory->size);
    return memory->data ? BP_OK : bp_fail(ctx, BP_E_MEMORY, "no memory for %zu bytes", size);
}

static bp_status plan(bp_context *ctx, const bp_codec_spec *spec, const bp_array *in, bp_byte_order order,
                      const size_t *tile_shape, bp_chunk_header *header)
{
    memset(header, 0, sizeof *header);
    bp_chunk_info *info = &header->info;
    info->dtype = in->dtype;
    info->order = order;
    info->itemsize = in->itemsize;
    info->rank = in->rank;
    for (size_t i = 0; i < in->rank; i++) {
        size_t longest = in->shape[i] ? in->shape[i] : 1;
        info->shape[i] = in->shape[i];
        info->tile_shape[i] = tile_shape && tile_shape[i] < longest ? tile_shape[i] : longest;
    }
    info->decoded_bytes = bp_array_bytes(in);
    info->codec_number = spec->codec->number;
    info->codec_version = spec->codec->version;
    info->param_count = spec->codec->param_count;
    memcpy(info->params, spec->params, info->param_count * sizeof info->params[0]);
    header->exact = bp_codec_spec_lossless(spec);
    return bp_chunk_header_plan(ctx, header);
}

size_t bp_chunk_worst_size(const bp_codec_spec *spec, const bp_array *in, const size_t *tile_shape)
{
    bp_chunk_header header;
    bp_array tile;
    if (plan(NULL, spec, in, BP_LITTLE_ENDIAN, tile_shape, &header) != BP_OK ||
        bp_array_init(&tile, in->dtype, in->itemsize, in->rank, header.info.tile_shape, NULL) != BP_OK)
        return 0;
    /* every tile but the one being encoded takes at most its own size */
    size_t worst = bp_codec_worst_size(spec, &tile), total;
    if (worst == 0 && bp_array_bytes(&tile) != 0)
        return 0;
    if (worst < bp_array_bytes(&tile))
        worst = bp_array_bytes(&tile);
    if (bp_add_overflows(header.info.header_bytes, header.info.decoded_bytes, &total) ||
        bp_add_overflows(total, worst - bp_array_bytes(&tile), &total))
        return 0;
    return total;
}

/* The values of a tile, side by side in the order of the machine: *tile views in itself where it can. */
static bp_status take_values(encoder *e, bp_array *tile)
{
    bp_byte_order order = e->header.info.order;
    if (!bp_chunk_needs_copy(tile, order))
        return BP_OK;
    size_t bytes = bp_array_bytes(tile);
    bp_array copy;
    bp_status status = scratch_need(e->ctx, &e->values, bytes);
    if (status == BP_OK)
        status = bp_array_init(&copy, tile->dtype, tile->itemsize, tile->rank, tile->shape, e->values.data);
    if (status == BP_OK)
        status = bp_array_copy(tile, &copy);
    if (status != BP_OK)
        return status;
    bp_chunk_to_order(tile->dtype, order, e->values.data, bytes);
    *tile = copy;
    return BP_OK;
}

/* What a reader will get, as a hash: of the values themselves, or of what a lossy codec makes of them. */
static bp_status hash_values(encoder *e, const bp_array *tile, const uint8_t *coded, bp_chunk_tile *entry)
{
    size_t bytes = bp_array_bytes(tile);
    const void *values = tile->data;
    if (entry->mode == BP_CHUNK_CODED && !e->header.exact) {
        bp_array back = *tile;
        bp_status status = scratch_need(e->ctx, &e->back, bytes);
        back.data = e->back.data;
        if (status == BP_OK)
            status = bp_codec_decode(e->ctx, e->spec, coded, (size_t)entry->size, &back);
        if (status != BP_OK)
            return status;
        values = e->back.data;
    }
    entry->value_hash = bp_hash64(values, bytes);
    return BP_OK;
}

static bp_status encode_tile(encoder *e, bp_array *tile, size_t index)
{
    size_t room = e->capacity - e->position, size = 0;
    uint8_t *target = e->out + e->position, *coded = target;
    bp_chunk_tile entry = {.mode = BP_CHUNK_CODED};
    bp_status status = take_values(e, tile);
    if (status != BP_OK)
        return status;
    size_t bytes = bp_array_bytes(tile), worst = bp_codec_worst_size(e->spec, tile);
    if (worst == 0 && bytes != 0)
        return bp_fail(e->ctx, BP_E_UNSUPPORTED, "%zu bytes are too many for codec %s", bytes,
                       e->spec->codec->name);
    if (worst > room) {
        status = scratch_need(e->ctx, &e->coded, worst);
        coded = e->coded.data;
    }
    if (status == BP_OK)
        status = bp_codec_encode(e->ctx, e->spec, tile, coded, worst, &size);
    if (status != BP_OK)
        return status;
    entry.size = size;
    if (size >= bytes) {
        entry.mode = BP_CHUNK_STORED;
        entry.size = bytes;
        coded = tile->data;
    }
    if (entry.size > room)
        return bp_fail(e->ctx, BP_E_USAGE, "a chunk of more than %zu bytes for a buffer of that size",
                       e->capacity);
    status = hash_values(e, tile, coded, &entry);
    if (status != BP_OK)
        return status;
    if (coded != target)
        memcpy(target, coded, (size_t)entry.size);
    entry.stored_hash = bp_hash64(target, (size_t)entry.size);
    bp_chunk_tile_write(&e->header, e->out, index, &entry);
    e->position += (size_t)entry.size;
    return BP_OK;
}

static bp_status encode_tiles(encoder *e, const bp_array *in)
{
    const bp_chunk_info *info = &e->header.info;
    for (size_t i = 0; i < info->tile_count; i++) {
        size_t offset[BP_MAX_RANK], shape[BP_MAX_RANK];
        bp_array tile;
        if (bp_context_cancelled(e->ctx))
            return bp_fail(e->ctx, BP_E_INTERRUPTED, "stopped while encoding");
        bp_chunk_tile_place(info, i, offset, shape);
        bp_status status = bp_array_part(in, offset, shape, &tile);
        if (status == BP_OK)
            status = encode_tile(e, &tile, i);
        if (status != BP_OK)
            return status;
    }
    return BP_OK;
}

bp_status bp_chunk_encode(bp_context *ctx, const bp_codec_spec *spec, const bp_array *in, bp_byte_order order,
                          const size_t *tile_shape, uint8_t *out, size_t capacity, size_t *size)
{
    encoder e = {.ctx = ctx, .spec = spec, .out = out, .capacity = capacity};
    *size = 0;
    if (!bp_array_contiguous(in))
        return bp_fail(ctx, BP_E_USAGE, "chunks are made of contiguous arrays");
    if (in->dtype == BP_OPAQUE && order != BP_LITTLE_ENDIAN)
        return bp_fail(ctx, BP_E_USAGE, "opaque bytes have no byte order");
    /* of several tiles, each is checked when its turn comes */
    bp_status status = tile_shape ? BP_OK : bp_codec_check(ctx, spec, in);
    if (status == BP_OK)
        status = plan(ctx, spec, in, order, tile_shape, &e.header);
    if (status != BP_OK)
        return status;
    e.position = e.header.info.header_bytes;
    if (e.position > capacity)
        return bp_fail(ctx, BP_E_USAGE, "a header of %zu bytes for a buffer of %zu", e.position, capacity);
    bp_chunk_header_write(&e.header, out);
    status = encode_tiles(&e, in);
    if (status == BP_OK) {
        bp_chunk_header_close(&e.header, out, e.position - e.header.info.header_bytes);
        *size = e.position;
    }
    free(e.values.data);
    free(e.coded.data);
    free(e.back.data);
    return status;
}
