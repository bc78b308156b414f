/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "algo/max_error.h"
#include "base/hash.h"
#include "io/coding.h"
#include "io/hdf5_transcode.h"
#include "io/is_hdf5.h"
#include "io/output.h"
#include "pipeline/plan.h"
#include "pipeline/run.h"

#define DEFAULT_MEMORY ((size_t)1 << 30)
#define LONGEST_FILE   ((size_t)1 << 20)

void bp_run_init(bp_run *run, const bp_run_options *options)
{
    *run = (bp_run){.options = options, .max_error = NAN};
}

void bp_run_fini(bp_run *run)
{
    bp_plan_free(run->plan);
    bp_pipeline_input_fini(&run->input);
    bp_pipeline_free(run->pipeline);
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
            out->carry.axes != BP_AXES_FRAMES || (stage->stage->traits & BP_STAGE_DROPS))
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
    size_t all = run->options->memory ? run->options->memory : DEFAULT_MEMORY, most = 0;
    for (size_t i = 0; i <= run->plan->count; i++) {
        const bp_flow *flow = bp_plan_flow(run->plan, i);
        size_t bytes = flow->rows * flow->columns * (bp_dtype_size(flow->dtype) + 1);
        most = bytes > most ? bytes : most;
    }
    uint64_t whole = most * run->plan->in.frames * 4;
    run->memory = whole < all ? (size_t)whole + 16 * most : all;
}

bp_status bp_run_check(bp_context *ctx, bp_run *run, const char *text, const char *input)
{
    run->input_path = input;
    bp_status status = bp_pipeline_parse(ctx, text, &run->pipeline, &run->blame);
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
    if (status == BP_OK)
        status = bp_run_reframe(ctx, run);
    if (status != BP_OK)
        return status;
    estimate_memory(run);
    status = bp_belongings_find(ctx, input, &run->reframe, &run->belongings);
    if (status != BP_OK)
        blame_mover(run);
    return status;
}

/* ---- frames for the writer ---- */

typedef struct feeder {
    bp_run *run;
    bp_plan *plan;
    size_t batch, bytes, pixels; /* frames at a time; of one frame */
    uint64_t first;
    size_t count;
    uint8_t *values;
    uint8_t *marks;    /* of frames for an operation, which are those before the last stage */
    bp_dtype dtype;    /* of values */
    size_t pixel;      /* bytes */
    uint64_t *hashes;  /* of what a reader gets; not of frames for an operation */
    bool compare;      /* with the input's frames, which have the same shape and type */
    bool compare_back; /* only what is read back can be compared */
    uint64_t done;
} feeder;

/* The largest change of the frames of a batch whose origin was just read. */
static void compare_batch(feeder *f)
{
    const bp_pipeline_input *in = &f->run->input;
    const bp_flow *flow = bp_plan_out(f->plan);
    for (size_t i = 0; f->compare && i < f->count; i++) {
        uint64_t origin = bp_plan_origin(f->plan, f->first + i);
        bp_array before, after;
        if (origin < in->last_first || origin - in->last_first >= in->last_count) {
            f->compare = false;
            f->run->max_error = NAN;
            return;
        }
        uint8_t *was = in->last + (origin - in->last_first) * f->bytes;
        if (bp_array_init(&before, flow->dtype, 0, 1, &f->pixels, was) != BP_OK ||
            bp_array_init(&after, flow->dtype, 0, 1, &f->pixels, f->values + i * f->bytes) != BP_OK)
            return;
        double error = memcmp(was, f->values + i * f->bytes, f->bytes) ? bp_max_error(&before, &after) : 0;
        f->run->max_error = error > f->run->max_error || isnan(f->run->max_error) ? error : f->run->max_error;
    }
}

/* The same for one frame that was read back. */
static bp_status compare_frame(bp_context *ctx, const feeder *f, uint64_t frame, uint8_t *values,
                               uint8_t *room)
{
    bp_run *run = f->run;
    bp_array before, after;
    bp_dtype dtype = bp_plan_out(f->plan)->dtype;
    bp_status status = bp_stack_read_typed(ctx, run->input.stack, bp_plan_origin(f->plan, frame), 1, room);
    if (status == BP_OK)
        status = bp_array_init(&before, dtype, 0, 1, &f->pixels, room);
    if (status == BP_OK)
        status = bp_array_init(&after, dtype, 0, 1, &f->pixels, values);
    if (status != BP_OK)
        return status;
    double error = bp_max_error(&before, &after);
    run->max_error = error > run->max_error || isnan(run->max_error) ? error : run->max_error;
    return BP_OK;
}

