/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "algo/bitshuffle.h"
#include "base/bits.h"
#include "base/checked.h"
#include "base/hash.h"
#include "io/filters.h"
#include "kernel/kernel.h"

#define FLETCHER_BYTES 4
#define MAX_ITEMSIZE   ((size_t)1 << 20) /* of the elements that a filter's words may claim */

/* Words of the filter 32008 */
enum { BITSHUFFLE_ITEMSIZE = 2, BITSHUFFLE_BLOCK = 3, BITSHUFFLE_PACKER = 4 };

void bp_scratch_fini(bp_scratch *scratch)
{
    for (size_t i = 0; i < 2; i++)
        free(scratch->data[i]);
    memset(scratch, 0, sizeof *scratch);
}

static uint8_t *scratch_room(bp_scratch *scratch, size_t slot, size_t bytes)
{
    if (bytes <= scratch->capacity[slot] && scratch->data[slot])
        return scratch->data[slot];
    free(scratch->data[slot]);
    scratch->data[slot] = malloc(bytes ? bytes : 1);
    scratch->capacity[slot] = scratch->data[slot] ? bytes : 0;
    return scratch->data[slot];
}

static uint32_t word(const bp_filter *filter, size_t index, uint32_t otherwise)
{
    return index < filter->word_count ? filter->words[index] : otherwise;
}

/* Name of the codec that decodes a filter's chunk; NULL when no codec does. */
static const char *codec_of(const bp_filter *filter)
{
    switch (filter->id) {
    case BP_FILTER_DEFLATE:
        return "deflate";
    case BP_FILTER_LZ4:
        return "lz4";
    case BP_FILTER_ZSTD:
        return "zstd";
    case BP_FILTER_BITSHUFFLE:
        switch (word(filter, BITSHUFFLE_PACKER, 0)) {
        case BP_BITSHUFFLE_LZ4:
            return "bslz4";
        case BP_BITSHUFFLE_ZSTD:
            return "bszstd";
        default:
            return NULL;
        }
    default:
        return NULL;
    }
}

/* Does the filter leave the number of bytes as it was? */
static bool keeps_size(const bp_filter *filter)
{
    return filter->id == BP_FILTER_SHUFFLE ||
           (filter->id == BP_FILTER_BITSHUFFLE && word(filter, BITSHUFFLE_PACKER, 0) == 0);
}

static bool filter_known(const bp_filter *filter)
{
    const char *codec = codec_of(filter);
    const bp_array any = {.rank = 0};
    bp_codec_spec spec;
    if (filter->id == BP_FILTER_ZFP)
        return bp_zfp_spec_of(filter, &any, &spec);
    return filter->id == BP_FILTER_FLETCHER32 || filter->id == BP_HDF5_FILTER_ID || keeps_size(filter) ||
           (codec && bp_codec_by_name(codec));
}

bool bp_filters_known(const bp_filters *pipeline)
{
    size_t coders = 0;
    for (size_t i = 0; i < pipeline->count; i++) {
        const bp_filter *filter = &pipeline->filters[i];
        if (!filter_known(filter))
            return false;
        coders += !keeps_size(filter) && filter->id != BP_FILTER_FLETCHER32;
    }
    /* with two coders nobody knows how long the bytes between them are */
    return coders <= 1 && !pipeline->cut;
}

/* The checksum stands behind the data, little endian. Before HDF5 1.6.3 the bytes of its halves were swapped
 * on some machines; HDF5 takes both. */
static bp_status check_fletcher32(bp_context *ctx, const uint8_t *in, size_t size)
{
    if (size < FLETCHER_BYTES)
        return bp_fail(ctx, BP_E_DAMAGED, "fletcher32: a chunk of %zu bytes has no checksum", size);
    uint32_t stored = bp_load_le32(in + size - FLETCHER_BYTES);
    uint32_t found = bp_fletcher32(in, size - FLETCHER_BYTES);
    uint32_t swapped = (found & 0x00ff00ffu) << 8 | (found & 0xff00ff00u) >> 8;
    if (stored != found && stored != swapped)
        return bp_fail(ctx, BP_E_DAMAGED, "fletcher32: the checksum is %08x, not %08x as stored",
                       (unsigned)found, (unsigned)stored);
    return BP_OK;
}

static bp_status check_same_size(bp_context *ctx, const char *name, size_t size, size_t expected)
{
    if (size != expected)
        return bp_fail(ctx, BP_E_DAMAGED, "%s: %zu bytes where %zu belong", name, size, expected);
    return BP_OK;
}

