/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "io/hdf5_file.h"
#include "io/hdf5_sample.h"

void bp_names_fini(bp_names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->items[i]);
    free(names->items);
    *names = (bp_names){NULL, 0};
}

void bp_sample_fini(bp_sample *sample)
{
    free(sample->array.data);
    memset(sample, 0, sizeof *sample);
}

/* BP_OPAQUE when the type is no plain number of a size that we know. */
static bp_dtype dtype_of(hid_t type)
{
    size_t size = H5Tget_size(type);
    H5T_class_t class = H5Tget_class(type);
    for (unsigned d = BP_U8; d < BP_DTYPE_COUNT; d++) {
        bool integer = d < BP_F16, is_signed = d >= BP_I8 && integer;
        if (bp_dtype_size((bp_dtype)d) != size || class != (integer ? H5T_INTEGER : H5T_FLOAT))
            continue;
        if (integer && (H5Tget_sign(type) == H5T_SGN_2) != is_signed)
            continue;
        if (!integer && H5Tget_precision(type) != 8 * size)
            continue;
        return (bp_dtype)d;
    }
    return BP_OPAQUE;
}

typedef struct listing {
    bp_names *names;
    uint64_t min_bytes;
    bool no_memory;
} listing;

static herr_t add_dataset(hid_t file, const char *name, const H5O_info_t *info, void *user)
{
    listing *list = user;
    if (info->type != H5O_TYPE_DATASET)
        return 0;
    hid_t dataset = H5Dopen2(file, name, H5P_DEFAULT);
    if (dataset < 0)
        return 0;
    hid_t type = H5Dget_type(dataset), space = H5Dget_space(dataset);
    hssize_t elements = H5Sget_simple_extent_npoints(space);
    bool wanted = dtype_of(type) != BP_OPAQUE && H5Sget_simple_extent_ndims(space) > 0 && elements > 0 &&
                  (uint64_t)elements >= list->min_bytes / H5Tget_size(type);
    bp_h5_release(&space);
    bp_h5_release(&type);
    bp_h5_release(&dataset);
    if (!wanted)
        return 0;
    char **items = realloc(list->names->items, (list->names->count + 1) * sizeof *items);
    char *path = malloc(strlen(name) + 2);
    if (items)
        list->names->items = items;
    if (!items || !path) {
        free(path);
        list->no_memory = true;
        return -1;
    }
    path[0] = '/';
    memcpy(path + 1, name, strlen(name) + 1);
    items[list->names->count++] = path;
    return 0;
}

bp_status bp_sample_datasets(bp_context *ctx, const char *file, uint64_t min_bytes, bp_names *names)
{
    hid_t id;
    *names = (bp_names){NULL, 0};
    bp_status status = bp_h5_open(ctx, file, &id);
    if (status != BP_OK)
        return status;
    bp_h5_quiet quiet;
    bp_h5_quiet_begin(&quiet);
    listing list = {names, min_bytes, false};
    if (H5Ovisit2(id, H5_INDEX_NAME, H5_ITER_INC, add_dataset, &list, H5O_INFO_BASIC) < 0)
        status = list.no_memory ? bp_fail(ctx, BP_E_MEMORY, "%s: no memory", file)
                                : bp_h5_fail(ctx, BP_E_DAMAGED, "%s: its groups cannot be read", file);
    bp_h5_quiet_end(&quiet);
    bp_h5_release(&id);
    return status;
}

/* The leading part of shape that fits max_bytes and is contiguous in C order: whole axes behind the one that
 * is cut, one index of those before it. */
static void plan_part(size_t itemsize, size_t rank, const hsize_t *shape, size_t max_bytes, size_t *part)
{
    size_t cut = rank - 1, inner = itemsize, wider;
    while (cut > 0 && shape[cut] <= SIZE_MAX && !bp_mul_overflows(inner, (size_t)shape[cut], &wider) &&
           wider <= max_bytes) {
        inner = wider;
        cut--;
    }
    size_t fit = inner && max_bytes / inner ? max_bytes / inner : 1;
    for (size_t i = 0; i < rank; i++)
        part[i] = i < cut ? (shape[i] > 0) : i > cut || shape[i] < fit ? (size_t)shape[i] : fit;
}

