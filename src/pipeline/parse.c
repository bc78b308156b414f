/* SPDX-License-Identifier: BSD-3-Clause */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/pipeline.h"

#define LONGEST_TEXT ((size_t)1 << 20)

typedef struct parser {
    bp_context *ctx;
    bp_pipeline *pipeline;
    const char *text;
    size_t at;
    char *room; /* in pipeline->words */
    bp_blame blame;
} parser;

static bp_status fail_at(parser *p, size_t at, size_t length, const char *before, const char *word,
                         const char *behind)
{
    p->blame = (bp_blame){at, length};
    return bp_fail(p->ctx, BP_E_USAGE, "%s%s%s", before, word, behind);
}

/* A word of the text as a string of its own, for messages. */
static const char *quoted(const parser *p, size_t at, size_t length, char *room, size_t size)
{
    snprintf(room, size, "%.*s", (int)(length < size ? length : size - 1), p->text + at);
    return room;
}

static void skip_blanks(parser *p)
{
    for (;;) {
        while (isspace((unsigned char)p->text[p->at]))
            p->at++;
        if (p->text[p->at] != '#')
            return;
        while (p->text[p->at] && p->text[p->at] != '\n')
            p->at++;
    }
}

/* Length of the word at p->at: up to a blank, `|` or #; double quotes keep those together. */
static size_t word_length(const parser *p)
{
    const char *s = p->text + p->at;
    size_t n = 0;
    bool inside = false;
    for (; s[n]; n++) {
        bool ends = inside ? s[n] == '\n' : isspace((unsigned char)s[n]) || s[n] == '|' || s[n] == '#';
        if (ends)
            break;
        if (s[n] == '"')
            inside = !inside;
    }
    return n;
}

static bool is_name(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '.';
}

/* Keeps a text for the pipeline's life, without its quotes. */
static const char *keep_text(parser *p, const char *from, size_t length)
{
    char *start = p->room;
    for (size_t i = 0; i < length; i++)
        if (from[i] != '"')
            *p->room++ = from[i];
    *p->room++ = 0;
    return start;
}

static bp_status read_number(parser *p, const bp_param *row, const char *word, bp_value *value)
{
    char *end;
    value->number = strtod(word, &end);
    const char *what = value->text; /* key=word, for messages */
    if (end == word || !isfinite(value->number))
        return bp_fail(p->ctx, BP_E_USAGE, "%s is not a number", what);
    value->unit = 0;
    if (*end) {
        size_t unit = 0;
        while (row->kind == BP_PARAM_REAL && row->choices && row->choices[unit] &&
               strcmp(row->choices[unit], end) != 0)
            unit++;
        if (row->kind != BP_PARAM_REAL || !row->choices || !row->choices[unit]) {
            bool alone = !row->choices && *row->unit && strcmp(end, row->unit) == 0;
            if (!alone)
                return bp_fail(p->ctx, BP_E_USAGE, "%s: '%s' is no unit of %s", what, end, row->name);
        } else {
            value->unit = unit;
        }
    }
    if (value->number < row->min || value->number > row->max)
        return bp_fail(p->ctx, BP_E_USAGE, "%s is outside %.9g ... %.9g", what, row->min, row->max);
    if (row->kind == BP_PARAM_INTEGER && value->number != floor(value->number))
        return bp_fail(p->ctx, BP_E_USAGE, "%s must be a whole number", what);
    return BP_OK;
}

static bp_status read_choice(parser *p, const bp_param *row, const char *word, bp_value *value)
{
    if (row->kind == BP_PARAM_SWITCH) {
        if (strcmp(word, "yes") != 0 && strcmp(word, "no") != 0 && strcmp(word, "0") != 0 &&
            strcmp(word, "1") != 0)
            return bp_fail(p->ctx, BP_E_USAGE, "%s is neither yes nor no", value->text);
        value->number = *word == 'y' || *word == '1';
        return BP_OK;
    }
    for (size_t i = 0; row->choices[i]; i++)
        if (strcmp(word, row->choices[i]) == 0) {
            value->number = (double)i;
            return BP_OK;
        }
    return bp_fail(p->ctx, BP_E_USAGE, "%s is none of its words (see `beampress list stages`)", value->text);
}

