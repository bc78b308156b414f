/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/hdf5_placement.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "io/hdf5_file.h"
#include "io/hdf5_geometry.h"
#include "io/hdf5_read_small.h"

static bool read_pair(hid_t group, const char *name, double *pair)
{
    hid_t dataset = H5Dopen2(group, name, H5P_DEFAULT);
    hid_t space = dataset >= 0 ? H5Dget_space(dataset) : H5I_INVALID_HID;
    bool good = space >= 0 && H5Sget_simple_extent_npoints(space) == 2 &&
                H5Dread(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, pair) >= 0;
    bp_h5_release(&space);
    bp_h5_release(&dataset);
    return good;
}

bool bp_h5_module_read(hid_t group, const bp_reframe *f, bp_h5_module *m)
{
    const double first[2] = {(double)f->row, (double)f->column};
    const double step[2] = {(double)f->row_step, (double)f->column_step};
    const double extent[2] = {(double)f->out_rows, (double)f->out_columns};
    double origin[2], size[2];
    if (!read_pair(group, "data_origin", origin) || !read_pair(group, "data_size", size))
        return false;
    for (int i = 0; i < 2; i++) {
        double begin = fmin(extent[i], fmax(0, floor((origin[i] - first[i]) / step[i])));
        double end = fmin(extent[i], ceil((origin[i] + size[i] - first[i]) / step[i]));
        m->origin[i] = begin;
        m->size[i] = fmax(0, end - begin);
        m->shift[i] = first[i] + begin * step[i] - origin[i];
    }
    return true;
}

/* Three numbers of an attribute. */
static bool read_vector(hid_t object, const char *name, double *vector)
{
    if (H5Aexists(object, name) <= 0)
        return false;
    hid_t attribute = H5Aopen(object, name, H5P_DEFAULT), space = H5Aget_space(attribute);
    bool good =
        H5Sget_simple_extent_npoints(space) == 3 && H5Aread(attribute, H5T_NATIVE_DOUBLE, vector) >= 0;
    bp_h5_release(&space);
    bp_h5_release(&attribute);
    return good;
}

/* Metres that the unit of an attribute stands for; 1 when it states none. */
static double unit_of(hid_t object, const char *name)
{
    char *text = bp_h5_attribute_text(object, name);
    double metres = text ? bp_h5_length_unit(text) : 1;
    free(text);
    return metres;
}

/* Adds `pixels` steps along a pixel direction, in metres. */
static bool add_steps(hid_t group, const char *name, double pixels, double *offset)
{
    double vector[3], size = bp_h5_dataset_number(group, name);
    hid_t dataset = H5Dopen2(group, name, H5P_DEFAULT);
    bool good = dataset >= 0 && read_vector(dataset, "vector", vector);
    double metres = good ? unit_of(dataset, "units") : (double)NAN;
    good = good && isfinite(size) && isfinite(metres);
    for (int i = 0; good && i < 3; i++)
        offset[i] += pixels * size * metres * vector[i];
    bp_h5_release(&dataset);
    return good;
}

bp_status bp_h5_module_offset(bp_context *ctx, hid_t group, const bp_h5_module *m, double *offset)
{
    double shift[3] = {0, 0, 0}, before[3] = {0, 0, 0};
    hid_t dataset = H5Dopen2(group, "module_offset", H5P_DEFAULT);
    if (dataset < 0)
        return bp_h5_fail(ctx, BP_E_DAMAGED, "module_offset cannot be opened");
    double metres = unit_of(dataset, H5Aexists(dataset, "offset_units") > 0 ? "offset_units" : "units");
    (void)read_vector(dataset, "offset", before);
    bp_h5_release(&dataset);
    if (!isfinite(metres) || !add_steps(group, "slow_pixel_direction", m->shift[0], shift) ||
        !add_steps(group, "fast_pixel_direction", m->shift[1], shift))
        return bp_fail(ctx, BP_E_LOSS,
                       "module_offset cannot be moved: the module lacks slow_pixel_direction or "
                       "fast_pixel_direction with vector and unit");
    for (int i = 0; i < 3; i++)
        offset[i] = before[i] + shift[i] / metres;
    return BP_OK;
}

/* Writes an attribute anew. */
static bp_status put(bp_context *ctx, hid_t object, const char *name, hid_t type, hsize_t count,
                     const void *values)
{
    hid_t space = H5Screate_simple(1, &count, NULL), attribute = H5I_INVALID_HID;
    bool good = (H5Aexists(object, name) <= 0 || H5Adelete(object, name) >= 0) &&
                (attribute = H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT)) >= 0 &&
                H5Awrite(attribute, type, values) >= 0;
    bp_h5_release(&attribute);
    bp_h5_release(&space);
    return good ? BP_OK : bp_h5_fail(ctx, BP_E_OUTPUT, "the attribute %s cannot be written", name);
}

