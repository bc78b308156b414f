/* SPDX-License-Identifier: BSD-3-Clause
 * `--codec auto`: every candidate codes the same sample of a dataset, and the rule of auto_choice.h takes
 * one. The sample is as large as the candidates can code in about two seconds at their nominal speeds. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/auto_choice.h"
#include "io/chunk_shape.h"
#include "io/hdf5_file.h"
#include "io/hdf5_recode.h"
#include "io/hdf5_run.h"
#include "io/report.h"

#define SAMPLE_SECONDS 2.0
#define MOST_CHUNKS    64                   /* in a sample */
#define MOST_TOGETHER  16                   /* frames of a chunk that is read in sequence */
#define TOGETHER_BYTES ((uint64_t)16 << 20) /* of such a chunk */
#define WORTH_TOGETHER 1.01                 /* chunks of several frames must be smaller by this factor */

typedef struct chooser {
    bp_context *ctx;
    bp_h5_run *run;
    const bp_h5_source *source;
    bp_auto_candidate candidates[BP_MOST_CANDIDATES];
    size_t count;
    size_t chunks;  /* of the sample */
    uint64_t bytes; /* raw, that the sample took */
    bp_array chunk;
} chooser;

/* Several frames: as many as there are, up to MOST_TOGETHER and TOGETHER_BYTES. */
static void join_frames(const bp_h5_source *source, size_t *shape)
{
    uint64_t bytes = source->itemsize, together = 1;
    for (size_t i = 0; i < source->rank; i++)
        bytes *= shape[i];
    for (size_t i = source->rank - 2; i-- > 0;) {
        uint64_t fit = MOST_TOGETHER / together;
        if (fit > TOGETHER_BYTES / (bytes * together))
            fit = TOGETHER_BYTES / (bytes * together);
        if (fit < 2 || shape[i] != 1)
            return;
        shape[i] = fit < source->shape[i] ? (size_t)fit : (size_t)source->shape[i];
        together *= shape[i];
        if (shape[i] < source->shape[i])
            return;
    }
}

static bp_status choose_chunk(chooser *c, bp_access access)
{
    const bp_h5_source *source = c->source;
    bp_file_options options = *c->run->options;
    size_t shape[BP_MAX_RANK];
    uint64_t extent[BP_MAX_RANK];
    for (size_t i = 0; i < source->rank; i++)
        extent[i] = source->shape[i];
    bool ours = options.chunking == BP_CHUNKING_KEEP ||
                (options.chunking == BP_CHUNKING_EXACT && options.chunk_rank != source->rank);
    if (ours) {
        options.chunking = access == BP_ACCESS_SINOGRAM ? BP_CHUNKING_SINOGRAM : BP_CHUNKING_KEEP;
    }
    /* without chunks that are kept this is one frame; small ones stay gathered */
    bp_status status = bp_chunk_shape_choose(c->ctx, &options, source->itemsize, source->rank, extent, NULL,
                                             BP_TASTE_FRAMES, shape);
    if (status != BP_OK)
        return status;
    if (ours && access == BP_ACCESS_SEQUENTIAL && source->rank > 2)
        join_frames(source, shape);
    return bp_array_init(&c->chunk, source->dtype, source->itemsize, source->rank, shape, NULL) == BP_OK
               ? BP_OK
               : bp_fail(c->ctx, BP_E_UNSUPPORTED, "its chunks would be too large");
}

/* The bitshuffle plug-in of Debian 12 crashes on bszstd as a registered filter, so nobody gets that without
 * asking: it goes into our own chunks, which any reader without our plug-in refuses in peace. */
static bp_format format_of(const chooser *c, const bp_codec_spec *spec)
{
    bp_format format = c->run->options->format;
    return format == BP_FORMAT_ANY && strcmp(spec->codec->name, "bszstd") == 0 ? BP_FORMAT_OWN : format;
}

static bp_status set_coding(chooser *c, const bp_codec_spec *spec)
{
    bp_h5_run *run = c->run;
    return bp_coding_init(c->ctx, &run->coding, spec, format_of(c, spec), !run->options->no_fletcher32,
                          c->source->order, &c->chunk);
}

