/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "base/bits.h"
#include "base/checked.h"
#include "base/hash.h"
#include "io/coding.h"

#define FLETCHER_BYTES 4
#define STAND_IN_BYTES 1024 /* another codec's parameters in the header of a chunk of ours */

/* Codecs that take bytes without a meaning do not mind in which order those of a value stand. */
static bool minds_order(const bp_codec *codec)
{
    return !(codec->dtypes & 1u << BP_OPAQUE);
}

/* Codecs of images get tiles: the last axes as they are, the leading ones cut to 1. */
static void choose_tile(const bp_codec *codec, const bp_array *chunk, size_t *tile_shape)
{
    size_t left = codec->max_rank;
    for (size_t i = chunk->rank; i-- > 0;) {
        bool keep = chunk->shape[i] <= 1 || left > 0;
        tile_shape[i] = keep ? chunk->shape[i] : 1;
        if (keep && chunk->shape[i] > 1)
            left--;
    }
}

static bp_status init_standard(bp_context *ctx, bp_coding *coding, bool fletcher32)
{
    const bp_codec *codec = coding->spec.codec;
    size_t count = 0;
    if (!codec->standard)
        return bp_fail(ctx, BP_E_UNSUPPORTED, "codec %s has no registered HDF5 filter", codec->name);
    if (coding->order != BP_LITTLE_ENDIAN && minds_order(codec))
        return bp_fail(ctx, BP_E_UNSUPPORTED, "codec %s writes no registered chunks of big-endian values",
                       codec->name);
    bp_status status = bp_codec_check(ctx, &coding->spec, &coding->chunk);
    if (status == BP_OK)
        status = codec->standard(ctx, coding->spec.params, &coding->chunk, coding->pipeline.filters, &count);
    if (status != BP_OK)
        return status;
    if (fletcher32)
        coding->pipeline.filters[count++] = (bp_filter){.id = BP_FILTER_FLETCHER32};
    coding->pipeline.count = count;
    coding->own = false;
    return BP_OK;
}

static bp_status init_own(bp_context *ctx, bp_coding *coding)
{
    bp_array tile;
    choose_tile(coding->spec.codec, &coding->chunk, coding->tile_shape);
    bp_status status = bp_array_init(&tile, coding->chunk.dtype, coding->chunk.itemsize, coding->chunk.rank,
                                     coding->tile_shape, NULL);
    if (status == BP_OK)
        status = bp_codec_check(ctx, &coding->spec, &tile);
    if (status == BP_OK)
        status =
            bp_chunk_words(ctx, &coding->spec, &coding->chunk, coding->order, &coding->pipeline.filters[0]);
    coding->pipeline.count = 1;
    coding->own = true;
    return status;
}

bp_status bp_coding_init(bp_context *ctx, bp_coding *coding, const bp_codec_spec *spec, bp_format format,
                         bool fletcher32, bp_byte_order order, const bp_array *chunk)
{
    memset(coding, 0, sizeof *coding);
    coding->spec = *spec;
    coding->order = order;
    coding->chunk = *chunk;
    bp_status status = BP_E_UNSUPPORTED;
    if (format != BP_FORMAT_OWN)
        status = init_standard(ctx, coding, fletcher32);
    if (status != BP_OK && format != BP_FORMAT_STANDARD)
        status = init_own(ctx, coding);
    if (status == BP_OK && bp_coding_worst_size(coding) == 0)
        status = bp_fail(ctx, BP_E_UNSUPPORTED, "a chunk of %zu bytes", bp_array_bytes(chunk));
    return status;
}

bp_status bp_coding_init_chain(bp_context *ctx, bp_coding *coding, const bp_codec_spec *spec,
                               const bp_chain *chain, bp_dtype from, bp_byte_order order,
                               const bp_array *chunk)
{
    memset(coding, 0, sizeof *coding);
    coding->spec = *spec;
    coding->order = order;
    coding->chunk = *chunk;
    coding->own = true;
    coding->chain = chain;
    coding->from = from;
    coding->pipeline.count = 1;
    choose_tile(spec->codec, chunk, coding->tile_shape);
    bp_status status = bp_chunk_words(ctx, spec, chunk, order, &coding->pipeline.filters[0]);
    if (status == BP_OK && !bp_codec_spec_lossless(spec))
        status = bp_fail(ctx, BP_E_UNSUPPORTED, "codec %s is in a lossy mode", spec->codec->name);
    if (status == BP_OK && bp_coding_worst_size(coding) == 0)
        status = bp_fail(ctx, BP_E_UNSUPPORTED, "a chunk of %zu bytes", bp_array_bytes(chunk));
    return status;
}

