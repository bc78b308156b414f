/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BP_IO_PONI_H
#define BP_IO_PONI_H

#include "beampress/science.h"

/* Reads a geometry from a text file of pyFAI (.poni, versions 1 and 2: "Distance: 0.3", "Poni1: ...",
 * "Detector_config: {...}"). What it does not say stays NAN, but for the rotations, which are 0 then. The
 * message names the file. */
BP_MUST_CHECK bp_status bp_poni_read(bp_context *ctx, const char *path, bp_geometry *geometry);

#endif
