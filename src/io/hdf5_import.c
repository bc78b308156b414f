/* SPDX-License-Identifier: BSD-3-Clause
 * Frames into HDF5: a skeleton file without their values is made beside the output, then transcoded like any
 * other file while the values come from the frames. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "io/frames_box.h"
#include "io/hdf5_check_frames.h"
#include "io/hdf5_file.h"
#include "io/hdf5_import.h"
#include "io/hdf5_skeleton.h"
#include "io/hdf5_transcode.h"
#include "io/output.h"

#define DEFAULT_MEMORY ((size_t)256 << 20)

typedef struct import {
    const bp_file_options *options;
    bp_file_report *report;
    bp_frames *frames;
    bp_frames_box *box;
    bp_file_stamp *stamps; /* of every file */
    size_t stamp_count;
    double bound; /* the largest error that the output may show; negative: none */
    uint64_t input_bytes;
} import;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static bp_status open_frames(bp_context *ctx, const char *input, import *in)
{
    const bp_file_options *options = in->options;
    bp_frames_raw raw = {.dtype = options->raw_dtype,
                         .big_endian = options->raw_big_endian,
                         .rank = options->raw_rank,
                         .offset = options->raw_offset};
    memcpy(raw.shape, options->raw_shape, sizeof raw.shape);
    bool is_raw = options->raw_rank > 0 || options->raw_dtype != BP_OPAQUE;
    if (is_raw && (options->raw_rank == 0 || options->raw_dtype == BP_OPAQUE))
        return bp_fail(ctx, BP_E_USAGE, "%s: raw bytes need both a shape and a type (--shape, --dtype)",
                       input);
    const char **paths = calloc(options->series_count + 1, sizeof *paths);
    if (!paths)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for file names");
    paths[0] = input;
    for (size_t i = 0; i < options->series_count; i++)
        paths[i + 1] = options->series[i];
    bp_status status =
        bp_frames_open(ctx, paths, options->series_count + 1, is_raw ? &raw : NULL, &in->frames);
    free(paths);
    return status;
}

/* Notes what the files are now, and that the output is none of them. */
static bp_status take_stamps(bp_context *ctx, const char *output, import *in)
{
    struct stat there;
    bool exists = stat(output, &there) == 0;
    in->stamps = calloc(bp_frames_file_count(in->frames), sizeof *in->stamps);
    if (!in->stamps)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for file names");
    for (size_t i = 0; i < bp_frames_file_count(in->frames); i++) {
        bp_status status = bp_file_stamp_take(ctx, bp_frames_file(in->frames, i), &in->stamps[i]);
        if (status != BP_OK)
            return status;
        const struct stat *st = &in->stamps[i].st;
        if (exists && st->st_dev == there.st_dev && st->st_ino == there.st_ino)
            return bp_fail(ctx, BP_E_USAGE, "%s: the output is a file of the input", output);
        in->input_bytes += (uint64_t)st->st_size;
        in->stamp_count++;
    }
    return BP_OK;
}

static bp_status check_stamps(bp_context *ctx, const import *in)
{
    for (size_t i = 0; i < in->stamp_count; i++) {
        bp_status status = bp_file_stamp_check(ctx, bp_frames_file(in->frames, i), &in->stamps[i]);
        if (status != BP_OK)
            return status;
    }
    return BP_OK;
}

static bp_status read_box(bp_context *ctx, void *user, const hsize_t *offset, const size_t *shape,
                          uint8_t *values)
{
    import *in = user;
    uint64_t at[BP_MAX_RANK];
    for (size_t i = 0; i < bp_frames_get_facts(in->frames)->rank; i++)
        at[i] = offset[i];
    return bp_frames_box_read(ctx, in->box, at, shape, values);
}

/* One number alone stands in the skeleton itself. */
static bp_status write_scalar(bp_context *ctx, import *in, hid_t file)
{
    uint8_t value[8];
    const bp_frames_facts *facts = bp_frames_get_facts(in->frames);
    if (facts->rank > 0)
        return BP_OK;
    bp_status status = bp_frames_read(ctx, in->frames, 0, value);
    if (status != BP_OK)
        return status;
    hid_t dataset = H5Dopen2(file, BP_SKELETON_DATA, H5P_DEFAULT), type = bp_h5_type_of(facts->dtype);
    if (dataset < 0 || H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, value) < 0)
        status = bp_h5_fail(ctx, BP_E_OUTPUT, "the value could not be written");
    bp_h5_release(&type);
    bp_h5_release(&dataset);
    return status;
}

/* The skeleton's name says nothing to the user. */
static bp_status forget_skeleton(bp_context *ctx, bp_status status, const char *skeleton)
{
    const char *message = bp_context_message(ctx);
    size_t length = strlen(skeleton);
    while (status != BP_OK && strncmp(message, skeleton, length) == 0 && message[length] == ':') {
        bp_status same = bp_fail(ctx, status, "%s", message + length + 1 + strspn(message + length + 1, " "));
        message = bp_context_message(ctx);
        status = same;
    }
    return status;
}

