/* SPDX-License-Identifier: BSD-3-Clause
 * Which files compress and decompress work on, and where their outputs go. */
#ifndef BP_CLI_JOBS_H
#define BP_CLI_JOBS_H

#include "cli/cli.h"

typedef struct bp_job {
    char *input, *output;
    const char *const *series; /* files that follow input in one series; owned by cli */
    size_t series_count;
} bp_job;

typedef struct bp_jobs {
    bp_job *items;
    size_t count;
} bp_jobs;

typedef struct bp_job_names {
    const char *mark;   /* put before the suffix when no output is named: ".bp" or ".plain" */
    const char *suffix; /* of every output; NULL: that of the input, when it is HDF5, else ".h5" */
} bp_job_names;

/* Makes the list from FILE..., --out-dir, --replace and --recursive. Freed in every case by bp_jobs_fini. */
BP_MUST_CHECK bp_status bp_jobs_make(bp_cli *cli, const bp_job_names *names, bp_jobs *jobs);
void bp_jobs_fini(bp_jobs *jobs);

/* What one subcommand does with one job. */
typedef bp_status (*bp_job_run)(bp_cli *cli, const bp_job *job, const bp_file_options *options,
                                bp_file_report *report);

/* Runs all jobs, shows their reports, fills the result. Goes on behind a failure when there are several; the
 * worst status is returned. */
BP_MUST_CHECK bp_status bp_jobs_run(bp_cli *cli, const bp_jobs *jobs, const bp_file_options *options,
                                    bp_job_run run);

/* The options that compress and decompress share. */
BP_MUST_CHECK bp_status bp_jobs_options(bp_cli *cli, bp_file_options *options);

#endif