static bp_status load(bp_context *ctx, feeder *f, uint64_t frame)
{
    uint64_t frames = bp_plan_frames(f->plan);
    f->first = frame / f->batch * f->batch;
    f->count = frames - f->first < f->batch ? (size_t)(frames - f->first) : f->batch;
    bp_status status = f->marks ? bp_plan_read_before(ctx, f->plan, f->first, f->count, f->values, f->marks)
                                : bp_plan_read(ctx, f->plan, f->first, f->count, f->values, NULL);
    for (size_t i = 0; i < f->count && status == BP_OK; i++)
        f->hashes[f->first + i] = bp_hash64(f->values + i * f->bytes, f->bytes);
    if (status == BP_OK)
        compare_batch(f);
    else
        f->count = 0;
    return status;
}

/* Where a box of the output begins in frames, rows and columns. */
typedef struct place {
    size_t lead, row, column; /* leading axes */
    size_t rows, columns;     /* of the box */
    size_t boxes;             /* frames of it */
} place;

static place place_of(const bp_reframe *r, const hsize_t *offset, const size_t *shape)
{
    size_t rank = r->rank;
    place p = {.lead = rank > 2 ? rank - 2 : 0, .rows = 1, .boxes = 1};
    if (rank > 1) {
        p.row = (size_t)offset[rank - 2];
        p.rows = shape[rank - 2];
    }
    p.column = (size_t)offset[rank - 1];
    p.columns = shape[rank - 1];
    for (size_t i = 0; i < p.lead; i++)
        p.boxes *= shape[i];
    return p;
}

/* Number of frame `box` of a box; false when it sticks out. */
static bool frame_of(const bp_reframe *r, const place *p, const hsize_t *offset, const size_t *shape,
                     size_t box, uint64_t *frame)
{
    size_t at[BP_MAX_RANK] = {0};
    bool inside = true;
    *frame = 0;
    for (size_t i = p->lead; i-- > 0; box /= shape[i])
        at[i] = box % shape[i];
    for (size_t i = 0; i < p->lead; i++) {
        inside = inside && offset[i] + at[i] < r->shape[i];
        *frame = *frame * r->shape[i] + offset[i] + at[i];
    }
    return inside;
}

/* A box of the output: leading axes count frames, the last two are rows and columns. */
static bp_status read_box(bp_context *ctx, void *user, const hsize_t *offset, const size_t *shape,
                          uint8_t *values)
{
    feeder *f = user;
    const bp_flow *flow = bp_plan_out(f->plan);
    const place p = place_of(&f->run->reframe, offset, shape);
    size_t size = f->pixel, inside = flow->columns - p.column;
    size_t copy = inside < p.columns ? inside : p.columns;
    uint8_t *marks = values + p.boxes * p.rows * p.columns * size;
    for (size_t b = 0; b < p.boxes; b++) {
        uint64_t frame;
        bool there = frame_of(&f->run->reframe, &p, offset, shape, b, &frame);
        if (there && (frame < f->first || frame - f->first >= f->count)) {
            bp_status status = load(ctx, f, frame);
            if (status != BP_OK)
                return status;
        }
        for (size_t i = 0; i < p.rows; i++) {
            size_t to = (b * p.rows + i) * p.columns;
            bool copied = there && p.row + i < flow->rows;
            size_t from =
                copied ? (size_t)(frame - f->first) * f->pixels + (p.row + i) * flow->columns + p.column : 0;
            if (!copied || copy < p.columns)
                memset(values + to * size, 0, p.columns * size);
            if (f->marks && (!copied || copy < p.columns))
                memset(marks + to, BP_LABEL_GAP, p.columns);
            if (copied)
                memcpy(values + to * size, f->values + from * size, copy * size);
            if (copied && f->marks)
                memcpy(marks + to, f->marks + from, copy);
        }
    }
    return BP_OK;
}

/* Flats and darks go without the operation. */
static bool without_chain(void *user, const hsize_t *offset)
{
    const feeder *f = user;
    const bp_plan_level *level = &f->plan->levels[f->plan->count];
    const bp_stage_run *last = &f->plan->runs[f->plan->count - 1];
    const bp_reframe *r = &f->run->reframe;
    uint64_t frame = 0;
    for (size_t i = 0; r->rank > 2 && i < r->rank - 2; i++)
        frame = frame * r->shape[i] + offset[i];
    return level->keys && level->keys[frame] != 0 && !(last->stage->traits & BP_STAGE_ALL_KEYS);
}

