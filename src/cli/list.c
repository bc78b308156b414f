/* SPDX-License-Identifier: BSD-3-Clause
 * beampress list: the codecs, as their descriptors state them. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "report/json.h"
#include "report/table.h"

static const char *const level_names[BP_LEVEL_COUNT] = {"fast", "balanced", "max"};
static const char *const kind_names[] = {"integer", "real", "choice", "switch"};

static json_t *param_json(const bp_param *param)
{
    json_t *row = json_object();
    bp_json_set_text(row, "name", param->name);
    bp_json_set_text(row, "unit", param->unit);
    bp_json_set_text(row, "kind", kind_names[param->kind]);
    if (param->kind == BP_PARAM_CHOICE) {
        for (size_t i = 0; param->choices[i]; i++)
            bp_json_append(row, "choices", bp_json_text(param->choices[i]));
        bp_json_set_text(row, "default", param->choices[(size_t)param->fallback]);
    } else {
        bp_json_set_number(row, "min", param->min);
        bp_json_set_number(row, "max", param->max);
        bp_json_set_number(row, "default", param->fallback);
    }
    bp_json_set_text(row, "help", param->help);
    return row;
}

/* Name and version of the library behind a codec; NULL for code of our own. */
static const char *library_of(const bp_codec *codec, char *text, size_t size)
{
    if (!codec->library)
        return NULL;
    (void)codec->library(text, size);
    return text;
}

static json_t *codec_json(const bp_codec *codec)
{
    char library[128];
    json_t *row = json_object(), *levels = json_object();
    bp_codec_spec spec = {.codec = codec};
    bp_param_defaults(codec->params, codec->param_count, spec.params);
    bp_json_set_text(row, "name", codec->name);
    bp_json_set_count(row, "number", codec->number);
    bp_json_set_text(row, "summary", codec->summary);
    bp_json_set_text(row, "library", library_of(codec, library, sizeof library));
    bp_json_set_bool(row, "lossless_by_default", bp_codec_spec_lossless(&spec));
    bp_json_set_bool(row, "standard", codec->standard != NULL);
    bp_json_set(row, "dtypes", json_array());
    for (unsigned d = 0; d < BP_DTYPE_COUNT; d++)
        if (codec->dtypes & 1u << d)
            bp_json_append(row, "dtypes", bp_json_text(bp_dtype_name((bp_dtype)d)));
    for (size_t i = 0; i < BP_LEVEL_COUNT; i++)
        if (codec->levels[i])
            bp_json_set_text(levels, level_names[i], codec->levels[i]);
    bp_json_set(row, "levels", levels);
    bp_json_set(row, "params", json_array());
    for (size_t i = 0; i < codec->param_count; i++)
        bp_json_append(row, "params", param_json(&codec->params[i]));
    return row;
}

static void print_params(const bp_codec *codec)
{
    static const bp_column columns[] = {
        {"parameter", 'l'}, {"values", 'l'}, {"default", 'l'}, {"unit", 'l'}, {"", 'l'}};
    bp_table *table = bp_table_new(columns, 5);
    for (size_t i = 0; i < codec->param_count; i++) {
        const bp_param *param = &codec->params[i];
        char values[256] = "";
        size_t used = 0;
        for (size_t k = 0; param->kind == BP_PARAM_CHOICE && param->choices[k] && used < sizeof values; k++)
            used += (size_t)snprintf(values + used, sizeof values - used, "%s%s", k ? " " : "",
                                     param->choices[k]);
        if (param->kind == BP_PARAM_SWITCH)
            snprintf(values, sizeof values, "0 or 1");
        else if (param->kind != BP_PARAM_CHOICE)
            snprintf(values, sizeof values, "%.9g ... %.9g", param->min, param->max);
        bp_table_cell(table, "%s", param->name);
        bp_table_cell(table, "%s", values);
        if (param->kind == BP_PARAM_CHOICE)
            bp_table_cell(table, "%s", param->choices[(size_t)param->fallback]);
        else
            bp_table_cell(table, "%.9g", param->fallback);
        bp_table_cell(table, "%s", param->unit);
        bp_table_cell(table, "%s", param->help);
    }
    if (codec->param_count)
        bp_table_print(table, stdout, 4);
    bp_table_free(table);
}

static void print_dtypes(const bp_codec *codec)
{
    unsigned all = (1u << BP_DTYPE_COUNT) - 1u;
    printf("    types:");
    if ((codec->dtypes & all) == all)
        printf(" every one");
    else
        for (unsigned d = 0; d < BP_DTYPE_COUNT; d++)
            if (codec->dtypes & 1u << d)
                printf(" %s", bp_dtype_name((bp_dtype)d));
    printf("\n");
}

static void print_codec(const bp_codec *codec)
{
    char library[128];
    printf("%s (number %u): %s\n", codec->name, codec->number, codec->summary);
    const char *name = library_of(codec, library, sizeof library);
    printf("    library: %s\n", name ? name : "none, our own code");
    print_dtypes(codec);
    printf("    registered HDF5 filter: %s\n", codec->standard ? "yes" : "no, beampress chunks only");
    for (size_t i = 0; i < BP_LEVEL_COUNT; i++)
        if (codec->levels[i])
            printf("    --level %s: %s\n", level_names[i], *codec->levels[i] ? codec->levels[i] : "defaults");
    print_params(codec);
    printf("\n");
}

static void list_left_out(bp_cli *cli)
{
    bp_json_set(cli->result, "left_out", json_array());
    for (unsigned number = 0; number <= UINT16_MAX; number++) {
        const char *name = bp_codec_reserved_name((uint16_t)number);
        if (!name || bp_codec_by_number((uint16_t)number))
            continue;
        json_t *row = json_object();
        bp_json_set_text(row, "name", name);
        bp_json_set_count(row, "number", number);
        bp_json_append(cli->result, "left_out", row);
        if (!cli->json)
            printf("%s (number %u): not in this build; its library was missing\n", name, number);
    }
}

bp_status bp_cli_list(bp_cli *cli)
{
    if (cli->files.count && strcmp(cli->files.items[0], "codecs") != 0)
        return bp_fail(cli->ctx, BP_E_USAGE, "list: '%s' is nothing that can be listed; it takes codecs",
                       cli->files.items[0]);
    const bp_codec *codec;
    bp_json_set(cli->result, "codecs", json_array());
    for (size_t i = 0; (codec = bp_codec_at(i)) != NULL; i++) {
        bp_json_append(cli->result, "codecs", codec_json(codec));
        if (!cli->json)
            print_codec(codec);
    }
    list_left_out(cli);
    return BP_OK;
}
