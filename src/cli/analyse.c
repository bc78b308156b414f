/* SPDX-License-Identifier: BSD-3-Clause
 * beampress analyse: what a technique finds in a file. */
#include <math.h>
#include <stdio.h>

#include "cli/cli.h"
#include "cli/picture.h"
#include "explore/analyse.h"
#include "io/hdf5_outcomes.h"
#include "report/json.h"
#include "report/table.h"

static json_t *list_of(const double *values, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, isfinite(values[i]) ? json_real(values[i]) : json_null());
    return list;
}

static json_t *outcome_json(const bp_outcome *o)
{
    json_t *row = json_object();
    bp_json_set_text(row, "name", o->name);
    bp_json_set_text(row, "unit", o->unit);
    bp_json_set_text(row, "uncertainty", o->uncertainty);
    if (o->parts)
        bp_json_set_number(row, o->parts, o->part);
    if (o->columns) { /* for --out: a picture is no text */
        const uint64_t shape[2] = {o->count / o->columns, o->columns};
        bp_json_set_shape(row, "shape", shape, 2);
        bp_json_set_text(row, "axis", o->axis);
    } else if (o->axis) {
        bp_json_set(row, "values", list_of(o->values, o->count));
        bp_json_set(row, "sigma", o->sigmas ? list_of(o->sigmas, o->count) : json_null());
        bp_json_set_text(row, "axis", o->axis);
        bp_json_set(row, "at", o->at ? list_of(o->at, o->count) : json_null());
    } else {
        bp_json_set_number(row, "value", *o->values);
        bp_json_set_number(row, "sigma", o->sigmas ? *o->sigmas : (double)NAN);
    }
    return row;
}

static void set_json(bp_cli *cli, const bp_analysis *a)
{
    char params[1024];
    bp_param_print(a->technique->params, a->technique->param_count, a->params, params, sizeof params);
    bp_json_set_text(cli->result, "technique", a->technique->name);
    bp_json_set_text(cli->result, "params", params);
    bp_json_set_text(cli->result, "file", cli->files.items[1]);
    bp_json_set_text(cli->result, "against", cli->values[OPTION_AGAINST]);
    bp_json_set_text(cli->result, "dataset", a->dataset);
    bp_json_set_count(cli->result, "frames", a->frames);
    bp_json_set_count(cli->result, "rows", a->rows);
    bp_json_set_count(cli->result, "columns", a->columns);
    bp_json_set(cli->result, "results", json_array());
    for (size_t i = 0; i < a->outcomes.count; i++)
        bp_json_append(cli->result, "results", outcome_json(&a->outcomes.items[i]));
}

/* A value with its sigma: two cells. */
static void print_value(bp_table *table, const bp_outcome *o, size_t i)
{
    if (isnan(o->values[i]))
        bp_table_cell(table, "not defined");
    else
        bp_table_cell(table, "%.7g", o->values[i]);
    if (o->sigmas && !isnan(o->sigmas[i]))
        bp_table_cell(table, "%.2g", o->sigmas[i]);
    else
        bp_table_cell(table, "not known");
}

static void print_numbers(const bp_analysis *a)
{
    static const bp_column columns[] = {
        {"result", 'l'}, {"value", 'r'}, {"sigma", 'r'}, {"unit", 'l'}, {"sigma from", 'l'}};
    bp_table *table = bp_table_new(columns, 5);
    size_t numbers = 0;
    for (size_t i = 0; i < a->outcomes.count; i++) {
        const bp_outcome *o = &a->outcomes.items[i];
        if (o->axis)
            continue;
        numbers++;
        bp_table_cell(table, "%s", o->name);
        print_value(table, o, 0);
        bp_table_cell(table, "%s", o->unit);
        bp_table_cell(table, "%s", o->uncertainty ? o->uncertainty : "");
    }
    if (numbers)
        bp_table_print(table, stdout, 0);
    bp_table_free(table);
}

