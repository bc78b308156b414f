/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <string.h>

#include "io/auto_choice.h"

#define ALIKE 0.005 /* ratios this close count as equal */

typedef enum kind { INTEGER, FLOAT } kind;

typedef struct speed {
    const char *codec;
    int level;
    kind kind;
    size_t itemsize;
    double encode, decode; /* MB/s */
} speed;

static const speed speeds[] = {
#define SPEED(codec, level, kind, itemsize, encode, decode) {#codec, level, kind, itemsize, encode, decode},
#include "io/auto_speeds.def"
#undef SPEED
};

size_t bp_auto_candidates(bp_dtype dtype, size_t itemsize, bp_auto_candidate *candidates)
{
    size_t count = 0;
    kind wanted = dtype == BP_F16 || dtype == BP_F32 || dtype == BP_F64 ? FLOAT : INTEGER;
    for (size_t i = 0; i < sizeof speeds / sizeof speeds[0] && count < BP_MOST_CANDIDATES; i++) {
        const speed *s = &speeds[i];
        const bp_codec *codec = bp_codec_by_name(s->codec);
        if (!codec || s->itemsize != itemsize || s->kind != wanted || !(codec->dtypes & 1u << dtype) ||
            (s->level >= 0 && !codec->levels[s->level]))
            continue;
        bp_auto_candidate *c = &candidates[count];
        memset(c, 0, sizeof *c);
        if (bp_codec_spec_parse(NULL, s->codec, s->level, &c->spec) != BP_OK)
            continue;
        c->level = s->level;
        c->encode = s->encode;
        c->decode = s->decode;
        count++;
    }
    return count;
}

void bp_auto_allow(const bp_file_options *options, bp_auto_candidate *candidates, size_t count)
{
    int most = options->default_level ? options->default_level - 1 : BP_LEVEL_BALANCED;
    size_t fastest = 0;
    bool any = false;
    for (size_t i = 0; i < count; i++) {
        bp_auto_candidate *c = &candidates[i];
        bool level = c->level <= most || (options->budget > 0 && !options->default_level);
        c->allowed = level && c->encode >= options->budget;
        any = any || (c->allowed && c->measured);
        if (c->measured && (!candidates[fastest].measured || c->encode > candidates[fastest].encode))
            fastest = i;
    }
    if (!any && count)
        candidates[fastest].allowed = true;
}

size_t bp_auto_best(const bp_auto_candidate *candidates, size_t count)
{
    double best = 0;
    size_t chosen = count;
    for (size_t i = 0; i < count; i++)
        if (candidates[i].allowed && candidates[i].measured && candidates[i].ratio > best)
            best = candidates[i].ratio;
    for (size_t i = 0; i < count; i++) {
        const bp_auto_candidate *c = &candidates[i];
        if (c->allowed && c->measured && c->ratio >= best * (1 - ALIKE) &&
            (chosen == count || c->encode > candidates[chosen].encode))
            chosen = i;
    }
    return chosen;
}

void bp_auto_print(const bp_auto_candidate *candidate, char *text, size_t size)
{
    static const char *const levels[BP_LEVEL_COUNT] = {"fast", "balanced", "max"};
    snprintf(text, size, "%s%s%s", candidate->spec.codec->name, candidate->level >= 0 ? " " : "",
             candidate->level >= 0 ? levels[candidate->level] : "");
}
