/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "beampress/chunk.h"
#include "io/frames.h"
#include "io/hdf5_chunks.h"
#include "io/hdf5_file.h"
#include "io/hdf5_inspect.h"
#include "io/hdf5_links.h"
#include "io/hdf5_nexus.h"
#include "io/hdf5_source.h"
#include "io/hdf5_tree.h"

void bp_file_facts_fini(bp_file_facts *facts)
{
    for (size_t i = 0; i < facts->dataset_count; i++)
        free(facts->datasets[i].path);
    for (size_t i = 0; i < facts->target_count; i++) {
        free(facts->targets[i].object);
        free(facts->targets[i].name);
    }
    free(facts->datasets);
    free(facts->targets);
    memset(facts, 0, sizeof *facts);
}

static bp_status no_memory(bp_context *ctx)
{
    return bp_fail(ctx, BP_E_MEMORY, "no memory");
}

static void name_type(bp_dataset_facts *d, hid_t type)
{
    static const char *const classes[] = {
        [H5T_INTEGER] = "integer",      [H5T_FLOAT] = "float",         [H5T_TIME] = "time",
        [H5T_STRING] = "string",        [H5T_BITFIELD] = "bitfield",   [H5T_OPAQUE] = "opaque",
        [H5T_COMPOUND] = "compound",    [H5T_REFERENCE] = "reference", [H5T_ENUM] = "enum",
        [H5T_VLEN] = "variable length", [H5T_ARRAY] = "array"};
    H5T_class_t class = H5Tget_class(type);
    const char *name = d->dtype != BP_OPAQUE                        ? bp_dtype_name(d->dtype)
                       : class >= H5T_INTEGER && class <= H5T_ARRAY ? classes[class]
                                                                    : "unknown";
    snprintf(d->type_name, sizeof d->type_name, "%s", name);
}

static void take_layout(bp_dataset_facts *d, hid_t dataset, hid_t space)
{
    hid_t dcpl = H5Dget_create_plist(dataset);
    switch (H5Pget_layout(dcpl)) {
    case H5D_COMPACT:
        d->layout = "compact";
        break;
    case H5D_CHUNKED:
        d->layout = "chunked";
        break;
    case H5D_VIRTUAL:
        d->layout = "virtual";
        break;
    default:
        d->layout = H5Pget_external_count(dcpl) > 0 ? "external" : "contiguous";
    }
    if (H5Sget_simple_extent_type(space) == H5S_NULL) {
        d->layout = "empty";
        d->raw_bytes = 0;
    }
    bp_h5_release(&dcpl);
}

/* The mark that lossy output carries: one text. */
static void take_lossy(bp_dataset_facts *d, hid_t dataset)
{
    if (H5Aexists(dataset, "beampress_lossy") <= 0)
        return;
    hid_t attribute = H5Aopen(dataset, "beampress_lossy", H5P_DEFAULT), type = H5Aget_type(attribute);
    hid_t space = H5Aget_space(attribute), memory = H5Tcopy(H5T_C_S1);
    char *text = NULL;
    snprintf(d->lossy, sizeof d->lossy, "yes");
    if (H5Tget_class(type) == H5T_STRING && H5Sget_simple_extent_npoints(space) == 1) {
        H5Tset_cset(memory, H5Tget_cset(type));
        if (H5Tis_variable_str(type) > 0) {
            H5Tset_size(memory, H5T_VARIABLE);
            if (H5Aread(attribute, memory, &text) >= 0 && text)
                snprintf(d->lossy, sizeof d->lossy, "%s", text);
            H5free_memory(text);
        } else if (H5Tset_size(memory, sizeof d->lossy) >= 0) {
            /* HDF5 cuts, and ends the text with 0 */
            if (H5Aread(attribute, memory, d->lossy) < 0)
                snprintf(d->lossy, sizeof d->lossy, "yes");
        }
    }
    bp_h5_release(&memory);
    bp_h5_release(&space);
    bp_h5_release(&type);
    bp_h5_release(&attribute);
}

static void take_filters(bp_dataset_facts *d, const bp_h5_source *source)
{
    enum { PACKER_WORD = 4, PACKER_ZSTD = 3 }; /* cd_values of filter 32008 */
    bp_filters_print(&source->pipeline, d->filters, sizeof d->filters);
    d->lossy_filter = bp_filters_lossy(&source->pipeline, source->dtype >= BP_F16);
    for (size_t i = 0; i < source->pipeline.count; i++) {
        const bp_filter *filter = &source->pipeline.filters[i];
        d->own |= filter->id == BP_HDF5_FILTER_ID;
        d->bszstd |= filter->id == BP_FILTER_BITSHUFFLE && filter->word_count > PACKER_WORD &&
                     filter->words[PACKER_WORD] == PACKER_ZSTD;
    }
    for (size_t i = 0; source->chunked && i < source->rank; i++)
        d->chunk[i] = source->chunk.shape[i];
    d->chunk_rank = source->chunked ? source->rank : 0;
}

