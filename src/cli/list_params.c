/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>

#include "cli/list_params.h"
#include "report/json.h"
#include "report/table.h"

static const char *const kind_names[] = {"integer", "real", "choice", "switch", "text", "comparison"};

json_t *bp_list_param_json(const bp_param *param)
{
    json_t *row = json_object();
    bp_json_set_text(row, "name", param->name);
    bp_json_set_text(row, "unit", param->unit);
    bp_json_set_text(row, "kind", kind_names[param->kind]);
    if (param->kind == BP_PARAM_CHOICE) {
        for (size_t i = 0; param->choices[i]; i++)
            bp_json_append(row, "choices", bp_json_text(param->choices[i]));
        bp_json_set_text(row, "default", param->choices[(size_t)param->fallback]);
    } else if (param->kind == BP_PARAM_TEXT) {
        bp_json_set(row, "default", json_null());
    } else {
        for (size_t i = 0; param->kind == BP_PARAM_REAL && param->choices && param->choices[i]; i++)
            bp_json_append(row, "units", bp_json_text(param->choices[i]));
        bp_json_set_number(row, "min", param->min);
        bp_json_set_number(row, "max", param->max);
        bp_json_set_number(row, "default", param->fallback);
    }
    bp_json_set_text(row, "help", param->help);
    return row;
}

void bp_list_param_values(const bp_param *param, char *text, size_t size)
{
    size_t used = 0;
    text[0] = 0;
    for (size_t k = 0; param->kind == BP_PARAM_CHOICE && param->choices[k] && used < size; k++)
        used += (size_t)snprintf(text + used, size - used, "%s%s", k ? " " : "", param->choices[k]);
    if (param->kind == BP_PARAM_SWITCH)
        snprintf(text, size, "0 or 1");
    else if (param->kind == BP_PARAM_TEXT)
        snprintf(text, size, "text");
    else if (param->kind != BP_PARAM_CHOICE)
        snprintf(text, size, "%.16g ... %.16g", param->min, param->max);
}

void bp_list_param_describe(const bp_param *param, char *text, size_t size)
{
    char values[256], fallback[64];
    bp_list_param_values(param, values, sizeof values);
    if (param->kind == BP_PARAM_CHOICE)
        snprintf(fallback, sizeof fallback, "%s", param->choices[(size_t)param->fallback]);
    else
        snprintf(fallback, sizeof fallback, "%.16g", param->fallback);
    snprintf(text, size, "%s (%s%s%s, default %s)", param->help, values, *param->unit ? " " : "", param->unit,
             fallback);
}

void bp_list_params_print(const bp_param *params, size_t count, FILE *stream, int indent)
{
    static const bp_column columns[] = {
        {"parameter", 'l'}, {"values", 'l'}, {"default", 'l'}, {"unit", 'l'}, {"", 'l'}};
    bp_table *table = bp_table_new(columns, 5);
    for (size_t i = 0; i < count; i++) {
        const bp_param *param = &params[i];
        char values[256];
        bp_list_param_values(param, values, sizeof values);
        bp_table_cell(table, "%s", param->name);
        bp_table_cell(table, "%s", values);
        if (param->kind == BP_PARAM_CHOICE)
            bp_table_cell(table, "%s", param->choices[(size_t)param->fallback]);
        else if (param->kind == BP_PARAM_TEXT || isnan(param->fallback))
            bp_table_cell(table, "none");
        else
            bp_table_cell(table, "%.9g", param->fallback);
        bp_table_cell(table, "%s", param->unit);
        bp_table_cell(table, "%s", param->help);
    }
    if (count)
        bp_table_print(table, stream, indent);
    bp_table_free(table);
}
