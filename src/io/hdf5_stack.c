/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/hdf5_stack.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "algo/values.h"
#include "base/checked.h"
#include "io/frames.h"
#include "io/hdf5_file.h"
#include "io/hdf5_gather.h"
#include "io/hdf5_geometry.h"
#include "io/hdf5_inspect.h"
#include "io/hdf5_nexus.h"
#include "io/hdf5_one_dataset.h"
#include "io/hdf5_read_small.h"
#include "io/hdf5_sample.h"

#define CHUNK_MEMORY ((size_t)64 << 20)
#define PLAIN_CHUNK  ((size_t)1 << 20) /* smaller ones go through a cache of HDF5 */

struct bp_stack {
    bp_stack_facts facts;
    char *file, *path;
    hid_t id, dataset;
    bp_h5_source source;
    bp_h5_gather *gather; /* NULL where HDF5 decodes */
    bp_frames *frames;    /* of a file that is no HDF5 */
    uint8_t *room;
    size_t room_bytes;
};

/* The last two axes are a frame. */
static bp_status fold(bp_context *ctx, bp_stack_facts *f)
{
    size_t pixels;
    if (f->dtype == BP_OPAQUE || f->rank == 0)
        return bp_fail(ctx, BP_E_UNSUPPORTED, "is no array of numbers");
    f->columns = (size_t)f->shape[f->rank - 1];
    f->rows = f->rank > 1 ? (size_t)f->shape[f->rank - 2] : 1;
    f->frames = 1;
    for (size_t i = 0; i + 2 < f->rank; i++)
        f->frames *= f->shape[i];
    if (bp_mul_overflows(f->rows, f->columns, &pixels) || pixels > SIZE_MAX / 64)
        return bp_fail(ctx, BP_E_UNSUPPORTED, "its frames are too large");
    return f->frames == 0 || pixels == 0 ? bp_fail(ctx, BP_E_INPUT, "is empty") : BP_OK;
}

static bp_status find_detector(bp_context *ctx, bp_stack *s)
{
    bp_h5_nexus *nexus;
    bp_status status = bp_h5_nexus_read(ctx, s->id, &nexus);
    if (status != BP_OK)
        return status;
    const bp_h5_detector *detector = bp_h5_nexus_detector(nexus, s->dataset);
    if (detector && detector->mask)
        snprintf(s->facts.mask, sizeof s->facts.mask, "%s", detector->mask);
    s->facts.has_geometry = detector != NULL;
    if (detector)
        bp_h5_geometry_read(s->id, detector->path, &s->facts.geometry);
    bp_h5_nexus_free(nexus);
    return BP_OK;
}

/* Chunks of values as they are, that HDF5 reads in one go to where they are wanted. */
static bool is_plain(const bp_h5_source *source)
{
    return source->pipeline.count == 0 && bp_array_bytes(&source->chunk) >= PLAIN_CHUNK;
}

static bp_status open_dataset(bp_context *ctx, bp_stack *s, const char *dataset, unsigned threads)
{
    bp_file_options options;
    bp_file_options_init(&options);
    options.datasets = dataset ? &dataset : NULL;
    options.dataset_count = dataset ? 1 : 0;
    bp_status status = bp_h5_find_one_dataset(ctx, s->id, s->file, &options, &s->path);
    if (status != BP_OK)
        return status;
    s->dataset = H5Dopen2(s->id, s->path, H5P_DEFAULT);
    if (s->dataset < 0)
        return bp_h5_fail(ctx, BP_E_INPUT, "%s: there is no such dataset", s->path);
    status = bp_h5_source_init(ctx, s->dataset, &s->source);
    if (status != BP_OK)
        return bp_fail_in(ctx, status, "%s", s->path);
    s->facts.dtype = s->source.dtype;
    s->facts.rank = s->source.rank;
    for (size_t i = 0; i < s->source.rank; i++)
        s->facts.shape[i] = s->source.shape[i];
    status = fold(ctx, &s->facts);
    if (status == BP_OK && s->source.direct && !is_plain(&s->source))
        status = bp_h5_gather_new(ctx, &s->source, threads, CHUNK_MEMORY, &s->gather);
    s->facts.path = s->path;
    s->facts.decoded = s->source.pipeline.count > 0;
    s->facts.simulated = H5Aexists(s->id, "SIMULATED") > 0;
    if (status == BP_OK)
        status = find_detector(ctx, s);
    return status == BP_OK ? BP_OK : bp_fail_in(ctx, status, "%s: %s", s->file, s->path);
}

