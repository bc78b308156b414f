/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "io/hdf5_file.h"
#include "io/hdf5_put.h"

static bp_status fail(bp_context *ctx, const char *what)
{
    return bp_h5_fail(ctx, BP_E_OUTPUT, "%s could not be written", what);
}

bp_status bp_h5_put_file(bp_context *ctx, const char *path, hid_t *file)
{
    hid_t fcpl = H5Pcreate(H5P_FILE_CREATE);
    bp_status status = BP_OK;
    *file = H5I_INVALID_HID;
    if (fcpl < 0 || H5Pset_obj_track_times(fcpl, 0) < 0 ||
        (*file = H5Fcreate(path, H5F_ACC_TRUNC, fcpl, H5P_DEFAULT)) < 0)
        status = bp_h5_fail(ctx, BP_E_OUTPUT, "%s: cannot be created", path);
    bp_h5_release(&fcpl);
    return status;
}

/* Old readers know strings of fixed length, too; HDF5 has none of length 0. */
hid_t bp_h5_put_text_type(const char *text)
{
    size_t size = strlen(text);
    hid_t type = H5Tcopy(H5T_C_S1);
    if (H5Tset_size(type, size ? size : 1) < 0 || H5Tset_strpad(type, H5T_STR_NULLPAD) < 0 ||
        H5Tset_cset(type, H5T_CSET_UTF8) < 0)
        bp_h5_release(&type);
    return type;
}

static bp_status put_attribute(bp_context *ctx, hid_t file, const char *object, const char *name, hid_t type,
                               const void *value)
{
    hid_t space = H5Screate(H5S_SCALAR);
    hid_t attribute =
        H5Acreate_by_name(file, object, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    bp_status status = BP_OK;
    if (attribute < 0 || H5Awrite(attribute, type, value) < 0)
        status = fail(ctx, name);
    bp_h5_release(&attribute);
    bp_h5_release(&space);
    return status;
}

bp_status bp_h5_put_text(bp_context *ctx, hid_t file, const char *object, const char *name, const char *text)
{
    hid_t type = bp_h5_put_text_type(text);
    bp_status status = put_attribute(ctx, file, object, name, type, text);
    bp_h5_release(&type);
    return status;
}

bp_status bp_h5_put_number(bp_context *ctx, hid_t file, const char *object, const char *name, double number)
{
    return put_attribute(ctx, file, object, name, H5T_NATIVE_DOUBLE, &number);
}

bp_status bp_h5_put_group(bp_context *ctx, hid_t file, const char *path, const char *class)
{
    hid_t gcpl = H5Pcreate(H5P_GROUP_CREATE), group = H5I_INVALID_HID;
    bp_status status = BP_OK;
    if (gcpl < 0 || H5Pset_obj_track_times(gcpl, 0) < 0 ||
        (group = H5Gcreate2(file, path, H5P_DEFAULT, gcpl, H5P_DEFAULT)) < 0)
        status = fail(ctx, path);
    bp_h5_release(&group);
    bp_h5_release(&gcpl);
    return status == BP_OK ? bp_h5_put_text(ctx, file, path, "NX_class", class) : status;
}

bp_status bp_h5_put_dataset(bp_context *ctx, hid_t file, const char *path, hid_t type, size_t rank,
                            const hsize_t *shape, const void *values, hid_t *made)
{
    hid_t dcpl = H5Pcreate(H5P_DATASET_CREATE), dataset = H5I_INVALID_HID;
    hid_t space = rank ? H5Screate_simple((int)rank, shape, NULL) : H5Screate(H5S_SCALAR);
    bp_status status = BP_OK;
    if (dcpl < 0 || space < 0 || H5Pset_obj_track_times(dcpl, 0) < 0 ||
        (dataset = H5Dcreate2(file, path, type, space, H5P_DEFAULT, dcpl, H5P_DEFAULT)) < 0 ||
        (values && H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) < 0))
        status = fail(ctx, path);
    bp_h5_release(&space);
    bp_h5_release(&dcpl);
    if (made)
        *made = dataset;
    else
        bp_h5_release(&dataset);
    return status;
}
