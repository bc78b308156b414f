/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BP_IO_HDF5_GEOMETRY_H
#define BP_IO_HDF5_GEOMETRY_H

#include <hdf5.h>

#include "beampress/science.h"

/* The geometry that NeXus states: distance, beam_center_x and beam_center_y (pixels from the corner, or
 * lengths) and pixel sizes of the NXdetector at path `detector`; the wavelength or energy of an NXbeam or
 * NXmonochromator anywhere in its entry. A detector across the beam. What is not stated is NAN. */
void bp_h5_geometry_read(hid_t file, const char *detector, bp_geometry *geometry);

/* Metres of a unit of length, NAN when it is none. */
double bp_h5_length_unit(const char *text);
/* A beam centre, or another place on the detector, may be stated in pixels or as a length. 0: pixels; else
 * the size of a pixel in that unit of length, from group/pixel; NAN: not known. */
double bp_h5_pixel_in_unit_of(hid_t group, const char *name, const char *pixel);

#endif
