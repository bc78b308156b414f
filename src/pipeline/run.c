/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "io/chunk_shape.h"
#include "io/coding.h"
#include "io/hdf5_transcode.h"
#include "io/is_hdf5.h"
#include "io/output.h"
#include "pipeline/attest.h"
#include "pipeline/feed.h"

#define LONGEST_FILE ((size_t)1 << 20)

void bp_run_init(bp_run *run, const bp_run_options *options)
{
    *run = (bp_run){.options = options, .max_error = NAN};
}

void bp_run_fini(bp_run *run)
{
    bp_plan_free(run->plan);
    bp_pipeline_input_fini(&run->input);
    bp_pipeline_free(run->pipeline);
    free(run->verdict);
    bp_belongings_fini(&run->belongings);
    bp_file_report_fini(&run->file);
    free(run->starts);
    free(run->members);
}

bp_status bp_run_read_text(bp_context *ctx, const char *text, char **read)
{
    *read = *text == '@' ? NULL : strdup(text);
    if (*text != '@')
        return *read ? BP_OK : bp_fail(ctx, BP_E_MEMORY, "no memory for a pipeline");
    FILE *file = fopen(text + 1, "rb");
    if (!file)
        return bp_fail(ctx, BP_E_INPUT, "%s: it cannot be opened", text + 1);
    *read = calloc(1, LONGEST_FILE + 1);
    size_t n = *read ? fread(*read, 1, LONGEST_FILE + 1, file) : 0;
    bool failed = ferror(file) != 0;
    fclose(file);
    if (!*read)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for a pipeline");
    if (failed || n > LONGEST_FILE || strlen(*read) != n) {
        (*read)[0] = 0;
        return bp_fail(ctx, BP_E_INPUT, "%s: it holds no pipeline", text + 1);
    }
    return BP_OK;
}

/* ---- before data move ---- */

/* The last stage of a pipeline that moved frames or pixels: what belongings that cannot follow blame. */
static void blame_mover(bp_run *run)
{
    for (size_t i = 0; i < bp_plan_count(run->plan); i++) {
        const bp_stage_run *stage = bp_plan_stage(run->plan, i);
        const bp_flow *in = &stage->in, *out = &stage->out;
        if (in->rows != out->rows || in->columns != out->columns || out->carry.group > 1 ||
            out->carry.axes != BP_AXES_FRAMES ||
            ((stage->stage->traits & BP_STAGE_DROPS) && !stage->marks_only))
            run->blame = (bp_blame){stage->at, stage->length};
    }
}

/* Is the last stage one that our chunks undo, with a codec for the whole numbers that it makes? */
static bool may_chain(const bp_plan *plan, const bp_codec_spec *codec)
{
    const uint32_t whole = 1u << BP_U8 | 1u << BP_U16;
    if (plan->count == 0)
        return false;
    const bp_stage_run *last = &plan->runs[plan->count - 1];
    return last->stage->operation && last->stage->scope == BP_SCOPE_FRAME &&
           (codec->codec->dtypes & whole) == whole;
}

/* Photon where it takes the values, as for compress. */
static bp_status choose_codec(bp_context *ctx, bp_run *run, const bp_array *chunk)
{
    if (run->pipeline->codec.codec) {
        run->codec = run->pipeline->codec;
        return BP_OK;
    }
    bp_status status =
        bp_codec_spec_parse(ctx, run->options->standard ? "bslz4" : "photon", BP_LEVEL_BALANCED, &run->codec);
    bool chains = !run->options->standard && status == BP_OK && may_chain(run->plan, &run->codec);
    if (status == BP_OK && !chains && bp_codec_check(ctx, &run->codec, chunk) == BP_E_UNSUPPORTED)
        status = bp_codec_spec_parse(ctx, "bslz4", -1, &run->codec);
    return status;
}