static bp_status undo_shuffle(bp_context *ctx, const bp_filter *filter, const uint8_t *in, size_t size,
                              uint8_t *out, size_t out_size)
{
    bp_status status = check_same_size(ctx, "shuffle", size, out_size);
    if (status != BP_OK)
        return status;
    size_t itemsize = word(filter, 0, 1);
    if (itemsize < 2 || size < itemsize) {
        memcpy(out, in, size);
        return BP_OK;
    }
    size_t whole = size / itemsize * itemsize;
    bp_kernels_get()->unshuffle(in, out, size / itemsize, itemsize);
    memcpy(out + whole, in + whole, size - whole);
    return BP_OK;
}

static bp_status undo_bitshuffle(bp_context *ctx, const bp_filter *filter, const uint8_t *in, size_t size,
                                 uint8_t *out, size_t out_size, size_t itemsize)
{
    bp_status status = check_same_size(ctx, "bitshuffle", size, out_size);
    size_t block = word(filter, BITSHUFFLE_BLOCK, 0);
    if (status == BP_OK && block % 8)
        status = bp_fail(ctx, BP_E_DAMAGED, "bitshuffle: blocks of %zu elements", block);
    if (status == BP_OK)
        bp_bitshuffle_plain(in, out, size, itemsize, block, false);
    return status;
}

/* Elements as a filter counts them: by its words, not by the dataset. */
static bp_status array_of_elements(bp_context *ctx, size_t itemsize, size_t size, uint8_t *data,
                                   bp_array *array)
{
    if (itemsize == 0 || itemsize > MAX_ITEMSIZE)
        return bp_fail(ctx, BP_E_DAMAGED, "elements of %zu bytes", itemsize);
    /* a rest that is no whole element is possible only where the elements are not those of the dataset */
    if (size % itemsize)
        return bp_fail(ctx, BP_E_UNSUPPORTED, "%zu bytes in elements of %zu", size, itemsize);
    size_t count = size / itemsize;
    bp_dtype dtype = itemsize == 1   ? BP_U8
                     : itemsize == 2 ? BP_U16
                     : itemsize == 4 ? BP_U32
                     : itemsize == 8 ? BP_U64
                                     : BP_OPAQUE;
    return bp_array_init(array, dtype, itemsize, 1, &count, data);
}

/* Codecs that shuffle bytes themselves must not here: shuffle is a filter of its own. */
static void switch_shuffle_off(bp_codec_spec *spec)
{
    for (size_t i = 0; i < spec->codec->param_count; i++)
        if (strcmp(spec->codec->params[i].name, "shuffle") == 0)
            spec->params[i] = 0;
}

static bp_status undo_codec(bp_context *ctx, const bp_filter *filter, const uint8_t *in, size_t size,
                            uint8_t *out, size_t out_size, size_t itemsize)
{
    const char *name = codec_of(filter);
    bp_codec_spec spec = {.codec = name ? bp_codec_by_name(name) : NULL};
    if (!spec.codec)
        return bp_fail(ctx, BP_E_UNSUPPORTED, "filter %u is not in this build", (unsigned)filter->id);
    bp_param_defaults(spec.codec->params, spec.codec->param_count, spec.params);
    switch_shuffle_off(&spec);
    bp_array values;
    bp_status status = array_of_elements(
        ctx, filter->id == BP_FILTER_BITSHUFFLE ? word(filter, BITSHUFFLE_ITEMSIZE, 0) : itemsize, out_size,
        out, &values);
    return status == BP_OK ? bp_codec_decode(ctx, &spec, in, size, &values) : status;
}

static bp_status undo_own(bp_context *ctx, const bp_filter *filter, const uint8_t *in, size_t size,
                          uint8_t *out, size_t out_size)
{
    bp_chunk_info info;
    bp_status status = bp_chunk_read_info(ctx, in, size, &info);
    if (status == BP_OK)
        status = bp_chunk_agrees(ctx, &info, filter->words, filter->word_count);
    return status == BP_OK ? bp_chunk_decode(ctx, in, size, out, out_size) : status;
}

/* The one filter that codes values rather than bytes: it stands first, and sees the chunk as it is. */
static bp_status undo_zfp(bp_context *ctx, const bp_filter *filter, const uint8_t *in, size_t size,
                          uint8_t *out, size_t out_size, const bp_array *chunk)
{
    bp_codec_spec spec;
    bp_array values = *chunk;
    values.data = out;
    if (out_size != bp_array_bytes(chunk) || !bp_zfp_spec_of(filter, chunk, &spec))
        return bp_fail(ctx, BP_E_UNSUPPORTED, "zfp in a mode or a place that is not known");
    return bp_codec_decode(ctx, &spec, in, size, &values);
}

