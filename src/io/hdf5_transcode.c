/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/hdf5_copy.h"
#include "io/hdf5_file.h"
#include "io/hdf5_recode.h"
#include "io/hdf5_run.h"
#include "io/report.h"

#define DEFAULT_CODEC  "bslz4" /* of what is not for the preferred one */
#define DEFAULT_MEMORY ((size_t)256 << 20)

static bp_dataset_report *entry_of(const bp_h5_run *run)
{
    return &run->report->datasets[run->entry];
}

/* Removes the filters, and puts those of the coding there. */
static bp_status set_filters(bp_context *ctx, const bp_coding *coding, hid_t dcpl)
{
    hsize_t chunk[BP_MAX_RANK];
    for (size_t i = 0; i < coding->chunk.rank; i++)
        chunk[i] = coding->chunk.shape[i];
    if ((H5Pget_nfilters(dcpl) > 0 && H5Premove_filter(dcpl, H5Z_FILTER_ALL) < 0) ||
        H5Pset_chunk(dcpl, (int)coding->chunk.rank, chunk) < 0 || H5Pset_chunk_opts(dcpl, 0) < 0 ||
        H5Pset_alloc_time(dcpl, H5D_ALLOC_TIME_INCR) < 0)
        return bp_h5_fail(ctx, BP_E_UNSUPPORTED, "its chunks cannot be set");
    for (size_t i = 0; i < coding->pipeline.count; i++) {
        const bp_filter *filter = &coding->pipeline.filters[i];
        unsigned words[BP_FILTER_MAX_WORDS];
        for (size_t k = 0; k < filter->word_count; k++)
            words[k] = filter->words[k];
        if (H5Pset_filter(dcpl, (H5Z_filter_t)filter->id, H5Z_FLAG_MANDATORY, filter->word_count, words) < 0)
            return bp_h5_fail(ctx, BP_E_UNSUPPORTED, "filter %u cannot be set", (unsigned)filter->id);
    }
    return BP_OK;
}

static bp_status describe(bp_context *ctx, const bp_h5_source *source, bp_dataset_report *entry)
{
    char text[1024];
    entry->dtype = source->dtype;
    entry->itemsize = source->itemsize;
    entry->rank = source->rank;
    for (size_t i = 0; i < source->rank; i++)
        entry->shape[i] = source->shape[i];
    entry->raw_bytes = source->bytes;
    bp_filters_print(&source->pipeline, text, sizeof text);
    return bp_report_text(ctx, &entry->codec, text);
}

/* Plain again where the filters can be undone. */
static bp_status choose_plain(bp_context *ctx, bp_h5_run *run, const char *path, const bp_h5_source *source,
                              bp_dataset_report *entry, bool *recode)
{
    *recode = false;
    /* salvage takes chunks without filters through its hands too: some may be unreadable */
    if (!source->chunked || (source->pipeline.count == 0 && !run->options->salvage))
        return BP_OK;
    if (!source->direct && !bp_h5_filters_available(&source->pipeline)) {
        bp_status status = bp_report_text(ctx, &entry->note, "no filter that reads it is known");
        if (status != BP_OK)
            return status;
        return bp_report_warn(ctx, run->report,
                              "%s: stays as it is stored (%s): no filter that reads it is known", path,
                              entry->codec);
    }
    bp_coding_init_plain(&run->coding, &source->chunk, source->order);
    *recode = true;
    return BP_OK;
}

static bp_status note_coding(bp_context *ctx, const bp_h5_run *run, bp_dataset_report *entry)
{
    char text[512];
    const bp_coding *coding = &run->coding;
    if (coding->plain)
        bp_filters_print(&coding->pipeline, text, sizeof text);
    else
        bp_codec_spec_print(&coding->spec, text, sizeof text);
    return bp_report_text(ctx, &entry->codec, text);
}

static bp_status plan(bp_context *ctx, void *user, const char *path, hid_t dataset, hid_t dcpl, bool *recode)
{
    bp_h5_run *run = user;
    bp_h5_source source;
    bp_dataset_report *entry;
    *recode = false;
    bp_status status = bp_report_add(ctx, run->report, path, &entry);
    if (status != BP_OK)
        return status;
    run->entry = run->report->dataset_count - 1;
    status = bp_h5_source_init(ctx, dataset, &source);
    if (status == BP_OK)
        status = describe(ctx, &source, entry);
    if (status == BP_OK && run->direction == BP_DECOMPRESS)
        status = choose_plain(ctx, run, path, &source, entry, recode);
    else if (status == BP_OK)
        status = bp_h5_choose_coding(ctx, run, &source, entry, recode);
    if (status == BP_OK && !*recode && source.rank && source.bytes && bp_h5_is_foreign(run, dataset)) {
        status = bp_h5_choose_no_coding(ctx, run, &source);
        *recode = true;
    }
    if (status == BP_OK && *recode)
        status = note_coding(ctx, run, entry);
    if (status == BP_OK && *recode)
        status = set_filters(ctx, &run->coding, dcpl);
    bp_h5_source_fini(&source);
    return status;
}

