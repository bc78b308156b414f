/* SPDX-License-Identifier: BSD-3-Clause
 * A plain HDF5 program that knows nothing of beampress but the number of its filter:
 *   program write FILE mandatory|optional [cd_value ...]
 *   program read FILE */
#include <stdlib.h>
#include <string.h>

#include <hdf5.h>

#include "frames.h"

static uint16_t stack[FRAMES][ROWS * COLS];

static int write_file(const char *path, unsigned flag, size_t count, const unsigned *words)
{
    const hsize_t shape[3] = {FRAMES, ROWS, COLS}, chunk[3] = {1, ROWS, COLS};
    for (unsigned i = 0; i < FRAMES; i++)
        fill_frame(i, stack[i]);
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    hid_t space = H5Screate_simple(3, shape, NULL), plist = H5Pcreate(H5P_DATASET_CREATE);
    int failed = H5Pset_chunk(plist, 3, chunk) < 0 || H5Pset_filter(plist, FILTER_ID, flag, count, words) < 0;
    hid_t dataset = H5Dcreate2(file, DATASET, H5T_STD_U16LE, space, H5P_DEFAULT, plist, H5P_DEFAULT);
    failed = failed || dataset < 0 ||
             H5Dwrite(dataset, H5T_NATIVE_UINT16, H5S_ALL, H5S_ALL, H5P_DEFAULT, stack) < 0;
    /* filters run when chunks leave the cache: at the latest here */
    failed = (dataset >= 0 && H5Dclose(dataset) < 0) || failed;
    H5Pclose(plist);
    H5Sclose(space);
    return H5Fclose(file) < 0 || failed;
}

static int read_file(const char *path)
{
    hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    hid_t dataset = file >= 0 ? H5Dopen2(file, DATASET, H5P_DEFAULT) : -1;
    int failed = dataset < 0 || H5Dread(dataset, H5T_NATIVE_UINT16, H5S_ALL, H5S_ALL, H5P_DEFAULT, stack) < 0;
    for (unsigned i = 0; i < FRAMES && !failed; i++)
        failed = check_frame(i, stack[i]);
    if (dataset >= 0)
        H5Dclose(dataset);
    if (file >= 0)
        H5Fclose(file);
    return failed;
}

int main(int argc, char **argv)
{
    unsigned words[128];
    size_t count = 0;
    if (argc >= 4 && strcmp(argv[1], "write") == 0) {
        for (int i = 4; i < argc && count < 128; i++)
            words[count++] = (unsigned)strtoul(argv[i], NULL, 0);
        unsigned flag = strcmp(argv[3], "optional") == 0 ? H5Z_FLAG_OPTIONAL : H5Z_FLAG_MANDATORY;
        return write_file(argv[2], flag, count, words);
    }
    if (argc == 3 && strcmp(argv[1], "read") == 0)
        return read_file(argv[2]);
    fprintf(stderr, "usage: %s write FILE mandatory|optional [cd_value ...] | read FILE\n", argv[0]);
    return 2;
}
