/* SPDX-License-Identifier: BSD-3-Clause
 * Which datasets belong to the frames: those in the same entry (or, where there is none, in the file) that
 * have a row for each frame, those whose last two axes are the detector's pixels, and numbers that NeXus
 * gives a meaning. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/hdf5_belongings.h"
#include "io/hdf5_copy.h"
#include "io/hdf5_file.h"
#include "io/hdf5_geometry.h"
#include "io/hdf5_placement.h"
#include "io/hdf5_read_small.h"
#include "io/hdf5_skeleton.h"

typedef struct finder {
    bp_context *ctx;
    const bp_reframe *f;
    bp_belongings *found;
    hid_t file;
    haddr_t frames;
    char entry[512];
    bp_status status;
} finder;

static bool frames_move(const bp_reframe *f)
{
    return f->starts != NULL;
}

static bool pixels_move(const bp_reframe *f)
{
    return (f->out_rows != f->rows || f->out_columns != f->columns || f->row || f->column ||
            f->row_step > 1 || f->column_step > 1);
}

static bool is_dropped(const bp_reframe *f, const char *path)
{
    for (size_t i = 0; i < f->drop_count; i++) {
        size_t length = strlen(f->drop[i]);
        if (strncmp(f->drop[i], path, length) == 0 && (path[length] == 0 || path[length] == '/'))
            return true;
    }
    return false;
}

static bp_status add(finder *s, const char *path, bp_belonging_action action, const char *note,
                     bp_h5_new *made)
{
    bp_belongings *b = s->found;
    bp_belonging *items = realloc(b->items, (b->count + 1) * sizeof *items);
    if (items)
        b->items = items;
    bp_h5_new *arrays = realloc(b->arrays, (b->count + 1) * sizeof *arrays);
    if (arrays)
        b->arrays = arrays;
    if (!items || !arrays) {
        bp_h5_new_fini(made);
        return bp_fail(s->ctx, BP_E_MEMORY, "no memory for what belongs to the frames");
    }
    bp_belonging *item = &b->items[b->count];
    *item = (bp_belonging){.action = action};
    snprintf(item->path, sizeof item->path, "%s", path);
    snprintf(item->note, sizeof item->note, "%s", note);
    b->arrays[b->count++] = *made;
    return BP_OK;
}

static bool known_address(const finder *s, haddr_t address)
{
    for (size_t i = 0; i < s->found->count; i++)
        if (s->found->arrays[i].address == address)
            return true;
    return false;
}

/* What a scalar of NeXus becomes: *value, and true when it changes. pixel: of a beam centre that is a length,
 * the size of a pixel; else 0. */
static bool rescale(const bp_reframe *f, const char *name, double pixel, double *value)
{
    double pixels = f->pixels_sum ? (double)(f->row_step * f->column_step) : 1;
    double frames = f->frames_sum ? (double)f->group : 1, was = *value;
    if (strcmp(name, "beam_center_x") == 0) /* the first pixel reaches from 0 to 1 */
        *value =
            pixel == 0 ? (was - (double)f->column) / (double)f->column_step : was - (double)f->column * pixel;
    else if (strcmp(name, "beam_center_y") == 0)
        *value = pixel == 0 ? (was - (double)f->row) / (double)f->row_step : was - (double)f->row * pixel;
    else if (strcmp(name, "x_pixel_size") == 0 || strcmp(name, "fast_pixel_direction") == 0)
        *value = was * (double)f->column_step;
    else if (strcmp(name, "y_pixel_size") == 0 || strcmp(name, "slow_pixel_direction") == 0)
        *value = was * (double)f->row_step;
    else if (strcmp(name, "saturation_value") == 0 || strcmp(name, "underload_value") == 0)
        *value = was * pixels * frames;
    else if (strcmp(name, "count_time") == 0 || strcmp(name, "frame_time") == 0)
        *value = was * frames;
    else
        return false;
    return *value != was;
}

/* The group that a path stands in; closed by the caller. */
static hid_t parent_of(const finder *s, const char *path)
{
    char group[512];
    const char *slash = strrchr(path, '/');
    snprintf(group, sizeof group, "%.*s", slash == path ? 1 : (int)(slash - path), path);
    return H5Gopen2(s->file, group, H5P_DEFAULT);
}

