/* SPDX-License-Identifier: BSD-3-Clause
 * Creation properties of groups and datasets for another file. The lists that HDF5 gives for objects hold,
 * besides what one can ask for, the places of links and of shared messages in their file; used in another
 * file they make it unreadable. */
#include <limits.h>
#include <stdlib.h>

#include "beampress/array.h"
#include "io/hdf5_copier.h"
#include "io/hdf5_file.h"

hid_t bp_h5_fresh_space(hid_t space)
{
    hsize_t shape[BP_MAX_RANK], most[BP_MAX_RANK];
    H5S_class_t class = H5Sget_simple_extent_type(space);
    if (class == H5S_NULL || class == H5S_SCALAR)
        return H5Screate(class);
    int rank = H5Sget_simple_extent_ndims(space);
    if (rank < 1 || rank > BP_MAX_RANK || H5Sget_simple_extent_dims(space, shape, most) != rank)
        return H5I_INVALID_HID;
    return H5Screate_simple(rank, shape, most);
}

hid_t bp_h5_fresh_type(hid_t type)
{
    size_t size = 0;
    if (H5Tencode(type, NULL, &size) < 0 || size == 0)
        return H5I_INVALID_HID;
    void *encoded = malloc(size);
    hid_t fresh = encoded && H5Tencode(type, encoded, &size) >= 0 ? H5Tdecode(encoded) : H5I_INVALID_HID;
    free(encoded);
    return fresh;
}

static bool copy_filters(hid_t from, hid_t to)
{
    int count = H5Pget_nfilters(from);
    for (unsigned i = 0; count > 0 && i < (unsigned)count; i++) {
        unsigned flags, config, words[BP_H5_MAX_WORDS];
        size_t used = BP_H5_MAX_WORDS;
        H5Z_filter_t id = H5Pget_filter2(from, i, &flags, &used, words, 0, NULL, &config);
        if (id < 0 || used > BP_H5_MAX_WORDS || H5Pset_filter(to, id, flags, used, words) < 0)
            return false;
    }
    return count >= 0;
}

static bool copy_attribute_properties(hid_t from, hid_t to)
{
    unsigned order, most, least;
    return H5Pget_attr_creation_order(from, &order) >= 0 && H5Pset_attr_creation_order(to, order) >= 0 &&
           H5Pget_attr_phase_change(from, &most, &least) >= 0 &&
           H5Pset_attr_phase_change(to, most, least) >= 0;
}

bp_status bp_h5_group_properties(bp_context *ctx, hid_t from, hid_t to)
{
    unsigned order, most, least, entries, name_length;
    bool ok = H5Pget_link_creation_order(from, &order) >= 0 && H5Pset_link_creation_order(to, order) >= 0 &&
              H5Pget_link_phase_change(from, &most, &least) >= 0 &&
              H5Pset_link_phase_change(to, most, least) >= 0 &&
              H5Pget_est_link_info(from, &entries, &name_length) >= 0 &&
              H5Pset_est_link_info(to, entries, name_length) >= 0 && copy_attribute_properties(from, to) &&
              copy_filters(from, to) && H5Pset_obj_track_times(to, 0) >= 0;
    return ok ? BP_OK : bp_h5_fail(ctx, BP_E_DAMAGED, "the properties of the group cannot be copied");
}

/* Elements that one source fills: all that are selected, or one block of an endless series. */
static hsize_t mapped_elements(hid_t space)
{
    hsize_t start[BP_MAX_RANK], stride[BP_MAX_RANK], count[BP_MAX_RANK], block[BP_MAX_RANK], elements = 1;
    int rank = H5Sget_simple_extent_ndims(space);
    if (rank < 1 || rank > BP_MAX_RANK || H5Sget_select_type(space) != H5S_SEL_HYPERSLABS ||
        H5Sis_regular_hyperslab(space) <= 0 ||
        H5Sget_regular_hyperslab(space, start, stride, count, block) < 0) {
        hssize_t selected = H5Sget_select_npoints(space);
        return selected > 0 ? (hsize_t)selected : 0;
    }
    for (int i = 0; i < rank; i++)
        elements *= block[i] * (count[i] == H5S_UNLIMITED ? 1 : count[i]);
    return elements;
}

/* "All of the source" is stored without a shape, and HDF5 wants one that fits. */
static hid_t source_space(hid_t from, size_t index, hid_t here)
{
    hid_t space = H5Pget_virtual_srcspace(from, index);
    if (space < 0 || H5Sget_select_type(space) != H5S_SEL_ALL)
        return space;
    bp_h5_release(&space);
    hsize_t elements = mapped_elements(here);
    return H5Screate_simple(1, &elements, NULL);
}

