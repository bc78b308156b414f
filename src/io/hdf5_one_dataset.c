/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "io/hdf5_file.h"
#include "io/hdf5_nexus.h"
#include "io/hdf5_one_dataset.h"
#include "io/text.h"

#define MOST_NAMES 8 /* that are told */

typedef struct candidates {
    char *first; /* with the slash in front */
    bp_text names;
    size_t count;
} candidates;

static void add(candidates *all, const char *slash, const char *name)
{
    if (all->count == 0) {
        bp_text path = {0};
        bp_text_add_word(&path, slash);
        bp_text_add_word(&path, name);
        all->first = path.data;
    }
    if (all->count < MOST_NAMES) {
        bp_text_add_word(&all->names, all->count ? ", " : "");
        bp_text_add_word(&all->names, slash);
        bp_text_add_word(&all->names, name);
    }
    all->count++;
}

static herr_t add_array(hid_t file, const char *name, const H5O_info_t *info, void *user)
{
    if (info->type != H5O_TYPE_DATASET)
        return 0;
    hid_t dataset = H5Dopen2(file, name, H5P_DEFAULT);
    if (dataset < 0)
        return 0;
    hid_t type = H5Dget_type(dataset), space = H5Dget_space(dataset);
    H5T_class_t kind = H5Tget_class(type);
    if ((kind == H5T_INTEGER || kind == H5T_FLOAT) && H5Sget_simple_extent_ndims(space) > 0)
        add(user, "/", name);
    bp_h5_release(&space);
    bp_h5_release(&type);
    bp_h5_release(&dataset);
    return 0;
}

static bp_status collect(bp_context *ctx, hid_t file, candidates *all)
{
    bp_h5_nexus *nexus;
    bp_status status = bp_h5_nexus_read(ctx, file, &nexus);
    if (status != BP_OK)
        return status;
    for (size_t i = 0; i < bp_h5_nexus_image_count(nexus); i++)
        add(all, "", bp_h5_nexus_image_path(nexus, i));
    bp_h5_nexus_free(nexus);
    char *signal = all->count ? NULL : bp_h5_nexus_default_signal(file);
    if (signal)
        add(all, "", signal);
    free(signal);
    if (all->count == 0 && H5Ovisit2(file, H5_INDEX_NAME, H5_ITER_INC, add_array, all, H5O_INFO_BASIC) < 0)
        return bp_h5_fail(ctx, BP_E_DAMAGED, "the groups of the file cannot be read");
    return BP_OK;
}

bp_status bp_h5_find_one_dataset(bp_context *ctx, hid_t file, const char *input,
                                 const bp_file_options *options, char **path)
{
    candidates all = {0};
    *path = NULL;
    if (options->dataset_count > 1)
        return bp_fail(ctx, BP_E_USAGE, "%s: only one dataset can be written at a time", input);
    if (options->dataset_count == 1) {
        *path = strdup(options->datasets[0]);
        return *path ? BP_OK : bp_fail(ctx, BP_E_MEMORY, "no memory for a path");
    }
    bp_status status = collect(ctx, file, &all);
    if (status != BP_OK)
        status = bp_fail_in(ctx, status, "%s", input);
    else if (all.count == 0)
        status = bp_fail(ctx, BP_E_UNSUPPORTED, "%s: no dataset of numbers", input);
    else if (all.count > 1)
        status = bp_fail(ctx, BP_E_USAGE, "%s: one dataset must be named (--dataset); there are %s%s", input,
                         all.names.data ? all.names.data : "several", all.count > MOST_NAMES ? ", ..." : "");
    else if (!all.first)
        status = bp_fail(ctx, BP_E_MEMORY, "no memory for a path");
    if (status == BP_OK)
        *path = all.first;
    else
        free(all.first);
    free(all.names.data);
    return status;
}