static bp_status feeder_init(bp_context *ctx, feeder *f, bp_run *run)
{
    const bp_flow *out = bp_plan_out(run->plan), *in = &run->plan->in;
    size_t memory = run->options->memory ? run->options->memory : DEFAULT_MEMORY;
    size_t in_bytes = in->rows * in->columns * (bp_dtype_size(in->dtype) + 1);
    *f = (feeder){.run = run, .plan = run->plan, .pixels = out->rows * out->columns};
    const bp_flow *coded = run->chained ? bp_plan_flow(run->plan, run->plan->count - 1) : out;
    f->dtype = coded->dtype;
    f->pixel = bp_dtype_size(f->dtype);
    f->bytes = f->pixels * f->pixel;
    size_t group = (size_t)run->reframe.group;
    size_t each = f->bytes + f->pixels + group * in_bytes * (run->plan->count + 1);
    f->batch = memory / 16 / each + 1;
    uint64_t frames = bp_plan_frames(run->plan);
    f->batch = f->batch > frames ? (size_t)frames : f->batch;
    size_t most = f->pixel > bp_dtype_size(out->dtype) ? f->pixel : bp_dtype_size(out->dtype);
    f->values = malloc(f->batch * f->pixels * most);
    f->marks = run->chained ? malloc(f->batch * f->pixels) : NULL;
    f->hashes = calloc((size_t)frames, sizeof *f->hashes);
    f->compare = out->dtype == in->dtype && out->rows == in->rows && out->columns == in->columns &&
                 run->reframe.group == 1 && !run->reframe.turned && !run->reframe.other;
    f->compare_back = f->compare && run->chained;
    f->compare = f->compare && !run->chained;
    run->input.keep_last = f->compare;
    return f->values && f->hashes && (f->marks || !run->chained)
               ? BP_OK
               : bp_fail(ctx, BP_E_MEMORY, "no memory for frames of %zu bytes", f->bytes);
}

static void feeder_fini(feeder *f)
{
    free(f->values);
    free(f->marks);
    free(f->hashes);
}

/* ---- the written file ---- */

/* Reads the frames back: their hash, and whether they are what was written. */
static bp_status verify_frames(bp_context *ctx, bp_run *run, const feeder *f, const char *written)
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
    uint8_t *room = f->compare_back ? malloc(bytes) : NULL;
    if (!hashes || (f->compare_back && !room))
        status = bp_fail(ctx, BP_E_MEMORY, "no memory for hashes");
    for (uint64_t first = 0; first < frames && status == BP_OK; first += f->batch) {
        size_t count = frames - first < f->batch ? (size_t)(frames - first) : f->batch;
        status = bp_stack_read_typed(ctx, stack, first, count, f->values);
        for (size_t i = 0; i < count && status == BP_OK; i++) {
            hashes[first + i] = bp_hash64(f->values + i * bytes, bytes);
            if (lossless && hashes[first + i] != f->hashes[first + i])
                status = bp_fail(ctx, BP_E_INTERNAL, "%s: frame %llu reads back differently", path,
                                 (unsigned long long)(first + i));
            if (status == BP_OK && room)
                status = compare_frame(ctx, f, first + i, f->values + i * bytes, room);
        }
        if (status == BP_OK && run->options->progress)
            run->options->progress(run->options->progress_user, "verify", (first + count) * bytes,
                                   frames * bytes);
    }
    if (status == BP_OK) {
        run->output_hash = bp_hash_of_hashes(hashes, frames);
        run->output_hashed = true;
    }
    free(hashes);
    free(room);
    bp_stack_close(stack);
    return status;
}

static bp_status verify(bp_context *ctx, bp_run *run, const feeder *f, const char *skeleton,
                        const char *written)
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
    const bp_run_options *options = run->options;
    bp_file_options how;
    bp_file_options_init(&how);
    const char *dataset = run->reframe.dataset;
    feeder f;
    double bound;
    bp_status status = feeder_init(ctx, &f, run);
    how.spec = &run->codec;
    how.datasets = &dataset;
    how.dataset_count = 1;
    how.threads = options->threads;
    how.memory = (options->memory ? options->memory : DEFAULT_MEMORY) / 4;
    how.format = options->standard ? BP_FORMAT_STANDARD : BP_FORMAT_ANY;
    how.again = true;
    how.progress = options->progress;
    how.progress_user = options->progress_user;
    bp_h5_values values = {.path = dataset, .read = read_box, .user = &f};
    if (run->chained) {
        values.chain = &run->chain;
        values.from = f.dtype;
        values.without_chain = without_chain;
        if (run->plan->levels[run->plan->count].keys) /* flats and darks go without */
            how.chunking = BP_CHUNKING_FRAME;
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
    feeder_fini(&f);
    return status;
}

static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
}

/* A failure to read the input comes up through the file in the making, whose place says nothing to anybody.
 */
static void name_input(bp_context *ctx, const bp_run *run, bp_status status)
{
    char message[1024];
    const char *at = strstr(bp_context_message(ctx), run->input_path);
    if (!at || at == bp_context_message(ctx))
        return;
    snprintf(message, sizeof message, "%s", at);
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
        status = bp_run_reframe(ctx, run);
    if (status == BP_OK) {
        bp_belongings_fini(&run->belongings);
        status = bp_belongings_find(ctx, run->input_path, &run->reframe, &run->belongings);
    }
    if (status == BP_OK) {
        status = write_file(ctx, run, skeleton, output->temporary);
        unlink(skeleton);
        if (status != BP_OK)
            name_input(ctx, run, status);
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
