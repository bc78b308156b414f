/* SPDX-License-Identifier: BSD-3-Clause
 * A parallel HDF5 program: every process writes its frames into one filtered dataset, all together; then each
 * reads the frames of the others.
 *   mpirun -n 2 program_mpi FILE */
#include <stdlib.h>

#include <hdf5.h>
#include <mpi.h>

#include "frames.h"

typedef struct place {
    int rank, size;
    hid_t collective; /* transfer property list */
    hid_t memory;     /* dataspace of one frame */
} place;

static hid_t frame_selection(hid_t dataset, unsigned frame)
{
    const hsize_t start[3] = {frame, 0, 0}, count[3] = {1, ROWS, COLS};
    hid_t space = H5Dget_space(dataset);
    H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, count, NULL);
    return space;
}

static int write_frames(const place *p, hid_t file)
{
    static uint16_t values[ROWS * COLS];
    const hsize_t shape[3] = {FRAMES, ROWS, COLS}, chunk[3] = {1, ROWS, COLS};
    hid_t space = H5Screate_simple(3, shape, NULL), plist = H5Pcreate(H5P_DATASET_CREATE);
    int failed = H5Pset_chunk(plist, 3, chunk) < 0 || H5Pset_filter(plist, FILTER_ID, 0, 0, NULL) < 0;
    hid_t dataset = H5Dcreate2(file, DATASET, H5T_STD_U16LE, space, H5P_DEFAULT, plist, H5P_DEFAULT);
    failed = failed || dataset < 0;
    for (unsigned i = 0; i < FRAMES && !failed; i += (unsigned)p->size) {
        unsigned frame = i + (unsigned)p->rank;
        fill_frame(frame, values);
        hid_t selection = frame_selection(dataset, frame);
        failed = H5Dwrite(dataset, H5T_NATIVE_UINT16, p->memory, selection, p->collective, values) < 0;
        H5Sclose(selection);
    }
    failed = (dataset >= 0 && H5Dclose(dataset) < 0) || failed;
    H5Pclose(plist);
    H5Sclose(space);
    return failed;
}

static int read_frames(const place *p, hid_t file)
{
    static uint16_t values[ROWS * COLS];
    hid_t dataset = H5Dopen2(file, DATASET, H5P_DEFAULT);
    int failed = dataset < 0;
    for (unsigned i = 0; i < FRAMES && !failed; i += (unsigned)p->size) {
        unsigned frame = i + (unsigned)(p->size - 1 - p->rank);
        hid_t selection = frame_selection(dataset, frame);
        failed = H5Dread(dataset, H5T_NATIVE_UINT16, p->memory, selection, p->collective, values) < 0 ||
                 check_frame(frame, values);
        H5Sclose(selection);
    }
    if (dataset >= 0)
        H5Dclose(dataset);
    return failed;
}

int main(int argc, char **argv)
{
    place p;
    const hsize_t shape[3] = {1, ROWS, COLS};
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &p.rank);
    MPI_Comm_size(MPI_COMM_WORLD, &p.size);
    if (argc != 2 || FRAMES % p.size != 0)
        MPI_Abort(MPI_COMM_WORLD, 2);
    p.collective = H5Pcreate(H5P_DATASET_XFER);
    p.memory = H5Screate_simple(3, shape, NULL);
    H5Pset_dxpl_mpio(p.collective, H5FD_MPIO_COLLECTIVE);
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_fapl_mpio(access, MPI_COMM_WORLD, MPI_INFO_NULL);
    hid_t file = H5Fcreate(argv[1], H5F_ACC_TRUNC, H5P_DEFAULT, access);
    int failed = file < 0 || write_frames(&p, file);
    failed = H5Fclose(file) < 0 || failed;
    file = H5Fopen(argv[1], H5F_ACC_RDONLY, access);
    failed = failed || file < 0 || read_frames(&p, file);
    H5Fclose(file);
    H5Pclose(access);
    H5Pclose(p.collective);
    H5Sclose(p.memory);
    if (failed)
        MPI_Abort(MPI_COMM_WORLD, 1);
    MPI_Finalize();
    return 0;
}
