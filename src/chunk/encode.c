/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/checked.h"
#include "base/hash.h"
#include "base/scratch.h"
#include "chunk/layout.h"

/* Memory that grows when a tile needs more. */
typedef struct scratch {
    uint8_t *data;
    size_t size;
} scratch;

typedef struct encoder {
    bp_context *ctx;
    const bp_codec_spec *spec;
    const bp_chain *chain;         /* NULL: no operations before the codec */
    const bp_chunk_source *source; /* with a chain */
    bp_chunk_header header;
    uint8_t *out;
    size_t capacity;
    size_t position; /* of the next tile's payload */
    scratch values;  /* a tile in the order of the machine, side by side */
    scratch coded;   /* where out has no room for the codec's worst case */
    scratch back;    /* decoded again, of lossy codecs; what operations restore */
    scratch marks;   /* of a tile */
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

static void plan_chain(const bp_chain *chain, bp_chunk_info *info)
{
    info->operation_count = chain->count;
    for (size_t i = 0; i < chain->count; i++) {
        const bp_operation *operation = chain->operations[i].operation;
        bp_chunk_operation *named = &info->operations[i];
        named->number = operation->number;
        named->version = operation->version;
        named->param_count = operation->param_count;
        memcpy(named->params, chain->operations[i].params, named->param_count * sizeof named->params[0]);
    }
}

/* in: as a reader gets it. */
static bp_status plan(bp_context *ctx, const bp_codec_spec *spec, const bp_chain *chain, const bp_array *in,
                      bp_byte_order order, const size_t *tile_shape, bp_chunk_header *header)
{
    memset(header, 0, sizeof *header);
    bp_chunk_info *info = &header->info;
    if (chain)
        plan_chain(chain, info);
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
    if (plan(NULL, spec, NULL, in, BP_LITTLE_ENDIAN, tile_shape, &header) != BP_OK ||
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

/* Of the first value of a tile in its chunk; elsewhere, where its values do not stand side by side there. */
static uint64_t place_of(const bp_array *whole, const bp_array *tile, const size_t *offset, size_t index)
{
    uint64_t place = 0;
    if (!bp_array_contiguous(tile))
        return (uint64_t)(index + 1) << 40;
    for (size_t i = 0; i < whole->rank; i++)
        place = place * whole->shape[i] + offset[i];
    return place;
}

/* Values and marks of a tile as operations take them. */
static bp_status take_source(encoder *e, const bp_array *tile, const size_t *offset, size_t index,
                             bp_operation_in *in)
{
    const uint8_t *marks = e->source->marks;
    bp_status status = BP_OK;
    in->values = *tile;
    in->marks = marks;
    in->as = e->source->as;
    in->place = e->source->place + place_of(e->source->values, tile, offset, index);
    if (bp_array_bytes(tile) == bp_array_bytes(e->source->values))
        return BP_OK;
    if (!bp_array_contiguous(tile)) {
        status = scratch_need(e->ctx, &e->values, bp_array_bytes(tile));
        if (status == BP_OK)
            status = bp_array_init(&in->values, tile->dtype, 0, tile->rank, tile->shape, e->values.data);
        if (status == BP_OK)
            status = bp_array_copy(tile, &in->values);
    }
    if (status != BP_OK || !marks)
        return status;
    bp_array whole, part, copy;
    status = bp_array_init(&whole, BP_U8, 0, tile->rank, e->source->values->shape, (void *)(uintptr_t)marks);
    if (status == BP_OK)
        status = bp_array_part(&whole, offset, tile->shape, &part);
    if (status == BP_OK)
        status = scratch_need(e->ctx, &e->marks, bp_array_elements(tile));
    if (status == BP_OK)
        status = bp_array_init(&copy, BP_U8, 0, tile->rank, tile->shape, e->marks.data);
    if (status == BP_OK)
        status = bp_array_copy(&part, &copy);
    in->marks = e->marks.data;
    return status;
}

/* What a reader gets, in e->back. */
static bp_status restore_tile(encoder *e, const bp_operation_out *outs, const bp_array *tile)
{
    bp_chunk_chain chain = {.count = e->chain->count};
    bp_array restored;
    for (size_t i = 0; i < chain.count; i++) {
        chain.specs[i] = e->chain->operations[i];
        chain.sides[i] = outs[i].side;
        chain.side_sizes[i] = outs[i].side_size;
        chain.coded[i] = outs[i].coded;
    }
    bp_status status = bp_array_init(&restored, e->source->as, 0, tile->rank, tile->shape, NULL);
    if (status == BP_OK)
        status = scratch_need(e->ctx, &e->back, bp_array_bytes(&restored));
    restored.data = e->back.data;
    return status == BP_OK ? bp_chunk_chain_restore(e->ctx, &chain, &outs[chain.count - 1].coded, &restored)
                           : status;
}

/* Side bytes and what the codec makes, in e->coded. */
static bp_status code_chain(encoder *e, const bp_operation_out *outs, size_t *size)
{
    size_t count = e->chain->count, room = 0, written = 0;
    const bp_array *coded = &outs[count - 1].coded;
    bp_status status = bp_codec_check(e->ctx, e->spec, coded);
    if (status != BP_OK)
        return status;
    size_t worst = bp_codec_worst_size(e->spec, coded);
    bool over = worst == 0 && bp_array_bytes(coded) != 0;
    for (size_t i = 0; i < count; i++)
        over = over || bp_add_overflows(room, 8 + outs[i].side_size, &room);
    if (over || bp_add_overflows(room, worst, &worst))
        return bp_fail(e->ctx, BP_E_UNSUPPORTED, "%zu bytes are too many for codec %s", bp_array_bytes(coded),
                       e->spec->codec->name);
    status = scratch_need(e->ctx, &e->coded, worst);
    if (status != BP_OK)
        return status;
    uint8_t *to = e->coded.data;
    for (size_t i = 0; i < count; i++) {
        bp_store_le64(to, outs[i].side_size);
        if (outs[i].side_size)
            memcpy(to + 8, outs[i].side, outs[i].side_size);
        to += 8 + outs[i].side_size;
    }
    status = bp_codec_encode(e->ctx, e->spec, coded, to, worst - room, &written);
    *size = room + written;
    return status;
}

/* A tile of values that operations take first. */
static bp_status encode_chain_tile(encoder *e, const bp_array *tile, const size_t *offset, size_t index)
{
    size_t count = e->chain->count, size = 0;
    bp_operation_out outs[BP_MAX_OPERATIONS];
    bp_operation_in in;
    memset(outs, 0, sizeof outs);
    bp_status status = take_source(e, tile, offset, index, &in);
    for (size_t i = 0; status == BP_OK && i < count; i++) {
        status = bp_operation_apply(e->ctx, &e->chain->operations[i], &in, &outs[i]);
        in.values = outs[i].coded;
        in.marks = outs[i].marks;
        in.as = outs[i].coded.dtype;
    }
    if (status == BP_OK)
        status = restore_tile(e, outs, tile);
    if (status == BP_OK)
        status = code_chain(e, outs, &size);
    for (size_t i = 0; i < count; i++)
        bp_operation_out_fini(e->ctx, &outs[i]);
    if (status != BP_OK)
        return status;
    size_t bytes = bp_array_elements(tile) * bp_dtype_size(e->source->as);
    bp_chunk_tile entry = {.mode = size < bytes ? BP_CHUNK_CODED : BP_CHUNK_STORED};
    entry.size = size < bytes ? size : bytes;
    if (entry.size > e->capacity - e->position)
        return bp_fail(e->ctx, BP_E_USAGE, "a chunk of more than %zu bytes for a buffer of that size",
                       e->capacity);
    uint8_t *target = e->out + e->position;
    memcpy(target, size < bytes ? e->coded.data : e->back.data, (size_t)entry.size);
    entry.value_hash = bp_hash64(e->back.data, bytes);
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
            status = e->chain ? encode_chain_tile(e, &tile, offset, i) : encode_tile(e, &tile, i);
        if (status != BP_OK)
            return status;
    }
    return BP_OK;
}

/* Everything behind the plan; frees what the encoder took. */
static bp_status encode_planned(encoder *e, const bp_array *in, size_t *size)
{
    bp_status status = BP_OK;
    e->position = e->header.info.header_bytes;
    if (e->position > e->capacity)
        return bp_fail(e->ctx, BP_E_USAGE, "a header of %zu bytes for a buffer of %zu", e->position,
                       e->capacity);
    bp_chunk_header_write(&e->header, e->out);
    status = encode_tiles(e, in);
    if (status == BP_OK) {
        bp_chunk_header_close(&e->header, e->out, e->position - e->header.info.header_bytes);
        *size = e->position;
    }
    free(e->values.data);
    free(e->coded.data);
    free(e->back.data);
    free(e->marks.data);
    return status;
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
        status = plan(ctx, spec, NULL, in, order, tile_shape, &e.header);
    return status == BP_OK ? encode_planned(&e, in, size) : status;
}

/* Type and shape of what a reader gets. */
static bp_array restored_array(const bp_chunk_source *source)
{
    bp_array restored = *source->values;
    if (bp_array_init(&restored, source->as, 0, source->values->rank, source->values->shape, NULL) != BP_OK)
        restored.rank = SIZE_MAX;
    return restored;
}

size_t bp_chunk_worst_values(const bp_codec_spec *spec, const bp_chain *chain, const bp_chunk_source *source,
                             const size_t *tile_shape)
{
    bp_chunk_header header;
    bp_array restored = restored_array(source);
    size_t total;
    if (restored.rank > BP_MAX_RANK ||
        plan(NULL, spec, chain, &restored, BP_LITTLE_ENDIAN, tile_shape, &header) != BP_OK ||
        bp_add_overflows(header.info.header_bytes, header.info.decoded_bytes, &total))
        return 0;
    return total;
}

bp_status bp_chunk_encode_values(bp_context *ctx, const bp_codec_spec *spec, const bp_chain *chain,
                                 const bp_chunk_source *source, bp_byte_order order, const size_t *tile_shape,
                                 uint8_t *out, size_t capacity, size_t *size)
{
    encoder e = {
        .ctx = ctx, .spec = spec, .chain = chain, .source = source, .out = out, .capacity = capacity};
    bp_array restored = restored_array(source);
    *size = 0;
    if (!bp_array_contiguous(source->values) || restored.rank > BP_MAX_RANK || chain->count == 0 ||
        chain->count > BP_MAX_OPERATIONS)
        return bp_fail(ctx, BP_E_USAGE, "chunks are made of contiguous arrays, by 1 to %d operations",
                       BP_MAX_OPERATIONS);
    if (!bp_codec_spec_lossless(spec))
        return bp_fail(ctx, BP_E_UNSUPPORTED, "codec %s would lose what %s leaves", spec->codec->name,
                       chain->operations[0].operation->name);
    bp_status status = plan(ctx, spec, chain, &restored, order, tile_shape, &e.header);
    return status == BP_OK ? encode_planned(&e, source->values, size) : status;
}