static bp_status try_scalar(finder *s, const char *path, const char *name, hid_t dataset, haddr_t address)
{
    double value = bp_h5_dataset_number(dataset, ".");
    char note[96];
    hid_t type = H5Dget_type(dataset), space = H5Dget_space(dataset);
    bool number = H5Tget_class(type) == H5T_FLOAT || H5Tget_class(type) == H5T_INTEGER;
    bool one = H5Sget_simple_extent_npoints(space) == 1;
    bp_h5_release(&type);
    bp_h5_release(&space);
    if (!number || !one)
        return BP_OK;
    if (H5Dread(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, &value) < 0)
        return bp_h5_fail(s->ctx, BP_E_DAMAGED, "%s cannot be read", path);
    double before = value, pixel = 0;
    if (strncmp(name, "beam_center_", strlen("beam_center_")) == 0) {
        hid_t parent = parent_of(s, path);
        pixel = bp_h5_pixel_in_unit_of(parent, name, strchr(name, 'x') ? "x_pixel_size" : "y_pixel_size");
        bp_h5_release(&parent);
    }
    if (!rescale(s->f, name, pixel, &value))
        return BP_OK;
    if (!isfinite(value))
        return bp_fail(s->ctx, BP_E_LOSS,
                       "%s is a length, and the size of a pixel is not known: it cannot follow (--drop %s)",
                       path, path);
    bp_h5_new made = {.address = address, .type = H5Tcopy(H5T_NATIVE_DOUBLE)};
    made.values = malloc(sizeof value);
    if (made.values)
        memcpy(made.values, &value, sizeof value);
    snprintf(note, sizeof note, "%.9g became %.9g", before, value);
    return add(s, path, BP_RESCALED, note, &made);
}

/* data_origin and data_size of an NXdetector_module: slow, fast; and where it stands. */
static bp_status try_module(finder *s, const char *path, const char *name, haddr_t address)
{
    char note[96];
    bp_h5_module module;
    bp_h5_new made = {.address = HADDR_UNDEF, .type = H5I_INVALID_HID};
    hid_t group = parent_of(s, path);
    bool read = group >= 0 && bp_h5_module_read(group, s->f, &module),
         offset = strcmp(name, "module_offset") == 0;
    bp_status status = BP_OK;
    if (read && offset)
        status = bp_h5_module_offset(s->ctx, group, &module, made.offset);
    bp_h5_release(&group);
    if (status != BP_OK)
        return bp_fail_in(s->ctx, status, "%s", path);
    if (!read)
        return offset
                   ? BP_OK
                   : bp_fail(s->ctx, BP_E_LOSS, "%s: a module without both data_origin and data_size", path);
    if (offset) {
        made.moved = true;
        snprintf(note, sizeof note, "offset now %.9g, %.9g, %.9g", made.offset[0], made.offset[1],
                 made.offset[2]);
        return add(s, path, BP_RESCALED, note, &made);
    }
    const double *pair = strcmp(name, "data_origin") == 0 ? module.origin : module.size;
    int32_t values[2] = {(int32_t)pair[0], (int32_t)pair[1]};
    made = (bp_h5_new){.address = address, .type = H5Tcopy(H5T_NATIVE_INT32), .rank = 1, .shape = {2}};
    made.values = malloc(sizeof values);
    if (made.values)
        memcpy(made.values, values, sizeof values);
    snprintf(note, sizeof note, "now %d, %d", (int)values[0], (int)values[1]);
    return add(s, path, BP_RESCALED, note, &made);
}

/* Positions of the pixels' columns or rows, which NeXus names x_... and y_... */
static bp_status try_axis(finder *s, const char *path, const char *name, hid_t dataset, haddr_t address,
                          hsize_t length)
{
    bool x = name[0] == 'x' && (name[1] == '_' || name[1] == 0);
    bool y = name[0] == 'y' && (name[1] == '_' || name[1] == 0);
    if (!(x && length == s->f->columns) && !(y && length == s->f->rows))
        return BP_OK;
    bp_reframe line = *s->f; /* a frame of one row */
    line.starts = NULL;
    line.pixels_sum = false;
    line.columns = length;
    line.rows = line.out_rows = line.row_step = 1;
    line.row = 0;
    if (y) {
        line.column = s->f->row;
        line.column_step = s->f->row_step;
        line.out_columns = s->f->out_rows;
    }
    bp_h5_new made;
    bp_status status = bp_h5_regroup(s->ctx, dataset, name, &line, false, true, &made);
    made.address = address;
    return status == BP_OK ? add(s, path, BP_MAPPED, "positions of the pixels that are left", &made)
                           : bp_fail_in(s->ctx, status, "%s", path);
}

