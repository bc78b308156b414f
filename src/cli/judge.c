/* SPDX-License-Identifier: BSD-3-Clause
 * beampress judge: did the changed values touch the answer? */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/field.h"
#include "cli/judge_json.h"
#include "cli/judge_options.h"
#include "explore/judge.h"
#include "report/json.h"
#include "report/table.h"

static void set_json(bp_cli *cli, const bp_judge_report *report)
{
    json_t *result = cli->result;
    bp_json_set_text(result, "verdict", bp_decision_text(report->decision));
    bp_json_set_text(result, "reference", cli->files.items[0]);
    bp_json_set_text(result, "test", cli->files.items[1]);
    bp_json_set_text(result, "dataset", report->dataset);
    bp_json_set_text(result, "test_dataset", report->test_dataset);
    bp_json_set_count(result, "frames", report->frames);
    bp_json_set_count(result, "rows", report->rows);
    bp_json_set_count(result, "columns", report->columns);
    bp_json_set_text(result, "noise", report->noise.text);
    bp_json_set(result, "techniques", json_array());
    bp_json_set(result, "quantities", json_array());
    for (size_t i = 0; i < report->count; i++) {
        bp_json_append(result, "techniques", bp_judged_json(&report->items[i]));
        bp_judged_quantities_json(&report->items[i], result, "quantities");
    }
}

static void number_cell(bp_table *table, int digits, double value)
{
    if (isfinite(value))
        bp_table_cell(table, "%.*g", digits, value);
    else
        bp_table_cell(table, "%s", "-");
}

static void name_cell(bp_table *table, const bp_judgement *j)
{
    char text[160];
    int length = snprintf(text, sizeof text, "%s", j->reference->name);
    if (j->reference->parts)
        length += snprintf(text + length, sizeof text - (size_t)length, ", %s %.9g", j->reference->parts,
                           j->reference->part);
    if (j->reference->count > 1 && j->bin.length)
        snprintf(text + length, sizeof text - (size_t)length, ", worst of %zu", j->bins);
    bp_table_cell(table, "%s", text);
}

static void judgement_row(bp_table *table, const bp_judged *item, const bp_judgement *j)
{
    const bp_outcome *a = j->reference;
    size_t bin = j->bin.first;
    bool one = a->count == 1 || j->bin.length;
    double before = one ? a->values[bin] : (double)NAN;
    double after = one && j->test && j->test->count == a->count ? j->test->values[bin] : (double)NAN;
    name_cell(table, j);
    number_cell(table, 7, before);
    number_cell(table, 7, after);
    number_cell(table, 3, after - before);
    number_cell(table, 3, one && a->sigmas ? a->sigmas[bin] : (double)NAN);
    number_cell(table, 3, j->bin.length ? j->bin.z : (double)NAN);
    number_cell(table, 3, j->bin.length ? j->bin.upper : (double)NAN);
    number_cell(table, 3, j->block.length ? j->block.upper : (double)NAN);
    number_cell(table, 3, j->random.length ? j->random.z : (double)NAN);
    if (j->agreement)
        bp_table_cell(table, "%s", "as noise");
    else
        bp_table_cell(table, "%g / %g", j->budget, j->random_budget);
    bp_table_cell(table, "%s", bp_decision_text(j->decision));
    bp_table_cell(table, "%s", item->failed[0] && !j->test ? item->failed : j->reason);
}

static void print_report(const bp_cli *cli, const bp_judge_report *report, const bp_field_program *program)
{
    static const bp_column columns[] = {{"quantity", 'l'},   {"reference", 'r'},   {"test", 'r'},
                                        {"difference", 'r'}, {"sigma", 'r'},       {"z", 'r'},
                                        {"limit", 'r'},      {"block limit", 'r'}, {"random", 'r'},
                                        {"budget", 'r'},     {"verdict", 'l'},     {"", 'l'}};
    printf("%s: %s against %s: %llu frame%s of %zux%zu\n", cli->files.items[1], report->test_dataset,
           cli->files.items[0], (unsigned long long)report->frames, report->frames == 1 ? "" : "s",
           report->rows, report->columns);
    for (size_t i = 0; i < report->count; i++) {
        const bp_judged *item = &report->items[i];
        bp_table *table = bp_table_new(columns, 12);
        printf("\n%s: %s\n", item->answer->technique->name, bp_decision_text(item->verdict.decision));
        for (size_t k = 0; k < item->verdict.count; k++)
            judgement_row(table, item, &item->verdict.items[k]);
        bp_table_print(table, stdout, 0);
        bp_table_free(table);
    }
    if (program)
        bp_field_print(cli, program);
    printf("\nnoise: %s\n", report->noise.text);
    printf("z, limits and random are in units of sigma: |difference| is below its limit with 95 %% "
           "confidence.\nverdict: %s\n",
           bp_decision_text(report->decision));
}

static bp_status conclude(bp_cli *cli, bp_decision decision)
{
    if (decision == BP_PASS)
        return BP_OK;
    return decision == BP_FAIL ? BP_E_DIFFERS : bp_fail(cli->ctx, BP_E_UNDECIDED, "not enough data to tell");
}

bp_status bp_cli_judge(bp_cli *cli)
{
    bp_judge_options options = {.input.no_mask = bp_cli_has(cli, OPTION_NO_MASK)};
    bp_judge_report report = {0};
    bp_question question;
    const bp_field_program *program = NULL;
    bp_status status = bp_cli_question(cli, 2, &question);
    if (status == BP_OK)
        status = bp_field_choose(cli, &question, &program);
    if (status == BP_OK)
        status = bp_cli_threads(cli, &options.input.threads);
    if (status == BP_OK && cli->datasets.count > 2)
        status = bp_fail(cli->ctx, BP_E_USAGE, "judge: --dataset is given once, or once for each file");
    if (status == BP_OK) {
        options.input.regions = cli->values[OPTION_REGIONS];
        options.input.geometry = cli->values[OPTION_GEOMETRY];
        options.input.dataset = cli->datasets.count ? cli->datasets.items[0] : NULL;
        options.test_dataset = cli->datasets.count > 1 ? cli->datasets.items[1] : NULL;
        options.techniques = (const char *const *)question.techniques;
        options.technique_count = question.technique_count;
        options.budgets = question.budgets;
        status = bp_judge(cli->ctx, cli->files.items[0], cli->files.items[1], &options, &report);
    }
    if (status == BP_OK && program)
        status = bp_field_run(cli, program, &options);
    if (status == BP_OK) {
        set_json(cli, &report);
        if (!cli->json)
            print_report(cli, &report, program);
        status = conclude(cli, report.decision);
    }
    bp_judge_report_fini(&report);
    bp_question_fini(&question);
    return status;
}
