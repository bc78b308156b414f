/* SPDX-License-Identifier: BSD-3-Clause
 * beampress decompress. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/jobs.h"

static const struct {
    const char *format, *suffix;
} formats[] = {{"tiff", ".tif"}, {"npy", ".npy"}, {"raw", ".raw"}};

static bp_status decompress_one(bp_cli *cli, const bp_job *job, const bp_file_options *options,
                                bp_file_report *report)
{
    if (bp_cli_has(cli, OPTION_TO))
        return bp_export_file(cli->ctx, job->input, job->output, cli->values[OPTION_TO], options, report);
    return bp_decompress_file(cli->ctx, job->input, job->output, options, report);
}

static bp_status take_format(bp_cli *cli, bp_job_names *names)
{
    const char *format = cli->values[OPTION_TO];
    if (!format && cli->datasets.count)
        return bp_fail(cli->ctx, BP_E_USAGE,
                       "--dataset chooses what --to writes; without --to all is written");
    if (!format)
        return BP_OK;
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
        if (strcmp(formats[i].format, format) == 0)
            names->suffix = formats[i].suffix;
    return names->suffix ? BP_OK
                         : bp_fail(cli->ctx, BP_E_USAGE, "--to %s: tiff, npy or raw is expected", format);
}

static bool read_index(const char **text, uint64_t *value)
{
    char *end;
    if (**text < '0' || **text > '9')
        return false;
    errno = 0;
    *value = strtoull(*text, &end, 10);
    *text = end;
    return errno == 0 && *value < UINT64_MAX;
}

/* "A:B", "A:", ":B", ":" or "A", up to a comma or the end. */
static bool read_range(const char **text, bp_range *range)
{
    *range = (bp_range){0, UINT64_MAX};
    bool begins = read_index(text, &range->begin);
    if (**text != ':') {
        range->end = range->begin + 1;
        return begins;
    }
    ++*text;
    if (**text && **text != ',' && (!read_index(text, &range->end) || range->end <= range->begin))
        return false;
    return true;
}

static bp_status take_part(bp_cli *cli, bp_file_options *options)
{
    const char *frames = cli->values[OPTION_FRAMES], *region = cli->values[OPTION_REGION];
    if ((frames || region) && !bp_cli_has(cli, OPTION_TO))
        return bp_fail(cli->ctx, BP_E_USAGE, "--frames and --region go with --to");
    const char *at = frames;
    if (frames && (!read_range(&at, &options->frames) || *at))
        return bp_fail(cli->ctx, BP_E_USAGE, "--frames %s: indices like 3:5, 3:, :5 or 3 are expected",
                       frames);
    at = region;
    if (region &&
        (!read_range(&at, &options->rows) || *at++ != ',' || !read_range(&at, &options->columns) || *at))
        return bp_fail(cli->ctx, BP_E_USAGE, "--region %s: rows and columns like 10:20,0:100 are expected",
                       region);
    return BP_OK;
}

bp_status bp_cli_decompress(bp_cli *cli)
{
    bp_job_names names = {".plain", NULL};
    bp_file_options options;
    bp_jobs jobs = {NULL, 0};
    bp_status status = bp_jobs_options(cli, &options);
    options.datasets = cli->datasets.count ? cli->datasets.items : NULL;
    options.dataset_count = cli->datasets.count;
    options.salvage = bp_cli_has(cli, OPTION_SALVAGE);
    if (status == BP_OK)
        status = take_format(cli, &names);
    if (status == BP_OK)
        status = take_part(cli, &options);
    if (status == BP_OK)
        status = bp_jobs_make(cli, &names, &jobs);
    if (status == BP_OK)
        status = bp_jobs_run(cli, &jobs, &options, decompress_one);
    bp_jobs_fini(&jobs);
    return status;
}