static bp_status undo(bp_context *ctx, const bp_filter *filter, const uint8_t *in, size_t size, uint8_t *out,
                      size_t out_size, const bp_array *chunk)
{
    if (filter->id == BP_FILTER_ZFP)
        return undo_zfp(ctx, filter, in, size, out, out_size, chunk);
    if (filter->id == BP_HDF5_FILTER_ID)
        return undo_own(ctx, filter, in, size, out, out_size);
    if (filter->id == BP_FILTER_SHUFFLE)
        return undo_shuffle(ctx, filter, in, size, out, out_size);
    if (filter->id == BP_FILTER_BITSHUFFLE && keeps_size(filter)) {
        size_t itemsize = word(filter, BITSHUFFLE_ITEMSIZE, 0);
        if (itemsize == 0 || itemsize > MAX_ITEMSIZE)
            return bp_fail(ctx, BP_E_DAMAGED, "bitshuffle: elements of %zu bytes", itemsize);
        return undo_bitshuffle(ctx, filter, in, size, out, out_size, itemsize);
    }
    /* whatever else a codec decodes is bytes */
    return undo_codec(ctx, filter, in, size, out, out_size, 1);
}

/* Bytes that go into filter number `index` on writing; SIZE_MAX when they do not fit. */
static size_t bytes_before(const bp_filters *pipeline, uint32_t mask, size_t index, size_t chunk_bytes)
{
    for (size_t i = 0; i < index; i++)
        if (!(mask >> i & 1) && pipeline->filters[i].id == BP_FILTER_FLETCHER32 &&
            bp_add_overflows(chunk_bytes, FLETCHER_BYTES, &chunk_bytes))
            return SIZE_MAX;
    return chunk_bytes;
}

/* Is a filter before number `index` still to be undone, so that its output is not yet what the reader gets?
 */
static bool more_to_undo(uint32_t mask, size_t index)
{
    return (~mask & ((1u << index) - 1u)) != 0;
}

bp_status bp_filters_decode(bp_context *ctx, const bp_filters *pipeline, uint32_t mask, const uint8_t *in,
                            size_t size, const bp_array *chunk, bp_scratch *scratch)
{
    if (!bp_filters_known(pipeline))
        return bp_fail(ctx, BP_E_UNSUPPORTED, "filters that beampress does not know");
    uint8_t *out = chunk->data;
    size_t bytes = bp_array_bytes(chunk), slot = 0;
    bool placed = false; /* in is out */
    for (size_t i = pipeline->count; i-- > 0;) {
        const bp_filter *filter = &pipeline->filters[i];
        bp_status status;
        if (mask >> i & 1)
            continue;
        if (filter->id == BP_FILTER_FLETCHER32) {
            if ((status = check_fletcher32(ctx, in, size)) != BP_OK)
                return status;
            size -= FLETCHER_BYTES;
            continue;
        }
        size_t expected = bytes_before(pipeline, mask, i, bytes);
        if (expected == SIZE_MAX)
            return bp_fail(ctx, BP_E_DAMAGED, "a chunk of %zu bytes", bytes);
        placed = !more_to_undo(mask, i);
        uint8_t *to = placed ? out : scratch_room(scratch, slot ^= 1, expected);
        if (!to)
            return bp_fail(ctx, BP_E_MEMORY, "no memory for a chunk of %zu bytes", expected);
        if ((status = undo(ctx, filter, in, size, to, expected, chunk)) != BP_OK)
            return status;
        in = to;
        size = expected;
    }
    if (size != bytes)
        return bp_fail(ctx, BP_E_DAMAGED, "a stored chunk gives %zu bytes where %zu belong", size, bytes);
    if (!placed)
        memcpy(out, in, bytes);
    return BP_OK;
}

bool bp_filters_has_frames(const bp_filters *pipeline, const bp_array *chunk)
{
    return pipeline->count == 1 && !pipeline->cut && pipeline->filters[0].id == BP_HDF5_FILTER_ID &&
           chunk->rank == 3 && chunk->shape[0] > 1 && chunk->shape[1] > 1 && chunk->shape[2] > 1;
}

bp_status bp_filters_decode_frames(bp_context *ctx, const bp_filters *pipeline, const uint8_t *in,
                                   size_t size, const bp_array *chunk, size_t first, size_t count,
                                   uint8_t *room)
{
    bp_chunk_info info;
    const bp_filter *filter = &pipeline->filters[0];
    size_t frame = bp_array_bytes(chunk) / chunk->shape[0];
    bp_status status = bp_chunk_read_info(ctx, in, size, &info);
    if (status == BP_OK)
        status = bp_chunk_agrees(ctx, &info, filter->words, filter->word_count);
    /* words that say nothing leave the shape open */
    if (status == BP_OK &&
        (info.rank != 3 || memcmp(info.shape, chunk->shape, 3 * sizeof info.shape[0]) != 0 ||
         info.itemsize != chunk->itemsize))
        status = bp_fail(ctx, BP_E_DAMAGED, "a chunk of another shape than the dataset's");
    return status == BP_OK ? bp_chunk_decode_frames(ctx, in, size, first, count, room, count * frame)
                           : status;
}
