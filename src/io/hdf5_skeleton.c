/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "io/frame_header.h"
#include "io/hdf5_file.h"
#include "io/hdf5_put.h"
#include "io/hdf5_skeleton.h"

/* HDF5 keeps attributes up to 64 KiB in the object header, all of an object together. */
#define MOST_ATTRIBUTE ((size_t)32 << 10)
#define BATCH          ((size_t)256) /* texts that are written at a time */

typedef struct skeleton {
    bp_context *ctx;
    bp_frames *frames;
    hid_t file;
    bp_frame_header header; /* what all frames state alike */
    bool has_header;        /* any text at all */
} skeleton;

static bp_status fail(const skeleton *s, const char *what)
{
    return bp_h5_fail(s->ctx, BP_E_OUTPUT, "%s could not be written", what);
}

hid_t bp_h5_type_of(bp_dtype dtype)
{
    switch (dtype) {
    case BP_U8:
        return H5Tcopy(H5T_NATIVE_UINT8);
    case BP_U16:
        return H5Tcopy(H5T_NATIVE_UINT16);
    case BP_U32:
        return H5Tcopy(H5T_NATIVE_UINT32);
    case BP_U64:
        return H5Tcopy(H5T_NATIVE_UINT64);
    case BP_I8:
        return H5Tcopy(H5T_NATIVE_INT8);
    case BP_I16:
        return H5Tcopy(H5T_NATIVE_INT16);
    case BP_I32:
        return H5Tcopy(H5T_NATIVE_INT32);
    case BP_I64:
        return H5Tcopy(H5T_NATIVE_INT64);
    case BP_F32:
        return H5Tcopy(H5T_NATIVE_FLOAT);
    case BP_F64:
        return H5Tcopy(H5T_NATIVE_DOUBLE);
    case BP_F16: {
        /* IEEE 754 binary16, which HDF5 1.10 has no name for */
        hid_t type = H5Tcopy(H5T_NATIVE_FLOAT);
        if (H5Tset_fields(type, 15, 10, 5, 0, 10) < 0 || H5Tset_precision(type, 16) < 0 ||
            H5Tset_ebias(type, 15) < 0 || H5Tset_size(type, 2) < 0)
            bp_h5_release(&type);
        return type;
    }
    default:
        return H5I_INVALID_HID;
    }
}

static bp_status add_groups(const skeleton *s)
{
    static const char *const groups[][2] = {
        {"/entry", "NXentry"},
        {"/entry/instrument", "NXinstrument"},
        {"/entry/instrument/detector", "NXdetector"},
        {"/entry/data", "NXdata"},
        {"/entry/source", "NXcollection"},
    };
    bp_status status = bp_h5_put_text(s->ctx, s->file, "/", "NX_class", "NXroot");
    if (status == BP_OK)
        status = bp_h5_put_text(s->ctx, s->file, "/", "default", "entry");
    for (size_t i = 0; status == BP_OK && i < sizeof groups / sizeof groups[0]; i++)
        status = bp_h5_put_group(s->ctx, s->file, groups[i][0], groups[i][1]);
    if (status == BP_OK)
        status = bp_h5_put_text(s->ctx, s->file, "/entry", "default", "data");
    if (status == BP_OK)
        status = bp_h5_put_text(s->ctx, s->file, "/entry/data", "signal", "data");
    return status;
}

static bp_status add_data(const skeleton *s)
{
    const bp_frames_facts *facts = bp_frames_get_facts(s->frames);
    hsize_t shape[BP_MAX_RANK];
    for (size_t i = 0; i < facts->rank; i++)
        shape[i] = facts->shape[i];
    hid_t type = bp_h5_type_of(facts->dtype);
    bp_status status =
        bp_h5_put_dataset(s->ctx, s->file, BP_SKELETON_DATA, type, facts->rank, shape, NULL, NULL);
    bp_h5_release(&type);
    if (status == BP_OK &&
        H5Lcreate_hard(s->file, BP_SKELETON_DATA, s->file, "/entry/data/data", H5P_DEFAULT, H5P_DEFAULT) < 0)
        status = fail(s, "/entry/data/data");
    if (status == BP_OK)
        status = bp_h5_put_text(s->ctx, s->file, BP_SKELETON_DATA, "target", BP_SKELETON_DATA);
    if (status == BP_OK)
        status = bp_h5_put_text(s->ctx, s->file, BP_SKELETON_DATA, "source_format", facts->format);
    return status;
}