static bp_status read_part(bp_context *ctx, hid_t dataset, hid_t space, hid_t type, bp_sample *sample)
{
    hsize_t start[BP_MAX_RANK] = {0}, count[BP_MAX_RANK];
    size_t rank = sample->array.rank;
    for (size_t i = 0; i < rank; i++)
        count[i] = sample->array.shape[i];
    hid_t memory = H5Screate_simple((int)rank, count, NULL);
    bp_status status = BP_OK;
    if (memory < 0 || H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, count, NULL) < 0 ||
        H5Dread(dataset, type, memory, space, H5P_DEFAULT, sample->array.data) < 0)
        status = bp_h5_fail(ctx, BP_E_DAMAGED, "cannot be read");
    bp_h5_release(&memory);
    return status;
}

static bp_status read_dataset(bp_context *ctx, hid_t dataset, size_t max_bytes, bp_sample *sample)
{
    hid_t type = H5Dget_type(dataset), space = H5Dget_space(dataset);
    int rank = H5Sget_simple_extent_ndims(space);
    bp_dtype dtype = dtype_of(type);
    hsize_t shape[BP_MAX_RANK];
    size_t part[BP_MAX_RANK];
    bp_status status = BP_OK;
    if (dtype == BP_OPAQUE || rank < 1 || rank > BP_MAX_RANK ||
        H5Sget_simple_extent_dims(space, shape, NULL) < 0)
        status = bp_fail(ctx, BP_E_UNSUPPORTED, "is no array of numbers");
    if (status == BP_OK)
        plan_part(bp_dtype_size(dtype), (size_t)rank, shape, max_bytes, part);
    if (status == BP_OK && bp_array_init(&sample->array, dtype, 0, (size_t)rank, part, NULL) != BP_OK)
        status = bp_fail(ctx, BP_E_UNSUPPORTED, "its sample does not fit memory");
    size_t bytes = status == BP_OK ? bp_array_bytes(&sample->array) : 0;
    if (status == BP_OK && !(sample->array.data = malloc(bytes ? bytes : 1)))
        status = bp_fail(ctx, BP_E_MEMORY, "no memory for %zu bytes", bytes);
    if (status == BP_OK) {
        sample->complete = true;
        for (int i = 0; i < rank; i++) {
            sample->whole_shape[i] = shape[i];
            sample->complete &= part[i] == shape[i];
        }
        /* the file's own type in our byte order: no value changes on the way */
        hid_t memory_type = H5Tcopy(type);
        H5Tset_order(memory_type, H5Tget_order(H5T_NATIVE_INT));
        if (bytes)
            status = read_part(ctx, dataset, space, memory_type, sample);
        bp_h5_release(&memory_type);
    }
    bp_h5_release(&space);
    bp_h5_release(&type);
    return status;
}

bp_status bp_sample_read(bp_context *ctx, const char *file, const char *path, size_t max_bytes,
                         unsigned threads, bp_sample *sample)
{
    (void)threads;
    hid_t id;
    memset(sample, 0, sizeof *sample);
    bp_status status = bp_h5_open(ctx, file, &id);
    if (status != BP_OK)
        return status;
    bp_h5_quiet quiet;
    bp_h5_quiet_begin(&quiet);
    hid_t dataset = H5Dopen2(id, path, H5P_DEFAULT);
    status = dataset < 0 ? bp_h5_fail(ctx, BP_E_INPUT, "there is no such dataset")
                         : read_dataset(ctx, dataset, max_bytes, sample);
    bp_h5_release(&dataset);
    bp_h5_quiet_end(&quiet);
    bp_h5_release(&id);
    if (status != BP_OK) {
        bp_sample_fini(sample);
        return bp_fail_in(ctx, status, "%s: %s", file, path);
    }
    return BP_OK;
}