/* How many chunks all candidates together code in the time. */
static void size_sample(chooser *c)
{
    double seconds = 0;
    for (size_t i = 0; i < c->count; i++)
        seconds += (double)bp_array_bytes(&c->chunk) * 1e-6 / c->candidates[i].encode;
    double fit = SAMPLE_SECONDS / seconds;
    c->chunks = fit < 1 ? 1 : fit > MOST_CHUNKS ? MOST_CHUNKS : (size_t)fit;
}

static bp_status measure(chooser *c, const bp_codec_spec *spec, double *ratio)
{
    uint64_t before, after;
    bp_h5_recode recode = {
        .coding = &c->run->coding, .threads = c->run->options->threads, .memory = c->run->options->memory};
    if (bp_h5_is_foreign(c->run, c->source->dataset)) {
        recode.read = bp_h5_read_foreign;
        recode.user = c->run;
    }
    bp_status status = set_coding(c, spec);
    if (status == BP_OK)
        status = bp_h5_recode_sample(c->ctx, c->source->dataset, &recode, c->chunks, &before, &after);
    if (status != BP_OK)
        return status;
    c->bytes = recode.sample_bytes;
    *ratio = after ? (double)recode.sample_bytes / (double)after : 0;
    return BP_OK;
}

/* Candidates that do not take these data, or have no registered form where one is wanted, are left out. */
static bp_status measure_all(chooser *c)
{
    for (size_t i = 0; i < c->count; i++) {
        bp_auto_candidate *candidate = &c->candidates[i];
        bp_status status = measure(c, &candidate->spec, &candidate->ratio);
        if (status != BP_OK && status != BP_E_UNSUPPORTED)
            return status;
        candidate->measured = status == BP_OK;
    }
    return BP_OK;
}

/* Is the time between frames worth that whoever wants one frame must decode several? */
static bp_status settle_sequence(chooser *c, const bp_auto_candidate *chosen)
{
    double alone;
    bp_array together = c->chunk;
    if (c->run->options->access != BP_ACCESS_SEQUENTIAL || c->run->options->chunking != BP_CHUNKING_KEEP)
        return BP_OK;
    size_t bytes = bp_array_bytes(&together);
    bp_status status = choose_chunk(c, BP_ACCESS_FRAME);
    if (status != BP_OK || bp_array_bytes(&c->chunk) == bytes)
        return status;
    size_t chunks = c->chunks;
    c->chunks = MOST_CHUNKS;
    uint64_t sample = c->bytes;
    status = measure(c, &chosen->spec, &alone);
    c->bytes = sample;
    c->chunks = chunks;
    if (status == BP_OK && chosen->ratio >= alone * WORTH_TOGETHER)
        c->chunk = together;
    return status;
}

static const char *name_of_access(bp_access access)
{
    return access == BP_ACCESS_SEQUENTIAL ? "sequential"
           : access == BP_ACCESS_SINOGRAM ? "sinogram"
                                          : "frame";
}

static void print_shape(const bp_array *chunk, char *text, size_t size)
{
    size_t used = 0;
    text[0] = 0;
    for (size_t i = 0; i < chunk->rank && used < size; i++) {
        int n = snprintf(text + used, size - used, "%s%zu", i ? "x" : "", chunk->shape[i]);
        used += n > 0 ? (size_t)n : 0;
    }
}

/* One line: what was taken and why, then what all candidates reached. */
static void explain(const chooser *c, size_t chosen, bool recode, char *text, size_t size)
{
    static const char *const levels[] = {"balanced", "fast", "balanced", "max"};
    const bp_file_options *options = c->run->options;
    const bp_auto_candidate *best = &c->candidates[chosen];
    char name[64], shape[256], limit[96];
    bp_auto_print(best, name, sizeof name);
    print_shape(&c->chunk, shape, sizeof shape);
    if (options->budget > 0)
        snprintf(limit, sizeof limit, "within the budget of %.6g MB/s", options->budget);
    else
        snprintf(limit, sizeof limit, "up to level %s", levels[options->default_level]);
    int n;
    if (!recode)
        n = snprintf(text, size, "auto: stays as it is, nothing %s makes it smaller", limit);
    else if (best->encode < options->budget)
        n = snprintf(text, size, "auto: %s in chunks %s (access: %s), the fastest: nothing is %s", name,
                     shape, name_of_access(options->access), limit);
    else
        n = snprintf(text, size, "auto: %s in chunks %s (access: %s), the best ratio %s", name, shape,
                     name_of_access(options->access), limit);
    size_t used = n > 0 ? (size_t)n : 0;
    for (size_t i = 0, told = 0; i < c->count && used < size; i++) {
        const bp_auto_candidate *k = &c->candidates[i];
        if (!k->measured)
            continue;
        if (!told)
            n = snprintf(text + used, size - used, "; in a sample of %.3g MB ", (double)c->bytes * 1e-6);
        used += told || n < 0 ? 0 : (size_t)n;
        if (used >= size)
            break;
        bp_auto_print(k, name, sizeof name);
        n = snprintf(text + used, size - used, "%s%s %.3f at %.0f MB/s%s", told ? ", " : "", name, k->ratio,
                     k->encode, k->allowed ? "" : " (not allowed)");
        used += n > 0 ? (size_t)n : 0;
        told++;
    }
}

