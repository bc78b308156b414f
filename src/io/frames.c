/* SPDX-License-Identifier: BSD-3-Clause
 * Series of frames over files of one format. Only one file is open at a time, so a series may have any
 * number of them. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "io/frame_format.h"
#include "io/frames_paths.h"
#include "io/input.h"

static const bp_frame_format *const formats[] = {
    &bp_frame_format_tiff, &bp_frame_format_cbf, &bp_frame_format_edf,
    &bp_frame_format_npy,  &bp_frame_format_csv,
};

struct bp_frames {
    const bp_frame_format *format;
    bp_frames_facts facts;
    bool has_raw;
    bp_frames_raw raw;
    char **paths;
    uint64_t *first; /* number of the first frame of each file, and at the end the count of all */
    size_t path_count;
    size_t open_file; /* which file state belongs to */
    void *state;      /* NULL when none is open */
    uint8_t *whole;   /* the frame that parts were last asked of */
    uint64_t whole_frame;
    bool has_whole;
};

bp_status bp_frames_set_shape(bp_context *ctx, bp_frames_facts *facts, size_t rank, const size_t *shape,
                              size_t frame_rank)
{
    size_t items, bytes, whole, itemsize = bp_dtype_size(facts->dtype);
    if (rank > BP_MAX_RANK)
        return bp_fail(ctx, BP_E_UNSUPPORTED, "%zu axes, at most %d are possible", rank, BP_MAX_RANK);
    facts->rank = rank;
    facts->frame_rank = frame_rank;
    facts->count = 1;
    for (size_t i = 0; i < rank; i++)
        facts->shape[i] = shape[i];
    if (bp_product_overflows(shape + rank - frame_rank, frame_rank, &items) ||
        bp_mul_overflows(items, itemsize, &bytes) || bytes > PTRDIFF_MAX)
        return bp_fail(ctx, BP_E_DAMAGED, "a frame of the stated shape does not fit into memory");
    if (bp_product_overflows(shape, rank - frame_rank, &whole))
        return bp_fail(ctx, BP_E_DAMAGED, "the stated number of frames is impossible");
    facts->count = whole;
    if (bp_mul_overflows(whole, bytes, &whole) || whole > PTRDIFF_MAX)
        return bp_fail(ctx, BP_E_DAMAGED, "the stated shape does not fit into any file");
    facts->frame_bytes = bytes;
    return BP_OK;
}

