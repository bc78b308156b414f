/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BP_IO_IS_HDF5_H
#define BP_IO_IS_HDF5_H

#include <stdbool.h>

/* Is it worth opening with HDF5: a regular file that carries its signature? Reports no errors. */
bool bp_h5_is_hdf5(const char *path);

#endif