static void take_chunk_count(bp_dataset_facts *d, hid_t dataset)
{
    bp_h5_grid grid;
    if (d->chunk_rank && bp_h5_grid_read(NULL, dataset, &grid) == BP_OK && !bp_h5_grid_is_slow(&grid))
        d->stored_chunks = grid.stored;
}

static void take_detector(bp_dataset_facts *d, const bp_h5_nexus *nexus, hid_t dataset)
{
    d->image = bp_h5_nexus_is_image(nexus, dataset);
    const bp_h5_detector *detector = d->image ? bp_h5_nexus_detector(nexus, dataset) : NULL;
    if (!detector)
        return;
    bp_detector_facts *facts = &d->detector;
    facts->known = true;
    snprintf(facts->path, sizeof facts->path, "%s", detector->path);
    snprintf(facts->mask, sizeof facts->mask, "%s", detector->mask ? detector->mask : "");
    facts->saturation_value = detector->saturation_value;
    facts->underload_value = detector->underload_value;
    facts->bit_depth_readout = detector->bit_depth_readout;
    facts->count_time = detector->count_time;
    facts->x_pixel_size = detector->x_pixel_size;
    facts->y_pixel_size = detector->y_pixel_size;
    facts->has_keys = detector->image_key != NULL;
    for (size_t i = 0; i < BP_IMAGE_KEYS; i++)
        facts->key_frames[i] = detector->key_frames[i];
}

static bp_status look_at_dataset(bp_context *ctx, hid_t dataset, const bp_h5_nexus *nexus,
                                 bp_dataset_facts *d)
{
    bp_h5_source source;
    bp_status status = bp_h5_source_init(ctx, dataset, &source);
    if (status == BP_OK) {
        d->dtype = source.dtype;
        d->itemsize = source.itemsize;
        d->rank = source.rank;
        d->raw_bytes = source.bytes;
        d->stored_bytes = H5Dget_storage_size(dataset);
        for (size_t i = 0; i < source.rank; i++)
            d->shape[i] = source.shape[i];
        name_type(d, source.type);
        take_layout(d, dataset, source.space);
        take_filters(d, &source);
        take_lossy(d, dataset);
        take_chunk_count(d, dataset);
        take_detector(d, nexus, dataset);
    }
    bp_h5_source_fini(&source);
    return status;
}

static bp_status look_at_object(bp_context *ctx, hid_t file, const bp_h5_tree *tree, size_t index,
                                const bp_h5_nexus *nexus, bp_file_facts *facts)
{
    bp_dataset_facts *all = realloc(facts->datasets, (facts->dataset_count + 1) * sizeof *all);
    if (!all)
        return no_memory(ctx);
    facts->datasets = all;
    bp_dataset_facts *d = &all[facts->dataset_count];
    memset(d, 0, sizeof *d);
    d->path = bp_h5_tree_path(tree, index);
    if (!d->path)
        return no_memory(ctx);
    facts->dataset_count++;
    hid_t dataset = H5Oopen_by_addr(file, tree->objects[index].address);
    bp_status status = dataset < 0 ? bp_h5_fail(ctx, BP_E_DAMAGED, "cannot be opened")
                                   : look_at_dataset(ctx, dataset, nexus, d);
    bp_h5_release(&dataset);
    return status == BP_OK ? BP_OK : bp_fail_in(ctx, status, "%s", d->path);
}

static int compare_paths(const void *a, const void *b)
{
    const bp_dataset_facts *one = a, *other = b;
    return strcmp(one->path, other->path);
}

static bp_status look_at_file(bp_context *ctx, hid_t file, bp_file_facts *facts)
{
    bp_h5_tree tree = {0};
    bp_h5_nexus *nexus = NULL;
    bp_status status = bp_h5_tree_read(ctx, file, &tree);
    if (status == BP_OK)
        status = bp_h5_nexus_read(ctx, file, &nexus);
    for (size_t i = 0; status == BP_OK && i < tree.count; i++)
        if (tree.objects[i].type == H5O_TYPE_DATASET)
            status = look_at_object(ctx, file, &tree, i, nexus, facts);
    if (facts->dataset_count)
        qsort(facts->datasets, facts->dataset_count, sizeof *facts->datasets, compare_paths);
    bp_h5_nexus_free(nexus);
    bp_h5_tree_fini(&tree);
    return status;
}

