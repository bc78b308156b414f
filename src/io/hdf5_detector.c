/* SPDX-License-Identifier: BSD-3-Clause
 * Facts of a detector where NXdetector and NXmx put them; DECTRIS files have some one level deeper, in
 * detectorSpecific. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/hdf5_detector.h"
#include "io/hdf5_read_small.h"

#define MAX_FRAMES ((hssize_t)1 << 28) /* of image_key; a byte each is kept */

static double first_number(hid_t group, const char *const *names)
{
    for (; *names; names++) {
        double value = bp_h5_dataset_number(group, *names);
        if (!isnan(value))
            return value;
    }
    return (double)NAN;
}

/* A length in metres; NAN when its unit is not known. */
static double length(hid_t group, const char *name)
{
    static const struct {
        const char *unit;
        double metres;
    } units[] = {{"m", 1},     {"metre", 1}, {"meter", 1},     {"mm", 1e-3},      {"millimetre", 1e-3},
                 {"um", 1e-6}, {"µm", 1e-6}, {"micron", 1e-6}, {"microns", 1e-6}, {"nm", 1e-9}};
    double value = bp_h5_dataset_number(group, name), result = (double)NAN;
    if (isnan(value))
        return value;
    hid_t dataset = H5Dopen2(group, name, H5P_DEFAULT);
    if (dataset < 0)
        return result;
    char *unit = bp_h5_attribute_text(dataset, "units");
    for (size_t i = 0; unit && i < sizeof units / sizeof units[0]; i++)
        if (strcmp(unit, units[i].unit) == 0)
            result = value * units[i].metres;
    free(unit);
    H5Dclose(dataset);
    return result;
}

static bp_status find_mask(bp_context *ctx, hid_t group, bp_h5_detector *detector)
{
    static const char *const names[] = {"pixel_mask", "mask", "pixel_mask_1", "detectorSpecific/pixel_mask"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (!bp_h5_leads_to(group, names[i]))
            continue;
        size_t size = strlen(detector->path) + strlen(names[i]) + 2;
        detector->mask = malloc(size);
        if (!detector->mask)
            return bp_fail(ctx, BP_E_MEMORY, "no memory for a path");
        snprintf(detector->mask, size, "%s/%s", detector->path, names[i]);
        return BP_OK;
    }
    return BP_OK;
}

static bp_status keep_keys(bp_context *ctx, hid_t dataset, size_t count, bp_h5_detector *detector)
{
    int *keys = malloc(count * sizeof *keys);
    detector->image_key = malloc(count);
    if (!keys || !detector->image_key) {
        free(keys);
        return bp_fail(ctx, BP_E_MEMORY, "no memory for %zu image keys", count);
    }
    if (H5Dread(dataset, H5T_NATIVE_INT, H5S_ALL, H5S_ALL, H5P_DEFAULT, keys) >= 0) {
        detector->image_key_count = count;
        for (size_t i = 0; i < count; i++) {
            /* what the standard does not know is not a projection for sure */
            unsigned key = keys[i] < 0 || keys[i] >= BP_KEY_COUNT ? BP_KEY_INVALID : (unsigned)keys[i];
            detector->image_key[i] = (uint8_t)key;
            detector->key_frames[key]++;
        }
    } else {
        free(detector->image_key);
        detector->image_key = NULL;
    }
    free(keys);
    return BP_OK;
}

static bp_status read_keys(bp_context *ctx, hid_t group, bp_h5_detector *detector)
{
    bp_status status = BP_OK;
    if (!bp_h5_leads_to(group, "image_key"))
        return BP_OK;
    hid_t dataset = H5Dopen2(group, "image_key", H5P_DEFAULT);
    if (dataset < 0)
        return BP_OK;
    hid_t type = H5Dget_type(dataset), space = H5Dget_space(dataset);
    hssize_t count = H5Sget_simple_extent_npoints(space);
    H5T_class_t kind = H5Tget_class(type);
    if ((kind == H5T_INTEGER || kind == H5T_FLOAT) && H5Sget_simple_extent_ndims(space) == 1 && count > 0 &&
        count <= MAX_FRAMES)
        status = keep_keys(ctx, dataset, (size_t)count, detector);
    H5Sclose(space);
    H5Tclose(type);
    H5Dclose(dataset);
    return status;
}

bp_status bp_h5_detector_read_keys(bp_context *ctx, hid_t file, const char *path, bp_h5_detector *detector)
{
    hid_t group = detector->image_key ? H5I_INVALID_HID : H5Gopen2(file, path, H5P_DEFAULT);
    bp_status status = group < 0 ? BP_OK : read_keys(ctx, group, detector);
    if (group >= 0)
        H5Gclose(group);
    return status;
}

bp_status bp_h5_detector_read(bp_context *ctx, hid_t file, const char *path, bp_h5_detector *detector)
{
    static const char *const saturation[] = {"saturation_value", "detectorSpecific/saturation_value",
                                             "detectorSpecific/countrate_correction_count_cutoff", NULL};
    static const char *const underload[] = {"underload_value", "detectorSpecific/underload_value", NULL};
    static const char *const depth[] = {"bit_depth_readout", "bit_depth_image",
                                        "detectorSpecific/bit_depth_readout", NULL};
    static const char *const time[] = {"count_time", "detectorSpecific/count_time", NULL};
    bp_status status = BP_OK;
    memset(detector, 0, sizeof *detector);
    hid_t group = H5Gopen2(file, path, H5P_DEFAULT);
    detector->path = strdup(path);
    if (!detector->path)
        status = bp_fail(ctx, BP_E_MEMORY, "no memory for a path");
    detector->saturation_value = group < 0 ? (double)NAN : first_number(group, saturation);
    detector->underload_value = group < 0 ? (double)NAN : first_number(group, underload);
    detector->bit_depth_readout = group < 0 ? (double)NAN : first_number(group, depth);
    detector->count_time = group < 0 ? (double)NAN : first_number(group, time);
    detector->x_pixel_size = group < 0 ? (double)NAN : length(group, "x_pixel_size");
    detector->y_pixel_size = group < 0 ? (double)NAN : length(group, "y_pixel_size");
    if (group >= 0) {
        if (status == BP_OK)
            status = find_mask(ctx, group, detector);
        if (status == BP_OK)
            status = read_keys(ctx, group, detector);
        H5Gclose(group);
    }
    return status;
}

void bp_h5_detector_fini(bp_h5_detector *detector)
{
    free(detector->path);
    free(detector->mask);
    free(detector->image_key);
    memset(detector, 0, sizeof *detector);
}
