/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "beampress/param.h"

void bp_param_defaults(const bp_param *rows, size_t count, double *values)
{
    for (size_t i = 0; i < count; i++)
        values[i] = rows[i].fallback;
}

static bp_status check_one(bp_context *ctx, const char *owner, const bp_param *row, double value)
{
    bool whole = row->kind != BP_PARAM_REAL;
    if (!isfinite(value) || value < row->min || value > row->max)
        return bp_fail(ctx, BP_E_USAGE, "%s: %s=%.9g is outside %.9g ... %.9g", owner, row->name, value,
                       row->min, row->max);
    if (whole && value != floor(value))
        return bp_fail(ctx, BP_E_USAGE, "%s: %s=%.9g must be a whole number", owner, row->name, value);
    return BP_OK;
}

bp_status bp_param_check(bp_context *ctx, const char *owner, const bp_param *rows, size_t count,
                         const double *values)
{
    for (size_t i = 0; i < count; i++) {
        bp_status status = check_one(ctx, owner, &rows[i], values[i]);
        if (status != BP_OK)
            return status;
    }
    return BP_OK;
}

/* The value that a word stands for; "yes" and "no" and the words of a choice beside numbers. */
static bp_status read_value(bp_context *ctx, const char *owner, const bp_param *row, const char *word,
                            double *value)
{
    if (row->kind == BP_PARAM_CHOICE) {
        for (size_t i = 0; row->choices[i]; i++)
            if (strcmp(word, row->choices[i]) == 0) {
                *value = (double)i;
                return BP_OK;
            }
        return bp_fail(ctx, BP_E_USAGE, "%s: %s=%s is none of its words (see `beampress list`)", owner,
                       row->name, word);
    }
    if (row->kind == BP_PARAM_SWITCH && (strcmp(word, "yes") == 0 || strcmp(word, "no") == 0)) {
        *value = word[0] == 'y';
        return BP_OK;
    }
    char *end;
    *value = strtod(word, &end);
    if (end == word || *end)
        return bp_fail(ctx, BP_E_USAGE, "%s: %s=%s is not a number", owner, row->name, word);
    return check_one(ctx, owner, row, *value);
}

static bp_status read_pair(bp_context *ctx, const char *owner, const bp_param *rows, size_t count, char *pair,
                           double *values)
{
    char *word = strchr(pair, '=');
    if (word)
        *word++ = 0;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(pair, rows[i].name) != 0)
            continue;
        if (!word && rows[i].kind != BP_PARAM_SWITCH)
            return bp_fail(ctx, BP_E_USAGE, "%s: %s needs a value: %s=...", owner, pair, pair);
        return read_value(ctx, owner, &rows[i], word ? word : "yes", &values[i]);
    }
    return bp_fail(ctx, BP_E_USAGE, "%s has no parameter '%s' (see `beampress list`)", owner, pair);
}

bp_status bp_param_parse(bp_context *ctx, const char *owner, const bp_param *rows, size_t count,
                         const char *text, double *values)
{
    char pair[256];
    while (*text) {
        size_t length = strcspn(text, ",");
        if (length >= sizeof pair)
            return bp_fail(ctx, BP_E_USAGE, "%s: a parameter of %zu characters", owner, length);
        memcpy(pair, text, length);
        pair[length] = 0;
        text += length;
        if (*text == ',')
            text++;
        bp_status status = read_pair(ctx, owner, rows, count, pair, values);
        if (status != BP_OK)
            return status;
    }
    return BP_OK;
}

/* The shortest decimal text that reads back as the same double; whole numbers without an exponent. */
static void print_number(double value, char *text, size_t size)
{
    if (value == floor(value) && fabs(value) < 1e15) {
        snprintf(text, size, "%.0f", value);
        return;
    }
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, size, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            return;
    }
}

size_t bp_param_print(const bp_param *rows, size_t count, const double *values, char *text, size_t size)
{
    size_t length = 0;
    if (size)
        text[0] = 0;
    for (size_t i = 0; i < count; i++) {
        char number[40];
        const char *word = number;
        if (rows[i].kind == BP_PARAM_CHOICE)
            word = rows[i].choices[(size_t)values[i]];
        else
            print_number(values[i], number, sizeof number);
        int n = snprintf(length < size ? text + length : NULL, length < size ? size - length : 0, "%s%s=%s",
                         i ? "," : "", rows[i].name, word);
        length += n > 0 ? (size_t)n : 0;
    }
    return length;
}