static void progress(void *user, uint64_t bytes)
{
    bp_h5_run *run = user;
    run->done += bytes;
    if (run->options->progress)
        run->options->progress(run->options->progress_user,
                               run->direction == BP_COMPRESS ? "compress" : "decompress", run->done,
                               run->total);
}

static bp_status lost(bp_context *ctx, void *user, const hsize_t *offset, const char *cause)
{
    bp_h5_run *run = user;
    bp_dataset_report *entry = entry_of(run);
    char place[BP_MAX_RANK * 21];
    bp_h5_print_place(entry->rank, offset, place, sizeof place);
    entry->lost_chunks++;
    return bp_report_lose(ctx, run->report, "%s: chunk at %s: %s", entry->path, place, cause);
}

bp_status bp_h5_read_foreign(bp_context *ctx, void *user, const hsize_t *offset, uint8_t *values)
{
    bp_h5_run *run = user;
    return run->values->read(ctx, run->values->user, offset, run->coding.chunk.shape, values);
}

static bool without_chain(void *user, const hsize_t *offset)
{
    const bp_h5_run *run = user;
    return run->values->without_chain && run->values->without_chain(run->values->user, offset);
}

static bp_status write(bp_context *ctx, void *user, const char *path, hid_t source, hid_t target)
{
    bp_h5_run *run = user;
    bp_h5_recode recode = {
        .coding = &run->coding,
        .threads = run->options->threads,
        .memory = run->options->memory,
        .map_input = run->options->map_input,
        .salvage = run->options->salvage,
        .read = bp_h5_is_foreign(run, source) ? bp_h5_read_foreign : NULL,
        .without_chain = run->coding.chain ? without_chain : NULL,
        .choose = run->lossy && run->keys ? bp_h5_choose_by_key : NULL,
        .progress = progress,
        .lost = lost,
        .user = run,
    };
    (void)path;
    bp_status status = bp_h5_recode_dataset(ctx, source, target, &recode);
    entry_of(run)->max_error = recode.max_error;
    entry_of(run)->stored_bytes = recode.stored_bytes;
    return status;
}

/* The attribute tells the next run, and whoever opens the file, that values were changed and by how much. */
static bp_status mark_lossy(bp_context *ctx, const bp_h5_run *run, hid_t target)
{
    char text[512];
    const bp_dataset_report *entry = entry_of(run);
    snprintf(text, sizeof text, "%s max_error=%.9g", entry->codec, entry->max_error);
    hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate(H5S_SCALAR), attribute = H5I_INVALID_HID;
    bp_status status = BP_OK;
    if (H5Tset_size(type, strlen(text)) < 0 || H5Tset_strpad(type, H5T_STR_NULLPAD) < 0 ||
        (H5Aexists(target, BP_H5_LOSSY_ATTRIBUTE) > 0 && H5Adelete(target, BP_H5_LOSSY_ATTRIBUTE) < 0) ||
        (attribute = H5Acreate2(target, BP_H5_LOSSY_ATTRIBUTE, type, space, H5P_DEFAULT, H5P_DEFAULT)) < 0 ||
        H5Awrite(attribute, type, text) < 0)
        status = bp_h5_fail(ctx, BP_E_OUTPUT, "its mark as lossy could not be written");
    bp_h5_release(&attribute);
    bp_h5_release(&space);
    bp_h5_release(&type);
    return status;
}

