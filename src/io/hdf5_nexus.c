/* SPDX-License-Identifier: BSD-3-Clause
 * Detector images by NeXus class: https://manual.nexusformat.org, "NXdata", "NXdetector" and "Find the
 * plottable data" (its versions 1 to 3 name the signal by attributes of the field or of the group). Datasets
 * are compared by their address, because the same one often stands in NXdata and NXdetector. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/hdf5_detector.h"
#include "io/hdf5_file.h"
#include "io/hdf5_read_small.h"

typedef struct image {
    unsigned long file;
    haddr_t address;
    char *path;
    size_t detector;  /* index, or NONE */
    char *data_group; /* NXdata whose signal it is, NULL when there is none */
    bool is_default;
} image;

#define NONE SIZE_MAX

struct bp_h5_nexus {
    image *images;
    size_t image_count;
    bp_h5_detector *detectors;
    size_t detector_count;
};

typedef struct walk {
    bp_context *ctx;
    hid_t file;
    bp_h5_nexus *nexus;
    char *default_group; /* absolute path of the NXdata that the file calls its default, NULL when it has none
                          */
    bp_status status;
} walk;

static image *find(const bp_h5_nexus *nexus, unsigned long file, haddr_t address)
{
    for (size_t i = 0; i < nexus->image_count; i++)
        if (nexus->images[i].address == address && nexus->images[i].file == file)
            return &nexus->images[i];
    return NULL;
}

static image *find_dataset(const bp_h5_nexus *nexus, hid_t dataset)
{
    H5O_info_t info;
    if (nexus->image_count == 0 || H5Oget_info(dataset, &info) < 0)
        return NULL;
    return find(nexus, info.fileno, info.addr);
}

/* Integers or floats with two axes longer than one element. */
static bool has_image_shape(hid_t group, const char *name)
{
    hsize_t shape[H5S_MAX_RANK];
    size_t wide = 0;
    hid_t dataset = H5Dopen2(group, name, H5P_DEFAULT);
    if (dataset < 0)
        return false;
    hid_t type = H5Dget_type(dataset), space = H5Dget_space(dataset);
    H5T_class_t kind = H5Tget_class(type);
    int rank = H5Sget_simple_extent_dims(space, shape, NULL);
    for (int i = 0; i < rank; i++)
        wide += shape[i] > 1;
    H5Sclose(space);
    H5Tclose(type);
    H5Dclose(dataset);
    return (kind == H5T_INTEGER || kind == H5T_FLOAT) && rank >= 2 && wide >= 2;
}

static char *join(const char *group, const char *name)
{
    size_t size = strlen(group) + strlen(name) + 2;
    char *path = malloc(size);
    if (path)
        snprintf(path, size, "%s%s%s", group, strcmp(group, "/") == 0 ? "" : "/", name);
    return path;
}

/* The record of the dataset that group's link leads to; NULL when it is no image or there is no memory. */
static image *record_image(walk *w, hid_t group, const char *path, const char *name)
{
    H5O_info_t info;
    bp_h5_nexus *nexus = w->nexus;
    if (w->status != BP_OK || !bp_h5_leads_to(group, name) ||
        H5Oget_info_by_name(group, name, &info, H5P_DEFAULT) < 0 || info.type != H5O_TYPE_DATASET)
        return NULL;
    image *known = find(nexus, info.fileno, info.addr);
    if (known || !has_image_shape(group, name))
        return known;
    image *grown = realloc(nexus->images, (nexus->image_count + 1) * sizeof *grown);
    if (grown)
        nexus->images = grown;
    char *copy = grown ? join(path, name) : NULL;
    if (!copy) {
        w->status = bp_fail(w->ctx, BP_E_MEMORY, "no memory for the detector images of the file");
        return NULL;
    }
    known = &nexus->images[nexus->image_count++];
    *known = (image){.file = info.fileno, .address = info.addr, .path = copy, .detector = NONE};
    return known;
}

/* Notes that the dataset is an image of this NXdetector, or (NONE) the signal of this NXdata. */
static void add_image(walk *w, hid_t group, const char *path, const char *name, size_t detector)
{
    image *known = record_image(w, group, path, name);
    if (!known)
        return;
    if (detector != NONE)
        known->detector = detector;
    else if (!known->data_group)
        known->data_group = strdup(path);
    if (w->default_group && strcmp(w->default_group, path) == 0)
        known->is_default = true;
}

/* Fields that mark themselves: signal = 1, and DECTRIS's data blocks, which carry image_nr_low and stand in
 * an NXdata that names no signal. */