static const char *last_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static hid_t variable_text(void)
{
    hid_t type = H5Tcopy(H5T_C_S1);
    if (H5Tset_size(type, H5T_VARIABLE) < 0 || H5Tset_cset(type, H5T_CSET_UTF8) < 0)
        bp_h5_release(&type);
    return type;
}

/* Names without folders, so that the same files give the same bytes wherever they stand. */
static bp_status add_file_names(const skeleton *s)
{
    size_t count = bp_frames_file_count(s->frames);
    hsize_t shape = count;
    const char **names = calloc(count, sizeof *names);
    uint64_t *first = calloc(count, sizeof *first);
    bp_status status = names && first ? BP_OK : bp_fail(s->ctx, BP_E_MEMORY, "no memory for file names");
    if (status == BP_OK) {
        for (size_t i = 0; i < count; i++) {
            names[i] = last_name(bp_frames_file(s->frames, i));
            first[i] = bp_frames_first_of(s->frames, i);
        }
        hid_t type = variable_text();
        status = bp_h5_put_dataset(s->ctx, s->file, "/entry/source/file_name", type, 1, &shape, names, NULL);
        bp_h5_release(&type);
    }
    if (status == BP_OK)
        status = bp_h5_put_dataset(s->ctx, s->file, "/entry/source/first_frame", H5T_NATIVE_UINT64, 1, &shape,
                                   first, NULL);
    free(names);
    free(first);
    return status;
}

static bp_status write_batch(const skeleton *s, hid_t dataset, hsize_t first, hsize_t count, char **texts)
{
    const char *empty = "";
    bp_status status = BP_OK;
    for (size_t i = 0; i < count; i++)
        if (!texts[i] && !(texts[i] = strdup(empty)))
            return bp_fail(s->ctx, BP_E_MEMORY, "no memory for headers");
    hid_t type = variable_text(), memory = H5Screate_simple(1, &count, NULL), space = H5Dget_space(dataset);
    if (memory < 0 || H5Sselect_hyperslab(space, H5S_SELECT_SET, &first, NULL, &count, NULL) < 0 ||
        H5Dwrite(dataset, type, memory, space, H5P_DEFAULT, texts) < 0)
        status = fail(s, "/entry/source/header");
    bp_h5_release(&space);
    bp_h5_release(&memory);
    bp_h5_release(&type);
    return status;
}

/* Reads up to BATCH headers; keeps what they state, and writes them where dataset is valid. */
static bp_status take_batch(skeleton *s, hid_t dataset, uint64_t first, size_t count)
{
    char *texts[BATCH] = {NULL};
    bp_frame_header one;
    bp_status status = BP_OK;
    for (size_t i = 0; status == BP_OK && i < count; i++) {
        if ((status = bp_frames_header(s->ctx, s->frames, first + i, &texts[i])) != BP_OK)
            break;
        s->has_header = s->has_header || texts[i];
        bp_frame_header_read(texts[i], &one);
        if (first + i == 0)
            s->header = one;
        else
            bp_frame_header_merge(&s->header, &one);
    }
    if (status == BP_OK && dataset >= 0)
        status = write_batch(s, dataset, first, count, texts);
    for (size_t i = 0; i < count; i++)
        free(texts[i]);
    return status;
}