bp_status bp_h5_put_offset(bp_context *ctx, hid_t file, const char *path, const double *offset)
{
    hid_t object = H5Oopen(file, path, H5P_DEFAULT);
    bp_status status = object < 0 ? bp_h5_fail(ctx, BP_E_OUTPUT, "%s cannot be opened", path)
                                  : put(ctx, object, "offset", H5T_NATIVE_DOUBLE, 3, offset);
    bp_h5_release(&object);
    return status;
}

/* ---- axes ---- */

static size_t count_axes(hid_t group)
{
    if (H5Aexists(group, "axes") <= 0)
        return 0;
    hid_t attribute = H5Aopen(group, "axes", H5P_DEFAULT), space = H5Aget_space(attribute);
    hssize_t count = H5Sget_simple_extent_npoints(space);
    bp_h5_release(&space);
    bp_h5_release(&attribute);
    return count > 0 && count <= BP_MAX_RANK ? (size_t)count : 0;
}

bool bp_h5_names_axes(hid_t group, haddr_t frames)
{
    H5O_info_t info;
    char *signal = bp_h5_attribute_text(group, "signal");
    bool is_signal = signal && H5Lexists(group, signal, H5P_DEFAULT) > 0 &&
                     H5Oget_info_by_name2(group, signal, &info, H5O_INFO_BASIC, H5P_DEFAULT) >= 0 &&
                     info.addr == frames;
    free(signal);
    return is_signal && count_axes(group) > 0;
}

/* NAME_indices: the axes that NAME belongs to. */
static herr_t turn_indices(hid_t group, const char *name, const H5A_info_t *info, void *user)
{
    bp_status *status = user;
    double values[BP_MAX_RANK];
    size_t length = strlen(name), tail = strlen("_indices");
    (void)info;
    if (length <= tail || strcmp(name + length - tail, "_indices") != 0)
        return 0;
    hid_t attribute = H5Aopen(group, name, H5P_DEFAULT), space = H5Aget_space(attribute);
    hssize_t count = H5Sget_simple_extent_npoints(space);
    if (count > 0 && count <= BP_MAX_RANK && H5Aread(attribute, H5T_NATIVE_DOUBLE, values) >= 0) {
        for (hssize_t i = 0; i < count; i++)
            values[i] = values[i] == 0 ? 1 : values[i] == 1 ? 0 : values[i];
        if (H5Awrite(attribute, H5T_NATIVE_DOUBLE, values) < 0)
            *status = BP_E_OUTPUT;
    }
    bp_h5_release(&space);
    bp_h5_release(&attribute);
    return *status == BP_OK ? 0 : -1;
}

/* The signal's axes, "." where the list ends before the second one. */
static bp_status turn_names(bp_context *ctx, hid_t group)
{
    char dot[] = ".", *names[BP_MAX_RANK + 1] = {NULL};
    const char *turned[BP_MAX_RANK + 1];
    size_t count = count_axes(group), all = count < 2 ? 2 : count;
    bp_status status = BP_OK;
    for (size_t i = 0; i < count; i++)
        names[i] = bp_h5_attribute_text_at(group, "axes", i);
    for (size_t i = 0; i < all; i++)
        turned[i < 2 ? 1 - i : i] = names[i] ? names[i] : dot;
    hid_t type = H5Tcopy(H5T_C_S1);
    if (H5Tset_size(type, H5T_VARIABLE) < 0 || H5Tset_cset(type, H5T_CSET_UTF8) < 0)
        status = bp_h5_fail(ctx, BP_E_INTERNAL, "no type for names of axes");
    if (status == BP_OK)
        status = put(ctx, group, "axes", type, all, turned);
    bp_h5_release(&type);
    for (size_t i = 0; i < count; i++)
        free(names[i]);
    return status;
}

bp_status bp_h5_turn_axes(bp_context *ctx, hid_t file, const char *path)
{
    hid_t group = H5Gopen2(file, path, H5P_DEFAULT);
    if (group < 0)
        return bp_h5_fail(ctx, BP_E_OUTPUT, "%s cannot be opened", path);
    bp_status status = turn_names(ctx, group), indices = BP_OK;
    if (status == BP_OK && H5Aiterate2(group, H5_INDEX_NAME, H5_ITER_INC, NULL, turn_indices, &indices) < 0)
        status = bp_h5_fail(ctx, BP_E_OUTPUT, "the indices of axes of %s cannot be written", path);
    bp_h5_release(&group);
    return status;
}
