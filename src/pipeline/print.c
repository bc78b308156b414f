/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/pipeline.h"

typedef struct printer {
    char *text;
    size_t size, length;
} printer;

static void put(printer *p, const char *text)
{
    size_t n = strlen(text);
    for (size_t i = 0; i < n; i++, p->length++)
        if (p->length + 1 < p->size)
            p->text[p->length] = text[i];
    if (p->size)
        p->text[p->length < p->size ? p->length : p->size - 1] = 0;
}

static void put_number(printer *p, double number)
{
    char text[40];
    if (number == floor(number) && fabs(number) < 1e15) {
        snprintf(text, sizeof text, "%.0f", number);
    } else {
        for (int digits = 1; digits <= 17; digits++) {
            snprintf(text, sizeof text, "%.*g", digits, number);
            if (strtod(text, NULL) == number)
                break;
        }
    }
    put(p, text);
}

static void put_value(printer *p, const bp_param *row, const bp_value *value)
{
    static const char *const signs[] = {"=", ">=", "<=", ">", "<"};
    put(p, " ");
    put(p, row->name);
    put(p, signs[row->kind == BP_PARAM_COMPARISON ? value->compare : BP_COMPARE_EQUAL]);
    if (row->kind == BP_PARAM_TEXT) {
        bool quote = strpbrk(value->text, " \t\r\n\v\f|#") || (*value->text && strchr("<>=", *value->text));
        put(p, quote ? "\"" : "");
        put(p, value->text);
        put(p, quote ? "\"" : "");
    } else if (row->kind == BP_PARAM_CHOICE) {
        put(p, row->choices[(size_t)value->number]);
    } else if (row->kind == BP_PARAM_SWITCH) {
        put(p, value->number > 0 ? "yes" : "no");
    } else {
        put_number(p, value->number);
        if (row->kind == BP_PARAM_REAL && row->choices && value->unit)
            put(p, row->choices[value->unit]);
    }
}

static void put_spec(printer *p, const bp_stage_spec *spec)
{
    put(p, spec->stage->name);
    for (size_t i = 0; i < spec->stage->param_count; i++) {
        const bp_param *row = &spec->stage->params[i];
        if (spec->values[i].given)
            put_value(p, row, &spec->values[i]);
    }
}

size_t bp_stage_spec_print(const bp_stage_spec *spec, char *text, size_t size)
{
    printer p = {text, size, 0};
    put_spec(&p, spec);
    return p.length;
}

size_t bp_pipeline_print(const bp_pipeline *pipeline, char *text, size_t size)
{
    printer p = {text, size, 0};
    if (size)
        *text = 0;
    for (size_t i = 0; i < pipeline->count; i++) {
        put(&p, i ? " | " : "");
        put_spec(&p, &pipeline->stages[i]);
    }
    if (pipeline->codec.codec) {
        char codec[512];
        bp_codec_spec_print(&pipeline->codec, codec, sizeof codec);
        for (char *c = codec; *c; c++)
            *c = *c == ':' || *c == ',' ? ' ' : *c;
        put(&p, pipeline->count ? " | " : "");
        put(&p, codec);
    }
    return p.length;
}

size_t bp_blame_print(const char *text, const bp_blame *blame, char *out, size_t size)
{
    printer p = {out, size, 0};
    if (size)
        *out = 0;
    if (blame->length == 0 || blame->at > strlen(text))
        return 0;
    size_t begin = blame->at, end = begin;
    while (begin > 0 && text[begin - 1] != '\n')
        begin--;
    while (text[end] && text[end] != '\n')
        end++;
    if (begin + 60 < blame->at) /* a long line: what stands around the word */
        begin = blame->at - 40;
    if (end > blame->at + 100)
        end = blame->at + 100;
    for (size_t i = begin; i < end; i++) {
        char one[2] = {(unsigned char)text[i] < ' ' ? ' ' : text[i], 0};
        put(&p, one);
    }
    put(&p, "\n");
    for (size_t i = begin; i < blame->at; i++)
        if (((unsigned char)text[i] & 0xC0) != 0x80)
            put(&p, " ");
    put(&p, "^");
    for (size_t i = blame->at + 1; i < blame->at + blame->length && i < end; i++)
        if (((unsigned char)text[i] & 0xC0) != 0x80)
            put(&p, "~");
    return p.length;
}