/* Known, but not read here; or nothing that anybody knows. */
static bp_status tell_what_else(bp_context *ctx, const uint8_t *start, size_t size)
{
    static const struct {
        const char *bytes;
        size_t size;
        const char *text;
    } known[] = {
        {"\x1f\x8b", 2, "compressed with gzip: unpack it first"},
        {"BZh", 3, "compressed with bzip2: unpack it first"},
        {"\xfd\x37zXZ", 5, "compressed with xz: unpack it first"},
        {"\x28\xb5\x2f\xfd", 4, "compressed with zstd: unpack it first"},
        {"PK\x03\x04", 4, "a zip archive (npz?): unpack it first"},
        {"\x89HDF", 4, "an HDF5 file among frames of another format, or a damaged one"},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (size >= known[i].size && memcmp(start, known[i].bytes, known[i].size) == 0)
            return bp_fail(ctx, BP_E_UNSUPPORTED, "is %s", known[i].text);
    return bp_fail(
        ctx, BP_E_INPUT,
        "neither HDF5, TIFF, CBF, EDF, npy nor a table of numbers (csv); raw bytes need a shape and a type "
        "(--shape, --dtype)");
}

static bp_status find_format(bp_context *ctx, const char *path, const bp_frame_format **format)
{
    uint8_t start[BP_FRAME_SNIFF];
    bp_input input;
    bp_status status = bp_input_open(ctx, path, &input);
    if (status != BP_OK)
        return status;
    size_t size = input.size < sizeof start ? (size_t)input.size : sizeof start;
    status = bp_input_read(ctx, &input, 0, start, size);
    bp_input_close(&input);
    if (status != BP_OK)
        return status;
    if (size == 0)
        return bp_fail(ctx, BP_E_DAMAGED, "the file is empty");
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
        if (formats[i]->is(start, size)) {
            *format = formats[i];
            return BP_OK;
        }
    return tell_what_else(ctx, start, size);
}

static void close_file(bp_frames *frames)
{
    if (frames->state)
        frames->format->close(frames->state);
    frames->state = NULL;
}

static bp_status open_file(bp_context *ctx, bp_frames *frames, size_t file, bp_frames_facts *facts)
{
    const bp_frame_format *format = &bp_frame_format_raw;
    bp_status status = BP_OK;
    close_file(frames);
    if (!frames->has_raw)
        status = find_format(ctx, frames->paths[file], &format);
    if (status == BP_OK && frames->format && frames->format != format)
        status = bp_fail(ctx, BP_E_UNSUPPORTED, "is %s, but the series began with %s", format->name,
                         frames->format->name);
    if (status == BP_OK) {
        *facts = (bp_frames_facts){.format = format->name};
        frames->format = format;
        frames->open_file = file;
        status = format->open(ctx, frames->paths[file], frames->has_raw ? &frames->raw : NULL, facts,
                              &frames->state);
    }
    if (status != BP_OK) {
        frames->state = NULL;
        return bp_fail_in(ctx, status, "%s", frames->paths[file]);
    }
    return BP_OK;
}

static const char *print_shape(const bp_frames_facts *facts, size_t from, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = from; i < facts->rank && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%zu", i > from ? "x" : "", facts->shape[i]);
    return text;
}

/* Axes that must be the same in all files: those of the frame, and where files get an axis of their own, all.
 */
static size_t first_common_axis(const bp_frames *frames, const bp_frames_facts *facts)
{
    return frames->format->stacks ? facts->rank - facts->frame_rank : 0;
}

static bp_status check_same(bp_context *ctx, const bp_frames *frames, const bp_frames_facts *first,
                            const bp_frames_facts *facts, size_t file)
{
    char here[256], there[256];
    size_t axis = first_common_axis(frames, first);
    bool same =
        facts->dtype == first->dtype && facts->rank == first->rank &&
        facts->frame_rank == first->frame_rank &&
        memcmp(facts->shape + axis, first->shape + axis, (first->rank - axis) * sizeof first->shape[0]) == 0;
    if (same)
        return BP_OK;
    return bp_fail(ctx, BP_E_UNSUPPORTED, "%s: %s %s where %s has %s %s; the files of a series must agree",
                   frames->paths[file],
                   print_shape(facts, first_common_axis(frames, facts), here, sizeof here),
                   bp_dtype_name(facts->dtype), frames->paths[0],
                   print_shape(first, axis, there, sizeof there), bp_dtype_name(first->dtype));
}

/* Reads the facts of every file; the shape of the series follows. */
static bp_status scan_files(bp_context *ctx, bp_frames *frames)
{
    bp_frames_facts first = {0}, facts;
    size_t shape[BP_MAX_RANK + 1] = {0};
    uint64_t count = 0;
    bp_status status;
    for (size_t i = 0; i < frames->path_count; i++) {
        if (bp_context_cancelled(ctx))
            return bp_fail(ctx, BP_E_INTERRUPTED, "interrupted");
        if ((status = open_file(ctx, frames, i, &facts)) != BP_OK)
            return status;
        if (i == 0)
            first = facts;
        else if ((status = check_same(ctx, frames, &first, &facts, i)) != BP_OK)
            return status;
        frames->first[i] = count;
        if (__builtin_add_overflow(count, facts.count, &count))
            return bp_fail(ctx, BP_E_UNSUPPORTED, "%s: too many frames", frames->paths[i]);
    }
    frames->first[frames->path_count] = count;
    frames->facts = first;
    if (frames->path_count == 1)
        return BP_OK;
    if (!frames->format->stacks && first.rank == BP_MAX_RANK)
        return bp_fail(ctx, BP_E_UNSUPPORTED, "%s: a series of arrays with %d axes has one too many",
                       frames->paths[0], BP_MAX_RANK);
    size_t axes = frames->format->stacks ? first.frame_rank : first.rank;
    if (bp_size_from_u64(frames->format->stacks ? count : frames->path_count, &shape[0]))
        return bp_fail(ctx, BP_E_UNSUPPORTED, "%s: too many frames", frames->paths[0]);
    memcpy(shape + 1, first.shape + first.rank - axes, axes * sizeof shape[0]);
    return bp_frames_set_shape(ctx, &frames->facts, axes + 1, shape, first.frame_rank);
}

bp_status bp_frames_open(bp_context *ctx, const char *const *paths, size_t path_count,
                         const bp_frames_raw *raw, bp_frames **result)
{
    *result = NULL;
    bp_frames *frames = calloc(1, sizeof *frames);
    if (!frames)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for a series of frames");
    if (raw) {
        frames->has_raw = true;
        frames->raw = *raw;
    }
    bp_status status = bp_frames_expand(ctx, paths, path_count, &frames->paths, &frames->path_count);
    if (status == BP_OK) {
        frames->first = calloc(frames->path_count + 1, sizeof *frames->first);
        if (!frames->first)
            status = bp_fail(ctx, BP_E_MEMORY, "no memory for %zu file names", frames->path_count);
    }
    if (status == BP_OK)
        status = scan_files(ctx, frames);
    if (status != BP_OK) {
        bp_frames_close(frames);
        return status;
    }
    *result = frames;
    return BP_OK;
}

void bp_frames_close(bp_frames *frames)
{
    if (!frames)
        return;
    close_file(frames);
    bp_frames_free_paths(frames->paths, frames->path_count);
    free(frames->first);
    free(frames->whole);
    free(frames);
}

const bp_frames_facts *bp_frames_get_facts(const bp_frames *frames)
{
    return &frames->facts;
}

size_t bp_frames_file_count(const bp_frames *frames)
{
    return frames->path_count;
}

const char *bp_frames_file(const bp_frames *frames, size_t index)
{
    return frames->paths[index];
}

uint64_t bp_frames_first_of(const bp_frames *frames, size_t index)
{
    return frames->first[index];
}

bool bp_frames_has_headers(const bp_frames *frames)
{
    return frames->format->header != NULL;
}

size_t bp_frames_file_of(const bp_frames *frames, uint64_t frame)
{
    size_t low = 0, high = frames->path_count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (frames->first[middle] <= frame)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* Opens the file of a frame and checks that it still is what it was. */
static bp_status go_to(bp_context *ctx, bp_frames *frames, uint64_t frame, size_t *file)
{
    bp_frames_facts facts;
    if (frame >= frames->facts.count)
        return bp_fail(ctx, BP_E_INTERNAL, "frame %" PRIu64 " of %" PRIu64, frame, frames->facts.count);
    *file = bp_frames_file_of(frames, frame);
    if (frames->state && frames->open_file == *file)
        return BP_OK;
    bp_status status = open_file(ctx, frames, *file, &facts);
    if (status != BP_OK)
        return status;
    if (facts.dtype != frames->facts.dtype || facts.frame_bytes != frames->facts.frame_bytes ||
        facts.count != frames->first[*file + 1] - frames->first[*file]) {
        close_file(frames);
        return bp_fail(ctx, BP_E_INPUT, "%s: changed while it was read", frames->paths[*file]);
    }
    return BP_OK;
}

bp_status bp_frames_read(bp_context *ctx, bp_frames *frames, uint64_t frame, void *values)
{
    size_t file;
    bp_status status = go_to(ctx, frames, frame, &file);
    if (status != BP_OK)
        return status;
    status = frames->format->read(ctx, frames->state, frame - frames->first[file], values);
    if (status != BP_OK)
        return bp_fail_in(ctx, status, "%s: frame %" PRIu64, frames->paths[file],
                          frame - frames->first[file]);
    return BP_OK;
}

static bp_status keep_whole(bp_context *ctx, bp_frames *frames, uint64_t frame)
{
    if (frames->has_whole && frames->whole_frame == frame)
        return BP_OK;
    if (!frames->whole)
        frames->whole = malloc(frames->facts.frame_bytes);
    if (!frames->whole)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for a frame of %zu bytes", frames->facts.frame_bytes);
    bp_status status = bp_frames_read(ctx, frames, frame, frames->whole);
    frames->has_whole = status == BP_OK;
    frames->whole_frame = frame;
    return status;
}

bp_status bp_frames_read_rows(bp_context *ctx, bp_frames *frames, uint64_t frame, size_t first, size_t rows,
                              void *values)
{
    const bp_frames_facts *facts = &frames->facts;
    size_t all = facts->frame_rank ? facts->shape[facts->rank - facts->frame_rank] : 1, file;
    if (rows > all || first > all - rows)
        return bp_fail(ctx, BP_E_INTERNAL, "rows %zu to %zu of %zu", first, first + rows, all);
    if (rows == all)
        return bp_frames_read(ctx, frames, frame, values);
    size_t row = facts->frame_bytes / all;
    if (!frames->format->read_part) {
        bp_status status = keep_whole(ctx, frames, frame);
        if (status == BP_OK)
            memcpy(values, frames->whole + first * row, rows * row);
        return status;
    }
    bp_status status = go_to(ctx, frames, frame, &file);
    if (status != BP_OK)
        return status;
    frame -= frames->first[file];
    status = frames->format->read_part(ctx, frames->state, frame, first * row, rows * row, values);
    if (status != BP_OK)
        return bp_fail_in(ctx, status, "%s: frame %" PRIu64, frames->paths[file], frame);
    return BP_OK;
}

bp_status bp_frames_header(bp_context *ctx, bp_frames *frames, uint64_t frame, char **text)
{
    size_t file;
    *text = NULL;
    if (!frames->format->header)
        return BP_OK;
    bp_status status = go_to(ctx, frames, frame, &file);
    if (status != BP_OK)
        return status;
    status = frames->format->header(ctx, frames->state, frame - frames->first[file], text);
    if (status != BP_OK)
        return bp_fail_in(ctx, status, "%s: header of frame %" PRIu64, frames->paths[file],
                          frame - frames->first[file]);
    return BP_OK;
}
