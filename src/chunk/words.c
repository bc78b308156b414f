/* SPDX-License-Identifier: BSD-3-Clause
 * The cd_values of our filter: what every chunk of a dataset must be, and the codec for whoever writes.
 * Layout: docs/format.md. */
#include <string.h>

#include "base/bits.h"
#include "chunk/layout.h"

#define WORDS_FORMAT 0x42500001u /* "BP", format 1 of the words */
#define FIXED_WORDS  5           /* before the shape */

/* Few words, because h5py and h5dump show wrong ones beyond 16 and 20: hence one word per axis, which is all
 * that HDF5 allowed before 2.0, and four bytes in word 4. */

static void put64(uint32_t *words, uint64_t value)
{
    words[0] = (uint32_t)value;
    words[1] = (uint32_t)(value >> 32);
}

static uint64_t get64(const uint32_t *words)
{
    return words[0] | (uint64_t)words[1] << 32;
}

bp_status bp_chunk_words(bp_context *ctx, const bp_codec_spec *spec, const bp_array *chunk,
                         bp_byte_order order, bp_filter *filter)
{
    const bp_codec *codec = spec->codec;
    size_t count = FIXED_WORDS + chunk->rank + 1 + 2 * codec->param_count;
    if (count > BP_FILTER_MAX_WORDS || chunk->itemsize > UINT32_MAX)
        return bp_fail(ctx, BP_E_UNSUPPORTED, "rank %zu with elements of %zu bytes and %zu parameters",
                       chunk->rank, chunk->itemsize, codec->param_count);
    memset(filter, 0, sizeof *filter);
    filter->id = BP_HDF5_FILTER_ID;
    filter->word_count = count;
    uint32_t *w = filter->words;
    w[0] = WORDS_FORMAT;
    put64(w + 1, bp_array_bytes(chunk));
    w[3] = (uint32_t)chunk->itemsize;
    w[4] = (uint32_t)chunk->dtype | (uint32_t)order << 8 | (uint32_t)chunk->rank << 16 |
           (uint32_t)codec->param_count << 24;
    w += FIXED_WORDS;
    for (size_t i = 0; i < chunk->rank; i++) {
        if (chunk->shape[i] > UINT32_MAX)
            return bp_fail(ctx, BP_E_UNSUPPORTED, "chunks of %zu elements along one axis", chunk->shape[i]);
        *w++ = (uint32_t)chunk->shape[i];
    }
    *w++ = codec->number | (uint32_t)codec->version << 16;
    for (size_t i = 0; i < codec->param_count; i++, w += 2) {
        uint8_t bytes[8];
        bp_store_le_double(bytes, spec->params[i]);
        put64(w, bp_load_le64(bytes));
    }
    return BP_OK;
}

static size_t rank_of(const uint32_t *words)
{
    return words[4] >> 16 & 0xff;
}

static size_t params_of(const uint32_t *words)
{
    return words[4] >> 24;
}

/* Do the words have our format and the length that they state? */
static bool ours(const uint32_t *words, size_t count)
{
    return count > FIXED_WORDS && words[0] == WORDS_FORMAT && rank_of(words) <= BP_MAX_RANK &&
           params_of(words) <= BP_MAX_PARAMS &&
           count == FIXED_WORDS + rank_of(words) + 1 + 2 * params_of(words);
}

/* The array that the words describe. */
static bp_status read_array(bp_context *ctx, const uint32_t *words, bp_array *chunk, bp_byte_order *order)
{
    size_t shape[BP_MAX_RANK], rank = rank_of(words);
    bp_dtype dtype = (bp_dtype)(words[4] & 0xff);
    unsigned stated = words[4] >> 8 & 0xff;
    for (size_t i = 0; i < rank; i++)
        shape[i] = words[FIXED_WORDS + i];
    if (stated > BP_BIG_ENDIAN || words[3] == 0 ||
        bp_array_init(chunk, dtype, words[3], rank, shape, NULL) != BP_OK ||
        bp_array_bytes(chunk) != get64(words + 1))
        return bp_fail(ctx, BP_E_DAMAGED, "the filter's words state no possible chunk");
    *order = (bp_byte_order)stated;
    return BP_OK;
}

bp_status bp_chunk_words_read(bp_context *ctx, const uint32_t *words, size_t count, bp_codec_spec *spec,
                              bp_array *chunk, bp_byte_order *order)
{
    memset(spec, 0, sizeof *spec);
    memset(chunk, 0, sizeof *chunk);
    if (!ours(words, count))
        return bp_fail(ctx, BP_E_DAMAGED, "%zu words that are not those of the beampress filter", count);
    bp_status status = read_array(ctx, words, chunk, order);
    if (status != BP_OK)
        return status;
    const uint32_t *w = words + FIXED_WORDS + chunk->rank;
    size_t param_count = params_of(words);
    uint16_t number = (uint16_t)(w[0] & 0xffff);
    const bp_codec *codec = bp_codec_by_number(number);
    if (!codec) {
        const char *name = bp_codec_reserved_name(number);
        return bp_fail(ctx, BP_E_UNSUPPORTED, "needs codec %s (number %u), which this build leaves out",
                       name ? name : "unknown", number);
    }
    if (w[0] >> 16 == 0 || w[0] >> 16 > codec->version || param_count > codec->param_count)
        return bp_fail(ctx, BP_E_UNSUPPORTED,
                       "codec %s version %u with %zu parameters, this build has version %u", codec->name,
                       w[0] >> 16, param_count, codec->version);
    bp_param_defaults(codec->params, codec->param_count, spec->params);
    spec->codec = codec;
    for (size_t i = 0; i < param_count; i++) {
        uint8_t bytes[8];
        bp_store_le64(bytes, get64(w + 1 + 2 * i));
        spec->params[i] = bp_load_le_double(bytes);
    }
    status = bp_param_check(ctx, codec->name, codec->params, codec->param_count, spec->params);
    return status == BP_OK ? BP_OK : BP_E_DAMAGED;
}

bp_status bp_chunk_agrees(bp_context *ctx, const bp_chunk_info *info, const uint32_t *words, size_t count)
{
    bp_array chunk = {0};
    bp_byte_order order = BP_LITTLE_ENDIAN;
    if (!ours(words, count))
        return BP_OK;
    bp_status status = read_array(ctx, words, &chunk, &order);
    if (status != BP_OK)
        return status;
    if (info->decoded_bytes != bp_array_bytes(&chunk) || info->itemsize != chunk.itemsize ||
        info->dtype != chunk.dtype || info->order != order)
        return bp_fail(ctx, BP_E_DAMAGED,
                       "the chunk holds %zu bytes of %s (%zu bytes each, %s endian), the dataset states %zu "
                       "bytes of %s (%zu bytes each, %s endian)",
                       info->decoded_bytes, bp_dtype_name(info->dtype), info->itemsize,
                       info->order == BP_BIG_ENDIAN ? "big" : "little", bp_array_bytes(&chunk),
                       bp_dtype_name(chunk.dtype), chunk.itemsize, order == BP_BIG_ENDIAN ? "big" : "little");
    bool same = info->rank == chunk.rank;
    for (size_t i = 0; same && i < chunk.rank; i++)
        same = info->shape[i] == chunk.shape[i];
    return same ? BP_OK
                : bp_fail(ctx, BP_E_DAMAGED,
                          "the chunk's shape is not the chunk shape that the dataset states");
}
