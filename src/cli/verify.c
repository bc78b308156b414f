/* SPDX-License-Identifier: BSD-3-Clause
 * beampress verify: do two files hold the same? */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "report/json.h"
#include "report/progress.h"
#include "report/text.h"

static void show(bp_cli *cli, bp_status status, const bp_verify_report *report, bool bounded)
{
    const char *a = cli->files.items[0], *b = cli->files.items[1];
    bp_text bytes;
    bool identical = report->identical && report->max_error == 0; /* within a bound is not yet identical */
    bp_json_set_text(cli->result, "a", a);
    bp_json_set_text(cli->result, "b", b);
    bp_json_set_bool(cli->result, "identical", identical);
    bp_json_set_bool(cli->result, "agrees", status == BP_OK);
    bp_json_set_text(cli->result, "first_difference", report->first_difference);
    bp_json_set_count(cli->result, "datasets", report->datasets);
    bp_json_set_count(cli->result, "values", report->values);
    bp_json_set_count(cli->result, "raw_bytes", report->raw_bytes);
    bp_json_set_number(cli->result, "max_error", report->max_error);
    if (cli->json || (cli->quiet && status == BP_OK))
        return;
    if (status == BP_E_DIFFERS)
        printf("identical: no\n%s\n",
               report->first_difference ? report->first_difference : "the first difference is not known");
    else
        printf("%s: %llu dataset%s, %llu values, %s\n",
               identical ? "identical: yes" : "identical: no, but within the bound",
               (unsigned long long)report->datasets, report->datasets == 1 ? "" : "s",
               (unsigned long long)report->values, bp_text_bytes(&bytes, report->raw_bytes));
    if (bounded)
        printf("largest error: %.9g\n", report->max_error);
}

bp_status bp_cli_verify(bp_cli *cli)
{
    bp_verify_options options = {.bound = -1};
    bp_verify_report report;
    bp_progress progress;
    uint64_t memory = 0;
    bp_status status = bp_cli_threads(cli, &options.threads);
    if (status == BP_OK)
        status = bp_cli_bytes(cli, OPTION_MEMORY, 1 << 20, &memory);
    if (status == BP_OK)
        status = bp_cli_real(cli, OPTION_BOUND, &options.bound);
    if (status != BP_OK)
        return status;
    bp_progress_init(&progress, stderr, cli->quiet);
    options.memory = (size_t)memory;
    options.progress = bp_progress_show;
    options.progress_user = &progress;
    memset(&report, 0, sizeof report);
    status = bp_verify_files(cli->ctx, cli->files.items[0], cli->files.items[1], &options, &report);
    bp_progress_clear(&progress);
    if (status == BP_OK || status == BP_E_DIFFERS)
        show(cli, status, &report, options.bound >= 0);
    bp_verify_report_fini(&report);
    return status;
}