void bp_coding_init_plain(bp_coding *coding, const bp_array *chunk, bp_byte_order order)
{
    memset(coding, 0, sizeof *coding);
    coding->plain = true;
    coding->order = order;
    coding->chunk = *chunk;
}

static bool has_fletcher32(const bp_coding *coding)
{
    return !coding->own && coding->pipeline.count &&
           coding->pipeline.filters[coding->pipeline.count - 1].id == BP_FILTER_FLETCHER32;
}

/* In our own chunks another codec may stand in for the coding's; its worst case is a stored tile. */
size_t bp_coding_worst_size(const bp_coding *coding)
{
    if (coding->plain)
        return bp_array_bytes(&coding->chunk);
    if (coding->chain) {
        bp_array values;
        const bp_chunk_source source = {.values = &values, .as = coding->chunk.dtype};
        size_t worst = bp_array_init(&values, coding->from, 0, coding->chunk.rank, coding->chunk.shape, NULL)
                           ? 0
                           : bp_chunk_worst_values(&coding->spec, coding->chain, &source, coding->tile_shape);
        return worst == 0 || bp_add_overflows(worst, STAND_IN_BYTES, &worst) ? 0 : worst;
    }
    if (coding->own) {
        size_t own = bp_chunk_worst_size(&coding->spec, &coding->chunk, coding->tile_shape);
        size_t stored;
        return own == 0 || bp_add_overflows(own, STAND_IN_BYTES, &stored) ? 0 : stored;
    }
    size_t size = bp_codec_worst_size(&coding->spec, &coding->chunk);
    return size == 0 || bp_add_overflows(size, FLETCHER_BYTES, &size) ? 0 : size;
}

static bp_status encode_standard(bp_context *ctx, const bp_coding *coding, const bp_array *values,
                                 uint8_t *out, size_t capacity, size_t *size)
{
    bp_status status = bp_codec_encode(ctx, &coding->spec, values, out, capacity, size);
    if (status != BP_OK || !has_fletcher32(coding))
        return status;
    if (capacity - *size < FLETCHER_BYTES)
        return bp_fail(ctx, BP_E_INTERNAL, "no room for a checksum behind %zu bytes", *size);
    bp_store_le32(out + *size, bp_fletcher32(out, *size));
    *size += FLETCHER_BYTES;
    return BP_OK;
}

bp_status bp_coding_encode(bp_context *ctx, const bp_coding *coding, const bp_codec_spec *spec,
                           const void *values, uint8_t *out, size_t capacity, size_t *size)
{
    bp_array array = coding->chunk;
    array.data = (void *)(uintptr_t)values; /* encoders only read it */
    if (!coding->plain && !coding->own)
        return encode_standard(ctx, coding, &array, out, capacity, size);
    if (!coding->plain)
        return bp_chunk_encode(ctx, spec ? spec : &coding->spec, &array, coding->order, coding->tile_shape,
                               out, capacity, size);
    *size = bp_array_bytes(&array);
    if (*size > capacity)
        return bp_fail(ctx, BP_E_INTERNAL, "%zu bytes for %zu", capacity, *size);
    memcpy(out, values, *size);
    return BP_OK;
}

bp_status bp_coding_encode_chain(bp_context *ctx, const bp_coding *coding, bool plain, const void *values,
                                 const uint8_t *marks, uint64_t place, uint8_t *out, size_t capacity,
                                 size_t *size)
{
    bp_array array;
    if (plain)
        return bp_coding_encode(ctx, coding, NULL, values, out, capacity, size);
    bp_status status = bp_array_init(&array, coding->from, 0, coding->chunk.rank, coding->chunk.shape,
                                     (void *)(uintptr_t)values);
    const bp_chunk_source source = {&array, marks, coding->chunk.dtype, place};
    return status == BP_OK ? bp_chunk_encode_values(ctx, &coding->spec, coding->chain, &source, coding->order,
                                                    coding->tile_shape, out, capacity, size)
                           : status;
}

bp_status bp_coding_decode(bp_context *ctx, const bp_coding *coding, const bp_codec_spec *spec,
                           const uint8_t *in, size_t size, void *values)
{
    bp_array array = coding->chunk;
    size_t bytes = bp_array_bytes(&array);
    array.data = values;
    if (coding->own)
        return bp_chunk_decode(ctx, in, size, values, bytes);
    if (!coding->plain)
        return bp_codec_decode(ctx, spec ? spec : &coding->spec, in,
                               size - (has_fletcher32(coding) ? FLETCHER_BYTES : 0), &array);
    if (size != bytes)
        return bp_fail(ctx, BP_E_DAMAGED, "%zu bytes where %zu belong", size, bytes);
    memcpy(values, in, bytes);
    return BP_OK;
}