static bool read_compare(const char *sign, size_t length, bp_compare *compare)
{
    static const struct {
        const char *sign;
        bp_compare compare;
    } rows[] = {{"=", BP_COMPARE_EQUAL},
                {">=", BP_COMPARE_AT_LEAST},
                {"<=", BP_COMPARE_AT_MOST},
                {">", BP_COMPARE_ABOVE},
                {"<", BP_COMPARE_BELOW}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (strlen(rows[i].sign) == length && memcmp(rows[i].sign, sign, length) == 0) {
            *compare = rows[i].compare;
            return true;
        }
    return false;
}

/* One key, sign and word of length characters at `at`. */
static bp_status read_param(parser *p, bp_stage_spec *spec, size_t at, size_t length)
{
    const bp_stage *stage = spec->stage;
    const char *s = p->text + at;
    char name[64], whole[160];
    size_t key = 0;
    while (key < length && is_name(s[key]))
        key++;
    size_t sign = key;
    while (sign < length && strchr("<>=", s[sign]))
        sign++;
    quoted(p, at, key, name, sizeof name);
    quoted(p, at, length, whole, sizeof whole);
    size_t row = 0;
    while (row < stage->param_count && strcmp(stage->params[row].name, name) != 0)
        row++;
    if (key == 0 || row == stage->param_count) {
        p->blame = (bp_blame){at, key ? key : length};
        return bp_fail(p->ctx, BP_E_USAGE, "%s has no parameter '%s' (see `beampress list stages`)",
                       stage->name, key ? name : whole);
    }
    const bp_param *param = &stage->params[row];
    bp_value *value = &spec->values[row];
    p->blame = (bp_blame){at, length};
    if (value->length > 0)
        return bp_fail(p->ctx, BP_E_USAGE, "%s: %s is given twice", stage->name, name);
    if (sign == key && !(key == length && param->kind == BP_PARAM_SWITCH))
        return bp_fail(p->ctx, BP_E_USAGE, "%s: %s needs a value: %s=...", stage->name, name, name);
    bp_compare compare = BP_COMPARE_EQUAL;
    bool plain = sign == key || (sign - key == 1 && s[key] == '=');
    if (!plain && param->kind != BP_PARAM_COMPARISON)
        return bp_fail(p->ctx, BP_E_USAGE, "%s: %s takes =, no comparison", stage->name, name);
    if (!plain && !read_compare(s + key, sign - key, &compare))
        return bp_fail(p->ctx, BP_E_USAGE, "%s: %s is no comparison", stage->name, whole);
    const char *word = sign == key ? "yes" : keep_text(p, s + sign, length - sign);
    *value = (bp_value){.compare = compare, .text = word, .given = true, .at = at, .length = length};
    if (param->kind == BP_PARAM_TEXT) {
        value->number = NAN;
        return *word ? BP_OK : bp_fail(p->ctx, BP_E_USAGE, "%s: %s is empty", stage->name, name);
    }
    value->text = whole;
    bp_status status = param->kind == BP_PARAM_CHOICE || param->kind == BP_PARAM_SWITCH
                           ? read_choice(p, param, word, value)
                           : read_number(p, param, word, value);
    value->text = word;
    /* so that the canonical text, which names all, means what the short one did */
    value->given = value->number != param->fallback || value->unit != 0 || compare != BP_COMPARE_EQUAL;
    return status == BP_OK ? BP_OK : bp_fail_in(p->ctx, status, "%s", stage->name);
}

static void stage_defaults(bp_stage_spec *spec)
{
    for (size_t i = 0; i < spec->stage->param_count; i++) {
        const bp_param *row = &spec->stage->params[i];
        spec->values[i] = (bp_value){.number = row->kind == BP_PARAM_TEXT ? NAN : row->fallback,
                                     .text = "",
                                     .compare = BP_COMPARE_EQUAL};
    }
}

/* Words of a codec become its own text, name:key=value,...; level=fast|balanced|max is that of all codecs. */
static bp_status read_codec(parser *p, const char *name, size_t at, size_t length)
{
    static const char *const levels[] = {"fast", "balanced", "max"};
    char text[512];
    int level = -1;
    size_t used = (size_t)snprintf(text, sizeof text, "%s", name);
    const char *between = strchr(name, ':') ? "," : ":";
    p->pipeline->codec_at = (bp_blame){at, length};
    for (;;) {
        skip_blanks(p);
        size_t n = word_length(p);
        if (n == 0)
            break;
        char word[160];
        quoted(p, p->at, n, word, sizeof word);
        int named = -1;
        for (int i = 0; i < 3; i++)
            if (strncmp(word, "level=", 6) == 0 && strcmp(word + 6, levels[i]) == 0)
                named = i;
        p->blame = (bp_blame){p->at, n};
        if (named >= 0) {
            level = named;
        } else {
            if (n >= sizeof word || used + n + 2 >= sizeof text)
                return fail_at(p, p->at, n, "", name, " has too many parameters");
            used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", between, word);
            between = ",";
            bp_codec_spec part;
            bp_status status = bp_codec_spec_parse(p->ctx, text, -1, &part);
            if (status != BP_OK)
                return status;
        }
        p->at += n;
    }
    bp_status status = bp_codec_spec_parse(p->ctx, text, level, &p->pipeline->codec);
    if (status != BP_OK)
        p->blame = (bp_blame){at, length};
    return status;
}

/* A stage or codec, up to `|` or the end. */
static bp_status read_element(parser *p)
{
    size_t at = p->at, length = word_length(p);
    char name[64];
    quoted(p, at, length, name, sizeof name);
    if (length == 0)
        return fail_at(p, at, 1, "a stage is missing here", "", "");
    if (p->pipeline->codec.codec)
        return fail_at(p, at, length, "'", name,
                       "' stands behind the codec, which is the last of a pipeline");
    const bp_stage *stage = bp_stage_by_name(name);
    p->at += length;
    p->blame = (bp_blame){at, length};
    if (!stage) {
        char head[64];
        snprintf(head, sizeof head, "%.*s", (int)strcspn(name, ":"), name);
        if (!bp_codec_by_name(head) && !strchr(name, '='))
            return fail_at(p, at, length, "there is no stage or codec '", name, "' (see `beampress list`)");
        return read_codec(p, name, at, length);
    }
    if (p->pipeline->count == BP_PIPELINE_STAGES)
        return fail_at(p, at, length, "'", name, "' is one stage too many");
    bp_stage_spec *spec = &p->pipeline->stages[p->pipeline->count++];
    *spec = (bp_stage_spec){.stage = stage, .at = at, .length = length};
    stage_defaults(spec);
    for (;;) {
        skip_blanks(p);
        size_t n = word_length(p);
        if (n == 0)
            return BP_OK;
        bp_status status = read_param(p, spec, p->at, n);
        if (status != BP_OK)
            return status;
        p->at += n;
    }
}

static bp_status read_all(parser *p)
{
    skip_blanks(p);
    if (!p->text[p->at])
        return fail_at(p, 0, 0, "the pipeline is empty", "", "");
    for (;;) {
        bp_status status = read_element(p);
        if (status != BP_OK)
            return status;
        skip_blanks(p);
        if (!p->text[p->at])
            return BP_OK;
        p->at++; /* | */
        skip_blanks(p);
        if (!p->text[p->at])
            return fail_at(p, p->at - 1, 1, "a stage is missing behind the last |", "", "");
    }
}

bp_status bp_pipeline_parse(bp_context *ctx, const char *text, bp_pipeline **pipeline, bp_blame *blame)
{
    *pipeline = NULL;
    if (blame)
        *blame = (bp_blame){0, 0};
    size_t length = strlen(text);
    if (length > LONGEST_TEXT)
        return bp_fail(ctx, BP_E_USAGE, "a pipeline of %zu characters", length);
    bp_pipeline *made = calloc(1, sizeof *made);
    char *copy = malloc(length + 1), *words = malloc(2 * length + 2);
    if (!made || !copy || !words) {
        free(made);
        free(copy);
        free(words);
        return bp_fail(ctx, BP_E_MEMORY, "no memory for a pipeline");
    }
    memcpy(copy, text, length + 1);
    made->text = copy;
    made->words = words;
    parser p = {.ctx = ctx, .pipeline = made, .text = copy, .room = words};
    bp_status status = read_all(&p);
    if (status == BP_OK) {
        *pipeline = made;
        return BP_OK;
    }
    if (blame)
        *blame = p.blame;
    bp_pipeline_free(made);
    return status;
}

void bp_pipeline_free(bp_pipeline *pipeline)
{
    if (!pipeline)
        return;
    free(pipeline->text);
    free(pipeline->words);
    free(pipeline);
}