static bp_status check_codec(bp_context *ctx, bp_run *run)
{
    const bp_flow *out = bp_plan_out(run->plan);
    const size_t shape[] = {1, out->rows, out->columns};
    bp_array chunk;
    bp_coding coding;
    bp_status status = bp_array_init(&chunk, out->dtype, 0, 3, shape, NULL);
    if (status == BP_OK)
        status = choose_codec(ctx, run, &chunk);
    run->chained = status == BP_OK && !run->options->standard && bp_codec_spec_lossless(&run->codec) &&
                   may_chain(run->plan, &run->codec);
    if (status == BP_OK && !run->chained)
        status = bp_codec_check(ctx, &run->codec, &chunk);
    if (status == BP_OK && !run->chained)
        status = bp_coding_init(ctx, &coding, &run->codec,
                                run->options->standard ? BP_FORMAT_STANDARD : BP_FORMAT_ANY, true,
                                BP_LITTLE_ENDIAN, &chunk);
    if (status != BP_OK)
        run->blame = run->pipeline->codec_at;
    return status;
}

static void estimate_memory(bp_run *run)
{
    size_t all = run->options->memory ? run->options->memory : BP_RUN_MEMORY, most = 0;
    for (size_t i = 0; i <= run->plan->count; i++) {
        const bp_flow *flow = bp_plan_flow(run->plan, i);
        size_t bytes = flow->rows * flow->columns * (bp_dtype_size(flow->dtype) + 1);
        most = bytes > most ? bytes : most;
    }
    uint64_t whole = most * run->plan->in.frames * 4;
    run->memory = whole < all ? (size_t)whole + 16 * most : all;
}

static void file_options(bp_run *run, bp_file_options *how)
{
    const bp_run_options *options = run->options;
    bp_file_options_init(how);
    how->spec = &run->codec;
    how->threads = options->threads;
    how->memory = (options->memory ? options->memory : BP_RUN_MEMORY) / 4;
    how->format = options->standard ? BP_FORMAT_STANDARD : BP_FORMAT_ANY;
    how->again = true;
    how->progress = options->progress;
    how->progress_user = options->progress_user;
    if (run->chained && bp_plan_out(run->plan)->keyed) /* flats and darks go without the operation */
        how->chunking = BP_CHUNKING_FRAME;
}

/* The output's shape and chunks, and what becomes of all that belongs to the frames. */
static bp_status find_belongings(bp_context *ctx, bp_run *run)
{
    bp_file_options how;
    const bp_reframe *f = &run->reframe;
    file_options(run, &how);
    bp_status status = bp_run_reframe(ctx, run);
    if (status == BP_OK)
        status = bp_chunk_shape_choose(ctx, &how, bp_dtype_size(f->dtype), f->rank, f->shape, NULL,
                                       bp_chunk_taste_of(run->codec.codec), run->chunk);
    if (status != BP_OK)
        return status;
    bp_belongings_fini(&run->belongings);
    status = bp_belongings_find(ctx, run->input_path, &run->reframe, &run->belongings);
    if (status != BP_OK)
        blame_mover(run);
    return status;
}

bp_status bp_run_look(bp_context *ctx, bp_run *run)
{
    bp_status status = bp_plan_look(ctx, run->plan, &run->input.source, &run->looked, &run->blame);
    return status == BP_OK ? find_belongings(ctx, run) : status;
}

bp_status bp_run_check(bp_context *ctx, bp_run *run, const char *text, const char *input)
{
    run->input_path = input;
    bp_status status = bp_pipeline_parse(ctx, text, &run->pipeline, &run->blame);
    if (status == BP_OK)
        status = bp_verdict_find(ctx, run->pipeline, text, &run->verdict);
    if (status != BP_OK)
        return status;
    if (!bp_h5_is_hdf5(input) && access(input, R_OK) == 0)
        return bp_fail(ctx, BP_E_UNSUPPORTED,
                       "%s: pipelines work on HDF5; make it one first: beampress compress %s", input, input);
    status = bp_pipeline_input_open(ctx, input, run->options->dataset, run->options->threads, &run->input);
    if (status == BP_OK)
        status = bp_plan_new(ctx, run->pipeline, 0, run->pipeline->count, &run->input.flow,
                             &run->input.beside, run->options->threads, &run->plan, &run->blame);
    if (status == BP_OK)
        status = check_codec(ctx, run);
    if (status != BP_OK)
        return status;
    estimate_memory(run);
    return find_belongings(ctx, run);
}

