/* SPDX-License-Identifier: BSD-3-Clause
 * Which datasets are detector images, in files as NXmx, NXtomo and older writers make them, and in files
 * without any NeXus class. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/hdf5_nexus.h"
#include "unit/cmocka_all.h"

static hid_t new_file(void)
{
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    assert_true(H5Pset_fapl_core(access, 1 << 16, 0) >= 0);
    hid_t file = H5Fcreate("in_memory.h5", H5F_ACC_TRUNC, H5P_DEFAULT, access);
    assert_true(file >= 0);
    H5Pclose(access);
    return file;
}

static void set_text(hid_t object, const char *name, const char *text)
{
    hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate(H5S_SCALAR);
    H5Tset_size(type, strlen(text));
    hid_t attribute = H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(H5Awrite(attribute, type, text) >= 0);
    H5Aclose(attribute);
    H5Sclose(space);
    H5Tclose(type);
}

static void set_variable_text(hid_t object, const char *name, const char *text)
{
    hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate(H5S_SCALAR);
    H5Tset_size(type, H5T_VARIABLE);
    hid_t attribute = H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(H5Awrite(attribute, type, &text) >= 0);
    H5Aclose(attribute);
    H5Sclose(space);
    H5Tclose(type);
}

static void set_number(hid_t object, const char *name, int number)
{
    hid_t space = H5Screate(H5S_SCALAR);
    hid_t attribute = H5Acreate2(object, name, H5T_NATIVE_INT, space, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(H5Awrite(attribute, H5T_NATIVE_INT, &number) >= 0);
    H5Aclose(attribute);
    H5Sclose(space);
}

static void add_group(hid_t file, const char *path, const char *class)
{
    hid_t group = H5Gcreate2(file, path, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(group >= 0);
    if (class)
        set_text(group, "NX_class", class);
    H5Gclose(group);
}

static hid_t add_dataset(hid_t file, const char *path, hid_t type, int rank, const hsize_t *shape,
                         const void *values)
{
    hid_t space = rank ? H5Screate_simple(rank, shape, NULL) : H5Screate(H5S_SCALAR);
    hid_t dataset = H5Dcreate2(file, path, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(dataset >= 0);
    if (values)
        assert_true(H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
    H5Sclose(space);
    return dataset;
}

static void add_number(hid_t file, const char *path, double value)
{
    H5Dclose(add_dataset(file, path, H5T_NATIVE_DOUBLE, 0, NULL, &value));
}

static const hsize_t frames[3] = {4, 5, 6};

static void tomography_with_keys(void **state)
{
    (void)state;
    hid_t file = new_file();
    const hsize_t four = 4;
    const int keys[4] = {2, 1, 0, 0};
    add_group(file, "/entry", "NXentry");
    add_group(file, "/entry/instrument", "NXinstrument");
    add_group(file, "/entry/instrument/detector", "NXdetector");
    add_group(file, "/entry/data", "NXdata");
    hid_t data = add_dataset(file, "/entry/instrument/detector/data", H5T_NATIVE_USHORT, 3, frames, NULL);
    H5Dclose(add_dataset(file, "/entry/instrument/detector/image_key", H5T_NATIVE_INT, 1, &four, keys));
    H5Dclose(
        add_dataset(file, "/entry/instrument/detector/pixel_mask", H5T_NATIVE_UINT, 2, frames + 1, NULL));
    add_number(file, "/entry/instrument/detector/saturation_value", 4095);
    hid_t entry = H5Gopen2(file, "/entry", H5P_DEFAULT), group = H5Gopen2(file, "/entry/data", H5P_DEFAULT);
    H5Lcreate_soft("/entry/instrument/detector/data", file, "/entry/data/data", H5P_DEFAULT, H5P_DEFAULT);
    set_variable_text(file, "default", "entry");
    set_text(entry, "default", "data");
    set_text(group, "signal", "data");
    H5Gclose(group);
    H5Gclose(entry);
    bp_h5_nexus *nexus;
    assert_int_equal(bp_h5_nexus_read(NULL, file, &nexus), BP_OK);
    assert_int_equal(bp_h5_nexus_image_count(nexus), 1);
    assert_true(bp_h5_nexus_is_image(nexus, data));
    assert_true(bp_h5_nexus_is_default(nexus, data));
    const bp_h5_detector *detector = bp_h5_nexus_detector(nexus, data);
    assert_non_null(detector);
    assert_string_equal(detector->path, "/entry/instrument/detector");
    assert_string_equal(detector->mask, "/entry/instrument/detector/pixel_mask");
    assert_true(detector->saturation_value == 4095);
    assert_true(isnan(detector->underload_value));
    assert_int_equal(detector->image_key_count, 4);
    assert_int_equal(detector->image_key[0], BP_KEY_DARK);
    assert_int_equal(detector->key_frames[BP_KEY_PROJECTION], 2);
    bp_h5_nexus_free(nexus);
    assert_true(bp_h5_is_detector_image(file, "/entry/data/data"));
    assert_false(bp_h5_is_detector_image(file, "/entry/instrument/detector/pixel_mask"));
    assert_false(bp_h5_is_detector_image(file, "/entry/nothing"));
    H5Dclose(data);
    assert_int_equal(H5Fget_obj_count(file, H5F_OBJ_ALL), 1);
    H5Fclose(file);
}

static void old_signals_and_dectris_blocks(void **state)
{
    (void)state;
    hid_t file = new_file();
    add_group(file, "/entry", "NXentry");
    add_group(file, "/entry/data", "NXdata");
    add_group(file, "/entry/detector", "NXdetector");
    add_group(file, "/entry/detector/detectorSpecific", NULL);
    add_number(file, "/entry/detector/bit_depth_readout", 32);
    H5Dclose(add_dataset(file, "/entry/detector/detectorSpecific/pixel_mask", H5T_NATIVE_UINT, 2, frames + 1,
                         NULL));
    hid_t old = add_dataset(file, "/entry/data/counts", H5T_NATIVE_INT, 3, frames, NULL);
    set_number(old, "signal", 1);
    hid_t block = add_dataset(file, "/entry/data/data_000001", H5T_NATIVE_UINT, 3, frames, NULL);
    set_number(block, "image_nr_low", 1);
    hid_t errors = add_dataset(file, "/entry/data/errors", H5T_NATIVE_INT, 3, frames, NULL);
    hid_t spectrum = add_dataset(file, "/entry/data/spectrum", H5T_NATIVE_INT, 1, frames, NULL);
    set_number(spectrum, "signal", 1);
    bp_h5_nexus *nexus;
    assert_int_equal(bp_h5_nexus_read(NULL, file, &nexus), BP_OK);
    assert_int_equal(bp_h5_nexus_image_count(nexus), 2);
    assert_true(bp_h5_nexus_is_image(nexus, old));
    assert_true(bp_h5_nexus_is_image(nexus, block));
    assert_false(bp_h5_nexus_is_image(nexus, errors));
    assert_false(bp_h5_nexus_is_image(nexus, spectrum));
    assert_false(bp_h5_nexus_is_default(nexus, old));
    assert_string_equal(bp_h5_nexus_detector(nexus, block)->mask,
                        "/entry/detector/detectorSpecific/pixel_mask");
    assert_true(bp_h5_nexus_detector(nexus, block)->bit_depth_readout == 32);
    assert_null(bp_h5_nexus_detector(nexus, errors));
    bp_h5_nexus_free(nexus);
    H5Dclose(old);
    H5Dclose(block);
    H5Dclose(errors);
    H5Dclose(spectrum);
    H5Fclose(file);
}

static void keys_in_nxdata(void **state)
{
    (void)state;
    hid_t file = new_file();
    const hsize_t four = 4;
    const int keys[4] = {0, 0, 7, 0};
    add_group(file, "/tomo", "NXdata");
    hid_t group = H5Gopen2(file, "/tomo", H5P_DEFAULT);
    set_text(group, "signal", "data");
    H5Gclose(group);
    hid_t data = add_dataset(file, "/tomo/data", H5T_NATIVE_USHORT, 3, frames, NULL);
    H5Dclose(add_dataset(file, "/tomo/image_key", H5T_NATIVE_INT, 1, &four, keys));
    bp_h5_nexus *nexus;
    assert_int_equal(bp_h5_nexus_read(NULL, file, &nexus), BP_OK);
    const bp_h5_detector *detector = bp_h5_nexus_detector(nexus, data);
    assert_non_null(detector);
    assert_int_equal(detector->key_frames[BP_KEY_PROJECTION], 3);
    assert_int_equal(detector->key_frames[BP_KEY_INVALID], 1);
    bp_h5_nexus_free(nexus);
    H5Dclose(data);
    H5Fclose(file);
}

static void nothing_is_guessed(void **state)
{
    (void)state;
    hid_t file = new_file();
    add_group(file, "/entry", NULL);
    add_group(file, "/entry/data", NULL);
    hid_t data = add_dataset(file, "/entry/data/data", H5T_NATIVE_USHORT, 3, frames, NULL);
    add_group(file, "/broken", "NXdata");
    hid_t group = H5Gopen2(file, "/broken", H5P_DEFAULT);
    set_text(group, "signal", "gone");
    H5Lcreate_soft("/nowhere", file, "/broken/gone", H5P_DEFAULT, H5P_DEFAULT);
    H5Gclose(group);
    bp_h5_nexus *nexus;
    assert_int_equal(bp_h5_nexus_read(NULL, file, &nexus), BP_OK);
    assert_int_equal(bp_h5_nexus_image_count(nexus), 0);
    assert_false(bp_h5_nexus_is_image(nexus, data));
    assert_null(bp_h5_nexus_detector(nexus, data));
    bp_h5_nexus_free(nexus);
    H5Dclose(data);
    H5Fclose(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tomography_with_keys),
        cmocka_unit_test(old_signals_and_dectris_blocks),
        cmocka_unit_test(keys_in_nxdata),
        cmocka_unit_test(nothing_is_guessed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