static bool field_is_signal(hid_t group, const char *name)
{
    H5O_info_t info;
    if (!bp_h5_leads_to(group, name) || H5Oget_info_by_name(group, name, &info, H5P_DEFAULT) < 0 ||
        info.type != H5O_TYPE_DATASET)
        return false;
    hid_t dataset = H5Dopen2(group, name, H5P_DEFAULT);
    if (dataset < 0)
        return false;
    bool is = bp_h5_attribute_number(dataset, "signal") == 1 || H5Aexists(dataset, "image_nr_low") > 0;
    H5Dclose(dataset);
    return is;
}

typedef struct scan {
    walk *walk;
    const char *path;
    size_t detector;
} scan;

static herr_t scan_field(hid_t group, const char *name, const H5L_info_t *info, void *user)
{
    scan *s = user;
    (void)info;
    if (field_is_signal(group, name))
        add_image(s->walk, group, s->path, name, s->detector);
    return s->walk->status == BP_OK ? 0 : -1;
}

static void scan_fields(walk *w, hid_t group, const char *path, size_t detector)
{
    scan s = {w, path, detector};
    hsize_t index = 0;
    if (H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, &index, scan_field, &s) < 0)
        return; /* a group that cannot be read is for the copy to complain about */
}

static void visit_data(walk *w, hid_t group, const char *path)
{
    char *signal = bp_h5_attribute_text(group, "signal");
    if (!signal) {
        scan_fields(w, group, path, NONE);
        return;
    }
    add_image(w, group, path, signal, NONE);
    free(signal);
    for (size_t i = 0; (signal = bp_h5_attribute_text_at(group, "auxiliary_signals", i)); i++) {
        add_image(w, group, path, signal, NONE);
        free(signal);
    }
}

static size_t add_detector(walk *w, const char *path)
{
    bp_h5_nexus *nexus = w->nexus;
    bp_h5_detector *grown = realloc(nexus->detectors, (nexus->detector_count + 1) * sizeof *grown);
    if (!grown) {
        w->status = bp_fail(w->ctx, BP_E_MEMORY, "no memory for the detectors of the file");
        return NONE;
    }
    nexus->detectors = grown;
    w->status = bp_h5_detector_read(w->ctx, w->file, path, &nexus->detectors[nexus->detector_count]);
    return nexus->detector_count++;
}

static void visit_detector(walk *w, hid_t group, const char *path)
{
    size_t index = add_detector(w, path);
    if (index == NONE)
        return;
    add_image(w, group, path, "data", index);
    scan_fields(w, group, path, index);
}

static herr_t visit(hid_t root, const char *name, const H5O_info_t *info, void *user)
{
    walk *w = user;
    if (info->type != H5O_TYPE_GROUP)
        return 0;
    if (bp_context_cancelled(w->ctx)) {
        w->status = bp_fail(w->ctx, BP_E_INTERRUPTED, "interrupted");
        return -1;
    }
    hid_t group = H5Gopen2(root, name, H5P_DEFAULT);
    if (group < 0)
        return 0;
    char *class = bp_h5_attribute_text(group, "NX_class");
    char *path = class ? join("/", strcmp(name, ".") == 0 ? "" : name) : NULL;
    if (class && !path)
        w->status = bp_fail(w->ctx, BP_E_MEMORY, "no memory for a path");
    else if (class && strcmp(class, "NXdata") == 0)
        visit_data(w, group, path);
    else if (class && strcmp(class, "NXdetector") == 0)
        visit_detector(w, group, path);
    free(path);
    free(class);
    H5Gclose(group);
    return w->status == BP_OK ? 0 : -1;
}

/* Follows the attribute `default` from the root to the group that has none. */
static char *follow_default(hid_t file)
{
    char *path = strdup("/");
    for (int depth = 0; path && depth < 16; depth++) {
        hid_t group = H5Gopen2(file, path, H5P_DEFAULT);
        char *next = group < 0 ? NULL : bp_h5_attribute_text(group, "default");
        bool leads = next && bp_h5_leads_to(group, next);
        char *longer = leads ? join(path, next) : NULL;
        free(next);
        if (group >= 0)
            H5Gclose(group);
        if (!longer)
            break;
        free(path);
        path = longer;
    }
    return path;
}

char *bp_h5_nexus_default_signal(hid_t file)
{
    bp_h5_quiet quiet;
    bp_h5_quiet_begin(&quiet);
    char *path = follow_default(file), *result = NULL;
    hid_t group = path ? H5Gopen2(file, path, H5P_DEFAULT) : H5I_INVALID_HID;
    char *signal = group < 0 ? NULL : bp_h5_attribute_text(group, "signal");
    if (signal && bp_h5_leads_to(group, signal))
        result = join(path, signal);
    free(signal);
    free(path);
    bp_h5_release(&group);
    H5Eclear2(H5E_DEFAULT);
    bp_h5_quiet_end(&quiet);
    return result;
}

