/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "beampress/codec.h"

#define CONCAT_(a, b) a##b
#define CONCAT(a, b)  CONCAT_(a, b)
#define IF_0(...)
#define IF_1(...) __VA_ARGS__

#define CODEC(number, name, built) CONCAT(IF_, built)(extern const bp_codec bp_codec_##name;)
#include "registry/codecs.def"
#undef CODEC

static const bp_codec *const codecs[] = {
#define CODEC(number, name, built) CONCAT(IF_, built)(&bp_codec_##name, )
#include "registry/codecs.def"
#undef CODEC
};

#define CODEC_COUNT (sizeof codecs / sizeof codecs[0])

static const struct {
    uint16_t number;
    const char *name;
} reserved[] = {
#define CODEC(number, name, built) {number, #name},
#include "registry/codecs.def"
#undef CODEC
};

#define RESERVED_COUNT (sizeof reserved / sizeof reserved[0])

const bp_codec *bp_codec_at(size_t index)
{
    return index < CODEC_COUNT ? codecs[index] : NULL;
}

const bp_codec *bp_codec_by_name(const char *name)
{
    for (size_t i = 0; i < CODEC_COUNT; i++)
        if (strcmp(codecs[i]->name, name) == 0)
            return codecs[i];
    return NULL;
}

const bp_codec *bp_codec_by_number(uint16_t number)
{
    for (size_t i = 0; i < CODEC_COUNT; i++)
        if (codecs[i]->number == number)
            return codecs[i];
    return NULL;
}

const char *bp_codec_reserved_name(uint16_t number)
{
    for (size_t i = 0; i < RESERVED_COUNT; i++)
        if (reserved[i].number == number)
            return reserved[i].name;
    return NULL;
}

static bp_status unknown_codec(bp_context *ctx, const char *name)
{
    for (size_t i = 0; i < RESERVED_COUNT; i++)
        if (strcmp(reserved[i].name, name) == 0)
            return bp_fail(ctx, BP_E_UNSUPPORTED, "codec '%s' is not in this build of beampress", name);
    return bp_fail(ctx, BP_E_USAGE, "there is no codec '%s' (see `beampress list codecs`)", name);
}

bp_status bp_codec_spec_parse(bp_context *ctx, const char *text, int level, bp_codec_spec *spec)
{
    char name[32];
    memset(spec, 0, sizeof *spec);
    size_t length = strcspn(text, ":");
    if (length == 0 || length >= sizeof name)
        return bp_fail(ctx, BP_E_USAGE, "'%s' names no codec", text);
    memcpy(name, text, length);
    name[length] = 0;
    const bp_codec *codec = bp_codec_by_name(name);
    if (!codec)
        return unknown_codec(ctx, name);
    bp_param_defaults(codec->params, codec->param_count, spec->params);
    bp_status status = BP_OK;
    if (level >= 0 && level < BP_LEVEL_COUNT && codec->levels[level])
        status =
            bp_param_parse(ctx, name, codec->params, codec->param_count, codec->levels[level], spec->params);
    if (status == BP_OK && text[length] == ':')
        status =
            bp_param_parse(ctx, name, codec->params, codec->param_count, text + length + 1, spec->params);
    if (status == BP_OK)
        spec->codec = codec;
    return status;
}

size_t bp_codec_spec_print(const bp_codec_spec *spec, char *text, size_t size)
{
    const bp_codec *codec = spec->codec;
    const char *colon = codec->param_count ? ":" : "";
    int n = snprintf(text, size, "%s%s", codec->name, colon);
    size_t length = n > 0 ? (size_t)n : 0;
    size_t used = length < size ? length : size;
    return length + bp_param_print(codec->params, codec->param_count, spec->params, text + used, size - used);
}

bool bp_codec_spec_lossless(const bp_codec_spec *spec)
{
    return spec->codec->lossless(spec->params);
}

static size_t folded_rank(const bp_array *in)
{
    size_t rank = 0;
    for (size_t i = 0; i < in->rank; i++)
        rank += in->shape[i] != 1;
    return rank;
}

bp_status bp_codec_check(bp_context *ctx, const bp_codec_spec *spec, const bp_array *in)
{
    const bp_codec *codec = spec->codec;
    bp_status status = bp_param_check(ctx, codec->name, codec->params, codec->param_count, spec->params);
    if (status != BP_OK)
        return status;
    if (!(codec->dtypes & 1u << in->dtype))
        return bp_fail(ctx, BP_E_UNSUPPORTED, "codec %s does not take %s", codec->name,
                       bp_dtype_name(in->dtype));
    if (folded_rank(in) > codec->max_rank)
        return bp_fail(ctx, BP_E_UNSUPPORTED, "codec %s takes at most %zu axes longer than 1, not %zu",
                       codec->name, codec->max_rank, folded_rank(in));
    return codec->check ? codec->check(ctx, spec->params, in) : BP_OK;
}

size_t bp_codec_worst_size(const bp_codec_spec *spec, const bp_array *in)
{
    return spec->codec->worst_size(spec->params, in);
}
