/* SPDX-License-Identifier: BSD-3-Clause
 * The words of the registered filter 32013 (H5Z-ZFP). Behind the first, which is a version, stands zfp's own
 * header, little endian: 32 bits of magic and version, 52 bits of type and sizes, 12 bits of mode (zfp.h,
 * zfp_stream_set_mode). */
#include <math.h>
#include <string.h>

#include "io/filters.h"

enum {
    MODE_WORD = 3,
    MODE_SHIFT = 20,
    MODE_PRECISION = 2048, /* smaller ones: bits per block - 1 */
    MODE_REVERSIBLE = 2176,
    MODE_LONG = 4095,
    MIN_EXPONENT = -1074 /* of the accuracy that the first mode above reversible stands for */
};

static unsigned mode_of(const bp_filter *filter)
{
    return filter->word_count > MODE_WORD ? filter->words[MODE_WORD] >> MODE_SHIFT : MODE_LONG;
}

static bool set_param(bp_codec_spec *spec, const char *name, double value)
{
    for (size_t i = 0; i < spec->codec->param_count; i++)
        if (strcmp(spec->codec->params[i].name, name) == 0) {
            spec->params[i] = value;
            return true;
        }
    return false;
}

/* Values of one block: 4 along each axis that is longer than 1. */
static double block_values(const bp_array *chunk)
{
    double values = 1;
    for (size_t i = 0; i < chunk->rank; i++)
        values *= chunk->shape[i] > 1 ? 4 : 1;
    return values > 1 ? values : 4;
}

bool bp_zfp_spec_of(const bp_filter *filter, const bp_array *chunk, bp_codec_spec *spec)
{
    unsigned mode = mode_of(filter);
    memset(spec, 0, sizeof *spec);
    spec->codec = bp_codec_by_name("zfp");
    if (!spec->codec || mode == MODE_LONG)
        return false;
    bp_param_defaults(spec->codec->params, spec->codec->param_count, spec->params);
    if (mode == MODE_REVERSIBLE)
        return true;
    if (mode < MODE_PRECISION)
        return set_param(spec, "rate", (mode + 1) / block_values(chunk));
    if (mode < MODE_REVERSIBLE)
        return set_param(spec, "precision", mode + 1 - MODE_PRECISION);
    return set_param(spec, "accuracy", ldexp(1, (int)mode - MODE_REVERSIBLE - 1 + MIN_EXPONENT));
}

bool bp_zfp_words_lossy(const bp_filter *filter)
{
    return mode_of(filter) != MODE_REVERSIBLE;
}
