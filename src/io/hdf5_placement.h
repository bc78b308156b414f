/* SPDX-License-Identifier: BSD-3-Clause
 * Attributes that say where pixels stand and which axis is which, made to fit frames that were cropped,
 * binned or turned into sinograms: the offset of an NXdetector_module, the axes of an NXdata. */
#ifndef BP_IO_HDF5_PLACEMENT_H
#define BP_IO_HDF5_PLACEMENT_H

#include <hdf5.h>

#include "io/hdf5_reframe.h"

/* First pixels and sizes (slow, fast) of a module in the frames before and behind. Where the new first pixel
 * begins: in pixels from the old one's beginning. */
typedef struct bp_h5_module {
    double origin[2], size[2], shift[2];
} bp_h5_module;

/* group: NXdetector_module. False: it lacks data_origin or data_size. */
bool bp_h5_module_read(hid_t group, const bp_reframe *f, bp_h5_module *module);
/* The offset of group/module_offset behind the pipeline. BP_E_LOSS: a pixel direction is missing. */
BP_MUST_CHECK bp_status bp_h5_module_offset(bp_context *ctx, hid_t group, const bp_h5_module *module,
                                            double *offset);
BP_MUST_CHECK bp_status bp_h5_put_offset(bp_context *ctx, hid_t file, const char *path, const double *offset);

/* Does an NXdata name the axes of the frames, which are its signal? */
bool bp_h5_names_axes(hid_t group, haddr_t frames);
/* Exchanges the names of its first two axes. */
BP_MUST_CHECK bp_status bp_h5_turn_axes(bp_context *ctx, hid_t file, const char *path);

#endif
