/* SPDX-License-Identifier: BSD-3-Clause
 * cd_values as people type them: docs/format.md, "Words for writing". */
#include <string.h>

#include "spec.h"

bp_status spec_default(bp_context *ctx, bp_codec_spec *spec)
{
    static const char *const names[] = {"bszstd", "bslz4", "zstd", "store"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (bp_codec_by_name(names[i]))
            return bp_codec_spec_parse(ctx, names[i], -1, spec);
    return bp_fail(ctx, BP_E_INTERNAL, "this build has no codec");
}

/* Whole numbers stand as they are (two's complement where a parameter may be negative), real ones as the bits
 * of a 32-bit float. */
static double param_from_word(const bp_param *row, uint32_t word)
{
    if (row->kind == BP_PARAM_REAL) {
        float value;
        memcpy(&value, &word, sizeof value);
        return (double)value;
    }
    return row->min < 0 ? (double)(int32_t)word : (double)word;
}

static bp_status short_spec(bp_context *ctx, const uint32_t *words, size_t count, bp_codec_spec *spec)
{
    const bp_codec *codec = bp_codec_by_number((uint16_t)words[0]);
    if (!codec) {
        const char *name = bp_codec_reserved_name((uint16_t)words[0]);
        return name ? bp_fail(ctx, BP_E_UNSUPPORTED, "needs codec %s, which this build leaves out", name)
                    : bp_fail(ctx, BP_E_USAGE, "cd_values start with %u, which is the number of no codec",
                              words[0]);
    }
    if (count - 1 > codec->param_count)
        return bp_fail(ctx, BP_E_USAGE, "%zu parameters in cd_values, codec %s has %zu", count - 1,
                       codec->name, codec->param_count);
    bp_param_defaults(codec->params, codec->param_count, spec->params);
    for (size_t i = 0; i + 1 < count; i++)
        spec->params[i] = param_from_word(&codec->params[i], words[i + 1]);
    spec->codec = codec;
    return bp_param_check(ctx, codec->name, codec->params, codec->param_count, spec->params);
}

bp_status spec_from_words(bp_context *ctx, const uint32_t *words, size_t count, bp_codec_spec *spec)
{
    bp_array chunk;
    bp_byte_order order;
    memset(spec, 0, sizeof *spec);
    if (count == 0)
        return spec_default(ctx, spec);
    if (words[0] <= UINT16_MAX)
        return short_spec(ctx, words, count, spec);
    return bp_chunk_words_read(ctx, words, count, spec, &chunk, &order);
}