static void print_curve(const bp_outcome *o)
{
    const bp_column columns[] = {{o->axis, 'r'}, {o->name, 'r'}, {"sigma", 'r'}};
    bp_table *table = bp_table_new(columns, 3);
    for (size_t i = 0; i < o->count; i++) {
        bp_table_cell(table, "%.7g", o->at ? o->at[i] : (double)i);
        print_value(table, o, i);
    }
    char part[64] = "";
    if (o->parts)
        snprintf(part, sizeof part, ", %s %.9g", o->parts, o->part);
    printf("\n%s%s%s%s%s%s\n", o->name, *o->unit ? ", " : "", o->unit, part,
           o->uncertainty ? "; sigma from " : "", o->uncertainty ? o->uncertainty : "");
    bp_table_print(table, stdout, 2);
    bp_table_free(table);
}

static void print_analysis(const bp_cli *cli, const bp_analysis *a)
{
    printf("%s: %s: %s of %llu frame%s of %zux%zu\n", cli->files.items[1], a->dataset, a->technique->name,
           (unsigned long long)a->frames, a->frames == 1 ? "" : "s", a->rows, a->columns);
    print_numbers(a);
    for (size_t i = 0; i < a->outcomes.count; i++)
        if (a->outcomes.items[i].axis && !a->outcomes.items[i].columns)
            print_curve(&a->outcomes.items[i]);
}

/* --out and --plot */
static bp_status write_files(bp_cli *cli, const bp_analysis *a)
{
    const char *out = cli->values[OPTION_OUT], *plot = cli->values[OPTION_PLOT], *file = cli->files.items[1];
    char params[1024], title[128], note[1500];
    bp_param_print(a->technique->params, a->technique->param_count, a->params, params, sizeof params);
    const bp_outcomes_note notes[] = {
        {"program", "beampress analyse"}, {"version", bp_version()},        {"technique", a->technique->name},
        {"parameters", params},           {"source", a->technique->source}, {"file", file},
        {"dataset", a->dataset}};
    bp_status status = BP_OK;
    if (out)
        status = bp_outcomes_write(cli->ctx, &a->outcomes, notes, sizeof notes / sizeof *notes, file, out,
                                   bp_cli_has(cli, OPTION_OVERWRITE));
    snprintf(title, sizeof title, "%s: %s", a->technique->name, a->technique->summary);
    snprintf(note, sizeof note, "%s, %s, %llu frame%s of %zu x %zu", file, a->dataset,
             (unsigned long long)a->frames, a->frames == 1 ? "" : "s", a->rows, a->columns);
    return status == BP_OK && plot ? bp_picture_write(cli, &a->outcomes, title, note, file, plot) : status;
}

bp_status bp_cli_analyse(bp_cli *cli)
{
    bp_analyse_options options = {.no_mask = bp_cli_has(cli, OPTION_NO_MASK)};
    bp_analysis analysis;
    bp_status status = bp_cli_threads(cli, &options.threads);
    if (status == BP_OK && cli->datasets.count > 1)
        status = bp_fail(cli->ctx, BP_E_USAGE, "analyse: --dataset is given once at most");
    if (status == BP_OK && bp_cli_has(cli, OPTION_PLOT))
        status = bp_picture_check(cli, cli->values[OPTION_PLOT]);
    if (status != BP_OK)
        return status;
    options.against = cli->values[OPTION_AGAINST];
    options.geometry = cli->values[OPTION_GEOMETRY];
    options.regions = cli->values[OPTION_REGIONS];
    options.dataset = cli->datasets.count ? cli->datasets.items[0] : NULL;
    status = bp_analyse(cli->ctx, cli->files.items[0], cli->files.items[1], &options, &analysis);
    if (status == BP_OK)
        status = write_files(cli, &analysis);
    if (status == BP_OK) {
        set_json(cli, &analysis);
        if (!cli->json)
            print_analysis(cli, &analysis);
    }
    bp_analysis_fini(&analysis);
    return status;
}