static bp_status take_targets(bp_context *ctx, const char *path, bp_file_facts *facts)
{
    static const char *const kinds[] = {
        [BP_H5_TARGET_LINK] = "link", [BP_H5_TARGET_VIRTUAL] = "virtual", [BP_H5_TARGET_RAW] = "raw"};
    bp_h5_target_list list = {0};
    bp_status status = bp_h5_list_targets(ctx, path, &list);
    if (status == BP_OK && list.count) {
        facts->targets = calloc(list.count, sizeof *facts->targets);
        if (!facts->targets)
            status = no_memory(ctx);
    }
    for (size_t i = 0; status == BP_OK && i < list.count; i++) {
        const bp_h5_target *from = &list.targets[i];
        facts->targets[i] =
            (bp_target_facts){strdup(from->object), strdup(from->name), kinds[from->kind], from->exists};
        facts->target_count++;
        if (!facts->targets[i].object || !facts->targets[i].name)
            status = no_memory(ctx);
    }
    bp_h5_target_list_fini(&list);
    return status;
}

static bp_status inspect_hdf5(bp_context *ctx, const char *path, bp_file_facts *facts)
{
    hid_t file;
    bp_status status = bp_h5_open(ctx, path, &file);
    if (status != BP_OK)
        return status;
    bp_h5_quiet quiet;
    bp_h5_quiet_begin(&quiet);
    status = look_at_file(ctx, file, facts);
    bp_h5_release(&file);
    bp_h5_quiet_end(&quiet);
    if (status != BP_OK)
        return bp_fail_in(ctx, status, "%s", path);
    return take_targets(ctx, path, facts);
}

static bp_status inspect_frames(bp_context *ctx, const char *path, bp_file_facts *facts)
{
    bp_frames *frames;
    bp_status status = bp_frames_open(ctx, &path, 1, NULL, &frames);
    if (status != BP_OK)
        return status;
    const bp_frames_facts *from = bp_frames_get_facts(frames);
    bp_dataset_facts *d = facts->datasets = calloc(1, sizeof *d);
    if (d && (d->path = strdup("/")) != NULL) {
        facts->dataset_count = 1;
        facts->format = from->format;
        d->dtype = from->dtype;
        d->itemsize = bp_dtype_size(from->dtype);
        d->rank = from->rank;
        d->raw_bytes = from->count * from->frame_bytes;
        d->stored_bytes = facts->bytes;
        d->layout = from->format;
        for (size_t i = 0; i < from->rank; i++)
            d->shape[i] = from->shape[i];
        snprintf(d->type_name, sizeof d->type_name, "%s", bp_dtype_name(from->dtype));
        snprintf(d->filters, sizeof d->filters, "none");
        d->image = true; /* nothing else comes in these formats */
    } else {
        status = no_memory(ctx);
    }
    bp_frames_close(frames);
    return status;
}

bp_status bp_inspect_file(bp_context *ctx, const char *path, bp_file_facts *facts)
{
    struct stat st;
    memset(facts, 0, sizeof *facts);
    facts->format = "hdf5";
    facts->bytes = stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
    bp_frames *probe = NULL;
    bp_status status = BP_E_INPUT;
    if (!bp_h5_is_hdf5(path))
        status = bp_frames_open(NULL, &path, 1, NULL, &probe);
    bp_frames_close(probe);
    if (status == BP_E_INPUT) /* also for the better message of a file that is nothing */
        return inspect_hdf5(ctx, path, facts);
    return inspect_frames(ctx, path, facts);
}

bool bp_file_is_hdf5(const char *file)
{
    return bp_h5_is_hdf5(file);
}

bool bp_file_is_data(const char *file)
{
    static const char *const suffixes[] = {".h5", ".hdf5", ".hdf", ".nxs", ".nx5", ".cxi"};
    const char *dot = strrchr(file, '.');
    for (size_t i = 0; dot && i < sizeof suffixes / sizeof suffixes[0]; i++)
        if (strcmp(dot, suffixes[i]) == 0)
            return true;
    bp_frames *frames = NULL;
    if (bp_h5_is_hdf5(file))
        return true;
    bool frame = bp_frames_open(NULL, &file, 1, NULL, &frames) == BP_OK &&
                 strcmp(bp_frames_get_facts(frames)->format, "csv") != 0;
    bp_frames_close(frames);
    return frame;
}
