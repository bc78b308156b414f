/* SPDX-License-Identifier: BSD-3-Clause
 * The NeXus file that a series of frames becomes, all but the values of the frames:
 *
 *   /entry                            NXentry
 *   /entry/data                       NXdata, signal "data": the same dataset as
 *   /entry/instrument/detector/data   of NXdetector; attributes source_format, and header: the text of the
 *                                     first frame's header
 *   /entry/instrument/detector/...    and /entry/instrument/beam/...: numbers that all headers state alike,
 *                                     with their units
 *   /entry/source                     NXcollection: file_name of every file, first_frame of each; header of
 *                                     every frame, when there are several or it is too long for an attribute
 */
#ifndef BP_IO_HDF5_SKELETON_H
#define BP_IO_HDF5_SKELETON_H

#include <hdf5.h>

#include "io/frames.h"

#define BP_SKELETON_DATA "/entry/instrument/detector/data"

/* Creates it at path, which is created or truncated, and leaves it open in *file. The dataset has no storage
 * yet, but tells shape and type. Reads all headers. */
BP_MUST_CHECK bp_status bp_h5_skeleton_create(bp_context *ctx, const char *path, bp_frames *frames,
                                              hid_t *file);

/* The HDF5 type of a dtype in the machine's byte order; not to be closed by the caller where it is HDF5's
 * own, so it is always a copy: close it. */
hid_t bp_h5_type_of(bp_dtype dtype);

#endif
