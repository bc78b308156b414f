/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/json.h"

void bp_json_set(json_t *object, const char *key, json_t *value)
{
    /* steals the reference, also when it fails */
    (void)json_object_set_new(object, key, value);
}

/* Length of the UTF-8 sequence at text, 0 when it is none. */
static size_t sequence_length(const unsigned char *text)
{
    size_t length = *text < 0x80 ? 1 : *text >= 0xf0 ? 4 : *text >= 0xe0 ? 3 : *text >= 0xc0 ? 2 : 0;
    for (size_t i = 1; i < length; i++)
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    json_t *probe = length ? json_stringn((const char *)text, length) : NULL;
    if (!probe)
        return 0; /* overlong, a surrogate, or above U+10FFFF */
    json_decref(probe);
    return length;
}

json_t *bp_json_text(const char *text)
{
    if (!text)
        return json_null();
    json_t *whole = json_string(text);
    if (whole)
        return whole;
    char *clean = malloc(3 * strlen(text) + 1), *out = clean;
    if (!clean)
        return NULL;
    while (*text) {
        size_t length = sequence_length((const unsigned char *)text);
        memcpy(out, length ? text : "\xef\xbf\xbd", length ? length : 3);
        out += length ? length : 3;
        text += length ? length : 1;
    }
    *out = 0;
    whole = json_string(clean);
    free(clean);
    return whole;
}

void bp_json_set_text(json_t *object, const char *key, const char *text)
{
    bp_json_set(object, key, bp_json_text(text));
}

void bp_json_set_count(json_t *object, const char *key, uint64_t count)
{
    bp_json_set(object, key, count <= INT64_MAX ? json_integer((json_int_t)count) : json_real((double)count));
}

void bp_json_set_number(json_t *object, const char *key, double number)
{
    bp_json_set(object, key, isfinite(number) ? json_real(number) : json_null());
}

void bp_json_set_bool(json_t *object, const char *key, bool value)
{
    bp_json_set(object, key, json_boolean(value));
}

void bp_json_set_shape(json_t *object, const char *key, const uint64_t *shape, size_t rank)
{
    json_t *array = json_array();
    for (size_t i = 0; i < rank; i++)
        (void)json_array_append_new(array, json_integer((json_int_t)shape[i]));
    bp_json_set(object, key, array);
}

void bp_json_append(json_t *object, const char *key, json_t *value)
{
    json_t *array = json_object_get(object, key);
    if (!array) {
        array = json_array();
        bp_json_set(object, key, array);
    }
    (void)json_array_append_new(array, value);
}

double bp_ratio(uint64_t raw, uint64_t stored)
{
    return stored ? (double)raw / (double)stored : 0;
}

bp_status bp_json_print(const json_t *object, FILE *stream)
{
    if (json_dumpf(object, stream, JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(12)) != 0 ||
        fputc('\n', stream) == EOF)
        return BP_E_OUTPUT;
    return BP_OK;
}
