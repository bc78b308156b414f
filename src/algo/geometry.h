/* SPDX-License-Identifier: BSD-3-Clause
 * From pixels to directions: scattering angle, azimuth, scattering vector, solid angle, polarisation.
 * J. Kieffer, J. Wright, Powder Diffraction 28 (2013) S339. */
#ifndef BP_ALGO_GEOMETRY_H
#define BP_ALGO_GEOMETRY_H

#include <stdbool.h>

#include "beampress/science.h"

typedef enum bp_radial { BP_RADIAL_Q_NM, BP_RADIAL_Q_A, BP_RADIAL_TWO_THETA, BP_RADIAL_R_MM } bp_radial;

/* A geometry with its rotations worked out. */
typedef struct bp_view {
    bp_geometry geometry;
    double turn[3][3]; /* from the detector's axes to the laboratory's: up, across, along the beam */
} bp_view;

void bp_view_init(bp_view *view, const bp_geometry *geometry);
/* Everything but the wavelength is known, and sizes and distance are above 0. */
bool bp_geometry_known(const bp_geometry *geometry);
/* Position in metres of a place on the detector, in pixels from its corner: the centre of pixel (i, k) is
 * (i + 0.5, k + 0.5). */
void bp_view_position(const bp_view *view, double row, double column, double position[3]);
/* Radians. */
double bp_two_theta(const double position[3]);
double bp_azimuth(const double position[3]);
/* q = 4 pi / wavelength sin(two theta / 2) in 1/nm or 1/Angstrom, the angle in degrees, or the distance from
 * the beam in mm. */
double bp_radial_at(const bp_view *view, bp_radial radial, const double position[3]);
/* Relative to that of a pixel at the point of normal incidence: the cube of the cosine of the incidence. */
double bp_solid_angle(const bp_view *view, double row, double column);
/* Share of the intensity that a beam of this polarisation (1: in the plane of azimuth 0, -1: across it, 0:
 * none) scatters there. */
double bp_polarisation(double two_theta, double azimuth, double factor);

#endif