/* ---- the written file ---- */

/* Reads the frames back: their hash, and whether they are what was written. */
static bp_status verify_frames(bp_context *ctx, bp_run *run, bp_feeder *f, const char *written)
{
    bp_stack *stack;
    const char *path = run->reframe.dataset;
    bp_status status = bp_stack_open(ctx, written, path, run->options->threads, &stack);
    if (status != BP_OK)
        return status;
    uint64_t frames = bp_plan_frames(run->plan);
    uint64_t *hashes = malloc((size_t)frames * sizeof *hashes);
    bool lossless = bp_codec_spec_lossless(&run->codec) && !run->chained;
    size_t bytes = f->pixels * bp_dtype_size(bp_plan_out(run->plan)->dtype);
    for (size_t i = 0; f->was && i < f->batch; i++)
        f->was[i] = NULL; /* what was compared before it was written is not compared again */
    if (!hashes)
        status = bp_fail(ctx, BP_E_MEMORY, "no memory for hashes");
    for (uint64_t first = 0; first < frames && status == BP_OK; first += f->batch) {
        size_t count = frames - first < f->batch ? (size_t)(frames - first) : f->batch;
        status = bp_stack_read_typed(ctx, stack, first, count, f->values);
        if (status == BP_OK)
            status = bp_feeder_read_back(ctx, f, first, count);
        if (status == BP_OK)
            status = bp_feeder_weigh(ctx, f, count, bytes, hashes + first);
        for (size_t i = 0; lossless && i < count && status == BP_OK; i++)
            if (hashes[first + i] != f->hashes[first + i])
                status = bp_fail(ctx, BP_E_INTERNAL, "%s: frame %llu reads back differently", path,
                                 (unsigned long long)(first + i));
        if (status == BP_OK && run->options->progress)
            run->options->progress(run->options->progress_user, "verify", (first + count) * bytes,
                                   frames * bytes);
    }
    if (status == BP_OK) {
        run->output_hash = bp_hash_of_hashes(hashes, frames);
        run->output_hashed = true;
    }
    free(hashes);
    bp_stack_close(stack);
    return status;
}

static bp_status verify(bp_context *ctx, bp_run *run, bp_feeder *f, const char *skeleton, const char *written)
{
    bp_verify_options how = {.threads = run->options->threads, .bound = -1, .skip = run->reframe.dataset};
    bp_verify_report found;
    if (run->options->no_verify) {
        run->output_hash = bp_hash_of_hashes(f->hashes, bp_plan_frames(run->plan));
        run->output_hashed = bp_codec_spec_lossless(&run->codec) && !run->chained;
        return BP_OK;
    }
    bp_status status = bp_verify_files(ctx, skeleton, written, &how, &found);
    if (status == BP_E_DIFFERS)
        status = bp_fail(ctx, BP_E_INTERNAL, "the written file differs: %s",
                         found.first_difference ? found.first_difference : "no place is known");
    bp_verify_report_fini(&found);
    if (status == BP_OK)
        status = verify_frames(ctx, run, f, written);
    run->file.verified = status == BP_OK;
    return status;
}