static bp_status take_headers(skeleton *s, bool as_dataset)
{
    uint64_t frames = bp_frames_get_facts(s->frames)->count;
    hsize_t shape = frames;
    hid_t dataset = H5I_INVALID_HID;
    bp_status status = BP_OK;
    if (as_dataset) {
        hid_t type = variable_text();
        status = bp_h5_put_dataset(s->ctx, s->file, "/entry/source/header", type, 1, &shape, NULL, &dataset);
        bp_h5_release(&type);
    }
    for (uint64_t i = 0; status == BP_OK && i < frames; i += BATCH) {
        if (bp_context_cancelled(s->ctx))
            status = bp_fail(s->ctx, BP_E_INTERRUPTED, "interrupted");
        else
            status = take_batch(s, dataset, i, frames - i < BATCH ? (size_t)(frames - i) : BATCH);
    }
    bp_h5_release(&dataset);
    return status;
}

static bp_status add_headers(skeleton *s)
{
    char *first;
    if (bp_frames_get_facts(s->frames)->count == 0)
        return BP_OK;
    bp_status status = bp_frames_header(s->ctx, s->frames, 0, &first);
    if (status != BP_OK)
        return status;
    bool is_long = first && strlen(first) > MOST_ATTRIBUTE;
    if (first && first[0] && !is_long)
        status = bp_h5_put_text(s->ctx, s->file, BP_SKELETON_DATA, "header", first);
    free(first);
    if (status == BP_OK && bp_frames_has_headers(s->frames))
        status = take_headers(s, is_long || bp_frames_get_facts(s->frames)->count > 1);
    return status;
}

static bp_status add_number(const skeleton *s, const char *name, double value, const char *unit)
{
    char path[128] = "/entry/instrument/";
    strncat(path, name, sizeof path - strlen(path) - 1);
    bp_status status = bp_h5_put_dataset(s->ctx, s->file, path, H5T_NATIVE_DOUBLE, 0, NULL, &value, NULL);
    return status == BP_OK ? bp_h5_put_text(s->ctx, s->file, path, "units", unit) : status;
}

static bp_status add_facts(const skeleton *s)
{
    static const char *const paths[] = {
#define PATH(name, path, unit) path,
        BP_HEADER_LIST(PATH)
#undef PATH
    };
    static const char *const units[] = {
#define UNIT(name, path, unit) unit,
        BP_HEADER_LIST(UNIT)
#undef UNIT
    };
    bp_status status = BP_OK;
    if (!s->has_header)
        return BP_OK;
    if (!isnan(s->header.numbers[BP_HEADER_WAVELENGTH]))
        status = bp_h5_put_group(s->ctx, s->file, "/entry/instrument/beam", "NXbeam");
    for (int i = 0; status == BP_OK && i < BP_HEADER_COUNT; i++)
        if (!isnan(s->header.numbers[i]))
            status = add_number(s, paths[i], s->header.numbers[i], units[i]);
    if (status == BP_OK && s->header.detector[0]) {
        hid_t type = bp_h5_put_text_type(s->header.detector);
        status = bp_h5_put_dataset(s->ctx, s->file, "/entry/instrument/detector/description", type, 0, NULL,
                                   s->header.detector, NULL);
        bp_h5_release(&type);
    }
    return status;
}

bp_status bp_h5_skeleton_create(bp_context *ctx, const char *path, bp_frames *frames, hid_t *file)
{
    skeleton s = {.ctx = ctx, .frames = frames};
    *file = H5I_INVALID_HID;
    bp_status status = bp_h5_put_file(ctx, path, &s.file);
    if (status != BP_OK)
        return status;
    status = add_groups(&s);
    if (status == BP_OK)
        status = add_data(&s);
    if (status == BP_OK)
        status = add_file_names(&s);
    if (status == BP_OK)
        status = add_headers(&s);
    if (status == BP_OK)
        status = add_facts(&s);
    if (status == BP_OK && H5Fflush(s.file, H5F_SCOPE_LOCAL) < 0)
        status = fail(&s, path);
    if (status != BP_OK)
        bp_h5_release(&s.file);
    *file = s.file;
    return status;
}