static bp_status tell(const chooser *c, size_t chosen, bool recode, bp_dataset_report *entry)
{
    char text[1536], name[64];
    explain(c, chosen, recode, text, sizeof text);
    bp_status status = bp_report_text(c->ctx, &entry->why, text);
    entry->candidates = calloc(c->count, sizeof *entry->candidates);
    if (status == BP_OK && !entry->candidates)
        return bp_fail(c->ctx, BP_E_MEMORY, "no memory for the report");
    for (size_t i = 0; status == BP_OK && i < c->count; i++) {
        const bp_auto_candidate *k = &c->candidates[i];
        if (!k->measured)
            continue;
        bp_candidate *row = &entry->candidates[entry->candidate_count++];
        bp_codec_spec_print(&k->spec, name, sizeof name);
        *row = (bp_candidate){.ratio = k->ratio,
                              .encode_speed = k->encode,
                              .decode_speed = k->decode,
                              .allowed = k->allowed,
                              .chosen = recode && i == chosen};
        status = bp_report_text(c->ctx, &row->codec, name);
    }
    entry->sample_bytes = c->bytes;
    return status;
}

/* The chosen coding, unless what is stored now is smaller and its chunks were not asked to change. */
static bp_status settle(chooser *c, size_t chosen, bp_dataset_report *entry, bool *recode)
{
    const bp_auto_candidate *best = &c->candidates[chosen];
    const bp_h5_source *source = c->source;
    bp_status status = settle_sequence(c, best);
    if (status == BP_OK)
        status = set_coding(c, &best->spec);
    uint64_t stored = H5Dget_storage_size(source->dataset);
    bool kept_chunks = !source->chunked || (source->chunk.rank == c->chunk.rank &&
                                            memcmp(source->chunk.shape, c->chunk.shape,
                                                   c->chunk.rank * sizeof c->chunk.shape[0]) == 0);
    bool smaller = stored > 0 && (double)source->bytes / (double)stored < best->ratio;
    *recode = bp_h5_is_foreign(c->run, source->dataset) || (stored > 0 && (!kept_chunks || smaller));
    if (strcmp(best->spec.codec->name, "store") == 0)
        *recode = false; /* stays as it is, or plain */
    return status == BP_OK ? tell(c, chosen, *recode, entry) : status;
}

bp_status bp_h5_choose_auto(bp_context *ctx, bp_h5_run *run, const bp_h5_source *source,
                            bp_dataset_report *entry, bool *recode, bool *found)
{
    chooser *c = calloc(1, sizeof *c);
    *found = false;
    if (!c)
        return bp_fail(ctx, BP_E_MEMORY, "no memory");
    c->ctx = ctx;
    c->run = run;
    c->source = source;
    c->count = bp_auto_candidates(source->dtype, source->itemsize, c->candidates);
    bp_status status = choose_chunk(c, run->options->access);
    if (status == BP_OK && c->count) {
        size_sample(c);
        status = measure_all(c);
        bp_auto_allow(run->options, c->candidates, c->count);
        size_t chosen = bp_auto_best(c->candidates, c->count);
        *found = status == BP_OK && chosen < c->count;
        if (*found)
            status = settle(c, chosen, entry, recode);
    }
    free(c);
    return status;
}