static bp_status open_frames(bp_context *ctx, bp_stack *s)
{
    const char *path = s->file;
    bp_status status = bp_frames_open(ctx, &path, 1, NULL, &s->frames);
    if (status != BP_OK)
        return status;
    const bp_frames_facts *f = bp_frames_get_facts(s->frames);
    s->facts.dtype = f->dtype;
    s->facts.rank = f->rank;
    for (size_t i = 0; i < f->rank; i++)
        s->facts.shape[i] = f->shape[i];
    s->facts.path = "/";
    s->facts.decoded = true;
    return f->frame_rank > 2 ? bp_fail(ctx, BP_E_UNSUPPORTED, "its frames have %zu axes", f->frame_rank)
                             : fold(ctx, &s->facts);
}

bp_status bp_stack_open(bp_context *ctx, const char *file, const char *dataset, unsigned threads,
                        bp_stack **stack)
{
    bp_stack *s = calloc(1, sizeof *s);
    *stack = NULL;
    if (!s || !(s->file = strdup(file))) {
        free(s);
        return bp_fail(ctx, BP_E_MEMORY, "no memory");
    }
    s->id = s->dataset = H5I_INVALID_HID;
    bp_status status;
    if (bp_file_is_hdf5(file)) {
        bp_h5_quiet quiet;
        bp_h5_quiet_begin(&quiet);
        status = bp_h5_open(ctx, file, &s->id);
        if (status == BP_OK)
            status = open_dataset(ctx, s, dataset, threads);
        bp_h5_quiet_end(&quiet);
    } else {
        status = open_frames(ctx, s);
    }
    if (status != BP_OK) {
        bp_stack_close(s);
        return status;
    }
    *stack = s;
    return BP_OK;
}

void bp_stack_close(bp_stack *s)
{
    if (!s)
        return;
    bp_h5_gather_free(s->gather);
    if (s->dataset >= 0)
        bp_h5_source_fini(&s->source);
    bp_h5_release(&s->dataset);
    bp_h5_release(&s->id);
    bp_frames_close(s->frames);
    free(s->room);
    free(s->path);
    free(s->file);
    free(s);
}

const bp_stack_facts *bp_stack_get_facts(const bp_stack *stack)
{
    return &stack->facts;
}

/* Where frame `first` begins, and how many frames from there on stand side by side along one axis. */
static size_t locate(const bp_stack *s, uint64_t first, size_t count, hsize_t *offset, size_t *shape)
{
    size_t rank = s->facts.rank;
    for (size_t i = rank; i-- > 0;) {
        bool inside = i + 2 >= rank;
        shape[i] = inside ? (size_t)s->facts.shape[i] : 1;
        offset[i] = inside ? 0 : first % s->facts.shape[i];
        first = inside ? first : first / s->facts.shape[i];
    }
    if (rank < 3)
        return 1;
    hsize_t left = s->facts.shape[rank - 3] - offset[rank - 3];
    return shape[rank - 3] = left < count ? (size_t)left : count;
}

static bp_status need_room(bp_context *ctx, bp_stack *s, size_t bytes)
{
    if (bytes <= s->room_bytes)
        return BP_OK;
    free(s->room);
    s->room = malloc(bytes);
    s->room_bytes = s->room ? bytes : 0;
    return s->room ? BP_OK : bp_fail(ctx, BP_E_MEMORY, "no memory for %zu bytes of frames", bytes);
}

/* Some of the frames that were asked for, at least one, as the machine has them; *done says how many. */
static bp_status read_some(bp_context *ctx, bp_stack *s, uint64_t first, size_t count, uint8_t *at,
                           size_t *done)
{
    hsize_t offset[BP_MAX_RANK] = {0};
    size_t shape[BP_MAX_RANK] = {0}, pixels = s->facts.rows * s->facts.columns;
    *done = s->frames ? 1 : locate(s, first, count, offset, shape);
    size_t bytes = *done * pixels * bp_dtype_size(s->facts.dtype);
    bp_status status = BP_OK;
    if (s->frames) {
        status = bp_frames_read(ctx, s->frames, first, at);
    } else if (s->gather) {
        bool any;
        status = bp_h5_gather_box(ctx, s->gather, offset, shape, at, &any);
    } else {
        status = bp_h5_source_read_to(ctx, &s->source, offset, shape, at, bytes);
    }
    if (status == BP_OK && !s->frames)
        bp_h5_swap_to_machine(s->source.dtype, s->source.order, at, bytes);
    return status;
}

