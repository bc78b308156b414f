/* SPDX-License-Identifier: BSD-3-Clause
 * beampress decompress. */
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
        status = bp_jobs_make(cli, &names, &jobs);
    if (status == BP_OK)
        status = bp_jobs_run(cli, &jobs, &options, decompress_one);
    bp_jobs_fini(&jobs);
    return status;
}
