/* SPDX-License-Identifier: BSD-3-Clause
 * beampress metric: how far are two stacks of frames from each other? */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "explore/measure.h"
#include "report/json.h"
#include "report/progress.h"
#include "report/table.h"

static bp_status take_options(bp_cli *cli, bp_measure_options *o)
{
    uint64_t memory = 0, frame = 0;
    bp_status status = bp_cli_threads(cli, &o->threads);
    if (status == BP_OK)
        status = bp_cli_bytes(cli, OPTION_MEMORY, 1 << 20, &memory);
    if (status == BP_OK)
        status = bp_cli_number(cli, OPTION_FRAME, 0, UINT64_MAX - 1, &frame);
    if (status == BP_OK && cli->datasets.count > 2)
        status =
            bp_fail(cli->ctx, BP_E_USAGE, "metric: --dataset is given twice at most, for REF and for TEST");
    o->memory = (size_t)memory;
    o->first = frame;
    o->count = bp_cli_has(cli, OPTION_FRAME) ? 1 : 0;
    o->keep_labels = bp_cli_has(cli, OPTION_KEEP_LABELS);
    o->no_mask = bp_cli_has(cli, OPTION_NO_MASK);
    o->dataset = cli->datasets.count ? cli->datasets.items[0] : NULL;
    o->test_dataset = cli->datasets.count > 1 ? cli->datasets.items[1] : NULL;
    o->metrics = cli->files.items + 2;
    o->metric_count = cli->files.count - 2;
    return status;
}

static void set_curve(json_t *curves, const bp_quantity *q, const double *values, size_t count)
{
    json_t *row = json_object(), *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, isfinite(values[i]) ? json_real(values[i]) : json_null());
    bp_json_set_text(row, "unit", q->unit);
    bp_json_set_text(row, "axis", q->axis);
    bp_json_set(row, "values", list);
    bp_json_set(curves, q->name, row);
}

static void set_values(json_t *result, const bp_measure_report *report)
{
    json_t *metrics = json_object(), *curves = json_object();
    for (size_t i = 0; i < report->measurement_count; i++) {
        const bp_measurement *m = &report->measurements[i];
        const double *at = m->values;
        for (size_t k = 0; k < m->metric->quantity_count; k++) {
            const bp_quantity *q = &m->metric->quantities[k];
            size_t count = m->metric->value_count ? m->metric->value_count(m->params, &report->survey, k) : 1;
            if (q->axis)
                set_curve(curves, q, at, count);
            else
                bp_json_set_number(metrics, q->name, *at);
            at += count;
        }
    }
    bp_json_set(result, "metrics", metrics);
    bp_json_set(result, "curves", curves);
}

static void set_json(bp_cli *cli, const bp_measure_report *report)
{
    const bp_survey *s = &report->survey;
    json_t *pixels = json_object();
    bp_json_set_text(cli->result, "reference", cli->files.items[0]);
    bp_json_set_text(cli->result, "test", cli->files.items[1]);
    bp_json_set_text(cli->result, "dataset", report->dataset);
    bp_json_set_count(cli->result, "frames", s->frames);
    bp_json_set_count(cli->result, "rows", s->rows);
    bp_json_set_count(cli->result, "columns", s->columns);
    bp_json_set_bool(cli->result, "identical", report->identical);
    bp_json_set_count(pixels, "used", s->used);
    bp_json_set_count(pixels, "masked", s->masked - report->labels);
    bp_json_set_count(pixels, "labels", report->labels);
    bp_json_set_count(pixels, "reference_nan", s->reference_nan);
    bp_json_set_count(pixels, "reference_infinite", s->reference_infinite);
    bp_json_set_count(pixels, "test_nan", s->test_nan);
    bp_json_set_count(pixels, "test_infinite", s->test_infinite);
    bp_json_set(cli->result, "pixels", pixels);
    bp_json_set_number(cli->result, "reference_min", s->reference_min);
    bp_json_set_number(cli->result, "reference_max", s->reference_max);
    set_values(cli->result, report);
}

static const char *better_text(bp_better better)
{
    static const char *const texts[] = {"lower", "higher", "zero", ""};
    return texts[better];
}

static void print_values(const bp_measure_report *report)
{
    static const bp_column columns[] = {
        {"metric", 'l'}, {"value", 'r'}, {"unit", 'l'}, {"better", 'l'}, {"", 'l'}};
    bp_table *table = bp_table_new(columns, 5);
    for (size_t i = 0; i < report->measurement_count; i++) {
        const bp_measurement *m = &report->measurements[i];
        const double *at = m->values;
        for (size_t k = 0; k < m->metric->quantity_count; k++) {
            const bp_quantity *q = &m->metric->quantities[k];
            if (!q->axis) {
                bp_table_cell(table, "%s", q->name);
                if (isnan(*at))
                    bp_table_cell(table, "not defined");
                else
                    bp_table_cell(table, "%.7g", *at);
                bp_table_cell(table, "%s", q->unit);
                bp_table_cell(table, "%s", better_text(q->better));
                bp_table_cell(table, "%s", q->help);
            }
            at += m->metric->value_count ? m->metric->value_count(m->params, &report->survey, k) : 1;
        }
    }
    bp_table_print(table, stdout, 0);
    bp_table_free(table);
}

static void print_report(const bp_cli *cli, const bp_measure_report *report)
{
    const bp_survey *s = &report->survey;
    uint64_t masked = s->masked - report->labels;
    printf("%s: %llu frame%s of %zux%zu, %llu pixels take part\n", report->dataset,
           (unsigned long long)s->frames, s->frames == 1 ? "" : "s", s->rows, s->columns,
           (unsigned long long)s->used);
    if (masked || report->labels)
        printf("left out: %llu masked, %llu marks (the largest value of the type)\n",
               (unsigned long long)masked, (unsigned long long)report->labels);
    if (s->reference_nan || s->reference_infinite || s->test_nan || s->test_infinite)
        printf("not finite: %llu NaN and %llu infinite in %s, %llu and %llu in %s\n",
               (unsigned long long)s->reference_nan, (unsigned long long)s->reference_infinite,
               cli->files.items[0], (unsigned long long)s->test_nan, (unsigned long long)s->test_infinite,
               cli->files.items[1]);
    if (report->identical)
        printf("identical: every value is the same\n");
    print_values(report);
}

bp_status bp_cli_metric(bp_cli *cli)
{
    bp_measure_options options = {0};
    bp_measure_report report;
    bp_progress progress;
    bp_status status = take_options(cli, &options);
    if (status != BP_OK)
        return status;
    bp_progress_init(&progress, stderr, cli->quiet);
    options.progress = bp_progress_show;
    options.progress_user = &progress;
    status = bp_measure(cli->ctx, cli->files.items[0], cli->files.items[1], &options, &report);
    bp_progress_clear(&progress);
    if (status == BP_OK) {
        set_json(cli, &report);
        if (!cli->json)
            print_report(cli, &report);
    }
    bp_measure_report_fini(&report);
    return status;
}
