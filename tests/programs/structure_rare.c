/* SPDX-License-Identifier: BSD-3-Clause
 * Writes files that h5py cannot: structure_rare user-link|options|shared|sparse|many|deep FILE [COUNT] */
#include <hdf5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static hid_t must(hid_t id, int line)
{
    if (id < 0) {
        fprintf(stderr, "line %d failed\n", line);
        exit(1);
    }
    return id;
}
#define MUST(call) must(call, __LINE__)

static hid_t traverse(const char *name, hid_t group, const void *value, size_t size, hid_t lapl, hid_t dxpl)
{
    (void)name, (void)group, (void)value, (void)size, (void)lapl, (void)dxpl;
    return H5I_INVALID_HID;
}

static void write_user_link(hid_t file)
{
    H5L_class_t kind = {
        .version = H5L_LINK_CLASS_T_VERS, .id = (H5L_type_t)187, .comment = "ours", .trav_func = traverse};
    MUST(H5Lregister(&kind));
    hid_t group = MUST(H5Gcreate2(file, "group", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    MUST(H5Lcreate_ud(group, "own", (H5L_type_t)187, "abc", 4, H5P_DEFAULT, H5P_DEFAULT));
    MUST(H5Gclose(group));
}

static size_t invert(unsigned flags, size_t count, const unsigned *words, size_t bytes, size_t *room,
                     void **data)
{
    (void)flags, (void)count, (void)words, (void)room;
    unsigned char *values = *data;
    for (size_t i = 0; i < bytes; i++)
        values[i] = (unsigned char)~values[i];
    return bytes;
}

static void write_dataset(hid_t file, const char *name, hid_t dcpl)
{
    hsize_t shape[2] = {50, 70};
    short values[50][70];
    hid_t space = MUST(H5Screate_simple(2, shape, NULL));
    hid_t dataset = MUST(H5Dcreate2(file, name, H5T_STD_I16LE, space, H5P_DEFAULT, dcpl, H5P_DEFAULT));
    for (int i = 0; i < 50; i++)
        for (int k = 0; k < 70; k++)
            values[i][k] = (short)(i * k);
    MUST(H5Dwrite(dataset, H5T_NATIVE_SHORT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values));
    MUST(H5Dclose(dataset));
    MUST(H5Sclose(space));
}

static hid_t chunked(void)
{
    hsize_t chunk[2] = {16, 16};
    hid_t dcpl = MUST(H5Pcreate(H5P_DATASET_CREATE));
    MUST(H5Pset_chunk(dcpl, 2, chunk));
    return dcpl;
}

static void write_filters(hid_t file)
{
    H5Z_class2_t ours = {.version = H5Z_CLASS_T_VERS,
                         .id = 40001,
                         .encoder_present = 1,
                         .decoder_present = 1,
                         .name = "inverted bytes",
                         .filter = invert};
    unsigned words[3] = {7, 8, 9};
    MUST(H5Zregister(&ours));
    for (int early = 0; early < 2; early++) {
        hid_t dcpl = chunked();
        MUST(H5Pset_filter(dcpl, 40001, H5Z_FLAG_MANDATORY, 3, words));
        if (early)
            MUST(H5Pset_alloc_time(dcpl, H5D_ALLOC_TIME_EARLY));
        write_dataset(file, early ? "mandatory early" : "mandatory", dcpl);
        MUST(H5Pclose(dcpl));
    }
    hid_t dcpl = chunked();
    MUST(H5Pset_deflate(dcpl, 5));
    MUST(H5Pset_chunk_opts(dcpl, H5D_CHUNK_DONT_FILTER_PARTIAL_CHUNKS));
    write_dataset(file, "edges not filtered", dcpl);
    MUST(H5Pclose(dcpl));
    dcpl = chunked();
    MUST(H5Pset_nbit(dcpl));
    write_dataset(file, "nbit", dcpl);
    MUST(H5Pclose(dcpl));
}

static void write_text_fill(hid_t file)
{
    hsize_t shape[1] = {5}, chunk[1] = {2};
    const char *fill = "not yet";
    hid_t type = MUST(H5Tcopy(H5T_C_S1)), space = MUST(H5Screate_simple(1, shape, NULL));
    hid_t dcpl = MUST(H5Pcreate(H5P_DATASET_CREATE));
    MUST(H5Tset_size(type, H5T_VARIABLE));
    MUST(H5Pset_chunk(dcpl, 1, chunk));
    MUST(H5Pset_fill_value(dcpl, type, &fill));
    MUST(H5Dclose(MUST(H5Dcreate2(file, "text fill", type, space, H5P_DEFAULT, dcpl, H5P_DEFAULT))));
    MUST(H5Pclose(dcpl));
    dcpl = MUST(H5Pcreate(H5P_DATASET_CREATE));
    MUST(H5Pset_fill_value(dcpl, H5T_STD_I32LE, NULL)); /* undefined */
    MUST(H5Dclose(
        MUST(H5Dcreate2(file, "undefined fill", H5T_STD_I32LE, space, H5P_DEFAULT, dcpl, H5P_DEFAULT))));
    MUST(H5Pclose(dcpl));
    MUST(H5Tclose(type));
    MUST(H5Sclose(space));
}

static void write_groups(hid_t file)
{
    char name[32];
    hid_t gcpl = MUST(H5Pcreate(H5P_GROUP_CREATE));
    MUST(H5Pset_link_phase_change(gcpl, 3, 2));
    MUST(H5Pset_deflate(gcpl, 4));
    MUST(H5Pset_link_creation_order(gcpl, H5P_CRT_ORDER_TRACKED));
    hid_t group = MUST(H5Gcreate2(file, "filtered links", H5P_DEFAULT, gcpl, H5P_DEFAULT));
    for (int i = 0; i < 20; i++) {
        snprintf(name, sizeof name, "%02d", (i * 7) % 20);
        MUST(H5Lcreate_soft("/nbit", group, name, H5P_DEFAULT, H5P_DEFAULT));
    }
    MUST(H5Gclose(group));
    MUST(H5Pclose(gcpl));
}

/* Shared messages, paged file space, other sizes of trees. */
static hid_t create_with_options(const char *path)
{
    hid_t fcpl = MUST(H5Pcreate(H5P_FILE_CREATE)), fapl = MUST(H5Pcreate(H5P_FILE_ACCESS));
    MUST(H5Pset_shared_mesg_nindexes(fcpl, 1));
    MUST(H5Pset_shared_mesg_index(fcpl, 0, H5O_SHMESG_ALL_FLAG, 16));
    MUST(H5Pset_file_space_strategy(fcpl, H5F_FSPACE_STRATEGY_PAGE, 1, 1));
    MUST(H5Pset_file_space_page_size(fcpl, 8192));
    MUST(H5Pset_sym_k(fcpl, 32, 8));
    MUST(H5Pset_istore_k(fcpl, 64));
    MUST(H5Pset_userblock(fcpl, 8192)); /* at least a page */
    MUST(H5Pset_libver_bounds(fapl, H5F_LIBVER_V110, H5F_LIBVER_LATEST));
    hid_t file = MUST(H5Fcreate(path, H5F_ACC_TRUNC, fcpl, fapl));
    MUST(H5Pclose(fcpl));
    MUST(H5Pclose(fapl));
    return file;
}

/* Three chunks of 2^40. */
static void write_sparse(hid_t file)
{
    const hsize_t most = (hsize_t)1 << 20, places[3][2] = {{0, 0}, {most - 1, 7}, {12345, most - 1}};
    hsize_t shape[2] = {most * 8, most * 8}, chunk[2] = {8, 8};
    unsigned char values[64];
    hid_t space = MUST(H5Screate_simple(2, shape, NULL)), dcpl = MUST(H5Pcreate(H5P_DATASET_CREATE));
    MUST(H5Pset_chunk(dcpl, 2, chunk));
    hid_t dataset = MUST(H5Dcreate2(file, "sparse", H5T_STD_U8LE, space, H5P_DEFAULT, dcpl, H5P_DEFAULT));
    for (int i = 0; i < 3; i++) {
        hsize_t offset[2] = {places[i][0] * 8, places[i][1] * 8};
        memset(values, i + 1, sizeof values);
        MUST(H5Dwrite_chunk(dataset, H5P_DEFAULT, 0, offset, sizeof values, values));
    }
    MUST(H5Dclose(dataset));
    MUST(H5Pclose(dcpl));
    MUST(H5Sclose(space));
}

static void write_many(hid_t file, hsize_t count)
{
    hsize_t shape[2] = {count, 8}, chunk[2] = {1, 8};
    unsigned char values[8];
    hid_t space = MUST(H5Screate_simple(2, shape, NULL)), dcpl = MUST(H5Pcreate(H5P_DATASET_CREATE));
    MUST(H5Pset_chunk(dcpl, 2, chunk));
    hid_t dataset = MUST(H5Dcreate2(file, "many", H5T_STD_U8LE, space, H5P_DEFAULT, dcpl, H5P_DEFAULT));
    for (hsize_t i = 0; i < count; i++) {
        hsize_t offset[2] = {i, 0};
        memset(values, (int)(i % 251), sizeof values);
        if (i % 3 != 1)
            MUST(H5Dwrite_chunk(dataset, H5P_DEFAULT, 0, offset, sizeof values, values));
    }
    MUST(H5Dclose(dataset));
    MUST(H5Pclose(dcpl));
    MUST(H5Sclose(space));
}

static void write_deep(hid_t file, int depth)
{
    hid_t group = MUST(H5Gopen2(file, "/", H5P_DEFAULT));
    for (int i = 0; i < depth; i++) {
        hid_t inner = MUST(H5Gcreate2(group, "g", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
        MUST(H5Gclose(group));
        group = inner;
    }
    MUST(H5Gclose(group));
}

int main(int argc, char **argv)
{
    if (argc < 3)
        return 2;
    hid_t file = strcmp(argv[1], "options") == 0 || strcmp(argv[1], "shared") == 0
                     ? create_with_options(argv[2])
                     : MUST(H5Fcreate(argv[2], H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT));
    hsize_t count = argc > 3 ? strtoull(argv[3], NULL, 10) : 100000;
    if (strcmp(argv[1], "user-link") == 0)
        write_user_link(file);
    else if (strcmp(argv[1], "options") == 0) {
        write_filters(file);
        write_text_fill(file);
        write_groups(file);
    } else if (strcmp(argv[1], "sparse") == 0)
        write_sparse(file);
    else if (strcmp(argv[1], "many") == 0)
        write_many(file, count);
    else if (strcmp(argv[1], "deep") == 0)
        write_deep(file, (int)count);
    MUST(H5Fclose(file));
    return 0;
}
