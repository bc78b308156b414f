/* SPDX-License-Identifier: BSD-3-Clause
 * Which codec, which chunks, and whether at all: compress's decision for one dataset. */
#include <stdlib.h>
#include <string.h>

#include "io/chunk_shape.h"
#include "io/hdf5_copy.h"
#include "io/hdf5_file.h"
#include "io/hdf5_recode.h"
#include "io/hdf5_run.h"
#include "io/report.h"

#define SAMPLE_CHUNKS 8

bool bp_h5_filters_available(const bp_filters *pipeline)
{
    for (size_t i = 0; i < pipeline->count; i++)
        if (!bp_h5_filter_reads(pipeline->filters[i].id))
            return false;
    return true;
}

bool bp_h5_marked_lossy(const bp_h5_source *source)
{
    bool floats = source->dtype == BP_F16 || source->dtype == BP_F32 || source->dtype == BP_F64;
    return H5Aexists(source->dataset, BP_H5_LOSSY_ATTRIBUTE) > 0 ||
           bp_filters_lossy(&source->pipeline, floats);
}

/* Whatever name of the dataset was given. */
static bool is_named(bp_h5_run *run, hid_t dataset)
{
    H5O_info_t info;
    bool found = false;
    if (run->options->dataset_count == 0 || H5Oget_info2(dataset, &info, H5O_INFO_BASIC) < 0)
        return false;
    for (size_t i = 0; i < run->options->dataset_count; i++)
        if (run->named[i].address == info.addr)
            found = run->named[i].met = true;
    return found;
}

/* Why a dataset cannot be coded at all; NULL when it can. */
static const char *obstacle(const bp_h5_source *source)
{
    if (source->bytes == 0)
        return "it is empty";
    if (source->rank == 0)
        return "it is one value";
    if (source->dtype == BP_OPAQUE)
        return "it holds no plain numbers";
    return NULL;
}

/* Why a dataset that could be coded stays as it is; NULL when it does not. */
static const char *objection(const bp_h5_run *run, const bp_h5_source *source, bool named)
{
    const bp_file_options *options = run->options;
    if (options->dataset_count && !named)
        return "it was not chosen";
    if (!named && source->bytes < BP_WORTH_BYTES)
        return "smaller than 16 KiB";
    if (!options->again && bp_h5_marked_lossy(source))
        return "it was stored with loss already (see --again)";
    if (!source->chunked || source->direct)
        return NULL;
    if (!bp_h5_filters_available(&source->pipeline))
        return "no filter that reads it is known";
    if (!options->spec)
        return "it is stored by a filter that beampress does not know";
    return NULL;
}

bool bp_h5_is_foreign(const bp_h5_run *run, hid_t dataset)
{
    H5O_info_t info;
    return run->values && H5Oget_info2(dataset, &info, H5O_INFO_BASIC) >= 0 && info.addr == run->foreign;
}

static bp_status choose_chunk(bp_context *ctx, const bp_h5_run *run, const bp_h5_source *source,
                              bp_chunk_taste taste, bp_array *chunk)
{
    const bp_file_options *options = run->options;
    size_t shape[BP_MAX_RANK];
    uint64_t extent[BP_MAX_RANK];
    const size_t *kept = source->chunked ? source->chunk.shape : NULL;
    for (size_t i = 0; i < source->rank; i++)
        extent[i] = source->shape[i];
    bp_status status =
        bp_chunk_shape_choose(ctx, options, source->itemsize, source->rank, extent, kept, taste, shape);
    if (status == BP_E_USAGE && !options->dataset_count) {
        /* an exact shape is meant for the datasets that it fits */
        bp_file_options others = *options;
        others.chunking = BP_CHUNKING_KEEP;
        status =
            bp_chunk_shape_choose(ctx, &others, source->itemsize, source->rank, extent, kept, taste, shape);
    }
    if (status == BP_OK && bp_array_init(chunk, source->dtype, source->itemsize, source->rank, shape, NULL))
        status = bp_fail(ctx, BP_E_UNSUPPORTED, "its chunks would be too large");
    return status;
}

static bp_status try_coding(bp_context *ctx, bp_h5_run *run, const bp_h5_source *source,
                            const bp_codec_spec *spec, bp_format format)
{
    bp_array chunk;
    bp_status status = choose_chunk(ctx, run, source, bp_chunk_taste_of(spec->codec), &chunk);
    if (status != BP_OK)
        return status;
    if (run->values && run->values->chain && bp_h5_is_foreign(run, source->dataset))
        return bp_coding_init_chain(ctx, &run->coding, spec, run->values->chain, run->values->from,
                                    source->order, &chunk);
    return bp_coding_init(ctx, &run->coding, spec, format, !run->options->no_fletcher32, source->order,
                          &chunk);
}

bp_status bp_h5_choose_no_coding(bp_context *ctx, bp_h5_run *run, const bp_h5_source *source)
{
    bp_array chunk;
    bp_status status = choose_chunk(ctx, run, source, BP_TASTE_BYTES, &chunk);
    if (status == BP_OK)
        bp_coding_init_plain(&run->coding, &chunk, source->order);
    return status;
}

static bool same_shape(const bp_array *a, const bp_array *b)
{
    return a->rank == b->rank && memcmp(a->shape, b->shape, a->rank * sizeof a->shape[0]) == 0;
}

