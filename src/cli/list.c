/* SPDX-License-Identifier: BSD-3-Clause
 * beampress list: codecs and simulators, as their descriptors state them. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "beampress/metric.h"
#include "beampress/science.h"
#include "beampress/stage.h"
#include "cli/cli.h"
#include "cli/list_params.h"
#include "report/json.h"
#include "report/table.h"

static const char *const level_names[BP_LEVEL_COUNT] = {"fast", "balanced", "max"};

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
        bp_json_append(row, "params", bp_list_param_json(&codec->params[i]));
    return row;
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
    bp_list_params_print(codec->params, codec->param_count, stdout, 4);
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

static json_t *simulator_json(const bp_simulator *simulator)
{
    json_t *row = json_object();
    bp_json_set_text(row, "name", simulator->name);
    bp_json_set_text(row, "summary", simulator->summary);
    bp_json_set_text(row, "model", simulator->model);
    bp_json_set_count(row, "version", simulator->version);
    bp_json_set(row, "params", json_array());
    for (size_t i = 0; i < simulator->param_count; i++)
        bp_json_append(row, "params", bp_list_param_json(&simulator->params[i]));
    return row;
}

static void list_simulators(bp_cli *cli)
{
    const bp_simulator *simulator;
    bp_json_set(cli->result, "simulators", json_array());
    for (size_t i = 0; (simulator = bp_simulator_at(i)) != NULL; i++) {
        bp_json_append(cli->result, "simulators", simulator_json(simulator));
        if (cli->json)
            continue;
        printf("simulate %s: %s\n    %s\n", simulator->name, simulator->summary, simulator->model);
        bp_list_params_print(simulator->params, simulator->param_count, stdout, 4);
    }
}

static json_t *quantity_json(const bp_quantity *quantity)
{
    static const char *const better[] = {"lower", "higher", "zero", NULL};
    json_t *row = json_object();
    bp_json_set_text(row, "name", quantity->name);
    bp_json_set_text(row, "unit", quantity->unit);
    bp_json_set_text(row, "better", better[quantity->better]);
    bp_json_set_text(row, "axis", quantity->axis);
    bp_json_set_text(row, "help", quantity->help);
    return row;
}

static json_t *metric_json(const bp_metric *metric)
{
    json_t *row = json_object();
    bp_json_set_text(row, "name", metric->name);
    bp_json_set_text(row, "summary", metric->summary);
    bp_json_set_text(row, "source", metric->source);
    bp_json_set(row, "quantities", json_array());
    for (size_t i = 0; i < metric->quantity_count; i++)
        bp_json_append(row, "quantities", quantity_json(&metric->quantities[i]));
    bp_json_set(row, "params", json_array());
    for (size_t i = 0; i < metric->param_count; i++)
        bp_json_append(row, "params", bp_list_param_json(&metric->params[i]));
    return row;
}

static void print_metric(const bp_metric *metric)
{
    static const bp_column columns[] = {{"quantity", 'l'}, {"unit", 'l'}, {"", 'l'}};
    bp_table *table = bp_table_new(columns, 3);
    printf("metric %s: %s\n    source: %s\n", metric->name, metric->summary, metric->source);
    for (size_t i = 0; i < metric->quantity_count; i++) {
        bp_table_cell(table, "%s", metric->quantities[i].name);
        bp_table_cell(table, "%s", metric->quantities[i].unit);
        bp_table_cell(table, "%s%s", metric->quantities[i].help,
                      metric->quantities[i].axis ? " (curve)" : "");
    }
    bp_table_print(table, stdout, 4);
    bp_table_free(table);
    bp_list_params_print(metric->params, metric->param_count, stdout, 4);
}

static void list_metrics(bp_cli *cli)
{
    const bp_metric *metric;
    bp_json_set(cli->result, "metrics", json_array());
    for (size_t i = 0; (metric = bp_metric_at(i)) != NULL; i++) {
        bp_json_append(cli->result, "metrics", metric_json(metric));
        if (!cli->json)
            print_metric(metric);
    }
}

static void list_techniques(bp_cli *cli)
{
    const bp_technique *technique;
    bp_json_set(cli->result, "science", json_array());
    for (size_t i = 0; (technique = bp_technique_at(i)) != NULL; i++) {
        json_t *row = json_object();
        bp_json_set_text(row, "name", technique->name);
        bp_json_set_text(row, "summary", technique->summary);
        bp_json_set_text(row, "source", technique->source);
        bp_json_set(row, "params", json_array());
        for (size_t k = 0; k < technique->param_count; k++)
            bp_json_append(row, "params", bp_list_param_json(&technique->params[k]));
        bp_json_append(cli->result, "science", row);
        if (cli->json)
            continue;
        printf("science %s: %s\n    source: %s\n", technique->name, technique->summary, technique->source);
        bp_list_params_print(technique->params, technique->param_count, stdout, 4);
    }
}

static void list_stages(bp_cli *cli)
{
    const bp_stage *stage;
    bp_json_set(cli->result, "stages", json_array());
    for (size_t i = 0; (stage = bp_stage_at(i)) != NULL; i++) {
        json_t *row = json_object();
        bp_json_set_text(row, "name", stage->name);
        bp_json_set_text(row, "summary", stage->summary);
        bp_json_set_text(row, "source", stage->source);
        bp_json_set_bool(row, "exact", stage->traits & BP_STAGE_EXACT);
        bp_json_set(row, "params", json_array());
        for (size_t k = 0; k < stage->param_count; k++)
            bp_json_append(row, "params", bp_list_param_json(&stage->params[k]));
        bp_json_append(cli->result, "stages", row);
        if (cli->json)
            continue;
        printf("stage %s: %s\n", stage->name, stage->summary);
        if (*stage->source)
            printf("    source: %s\n", stage->source);
        bp_list_params_print(stage->params, stage->param_count, stdout, 4);
    }
}

static void list_codecs(bp_cli *cli)
{
    const bp_codec *codec;
    bp_json_set(cli->result, "codecs", json_array());
    for (size_t i = 0; (codec = bp_codec_at(i)) != NULL; i++) {
        bp_json_append(cli->result, "codecs", codec_json(codec));
        if (!cli->json)
            print_codec(codec);
    }
    list_left_out(cli);
}

bp_status bp_cli_list(bp_cli *cli)
{
    static const struct {
        const char *name;
        void (*list)(bp_cli *cli);
    } kinds[] = {{"codecs", list_codecs},
                 {"simulate", list_simulators},
                 {"metrics", list_metrics},
                 {"science", list_techniques},
                 {"stages", list_stages}};
    const size_t count = sizeof kinds / sizeof *kinds;
    const char *what = cli->files.count ? cli->files.items[0] : NULL;
    bool known = !what;
    for (size_t i = 0; i < count; i++)
        known = known || strcmp(what, kinds[i].name) == 0;
    if (!known)
        return bp_fail(
            cli->ctx, BP_E_USAGE,
            "list: '%s' is nothing that can be listed; it takes codecs, simulate, metrics, science or stages",
            what);
    for (size_t i = 0; i < count; i++) {
        if (what && strcmp(what, kinds[i].name) != 0)
            continue;
        if (i > 0 && !what && !cli->json)
            printf("\n");
        kinds[i].list(cli);
    }
    return BP_OK;
}
