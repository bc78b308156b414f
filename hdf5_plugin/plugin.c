/* SPDX-License-Identifier: BSD-3-Clause
 * The HDF5 filter: our self-describing chunks in any HDF5 program. Reading calls no HDF5 function and needs
 * no cd_values; what they state is compared. Nothing is kept between calls, so threads may call at the same
 * time. Use, search paths and errors: docs/plugin.md. */
#include <stdlib.h>
#include <string.h>

#include <H5PLextern.h>

#include "dataset.h"
#include "spec.h"

_Static_assert(sizeof(hid_t) == 8, "HDF5 since 1.10 has 64-bit ids");
_Static_assert(sizeof(unsigned) == sizeof(uint32_t), "cd_values are 32-bit words");

/* Gives *buf other memory, which HDF5 releases with free(). */
static size_t hand_over(void *memory, size_t capacity, size_t used, size_t *buf_size, void **buf)
{
    free(*buf);
    *buf = memory;
    *buf_size = capacity;
    return used;
}

static size_t decode(size_t count, const unsigned *words, size_t bytes, size_t *buf_size, void **buf)
{
    bp_chunk_info info;
    if (bp_chunk_read_info(NULL, *buf, bytes, &info) != BP_OK ||
        bp_chunk_agrees(NULL, &info, words, count) != BP_OK || info.decoded_bytes == 0)
        return 0;
    void *values = malloc(info.decoded_bytes);
    if (!values || bp_chunk_decode(NULL, *buf, bytes, values, info.decoded_bytes) != BP_OK) {
        free(values);
        return 0;
    }
    return hand_over(values, info.decoded_bytes, info.decoded_bytes, buf_size, buf);
}

/* What is to be encoded, by full words. Without them (set_local found no HDF5 to ask) a mandatory filter
 * fails; an optional one would make HDF5 store raw chunks that nobody hears of, so plain bytes are encoded.
 */
static bp_status read_task(bp_context *ctx, bool optional, size_t count, const unsigned *words, size_t bytes,
                           bp_codec_spec *spec, bp_array *chunk, bp_byte_order *order)
{
    bp_status status = bp_chunk_words_read(ctx, words, count, spec, chunk, order);
    if (status == BP_E_DAMAGED && (count == 0 || words[0] <= UINT16_MAX)) {
        if (!optional)
            return bp_fail(ctx, BP_E_USAGE,
                           "the type and the chunk shape are not known: this program's HDF5 could not be "
                           "asked, so that the full cd_values must be given (docs/plugin.md)");
        *order = BP_LITTLE_ENDIAN;
        status = spec_default(ctx, spec);
        return status == BP_OK ? bp_array_init(chunk, BP_OPAQUE, 1, 1, &bytes, NULL) : status;
    }
    if (status == BP_OK && bytes != bp_array_bytes(chunk))
        return bp_fail(ctx, BP_E_USAGE, "HDF5 hands over %zu bytes, cd_values state chunks of %zu", bytes,
                       bp_array_bytes(chunk));
    return status;
}

static size_t encode(const void *caller, unsigned flags, size_t count, const unsigned *words, size_t bytes,
                     size_t *buf_size, void **buf)
{
    bp_codec_spec spec;
    bp_array chunk;
    bp_byte_order order;
    uint8_t *out = NULL;
    size_t capacity = 0, size = 0;
    bp_context *ctx = bp_context_new();
    bp_status status =
        read_task(ctx, (flags & H5Z_FLAG_OPTIONAL) != 0, count, words, bytes, &spec, &chunk, &order);
    if (status == BP_OK) {
        chunk.data = *buf;
        capacity = bp_chunk_worst_size(&spec, &chunk, NULL);
        out = capacity ? malloc(capacity) : NULL;
        status = out ? bp_chunk_encode(ctx, &spec, &chunk, order, NULL, out, capacity, &size)
                     : bp_fail(ctx, BP_E_MEMORY, "no memory to encode %zu bytes", bytes);
    }
    if (status == BP_OK) {
        size = hand_over(out, capacity, size, buf_size, buf);
    } else {
        hdf5_complain(caller, "filter", ctx ? bp_context_message(ctx) : bp_status_text(status));
        free(out);
        size = 0;
    }
    bp_context_free(ctx);
    return size;
}

