/* SPDX-License-Identifier: BSD-3-Clause
 * dictionary: a table of the distinct values and coded indices, for data with few of them; byte for byte the
 * chunk of the HDF5 filter of the same name (docs/dictionary.md). */
#include <stdio.h>
#ifdef H5Z_DICTIONARY_ZSTD
#include <zstd.h>
#endif

#include "algo/dictionary.h"
#include "codec/codec.h"

enum { P_LEVEL, P_COUNT };

/* cd_values of the filter: level, format of the words, bytes per element, kind, row, frame, bytes (2) */
#define WORDS        8
#define WORDS_FORMAT 1
#define MOST_ELEMENT 65536
enum { KIND_BYTES, KIND_UNSIGNED, KIND_SIGNED, KIND_FLOAT };

static const char *const levels[] = {"fast", "balanced", "max", NULL};

static const bp_param params_of_dictionary[P_COUNT] = {
    [P_LEVEL] = {.name = "level",
                 .unit = "",
                 .kind = BP_PARAM_CHOICE,
                 .choices = levels,
                 .max = 2,
                 .fallback = 1,
                 .help = "speed against size: how many ways of coding the indices are tried"},
};

static unsigned kind_of(bp_dtype dtype)
{
    if (dtype >= BP_U8 && dtype <= BP_U64)
        return KIND_UNSIGNED;
    if (dtype >= BP_I8 && dtype <= BP_I64)
        return KIND_SIGNED;
    return dtype >= BP_F16 && dtype <= BP_F64 ? KIND_FLOAT : KIND_BYTES;
}

static void make_words(const double *params, const bp_array *in, unsigned words[WORDS])
{
    uint64_t bytes = bp_array_bytes(in);
    /* the last two axes that are longer than 1; 0 says not known */
    size_t row = 0, frame = 0;
    for (size_t i = in->rank; i-- > 0;)
        if (in->shape[i] > 1) {
            frame = row && !frame ? row * in->shape[i] : frame;
            row = row ? row : in->shape[i];
        }
    words[0] = (unsigned)params[P_LEVEL] + 1;
    words[1] = WORDS_FORMAT;
    words[2] = (unsigned)in->itemsize;
    words[3] = kind_of(in->dtype);
    words[4] = row <= UINT32_MAX ? (unsigned)row : 0;
    words[5] = frame <= UINT32_MAX ? (unsigned)frame : 0;
    words[6] = (unsigned)(bytes & UINT32_MAX);
    words[7] = (unsigned)(bytes >> 32);
}

static bp_status check(bp_context *ctx, const double *params, const bp_array *in)
{
    (void)params;
    if (in->itemsize > MOST_ELEMENT)
        return bp_fail(ctx, BP_E_UNSUPPORTED, "dictionary: elements of %zu bytes, more than %d", in->itemsize,
                       MOST_ELEMENT);
    return BP_OK;
}

static size_t worst_size(const double *params, const bp_array *in)
{
    (void)params;
    size_t bytes = bp_array_bytes(in), bound = H5Zdictionary_bound(bytes);
    return bound > bytes ? bound : 0;
}

static bp_status encode(bp_context *ctx, const double *params, const bp_array *in, uint8_t *out,
                        size_t capacity, size_t *size)
{
    unsigned words[WORDS];
    (void)capacity;
    make_words(params, in, words);
    *size = H5Zdictionary_encode(words, WORDS, in->data, bp_array_bytes(in), out);
    return *size ? BP_OK
                 : bp_fail(ctx, BP_E_MEMORY, "dictionary: no memory for %zu bytes", bp_array_bytes(in));
}

static bp_status decode(bp_context *ctx, const double *params, const uint8_t *in, size_t size,
                        const bp_array *out)
{
    (void)params;
    uint64_t stated;
    int status = H5Zdictionary_decoded_size(in, size, &stated);
    if (status == DICTIONARY_OK && stated != bp_array_bytes(out))
        return bp_fail(ctx, BP_E_DAMAGED, "dictionary: a chunk of %llu bytes where %zu belong",
                       (unsigned long long)stated, bp_array_bytes(out));
    if (status == DICTIONARY_OK)
        status = H5Zdictionary_decode(in, size, out->data, bp_array_bytes(out));
    if (status == DICTIONARY_NO_MEMORY)
        return bp_fail(ctx, BP_E_MEMORY, "dictionary: no memory for %zu bytes", bp_array_bytes(out));
    if (status == DICTIONARY_NO_ZSTD)
        return bp_fail(ctx, BP_E_UNSUPPORTED,
                       "dictionary: indices in Zstandard, which this build leaves out");
    return status == DICTIONARY_OK ? BP_OK : bp_fail(ctx, BP_E_DAMAGED, "dictionary: the payload is damaged");
}

#ifdef H5Z_DICTIONARY_ZSTD
static size_t zstd_version(char *text, size_t size)
{
    return (size_t)snprintf(text, size, "zstd %s", ZSTD_versionString());
}
#define LIBRARY zstd_version
#else
#define LIBRARY NULL
#endif

const bp_codec bp_codec_dictionary = {
    .name = "dictionary",
    .summary = "few distinct values: their table, and indices coded by their neighbours",
    .number = 12,
    .version = 1,
    .dtypes = BP_DTYPES_ALL,
    .max_rank = BP_MAX_RANK,
    .params = params_of_dictionary,
    .param_count = P_COUNT,
    .levels = {"level=fast", "level=balanced", "level=max"},
    .library = LIBRARY,
    .lossless = bp_codec_always_lossless,
    .check = check,
    .worst_size = worst_size,
    .encode = encode,
    .decode = decode,
};