static bool copy_mappings(hid_t from, hid_t to)
{
    size_t count = 0;
    char *file = malloc(PATH_MAX), *name = malloc(PATH_MAX);
    bool ok = file && name && H5Pget_virtual_count(from, &count) >= 0;
    for (size_t i = 0; ok && i < count; i++) {
        hid_t here = H5Pget_virtual_vspace(from, i), there = source_space(from, i, here);
        ssize_t lengths[2] = {H5Pget_virtual_filename(from, i, file, PATH_MAX),
                              H5Pget_virtual_dsetname(from, i, name, PATH_MAX)};
        ok = here >= 0 && there >= 0 && lengths[0] >= 0 && lengths[0] < PATH_MAX && lengths[1] >= 0 &&
             lengths[1] < PATH_MAX && H5Pset_virtual(to, here, file, name, there) >= 0;
        bp_h5_release(&here);
        bp_h5_release(&there);
    }
    free(file);
    free(name);
    return ok;
}

static bool copy_external(hid_t from, hid_t to)
{
    char *name = malloc(PATH_MAX);
    int count = H5Pget_external_count(from);
    bool ok = name && count >= 0;
    for (unsigned i = 0; ok && i < (unsigned)count; i++) {
        off_t offset;
        hsize_t size;
        ok = H5Pget_external(from, i, PATH_MAX, name, &offset, &size) >= 0 &&
             H5Pset_external(to, name, offset, size) >= 0;
    }
    free(name);
    return ok;
}

static bool copy_layout(hid_t from, hid_t to)
{
    hsize_t chunk[BP_MAX_RANK];
    unsigned options;
    int rank;
    switch (H5Pget_layout(from)) {
    case H5D_COMPACT:
        return H5Pset_layout(to, H5D_COMPACT) >= 0;
    case H5D_CONTIGUOUS:
        return copy_external(from, to);
    case H5D_CHUNKED:
        rank = H5Pget_chunk(from, BP_MAX_RANK, chunk);
        return rank > 0 && rank <= BP_MAX_RANK && H5Pset_chunk(to, rank, chunk) >= 0 &&
               H5Pget_chunk_opts(from, &options) >= 0 &&
               (options == 0 || H5Pset_chunk_opts(to, options) >= 0) && copy_filters(from, to);
    case H5D_VIRTUAL:
        return copy_mappings(from, to);
    default:
        return false;
    }
}

static bool copy_fill(hid_t from, hid_t to, hid_t type)
{
    H5D_fill_value_t defined;
    H5D_fill_time_t fill_time;
    H5D_alloc_time_t early, standard;
    bool ok = H5Pfill_value_defined(from, &defined) >= 0 && H5Pget_fill_time(from, &fill_time) >= 0 &&
              H5Pset_fill_time(to, fill_time) >= 0 && H5Pget_alloc_time(from, &early) >= 0 &&
              H5Pget_alloc_time(to, &standard) >= 0 &&
              (early == standard || H5Pset_alloc_time(to, early) >= 0);
    if (!ok || defined == H5D_FILL_VALUE_DEFAULT)
        return ok;
    if (defined == H5D_FILL_VALUE_UNDEFINED)
        return H5Pset_fill_value(to, type, NULL) >= 0;
    void *value = calloc(1, H5Tget_size(type));
    ok = value && H5Pget_fill_value(from, type, value) >= 0 && H5Pset_fill_value(to, type, value) >= 0;
    hid_t one = H5Screate(H5S_SCALAR);
    if (ok)
        H5Dvlen_reclaim(type, one, H5P_DEFAULT, value);
    bp_h5_release(&one);
    free(value);
    return ok;
}

/* One by one into a fresh list. */
static hid_t rebuild(hid_t dataset, hid_t from)
{
    hid_t to = H5Pcreate(H5P_DATASET_CREATE), type = H5Dget_type(dataset);
    if (to < 0 || type < 0 || !copy_layout(from, to) || !copy_fill(from, to, type) ||
        !copy_attribute_properties(from, to))
        bp_h5_release(&to);
    bp_h5_release(&type);
    return to;
}

bp_status bp_h5_creation_properties(bp_h5_copier *copier, hid_t dataset, hid_t *dcpl)
{
    *dcpl = H5Dget_create_plist(dataset);
    if (*dcpl >= 0 && copier->shares_messages) {
        hid_t fresh = rebuild(dataset, *dcpl);
        bp_h5_release(dcpl);
        *dcpl = fresh;
    }
    if (*dcpl >= 0 && H5Pset_obj_track_times(*dcpl, 0) >= 0)
        return BP_OK;
    bp_h5_release(dcpl);
    return bp_h5_fail(copier->ctx, BP_E_DAMAGED, "its properties cannot be copied");
}
