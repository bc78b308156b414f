/* SPDX-License-Identifier: BSD-3-Clause
 * beampress report: the page of a scan, from its JSON. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/page.h"
#include "io/output.h"
#include "report/json.h"
#include "report/page.h"

static bp_status write_page(bp_cli *cli, const json_t *scan, const char *path)
{
    FILE *file = fopen(path, "w");
    if (!file)
        return bp_fail(cli->ctx, BP_E_OUTPUT, "%s: %s", path, strerror(errno));
    bp_status status = bp_page_write(cli->ctx, scan, file);
    if (fclose(file) != 0 && status == BP_OK)
        status = bp_fail(cli->ctx, BP_E_OUTPUT, "%s: %s", path, strerror(errno));
    return status;
}

bp_status bp_cli_write_page(bp_cli *cli, const json_t *scan, const char *input, const char *path)
{
    bp_output out = {.fd = -1};
    bp_status status = bp_page_check(cli->ctx, scan);
    if (status == BP_OK)
        status = bp_output_begin(cli->ctx, input, path, bp_cli_has(cli, OPTION_OVERWRITE), false, &out);
    if (status == BP_OK)
        status = write_page(cli, scan, out.temporary);
    if (status == BP_OK)
        status = bp_output_commit(cli->ctx, &out);
    bp_output_end(&out);
    return status;
}

bp_status bp_cli_report(bp_cli *cli)
{
    const char *file = cli->files.items[0], *page = cli->files.items[1];
    json_error_t error;
    json_t *scan = json_load_file(file, JSON_REJECT_DUPLICATES, &error);
    if (!scan)
        return bp_fail(cli->ctx, BP_E_INPUT, "%s: line %d: %s", file, error.line, error.text);
    bp_status status = bp_cli_write_page(cli, scan, file, page);
    if (status == BP_OK) {
        bp_json_set_text(cli->result, "scan", file);
        bp_json_set_text(cli->result, "report", page);
        bp_json_set_count(cli->result, "points", json_array_size(json_object_get(scan, "points")));
        bp_json_set_bool(cli->result, "plots", bp_page_has_plots());
        if (!cli->json)
            printf("%s: %zu working points\n", page, json_array_size(json_object_get(scan, "points")));
        if (!bp_page_has_plots())
            bp_cli_note(cli, "built without Chart.js (Debian's libjs-chart.js): tables instead of plots");
    }
    json_decref(scan);
    return bp_cli_fail_file(cli, status, file, page);
}
