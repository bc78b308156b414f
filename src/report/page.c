/* SPDX-License-Identifier: BSD-3-Clause */
#include "report/page.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "report/page_parts.h"
#include "report/text.h"

#define FORMAT "beampress explore 1"

static const bp_page_part *part_named(const char *name, size_t length)
{
    for (const bp_page_part *p = bp_page_parts; p->name; p++)
        if (strlen(p->name) == length && strncmp(p->name, name, length) == 0)
            return p;
    return NULL;
}

bool bp_page_has_plots(void)
{
    return part_named("library", 7) != NULL;
}

typedef struct field {
    const char *name;
    json_type type;
    bool unknown; /* null is fine */
} field;

static const char *type_name(json_type type)
{
    static const char *const names[] = {"an object", "an array", "a text", "an integer", "a number"};
    return (size_t)type < sizeof names / sizeof *names ? names[type] : "a value";
}

static bool is_of(const json_t *value, json_type type)
{
    return value && (json_typeof(value) == type || (type == JSON_REAL && json_is_number(value)));
}

static bp_status check_fields(bp_context *ctx, const json_t *object, const char *where, const field *fields,
                              size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!is_of(json_object_get(object, fields[i].name), fields[i].type) &&
            !(fields[i].unknown && json_is_null(json_object_get(object, fields[i].name))))
            return bp_fail(ctx, BP_E_INPUT, "%s.%s is not %s", where, fields[i].name,
                           type_name(fields[i].type));
    return BP_OK;
}

static bp_status check_points(bp_context *ctx, const json_t *points)
{
    static const field fields[] = {{"id", JSON_INTEGER, false},      {"family", JSON_STRING, false},
                                   {"pipeline", JSON_STRING, false}, {"verdict", JSON_STRING, false},
                                   {"ratio", JSON_REAL, true},       {"quantities", JSON_ARRAY, false}};
    bp_status status = BP_OK;
    for (size_t i = 0; i < json_array_size(points) && status == BP_OK; i++) {
        const json_t *point = json_array_get(points, i);
        status = check_fields(ctx, point, "points[]", fields, sizeof fields / sizeof *fields);
        if (status == BP_OK && json_integer_value(json_object_get(point, "id")) != (json_int_t)i)
            status = bp_fail(ctx, BP_E_INPUT, "points[%zu].id is not %zu", i, i);
    }
    return status;
}

bp_status bp_page_check(bp_context *ctx, const json_t *scan)
{
    static const field top[] = {
        {"format", JSON_STRING, false},  {"sentence", JSON_STRING, false}, {"program", JSON_STRING, false},
        {"version", JSON_STRING, false}, {"command", JSON_STRING, false},  {"input", JSON_OBJECT, false},
        {"sample", JSON_OBJECT, false},  {"science", JSON_ARRAY, false},   {"budgets", JSON_OBJECT, false},
        {"families", JSON_ARRAY, false}, {"points", JSON_ARRAY, false},    {"best", JSON_ARRAY, false},
        {"curves", JSON_ARRAY, false},   {"previews", JSON_ARRAY, false},  {"cost", JSON_OBJECT, false}};
    static const field input[] = {
        {"file", JSON_STRING, false}, {"dataset", JSON_STRING, false}, {"shape", JSON_ARRAY, false}};
    static const field budgets[] = {{"systematic", JSON_REAL, false}, {"random", JSON_REAL, false}};
    if (!json_is_object(scan))
        return bp_fail(ctx, BP_E_INPUT, "this is no scan of `beampress explore`");
    bp_status status = check_fields(ctx, scan, "scan", top, sizeof top / sizeof *top);
    const char *format = json_string_value(json_object_get(scan, "format"));
    if (status == BP_OK && strcmp(format, FORMAT) != 0)
        status = bp_fail(ctx, BP_E_INPUT, "format is '%s', not '" FORMAT "'", format);
    if (status == BP_OK)
        status = check_fields(ctx, json_object_get(scan, "input"), "input", input, 3);
    if (status == BP_OK)
        status = check_fields(ctx, json_object_get(scan, "budgets"), "budgets", budgets, 2);
    return status == BP_OK ? check_points(ctx, json_object_get(scan, "points")) : status;
}

/* No text in it may end the script element that it stands in. */
static void put_json(const char *text, FILE *out)
{
    for (; *text; text++)
        if (*text == '<')
            fputs("\\u003c", out);
        else
            fputc(*text, out);
}

static void put_part(const char *name, size_t length, const char *json, FILE *out)
{
    static const char *const parts[][2] = {
        {"STYLE", "style"}, {"LIBRARY", "library"}, {"SCRIPT", "script"}, {"LICENCE", "licence"}};
    if (length == 4 && strncmp(name, "DATA", 4) == 0)
        put_json(json, out);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (strlen(parts[i][0]) != length || strncmp(parts[i][0], name, length) != 0)
            continue;
        const bp_page_part *part = part_named(parts[i][1], strlen(parts[i][1]));
        if (part && i == 3)
            bp_text_escaped(out, part->text);
        else if (part)
            fwrite(part->text, 1, part->size, out);
    }
}

bp_status bp_page_write(bp_context *ctx, const json_t *scan, FILE *out)
{
    char *json = json_dumps(scan, JSON_COMPACT | JSON_REAL_PRECISION(17));
    if (!json)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for the report");
    const char *at = part_named("page", 4)->text;
    for (const char *mark = strstr(at, "@@"); mark; mark = strstr(at, "@@")) {
        const char *end = strstr(mark + 2, "@@");
        if (!end)
            break;
        fwrite(at, 1, (size_t)(mark - at), out);
        put_part(mark + 2, (size_t)(end - mark - 2), json, out);
        at = end + 2;
    }
    fputs(at, out);
    free(json);
    return fflush(out) == 0 && !ferror(out)
               ? BP_OK
               : bp_fail(ctx, BP_E_OUTPUT, "the report could not be written: %s", strerror(errno));
}
