/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "beampress/version.h"
#include "io/hdf5_file.h"
#include "io/hdf5_process.h"
#include "io/hdf5_put.h"
#include "io/hdf5_read_small.h"
#include "io/hdf5_skeleton.h"

#define GROUP "beampress_"

static bp_status put_text(bp_context *ctx, hid_t file, const char *group, const char *name, const char *text)
{
    char path[1300];
    snprintf(path, sizeof path, "%s/%s", group, name);
    hid_t type = bp_h5_put_text_type(text);
    bp_status status = bp_h5_put_dataset(ctx, file, path, type, 0, NULL, text, NULL);
    bp_h5_release(&type);
    return status;
}

static bp_status put_value(bp_context *ctx, hid_t file, const char *group, const bp_process_value *value)
{
    char path[1300];
    if (value->text)
        return put_text(ctx, file, group, value->name, value->text);
    snprintf(path, sizeof path, "%s/%s", group, value->name);
    bp_status status = bp_h5_put_dataset(ctx, file, path, H5T_NATIVE_DOUBLE, 0, NULL, &value->number, NULL);
    if (status == BP_OK && *value->unit)
        status = bp_h5_put_text(ctx, file, path, "units", value->unit);
    return status;
}

static bp_status put_array(bp_context *ctx, hid_t file, const char *group, const bp_process_array *array)
{
    char path[1300];
    hsize_t count = array->count;
    snprintf(path, sizeof path, "%s/%s", group, array->name);
    hid_t type = bp_h5_type_of(array->dtype);
    bp_status status = bp_h5_put_dataset(ctx, file, path, type, 1, &count, array->values, NULL);
    bp_h5_release(&type);
    return status == BP_OK ? bp_h5_put_text(ctx, file, path, "long_name", array->help) : status;
}

/* An attribute that a former run of ours left gives way. */
static bp_status put_attribute(bp_context *ctx, hid_t file, const char *dataset,
                               const bp_process_value *value)
{
    if (H5Aexists_by_name(file, dataset, value->name, H5P_DEFAULT) > 0 &&
        H5Adelete_by_name(file, dataset, value->name, H5P_DEFAULT) < 0)
        return bp_h5_fail(ctx, BP_E_OUTPUT, "attribute %s cannot be written", value->name);
    return value->text ? bp_h5_put_text(ctx, file, dataset, value->name, value->text)
                       : bp_h5_put_number(ctx, file, dataset, value->name, value->number);
}

/* The NXentry that the frames stand in, or the root. */
static void find_entry(hid_t file, const char *dataset, char *entry, size_t size)
{
    snprintf(entry, size, "%s", dataset);
    for (char *slash; (slash = strrchr(entry, '/')) != NULL && slash != entry;) {
        *slash = 0;
        hid_t group = H5Gopen2(file, entry, H5P_DEFAULT);
        char *class = group >= 0 ? bp_h5_attribute_text(group, "NX_class") : NULL;
        bool found = class && strcmp(class, "NXentry") == 0;
        free(class);
        bp_h5_release(&group);
        if (found)
            return;
    }
    entry[0] = 0;
}

/* NXdata's FIELD_scaling_factor and FIELD_offset. */
static bp_status put_beside(bp_context *ctx, hid_t file, const char *dataset, const char *name, double number)
{
    char path[1200];
    snprintf(path, sizeof path, "%s_%s", dataset, name);
    return bp_h5_put_dataset(ctx, file, path, H5T_NATIVE_DOUBLE, 0, NULL, &number, NULL);
}

static bp_status put_all(bp_context *ctx, hid_t file, const bp_process *process)
{
    char entry[1024], group[1100], inner[1150];
    double sequence = 1;
    find_entry(file, process->dataset, entry, sizeof entry);
    for (;; sequence++) {
        snprintf(group, sizeof group, "%s/" GROUP "%.0f", entry, sequence);
        if (H5Lexists(file, group, H5P_DEFAULT) <= 0)
            break;
    }
    bp_status status = bp_h5_put_group(ctx, file, group, "NXprocess");
    if (status == BP_OK)
        status = put_text(ctx, file, group, "program", "beampress");
    if (status == BP_OK)
        status = put_text(ctx, file, group, "version", bp_version());
    const bp_process_value index = {.name = "sequence_index", .unit = "", .number = sequence};
    if (status == BP_OK)
        status = put_value(ctx, file, group, &index);
    snprintf(inner, sizeof inner, "%s/parameters", group);
    if (status == BP_OK)
        status = bp_h5_put_group(ctx, file, inner, "NXparameters");
    for (size_t i = 0; i < process->parameter_count && status == BP_OK; i++)
        status = put_value(ctx, file, inner, &process->parameters[i]);
    snprintf(inner, sizeof inner, "%s/record", group);
    if (status == BP_OK)
        status = bp_h5_put_group(ctx, file, inner, "NXnote");
    if (status == BP_OK)
        status = put_text(ctx, file, inner, "type", "application/json");
    if (status == BP_OK)
        status = put_text(ctx, file, inner, "data", process->json);
    for (size_t i = 0; i < process->array_count && status == BP_OK; i++)
        status = put_array(ctx, file, group, &process->arrays[i]);
    for (size_t i = 0; i < process->attribute_count && status == BP_OK; i++)
        status = put_attribute(ctx, file, process->dataset, &process->attributes[i]);
    if (status == BP_OK && process->scale != 0)
        status = put_beside(ctx, file, process->dataset, "scaling_factor", process->scale);
    if (status == BP_OK && process->scale != 0)
        status = put_beside(ctx, file, process->dataset, "offset", process->zero);
    return status;
}