/* Also told of datasets that plan was not asked about. */
static bp_status written(bp_context *ctx, void *user, const char *path, hid_t source, hid_t target,
                         bool recoded)
{
    bp_h5_run *run = user;
    bp_file_report *report = run->report;
    (void)source;
    if (report->dataset_count == 0 || run->entry >= report->dataset_count ||
        strcmp(entry_of(run)->path, path) != 0)
        return BP_OK;
    bp_dataset_report *entry = entry_of(run);
    /* HDF5 counts by looking at every place in the grid, which may be much larger than what is stored */
    if (!recoded)
        entry->stored_bytes = H5Dget_storage_size(target);
    entry->coded = recoded;
    entry->lossy = recoded && run->lossy;
    report->raw_bytes += entry->raw_bytes;
    report->stored_bytes += entry->stored_bytes;
    if (!recoded)
        progress(run, entry->raw_bytes);
    if (!entry->lossy)
        return BP_OK;
    if (entry->max_error > run->bound)
        run->bound = entry->max_error;
    return mark_lossy(ctx, run, target);
}

/* Every name that was given must have been met, and the codec that was asked for must have been of use. */
static bp_status check_wishes(bp_context *ctx, const bp_h5_run *run)
{
    const bp_file_options *options = run->options;
    if (run->direction != BP_COMPRESS)
        return BP_OK;
    for (size_t i = 0; i < options->dataset_count; i++)
        if (!run->named[i].met)
            return bp_fail(ctx, BP_E_UNSUPPORTED, "%s: %s holds no plain values that could be compressed",
                           run->input, options->datasets[i]);
    if (options->spec && run->coded == 0 && run->refused)
        return bp_fail(ctx, BP_E_UNSUPPORTED, "%s: no dataset suits: %s", run->input, run->refusal);
    return BP_OK;
}

/* Where the datasets that were named are, before anything is written. */
static bp_status find_named(bp_context *ctx, bp_h5_run *run)
{
    const bp_file_options *options = run->options;
    run->named = calloc(options->dataset_count + 1, sizeof *run->named);
    if (!run->named)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for names");
    for (size_t i = 0; run->direction == BP_COMPRESS && i < options->dataset_count; i++) {
        const char *name = options->datasets[i];
        H5O_info_t info;
        if (H5Oget_info_by_name2(run->file, name, &info, H5O_INFO_BASIC, H5P_DEFAULT) < 0 ||
            info.type != H5O_TYPE_DATASET) {
            H5Eclear2(H5E_DEFAULT);
            return bp_fail(ctx, BP_E_USAGE, "%s: there is no dataset %s", run->input, name);
        }
        run->named[i].address = info.addr;
    }
    return BP_OK;
}

static bp_status transcode(bp_context *ctx, bp_h5_run *run, const char *target)
{
    const bp_h5_payload payload = {.plan = plan, .write = write, .written = written, .user = run};
    bp_status status = find_named(ctx, run);
    H5O_info_t info;
    if (status == BP_OK && run->values &&
        H5Oget_info_by_name2(run->file, run->values->path, &info, H5O_INFO_BASIC, H5P_DEFAULT) < 0)
        status = bp_h5_fail(ctx, BP_E_INTERNAL, "%s is not there", run->values->path);
    if (status == BP_OK && run->values)
        run->foreign = info.addr;
    run->total = run->options->progress ? bp_h5_count_bytes(run->file) : 0;
    if (status == BP_OK)
        status = bp_h5_copy_file(ctx, run->file, target, &payload);
    if (status == BP_OK)
        status = check_wishes(ctx, run);
    free(run->named);
    free(run->refusal);
    return status;
}

bp_status bp_h5_transcode_file(bp_context *ctx, const char *input, const char *target,
                               const bp_file_options *options, bp_direction direction, bp_file_report *report,
                               const bp_h5_values *values, double *bound)
{
    bp_file_options settled = *options;
    bp_h5_run run = {.input = input,
                     .options = &settled,
                     .direction = direction,
                     .report = report,
                     .values = values,
                     .bound = -1};
    if (settled.memory == 0)
        settled.memory = DEFAULT_MEMORY;
    bp_h5_quiet quiet;
    bp_status status = bp_codec_spec_parse(ctx, DEFAULT_CODEC, -1, &run.fallback);
    if (status == BP_OK)
        status = bp_codec_spec_parse(ctx, BP_PREFERRED_CODEC,
                                     settled.default_level ? settled.default_level - 1 : BP_LEVEL_BALANCED,
                                     &run.preferred);
    bp_h5_quiet_begin(&quiet);
    if (status == BP_OK)
        status = bp_h5_open(ctx, input, &run.file);
    if (status == BP_OK) {
        status = transcode(ctx, &run, target);
        bp_h5_nexus_free(run.nexus);
        bp_h5_release(&run.file);
    }
    bp_h5_quiet_end(&quiet);
    *bound = run.bound;
    return status;
}