static bool has_keys(hid_t file, const char *path)
{
    hid_t group = path ? H5Gopen2(file, path, H5P_DEFAULT) : H5I_INVALID_HID;
    bool has = group >= 0 && bp_h5_leads_to(group, "image_key");
    if (group >= 0)
        H5Gclose(group);
    return has;
}

/* Images that only an NXdata names belong to the file's detector when there is just one. image_key may stand
 * in the NXdata instead, which then takes the detector's part. */
static void assign_detectors(walk *w)
{
    bp_h5_nexus *nexus = w->nexus;
    bool only_one = nexus->detector_count == 1;
    for (size_t i = 0; i < nexus->image_count && w->status == BP_OK; i++) {
        image *known = &nexus->images[i];
        if (known->detector == NONE && only_one)
            known->detector = 0;
        if (!has_keys(w->file, known->data_group))
            continue;
        if (known->detector == NONE)
            known->detector = add_detector(w, known->data_group);
        else
            w->status = bp_h5_detector_read_keys(w->ctx, w->file, known->data_group,
                                                 &nexus->detectors[known->detector]);
    }
}

bp_status bp_h5_nexus_read(bp_context *ctx, hid_t file, bp_h5_nexus **result)
{
    *result = NULL;
    bp_h5_nexus *nexus = calloc(1, sizeof *nexus);
    if (!nexus)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for the detectors of the file");
    walk w = {.ctx = ctx, .file = file, .nexus = nexus, .status = BP_OK};
    bp_h5_quiet quiet;
    bp_h5_quiet_begin(&quiet);
    w.default_group = follow_default(file);
    if (H5Ovisit(file, H5_INDEX_NAME, H5_ITER_INC, visit, &w) < 0 && w.status == BP_OK)
        bp_log(ctx, BP_LOG_DETAIL, "the groups of the file cannot all be read; NeXus facts may be missing");
    if (w.status == BP_OK)
        assign_detectors(&w);
    H5Eclear2(H5E_DEFAULT);
    bp_h5_quiet_end(&quiet);
    free(w.default_group);
    if (w.status != BP_OK) {
        bp_h5_nexus_free(nexus);
        return w.status;
    }
    *result = nexus;
    return BP_OK;
}

static void free_image(image *known)
{
    free(known->path);
    free(known->data_group);
}

void bp_h5_nexus_free(bp_h5_nexus *nexus)
{
    if (!nexus)
        return;
    for (size_t i = 0; i < nexus->image_count; i++)
        free_image(&nexus->images[i]);
    for (size_t i = 0; i < nexus->detector_count; i++)
        bp_h5_detector_fini(&nexus->detectors[i]);
    free(nexus->images);
    free(nexus->detectors);
    free(nexus);
}

bool bp_h5_nexus_is_image(const bp_h5_nexus *nexus, hid_t dataset)
{
    return find_dataset(nexus, dataset) != NULL;
}

bool bp_h5_nexus_is_default(const bp_h5_nexus *nexus, hid_t dataset)
{
    const image *found = find_dataset(nexus, dataset);
    return found && found->is_default;
}

const bp_h5_detector *bp_h5_nexus_detector(const bp_h5_nexus *nexus, hid_t dataset)
{
    const image *found = find_dataset(nexus, dataset);
    return found && found->detector != NONE ? &nexus->detectors[found->detector] : NULL;
}

size_t bp_h5_nexus_image_count(const bp_h5_nexus *nexus)
{
    return nexus->image_count;
}

const char *bp_h5_nexus_image_path(const bp_h5_nexus *nexus, size_t index)
{
    return nexus->images[index].path;
}

bool bp_h5_is_detector_image(hid_t file, const char *path)
{
    bp_h5_nexus *nexus;
    if (bp_h5_nexus_read(NULL, file, &nexus) != BP_OK)
        return false;
    bool is = false;
    bp_h5_quiet quiet;
    bp_h5_quiet_begin(&quiet);
    hid_t dataset = H5Dopen2(file, path, H5P_DEFAULT);
    bp_h5_quiet_end(&quiet);
    if (dataset >= 0) {
        is = bp_h5_nexus_is_image(nexus, dataset);
        H5Dclose(dataset);
    }
    bp_h5_nexus_free(nexus);
    return is;
}
