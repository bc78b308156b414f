/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "io/hdf5_transcode.h"
#include "io/output.h"
#include "io/whole_file.h"

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static uint64_t size_of_file(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
}

/* Reads the written file back. What was lost in a salvage cannot agree. */
static bp_status verify(bp_context *ctx, const char *input, const char *written,
                        const bp_file_options *options, double bound, bp_file_report *report)
{
    if (options->no_verify || report->lost_count)
        return BP_OK;
    bp_verify_options how = {.threads = options->threads,
                             .memory = options->memory,
                             .bound = bound,
                             .progress = options->progress,
                             .progress_user = options->progress_user};
    bp_verify_report found;
    bp_status status = bp_verify_files(ctx, input, written, &how, &found);
    if (status == BP_E_DIFFERS)
        status = bp_fail(ctx, BP_E_INTERNAL, "%s: the written file differs: %s", input,
                         found.first_difference ? found.first_difference : "no place is known");
    report->verified = status == BP_OK;
    bp_verify_report_fini(&found);
    return status;
}

static bp_status write_and_verify(bp_context *ctx, const char *input, bp_output *output,
                                  const bp_file_options *options, bp_direction direction,
                                  bp_file_report *report)
{
    bp_file_stamp stamp;
    double bound = -1;
    bp_status status = bp_file_stamp_take(ctx, input, &stamp);
    if (status == BP_OK)
        status =
            bp_h5_transcode_file(ctx, input, output->temporary, options, direction, report, NULL, &bound);
    if (status == BP_OK)
        status = verify(ctx, input, output->temporary, options, bound, report);
    /* a file that changed may look damaged: that is what the message should say */
    if (status == BP_OK || status == BP_E_DAMAGED || status == BP_E_INTERNAL || status == BP_E_INPUT) {
        bp_status changed = bp_file_stamp_check(ctx, input, &stamp);
        if (changed != BP_OK)
            return changed;
    }
    report->input_bytes = (uint64_t)stamp.st.st_size;
    report->output_bytes = size_of_file(output->temporary);
    if (status == BP_OK && bp_context_cancelled(ctx))
        status = bp_fail(ctx, BP_E_INTERRUPTED, "interrupted");
    return status;
}

bp_status bp_whole_file(bp_context *ctx, const char *input, const char *path, const bp_file_options *options,
                        bp_direction direction, bp_file_report *report)
{
    double start = now();
    bp_output output;
    memset(report, 0, sizeof *report);
    bp_status status = bp_output_begin(ctx, input, path, options->overwrite, options->replace, &output);
    if (status == BP_OK)
        status = write_and_verify(ctx, input, &output, options, direction, report);
    if (status == BP_OK)
        status = bp_output_commit(ctx, &output);
    bp_output_end(&output);
    report->seconds = now() - start;
    return status;
}