/* Has an array of this name a row for each frame, in any NeXus file? */
static bool is_of_frames(const char *name)
{
    static const char *const names[] = {"rotation_angle",     "image_key",  "image_key_control", "count_time",
                                        "frame_start_number", "time_stamp", "timestamp"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

static bp_status try_array(finder *s, const char *path, const char *name, hid_t dataset, haddr_t address,
                           size_t rank, const hsize_t *shape)
{
    const bp_reframe *f = s->f;
    char note[96];
    bool follows = rank > 0 && shape[0] == f->frames && f->frames > 1;
    bool mapped = rank >= 2 && shape[rank - 2] == f->rows && shape[rank - 1] == f->columns && f->rows > 1;
    if (f->other && (follows || mapped))
        return bp_fail(s->ctx, BP_E_LOSS,
                       "%s belongs to the frames, and they become something else (--drop %s)", path, path);
    if (rank == 1 && shape[0] > 1 && shape[0] != f->frames && frames_move(f) && is_of_frames(name))
        return bp_fail(s->ctx, BP_E_LOSS,
                       "%s has %llu rows, there are %llu frames: it cannot follow them (--drop %s)", path,
                       (unsigned long long)shape[0], (unsigned long long)f->frames, path);
    follows = follows && frames_move(f);
    mapped = mapped && pixels_move(f);
    if (!follows && !mapped)
        return rank == 1 && pixels_move(f) ? try_axis(s, path, name, dataset, address, shape[0]) : BP_OK;
    bp_h5_new made;
    bp_status status = bp_h5_regroup(s->ctx, dataset, name, f, follows, mapped, &made);
    made.address = address;
    if (status != BP_OK) {
        bp_h5_new_fini(&made);
        return bp_fail_in(s->ctx, status, "%s", path);
    }
    if (follows)
        snprintf(note, sizeof note, "%llu rows became %llu", (unsigned long long)f->frames,
                 (unsigned long long)f->out_frames);
    else
        snprintf(note, sizeof note, "%zux%zu pixels became %zux%zu", f->rows, f->columns, f->out_rows,
                 f->out_columns);
    return add(s, path, follows ? BP_FOLLOWS : BP_MAPPED, note, &made);
}

static bp_status look(finder *s, const char *path, hid_t dataset, haddr_t address)
{
    hsize_t shape[BP_MAX_RANK] = {0};
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    hid_t space = H5Dget_space(dataset);
    int rank = H5Sget_simple_extent_type(space) == H5S_NULL ? -1 : H5Sget_simple_extent_ndims(space);
    if (rank > 0)
        H5Sget_simple_extent_dims(space, shape, NULL);
    bp_h5_release(&space);
    if (rank < 0)
        return BP_OK;
    bool module = strcmp(name, "data_origin") == 0 || strcmp(name, "data_size") == 0 ||
                  strcmp(name, "module_offset") == 0;
    if (module && pixels_move(s->f))
        return try_module(s, path, name, address);
    if (rank == 0 || (rank == 1 && shape[0] == 1 && s->f->frames != 1))
        return try_scalar(s, path, name, dataset, address);
    return try_array(s, path, name, dataset, address, (size_t)rank, shape);
}

/* An NXdata whose signal the frames are. */
static bp_status try_axes(finder *s, const char *path)
{
    bp_h5_new made = {.address = HADDR_UNDEF, .type = H5I_INVALID_HID, .turned = true};
    hid_t group = H5Gopen2(s->file, path, H5P_DEFAULT);
    bool names = group >= 0 && bp_h5_names_axes(group, s->frames);
    bp_h5_release(&group);
    return names ? add(s, path, BP_MAPPED, "axes: rows before frames", &made) : BP_OK;
}

static herr_t visit(hid_t root, const char *name, const H5O_info_t *info, void *user)
{
    finder *s = user;
    char path[1024];
    (void)root;
    bool group = info->type == H5O_TYPE_GROUP && s->f->turned;
    if (!(group || info->type == H5O_TYPE_DATASET) || info->addr == s->frames || known_address(s, info->addr))
        return 0;
    snprintf(path, sizeof path, "%s/%s", strcmp(s->entry, "/") == 0 ? "" : s->entry, name);
    if (is_dropped(s->f, path))
        return 0;
    if (group) {
        s->status = try_axes(s, path);
        return s->status == BP_OK ? 0 : -1;
    }
    hid_t dataset = H5Dopen2(s->file, path, H5P_DEFAULT);
    if (dataset < 0) {
        H5Eclear2(H5E_DEFAULT);
        return 0;
    }
    s->status = look(s, path, dataset, info->addr);
    bp_h5_release(&dataset);
    return s->status == BP_OK ? 0 : -1;
}

/* The NXentry that the frames stand in, or the whole file. */
static void find_entry(finder *s)
{
    snprintf(s->entry, sizeof s->entry, "%s", s->f->dataset);
    for (char *slash; (slash = strrchr(s->entry, '/')) != NULL && slash != s->entry;) {
        *slash = 0;
        hid_t group = H5Gopen2(s->file, s->entry, H5P_DEFAULT);
        char *class = group >= 0 ? bp_h5_attribute_text(group, "NX_class") : NULL;
        bool entry = class && strcmp(class, "NXentry") == 0;
        free(class);
        bp_h5_release(&group);
        if (entry)
            return;
    }
    snprintf(s->entry, sizeof s->entry, "/");
}

bp_status bp_belongings_find(bp_context *ctx, const char *file, const bp_reframe *reframe,
                             bp_belongings *belongings)
{
    *belongings = (bp_belongings){0};
    finder s = {.ctx = ctx, .f = reframe, .found = belongings, .file = H5I_INVALID_HID, .status = BP_OK};
    bp_h5_quiet quiet;
    H5O_info_t info;
    bp_h5_quiet_begin(&quiet);
    bp_status status = bp_h5_open(ctx, file, &s.file);
    if (status == BP_OK &&
        H5Oget_info_by_name2(s.file, reframe->dataset, &info, H5O_INFO_BASIC, H5P_DEFAULT) < 0)
        status = bp_h5_fail(ctx, BP_E_INPUT, "%s: there is no %s", file, reframe->dataset);
    for (size_t i = 0; i < reframe->drop_count && status == BP_OK; i++)
        if (H5Oexists_by_name(s.file, reframe->drop[i], H5P_DEFAULT) <= 0)
            status = bp_fail(ctx, BP_E_USAGE, "%s: there is no %s to be dropped", file, reframe->drop[i]);
    if (status == BP_OK &&
        (frames_move(reframe) || pixels_move(reframe) || reframe->other || reframe->turned)) {
        s.frames = info.addr;
        find_entry(&s);
        if (H5Ovisit_by_name2(s.file, s.entry, H5_INDEX_NAME, H5_ITER_INC, visit, &s, H5O_INFO_BASIC,
                              H5P_DEFAULT) < 0)
            status =
                s.status != BP_OK ? s.status : bp_h5_fail(ctx, BP_E_DAMAGED, "%s cannot be walked", file);
    }
    for (size_t i = 0; i < reframe->drop_count && status == BP_OK; i++) {
        bp_h5_new none = {.address = HADDR_UNDEF, .type = H5I_INVALID_HID};
        status = add(&s, reframe->drop[i], BP_DROPPED, "left out as asked", &none);
    }
    bp_h5_release(&s.file);
    bp_h5_quiet_end(&quiet);
    return status == BP_OK ? BP_OK : bp_fail_in(ctx, status, "%s", file);
}

void bp_belongings_fini(bp_belongings *belongings)
{
    for (size_t i = 0; i < belongings->count; i++)
        bp_h5_new_fini(&belongings->arrays[i]);
    free(belongings->arrays);
    free(belongings->items);
    *belongings = (bp_belongings){0};
}

/* ---- the copy ---- */

typedef struct copying {
    const bp_reframe *f;
    const bp_belongings *b;
    haddr_t frames;
    hid_t type, space; /* of the frames, and of what was replaced last */
} copying;

static bp_status replace(bp_context *ctx, void *user, hid_t source, bool *replaced,
                         bp_h5_replacement *replacement)
{
    copying *c = user;
    H5O_info_t info;
    hsize_t shape[BP_MAX_RANK];
    *replaced = false;
    if (H5Oget_info2(source, &info, H5O_INFO_BASIC) < 0)
        return bp_h5_fail(ctx, BP_E_DAMAGED, "it cannot be looked at");
    bp_h5_release(&c->space);
    if (info.addr == c->frames) {
        for (size_t i = 0; i < c->f->rank; i++)
            shape[i] = c->f->shape[i];
        c->space = H5Screate_simple((int)c->f->rank, shape, NULL);
        *replacement = (bp_h5_replacement){c->type, c->space, NULL};
        *replaced = true;
        return BP_OK;
    }
    for (size_t i = 0; i < c->b->count; i++) {
        const bp_h5_new *made = &c->b->arrays[i];
        if (made->address != info.addr)
            continue;
        c->space = H5Screate_simple((int)made->rank, made->shape, NULL);
        *replacement = (bp_h5_replacement){made->type, c->space, made->values};
        *replaced = true;
    }
    return BP_OK;
}

static bp_status edit_attributes(bp_context *ctx, const char *path, const bp_belongings *b)
{
    hid_t file = H5I_INVALID_HID;
    bp_status status = BP_OK;
    for (size_t i = 0; i < b->count && status == BP_OK; i++) {
        const bp_h5_new *made = &b->arrays[i];
        if (!made->moved && !made->turned)
            continue;
        if (file < 0 && (file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT)) < 0)
            return bp_h5_fail(ctx, BP_E_OUTPUT, "the copy cannot be opened");
        status = made->moved ? bp_h5_put_offset(ctx, file, b->items[i].path, made->offset)
                             : bp_h5_turn_axes(ctx, file, b->items[i].path);
    }
    bp_h5_release(&file);
    return status;
}

static bp_status delete_dropped(bp_context *ctx, const char *path, const bp_reframe *f)
{
    if (f->drop_count == 0)
        return BP_OK;
    hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    bp_status status = file < 0 ? bp_h5_fail(ctx, BP_E_OUTPUT, "the copy cannot be opened") : BP_OK;
    for (size_t i = 0; i < f->drop_count && status == BP_OK; i++)
        if (H5Ldelete(file, f->drop[i], H5P_DEFAULT) < 0)
            status = bp_h5_fail(ctx, BP_E_OUTPUT, "%s cannot be left out", f->drop[i]);
    if (file >= 0 && H5Fclose(file) < 0 && status == BP_OK)
        status = bp_h5_fail(ctx, BP_E_OUTPUT, "the copy cannot be closed");
    return status;
}

bp_status bp_h5_reframe(bp_context *ctx, const char *input, const char *path, const bp_reframe *reframe,
                        const bp_belongings *belongings)
{
    copying c = {reframe, belongings, HADDR_UNDEF, bp_h5_type_of(reframe->dtype), H5I_INVALID_HID};
    const bp_h5_payload payload = {.replace = replace, .user = &c};
    hid_t file = H5I_INVALID_HID;
    bp_h5_quiet quiet;
    H5O_info_t info;
    bp_h5_quiet_begin(&quiet);
    bp_status status = bp_h5_open(ctx, input, &file);
    if (status == BP_OK &&
        H5Oget_info_by_name2(file, reframe->dataset, &info, H5O_INFO_BASIC, H5P_DEFAULT) < 0)
        status = bp_h5_fail(ctx, BP_E_INPUT, "%s: there is no %s", input, reframe->dataset);
    if (status == BP_OK) {
        c.frames = info.addr;
        status = bp_h5_copy_file(ctx, file, path, &payload);
    }
    if (status == BP_OK)
        status = delete_dropped(ctx, path, reframe);
    if (status == BP_OK)
        status = edit_attributes(ctx, path, belongings);
    bp_h5_release(&c.type);
    bp_h5_release(&c.space);
    bp_h5_release(&file);
    bp_h5_quiet_end(&quiet);
    return status;
}