/* Would the default make the dataset smaller than it is? */
static bp_status is_worth_it(bp_context *ctx, const bp_h5_run *run, const bp_h5_source *source, bool *worth)
{
    uint64_t before, after, stored = H5Dget_storage_size(source->dataset);
    bp_h5_recode recode = {
        .coding = &run->coding, .threads = run->options->threads, .memory = run->options->memory};
    *worth = true;
    bp_status status = bp_h5_recode_sample(ctx, source->dataset, &recode, SAMPLE_CHUNKS, &before, &after);
    if (status != BP_OK)
        return status;
    /* other chunks than it has now: the same part of all that is stored */
    if (source->chunked && !same_shape(&source->chunk, &run->coding.chunk) && source->bytes)
        before = (uint64_t)((double)recode.sample_bytes / (double)source->bytes * (double)stored);
    *worth = after < before;
    return BP_OK;
}

/* Frames of types that the preferred codec takes, unless everybody must be able to read them. */
static bool is_preferred(const bp_h5_run *run, const bp_h5_source *source)
{
    const bp_codec *codec = run->preferred.codec;
    size_t longer = 0;
    for (size_t i = 0; i < source->rank; i++)
        longer += source->shape[i] > 1;
    return codec && run->options->format != BP_FORMAT_STANDARD && longer >= 2 &&
           (codec->dtypes & 1u << source->dtype);
}

static bp_status try_default(bp_context *ctx, bp_h5_run *run, const bp_h5_source *source)
{
    bp_format format = run->options->spec ? BP_FORMAT_ANY : run->options->format;
    if (is_preferred(run, source)) {
        bp_status status = try_coding(ctx, run, source, &run->preferred, format);
        if (status != BP_E_UNSUPPORTED)
            return status;
    }
    return try_coding(ctx, run, source, &run->fallback, format);
}

static bp_status choose_default(bp_context *ctx, bp_h5_run *run, const bp_h5_source *source,
                                bp_dataset_report *entry, bool named, bool *recode)
{
    bp_status status = try_default(ctx, run, source);
    if (status == BP_E_UNSUPPORTED && !named)
        return bp_report_text(ctx, &entry->note, bp_context_message(ctx));
    bool worth = true;
    /* whoever asks for other chunks gets them */
    if (status == BP_OK && run->options->chunking == BP_CHUNKING_KEEP &&
        !bp_h5_is_foreign(run, source->dataset))
        status = is_worth_it(ctx, run, source, &worth);
    if (status != BP_OK)
        return status;
    *recode = worth;
    return worth ? BP_OK : bp_report_text(ctx, &entry->note, "the default codec makes it no smaller");
}

/* Flats and darks keep their values: chunk by chunk, which needs chunks that name their codec. */
static bp_status try_asked(bp_context *ctx, bp_h5_run *run, const bp_h5_source *source)
{
    bp_format format = run->options->format;
    if (run->lossy && run->keys) {
        if (format == BP_FORMAT_STANDARD)
            return bp_fail(ctx, BP_E_LOSS,
                           "its image_key marks flats or darks, which must stay as they are: registered "
                           "filters code all chunks of a dataset alike; leave --standard out or take a "
                           "lossless codec");
        format = BP_FORMAT_OWN;
    }
    return try_coding(ctx, run, source, run->options->spec, format);
}

static bp_status note_and_choose_default(bp_context *ctx, bp_h5_run *run, const bp_h5_source *source,
                                         bp_dataset_report *entry, const char *why, bool *recode)
{
    bp_status status = bp_report_text(ctx, &entry->note, why);
    run->lossy = false;
    run->keys = NULL;
    return status == BP_OK ? choose_default(ctx, run, source, entry, false, recode) : status;
}

/* The codec that was asked for; where it does not take the data or may not, the default, unless the dataset
 * was named. */
static bp_status choose_asked(bp_context *ctx, bp_h5_run *run, const bp_h5_source *source,
                              bp_dataset_report *entry, bool named, bool *recode)
{
    const char *why = NULL;
    bp_status status = BP_OK;
    run->lossy = !bp_codec_spec_lossless(run->options->spec);
    if (run->lossy)
        status = bp_h5_may_lose(ctx, run, source, named, &why);
    if (status == BP_OK && why && named)
        return bp_fail(ctx, BP_E_UNSUPPORTED, "%s", why);
    if (status == BP_OK && why)
        return note_and_choose_default(ctx, run, source, entry, why, recode);
    if (status == BP_OK)
        status = try_asked(ctx, run, source);
    if (status == BP_OK) {
        run->coded++;
        *recode = true;
        return BP_OK;
    }
    if (status != BP_E_UNSUPPORTED || named)
        return status;
    run->refused++;
    status = run->refusal ? BP_OK : bp_report_text(ctx, &run->refusal, bp_context_message(ctx));
    if (status != BP_OK)
        return status;
    return note_and_choose_default(ctx, run, source, entry, bp_context_message(ctx), recode);
}

bp_status bp_h5_choose_coding(bp_context *ctx, bp_h5_run *run, const bp_h5_source *source,
                              bp_dataset_report *entry, bool *recode)
{
    bool named = is_named(run, source->dataset);
    const bp_codec_spec *spec = run->options->spec;
    const char *reason = obstacle(source);
    *recode = false;
    run->lossy = false;
    run->keys = NULL;
    if (reason && named)
        return bp_fail(ctx, BP_E_UNSUPPORTED, "it cannot be compressed: %s", reason);
    if (!reason)
        reason = objection(run, source, named);
    if (reason)
        return bp_report_text(ctx, &entry->note, reason);
    if (!spec && run->options->automatic) {
        bool found;
        bp_status status = bp_h5_choose_auto(ctx, run, source, entry, recode, &found);
        if (status != BP_OK || found)
            return status;
    }
    if (!spec)
        return choose_default(ctx, run, source, entry, named, recode);
    return choose_asked(ctx, run, source, entry, named, recode);
}
