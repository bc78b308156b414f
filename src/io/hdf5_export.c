/* SPDX-License-Identifier: BSD-3-Clause
 * One dataset of an HDF5 file as TIFF, npy or raw bytes. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/checked.h"
#include "io/array_file.h"
#include "io/frames.h"
#include "io/hdf5_check_frames.h"
#include "io/hdf5_file.h"
#include "io/hdf5_one_dataset.h"
#include "io/hdf5_read.h"
#include "io/hdf5_region.h"
#include "io/hdf5_source.h"
#include "io/output.h"
#include "io/report.h"
#include "io/text.h"
#include "io/tiff_write.h"

typedef enum form { FORM_TIFF, FORM_NPY, FORM_RAW } form;

typedef struct exporter {
    const bp_file_options *options;
    const char *input, *dataset;
    form form;
    bool partial;
    bp_h5_box box;       /* of the dataset, when partial */
    bp_array_file array; /* where boxes go; for TIFF an unnamed file, used when they come out of order */
    bp_tiff_shape pages;
    bp_tiff_writer *tiff;
    bool scattered;       /* TIFF: boxes are collected in array first */
    uint64_t next;        /* TIFF: number of the value that comes next */
    uint64_t done, total; /* bytes */
} exporter;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static bp_status find_form(bp_context *ctx, const char *text, form *found)
{
    static const char *const names[] = {"tiff", "npy", "raw"};
    for (unsigned i = 0; i < 3; i++)
        if (strcmp(text, names[i]) == 0) {
            *found = (form)i;
            return BP_OK;
        }
    return bp_fail(ctx, BP_E_USAGE, "\"%s\" is none of tiff, npy and raw", text);
}

static bp_status set_array(bp_context *ctx, exporter *e, const bp_h5_source *source)
{
    if (source->dtype == BP_OPAQUE)
        return bp_fail(ctx, BP_E_UNSUPPORTED, "its elements are no plain numbers");
    e->array.dtype = source->dtype;
    e->array.rank = source->rank;
    e->total = source->itemsize;
    bp_status status =
        bp_h5_box_of_options(ctx, e->options, source->rank, source->shape, &e->box, &e->partial);
    if (status != BP_OK)
        return status;
    for (size_t i = 0; i < source->rank; i++)
        e->total *= e->box.shape[i];
    for (size_t i = 0; i < source->rank; i++)
        if (bp_size_from_u64(e->box.shape[i], &e->array.shape[i]))
            return bp_fail(ctx, BP_E_UNSUPPORTED, "an axis does not fit into memory");
    return e->form == FORM_TIFF
               ? bp_tiff_shape_of(ctx, e->array.dtype, e->array.rank, e->array.shape, &e->pages)
               : BP_OK;
}

/* An unnamed file beside the output. */
static bp_status open_scratch(bp_context *ctx, const char *beside, int *fd)
{
    char *path;
    if (asprintf(&path, "%.*s-boxes.tmp", (int)(strlen(beside) - strlen(".tmp")), beside) < 0)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for a path");
    *fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bp_status status =
        *fd >= 0 ? BP_OK : bp_fail(ctx, BP_E_OUTPUT, "%s: cannot be created: %s", path, strerror(errno));
    unlink(path);
    free(path);
    return status;
}

static bp_status begin(bp_context *ctx, exporter *e, const char *path)
{
    e->array.fd = -1;
    if (e->form == FORM_TIFF)
        return bp_tiff_writer_new(ctx, path, &e->pages, &e->tiff);
    e->array.fd = open(path, O_RDWR | O_CLOEXEC);
    if (e->array.fd < 0)
        return bp_fail(ctx, BP_E_OUTPUT, "%s: cannot be opened: %s", path, strerror(errno));
    return e->form == FORM_NPY ? bp_array_file_npy(ctx, &e->array) : BP_OK;
}

typedef struct taker {
    exporter *e;
    const char *beside;
} taker;

static bp_status take_tiff(bp_context *ctx, const taker *t, const uint64_t *offset, const uint64_t *shape,
                           const void *values, size_t bytes)
{
    exporter *e = t->e;
    uint64_t first;
    bool in_line = bp_array_file_in_line(&e->array, offset, shape, &first) && first == e->next;
    if (!e->scattered && in_line) {
        e->next += bytes / bp_dtype_size(e->array.dtype);
        return bp_tiff_writer_add(ctx, e->tiff, values, bytes);
    }
    if (!e->scattered) {
        if (e->next > 0)
            return bp_fail(ctx, BP_E_INTERNAL, "boxes come in line first and then not");
        bp_status status = open_scratch(ctx, t->beside, &e->array.fd);
        if (status != BP_OK)
            return status;
        e->scattered = true;
    }
    return bp_array_file_box(ctx, &e->array, offset, shape, values);
}