bp_status bp_process_write(bp_context *ctx, const char *path, const bp_process *process)
{
    bp_h5_quiet quiet;
    bp_h5_quiet_begin(&quiet);
    hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    bp_status status =
        file < 0 ? bp_h5_fail(ctx, BP_E_OUTPUT, "the record of the run cannot be written") : BP_OK;
    if (status == BP_OK)
        status = put_all(ctx, file, process);
    if (file >= 0 && H5Fclose(file) < 0 && status == BP_OK)
        status = bp_h5_fail(ctx, BP_E_OUTPUT, "the record of the run cannot be written");
    bp_h5_quiet_end(&quiet);
    return status;
}

/* ---- reading ---- */

/* One text of fixed or variable length. */
static char *read_text(hid_t group, const char *path)
{
    hid_t dataset = bp_h5_leads_to(group, path) ? H5Dopen2(group, path, H5P_DEFAULT) : H5I_INVALID_HID;
    hid_t type = dataset < 0 ? H5I_INVALID_HID : H5Dget_type(dataset);
    hid_t space = dataset < 0 ? H5I_INVALID_HID : H5Dget_space(dataset);
    char *text = NULL;
    if (type >= 0 && H5Tget_class(type) == H5T_STRING && H5Sget_simple_extent_npoints(space) == 1) {
        if (H5Tis_variable_str(type) > 0) {
            hid_t memory = H5Tcopy(H5T_C_S1);
            H5Tset_size(memory, H5T_VARIABLE);
            H5Tset_cset(memory, H5Tget_cset(type));
            if (H5Dread(dataset, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, &text) < 0)
                text = NULL;
            char *copy = text ? strdup(text) : NULL;
            if (text)
                H5Dvlen_reclaim(memory, space, H5P_DEFAULT, &text);
            text = copy;
            bp_h5_release(&memory);
        } else {
            text = calloc(1, H5Tget_size(type) + 1);
            if (text && H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, text) < 0)
                text[0] = 0;
        }
    }
    H5Eclear2(H5E_DEFAULT);
    bp_h5_release(&space);
    bp_h5_release(&type);
    bp_h5_release(&dataset);
    return text;
}

typedef struct walk {
    bp_process_chain *chain;
    bool failed;
} walk;

static void take(walk *w, hid_t root, const char *name)
{
    hid_t group = H5Gopen2(root, name, H5P_DEFAULT);
    char *class = group >= 0 ? bp_h5_attribute_text(group, "NX_class") : NULL;
    char *program = class && strcmp(class, "NXprocess") == 0 ? read_text(group, "program") : NULL;
    if (program && strcmp(program, "beampress") == 0) {
        bp_process_record *more =
            realloc(w->chain->records, (w->chain->count + 1) * sizeof *w->chain->records);
        if (more) {
            w->chain->records = more;
            bp_process_record *r = &more[w->chain->count++];
            *r = (bp_process_record){.version = read_text(group, "version"),
                                     .pipeline = read_text(group, "parameters/pipeline"),
                                     .json = read_text(group, "record/data"),
                                     .sequence = bp_h5_dataset_number(group, "sequence_index")};
            if (asprintf(&r->path, "/%s", name) < 0)
                r->path = NULL;
        }
        w->failed |= !more || !w->chain->records[w->chain->count - 1].path;
    }
    free(program);
    free(class);
    bp_h5_release(&group);
}

static herr_t visit(hid_t root, const char *name, const H5O_info_t *info, void *user)
{
    walk *w = user;
    const char *last = strrchr(name, '/');
    if (info->type == H5O_TYPE_GROUP && strncmp(last ? last + 1 : name, GROUP, strlen(GROUP)) == 0)
        take(w, root, name);
    return w->failed ? -1 : 0;
}

static int by_sequence(const void *a, const void *b)
{
    const bp_process_record *x = a, *y = b;
    return (x->sequence > y->sequence) - (x->sequence < y->sequence);
}

bp_status bp_process_read(bp_context *ctx, const char *path, bp_process_chain *chain)
{
    hid_t file;
    walk w = {.chain = chain};
    *chain = (bp_process_chain){0};
    bp_h5_quiet quiet;
    bp_h5_quiet_begin(&quiet);
    bp_status status = bp_h5_open(ctx, path, &file);
    if (status == BP_OK && H5Ovisit2(file, H5_INDEX_NAME, H5_ITER_INC, visit, &w, H5O_INFO_BASIC) < 0)
        status = w.failed ? bp_fail(ctx, BP_E_MEMORY, "%s: no memory for its history", path)
                          : bp_h5_fail(ctx, BP_E_DAMAGED, "%s: it cannot be walked", path);
    bp_h5_release(&file);
    bp_h5_quiet_end(&quiet);
    if (chain->count > 1)
        qsort(chain->records, chain->count, sizeof *chain->records, by_sequence);
    return status;
}

void bp_process_chain_fini(bp_process_chain *chain)
{
    for (size_t i = 0; i < chain->count; i++) {
        free(chain->records[i].path);
        free(chain->records[i].version);
        free(chain->records[i].pipeline);
        free(chain->records[i].json);
    }
    free(chain->records);
    *chain = (bp_process_chain){0};
}