static bp_status write_output(bp_context *ctx, import *in, const char *skeleton, const char *target)
{
    hid_t file;
    bp_h5_values values = {.path = BP_SKELETON_DATA, .read = read_box, .user = in};
    bp_h5_quiet quiet;
    bp_h5_quiet_begin(&quiet);
    bp_status status = bp_h5_skeleton_create(ctx, skeleton, in->frames, &file);
    if (status == BP_OK)
        status = write_scalar(ctx, in, file);
    if (file >= 0 && H5Fclose(file) < 0 && status == BP_OK)
        status = bp_h5_fail(ctx, BP_E_OUTPUT, "%s could not be written", skeleton);
    bp_h5_quiet_end(&quiet);
    if (status == BP_OK)
        status = bp_h5_transcode_file(ctx, skeleton, target, in->options, BP_COMPRESS, in->report,
                                      in->box ? &values : NULL, &in->bound);
    unlink(skeleton);
    return forget_skeleton(ctx, status, skeleton);
}

/* Reads the written file and, once more, the frames. */
static bp_status verify(bp_context *ctx, import *in, const char *written)
{
    hid_t file, dataset = H5I_INVALID_HID;
    if (in->options->no_verify)
        return BP_OK;
    bp_status status = bp_h5_open(ctx, written, &file);
    if (status != BP_OK)
        return status;
    bp_h5_quiet quiet;
    bp_h5_quiet_begin(&quiet);
    if ((dataset = H5Dopen2(file, BP_SKELETON_DATA, H5P_DEFAULT)) < 0)
        status = bp_h5_fail(ctx, BP_E_INTERNAL, "%s is not there", BP_SKELETON_DATA);
    if (status == BP_OK)
        status = bp_h5_check_frames(ctx, dataset, NULL, in->frames, in->options, in->bound);
    bp_h5_release(&dataset);
    bp_h5_release(&file);
    bp_h5_quiet_end(&quiet);
    in->report->verified = status == BP_OK;
    return status;
}

static bp_status write_and_verify(bp_context *ctx, import *in, const bp_output *output)
{
    const bp_frames_facts *facts = bp_frames_get_facts(in->frames);
    size_t memory = in->options->memory ? in->options->memory : DEFAULT_MEMORY;
    char *skeleton;
    bp_status status = BP_OK;
    struct stat st;
    if (facts->rank > 0 && facts->count > 0 && facts->frame_bytes > 0)
        status = bp_frames_box_new(ctx, in->frames, memory / 4, &in->box);
    if (status != BP_OK)
        return status;
    /* named so that the next run removes it, too, if this one is killed */
    if (asprintf(&skeleton, "%.*s-frames.tmp", (int)(strlen(output->temporary) - strlen(".tmp")),
                 output->temporary) < 0)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for a path");
    status = write_output(ctx, in, skeleton, output->temporary);
    free(skeleton);
    if (status == BP_OK)
        status = verify(ctx, in, output->temporary);
    /* files that changed may look damaged: that is what the message should say */
    if (status == BP_OK || status == BP_E_DAMAGED || status == BP_E_INTERNAL || status == BP_E_INPUT) {
        bp_status changed = check_stamps(ctx, in);
        if (changed != BP_OK)
            return changed;
    }
    if (status == BP_OK && bp_context_cancelled(ctx))
        status = bp_fail(ctx, BP_E_INTERRUPTED, "interrupted");
    in->report->input_bytes = in->input_bytes;
    in->report->output_bytes = stat(output->temporary, &st) == 0 ? (uint64_t)st.st_size : 0;
    return status;
}

bp_status bp_import_file(bp_context *ctx, const char *input, const char *path, const bp_file_options *options,
                         bp_file_report *report)
{
    double start = now();
import in = {.options = options, .report = report, .bound = - 1 };
    bp_output output = {.fd = -1};
    memset(report, 0, sizeof *report);
    if (options->replace)
        return bp_fail(ctx, BP_E_USAGE, "%s: only HDF5 files can be replaced", input);
    bp_status status = open_frames(ctx, input, &in);
    if (status == BP_OK)
        status = take_stamps(ctx, path, &in);
    if (status == BP_OK) {
        status = bp_output_begin(ctx, bp_frames_file(in.frames, 0), path, options->overwrite, false, &output);
        if (status == BP_OK)
            status = write_and_verify(ctx, &in, &output);
        if (status == BP_OK)
            status = bp_output_commit(ctx, &output);
        bp_output_end(&output);
    }
    bp_frames_box_free(in.box);
    bp_frames_close(in.frames);
    free(in.stamps);
    report->seconds = now() - start;
    return status;
}