static bp_status take(bp_context *ctx, void *user, const hsize_t *offset, const hsize_t *shape,
                      const void *values, size_t bytes)
{
    const taker *t = user;
    exporter *e = t->e;
    uint64_t at[BP_MAX_RANK], extent[BP_MAX_RANK];
    bp_status status;
    for (size_t i = 0; i < e->array.rank; i++) {
        at[i] = offset[i];
        extent[i] = shape[i];
    }
    if (bytes == 0)
        return BP_OK;
    status = e->form == FORM_TIFF ? take_tiff(ctx, t, at, extent, values, bytes)
                                  : bp_array_file_box(ctx, &e->array, at, extent, values);
    e->done += bytes;
    if (status == BP_OK && e->options->progress)
        e->options->progress(e->options->progress_user, "decompress", e->done, e->total);
    return status;
}

static bp_status pages_from_scratch(bp_context *ctx, exporter *e)
{
    size_t bytes = bp_tiff_page_bytes(&e->pages);
    uint8_t *page = malloc(bytes);
    bp_status status = page ? BP_OK : bp_fail(ctx, BP_E_MEMORY, "no memory for a page of %zu bytes", bytes);
    for (uint64_t i = 0; status == BP_OK && i < e->pages.pages; i++) {
        size_t have = 0;
        while (status == BP_OK && have < bytes) {
            ssize_t got = pread(e->array.fd, page + have, bytes - have, (off_t)(i * bytes + have));
            if (got > 0)
                have += (size_t)got;
            else if (got == 0 || errno != EINTR)
                status = bp_fail(ctx, BP_E_OUTPUT, "what was written cannot be read back");
        }
        if (status == BP_OK)
            status = bp_tiff_writer_add(ctx, e->tiff, page, bytes);
    }
    free(page);
    return status;
}

static bp_status finish(bp_context *ctx, exporter *e)
{
    bp_status status = e->done == e->total ? BP_OK : bp_fail(ctx, BP_E_INTERNAL, "values are missing");
    if (e->form != FORM_TIFF || status != BP_OK)
        return status;
    if (e->scattered)
        status = pages_from_scratch(ctx, e);
    return status == BP_OK ? bp_tiff_writer_finish(ctx, e->tiff) : status;
}

static bp_status copy_values(bp_context *ctx, exporter *e, hid_t dataset, const char *path)
{
    taker t = {e, path};
    bp_status status = begin(ctx, e, path);
    if (status == BP_OK)
        status = bp_h5_read_box(ctx, dataset, e->partial ? &e->box : NULL, e->options->threads,
                                e->options->memory, take, &t);
    if (status == BP_OK)
        status = finish(ctx, e);
    bp_tiff_writer_free(e->tiff);
    e->tiff = NULL;
    if (e->array.fd >= 0 && close(e->array.fd) != 0 && status == BP_OK)
        status = bp_fail(ctx, BP_E_OUTPUT, "cannot be written: %s", strerror(errno));
    e->array.fd = -1;
    return status;
}

/* OUT.json: what the raw bytes are. Characters that JSON reserves are escaped. */
static char *describe(const exporter *e)
{
    bp_text text = {0};
    char number[32];
    bp_text_add_word(&text, "{\n  \"dtype\": \"");
    bp_text_add_word(&text, bp_dtype_name(e->array.dtype));
    bp_text_add_word(&text, "\",\n  \"byte_order\": \"");
    bp_text_add_word(&text, __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? "big" : "little");
    bp_text_add_word(&text, "\",\n  \"shape\": [");
    for (size_t i = 0; i < e->array.rank; i++) {
        snprintf(number, sizeof number, "%s%zu", i ? ", " : "", e->array.shape[i]);
        bp_text_add_word(&text, number);
    }
    bp_text_add_word(&text, "],\n  \"dataset\": \"");
    for (const char *p = e->dataset; *p; p++) {
        if ((unsigned char)*p < 0x20)
            snprintf(number, sizeof number, "\\u%04x", (unsigned)*p);
        else
            snprintf(number, sizeof number, "%s%c", *p == '"' || *p == '\\' ? "\\" : "", *p);
        bp_text_add_word(&text, number);
    }
    bp_text_add_word(&text, "\"\n}\n");
    if (text.failed) {
        free(text.data);
        return NULL;
    }
    return text.data;
}

static bp_status write_description(bp_context *ctx, const exporter *e, const char *output)
{
    bp_output out = {.fd = -1};
    char *path = NULL, *text = describe(e);
    if (!text || asprintf(&path, "%s.json", output) < 0) {
        free(text);
        return bp_fail(ctx, BP_E_MEMORY, "no memory for the description of the raw bytes");
    }
    bp_status status = bp_output_begin(ctx, e->input, path, e->options->overwrite, false, &out);
    int fd = status == BP_OK ? open(out.temporary, O_WRONLY | O_CLOEXEC) : -1;
    if (status == BP_OK && fd < 0)
        status = bp_fail(ctx, BP_E_OUTPUT, "%s: cannot be written: %s", path, strerror(errno));
    if (status == BP_OK)
        status = bp_file_write(ctx, fd, 0, text, strlen(text));
    if (fd >= 0 && close(fd) != 0 && status == BP_OK)
        status = bp_fail(ctx, BP_E_OUTPUT, "%s: cannot be written: %s", path, strerror(errno));
    if (status == BP_OK)
        status = bp_output_commit(ctx, &out);
    bp_output_end(&out);
    free(path);
    free(text);
    return status;
}