/* as_double: values are doubles, read a batch at a time; else of the dataset's type. */
static bp_status read_frames(bp_context *ctx, bp_stack *s, uint64_t first, size_t count, void *values,
                             bool as_double)
{
    size_t pixels = s->facts.rows * s->facts.columns, bytes = pixels * bp_dtype_size(s->facts.dtype);
    size_t batch = as_double ? CHUNK_MEMORY / bytes + 1 : count;
    if (first > s->facts.frames || count > s->facts.frames - first)
        return bp_fail(ctx, BP_E_USAGE, "%s: %s: there are only %llu frames", s->file, s->facts.path,
                       (unsigned long long)s->facts.frames);
    bp_h5_quiet quiet;
    bp_h5_quiet_begin(&quiet);
    bp_status status = as_double ? need_room(ctx, s, (batch < count ? batch : count) * bytes) : BP_OK;
    for (size_t done = 0, more; done < count && status == BP_OK; done += more) {
        size_t most = count - done < batch ? count - done : batch;
        uint8_t *at = as_double ? s->room : (uint8_t *)values + done * bytes;
        status = bp_context_cancelled(ctx) ? bp_fail(ctx, BP_E_INTERRUPTED, "interrupted")
                                           : read_some(ctx, s, first + done, most, at, &more);
        if (status != BP_OK)
            break;
        if (as_double)
            bp_values_to_double(s->facts.dtype, at, more * pixels, (double *)values + done * pixels);
    }
    bp_h5_quiet_end(&quiet);
    return status == BP_OK ? BP_OK : bp_fail_in(ctx, status, "%s: %s", s->file, s->facts.path);
}

bp_status bp_stack_read(bp_context *ctx, bp_stack *s, uint64_t first, size_t count, double *values)
{
    return read_frames(ctx, s, first, count, values, true);
}

bp_status bp_stack_read_typed(bp_context *ctx, bp_stack *s, uint64_t first, size_t count, void *values)
{
    return read_frames(ctx, s, first, count, values, false);
}

bp_status bp_stack_mask(bp_context *ctx, bp_stack *s, uint8_t **mask)
{
    bp_sample sample;
    size_t pixels = s->facts.rows * s->facts.columns;
    *mask = NULL;
    if (!*s->facts.mask)
        return BP_OK;
    if (bp_sample_read(ctx, s->file, s->facts.mask, SIZE_MAX / 4, &sample) != BP_OK) {
        bp_log(ctx, BP_LOG_WARNING, "the mask is not used: %s", bp_context_message(ctx));
        return BP_OK;
    }
    size_t rank = sample.array.rank, size = sample.array.itemsize;
    bool fits = bp_array_elements(&sample.array) == pixels && rank >= 2 &&
                sample.array.shape[rank - 1] == s->facts.columns;
    uint8_t *excluded = fits ? calloc(pixels, 1) : NULL;
    const uint8_t *bytes = sample.array.data;
    for (size_t i = 0; excluded && i < pixels; i++)
        for (size_t k = 0; k < size; k++)
            excluded[i] |= bytes[i * size + k] != 0;
    bp_sample_fini(&sample);
    if (!fits)
        bp_log(ctx, BP_LOG_WARNING, "the mask %s does not fit the frames and is not used", s->facts.mask);
    else if (!excluded)
        return bp_fail(ctx, BP_E_MEMORY, "%s: no memory for a mask", s->file);
    *mask = excluded;
    return BP_OK;
}

/* What a search for a dataset by its last name found first. */
typedef struct search {
    const char *name;
    char path[512];
} search;

static herr_t visit(hid_t group, const char *path, const H5O_info_t *info, void *user)
{
    search *s = user;
    const char *last = strrchr(path, '/');
    (void)group;
    if (info->type != H5O_TYPE_DATASET || strcmp(last ? last + 1 : path, s->name) != 0)
        return 0;
    snprintf(s->path, sizeof s->path, "%s", path);
    return 1;
}

/* First beside the frames, then anywhere in the entry that they stand in. */
static bool find_side(const bp_stack *stack, const char *name, char *path, size_t size)
{
    if (*name == '/') {
        snprintf(path, size, "%s", name);
        return H5Oexists_by_name(stack->id, path, H5P_DEFAULT) > 0;
    }
    const char *slash = strrchr(stack->path, '/');
    size_t group = slash ? (size_t)(slash - stack->path) : 0;
    snprintf(path, size, "%.*s/%s", (int)group, stack->path, name);
    if (H5Lexists(stack->id, path, H5P_DEFAULT) > 0)
        return true;
    const char *end = strchr(stack->path + 1, '/');
    search s = {.name = name};
    char entry[512];
    snprintf(entry, sizeof entry, "%.*s", end ? (int)(end - stack->path) : 1, end ? stack->path : "/");
    if (H5Ovisit_by_name2(stack->id, entry, H5_INDEX_NAME, H5_ITER_INC, visit, &s, H5O_INFO_BASIC,
                          H5P_DEFAULT) <= 0)
        return false;
    snprintf(path, size, "%s/%s", strcmp(entry, "/") == 0 ? "" : entry, s.path);
    return true;
}

/* A number that is no array. */
static bool read_scalar(const bp_stack *s, const char *path, double *value)
{
    hid_t dataset = H5Dopen2(s->id, path, H5P_DEFAULT);
    hid_t space = dataset < 0 ? H5I_INVALID_HID : H5Dget_space(dataset);
    bool read = space >= 0 && H5Sget_simple_extent_type(space) == H5S_SCALAR &&
                H5Dread(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, value) >= 0;
    bp_h5_release(&space);
    bp_h5_release(&dataset);
    return read;
}