static bp_status write_file(bp_context *ctx, bp_run *run, const char *skeleton, const char *target)
{
    bp_file_options how;
    file_options(run, &how);
    const char *dataset = run->reframe.dataset;
    bp_feeder f;
    double bound;
    bp_status status = bp_feeder_init(ctx, &f, run);
    how.datasets = &dataset;
    how.dataset_count = 1;
    bp_h5_values values = {.path = dataset, .read = bp_feeder_read, .user = &f};
    if (run->chained) {
        values.chain = &run->chain;
        values.from = f.dtype;
        values.without_chain = bp_feeder_without_chain;
    }
    if (status == BP_OK)
        status = bp_h5_reframe(ctx, run->input_path, skeleton, &run->reframe, &run->belongings);
    if (status == BP_OK)
        status = bp_h5_transcode_file(ctx, skeleton, target, &how, BP_COMPRESS, &run->file, &values, &bound);
    if (status == BP_OK && bound > 0)
        run->max_error += bound;
    if (status == BP_OK)
        status = verify(ctx, run, &f, skeleton, target);
    if (status == BP_OK)
        status = bp_pipeline_input_hash(ctx, &run->input, &run->input_hash);
    bp_feeder_fini(&f);
    return status;
}

static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
}

/* A failure to read the input comes up through the file in the making, whose place says nothing to anybody.
 */
static void name_input(bp_context *ctx, const bp_run *run, const char *skeleton, bp_status status)
{
    char message[1024];
    const char *at = strstr(bp_context_message(ctx), run->input_path);
    const char *made = strstr(bp_context_message(ctx), skeleton);
    if (at == bp_context_message(ctx) || (!at && !made))
        return;
    snprintf(message, sizeof message, "%s%s", at ? "" : run->input_path, at ? at : made + strlen(skeleton));
    bp_fail(ctx, status, "%s", message);
}

static bp_status write_output(bp_context *ctx, bp_run *run, const bp_output *output)
{
    char *skeleton = NULL, *folder = folder_of(output->temporary);
    struct stat st;
    bp_status status = BP_OK;
    if (!folder || asprintf(&skeleton, "%.*s-frames.tmp", (int)(strlen(output->temporary) - strlen(".tmp")),
                            output->temporary) < 0)
        status = bp_fail(ctx, BP_E_MEMORY, "no memory for a path");
    if (status == BP_OK)
        status = bp_plan_open(ctx, run->plan, &run->input.source, folder, &run->blame);
    if (status == BP_OK && run->chained) {
        run->chain.count = 1;
        status = bp_plan_operation(ctx, run->plan, &run->chain.operations[0]);
        run->chained = run->chain.operations[0].operation != NULL; /* else the codes are the values */
    }
    if (status == BP_OK)
        status = find_belongings(ctx, run);
    if (status == BP_OK) {
        status = write_file(ctx, run, skeleton, output->temporary);
        if (status != BP_OK)
            bp_plan_fault(run->plan, &run->blame);
        unlink(skeleton);
        if (status != BP_OK)
            name_input(ctx, run, skeleton, status);
    }
    if (status == BP_OK)
        status = bp_run_write_provenance(ctx, run, output->temporary);
    run->file.input_bytes = stat(run->input_path, &st) == 0 ? (uint64_t)st.st_size : 0;
    run->file.output_bytes = stat(output->temporary, &st) == 0 ? (uint64_t)st.st_size : 0;
    free(skeleton);
    free(folder);
    return status;
}

bp_status bp_run_file(bp_context *ctx, bp_run *run, const char *text, const char *input, const char *path)
{
    bp_output output = {.fd = -1};
    bp_file_stamp stamp;
    bp_status status = bp_run_check(ctx, run, text, input);
    if (status == BP_OK)
        status = bp_file_stamp_take(ctx, input, &stamp);
    if (status != BP_OK)
        return status;
    status = bp_output_begin(ctx, input, path, run->options->overwrite, false, &output);
    if (status == BP_OK)
        status = write_output(ctx, run, &output);
    if (status == BP_OK || status == BP_E_DAMAGED || status == BP_E_INTERNAL || status == BP_E_INPUT) {
        bp_status changed = bp_file_stamp_check(ctx, input, &stamp);
        status = changed != BP_OK ? changed : status;
    }
    if (status == BP_OK && bp_context_cancelled(ctx))
        status = bp_fail(ctx, BP_E_INTERRUPTED, "interrupted");
    if (status == BP_OK)
        status = bp_output_commit(ctx, &output);
    bp_output_end(&output);
    return status;
}