/* noinline: its return address must lie in the HDF5 that calls */
static __attribute__((noinline)) size_t filter(unsigned flags, size_t count, const unsigned words[],
                                               size_t bytes, size_t *buf_size, void **buf)
{
    if (flags & H5Z_FLAG_REVERSE)
        return decode(count, words, bytes, buf_size, buf);
    return encode(__builtin_return_address(0), flags, count, words, bytes, buf_size, buf);
}

/* Writes the full words over those that the user gave. Mandatory: a chunk that cannot be encoded is an error,
 * never a raw chunk that nobody hears of. */
static bp_status complete_words(bp_context *ctx, const hdf5_calls *h5, hid_t dcpl, hid_t type)
{
    unsigned flags, words[BP_FILTER_MAX_WORDS];
    size_t count = BP_FILTER_MAX_WORDS, none = 0;
    if (h5->get_H5Pget_filter_by_id2(dcpl, BP_HDF5_FILTER_ID, &flags, &count, words, 0, NULL, NULL) < 0 ||
        count > BP_FILTER_MAX_WORDS)
        return bp_fail(ctx, BP_E_USAGE, "cd_values cannot be read or are more than %d", BP_FILTER_MAX_WORDS);
    if (h5->get_H5Pget_filter2(dcpl, 0, &flags, &none, NULL, 0, NULL, NULL) != BP_HDF5_FILTER_ID)
        return bp_fail(ctx, BP_E_USAGE,
                       "the beampress filter must be the first of the pipeline: it takes values, not what "
                       "shuffle or another filter made of them");
    bp_codec_spec spec;
    bp_array chunk;
    bp_byte_order order;
    bp_filter full;
    bp_status status = spec_from_words(ctx, words, count, &spec);
    if (status == BP_OK)
        status = dataset_describe(ctx, h5, dcpl, type, &chunk, &order);
    if (status == BP_OK)
        status = bp_codec_check(ctx, &spec, &chunk);
    if (status == BP_OK)
        status = bp_chunk_words(ctx, &spec, &chunk, order, &full);
    if (status == BP_OK && h5->get_H5Pmodify_filter(dcpl, BP_HDF5_FILTER_ID, H5Z_FLAG_MANDATORY,
                                                    full.word_count, full.words) < 0)
        status = bp_fail(ctx, BP_E_INTERNAL, "HDF5 does not take the completed cd_values");
    return status;
}

/* HDF5 calls this before it creates a dataset. Where the calling HDF5 cannot be found nothing can be asked,
 * not even which cd_values there are: then the filter itself refuses all but full words, when the first chunk
 * is written. */
static __attribute__((noinline)) herr_t set_local(hid_t dcpl, hid_t type, hid_t space)
{
    const void *caller = __builtin_return_address(0);
    hdf5_calls h5;
    (void)space;
    if (!hdf5_calls_find(caller, &h5))
        return 1;
    bp_context *ctx = bp_context_new();
    bp_status status = complete_words(ctx, &h5, dcpl, type);
    if (status != BP_OK)
        hdf5_complain(caller, "set_local", ctx ? bp_context_message(ctx) : bp_status_text(status));
    bp_context_free(ctx);
    return status == BP_OK ? 1 : -1;
}

static const H5Z_class2_t description = {
    .version = H5Z_CLASS_T_VERS,
    .id = BP_HDF5_FILTER_ID,
    .encoder_present = 1,
    .decoder_present = 1,
    .name = BP_HDF5_FILTER_NAME,
    .can_apply = NULL,
    .set_local = set_local,
    .filter = filter,
};

H5PL_type_t H5PLget_plugin_type(void)
{
    return H5PL_TYPE_FILTER;
}

const void *H5PLget_plugin_info(void)
{
    return &description;
}