bp_status bp_stack_side(bp_context *ctx, bp_stack *s, const char *name, double **values, size_t *count)
{
    char path[1024];
    bp_sample sample;
    *values = NULL;
    *count = 0;
    if (s->frames)
        return BP_OK;
    bp_h5_quiet quiet;
    bp_h5_quiet_begin(&quiet);
    bool found = find_side(s, name, path, sizeof path);
    double number;
    bool scalar = found && read_scalar(s, path, &number);
    bp_h5_quiet_end(&quiet);
    if (!found)
        return BP_OK;
    if (scalar) {
        *values = malloc(sizeof **values);
        *count = *values != NULL;
        if (*values)
            **values = number;
        return *values ? BP_OK : bp_fail(ctx, BP_E_MEMORY, "no memory for %s", path);
    }
    bp_status status = bp_sample_read(ctx, s->file, path, SIZE_MAX / 4, &sample);
    if (status != BP_OK)
        return status;
    *count = bp_array_elements(&sample.array);
    *values = malloc((*count + 1) * sizeof **values);
    if (*values)
        bp_values_to_double(sample.array.dtype, sample.array.data, *count, *values);
    else
        status = bp_fail(ctx, BP_E_MEMORY, "%s: no memory for %s", s->file, path);
    bp_sample_fini(&sample);
    return status;
}

bp_status bp_stack_beside(bp_context *ctx, bp_stack *s, const char *name, bp_sample *sample, bool *found)
{
    char path[1024];
    *found = false;
    memset(sample, 0, sizeof *sample);
    char file[1024];
    const char *colon = strstr(name, ":/");
    snprintf(file, sizeof file, "%.*s", colon ? (int)(colon - name) : 0, name);
    if (colon && (*name != '/' || access(file, F_OK) == 0)) {
        *found = true;
        return bp_sample_read(ctx, file, colon + 1, SIZE_MAX / 4, sample);
    }
    if (s->frames)
        return *name == '/' ? bp_fail(ctx, BP_E_INPUT, "%s: there is no dataset %s", s->file, name) : BP_OK;
    bp_h5_quiet quiet;
    bp_h5_quiet_begin(&quiet);
    bool there = find_side(s, name, path, sizeof path);
    bp_h5_quiet_end(&quiet);
    if (!there && *name == '/')
        return bp_fail(ctx, BP_E_INPUT, "%s: there is no dataset %s", s->file, name);
    if (!there)
        return BP_OK;
    *found = true;
    return bp_sample_read(ctx, s->file, path, SIZE_MAX / 4, sample);
}

bp_status bp_stack_read_detector(bp_context *ctx, bp_stack *s, bp_stack_detector *facts)
{
    *facts = (bp_stack_detector){NAN, NAN, NAN, {NAN, NAN}, {NAN, NAN}, NULL};
    if (s->frames)
        return BP_OK;
    bp_h5_nexus *nexus;
    bp_h5_quiet quiet;
    bp_h5_quiet_begin(&quiet);
    bp_status status = bp_h5_nexus_read(ctx, s->id, &nexus);
    const bp_h5_detector *d = status == BP_OK ? bp_h5_nexus_detector(nexus, s->dataset) : NULL;
    if (d) {
        facts->saturation = d->saturation_value;
        facts->underload = d->underload_value;
        facts->count_time = d->count_time;
        facts->pixel_size[0] = d->y_pixel_size;
        facts->pixel_size[1] = d->x_pixel_size;
        hid_t group = H5Gopen2(s->id, d->path, H5P_DEFAULT);
        if (group >= 0) {
            double rows = bp_h5_pixel_in_unit_of(group, "beam_center_y", "y_pixel_size");
            double columns = bp_h5_pixel_in_unit_of(group, "beam_center_x", "x_pixel_size");
            facts->beam_centre[0] = bp_h5_dataset_number(group, "beam_center_y") / (rows == 0 ? 1 : rows);
            facts->beam_centre[1] =
                bp_h5_dataset_number(group, "beam_center_x") / (columns == 0 ? 1 : columns);
        }
        bp_h5_release(&group);
        if (d->image_key && d->image_key_count == s->facts.frames) {
            facts->image_key = malloc(d->image_key_count);
            if (!facts->image_key)
                status = bp_fail(ctx, BP_E_MEMORY, "%s: no memory for image_key", s->file);
            else
                memcpy(facts->image_key, d->image_key, d->image_key_count);
        }
    }
    if (status == BP_OK)
        bp_h5_nexus_free(nexus);
    bp_h5_quiet_end(&quiet);
    return status;
}
