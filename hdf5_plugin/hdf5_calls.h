/* SPDX-License-Identifier: BSD-3-Clause
 * The HDF5 functions that writing needs, found at run time in the very library that called the plug-in.
 *
 * A plug-in must not be linked to HDF5: Python loads its HDF5 privately, so unresolved names end the process,
 * and resolved ones may belong to another of the two libraries that a process can hold (Debian's and that of
 * a Python wheel, serial and MPI), where the ids that we are handed mean nothing. The address that a callback
 * returns to lies in the right one. */
#ifndef BP_PLUGIN_HDF5_CALLS_H
#define BP_PLUGIN_HDF5_CALLS_H

#include <stdbool.h>

#include <hdf5.h>

/* name, result, arguments: all of them since HDF5 1.8 and unchanged up to 2.x */
#define BP_HDF5_CALLS(X)                                                                                     \
    X(H5Tget_class, H5T_class_t, (hid_t))                                                                    \
    X(H5Tget_size, size_t, (hid_t))                                                                          \
    X(H5Tget_order, H5T_order_t, (hid_t))                                                                    \
    X(H5Tget_sign, H5T_sign_t, (hid_t))                                                                      \
    X(H5Tget_offset, int, (hid_t))                                                                           \
    X(H5Tget_super, hid_t, (hid_t))                                                                          \
    X(H5Tclose, herr_t, (hid_t))                                                                             \
    X(H5Pget_chunk, int, (hid_t, int, hsize_t[]))                                                            \
    X(H5Pget_filter2, H5Z_filter_t,                                                                          \
      (hid_t, unsigned, unsigned *, size_t *, unsigned[], size_t, char[], unsigned *))                       \
    X(H5Pget_filter_by_id2, herr_t,                                                                          \
      (hid_t, H5Z_filter_t, unsigned *, size_t *, unsigned[], size_t, char[], unsigned *))                   \
    X(H5Pmodify_filter, herr_t, (hid_t, H5Z_filter_t, unsigned, size_t, const unsigned[]))

/* Statically linked programs hold only what something in them calls; NULL when this is not there. */
#define BP_HDF5_OPTIONAL_CALLS(X)                                                                            \
    X(H5Tget_fields, herr_t, (hid_t, size_t *, size_t *, size_t *, size_t *, size_t *))

typedef struct hdf5_calls {
#define BP_MEMBER(name, result, arguments) result(*get_##name) arguments;
    BP_HDF5_CALLS(BP_MEMBER)
    BP_HDF5_OPTIONAL_CALLS(BP_MEMBER)
#undef BP_MEMBER
} hdf5_calls;

/* The functions of the library that `caller` (a return address) lies in; false when it does not show them:
 * a program that holds a private copy of HDF5 without exporting it. */
bool hdf5_calls_find(const void *caller, hdf5_calls *calls);

/* Puts a message on the error stack of the HDF5 that `caller` lies in, where that can be found. */
void hdf5_complain(const void *caller, const char *function, const char *message);

#endif
