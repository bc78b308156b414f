/* SPDX-License-Identifier: BSD-3-Clause
 * What filters are called and which of them change values. Ids: HDF5's registry
 * (https://github.com/HDFGroup/hdf5_plugins, docs/RegisteredFilterPlugins.md, 2026). */
#include <stdio.h>

#include "io/filters.h"

static const struct {
    uint32_t id;
    const char *name;
    bool lossy; /* in every mode, or in modes that its words do not tell us */
} names[] = {
    {1, "deflate", false},
    {2, "shuffle", false},
    {3, "fletcher32", false},
    {4, "szip", false},
    {5, "nbit", false},
    {6, "scaleoffset", false},
    {257, "hzip", false},
    {258, "fpzip", true},
    {305, "lzo", false},
    {307, "bzip2", false},
    {32000, "lzf", false},
    {32001, "blosc", false},
    {32002, "mafisc", false},
    {32003, "snappy", false},
    {32004, "lz4", false},
    {32005, "apax", true},
    {32006, "cbf", false},
    {32007, "jpeg-xr", true},
    {32008, "bitshuffle", false},
    {32009, "spdp", false},
    {32010, "lpc-rice", false},
    {32011, "ccsds-123", false},
    {32012, "jpeg-ls", true},
    {32013, "zfp", true},
    {32014, "fpzip", true},
    {32015, "zstd", false},
    {32016, "b3d", true},
    {32017, "sz", true},
    {32018, "fcidecomp", false},
    {32019, "jpeg", true},
    {32020, "vbz", false},
    {32021, "fapec", true},
    {32022, "bitgroom", true},
    {32023, "granular-bitround", true},
    {32024, "sz3", true},
    {32025, "delta-rice", false},
    {32026, "blosc2", false},
    {32027, "flac", false},
    {32028, "sperr", true},
    {32029, "terse", false},
    {32030, "ffmpeg", true},
    {32031, "jpeg2000", true},
    {32032, "bitround", true},
    {32033, "htj2k", true},
    {BP_HDF5_FILTER_ID, BP_HDF5_FILTER_NAME, false},
};

#define NAME_COUNT (sizeof names / sizeof names[0])

/* Words of scaleoffset: how it scales, and by what. Integers with a minimum of 0 bits keep their values. */
enum { SCALE_TYPE = 0, SCALE_FACTOR = 1, SCALE_INTEGER = 2 };

const char *bp_filter_name(uint32_t id)
{
    for (size_t i = 0; i < NAME_COUNT; i++)
        if (names[i].id == id)
            return names[i].name;
    return NULL;
}

static bool own_lossy(const bp_filter *filter)
{
    bp_codec_spec spec;
    bp_array chunk;
    bp_byte_order order;
    return bp_chunk_words_read(NULL, filter->words, filter->word_count, &spec, &chunk, &order) == BP_OK &&
           !bp_codec_spec_lossless(&spec);
}

static bool filter_lossy(const bp_filter *filter, bool floats)
{
    if (filter->id == BP_HDF5_FILTER_ID)
        return own_lossy(filter);
    if (filter->id == BP_FILTER_ZFP)
        return bp_zfp_words_lossy(filter);
    if (filter->id == BP_FILTER_SCALEOFFSET)
        return floats || filter->word_count < 2 || filter->words[SCALE_TYPE] != SCALE_INTEGER ||
               filter->words[SCALE_FACTOR] != 0;
    for (size_t i = 0; i < NAME_COUNT; i++)
        if (names[i].id == filter->id)
            return names[i].lossy;
    return false;
}

bool bp_filters_lossy(const bp_filters *pipeline, bool floats)
{
    for (size_t i = 0; i < pipeline->count; i++)
        if (filter_lossy(&pipeline->filters[i], floats))
            return true;
    return false;
}

static void print_own(const bp_filter *filter, char *text, size_t size)
{
    bp_codec_spec spec;
    bp_array chunk;
    bp_byte_order order;
    char words[256];
    if (bp_chunk_words_read(NULL, filter->words, filter->word_count, &spec, &chunk, &order) != BP_OK) {
        snprintf(text, size, "%s", BP_HDF5_FILTER_NAME);
        return;
    }
    bp_codec_spec_print(&spec, words, sizeof words);
    snprintf(text, size, "%s/%s", BP_HDF5_FILTER_NAME, words);
}

static void print_filter(const bp_filter *filter, char *text, size_t size)
{
    static const char *const packers[] = {"", "", "/lz4", "/zstd"};
    const char *name = bp_filter_name(filter->id);
    uint32_t packer = filter->word_count > 4 ? filter->words[4] : 0;
    if (filter->id == BP_HDF5_FILTER_ID)
        print_own(filter, text, size);
    else if (!name)
        snprintf(text, size, "filter %u", (unsigned)filter->id);
    else if ((filter->id == BP_FILTER_DEFLATE || filter->id == BP_FILTER_ZSTD) && filter->word_count)
        snprintf(text, size, "%s:level=%u", name, (unsigned)filter->words[0]);
    else if (filter->id == BP_FILTER_BITSHUFFLE)
        snprintf(text, size, "%s%s", name, packer < 4 ? packers[packer] : "/?");
    else
        snprintf(text, size, "%s", name);
}

size_t bp_filters_print(const bp_filters *pipeline, char *text, size_t size)
{
    size_t length = 0;
    char one[320];
    if (pipeline->count == 0)
        return (size_t)snprintf(text, size, "none");
    for (size_t i = 0; i < pipeline->count; i++) {
        print_filter(&pipeline->filters[i], one, sizeof one);
        size_t at = length < size ? length : size;
        length += (size_t)snprintf(text + at, size - at, "%s%s", i ? "+" : "", one);
    }
    return length;
}