/* Reads the written file and, once more, the dataset. */
static bp_status verify(bp_context *ctx, const exporter *e, hid_t dataset, const char *written)
{
    bp_frames *frames;
    bp_frames_raw raw = {
        .dtype = e->array.dtype, .big_endian = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__, .rank = e->array.rank};
    memcpy(raw.shape, e->array.shape, sizeof raw.shape);
    bp_status status = bp_frames_open(ctx, &written, 1, e->form == FORM_RAW ? &raw : NULL, &frames);
    if (status == BP_OK)
        status = bp_h5_check_frames(ctx, dataset, e->partial ? &e->box : NULL, frames, e->options, -1);
    bp_frames_close(frames);
    return status;
}

static bp_status report_it(bp_context *ctx, const exporter *e, const char *name, const char *written,
                           bp_file_report *report)
{
    bp_dataset_report *entry;
    struct stat st;
    bp_status status = bp_report_add(ctx, report, e->dataset, &entry);
    if (status == BP_OK)
        status = bp_report_text(ctx, &entry->codec, name);
    if (status != BP_OK)
        return status;
    entry->dtype = e->array.dtype;
    entry->itemsize = bp_dtype_size(e->array.dtype);
    entry->rank = e->array.rank;
    for (size_t i = 0; i < entry->rank; i++)
        entry->shape[i] = e->array.shape[i];
    entry->coded = true;
    entry->raw_bytes = entry->stored_bytes = e->total;
    report->raw_bytes = report->stored_bytes = e->total;
    report->input_bytes = stat(e->input, &st) == 0 ? (uint64_t)st.st_size : 0;
    report->output_bytes = stat(written, &st) == 0 ? (uint64_t)st.st_size : 0;
    return BP_OK;
}

static bp_status export_dataset(bp_context *ctx, exporter *e, hid_t file, const char *target,
                                bp_file_report *report)
{
    bp_h5_source source;
    hid_t dataset = H5Dopen2(file, e->dataset, H5P_DEFAULT);
    if (dataset < 0)
        return bp_h5_fail(ctx, BP_E_INPUT, "%s: no dataset %s", e->input, e->dataset);
    bp_status status = bp_h5_source_init(ctx, dataset, &source);
    if (status == BP_OK)
        status = set_array(ctx, e, &source);
    bp_h5_source_fini(&source);
    if (status == BP_OK)
        status = copy_values(ctx, e, dataset, target);
    if (status == BP_OK && !e->options->no_verify) {
        status = verify(ctx, e, dataset, target);
        report->verified = status == BP_OK;
    }
    bp_h5_release(&dataset);
    return status == BP_OK ? BP_OK : bp_fail_in(ctx, status, "%s: %s", e->input, e->dataset);
}

static bp_status run(bp_context *ctx, exporter *e, const char *output, const char *name,
                     bp_file_report *report)
{
    hid_t file;
    char *path = NULL;
    bp_output out = {.fd = -1};
    bp_file_stamp stamp;
    bp_status status = bp_h5_open(ctx, e->input, &file);
    if (status != BP_OK)
        return status;
    status = bp_h5_find_one_dataset(ctx, file, e->input, e->options, &path);
    e->dataset = path;
    if (status == BP_OK)
        status = bp_file_stamp_take(ctx, e->input, &stamp);
    if (status == BP_OK)
        status = bp_output_begin(ctx, e->input, output, e->options->overwrite, false, &out);
    if (status == BP_OK)
        status = export_dataset(ctx, e, file, out.temporary, report);
    if (status == BP_OK)
        status = bp_file_stamp_check(ctx, e->input, &stamp);
    if (status == BP_OK)
        status = report_it(ctx, e, name, out.temporary, report);
    if (status == BP_OK && e->form == FORM_RAW)
        status = write_description(ctx, e, output);
    if (status == BP_OK)
        status = bp_output_commit(ctx, &out);
    bp_output_end(&out);
    free(path);
    bp_h5_release(&file);
    return status;
}

bp_status bp_export_file(bp_context *ctx, const char *input, const char *output, const char *format,
                         const bp_file_options *options, bp_file_report *report)
{
    double start = now();
    exporter e = {.options = options, .input = input};
    memset(report, 0, sizeof *report);
    bp_h5_quiet quiet;
    bp_h5_quiet_begin(&quiet);
    bp_status status = find_form(ctx, format, &e.form);
    if (status == BP_OK && options->replace)
        status = bp_fail(ctx, BP_E_USAGE, "%s: HDF5 is not replaced by another format", input);
    if (status == BP_OK)
        status = run(ctx, &e, output, format, report);
    bp_h5_quiet_end(&quiet);
    report->seconds = now() - start;
    return status;
}
