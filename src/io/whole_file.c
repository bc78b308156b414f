/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "io/copy_file.h"
#include "io/hdf5_links.h"
#include "io/is_hdf5.h"
#include "io/output.h"
#include "io/report.h"
#include "io/whole_file.h"

/* One file to write: the one that was asked for, or one that it points to. */
typedef struct part {
    const char *input;
    char *path;         /* of the output */
    const char *prefix; /* of its datasets in the report; NULL for the file that was asked for */
    bool raw;           /* external raw storage */
    bp_output output;
} part;

typedef struct work {
    const bp_file_options *options;
    bp_direction direction;
    bp_file_report *report;
    bp_h5_followed_list followed;
    part *parts; /* the file that was asked for comes last */
    size_t count;
} work;

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
static bp_status verify(bp_context *ctx, const part *p, const bp_file_options *options, double bound,
                        bp_file_report *report)
{
    if (options->no_verify || report->lost_count) {
        report->verified = false;
        return BP_OK;
    }
    bp_verify_options how = {.threads = options->threads,
                             .memory = options->memory,
                             .bound = bound,
                             .progress = options->progress,
                             .progress_user = options->progress_user};
    bp_verify_report found;
    bp_status status = bp_verify_files(ctx, p->input, p->output.temporary, &how, &found);
    if (status == BP_E_DIFFERS)
        status = bp_fail(ctx, BP_E_INTERNAL, "%s: the written file differs: %s", p->input,
                         found.first_difference ? found.first_difference : "no place is known");
    if (status != BP_OK)
        report->verified = false;
    bp_verify_report_fini(&found);
    return status;
}

/* The datasets of files that are pointed to are told apart by the file's name. */
static bp_status name_datasets(bp_context *ctx, const part *p, bp_file_report *report, size_t first)
{
    for (size_t i = first; p->prefix && i < report->dataset_count; i++) {
        char *longer;
        if (asprintf(&longer, "%s:%s", p->prefix, report->datasets[i].path) < 0)
            return bp_fail(ctx, BP_E_MEMORY, "no memory for the report");
        free(report->datasets[i].path);
        report->datasets[i].path = longer;
    }
    return BP_OK;
}

static bp_status write_hdf5(bp_context *ctx, work *w, part *p)
{
    double bound = -1;
    size_t first = w->report->dataset_count;
    bp_status status = bp_h5_transcode_file(ctx, p->input, p->output.temporary, w->options, w->direction,
                                            w->report, NULL, &bound);
    if (status == BP_OK)
        status = verify(ctx, p, w->options, bound, w->report);
    bp_status named = name_datasets(ctx, p, w->report, first);
    return status == BP_OK ? named : status;
}

static bp_status write_part(bp_context *ctx, work *w, part *p)
{
    bp_file_stamp stamp;
    bp_status status = bp_file_stamp_take(ctx, p->input, &stamp);
    if (status != BP_OK)
        return status;
    if (p->raw)
        status = bp_copy_file(ctx, p->input, p->output.fd);
    else
        status = write_hdf5(ctx, w, p);
    /* a file that changed may look damaged: then that is what the message should say */
    if (status == BP_OK || status == BP_E_DAMAGED || status == BP_E_INTERNAL || status == BP_E_INPUT) {
        bp_status changed = bp_file_stamp_check(ctx, p->input, &stamp);
        if (changed != BP_OK)
            return changed;
    }
    w->report->input_bytes += (uint64_t)stamp.st.st_size;
    w->report->output_bytes += size_of_file(p->output.temporary);
    if (status == BP_OK && bp_context_cancelled(ctx))
        status = bp_fail(ctx, BP_E_INTERRUPTED, "interrupted");
    return status;
}

/* The folders above path, below and including those of `folder`'s own that are missing. */
static bp_status make_folders(bp_context *ctx, char *path, size_t folder_length)
{
    for (char *p = path + folder_length + 1; (p = strchr(p, '/')); p++) {
        *p = 0;
        int failed = mkdir(path, 0777) != 0 && errno != EEXIST;
        bp_status status = failed ? bp_fail(ctx, BP_E_OUTPUT, "%s: %s", path, strerror(errno)) : BP_OK;
        *p = '/';
        if (status != BP_OK)
            return status;
    }
    return BP_OK;
}

static bp_status add_followed(bp_context *ctx, work *w, const char *output)
{
    const char *slash = strrchr(output, '/');
    size_t folder = slash ? (size_t)(slash - output) : 1;
    for (size_t i = 0; i < w->followed.count; i++) {
        const bp_h5_followed *file = &w->followed.files[i];
        part *p = &w->parts[w->count];
        int length = slash ? asprintf(&p->path, "%.*s/%s", (int)folder, output, file->relative)
                           : asprintf(&p->path, "./%s", file->relative);
        if (length < 0) {
            p->path = NULL;
            return bp_fail(ctx, BP_E_MEMORY, "no memory for names");
        }
        p->input = file->source;
        p->prefix = file->relative;
        p->raw = file->raw;
        p->output.fd = -1;
        w->count++;
        bp_status status = make_folders(ctx, p->path, folder);
        if (status != BP_OK)
            return status;
    }
    return BP_OK;
}

/* Nothing gets its name before everything is written. */
static bp_status run_parts(bp_context *ctx, work *w)
{
    const bp_file_options *options = w->options;
    bp_status status = BP_OK;
    for (size_t i = 0; status == BP_OK && i < w->count; i++) {
        part *p = &w->parts[i];
        status = bp_output_begin(ctx, p->input, p->path, options->overwrite, options->replace, &p->output);
        if (status == BP_OK)
            status = write_part(ctx, w, p);
    }
    for (size_t i = 0; status == BP_OK && i < w->count; i++)
        status = bp_output_commit(ctx, &w->parts[i].output);
    return status;
}

static bp_status plan_parts(bp_context *ctx, work *w, const char *input, const char *path)
{
    const bp_file_options *options = w->options;
    bool hdf5 = bp_h5_is_hdf5(input);
    bp_status status = BP_OK;
    if (hdf5 && options->follow)
        status = bp_h5_follow_targets(ctx, input, options->keep_links, &w->followed);
    else if (hdf5 && !options->replace)
        status = bp_h5_check_targets(ctx, input, path, false, options->keep_links);
    if (status != BP_OK)
        return status;
    w->parts = calloc(w->followed.count + 1, sizeof *w->parts);
    if (!w->parts)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for names");
    status = add_followed(ctx, w, path);
    if (status != BP_OK)
        return status;
    w->parts[w->count] = (part){.input = input, .path = strdup(path), .output = {.fd = -1}};
    if (!w->parts[w->count].path)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for names");
    w->count++;
    return BP_OK;
}

bp_status bp_whole_file(bp_context *ctx, const char *input, const char *path, const bp_file_options *options,
                        bp_direction direction, bp_file_report *report)
{
    double start = now();
    work w = {.options = options, .direction = direction, .report = report};
    memset(report, 0, sizeof *report);
    report->verified = true;
    bp_status status = plan_parts(ctx, &w, input, path);
    if (status == BP_OK)
        status = run_parts(ctx, &w);
    report->verified = report->verified && status == BP_OK;
    for (size_t i = 0; i < w.count; i++) {
        bp_output_end(&w.parts[i].output);
        free(w.parts[i].path);
    }
    free(w.parts);
    bp_h5_followed_list_fini(&w.followed);
    report->seconds = now() - start;
    return status;
}
